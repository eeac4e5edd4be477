"""Events that were published, and the steps that wait for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from timeloom_platform.database import Connection
from timeloom_workflows.model import Step
from timeloom_workflows.storage.rows import STEP_COLUMNS, step_of, text_of
from timeloom_workflows.storage.system import SystemConnection

COLUMNS: Final = """
    project_id, id, name, data, occur_time, create_time, handle_time, started_execution_ids,
    woken_execution_ids, attempts
"""
NAMED_MAX: Final = 100
"""The executions that an event names of those that it began, and of those that it woke."""

INSERT: Final = f"""
INSERT INTO events (project_id, id, name, data, occur_time, create_time)
SELECT $1, id, name, data, coalesce(occur_time, clock_timestamp()), clock_timestamp()
FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[]) AS new (id, name, data, occur_time)
ON CONFLICT (project_id, id) DO NOTHING
RETURNING {COLUMNS}
"""  # noqa: S608 - constants

SELECT: Final = f"""
SELECT {COLUMNS}
FROM unnest($2::text[]) AS wanted (wanted_id)
CROSS JOIN LATERAL (SELECT * FROM events WHERE project_id = $1 AND id = wanted_id LIMIT 1) AS found
"""  # noqa: S608 - constants

HANDLED: Final = """
UPDATE events SET handle_time = clock_timestamp(), started_execution_ids = $3, woken_execution_ids = $4
WHERE project_id = $1 AND id = $2
"""

# Those whose publisher died, lost the database, or failed: in the order in which they came. Each look counts
# before it is taken, whatever becomes of who takes it, and the next one comes later than the one before.
TAKE_UNHANDLED: Final = f"""
WITH waiting AS MATERIALIZED (
    SELECT project_id, id FROM events
    WHERE handle_time IS NULL AND look_time <= clock_timestamp()
    ORDER BY create_time
    LIMIT $1
    FOR NO KEY UPDATE SKIP LOCKED
),
taken AS (
    UPDATE events
    SET
        attempts = attempts + 1,
        look_time = clock_timestamp() + least($2::interval * power(2, least(attempts, 30)), $3::interval)
    FROM waiting
    WHERE events.project_id = waiting.project_id AND events.id = waiting.id
    RETURNING events.*
)
SELECT {COLUMNS} FROM taken ORDER BY create_time
"""  # noqa: S608 - constants

FORGIVE: Final = """
UPDATE events SET attempts = attempts - 1
WHERE project_id = $1 AND id = $2 AND attempts = $3 AND handle_time IS NULL
"""

GIVE_UP: Final = """
UPDATE events SET handle_time = clock_timestamp()
WHERE project_id = $1 AND id = $2 AND handle_time IS NULL
RETURNING id
"""

SELECT_PAGE: Final = f"""
SELECT {COLUMNS}
FROM events
WHERE
    project_id = $1
    AND ($2 = '' OR name = $2)
    AND ($3::timestamptz IS NULL OR create_time > $3)
    AND ($4::timestamptz IS NULL OR create_time < $4)
    AND ($5::timestamptz IS NULL OR (create_time, id) < ($5, $6))
ORDER BY create_time DESC, id DESC
LIMIT $7
"""  # noqa: S608 - constants

SELECT_SINCE: Final = f"""
SELECT {COLUMNS}
FROM events
WHERE
    project_id = $1 AND name = $2 AND create_time >= greatest($3, clock_timestamp() - $4::interval)
    AND (create_time, id) > ($5, $6)
ORDER BY create_time, id
LIMIT $7
"""  # noqa: S608 - constants

SELECT_WAITING: Final = f"""
SELECT {STEP_COLUMNS}
FROM steps
WHERE project_id = $1 AND waiting_name = $2 AND status = 4 AND waiting_for = 2 AND (execution_id, id) > ($3,
$4) ORDER BY execution_id, id LIMIT $5
"""  # noqa: S608 - constants

SELECT_WAITING_STEP: Final = f"""
SELECT {STEP_COLUMNS}
FROM steps
WHERE project_id = $1 AND execution_id = $2 AND id = $3 AND status = 4 AND waiting_for = 2
"""  # noqa: S608 - constants

SELECT_TAKEN: Final = """
SELECT DISTINCT output::json ->> 'id' AS event_id
FROM steps
WHERE
    project_id = $1 AND execution_id = $2 AND waiting_name = $3 AND type = 8 AND status = 5
    AND json_typeof(output::json) = 'object'
"""

IS_WANTED: Final = """
SELECT
    EXISTS (SELECT FROM triggers WHERE project_id = $1 AND expression = $2 AND type = 2 AND enabled)
    OR EXISTS (SELECT FROM steps WHERE project_id = $1 AND waiting_name = $2 AND status = 4 AND waiting_for =
    2)
