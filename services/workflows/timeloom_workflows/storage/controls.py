"""What is done to executions from outside, under the lock of their row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Connection
from timeloom_workflows import limits
from timeloom_workflows.model import Execution, HistoryEntry, Step
from timeloom_workflows.storage.rows import (
    EXECUTION_COLUMNS,
    EXECUTION_COLUMNS_LIGHT,
    STEP_COLUMNS,
    STEP_COLUMNS_LIGHT,
    execution_of,
    step_of,
    text_of,
)

LOCK: Final = f"""
SELECT {EXECUTION_COLUMNS_LIGHT}, clock_timestamp() AS now
FROM executions
WHERE project_id = $1 AND id = $2
FOR NO KEY UPDATE
"""  # noqa: S608 - constants

# The columns that are not named belong to the driver, or never change.
WRITE: Final = f"""
UPDATE executions
SET
    workflow_version = $3,
    status = $4,
    stage = $5,
    waiting_for = $6,
    paused = $7,
    cancelling = $8,
    inbox = $9,
    delivery = $10,
    retry_count = $11,
    history_length = $12,
    step_count = $13,
    succeeded_step_count = $14,
    failed_step_count = $15,
    ready_time = $16,
    due_time = $17,
    deadline = $18,
    end_time = $19,
    error = $20,
    update_time = greatest(update_time, $21)
WHERE project_id = $1 AND id = $2
RETURNING {EXECUTION_COLUMNS}
"""  # noqa: S608 - constants

APPEND: Final = """
INSERT INTO history (project_id, execution_id, sequence, type, attempt, time, step_id, attributes)
SELECT $1, $2, $3 + place, type, attempt, coalesce(time, $4), step_id, attributes
FROM unnest($5::smallint[], $6::integer[], $7::timestamptz[], $8::text[], $9::text[])
    WITH ORDINALITY AS entry (type, attempt, time, step_id, attributes, place)
"""

SELECT_STEP_RUNS: Final = """
SELECT EXISTS (SELECT FROM steps WHERE project_id = $1 AND execution_id = $2 AND stage = 2)
"""

SELECT_DEFINITION: Final = """
SELECT definition FROM workflow_versions WHERE project_id = $1 AND workflow_id = $2 AND version = $3
"""

SELECT_KIND: Final = """
SELECT kind FROM workflow_versions WHERE project_id = $1 AND workflow_id = $2 AND version = $3
"""

CANCEL_STEPS: Final = """
WITH cancelled AS (
    UPDATE steps
    SET
        status = 7, stage = 0, waiting_for = 0, token = token + 1, owner = NULL, wake_time = NULL,
        end_time = $3
    WHERE project_id = $1 AND execution_id = $2 AND status < 5
    RETURNING id, attempt, position
)
SELECT id, attempt FROM cancelled ORDER BY position
"""

# All that was begun by an execution or by what it began, and that somebody waits for.
SELECT_DESCENDANTS: Final = """
WITH RECURSIVE live AS (
    SELECT id, 1 AS depth FROM executions WHERE project_id = $1 AND parent_id = $2 AND stage <> 5
    UNION ALL
    SELECT child.id, depth + 1
    FROM live
    CROSS JOIN LATERAL (
        SELECT id FROM executions WHERE project_id = $1 AND parent_id = live.id AND stage <> 5
    ) AS child
    WHERE depth < $3
)
SELECT id FROM live WHERE id > $4 ORDER BY id LIMIT $5
"""

SELECT_OUTLINE: Final = f"""
SELECT {STEP_COLUMNS_LIGHT} FROM steps WHERE project_id = $1 AND execution_id = $2 ORDER BY position, id
"""  # noqa: S608 - constants

SELECT_WHOLE: Final = f"""
SELECT {STEP_COLUMNS}
FROM unnest($3::text[]) AS wanted (step_id)
CROSS JOIN LATERAL (
    SELECT * FROM steps WHERE project_id = $1 AND execution_id = $2 AND id = step_id LIMIT 1
) AS found
ORDER BY position, id
"""  # noqa: S608 - constants

SELECT_WAITING: Final = f"""
SELECT {STEP_COLUMNS}
FROM steps
WHERE project_id = $1 AND execution_id = $2 AND status = 4 AND waiting_for = $3
ORDER BY position, id
"""  # noqa: S608 - constants

DELETE_STEPS: Final = """
DELETE FROM steps WHERE project_id = $1 AND execution_id = $2 AND id = ANY($3::text[])
"""

# Its wait or its last try is over and nothing is known of the next: its driver decides anew what it does.
REOPEN_STEPS: Final = """
UPDATE steps
SET
    status = 2, stage = 0, waiting_for = 0, token = token + 1, owner = NULL, wake_time = NULL,
    end_time = NULL, output = NULL, error = NULL
