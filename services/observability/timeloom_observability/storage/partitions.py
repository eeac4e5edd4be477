"""The partitions of events: a day each, made before its first event is written.

Only the owner of the tables can make them, and no role of the room is it; so they are made over a connection
that takes no role, as migrations do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from timeloom_platform.database import Database, system_role_of

_DAY_MS: Final = 86_400_000
_TIME_BITS: Final = 80
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY_PREFIX: Final = "events_"
_BEFORE_PREFIX: Final = "events_before_"

WAIT_MS_MAX: Final = 500
"""For so long whoever reads or writes events waits at most, because a partition is dropped."""
DROP_MS_MAX: Final = 2_000

SELECT_PARTITIONS: Final = """
SELECT child.relname::text AS name
FROM pg_inherits AS inherits
JOIN pg_class AS child ON child.oid = inherits.inhrelid
WHERE inherits.inhparent = 'events'::regclass
"""

# Who has events in a partition, each found by a step over the index.
HAS_OTHERS: Final = """
WITH RECURSIVE owners AS (
    (SELECT project_id FROM {partition} ORDER BY project_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT project_id FROM {partition}
        WHERE project_id > owners.project_id ORDER BY project_id LIMIT 1
    )
    FROM owners
    WHERE owners.project_id IS NOT NULL
)
SELECT EXISTS (SELECT FROM owners WHERE project_id <> ALL($1::uuid []))
"""

SET_TIMEOUT: Final = "SET LOCAL lock_timeout = {milliseconds}"
LOCK_EVENTS: Final = "LOCK TABLE ONLY events IN ACCESS EXCLUSIVE MODE"
DROP_PARTITION: Final = "DROP TABLE {partition}"

MAKE_PARTITION: Final = "SELECT make_events_partition($1)"

logger = structlog.get_logger(__name__)


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

    def forget(self) -> None:
        """Looks anew which partitions there are, because one that was there is gone."""
        self._days.clear()

    async def drop(self, begins: Mapping[UUID, date]) -> None:
        """Drops the partitions of days that nobody keeps; one that is in use just now waits for another time.

        Args:
            begins: By the projects that do not keep everything, from which day on they do.

        Raises:
            UnavailableError: PostgreSQL cannot be reached.
        """
        latest = max(begins.values(), default=date.min)
        if latest == date.min:
            return
        async with self._making, self._owner() as connection:
            await self._look(connection)
            for day in sorted(day for day in self._days if day < latest):
                gone = [project_id for project_id, begin in begins.items() if day < begin]
                try:
                    is_dropped = await self._drop(connection, day, gone)
                except asyncpg.LockNotAvailableError:
                    logger.info("partition in use, not dropped", day=day.isoformat())
                else:
                    if is_dropped:
                        self._days.discard(day)

    async def _drop(
        self, connection: asyncpg.Connection[asyncpg.Record], day: date, gone: Sequence[UUID]
    ) -> bool:
        partition = f"{_DAY_PREFIX}{day:%Y%m%d}"
        if await self._has_others(connection, partition, gone):
            return False
        async with connection.transaction():
            await connection.execute(SET_TIMEOUT.format(milliseconds=WAIT_MS_MAX))
            await connection.execute(LOCK_EVENTS)
            # Somebody's may have come by now; from here on nothing does.
            if await self._has_others(connection, partition, gone):
                return False
            await connection.execute(SET_TIMEOUT.format(milliseconds=DROP_MS_MAX))
            await connection.execute(DROP_PARTITION.format(partition=partition))
        return True

    async def _has_others(
        self, connection: asyncpg.Connection[asyncpg.Record], partition: str, gone: Sequence[UUID]
    ) -> bool:
        """Whether there are events of other projects; the owner itself may see none at all."""
        async with connection.transaction():
            await connection.execute(f"SET LOCAL ROLE {system_role_of(self._database.room)}")
            found: bool = await connection.fetchval(HAS_OTHERS.format(partition=partition), gone)
            await connection.execute("RESET ROLE")
        return found

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
