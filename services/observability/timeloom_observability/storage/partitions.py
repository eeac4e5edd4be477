"""The partitions of events: a day each, made before its first event is written.

Only the owner of the tables can make them, and no role of the room is it; so they are made over a connection
that takes no role, as migrations do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_platform.database import Database

_DAY_MS: Final = 86_400_000
_TIME_BITS: Final = 80
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY_PREFIX: Final = "events_"
_BEFORE_PREFIX: Final = "events_before_"

SELECT_PARTITIONS: Final = """
SELECT child.relname::text AS name
FROM pg_inherits AS inherits
JOIN pg_class AS child ON child.oid = inherits.inhrelid
WHERE inherits.inhparent = 'events'::regclass
"""

MAKE_PARTITION: Final = "SELECT make_events_partition($1)"


def first_id(day: date) -> UUID:
    """Returns the least id that an event of a day can have."""
    return UUID(int=((day.toordinal() - _EPOCH_DAY) * _DAY_MS) << _TIME_BITS)


class Partitions:
    """Makes the partitions of events."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._days: set[date] = set()
        self._begin = date.min
        self._making = asyncio.Lock()

    async def make(self, days: Iterable[date]) -> None:
        """Returns when there is a partition for each of these days.

        Raises:
            UnavailableError: PostgreSQL cannot be reached.
        """
        missing = {day for day in days if day >= self._begin} - self._days
        if not missing:
            return
        async with self._making, self._owner() as connection:
            await self._look(connection)
            for day in sorted(day for day in missing - self._days if day >= self._begin):
                await connection.execute(MAKE_PARTITION, day)
                self._days.add(day)

    async def _look(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Learns which partitions there are."""
        names = [str(row["name"]) for row in await connection.fetch(SELECT_PARTITIONS)]
        self._begin = max(_day(name, _BEFORE_PREFIX) for name in names if name.startswith(_BEFORE_PREFIX))
        self._days = {_day(name, _DAY_PREFIX) for name in names if not name.startswith(_BEFORE_PREFIX)}

    @asynccontextmanager
    async def _owner(self) -> AsyncGenerator[asyncpg.Connection[asyncpg.Record]]:
        connection = await self._database.open_owner_connection()
        try:
            yield connection
        finally:
            await connection.close()


def _day(name: str, prefix: str) -> date:
    return datetime.strptime(name.removeprefix(prefix), "%Y%m%d").replace(tzinfo=UTC).date()
