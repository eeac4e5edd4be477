"""Subscriptions: agents learn of new memories, at their own pace and as far as they may read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_memory import limits, names
from timeloom_memory.model import Memory, MemoryFilter
from timeloom_memory.sharing.access import Access
from timeloom_memory.sharing.acting import speaker
from timeloom_memory.sharing.model import Subscription
from timeloom_memory.storage import changes, memories
from timeloom_memory.storage import subscriptions as storage
from timeloom_platform import dated_pages
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import InvalidFieldError, NotFoundError
from timeloom_platform.ids import uuid7
from timeloom_platform.pagination import Cursors, Page

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class News(Struct, frozen=True, kw_only=True):
    """What is new for a subscription, and up to which change of the project that is everything."""

    memories: Sequence[Memory]
    sequence: int


class Subscriptions:
    """Keeps subscriptions, and reads by them."""

    def __init__(self, *, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def create(
        self,
        project_id: UUID,
        *,
        agent_id: str,
        namespaces: Sequence[str],
        kinds: Sequence[int],
        tags: Sequence[str],
        as_agent_id: str,
    ) -> Subscription:
        """Lets an agent learn of what is new from now on.

        Raises:
            InvalidFieldError: No agent is named, a name cannot be one, or there are too many subscriptions.
            PermissionDeniedError: One agent acts for another.
        """
        wanted = Subscription(
            id=uuid7(),
            agent_id=speaker(agent_id, as_agent_id=as_agent_id),
            namespaces=tuple(
                names.checked_prefix(name, f"namespaces[{index}]") for index, name in enumerate(namespaces)
            ),
            kinds=tuple(kinds),
            tags=tuple(tags),
            sequence=0,
            create_time=_NEVER,
        )
        async with self._database.transaction(str(project_id)) as connection:
            if await storage.count(connection, project_id) >= limits.SUBSCRIPTIONS_MAX:
                raise InvalidFieldError.of(
                    "agentId", f"would have one of more than {limits.SUBSCRIPTIONS_MAX} subscriptions"
                )
            return await storage.insert(connection, project_id, wanted)

    async def list_page(
        self, project_id: UUID, *, agent_id: str, as_agent_id: str, page_token: str, limit: int
    ) -> Page[Subscription]:
        """Lists subscriptions, newest first; only those of an agent, if one is named or acts.

        Raises:
            PermissionDeniedError: One agent acts for another.
        """
        wanted = speaker(agent_id, as_agent_id=as_agent_id) if agent_id or as_agent_id else ""
        listed = {"list": "subscriptions", "project": str(project_id), "agent": wanted}
        position = self._cursors.decode(page_token, of=listed)
        async with self._database.transaction(str(project_id)) as connection:
            found = await storage.select_page(
                connection, project_id, agent_id=wanted, after=dated_pages.after(position), limit=limit + 1
            )
        return self._cursors.page(found, limit=limit, of=listed, position=dated_pages.position_of)

    async def read(self, project_id: UUID, subscription_id: UUID, *, as_agent_id: str, limit: int) -> News:
        """Returns what is new since the agent last read, oldest first, as far as it may still read it.

        It may be more than `limit`: what one change created is not torn apart.

        Raises:
            NotFoundError: There is no such subscription, or it is another agent's.
        """
        async with self._database.transaction(str(project_id)) as connection:
            found = await _found(connection, project_id, subscription_id, as_agent_id)
            # Before the memories: whatever is committed up to here is seen by the statement after it.
            current = await changes.current(connection, project_id)
            scope = await Access.of(connection, project_id, found.agent_id)
            new = await storage.select_new(connection, project_id, found, scope=scope, limit=limit)
            ids = [memory_id for _, memory_id in new]
            texts = await memories.select(connection, project_id, ids, scope=scope, wanted=MemoryFilter())
        is_all = len(new) < limit
        return News(
            memories=[texts[memory_id] for memory_id in ids if memory_id in texts],
            sequence=max(current, found.sequence) if is_all else new[-1][0],
        )

    async def acknowledge(
        self, project_id: UUID, subscription_id: UUID, sequence: int, *, as_agent_id: str
    ) -> Subscription:
        """Notes up to where the agent has read; a position never goes back.

        Raises:
            NotFoundError: There is no such subscription, or it is another agent's.
            InvalidFieldError: So many changes there have not been.
        """
        async with self._database.transaction(str(project_id)) as connection:
            await _found(connection, project_id, subscription_id, as_agent_id)
            current = await changes.current(connection, project_id)
            if sequence > current:
                raise InvalidFieldError.of("sequence", f"must be at most {current}, the last change")
            return await storage.advance(connection, project_id, subscription_id, sequence)

    async def delete(self, project_id: UUID, subscription_id: UUID, *, as_agent_id: str) -> None:
        """Ends a subscription.

        Raises:
            NotFoundError: There is no such subscription, or it is another agent's.
        """
        async with self._database.transaction(str(project_id)) as connection:
            await _found(connection, project_id, subscription_id, as_agent_id)
            await storage.delete(connection, project_id, subscription_id)


async def _found(
    connection: Connection, project_id: UUID, subscription_id: UUID, as_agent_id: str
) -> Subscription:
    found = await storage.select(connection, project_id, subscription_id)
    if found is None or as_agent_id not in ("", found.agent_id):
        raise NotFoundError(f"There is no subscription {subscription_id}.")
    return found
