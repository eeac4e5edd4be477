"""Keeping what is in memory in line with PostgreSQL, whatever becomes of the events that tell of changes.

A project is followed from the first search on. Its changes have sequences that commit in order, so that
reading what comes after the last one that was applied misses nothing. Events only say that it is worth
looking: they may be lost, or come twice.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

import structlog

from timeloom.events.v1 import events_pb2
from timeloom_memory.storage import changes, shards
from timeloom_memory.storage.changes import ChangedMemory
from timeloom_platform.bus import Bus, subject_filter
from timeloom_platform.database import Connection, Database, map_database_error
from timeloom_platform.errors import InvalidFieldError, TimeloomError

CHANGES_PER_PAGE: Final = 1_000
PROJECTS_MAX: Final = 10_000
"""More are not followed at once: the one that was not asked for longest is let go of."""

RETRY_SECONDS: Final = 1.0
POLL_SECONDS_MIN: Final = 1.0
POLL_SECONDS_MAX: Final = 5.0
MEMORY_TOPICS: Final = "memory/>"

logger = structlog.get_logger(__name__)


class Follower(Protocol):
    """Something in memory that is made of a project's memories."""

    async def apply(self, connection: Connection, project_id: UUID, changed: Sequence[ChangedMemory]) -> None:
        """Takes changes in. They may come twice, and the rows of PostgreSQL may be newer by now.

        The connection is in a transaction of the project, to read what the changes do not carry.
        """
        ...

    def drop(self, project_id: UUID, namespace: str | None = None) -> None:
        """Forgets a namespace, or all of a project."""
        ...


@dataclass(slots=True)
class _Followed:
    """A project, up to which change its followers have everything, and who is reading on."""

    sequence: int
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Following:
    """Up to which change this process has seen each project."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._followers: list[Follower] = []
        self._followed: OrderedDict[UUID, _Followed] = OrderedDict()
        self._behind: set[UUID] = set()
        self._is_told = asyncio.Event()

    def register(self, follower: Follower) -> None:
        """Lets a follower hang on; before the first project is followed."""
        self._followers.append(follower)

    def sequence(self, project_id: UUID) -> int:
        """Returns up to which change everything was applied; 0 if the project is not followed."""
        followed = self._followed.get(project_id)
        return followed.sequence if followed else 0

    async def open(self, project_id: UUID) -> int:
        """Follows a project from now on, and returns from which change; what is loaded later has it.

        Raises:
            UnavailableError: PostgreSQL cannot be reached.
        """
        followed = self._followed.get(project_id)
        if followed is None:
            async with self._database.transaction(str(project_id)) as connection:
                sequence = await changes.current(connection, project_id)
            followed = self._followed.setdefault(project_id, _Followed(sequence))
            self._let_go_of_the_oldest()
        self._followed.move_to_end(project_id)
        return followed.sequence

    async def reach(self, project_id: UUID, sequence: int, *, field: str = "minSequence") -> int:
        """Returns when everything up to a change was applied, and up to which it was.

        Args:
            project_id: The project.
            sequence: The change.
            field: Who asks for it calls it by this name.

        Raises:
            InvalidFieldError: There is no such change.
            UnavailableError: PostgreSQL cannot be reached.
        """
        reached = await self.open(project_id)
        if reached < sequence:
            reached = await self._catch_up(project_id, sequence)
        if reached < sequence:
            raise InvalidFieldError.of(field, f"is past the project's last change, which is {reached}")
        return reached

    async def refresh(self, project_id: UUID) -> int:
        """Returns when everything that was committed before the call was applied, and up to which change."""
        await self.open(project_id)
        return await self._catch_up(project_id, None)

    def tell(self, project_id: UUID, sequence: int) -> None:
        """Says that there is a change: it is applied soon, if the project is followed."""
        followed = self._followed.get(project_id)
        if followed is not None and followed.sequence < sequence:
            self._behind.add(project_id)
            self._is_told.set()

    async def run(self, bus: Bus) -> None:
        """Keeps up with all projects that are followed, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(bus))
            tasks.create_task(self._keep_up(bus))

    async def _listen(self, bus: Bus) -> None:
        everything = subject_filter("*", MEMORY_TOPICS)
        while True:
            try:
                async with aclosing(bus.subscribe_ordered([everything])) as deliveries:
                    async for delivery in deliveries:
                        self._hear(delivery.event)
            except TimeloomError as error:
                logger.debug("no hints from the bus", error=error)
                await asyncio.sleep(RETRY_SECONDS)

    def _hear(self, event: events_pb2.Event) -> None:
        if event.HasField("memories_changed"):
            try:
                project_id = UUID(event.project_id)
            except ValueError:
                return
            self.tell(project_id, event.memories_changed.sequence)

    async def _keep_up(self, bus: Bus) -> None:
        """Follows hints as they come, and looks by itself when none come: less often while the bus tells."""
        while True:
            try:
                await self._wait(POLL_SECONDS_MAX if bus.is_connected else POLL_SECONDS_MIN)
                while self._behind:
                    await self._catch_up(self._behind.pop(), None)
            except Exception as error:
                # A defect of a follower must not end the following of all others; a failure passes.
                if not isinstance(error, TimeloomError) and map_database_error(error) is None:
                    logger.exception("not kept up")
                await asyncio.sleep(RETRY_SECONDS)

    async def _wait(self, poll_seconds: float) -> None:
        try:
            async with asyncio.timeout(poll_seconds):
                await self._is_told.wait()
        except TimeoutError:
            await self._look()
        self._is_told.clear()

    async def _look(self) -> None:
        """Finds out which projects have changed since."""
        if not self._followed:
            return
        async with self._database.system_transaction() as connection:
            latest = await shards.latest(connection, list(self._followed))
        for project_id, sequence in latest.items():
            self.tell(project_id, sequence)

    async def _catch_up(self, project_id: UUID, wanted: int | None) -> int:
        """Applies everything that is committed by now, or that another call has applied meanwhile."""
        followed = self._followed.get(project_id)
        if followed is None:
            return 0
        async with followed.lock:
            while wanted is None or followed.sequence < wanted:
                if not await self._apply_page(project_id, followed):
                    break
        return followed.sequence

    async def _apply_page(self, project_id: UUID, followed: _Followed) -> bool:
        """Applies the next changes; whether there may be more."""
        async with self._database.transaction(str(project_id)) as connection:
            # Asked first: what is committed up to here, the second statement sees.
            current = await changes.current(connection, project_id)
            if current <= followed.sequence:
                return False
            changed = await changes.select(connection, project_id, followed.sequence, CHANGES_PER_PAGE)
            for follower in self._followers:
                await follower.apply(connection, project_id, changed)
        last = changed[-1].sequence if changed else 0
        has_more = len(changed) >= CHANGES_PER_PAGE
        followed.sequence = last if has_more else max(current, last)
        return has_more

    def _let_go_of_the_oldest(self) -> None:
        while len(self._followed) > PROJECTS_MAX:
            project_id, _ = self._followed.popitem(last=False)
            for follower in self._followers:
                follower.drop(project_id)
