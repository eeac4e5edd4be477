"""The order of a project's changes: how a transaction takes its place in it, and how a replica follows it."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Connection

NEXT: Final = """
    INSERT INTO project_changes AS counted (project_id, sequence, time)
    VALUES ($1, 1, clock_timestamp())
    ON CONFLICT (project_id) DO UPDATE
    SET
        sequence = counted.sequence + 1,
        time = greatest(clock_timestamp(), counted.time + $2::integer * interval '1 microsecond')
    RETURNING sequence, time
"""
"""For the WITH of the statement that writes what changes: it holds the project's place until the commit.

It must be the last statement of its transaction that waits for a lock: what is changed is locked before. So
sequences become visible in order, and nobody waits for anybody in a circle. $2 says for how many microseconds
before its time nothing else has happened, so that the rows of a batch may have times in their order.
"""

_CURRENT: Final = "SELECT sequence FROM project_changes WHERE project_id = $1"

# With ties, so that the rows of one change are never torn apart.
_SELECT: Final = """
SELECT memory_id, number, namespace, embedding_model, dimension, content_version, sequence, deleted, purged
FROM (
    (
        SELECT
            id AS memory_id,
            number,
            namespace,
            embedding_model,
            dimension,
            content_version,
            sequence,
            delete_time IS NOT NULL AS deleted,
            FALSE AS purged
        FROM memories
        WHERE project_id = $1 AND sequence > $2
        ORDER BY sequence
        FETCH FIRST $3 ROWS WITH TIES
    )
    UNION ALL
    (
        SELECT memory_id, number, namespace, '', 0, 0, sequence, TRUE, TRUE
        FROM purged_memories
        WHERE project_id = $1 AND sequence > $2
        ORDER BY sequence
        FETCH FIRST $3 ROWS WITH TIES
    )
) AS changed
ORDER BY sequence
FETCH FIRST $3 ROWS WITH TIES
"""


class ChangedMemory(Struct, frozen=True):
    """That a memory changed, with what an index has to know of it; its latest change stands for all.

    Attributes:
        model: What its vector comes from; empty if it has none.
        deleted: It is not to be found any more; it may be restored later, unless it is purged.
    """

    memory_id: UUID
    number: int
    namespace: str
    model: str
    dimension: int
    content_version: int
    sequence: int
    deleted: bool
    purged: bool


class Place(Struct, frozen=True):
    """Where a change stands among all of its project."""

    sequence: int
    time: datetime


async def current(connection: Connection, project_id: UUID) -> int:
    """Returns the sequence of the project's last change; 0 if there was none."""
    row = await connection.fetchrow(_CURRENT, project_id)
    return 0 if row is None else int(row["sequence"])


async def select(connection: Connection, project_id: UUID, after: int, limit: int) -> list[ChangedMemory]:
    """Returns what changed after a sequence, in order: each memory once, by its latest change.

    All that one change gave its sequence to comes together, so that there may be more than `limit`. Who has
    read the rows has read up to the sequence of the last of them; if there are none, up to what `current`
    said before.
    """
    rows = await connection.fetch(_SELECT, project_id, after, limit)
    return [ChangedMemory(*row) for row in rows]


async def take(connection: Connection, project_id: UUID) -> Place:
    """Takes the next place, for statements that need it before they run; the commit has to follow soon."""
    row = await connection.fetchrow(NEXT, project_id, 1)
    assert row is not None, "the statement returns a row"
    return Place(row["sequence"], row["time"])
