"""The partitions of events: a day each, made before its first event is written."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection

_DAY_MS: Final = 86_400_000
_TIME_BITS: Final = 80
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()

SELECT_PARTITIONS: Final = """
SELECT child.relname::text AS name
FROM pg_inherits AS inherits
JOIN pg_class AS child ON child.oid = inherits.inhrelid
WHERE inherits.inhparent = 'events'::regclass
"""

MAKE_PARTITION: Final = "SELECT make_events_partition($1)"


def partition_of(day: date) -> str:
    """Returns the name of a day's partition."""
    return f"events_{day:%Y%m%d}"


def first_id(day: date) -> UUID:
    """Returns the least id that an event of a day can have."""
    return UUID(int=((day.toordinal() - _EPOCH_DAY) * _DAY_MS) << _TIME_BITS)


async def make(connection: Connection, day: date) -> None:
    """Makes the partition of a day, unless it is there; in a transaction of the system role."""
    await connection.execute(MAKE_PARTITION, day)


async def existing(connection: Connection) -> frozenset[str]:
    """Returns the names of the partitions that there are."""
    return frozenset(row["name"] for row in await connection.fetch(SELECT_PARTITIONS))
