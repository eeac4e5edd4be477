"""What workers' executions and tasks look up and change, besides what their drivers commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Connection
from timeloom_workflows import limits
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.model import Step
from timeloom_workflows.storage.rows import (
    EXECUTION_COLUMNS,
    STEP_COLUMNS,
    execution_of,
    step_of,
    text_of,
)
from timeloom_workflows.storage.system import SystemConnection

LOOK: Final = """
SELECT inbox, paused, cancelling, now() AS now
FROM executions
WHERE project_id = $1 AND id = $2 AND token = $3 AND stage = 2
"""

SELECT_STEPS: Final = f"""
SELECT {STEP_COLUMNS}
FROM unnest($3::text[]) AS wanted (wanted_id)
CROSS JOIN LATERAL (
    SELECT * FROM steps WHERE project_id = $1 AND execution_id = $2 AND id = wanted_id LIMIT 1
) AS found
"""  # noqa: S608 - a constant

# The time of a step's end is its place in the order in which the code saw steps end.
REORDER: Final = """
UPDATE steps SET end_time = wanted.end_time
FROM unnest($3::text[], $4::timestamptz[]) AS wanted (id, end_time)
WHERE
    steps.project_id = $1
    AND steps.execution_id = $2
    AND steps.id = wanted.id
    AND steps.status >= 5
    AND EXISTS (
        SELECT FROM executions
        WHERE
            executions.project_id = $1
            AND executions.id = $2
            AND executions.token = $5
            AND executions.stage = 2
        FOR NO KEY UPDATE
    )
