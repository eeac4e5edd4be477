"""Namespaces: make, find, describe and delete them."""

from __future__ import annotations

from uuid import UUID

from timeloom_memory import limits
from timeloom_memory.etags import check_etag
from timeloom_memory.model import Namespace
from timeloom_memory.policies import purge_and_tell
from timeloom_memory.preparing import Embedders
from timeloom_memory.sharing.access import Access
from timeloom_memory.storage import changes, purging
from timeloom_memory.storage import namespaces as storage
from timeloom_memory.storage.predicates import Parameters
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import NotFoundError, PermissionDeniedError
from timeloom_platform.pagination import Cursors, ListIdentity, Page


class Namespaces:
    """The namespaces of all projects."""

    def __init__(self, *, database: Database, embedders: Embedders, cursors: Cursors) -> None:
        self._database = database
        self._embedders = embedders
        self._cursors = cursors

    async def create(
        self,
        project_id: UUID,
        name: str,
        *,
        description: str,
        embedding_model: str | None,
        as_agent_id: str,
    ) -> Namespace:
        """Makes a namespace, or returns the one that is there, as it is.

        Args:
            project_id: Whose it is.
            name: Its name, which has been checked.
            description: What it is for.
            embedding_model: The model that makes vectors here; the usual one if None, none if empty.
            as_agent_id: The agent that makes it; empty for the project itself.

        Raises:
            InvalidFieldError: There is no such model.
            PermissionDeniedError: The agent may not write there.
        """
        model = self._embedders.default_model if embedding_model is None else embedding_model
        if model:
            self._embedders.require(model, field="embeddingModel")
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            scope.require_write(name)
            await storage.insert(connection, project_id, {name: model}, description=description)
            return await _found(connection, project_id, name)

    async def get(self, project_id: UUID, name: str, *, as_agent_id: str) -> Namespace:
        """Returns a namespace.

        Raises:
            NotFoundError: There is none that may be read.
        """
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            if not scope.may_read(name):
                raise _missing(name)
            return await _found(connection, project_id, name)

    async def list_page(
        self, project_id: UUID, *, prefix: str, page_token: str, limit: int, as_agent_id: str
    ) -> Page[Namespace]:
        """Returns a page of namespaces by name.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "namespaces",
            "project": str(project_id),
            "prefix": prefix,
            "agent": as_agent_id,
        }
        position = self._cursors.decode(page_token, of=identity)
        parameters = Parameters(project_id)
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            found = await storage.select_page(
                connection,
                parameters,
                readable=scope.namespaces_sql(parameters, "n.name"),
                prefix=prefix,
                after=str(position[0]) if position else "",
                limit=limit + 1,
            )
        return self._cursors.page(found, limit=limit, of=identity, position=lambda each: [each.name])

    async def update(
        self, project_id: UUID, name: str, *, description: str | None, etag: str, as_agent_id: str
    ) -> Namespace:
        """Changes the description of a namespace.

        Raises:
            NotFoundError: There is none that may be read.
            EtagMismatchError: It has another etag by now.
            PermissionDeniedError: The agent may not write there.
        """
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            if not scope.may_read(name):
                raise _missing(name)
            if not await storage.lock(connection, project_id, name):
                raise _missing(name)
            scope.require_write(name)
            before = await _found(connection, project_id, name)
            check_etag(before, etag)
            if description is None or description == before.description:
                return before
            await storage.describe(connection, project_id, name, description)
            return await _found(connection, project_id, name)

    async def delete(self, project_id: UUID, name: str, *, as_agent_id: str) -> tuple[int, int]:
        """Removes a namespace with all its memories, for good; what is below it stays.

        Memories go by the thousand, each thousand as a change of its own. If it is interrupted, the namespace
        is there with what is left, and may be deleted again.

        Returns:
            How many memories went, and the sequence of the last change.

        Raises:
            NotFoundError: There is none that may be read.
            PermissionDeniedError: It is not the agent's own, nor its teams', nor the project's.
        """
        count = sequence = 0
        while True:
            async with self._database.transaction(str(project_id)) as connection:
                scope = await Access.of(connection, project_id, as_agent_id)
                if not scope.may_read(name) or not await storage.lock(connection, project_id, name):
                    raise _missing(name)
                if not scope.owns(name):
                    raise PermissionDeniedError(f"The agent {as_agent_id} may not delete {name}.")
                some = await purging.lock_namespace(connection, project_id, name, limits.BATCH_MAX)
                if len(some) < limits.BATCH_MAX:
                    await storage.delete(connection, project_id, name)
                purged = await purge_and_tell(connection, project_id, some)
                count += len(purged)
                sequence = (
                    purged[-1].sequence
                    if purged
                    else sequence or await changes.current(connection, project_id)
                )
            if len(some) < limits.BATCH_MAX:
                return count, sequence


async def _found(connection: Connection, project_id: UUID, name: str) -> Namespace:
    found = await storage.select(connection, project_id, name)
    if found is None:
        raise _missing(name)
    return found


def _missing(name: str) -> NotFoundError:
    return NotFoundError(f"There is no namespace {name}.")
