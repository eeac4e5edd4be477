"""What time travel reads of executions: what their steps came to, what they are within, where forks began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_workflows.model import HistoryType, StepStatus, StepType
from timeloom_workflows.storage.rows import Row, bytes_of
from timeloom_workflows.travel.passage import StepOutcome

DEPTH_MAX: Final = 100
"""How many executions within one another are looked at for the outermost."""

# As many as fit, in their order, and at least one. A step that is gone has no columns.
SELECT_OUTCOMES: Final = """
WITH measured AS (
    SELECT
        wanted.id,
        place,
        sum(coalesce(octet_length(found.output), 0)) OVER (ORDER BY place) AS output_bytes
    FROM unnest($3::text[]) WITH ORDINALITY AS wanted (id, place)
    LEFT JOIN LATERAL (
        SELECT output FROM steps WHERE project_id = $1 AND execution_id = $2 AND steps.id = wanted.id LIMIT 1
    ) AS found ON true
)
SELECT measured.id, found.type, found.status, found.output, found.error
FROM measured
LEFT JOIN LATERAL (
    SELECT type, status, output, error
    FROM steps
    WHERE project_id = $1 AND execution_id = $2 AND steps.id = measured.id
    LIMIT 1
) AS found ON true
WHERE output_bytes <= $4 OR place = 1
ORDER BY place
"""

# What a fork has had: its steps that its own history says nothing of.
SELECT_CARRIED: Final = """
SELECT id, type, status, attempt, output, error
FROM steps
WHERE project_id = $1 AND execution_id = $2 AND NOT EXISTS (
    SELECT 1
    FROM history
    WHERE history.project_id = $1 AND history.execution_id = $2 AND step_id = steps.id
)
ORDER BY position
LIMIT $3
"""

SELECT_KEPT: Final = """
SELECT id
FROM steps
WHERE project_id = $1 AND execution_id = $2 AND status = ANY($3)
"""

SELECT_ROOT: Final = """
WITH RECURSIVE up (id, parent_id, depth) AS (
    SELECT id, parent_id, 0 FROM executions WHERE project_id = $1 AND id = $2
    UNION ALL
    SELECT executions.id, executions.parent_id, depth + 1
    FROM up
    JOIN executions ON executions.project_id = $1 AND executions.id = up.parent_id
    WHERE depth < $3
)
SELECT id FROM up ORDER BY depth DESC LIMIT 1
"""

SELECT_END_OF_STEP: Final = """
SELECT max(sequence)
FROM history
WHERE project_id = $1 AND execution_id = $2 AND step_id = $3 AND type = ANY($4)
"""


async def select_outcomes(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    step_ids: Sequence[str],
    *,
    bytes_max: int,
) -> Mapping[str, StepOutcome | None]:
    """Returns what the first of some steps came to, as many as fit; None for those that are gone."""
    rows = await connection.fetch(SELECT_OUTCOMES, project_id, execution_id, step_ids, bytes_max)
    return {row["id"]: None if row["type"] is None else _outcome(row) for row in rows}


async def select_carried(
    connection: Connection, project_id: UUID, execution_id: UUID, *, limit: int
) -> Sequence[tuple[str, int, StepOutcome]]:
    """Returns the ids, attempts and outcomes of the steps that a fork has had from its original."""
    rows = await connection.fetch(SELECT_CARRIED, project_id, execution_id, limit)
    return [(row["id"], row["attempt"], _outcome(row)) for row in rows]


async def select_kept(connection: Connection, project_id: UUID, execution_id: UUID) -> Sequence[str]:
    """Returns the steps that have succeeded or were skipped, as they stand now."""
    statuses = [int(StepStatus.SUCCEEDED), int(StepStatus.SKIPPED)]
    return [row["id"] for row in await connection.fetch(SELECT_KEPT, project_id, execution_id, statuses)]


async def select_root(connection: Connection, project_id: UUID, execution_id: UUID) -> UUID:
    """Returns the outermost execution that an execution is within: itself if none."""
    root: UUID | None = await connection.fetchval(SELECT_ROOT, project_id, execution_id, DEPTH_MAX)
    return root or execution_id


async def select_end_of_step(
    connection: Connection, project_id: UUID, execution_id: UUID, step_id: str
) -> int | None:
    """Returns the entry of the history by which a step last came to something; None if there is none."""
    types = [int(HistoryType.STEP_SUCCEEDED), int(HistoryType.STEP_FAILED)]
    found: int | None = await connection.fetchval(
        SELECT_END_OF_STEP, project_id, execution_id, step_id, types
    )
    return found


def _outcome(row: Row) -> StepOutcome:
    return StepOutcome(
        type=StepType(row["type"]),
        status=StepStatus(row["status"]),
        output=bytes_of(row["output"]),
        error=bytes_of(row["error"]),
    )