"""

EXPIRE: Final = """
DELETE FROM events
WHERE (project_id, id) IN (
    SELECT project_id, id FROM events
    WHERE create_time < clock_timestamp() - $1::interval
    ORDER BY create_time LIMIT $2 FOR UPDATE SKIP LOCKED
)
RETURNING 1
"""


class NewEvent(Struct, frozen=True, kw_only=True):
    """An event that is to be published.

    Attributes:
        data: As JSON; None if there is none.
        occur_time: Now if None.
    """

    id: str
    name: str
    data: bytes | None = None
    occur_time: datetime | None = None


class Event(Struct, frozen=True, kw_only=True):
    """An event as its row has it.

    Attributes:
        handle_time: When all was done that it brings about; None until then.
        started_execution_ids: Those that it began, at most a hundred.
        woken_execution_ids: Those that it woke, at most a hundred.
        attempts: How often it was looked after since its publisher left it.
    """

    project_id: UUID
    id: str
    name: str
    data: bytes | None
    occur_time: datetime
    create_time: datetime
    handle_time: datetime | None = None
    started_execution_ids: Sequence[UUID] = ()
    woken_execution_ids: Sequence[UUID] = ()
    attempts: int = 0


async def insert(connection: Connection, project_id: UUID, news: Sequence[NewEvent]) -> list[Event]:
    """Publishes events, and returns those that were not there yet."""
    rows = await connection.fetch(
        INSERT,
        project_id,
        [each.id for each in news],
        [each.name for each in news],
        [text_of(each.data) for each in news],
        [each.occur_time for each in news],
    )
    return [event_of(row) for row in rows]


async def select(connection: Connection, project_id: UUID, ids: Sequence[str]) -> list[Event]:
    """Returns events by their ids."""
    return [event_of(row) for row in await connection.fetch(SELECT, project_id, ids)]


async def handled(
    connection: Connection, event: Event, *, started: Sequence[UUID], woken: Sequence[UUID]
) -> None:
    """Notes that all is done that an event brings about."""
    await connection.execute(HANDLED, event.project_id, event.id, started[:NAMED_MAX], woken[:NAMED_MAX])


async def take_unhandled(
    connection: SystemConnection, *, wait: timedelta, wait_max: timedelta, limit: int
) -> list[Event]:
    """Takes events that nobody has handled and whose time to be looked after has come.

    Args:
        connection: Over all projects.
        wait: Until the next look, after the first one; twice as long after each further one.
        wait_max: But no longer than this.
        limit: How many are taken.
    """
    return [event_of(row) for row in await connection.fetch(TAKE_UNHANDLED, limit, wait, wait_max)]


async def forgive(connection: Connection, event: Event) -> None:
    """Lets a look that came to nothing through no fault of the event not count."""
    await connection.execute(FORGIVE, event.project_id, event.id, event.attempts)


async def give_up(connection: Connection, event: Event) -> bool:
    """Handles an event no more; False if it was handled meanwhile."""
    return await connection.fetchval(GIVE_UP, event.project_id, event.id) is not None


async def select_page(
    connection: Connection,
    project_id: UUID,
    *,
    name: str,
    created_after: datetime | None,
    created_before: datetime | None,
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[Event]:
    """Returns events, newest first, beginning after one."""
    time, event_id = before or (None, "")
    rows = await connection.fetch(
        SELECT_PAGE, project_id, name, created_after, created_before, time, event_id, limit
    )
    return [event_of(row) for row in rows]


async def select_since(
    connection: Connection,
    project_id: UUID,
    name: str,
    *,
    since: datetime,
    life: timedelta,
    after: tuple[datetime, str],
    limit: int,
) -> list[Event]:
    """Returns events of a name in the order in which they came, beginning after one."""
    rows = await connection.fetch(SELECT_SINCE, project_id, name, since, life, *after, limit)
    return [event_of(row) for row in rows]


async def select_waiting(
    connection: Connection, project_id: UUID, name: str, *, after: tuple[UUID, str], limit: int
) -> list[Step]:
    """Returns the steps that wait for events of a name, by execution, beginning after one."""
    rows = await connection.fetch(SELECT_WAITING, project_id, name, *after, limit)
    return [step_of(row) for row in rows]


async def select_waiting_step(
    connection: Connection, project_id: UUID, execution_id: UUID, step_id: str
) -> Step | None:
    """Returns a step if it still waits for an event."""
    row = await connection.fetchrow(SELECT_WAITING_STEP, project_id, execution_id, step_id)
    return step_of(row) if row else None


async def select_taken(connection: Connection, project_id: UUID, execution_id: UUID, name: str) -> set[str]:
    """Returns the events of a name that steps of an execution have waited for and got."""
    rows = await connection.fetch(SELECT_TAKEN, project_id, execution_id, name)
    return {row["event_id"] for row in rows}


async def is_wanted(connection: Connection, project_id: UUID, name: str) -> bool:
    """Whether a workflow begins by events of a name, or a step waits for one."""
    return bool(await connection.fetchval(IS_WANTED, project_id, name))


async def expire(connection: SystemConnection, *, age: timedelta, limit: int) -> int:
    """Deletes events that are older, at most so many, and returns how many they were."""
    return len(await connection.fetch(EXPIRE, age, limit))


def event_of(row: asyncpg.Record) -> Event:
    """Makes an event from a row that has its columns."""
    data: str | None = row["data"]
    return Event(
        project_id=UUID(bytes=row["project_id"].bytes),
        id=row["id"],
        name=row["name"],
        data=None if data is None else data.encode(),
        occur_time=row["occur_time"],
        create_time=row["create_time"],
        handle_time=row["handle_time"],
        started_execution_ids=row["started_execution_ids"],
        woken_execution_ids=row["woken_execution_ids"],
        attempts=row["attempts"],
    )
