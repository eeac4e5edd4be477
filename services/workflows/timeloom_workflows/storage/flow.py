"""Rates, slots, and what is collected before an execution begins with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom.events.v1 import events_pb2
from timeloom_platform import outbox
from timeloom_platform.database import Connection
from timeloom_workflows import events
from timeloom_workflows.flow.rules import Collecting, Rate
from timeloom_workflows.limits import DOCUMENT_BYTES_MAX
from timeloom_workflows.model import Status, TriggerType
from timeloom_workflows.storage.rows import text_of
from timeloom_workflows.storage.system import SystemConnection

# The generic cell rate algorithm: what comes moves the time from which on there is room for all that may come
# at once.
TAKE: Final = """
INSERT INTO rates (project_id, key, free_time) VALUES ($1, $2, clock_timestamp() + $3::interval)
ON CONFLICT (project_id, key) DO UPDATE
SET free_time = greatest(rates.free_time, clock_timestamp()) + $3::interval
WHERE rates.free_time <= clock_timestamp() + $3::interval * ($4::integer - 1)
RETURNING free_time
"""

SECONDS_UNTIL_FREE: Final = """
SELECT extract(epoch FROM free_time - $3::interval * ($4::integer - 1) - clock_timestamp())::double precision
FROM rates WHERE project_id = $1 AND key = $2
"""

QUEUE_UP: Final = """
INSERT INTO rates (project_id, key, free_time) VALUES ($1, $2, clock_timestamp() + $3::interval)
ON CONFLICT (project_id, key) DO UPDATE
SET free_time = greatest(rates.free_time, clock_timestamp()) + $3::interval
RETURNING free_time - $3::interval * $4::integer AS start_time, clock_timestamp() AS now
"""

EXPIRE_RATES: Final = """
DELETE FROM rates
WHERE (project_id, key) IN (
    SELECT project_id, key FROM rates
    WHERE free_time < clock_timestamp() - interval '1 hour'
    ORDER BY free_time LIMIT $1 FOR UPDATE SKIP LOCKED
)
"""

SELECT_BEGUN: Final = """
SELECT EXISTS (
    SELECT FROM executions WHERE project_id = $1 AND workflow_id = $2 AND idempotency_key = $3
)
"""

SELECT_SINGLE: Final = """
SELECT execution_id
FROM slots
WHERE project_id = $1 AND key = $2 AND is_single AND state < 3
LIMIT 1
"""

ADMIT: Final = """
SELECT project_id, execution_id, workflow_id, status, history_length, is_replaced FROM admit_held_back($1)
"""

SELECT_LATE: Final = """
SELECT project_id, id
FROM executions
WHERE start_by <= clock_timestamp() AND status = 1 AND NOT cancelling
ORDER BY start_by
LIMIT $1
"""

IS_COLLECTED: Final = """
SELECT EXISTS (
    SELECT FROM collected_inputs WHERE project_id = $1 AND workflow_id = $2 AND idempotency_key = $3
)
"""

OPEN_COLLECTION: Final = """
INSERT INTO collections (
    project_id, id, workflow_id, key, trigger, trigger_id, is_batch, create_time, due_time
)
VALUES ($1, gen_random_uuid(), $2, $3, $4, $5, $6, clock_timestamp(), clock_timestamp() + $7::interval)
ON CONFLICT (project_id, workflow_id, key) WHERE NOT is_full DO UPDATE SET trigger_id = excluded.trigger_id
RETURNING id, size, size_bytes
"""

CLOSE_COLLECTION: Final = """
UPDATE collections SET is_full = true, due_time = clock_timestamp() WHERE project_id = $1 AND id = $2
"""

# Of what is debounced only the last is kept.
FORGET_EARLIER: Final = """
UPDATE collected_inputs SET input = NULL WHERE project_id = $1 AND collection_id = $2 AND input IS NOT NULL
"""

ADD_INPUT: Final = """
INSERT INTO collected_inputs (project_id, workflow_id, idempotency_key, collection_id, input, create_time)
VALUES ($1, $2, $3, $4, $5, clock_timestamp())
"""

ADD_TO_COLLECTION: Final = """
UPDATE collections SET
    size = size + 1,
    size_bytes = CASE WHEN is_batch THEN size_bytes + $3 ELSE $3 END,
    is_full = coalesce(size + 1 >= $4::integer, false),
    due_time = CASE
        WHEN size + 1 >= $4::integer THEN clock_timestamp()
        WHEN is_batch THEN due_time
        ELSE least(clock_timestamp() + $5::interval, create_time + $6::interval)
    END