WHERE project_id = $1 AND execution_id = $2 AND id = ANY($3::text[])
"""

FREE_SIGNALS: Final = """
UPDATE signals SET step_id = NULL WHERE project_id = $1 AND execution_id = $2 AND step_id = ANY($3::text[])
"""

END_WAIT: Final = f"""
UPDATE steps
SET status = 5, waiting_for = 0, wake_time = NULL, end_time = $4, output = $5
WHERE project_id = $1 AND execution_id = $2 AND id = $3 AND status = 4
RETURNING {STEP_COLUMNS}
"""  # noqa: S608 - constants

WRITE_DETAILS: Final = f"""
UPDATE steps SET details = $4
WHERE project_id = $1 AND execution_id = $2 AND id = $3
RETURNING {STEP_COLUMNS}
"""  # noqa: S608 - constants

COUNT_STEPS: Final = """
SELECT
    count(*)::integer AS steps,
    (count(*) FILTER (WHERE status = 5))::integer AS succeeded,
    (count(*) FILTER (WHERE status = 6))::integer AS failed
FROM steps
WHERE project_id = $1 AND execution_id = $2
"""

# Whoever waits for an execution is told of its end by the engine, which looks for this.
TELL_PARENT: Final = "INSERT INTO endings (project_id, execution_id) VALUES ($1, $2)"

IS_PARENT_TOLD: Final = """
SELECT NOT EXISTS (SELECT FROM endings WHERE project_id = $1 AND execution_id = $2)
"""

DELETE: Final = (
    "DELETE FROM steps WHERE project_id = $1 AND execution_id = $2",
    "DELETE FROM history WHERE project_id = $1 AND execution_id = $2",
    "DELETE FROM signals WHERE project_id = $1 AND execution_id = $2",
    "DELETE FROM dead_letters WHERE project_id = $1 AND execution_id = $2",
    "DELETE FROM travel_marks WHERE project_id = $1 AND execution_id = $2",
    "DELETE FROM executions WHERE project_id = $1 AND id = $2",
)


class Locked(Struct, frozen=True):
    """An execution that nobody else changes before the transaction ends, and the database's time.

    It comes without input and output.
    """

    execution: Execution
    now: datetime


class StepCounts(Struct, frozen=True):
    """How many steps an execution has."""

    steps: int
    succeeded: int
    failed: int


async def lock(connection: Connection, project_id: UUID, execution_id: UUID) -> Locked | None:
    """Locks an execution; None if there is none."""
    row = await connection.fetchrow(LOCK, project_id, execution_id)
    if row is None:
        return None
    values = dict(row)
    now = values.pop("now")
    return Locked(execution_of(values), now)


async def write(
    connection: Connection, execution: Execution, entries: Sequence[HistoryEntry], *, now: datetime
) -> Execution:
    """Writes a locked execution as it is to be, and appends to its history; returns it with its documents."""
    row = await connection.fetchrow(
        WRITE,
        execution.project_id,
        execution.id,
        execution.workflow_version,
        execution.status,
        execution.stage,
        execution.waiting_for,
        execution.paused,
        execution.cancelling,
        execution.inbox,
        execution.delivery,
        execution.retry_count,
        execution.history_length + len(entries),
        execution.step_count,
        execution.succeeded_step_count,
        execution.failed_step_count,
        execution.ready_time,
        execution.due_time,
        execution.deadline,
        execution.end_time,
        text_of(execution.error),
        now,
    )
    assert row is not None, "the row is locked"
    await connection.execute(
        APPEND,
        execution.project_id,
        execution.id,
        execution.history_length,
        now,
        [each.type for each in entries],
        [each.attempt for each in entries],
        [each.time for each in entries],
        [each.step_id for each in entries],
        [text_of(each.attributes) for each in entries],
    )
    return execution_of(row)


async def step_runs(connection: Connection, project_id: UUID, execution_id: UUID) -> bool:
    """Whether somebody runs a step of the execution apart from its driver."""
    return bool(await connection.fetchval(SELECT_STEP_RUNS, project_id, execution_id))


async def select_definition(connection: Connection, execution: Execution) -> bytes | None:
    """Returns the definition that an execution follows; None if it is gone."""
    text: str | None = await connection.fetchval(
        SELECT_DEFINITION, execution.project_id, execution.workflow_id, execution.workflow_version
    )
    return None if text is None else text.encode()


async def select_kind(connection: Connection, project_id: UUID, workflow_id: str, version: int) -> int | None:
    """Returns the kind of a workflow's version; None if there is no such version."""
    kind: int | None = await connection.fetchval(SELECT_KIND, project_id, workflow_id, version)
    return kind