"""

# A worker that held it for another engine goes on with it here, under a token that the other one does not
# know.
ADOPT: Final = f"""
WITH living AS MATERIALIZED (
    SELECT id FROM engines WHERE id = $1 AND lease_until > clock_timestamp() FOR KEY SHARE
),
held AS MATERIALIZED (
    SELECT found.project_id, found.id
    FROM unnest($3::uuid[], $4::bigint[]) AS wanted (id, token)
    CROSS JOIN LATERAL (
        SELECT project_id, id FROM executions
        WHERE
            executions.project_id = $2
            AND executions.id = wanted.id
            AND executions.token = wanted.token
            AND stage = 2
            AND kind = 2
            AND EXISTS (SELECT FROM living)
        LIMIT 1
        FOR NO KEY UPDATE
    ) AS found
)
UPDATE executions
SET owner = $1, token = token + 1, update_time = now()
FROM held
WHERE executions.project_id = held.project_id AND executions.id = held.id
RETURNING {", ".join(f"executions.{column.strip()}" for column in EXECUTION_COLUMNS.split(","))}
"""  # noqa: S608 - constants

SELECT_ALL_STEPS: Final = f"""
SELECT {STEP_COLUMNS}
FROM unnest($2::uuid[]) AS wanted (wanted_id)
CROSS JOIN LATERAL (
    SELECT * FROM steps
    WHERE steps.project_id = $1 AND steps.execution_id = wanted.wanted_id
    ORDER BY position
    LIMIT $3
) AS found
"""  # noqa: S608 - a constant

CLAIM_TASKS: Final = """
WITH living AS MATERIALIZED (
    SELECT id FROM engines WHERE id = $1 AND lease_until > clock_timestamp() FOR KEY SHARE
),
queued AS MATERIALIZED (
    SELECT found.*
    FROM unnest($2::uuid[], $3::text[], $4::integer[]) AS wanted (project_id, task, count)
    CROSS JOIN LATERAL (
        SELECT project_id, execution_id, id FROM steps
        WHERE
            stage = 1
            AND steps.project_id = wanted.project_id
            AND steps.task = wanted.task
            AND EXISTS (SELECT FROM living)
        ORDER BY -priority, ready_time
        LIMIT wanted.count
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS found
),
taken AS (
    UPDATE steps
    SET
        stage = 2,
        status = 2,
        owner = $1,
        token = token + 1,
        waiting_for = 0,
        start_time = now()
    FROM queued
    WHERE
        steps.project_id = queued.project_id
        AND steps.execution_id = queued.execution_id
        AND steps.id = queued.id
    RETURNING steps.*
)
SELECT
    taken.*,
    about.workflow_id,
    about.traceparent
FROM taken
CROSS JOIN LATERAL (
    SELECT workflow_id, traceparent FROM executions
    WHERE executions.project_id = taken.project_id AND executions.id = taken.execution_id
    LIMIT 1
) AS about
"""

IS_TASK_QUEUED: Final = "SELECT EXISTS (SELECT FROM steps WHERE stage = 1) AS is_queued"

# A worker that held a task for another engine goes on with it here: the other one lets go of what is not its
# own.
ADOPT_TASKS: Final = f"""
UPDATE steps SET owner = $1
FROM unnest($3::uuid[], $4::text[], $5::bigint[]) AS held (execution_id, id, token)
WHERE
    steps.project_id = $2
    AND steps.execution_id = held.execution_id
    AND steps.id = held.id
    AND steps.token = held.token
    AND steps.stage = 2
    AND EXISTS (SELECT FROM engines WHERE engines.id = $1 AND lease_until > clock_timestamp() FOR KEY SHARE)
RETURNING {", ".join(f"steps.{column.strip()}" for column in STEP_COLUMNS.split(","))}
"""  # noqa: S608 - constants

FINISH_TASK: Final = f"""
UPDATE steps
SET
    status = $5::smallint,
    stage = 0,
    owner = NULL,
    waiting_for = 0,
    wake_time = NULL,
    start_time = coalesce($6::timestamptz, start_time),
    end_time = CASE WHEN $5::smallint >= 5 THEN clock_timestamp() END,
    worker_id = $7,
    output = $8,
    error = $9
WHERE project_id = $1 AND execution_id = $2 AND id = $3 AND token = $4 AND stage = 2
RETURNING {STEP_COLUMNS}
"""  # noqa: S608 - a constant

REQUEUE_TASK: Final = """
UPDATE steps
SET
    stage = 1,
    status = 1,
    waiting_for = 6,
    owner = NULL,
    token = token + 1,
    ready_time = now(),
    worker_id = ''
WHERE project_id = $1 AND execution_id = $2 AND id = $3 AND token = $4 AND stage = 2 AND owner = $5
"""

WRITE_PROGRESS: Final = """
UPDATE steps SET progress = said.progress
FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::text[]) AS said (execution_id, id, token, progress)
WHERE
    steps.project_id = $1
    AND steps.execution_id = said.execution_id
    AND steps.id = said.id
    AND steps.token = said.token
    AND steps.stage = 2
"""


class Look(Struct, frozen=True, kw_only=True):
    """What others have done to an execution, at this time of the database.

    Attributes:
        steps: Those that were asked for, as they are.
    """

    now: datetime
    inbox: int
    paused: bool
    cancelling: bool
    steps: Sequence[Step]


class QueuedTask(Struct, frozen=True, kw_only=True):
    """A step that was taken from the queue for a worker."""

    project_id: UUID
    workflow_id: str
    traceparent: str
    step: Step


class HeldStep(Struct, frozen=True, order=True):
    """A step that somebody says is theirs, with the token that it has for them."""

    execution_id: UUID
    step_id: str
    token: int


async def look(
    connection: Connection, project_id: UUID, execution_id: UUID, *, token: int, step_ids: Sequence[str]
) -> Look | None:
    """Returns what others have done to an execution and its steps; None if it is somebody else's by now."""
    row = await connection.fetchrow(LOOK, project_id, execution_id, token)
    if row is None:
        return None
    rows = await connection.fetch(SELECT_STEPS, project_id, execution_id, step_ids) if step_ids else []
    return Look(**dict(row), steps=[step_of(each) for each in rows])


async def select_steps(connection: Connection, project_id: UUID, execution_id: UUID) -> list[Step]:
    """Returns all steps of an execution, by position."""
    rows = await connection.fetch(
        SELECT_ALL_STEPS, project_id, [execution_id], limits.STEPS_PER_EXECUTION_MAX
    )
    return [step_of(row) for row in rows]


