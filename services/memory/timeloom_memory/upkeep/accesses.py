"""Counting uses: noted in memory by whoever answers, written together once a second.

No answer waits for it. What was noted is written before the process ends in order; a process that is killed
loses what it noted in its last second.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from timeloom_memory.storage import usage as storage
from timeloom_memory.storage.usage import RECENT_MAX, Uses
from timeloom_platform.database import Database

FLUSH_SECONDS: Final = 1.0
PENDING_MAX: Final = 50_000
"""Memories that wait to be counted. While the database is away, the uses of further ones are not counted."""

STATEMENT_MAX: Final = 5000
"""Memories that one statement counts."""

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Pending:
    count: int = 0
    recent: deque[datetime] = field(default_factory=lambda: deque(maxlen=RECENT_MAX))


class Accesses:
    """The uses of all projects' memories that this replica has noted and not written yet."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sleep = sleep
        self._pending: dict[UUID, dict[UUID, _Pending]] = {}
        self._size = 0
        self._dropped = 0

    def note(self, project_id: UUID, memory_ids: Iterable[UUID]) -> None:
        """Notes that memories were found and used, now."""
        now = self._clock()
        pending = self._pending.setdefault(project_id, {})
        for memory_id in memory_ids:
            held = pending.get(memory_id)
            if held is None:
                if self._size >= PENDING_MAX:
                    self._dropped += 1
                    continue
                held = pending[memory_id] = _Pending()
                self._size += 1
            held.count += 1
            held.recent.append(now)

    async def run(self) -> None:
        """Writes what was noted, about once a second, until it is cancelled; then writes what is left."""
        try:
            while True:
                await self._sleep(FLUSH_SECONDS)
                await self._try_flush()
        finally:
            await self._try_flush()

    async def flush(self) -> None:
        """Writes what was noted.

        Raises:
            UnavailableError: The database cannot be reached; what it did not take is noted still.
        """
        if self._dropped:
            logger.warning("accesses not counted", count=self._dropped)
            self._dropped = 0
        for project_id in list(self._pending):
            pending = self._pending.pop(project_id)
            self._size -= len(pending)
            try:
                await self._write(project_id, pending)
            except BaseException:
                self._take_back(project_id, pending)
                raise

    async def _write(self, project_id: UUID, pending: dict[UUID, _Pending]) -> None:
        """Writes what is pending, and takes out of it what is written."""
        while pending:
            some = dict(list(pending.items())[:STATEMENT_MAX])
            uses = [
                Uses(memory_id=memory_id, count=each.count, recent=list(each.recent))
                for memory_id, each in some.items()
            ]
            async with self._database.transaction(str(project_id)) as connection:
                await storage.add(connection, project_id, uses)
            for memory_id in some:
                del pending[memory_id]

    def _take_back(self, project_id: UUID, pending: dict[UUID, _Pending]) -> None:
        """Joins what was not written with what was noted meanwhile."""
        noted = self._pending.setdefault(project_id, {})
        for memory_id, before in pending.items():
            held = noted.get(memory_id)
            if held is None:
                self._size += 1
                noted[memory_id] = before
            else:
                before.recent.extend(held.recent)
                held.count, held.recent = held.count + before.count, before.recent

    async def _try_flush(self) -> None:
        try:
            await self.flush()
        except Exception as error:
            # Counting goes on when the database is back: no use is worth the process.
            logger.warning("accesses not written", exc_info=error)
