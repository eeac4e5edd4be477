"""What drivers of definitions look up about the executions that they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Connection
from timeloom_workflows.limits import NESTING_MAX, STEPS_PER_EXECUTION_MAX
from timeloom_workflows.model import Step
from timeloom_workflows.storage.rows import STEP_COLUMNS, step_of

SELECT_FLAGS: Final = """
SELECT inbox, paused, cancelling
FROM executions
WHERE project_id = $1 AND id = $2 AND token = $3 AND stage = 2
"""

# A try that failed elsewhere is RETRYING without a time: its driver says when.
SELECT_CHANGED_STEPS: Final = f"""
SELECT {STEP_COLUMNS}
FROM unnest($3::text[]) AS wanted (wanted_id)
CROSS JOIN LATERAL (
    SELECT * FROM steps WHERE project_id = $1 AND execution_id = $2 AND id = wanted_id LIMIT 1
) AS found
WHERE status >= 5 OR (status = 3 AND wake_time IS NULL)
"""  # noqa: S608 - a constant

SELECT_ALL_STEPS: Final = f"""
SELECT {STEP_COLUMNS} FROM steps WHERE project_id = $1 AND execution_id = $2 ORDER BY position, id LIMIT $3
"""  # noqa: S608 - a constant

SELECT_DEPTH: Final = """
WITH RECURSIVE ancestors AS (
    SELECT parent_id, 1 AS depth FROM executions WHERE project_id = $1 AND id = $2
    UNION ALL
    SELECT above.parent_id, ancestors.depth + 1
    FROM ancestors
    CROSS JOIN LATERAL (
        SELECT parent_id FROM executions WHERE project_id = $1 AND id = ancestors.parent_id LIMIT 1
    ) AS above
    WHERE ancestors.parent_id IS NOT NULL AND ancestors.depth < $3
)
SELECT max(depth) FROM ancestors
"""


class Flags(Struct, frozen=True, kw_only=True):
    """What others have done to an execution.

    Attributes:
        inbox: How much has come from outside so far.
    """

    inbox: int
    paused: bool
    cancelling: bool


async def select_flags(
    connection: Connection, project_id: UUID, execution_id: UUID, *, token: int
) -> Flags | None:
    """Return what others have done; None if the execution is somebody else's by now."""
    row = await connection.fetchrow(SELECT_FLAGS, project_id, execution_id, token)
    return None if row is None else Flags(**dict(row))


async def select_changed_steps(
    connection: Connection, project_id: UUID, execution_id: UUID, step_ids: Sequence[str]
) -> list[Step]:
    """Return those of some open steps that others have brought to an end, or to the end of a try."""
    rows = await connection.fetch(SELECT_CHANGED_STEPS, project_id, execution_id, step_ids)
    return [step_of(row) for row in rows]


async def select_all_steps(connection: Connection, project_id: UUID, execution_id: UUID) -> list[Step]:
    """Return all steps of an execution, by position."""
    rows = await connection.fetch(SELECT_ALL_STEPS, project_id, execution_id, STEPS_PER_EXECUTION_MAX)
    return [step_of(row) for row in rows]


async def select_depth(connection: Connection, project_id: UUID, execution_id: UUID) -> int:
    """Return how deep an execution lies within others, from 1 on, as far as it may."""
    depth: int = await connection.fetchval(SELECT_DEPTH, project_id, execution_id, NESTING_MAX + 1)
    return depth
