"""Triggers: what makes workflows begin by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from timeloom_platform.database import Connection
from timeloom_workflows.model import TriggerType

COLUMNS: Final = """
    project_id, workflow_id, number, type, enabled, expression, time_zone, definition, hook_id,
    hook_generation, next_fire_time, due_time, last_fire_time, problem
"""

SELECT_OF_WORKFLOW: Final = f"""
SELECT {COLUMNS} FROM triggers WHERE project_id = $1 AND workflow_id = $2 ORDER BY number
"""  # noqa: S608 - constants

DELETE: Final = """
DELETE FROM triggers WHERE project_id = $1 AND workflow_id = $2
"""

INSERT: Final = f"""
INSERT INTO triggers ({COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""  # noqa: S608 - constants

SELECT_BY_EVENTS: Final = f"""
SELECT {COLUMNS}
FROM unnest($2::text[]) AS wanted (name)
CROSS JOIN LATERAL (
    SELECT * FROM triggers AS t
    WHERE t.project_id = $1 AND t.expression = wanted.name AND t.type = 2 AND t.enabled
    ORDER BY t.workflow_id, t.number
    LIMIT $3
) AS found
"""  # noqa: S608 - constants

SELECT_BY_HOOK: Final = f"""
SELECT {COLUMNS} FROM triggers WHERE hook_id = $1
"""  # noqa: S608 - constants

SELECT_BY_NUMBER: Final = f"""
SELECT {COLUMNS} FROM triggers WHERE project_id = $1 AND workflow_id = $2 AND number = $3
"""  # noqa: S608 - constants

SELECT_PAGE: Final = f"""
SELECT {COLUMNS}
FROM triggers
WHERE project_id = $1 AND ($2 = '' OR workflow_id = $2) AND (workflow_id, number) > ($3, $4)
ORDER BY workflow_id, number
LIMIT $5
"""  # noqa: S608 - constants

ROTATE: Final = f"""
UPDATE triggers SET hook_generation = hook_generation + 1
WHERE project_id = $1 AND workflow_id = $2 AND number = $3 AND hook_id IS NOT NULL
RETURNING {COLUMNS}
"""  # noqa: S608 - constants

# Whoever has the row fires; the others find other rows.
TAKE_DUE: Final = f"""
SELECT {COLUMNS}, clock_timestamp() AS now
FROM triggers
WHERE due_time <= clock_timestamp()
ORDER BY due_time
LIMIT $1
FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608 - constants

SECONDS_UNTIL_DUE: Final = """
SELECT extract(epoch FROM due_time - clock_timestamp())::double precision
FROM triggers WHERE due_time IS NOT NULL ORDER BY due_time LIMIT 1
"""

FIRED: Final = """
UPDATE triggers SET next_fire_time = $4, due_time = $5, last_fire_time = coalesce($6, last_fire_time), problem
= $7 WHERE project_id = $1 AND workflow_id = $2 AND number = $3
"""

NOTE: Final = """
UPDATE triggers
SET problem = $4, last_fire_time = CASE WHEN $4 = '' THEN clock_timestamp() ELSE last_fire_time END
WHERE project_id = $1 AND workflow_id = $2 AND number = $3
"""


class Trigger(Struct, frozen=True, kw_only=True):
    """A trigger as its row has it.

    Attributes:
        number: Its place in the definition.
        expression: The name of an event, or the expression of a schedule.
        definition: As the workflow has it.
        hook_id: Of a webhook: what its address ends with.
        hook_generation: How often the webhook was given another secret.
        next_fire_time: The next time that a schedule means.
        due_time: When it fires for it.
        problem: Why it last did not fire; empty if it did.
    """

    project_id: UUID
    workflow_id: str
    number: int
    type: TriggerType
    enabled: bool
    expression: str
    time_zone: str
    definition: bytes
    hook_id: str | None = None
    hook_generation: int = 0
    next_fire_time: datetime | None = None
    due_time: datetime | None = None
    last_fire_time: datetime | None = None
    problem: str = ""


class DueTrigger(Struct, frozen=True):
    """A schedule whose time has come, and the database's time."""

    trigger: Trigger
    now: datetime


async def select_of_workflow(connection: Connection, project_id: UUID, workflow_id: str) -> list[Trigger]:
    """Returns the triggers of a workflow, in the order of its definition."""
    return [trigger_of(row) for row in await connection.fetch(SELECT_OF_WORKFLOW, project_id, workflow_id)]


async def replace_all(
    connection: Connection, project_id: UUID, workflow_id: str, triggers: Sequence[Trigger]
) -> None:
    """Writes the triggers of a workflow in place of those that it had."""
    await connection.execute(DELETE, project_id, workflow_id)
    for each in triggers:
        await connection.execute(
            INSERT,
            project_id,
            workflow_id,
            each.number,
            each.type,
            each.enabled,
            each.expression,
            each.time_zone,
            each.definition.decode(),
            each.hook_id,
            each.hook_generation,
            each.next_fire_time,
            each.due_time,
            each.last_fire_time,
            each.problem,
        )


async def select_by_events(
    connection: Connection, project_id: UUID, names: Sequence[str], *, limit: int
) -> list[Trigger]:
    """Returns what events of some names make begin, at most so many of each name."""
    return [trigger_of(row) for row in await connection.fetch(SELECT_BY_EVENTS, project_id, names, limit)]


async def select_by_hook(connection: Connection, hook_id: str) -> Trigger | None:
    """Returns the webhook of an id, over all projects: the caller has nothing else to show."""
    row = await connection.fetchrow(SELECT_BY_HOOK, hook_id)
    return trigger_of(row) if row else None


async def select_by_number(
    connection: Connection, project_id: UUID, workflow_id: str, number: int
) -> Trigger | None:
    """Returns a trigger of a workflow; None if it has none at this place."""
    row = await connection.fetchrow(SELECT_BY_NUMBER, project_id, workflow_id, number)
    return trigger_of(row) if row else None


async def select_page(
    connection: Connection, project_id: UUID, *, workflow_id: str, after: tuple[str, int], limit: int
) -> list[Trigger]:
    """Returns triggers by workflow and place, beginning after one."""
    rows = await connection.fetch(SELECT_PAGE, project_id, workflow_id, *after, limit)
    return [trigger_of(row) for row in rows]


async def rotate(connection: Connection, project_id: UUID, workflow_id: str, number: int) -> Trigger | None:
    """Gives a webhook another secret; None if there is no webhook at this place."""
    row = await connection.fetchrow(ROTATE, project_id, workflow_id, number)
    return trigger_of(row) if row else None


async def take_due(connection: Connection, *, limit: int) -> list[DueTrigger]:
    """Returns schedules whose time has come, which nobody else takes before the transaction ends."""
    rows = await connection.fetch(TAKE_DUE, limit)
    return [DueTrigger(trigger_of(row), row["now"]) for row in rows]


async def seconds_until_due(connection: Connection) -> float | None:
    """Returns how long it is until the next schedule fires; None if none does."""
    seconds: float | None = await connection.fetchval(SECONDS_UNTIL_DUE)
    return seconds


async def fired(
    connection: Connection,
    trigger: Trigger,
    *,
    next_fire_time: datetime,
    due_time: datetime,
    last_fire_time: datetime | None,
    problem: str,
) -> None:
    """Notes for what a schedule has fired, and when it does next."""
    await connection.execute(
        FIRED,
        trigger.project_id,
        trigger.workflow_id,
        trigger.number,
        next_fire_time,
        due_time,
        last_fire_time,
        problem,
    )


async def note(connection: Connection, trigger: Trigger, problem: str) -> None:
    """Notes that a trigger has fired, or why it has not."""
    await connection.execute(NOTE, trigger.project_id, trigger.workflow_id, trigger.number, problem)


def trigger_of(row: asyncpg.Record) -> Trigger:
    """Makes a trigger from a row that has its columns."""
    return Trigger(
        project_id=UUID(bytes=row["project_id"].bytes),
        workflow_id=row["workflow_id"],
        number=row["number"],
        type=TriggerType(row["type"]),
        enabled=row["enabled"],
        expression=row["expression"],
        time_zone=row["time_zone"],
        definition=row["definition"].encode(),
        hook_id=row["hook_id"],
        hook_generation=row["hook_generation"],
        next_fire_time=row["next_fire_time"],
        due_time=row["due_time"],
        last_fire_time=row["last_fire_time"],
        problem=row["problem"],
    )
