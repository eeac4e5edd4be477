"""Engines, their leases, and what is taken over from those that are gone. All times are the database's."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_workflows.storage.system import SystemConnection

REGISTER: Final = """
INSERT INTO engines (id, address, start_time, lease_until)
VALUES ($1, $2, clock_timestamp(), clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until
RETURNING 1::bigint AS living, clock_timestamp() AS time
"""

# Once a lease is over it stays so: others may be about to take over what was under it.
RENEW: Final = """
UPDATE engines
SET lease_until = clock_timestamp() + make_interval(secs => $2)
WHERE id = $1 AND lease_until > clock_timestamp()
RETURNING
    (SELECT count(*) FROM engines WHERE lease_until > clock_timestamp()) AS living,
    clock_timestamp() AS time
"""

SELECT_DEAD: Final = "SELECT id FROM engines WHERE lease_until < clock_timestamp() ORDER BY id LIMIT 100"

TAKE_OVER_EXECUTIONS: Final = """
WITH lost AS MATERIALIZED (
    SELECT project_id, id
    FROM executions
    WHERE owner = $1 AND stage = 2
    LIMIT $2
    FOR NO KEY UPDATE SKIP LOCKED
),
taken AS (
    UPDATE executions
    SET
        stage = CASE WHEN paused THEN 3 ELSE 1 END,
        owner = NULL,
        token = token + 1,
        ready_time = now(),
        waiting_for = CASE WHEN kind = 2 AND NOT paused THEN 6 ELSE 0 END,
        history_length = history_length + 1,
        update_time = now()
    FROM lost
    WHERE executions.project_id = lost.project_id AND executions.id = lost.id
    RETURNING executions.project_id, executions.id, history_length
),
told AS (
    INSERT INTO history (project_id, execution_id, sequence, type, attempt, time, step_id)
    SELECT project_id, id, history_length, 10, 0, now(), '' FROM taken
)
SELECT count(*) AS count FROM taken
"""

# A step's token counts its hand-outs; who had it writes nothing any more.
TAKE_OVER_STEPS: Final = """
WITH lost AS MATERIALIZED (
    SELECT project_id, execution_id, id FROM steps WHERE owner = $1 AND stage = 2 LIMIT $2
    FOR NO KEY UPDATE SKIP LOCKED
),
taken AS (
    UPDATE steps
    SET stage = 1, owner = NULL, token = token + 1, ready_time = now(), worker_id = ''
    FROM lost
    WHERE steps.project_id = lost.project_id AND steps.execution_id = lost.execution_id AND steps.id = lost.id
    RETURNING 1
)
SELECT count(*) AS count FROM taken
"""

# Whoever makes something a living engine's own holds a share of its row until the commit.
LOCK_DEAD: Final = "SELECT FROM engines WHERE id = $1 AND lease_until < clock_timestamp() FOR UPDATE"
BURY: Final = """
DELETE FROM engines
WHERE
    id = $1
    AND NOT EXISTS (SELECT FROM executions WHERE owner = $1 AND stage = 2)
    AND NOT EXISTS (SELECT FROM steps WHERE owner = $1 AND stage = 2)
"""

EXPIRE: Final = "UPDATE engines SET lease_until = clock_timestamp() - interval '1 microsecond' WHERE id = $1"


class Renewal(Struct, frozen=True):
    """A lease that was made or renewed, at this time of the database, beside so many others."""

    living: int
    time: datetime


async def register(
    connection: SystemConnection, engine_id: UUID, *, address: str, lease_seconds: float
) -> Renewal:
    """Begins the life of an engine."""
    row = await connection.fetchrow(REGISTER, engine_id, address, lease_seconds)
    assert row is not None, "it was inserted"
    return Renewal(row["living"], row["time"])


async def renew(connection: SystemConnection, engine_id: UUID, *, lease_seconds: float) -> Renewal | None:
    """Renews a lease; None if it was over already."""
    row = await connection.fetchrow(RENEW, engine_id, lease_seconds)
    return None if row is None else Renewal(row["living"], row["time"])


async def select_dead(connection: SystemConnection) -> list[UUID]:
    """Returns engines whose lease is over."""
    return [row["id"] for row in await connection.fetch(SELECT_DEAD)]


async def take_over(connection: SystemConnection, engine_id: UUID, *, limit: int) -> int:
    """Queues executions and steps that a dead engine owned, at most so many of each, and returns how many."""
    executions = await connection.fetchrow(TAKE_OVER_EXECUTIONS, engine_id, limit)
    steps = await connection.fetchrow(TAKE_OVER_STEPS, engine_id, limit)
    assert executions is not None, "a count is a row"
    assert steps is not None, "a count is a row"
    return int(executions["count"]) + int(steps["count"])


async def bury(connection: SystemConnection, engine_id: UUID) -> None:
    """Forgets a dead engine that owns nothing any more."""
    async with connection.turn() as turn, turn.transaction():
        if await turn.fetchrow(LOCK_DEAD, engine_id) is not None:
            await turn.execute(BURY, engine_id)


async def expire(connection: SystemConnection, engine_id: UUID) -> None:
    """Ends a lease before its time: its engine leaves."""
    await connection.fetch(EXPIRE, engine_id)