async def cancel_steps(
    connection: Connection, project_id: UUID, execution_id: UUID, *, now: datetime
) -> list[tuple[str, int]]:
    """Cancels all steps that have not ended; returns their ids and attempts."""
    rows = await connection.fetch(CANCEL_STEPS, project_id, execution_id, now)
    return [(row["id"], row["attempt"]) for row in rows]


async def select_descendants(
    connection: Connection, project_id: UUID, execution_id: UUID, *, after: UUID, limit: int
) -> list[UUID]:
    """Returns the executions that an execution, or one that it waits for, waits for: a page, by id."""
    rows = await connection.fetch(
        SELECT_DESCENDANTS, project_id, execution_id, limits.NESTING_MAX, after, limit
    )
    return [row["id"] for row in rows]


async def select_outline(connection: Connection, project_id: UUID, execution_id: UUID) -> list[Step]:
    """Returns all steps without their inputs and outputs, in the order in which they began."""
    return [step_of(row) for row in await connection.fetch(SELECT_OUTLINE, project_id, execution_id)]


async def select_whole(
    connection: Connection, project_id: UUID, execution_id: UUID, step_ids: Sequence[str]
) -> list[Step]:
    """Returns steps with their documents, in the order in which they began."""
    rows = await connection.fetch(SELECT_WHOLE, project_id, execution_id, step_ids)
    return [step_of(row) for row in rows]


async def select_waiting(
    connection: Connection, project_id: UUID, execution_id: UUID, *, reason: int
) -> list[Step]:
    """Returns the steps that wait for something, in the order in which they began."""
    rows = await connection.fetch(SELECT_WAITING, project_id, execution_id, reason)
    return [step_of(row) for row in rows]


async def take_back_steps(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    *,
    removed: Sequence[str],
    reopened: Sequence[str],
) -> None:
    """Makes steps as if they had not begun, or not ended. Signals that the removed ones took wait again."""
    await connection.execute(FREE_SIGNALS, project_id, execution_id, removed)
    await connection.execute(DELETE_STEPS, project_id, execution_id, removed)
    await connection.execute(REOPEN_STEPS, project_id, execution_id, reopened)


async def end_wait(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    step_id: str,
    *,
    output: bytes | None,
    now: datetime,
) -> Step | None:
    """Lets a waiting step succeed; None if it waits no longer."""
    row = await connection.fetchrow(END_WAIT, project_id, execution_id, step_id, now, text_of(output))
    return step_of(row) if row else None


async def write_details(
    connection: Connection, project_id: UUID, execution_id: UUID, step_id: str, details: bytes
) -> Step:
    """Writes what a wait is made of."""
    row = await connection.fetchrow(WRITE_DETAILS, project_id, execution_id, step_id, text_of(details))
    assert row is not None, "the execution is locked, and the step was just read"
    return step_of(row)


async def count_steps(connection: Connection, project_id: UUID, execution_id: UUID) -> StepCounts:
    """Counts the steps of an execution."""
    row = await connection.fetchrow(COUNT_STEPS, project_id, execution_id)
    assert row is not None, "counting always answers"
    return StepCounts(**row)


async def tell_parent(connection: Connection, project_id: UUID, execution_id: UUID) -> None:
    """Lets the parent of an execution be told of its end."""
    await connection.execute(TELL_PARENT, project_id, execution_id)


async def is_parent_told(connection: Connection, project_id: UUID, execution_id: UUID) -> bool:
    """Whether whoever waited for the execution knows of its end."""
    return bool(await connection.fetchval(IS_PARENT_TOLD, project_id, execution_id))


async def delete(connection: Connection, project_id: UUID, execution_id: UUID) -> None:
    """Deletes an execution with all that belongs to it."""
    for statement in DELETE:
        await connection.execute(statement, project_id, execution_id)
