"""Whose snapshots an execution shares, and what is left of an execution whose snapshots others share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection

SELECT_LINES: Final = """
SELECT owner_id, first_sequence, last_sequence
FROM lineage_of($1, $2)
ORDER BY first_sequence
"""

SELECT_OWNERS: Final = """
SELECT owner_id
FROM lineages
WHERE project_id = $1 AND execution_id = $2
ORDER BY place
"""

# In the order of their ids, so that two who delete never wait for one another.
LOCK_MANY: Final = """
SELECT FROM executions
WHERE project_id = $1 AND id = ANY($2::uuid[])
ORDER BY id
FOR UPDATE
"""

# What the caller cannot see any more is not kept, except for the lock and for what verification needs.
HIDE: Final = """
WITH lines AS (DELETE FROM lineages WHERE project_id = $1 AND execution_id = $2)
UPDATE executions
SET
    delete_time = now(), name = '', session_id = '', trace_id = '', tags = '{}',
    input = NULL, output = NULL, error = NULL, metadata = NULL
WHERE project_id = $1 AND id = $2
"""

# Of executions that are deleted: what no fork shares of them, and all of them if no fork shares anything.
RECLAIM: Final = """
WITH remains AS (
    SELECT
        deleted.id,
        max(lineages.last_sequence) AS shared
    FROM executions AS deleted
    LEFT JOIN lineages ON lineages.project_id = $1 AND lineages.owner_id = deleted.id
    WHERE deleted.project_id = $1 AND deleted.id = ANY($2::uuid[]) AND deleted.delete_time IS NOT NULL
    GROUP BY deleted.id
),
effects_gone AS (
    DELETE FROM effects
    USING remains
    WHERE project_id = $1 AND execution_id = remains.id AND sequence > coalesce(shared, 0)
),
keyframes_gone AS (
    DELETE FROM keyframes
    USING remains
    WHERE project_id = $1 AND execution_id = remains.id AND sequence > coalesce(shared, 0)
),
snapshots_gone AS (
    DELETE FROM snapshots
    USING remains
    WHERE project_id = $1 AND execution_id = remains.id AND sequence > coalesce(shared, 0)
),
segments_gone AS (
    DELETE FROM segments
    USING remains
    WHERE project_id = $1 AND execution_id = remains.id AND first_sequence > coalesce(shared, 0)
),
deleted_gone AS (
    DELETE FROM deleted_snapshots
    USING remains
    WHERE project_id = $1 AND execution_id = remains.id AND first_sequence > coalesce(shared, 0)
),
turns_gone AS (
    DELETE FROM deleted_turns
    USING remains
    WHERE project_id = $1 AND execution_id = remains.id AND sequence > coalesce(shared, 0)
),
moves_gone AS (
    DELETE FROM head_moves
    USING remains
    WHERE project_id = $1 AND execution_id = remains.id
)
DELETE FROM executions
USING remains
WHERE project_id = $1 AND executions.id = remains.id AND shared IS NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A run of an execution's snapshots that are one execution's rows."""

    owner_id: UUID
    first_sequence: int
    last_sequence: int


async def select_lines(connection: Connection, project_id: UUID, execution_id: UUID) -> list[Line]:
    """Returns who owns which snapshots of an execution, in order; nothing if there is no such execution."""
    rows = await connection.fetch(SELECT_LINES, project_id, execution_id)
    return [
        Line(
            owner_id=UUID(bytes=row["owner_id"].bytes),
            first_sequence=row["first_sequence"],
            last_sequence=row["last_sequence"],
        )
        for row in rows
    ]


async def lock(connection: Connection, project_id: UUID, execution_id: UUID) -> Sequence[UUID]:
    """Keeps all away from an execution and from those whose snapshots it shares; returns the ids of these."""
    rows = await connection.fetch(SELECT_OWNERS, project_id, execution_id)
    owners = [UUID(bytes=row["owner_id"].bytes) for row in rows]
    await connection.execute(LOCK_MANY, project_id, [execution_id, *owners])
    return owners


async def delete(
    connection: Connection, project_id: UUID, execution_id: UUID, owners: Sequence[UUID]
) -> None:
    """Deletes an execution, except for what forks share of it; that goes with the last of them.

    Args:
        connection: In the transaction in which `lock` was called.
        project_id: The project.
        execution_id: The execution.
        owners: What `lock` returned: those of them that are deleted may go now, too.
    """
    await connection.execute(HIDE, project_id, execution_id)
    await connection.execute(RECLAIM, project_id, [execution_id, *owners])