async def reorder(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    *,
    token: int,
    ends: Sequence[tuple[str, datetime]],
) -> None:
    """Notes when the code saw steps end that others had ended before."""
    step_ids, end_times = [each[0] for each in ends], [each[1] for each in ends]
    await connection.execute(REORDER, project_id, execution_id, step_ids, end_times, token)


async def adopt(
    connection: SystemConnection, engine_id: UUID, project_id: UUID, held: Sequence[tuple[UUID, int]]
) -> list[Claimed]:
    """Takes executions, given by id and token, that a worker holds for an engine that it has left."""
    rows = await connection.fetch(
        ADOPT, engine_id, project_id, [each[0] for each in held], [each[1] for each in held]
    )
    executions = [execution_of(row) for row in rows]
    if not executions:
        return []
    steps: dict[UUID, list[Step]] = {each.id: [] for each in executions}
    for row in await connection.fetch(
        SELECT_ALL_STEPS, project_id, list(steps), limits.STEPS_PER_EXECUTION_MAX
    ):
        steps[row["execution_id"]].append(step_of(row))
    return [Claimed(execution=each, steps=steps[each.id]) for each in executions]


async def claim_tasks(
    connection: SystemConnection, engine_id: UUID, wanted: Sequence[tuple[tuple[UUID, str], int]]
) -> list[QueuedTask]:
    """Takes steps from the queue, so many of each task, the first in line first."""
    rows = await connection.fetch(
        CLAIM_TASKS,
        engine_id,
        [key[0] for key, _ in wanted],
        [key[1] for key, _ in wanted],
        [count for _, count in wanted],
    )
    return [
        QueuedTask(
            project_id=row["project_id"],
            workflow_id=row["workflow_id"],
            traceparent=row["traceparent"],
            step=step_of({name: row[name] for name in _STEP_NAMES}),
        )
        for row in rows
    ]


async def is_task_queued(connection: SystemConnection) -> bool:
    """Returns whether any step waits for a worker."""
    row = await connection.fetchrow(IS_TASK_QUEUED)
    return row is not None and row["is_queued"]


async def adopt_tasks(
    connection: SystemConnection, engine_id: UUID, project_id: UUID, held: Sequence[HeldStep]
) -> list[Step]:
    """Takes steps that a worker holds for an engine that it has left."""
    rows = await connection.fetch(
        ADOPT_TASKS,
        engine_id,
        project_id,
        [each.execution_id for each in held],
        [each.step_id for each in held],
        [each.token for each in held],
    )
    return [step_of(row) for row in rows]


async def finish_task(
    connection: Connection,
    project_id: UUID,
    held: HeldStep,
    *,
    status: int,
    start_time: datetime | None,
    worker_id: str,
    output: bytes | None,
    error: bytes | None,
) -> Step | None:
    """Writes what a task came to; None if the step is somebody else's by now."""
    row = await connection.fetchrow(
        FINISH_TASK,
        project_id,
        held.execution_id,
        held.step_id,
        held.token,
        status,
        start_time,
        worker_id,
        text_of(output),
        text_of(error),
    )
    return step_of(row) if row else None


async def requeue_task(
    connection: SystemConnection, project_id: UUID, held: HeldStep, *, engine_id: UUID
) -> None:
    """Gives a step to whoever has room for it; it did not begin."""
    await connection.fetchrow(
        REQUEUE_TASK, project_id, held.execution_id, held.step_id, held.token, engine_id
    )


async def write_progress(
    connection: Connection, project_id: UUID, said: Sequence[tuple[HeldStep, bytes]]
) -> None:
    """Keeps what tasks said about their progress."""
    await connection.execute(
        WRITE_PROGRESS,
        project_id,
        [held.execution_id for held, _ in said],
        [held.step_id for held, _ in said],
        [held.token for held, _ in said],
        [progress.decode() for _, progress in said],
    )


_STEP_NAMES: Final = [column.strip() for column in STEP_COLUMNS.split(",")]
