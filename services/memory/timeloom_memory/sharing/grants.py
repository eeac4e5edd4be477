"""Sharing, and taking it back.

Only who owns a namespace shares what is in it: the agent, any agent of the team, anybody in the project. Who
may write by a grant may not pass that on: what was shared would outlive the grant that it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from timeloom_memory import limits, names
from timeloom_memory.names import Principal
from timeloom_memory.sharing.access import Access
from timeloom_memory.sharing.model import Grant
from timeloom_memory.sharing.scope import Permission, Scope
from timeloom_memory.storage import grants as storage
from timeloom_memory.storage import memories
from timeloom_platform import dated_pages
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import InvalidFieldError, NotFoundError, PermissionDeniedError
from timeloom_platform.ids import uuid7
from timeloom_platform.pagination import Cursors, Page


class NewGrant(Struct, frozen=True, kw_only=True):
    """What is to be shared: a namespace, or else a memory."""

    namespace: str | None
    memory_id: UUID | None
    principal: Principal
    permission: Permission
    expire_time: datetime | None


class GrantFilter(Struct, frozen=True, kw_only=True):
    """Which grants are wanted. What is empty does not restrict them."""

    namespace: str = ""
    memory_id: UUID | None = None
    principal: str = ""


class Grants:
    """Gives permissions and takes them back."""

    def __init__(self, *, database: Database, cursors: Cursors, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._cursors = cursors
        self._clock = clock

    async def share(self, project_id: UUID, wanted: NewGrant, *, as_agent_id: str) -> Grant:
        """Gives a permission; the one that the principal has on the same is changed.

        Raises:
            InvalidFieldError: It would have ended already, or the principal has too many.
            NotFoundError: There is no such memory, or the agent may not see it.
            PermissionDeniedError: It is not the agent's to share.
        """
        if wanted.expire_time is not None and wanted.expire_time <= self._clock():
            raise InvalidFieldError.of("expireTime", "must lie in the future")
        principal = str(wanted.principal)
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            place = wanted.namespace or await _namespace_of(connection, project_id, wanted.memory_id, scope)
            if not scope.owns(place):
                raise PermissionDeniedError(f"{place} is not the agent {as_agent_id}'s to share.")
            grant = Grant(
                id=uuid7(),
                principal=principal,
                namespace=wanted.namespace,
                memory_id=wanted.memory_id,
                permission=wanted.permission,
                granted_by=as_agent_id,
                create_time=self._clock(),
                expire_time=wanted.expire_time,
            )
            await storage.delete_expired(connection, project_id, principal)
            if await storage.count_others(connection, project_id, grant) >= limits.GRANTS_OF_PRINCIPAL_MAX:
                raise InvalidFieldError.of(
                    "principal", f"has {limits.GRANTS_OF_PRINCIPAL_MAX} grants already: share a namespace"
                )
            return await storage.upsert(connection, project_id, grant)

    async def list_page(
        self, project_id: UUID, wanted: GrantFilter, *, as_agent_id: str, page_token: str, limit: int
    ) -> Page[Grant]:
        """Lists the grants that hold, newest first: for an agent those that it has, or may take back."""
        listed = {
            "list": "grants",
            "project": str(project_id),
            "agent": as_agent_id,
            "namespace": wanted.namespace,
            "memory": str(wanted.memory_id or ""),
            "principal": wanted.principal,
        }
        position = self._cursors.decode(page_token, of=listed)
        async with self._database.transaction(str(project_id)) as connection:
            found = await storage.select_page(
                connection,
                project_id,
                scope=await Access.of(connection, project_id, as_agent_id),
                namespace=wanted.namespace,
                memory_id=wanted.memory_id,
                principal=wanted.principal,
                after=dated_pages.after(position),
                limit=limit + 1,
            )
        return self._cursors.page(found, limit=limit, of=listed, position=dated_pages.position_of)

    async def revoke(self, project_id: UUID, grant_id: UUID, *, as_agent_id: str) -> None:
        """Takes a permission back: whoever could give it may do so, and an agent may give up its own.

        Raises:
            NotFoundError: There is no such grant, or the agent may not know of it.
            PermissionDeniedError: It is not the agent's to take back.
        """
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            found = await storage.lock(connection, project_id, grant_id)
            if found is None or not (scope.owns(found[1]) or found[0].principal in scope.principals):
                raise NotFoundError(f"There is no grant {grant_id}.")
            grant, place = found
            if not scope.owns(place) and grant.principal != names.agent(as_agent_id):
                raise PermissionDeniedError(f"{place} is not the agent {as_agent_id}'s to take back.")
            await storage.delete(connection, project_id, grant_id)


def subject_of(namespace: str, memory_id: UUID | None) -> str | None:
    """Returns the namespace that is to be shared, or None if a memory is.

    Raises:
        InvalidFieldError: It is neither or both, or no name of a namespace.
    """
    if bool(namespace) == (memory_id is not None):
        raise InvalidFieldError.of("namespace", "must be given, or else a memoryId")
    return names.checked(namespace, "namespace") if namespace else None


async def _namespace_of(
    connection: Connection, project_id: UUID, memory_id: UUID | None, scope: Scope
) -> str:
    assert memory_id is not None, "either the namespace or the memory is given"
    found = await memories.select(connection, project_id, [memory_id], scope=scope)
    memory = found.get(memory_id)
    if memory is None or memory.delete_time is not None:
        raise NotFoundError(f"There is no memory {memory_id}.")
    return memory.namespace
