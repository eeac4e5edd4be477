"""How memories are used: counted beside them, and no change of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from timeloom_platform.database import Connection

RECENT_MAX: Final = 10
"""The times of the latest uses that are kept."""

# In the order of the ids: two replicas that count the same memories wait for each other in no circle. Of a
# memory that was purged in between nothing is counted.
_ADD: Final = f"""
INSERT INTO memory_usage AS held (project_id, memory_id, access_count, last_access_time, recent)
SELECT $1, m.id, given.count, given.recent[cardinality(given.recent)], given.recent
FROM json_to_recordset($2::json) AS given (memory_id uuid, count integer, recent timestamptz [])
CROSS JOIN LATERAL (
    SELECT known.id FROM memories AS known WHERE known.project_id = $1 AND known.id = given.memory_id LIMIT 1
) AS m
ORDER BY m.id
ON CONFLICT (project_id, memory_id) DO UPDATE
SET
    access_count = least(held.access_count::bigint + excluded.access_count, 2147483647)::integer,
    last_access_time = greatest(held.last_access_time, excluded.last_access_time),
    recent = (
        SELECT array_agg(latest.time ORDER BY latest.time)
        FROM (
            SELECT both_times.time
            FROM unnest(held.recent || excluded.recent) AS both_times (time)
            ORDER BY both_times.time DESC
            LIMIT {RECENT_MAX}
        ) AS latest
    )
"""  # noqa: S608 - a constant

_COPY: Final = f"""
INSERT INTO memory_usage (project_id, memory_id, access_count, last_access_time, recent)
SELECT
    $1,
    $2,
    least(sum(access_count), 2147483647)::integer,
    max(last_access_time),
    (
        SELECT array_agg(latest.time ORDER BY latest.time)
        FROM (
            SELECT times.time
            FROM memory_usage AS used
            CROSS JOIN unnest(used.recent) AS times (time)
            WHERE used.project_id = $1 AND used.memory_id = ANY($3::uuid[])
            ORDER BY times.time DESC
            LIMIT {RECENT_MAX}
        ) AS latest
    )
FROM memory_usage
WHERE project_id = $1 AND memory_id = ANY($3::uuid[])
HAVING count(*) > 0
ON CONFLICT (project_id, memory_id) DO NOTHING
"""  # noqa: S608 - a constant


class Uses(Struct, frozen=True, kw_only=True):
    """How often a memory was used, and when lately, oldest first."""

    memory_id: UUID
    count: int
    recent: Sequence[datetime]


async def add(connection: Connection, project_id: UUID, uses: Sequence[Uses]) -> None:
    """Adds uses to those that are counted already."""
    await connection.execute(_ADD, project_id, msgspec.json.encode(uses).decode())


async def inherit(
    connection: Connection, project_id: UUID, memory_id: UUID, source_ids: Sequence[UUID]
) -> None:
    """Counts all uses of some memories for one that was made of them."""
    await connection.execute(_COPY, project_id, memory_id, list(source_ids))
