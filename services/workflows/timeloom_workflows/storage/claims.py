"""Taking executions from the queues, and queueing those whose time has come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_workflows.engine.drivers import Claimed, Places
from timeloom_workflows.model import Execution, Step, WorkflowKind
from timeloom_workflows.storage.rows import EXECUTION_COLUMNS, STEP_COLUMNS, execution_of, step_of
from timeloom_workflows.storage.system import SystemConnection

_QUALIFIED: Final = ", ".join(f"executions.{column.strip()}" for column in EXECUTION_COLUMNS.split(","))

# An engine takes nothing after its lease: whoever buries it would not see it.
_LIVING: Final = """
living AS MATERIALIZED (
    SELECT id FROM engines WHERE id = $1 AND lease_until > clock_timestamp() FOR KEY SHARE
)
"""

# The inputs of what is taken fit in memory together; one that is too large for that is taken alone.
_TAKE: Final = f"""
measured AS (
    SELECT
        project_id,
        id,
        start_time,
        sum(bytes) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) AS bytes_up_to,
        place
    FROM (SELECT *, row_number() OVER () AS place FROM queued) AS numbered
),
taken AS (
    UPDATE executions
    SET
        stage = 2,
        status = 2,
        owner = $1,
        token = token + 1,
        delivery = delivery + 1,
        waiting_for = 0,
        start_time = coalesce(executions.start_time, now()),
        history_length = history_length + CASE WHEN executions.start_time IS NULL THEN 1 ELSE 0 END,
        update_time = now()
    FROM measured
    WHERE
        executions.project_id = measured.project_id
        AND executions.id = measured.id
        AND (measured.bytes_up_to <= $2 OR measured.place = 1)
    RETURNING {_QUALIFIED}, measured.start_time IS NULL AS is_first, measured.place
),
told AS (
    INSERT INTO history (project_id, execution_id, sequence, type, attempt, time, step_id)
    SELECT project_id, id, history_length, 2, 0, now(), '' FROM taken WHERE is_first
)
SELECT * FROM taken ORDER BY place
"""  # noqa: S608 - constants

CLAIM_DAG: Final = f"""
WITH {_LIVING},
queued AS MATERIALIZED (
    SELECT project_id, id, start_time, coalesce(octet_length(input), 0) AS bytes
    FROM executions
    WHERE stage = 1 AND kind = 1 AND EXISTS (SELECT FROM living)
    ORDER BY -priority, ready_time, id
    LIMIT $3
    FOR NO KEY UPDATE SKIP LOCKED
),
{_TAKE}
"""  # noqa: S608 - constants

CLAIM_CODE: Final = f"""
WITH {_LIVING},
queued AS MATERIALIZED (
    SELECT found.*
    FROM unnest($3::uuid[], $4::text[], $5::integer[]) AS wanted (project_id, workflow_id, count)
    CROSS JOIN LATERAL (
        SELECT project_id, id, start_time, coalesce(octet_length(input), 0) AS bytes
        FROM executions
        WHERE
            stage = 1
            AND kind = 2
            AND executions.project_id = wanted.project_id
            AND executions.workflow_id = wanted.workflow_id
            AND EXISTS (SELECT FROM living)
        ORDER BY -priority, ready_time, id
        LIMIT wanted.count
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS found
),
{_TAKE}
"""  # noqa: S608 - constants

IS_QUEUED: Final = """
SELECT
    EXISTS (SELECT FROM executions WHERE stage = 1 AND kind = 1)
    OR EXISTS (SELECT FROM executions WHERE stage = 1 AND kind = 2) AS is_queued
"""

SELECT_STEPS: Final = f"""
SELECT {STEP_COLUMNS}
FROM unnest($1::uuid[], $2::uuid[]) AS wanted (wanted_project_id, wanted_id)
CROSS JOIN LATERAL (
    SELECT * FROM steps
    WHERE steps.project_id = wanted.wanted_project_id AND steps.execution_id = wanted.wanted_id
    ORDER BY position
    LIMIT $3
) AS found
"""  # noqa: S608 - constants

# Never early: `now()` is when the statement came, and that is before it is carried out.
QUEUE_DUE: Final = """
WITH due AS MATERIALIZED (
    SELECT project_id, id
    FROM executions
    WHERE stage = 3 AND due_time IS NOT NULL AND NOT paused AND due_time <= now()
    ORDER BY due_time
    LIMIT $1
    FOR NO KEY UPDATE SKIP LOCKED
),
queued AS (
    UPDATE executions
    SET
        stage = 1,
        ready_time = greatest(due_time, ready_time),
        due_time = NULL,
        waiting_for = CASE WHEN kind = 2 THEN 6 ELSE 0 END,
        update_time = now()
    FROM due
    WHERE executions.project_id = due.project_id AND executions.id = due.id
    RETURNING 1
)
SELECT count(*) AS count FROM queued
"""

NEXT_DUE: Final = """
SELECT extract(EPOCH FROM due_time - clock_timestamp())::float8 AS seconds
FROM executions
WHERE stage = 3 AND due_time IS NOT NULL AND NOT paused
ORDER BY due_time
LIMIT 1
"""

RELEASE: Final = """
WITH given AS MATERIALIZED (
    SELECT found.project_id, found.id
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS wanted (project_id, id, token)
    CROSS JOIN LATERAL (
        SELECT project_id, id FROM executions
        WHERE
            executions.project_id = wanted.project_id
            AND executions.id = wanted.id
            AND executions.token = wanted.token
            AND stage = 2
        LIMIT 1
        FOR NO KEY UPDATE
    ) AS found
),
released AS (
    UPDATE executions
    SET
        stage = CASE WHEN paused THEN 3 ELSE 1 END,
        owner = NULL,
        ready_time = now(),
        waiting_for = CASE WHEN kind = 2 AND NOT paused THEN 6 ELSE 0 END,
        update_time = now()
    FROM given
    WHERE executions.project_id = given.project_id AND executions.id = given.id
    RETURNING 1
)
SELECT count(*) AS count FROM released
"""

SELECT_OWNED: Final = "SELECT project_id, id, token FROM executions WHERE owner = $1 AND stage = 2"

SELECT_GROWN: Final = """
SELECT wanted.id
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS wanted (project_id, id, inbox)
CROSS JOIN LATERAL (
    SELECT FROM executions
    WHERE
        executions.project_id = wanted.project_id
        AND executions.id = wanted.id
        AND executions.inbox > wanted.inbox
    LIMIT 1
) AS found
"""

SELECT_ENDED: Final = """
SELECT wanted.id
FROM unnest($1::uuid[], $2::uuid[]) AS wanted (project_id, id)
CROSS JOIN LATERAL (
    SELECT FROM executions
    WHERE executions.project_id = wanted.project_id AND executions.id = wanted.id AND stage = 5
    LIMIT 1
) AS found
"""


async def is_anything_queued(connection: SystemConnection) -> bool:
    """Returns whether there is anything in the queues."""
    row = await connection.fetchrow(IS_QUEUED)
    return row is not None and row["is_queued"]


async def claim(
    connection: SystemConnection,
    engine_id: UUID,
    kind: WorkflowKind,
    places: Sequence[Places],
    *,
    bytes_max: int,
) -> list[Execution]:
    """Takes executions of a kind from the queue, as far as there are places for them."""
    if kind is WorkflowKind.DAG:
        count = sum(each.count for each in places)
        rows = await connection.fetch(CLAIM_DAG, engine_id, bytes_max, count)
    else:
        rows = await connection.fetch(
            CLAIM_CODE,
            engine_id,
            bytes_max,
            [each.project_id for each in places],
            [each.workflow_id for each in places],
            [each.count for each in places],
        )
    return [_execution_of(row) for row in rows]


async def with_steps(
    connection: SystemConnection, executions: Sequence[Execution], *, steps_max: int
) -> list[Claimed]:
    """Returns executions with all their steps."""
    wanted = [execution for execution in executions if execution.step_count]
    if not wanted:
        return [Claimed(execution=execution) for execution in executions]
    rows = await connection.fetch(
        SELECT_STEPS, [each.project_id for each in wanted], [each.id for each in wanted], steps_max
    )
    steps: dict[UUID, list[Step]] = {execution.id: [] for execution in wanted}
    for row in rows:
        steps[row["execution_id"]].append(step_of(row))
    return [Claimed(execution=execution, steps=steps.get(execution.id, ())) for execution in executions]


async def queue_due(connection: SystemConnection, *, limit: int) -> int:
    """Queues executions whose time has come, at most so many, and returns how many."""
    row = await connection.fetchrow(QUEUE_DUE, limit)
    assert row is not None, "a count is a row"
    return int(row["count"])


async def next_due_seconds(connection: SystemConnection) -> float | None:
    """Returns in how many seconds the next time comes; None if none is planned."""
    row = await connection.fetchrow(NEXT_DUE)
    return None if row is None else float(row["seconds"])


async def release(connection: SystemConnection, held: Sequence[tuple[UUID, UUID, int]]) -> int:
    """Queues executions, given by project, id and token in that order, that nobody here drives any more."""
    columns = list(zip(*sorted(held), strict=True)) or [(), (), ()]
    row = await connection.fetchrow(RELEASE, *columns)
    assert row is not None, "a count is a row"
    return int(row["count"])


async def select_owned(connection: SystemConnection, engine_id: UUID) -> list[tuple[UUID, UUID, int]]:
    """Returns project, id and token of all that an engine owns."""
    rows = await connection.fetch(SELECT_OWNED, engine_id)
    return [(row["project_id"], row["id"], row["token"]) for row in rows]


async def select_grown(connection: SystemConnection, seen: Sequence[tuple[UUID, UUID, int]]) -> list[UUID]:
    """Returns those whose inbox has grown, of executions given by project, id and the inbox that was seen."""
    columns = list(zip(*seen, strict=True)) or [(), (), ()]
    return [row["id"] for row in await connection.fetch(SELECT_GROWN, *columns)]


async def select_ended(connection: SystemConnection, wanted: Sequence[tuple[UUID, UUID]]) -> list[UUID]:
    """Returns those that have ended, of executions given by project and id."""
    columns = list(zip(*wanted, strict=True)) or [(), ()]
    return [row["id"] for row in await connection.fetch(SELECT_ENDED, *columns)]


def _execution_of(row: asyncpg.Record) -> Execution:
    values = dict(row)
    del values["is_first"], values["place"]
    return execution_of(values)