WHERE project_id = $1 AND id = $2
"""

TAKE_DUE: Final = """
SELECT project_id, id, workflow_id, trigger, trigger_id, is_batch
FROM collections
WHERE due_time <= clock_timestamp()
ORDER BY due_time
LIMIT $1
FOR UPDATE SKIP LOCKED
"""

SELECT_INPUTS: Final = """
SELECT input FROM collected_inputs WHERE project_id = $1 AND collection_id = $2 ORDER BY number
"""

DELETE_COLLECTION: Final = """
DELETE FROM collections WHERE project_id = $1 AND id = $2
"""

EXPIRE_INPUTS: Final = """
DELETE FROM collected_inputs
WHERE (project_id, workflow_id, idempotency_key) IN (
    SELECT project_id, workflow_id, idempotency_key FROM collected_inputs
    WHERE create_time < clock_timestamp() - $2::interval AND input IS NULL
    ORDER BY create_time LIMIT $1 FOR UPDATE SKIP LOCKED
)
"""


class Replaced(Struct, frozen=True):
    """An execution whose place a newer one is to take."""

    project_id: UUID
    execution_id: UUID


class Admitted(Struct, frozen=True, kw_only=True):
    """What a look at those that are held back found."""

    count: int
    replaced: Sequence[Replaced]


class Collection(Struct, frozen=True, kw_only=True):
    """What an execution begins with that was collected for it."""

    project_id: UUID
    id: UUID
    workflow_id: str
    trigger: TriggerType
    trigger_id: str
    is_batch: bool


async def take(connection: Connection, project_id: UUID, rate: Rate) -> float:
    """Takes a place under a rate; returns zero, or how many seconds from now on there will be one."""
    arguments = (project_id, rate.key, rate.interval, rate.burst)
    if await connection.fetchval(TAKE, *arguments) is not None:
        return 0.0
    return max(0.001, await connection.fetchval(SECONDS_UNTIL_FREE, *arguments) or 0.0)


async def queue_up(connection: Connection, project_id: UUID, rate: Rate) -> datetime | None:
    """Takes the next place under a rate; returns its time, or None if that is now."""
    row = await connection.fetchrow(QUEUE_UP, project_id, rate.key, rate.interval, rate.burst)
    assert row is not None, "it returns a row"
    start_time: datetime = row["start_time"]
    return start_time if start_time > row["now"] else None


async def has_begun(connection: Connection, project_id: UUID, workflow_id: str, key: str) -> bool:
    """Whether an execution began with an idempotency key."""
    return bool(await connection.fetchval(SELECT_BEGUN, project_id, workflow_id, key))


async def select_single(connection: Connection, project_id: UUID, key: str) -> UUID | None:
    """Returns the one execution that is alive with the key of a singleton; None if none is."""
    found: UUID | None = await connection.fetchval(SELECT_SINGLE, project_id, key)
    return found


async def admit(connection: SystemConnection, *, limit: int) -> Admitted:
    """Gives slots to those who wait for them, looking at so many notes of changes."""
    async with connection.turn() as turn, turn.transaction():
        rows = await turn.fetch(ADMIT, limit)
        changes: dict[UUID, list[events_pb2.Event]] = {}
        for row in rows:
            if not row["is_replaced"]:
                changes.setdefault(row["project_id"], []).append(
                    events.execution_changed(
                        row["execution_id"],
                        workflow_id=row["workflow_id"],
                        status=Status(row["status"]),
                        history_length=row["history_length"],
                        has_inbox=False,
                    )
                )
        for project_id, told in changes.items():
            await outbox.enqueue(turn, str(project_id), told)
    return Admitted(
        count=sum(map(len, changes.values())),
        replaced=[Replaced(row["project_id"], row["execution_id"]) for row in rows if row["is_replaced"]],
    )


async def select_late(connection: SystemConnection, *, limit: int) -> list[Replaced]:
    """Returns executions that have not begun in time."""
    rows = await connection.fetch(SELECT_LATE, limit)
    return [Replaced(row["project_id"], row["id"]) for row in rows]


async def collect(
    connection: Connection,
    project_id: UUID,
    collecting: Collecting,
    document: bytes | None,
    *,
    workflow_id: str,
    trigger: TriggerType,
    trigger_id: str,
    idempotency_key: str,
) -> None:
    """Adds an input to what an execution will begin with; one that was added before changes nothing."""
    if await connection.fetchval(IS_COLLECTED, project_id, workflow_id, idempotency_key):
        return
    size_bytes = len(document or b"null") + 1
    opening = (
        OPEN_COLLECTION,
        project_id,
        workflow_id,
        collecting.key,
        trigger,
        trigger_id,
        collecting.is_batch,
        collecting.period,
    )
    row = await connection.fetchrow(*opening)
    assert row is not None, "it returns a row"
    if collecting.is_batch and row["size"] and row["size_bytes"] + size_bytes >= DOCUMENT_BYTES_MAX:
        await connection.execute(CLOSE_COLLECTION, project_id, row["id"])
        row = await connection.fetchrow(*opening)
        assert row is not None, "it returns a row"
    if not collecting.is_batch:
        await connection.execute(FORGET_EARLIER, project_id, row["id"])
    await connection.execute(
        ADD_INPUT, project_id, workflow_id, idempotency_key, row["id"], text_of(document or b"null")
    )
    await connection.execute(
        ADD_TO_COLLECTION,
        project_id,
        row["id"],
        size_bytes,
        collecting.size_max,
        collecting.period,
        collecting.timeout,
    )


async def take_due(connection: Connection, *, limit: int) -> list[Collection]:
    """Returns collections whose time has come, which nobody else takes before the transaction ends."""
    return [
        Collection(
            project_id=row["project_id"],
            id=row["id"],
            workflow_id=row["workflow_id"],
            trigger=TriggerType(row["trigger"]),
            trigger_id=row["trigger_id"],
            is_batch=row["is_batch"],
        )
        for row in await connection.fetch(TAKE_DUE, limit)
    ]


async def select_document(connection: Connection, collection: Collection) -> bytes:
    """Returns the input that was collected: a list of all inputs, or the last one."""
    rows = await connection.fetch(SELECT_INPUTS, collection.project_id, collection.id)
    inputs: list[str] = [row["input"] for row in rows if row["input"] is not None]
    text = f"[{','.join(inputs)}]" if collection.is_batch else inputs[-1]
    return text.encode()


async def forget(connection: Connection, collection: Collection) -> None:
    """Deletes a collection; that its inputs were collected is remembered for a while."""
    await connection.execute(FORGET_EARLIER, collection.project_id, collection.id)
    await connection.execute(DELETE_COLLECTION, collection.project_id, collection.id)


async def expire(connection: SystemConnection, *, age: timedelta, limit: int) -> None:
    """Deletes rates that restrict nothing any more, and old memories of what was collected."""
    await connection.fetch(EXPIRE_RATES, limit)
    await connection.fetch(EXPIRE_INPUTS, limit, age)
