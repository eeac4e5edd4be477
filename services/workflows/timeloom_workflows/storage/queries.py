"""Reading executions, their steps and their history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from timeloom_platform.database import Connection
from timeloom_workflows.model import Execution, Failure, HistoryRecord, Step
from timeloom_workflows.storage.rows import (
    EXECUTION_COLUMNS,
    EXECUTION_COLUMNS_LIGHT,
    HISTORY_COLUMNS,
    STEP_COLUMNS,
    STEP_COLUMNS_LIGHT,
    execution_of,
    history_of,
    step_of,
)

SELECT: Final = f"SELECT {EXECUTION_COLUMNS} FROM executions WHERE project_id = $1 AND id = $2"  # noqa: S608
SELECT_LIGHT: Final = f"SELECT {EXECUTION_COLUMNS_LIGHT} FROM executions WHERE project_id = $1 AND id = $2"  # noqa: S608

SELECT_STEP: Final = f"""
SELECT {STEP_COLUMNS} FROM steps WHERE project_id = $1 AND execution_id = $2 AND id = $3
"""  # noqa: S608 - constants

# Lengths are known without reading the documents, which lie beside the table if they are large.
SELECT_STEPS_FITTING: Final = f"""
WITH measured AS (
    SELECT
        id,
        sum(
            coalesce(octet_length(input), 0) + coalesce(octet_length(output), 0)
            + coalesce(octet_length(error), 0) + coalesce(octet_length(progress), 0)
        ) OVER (ORDER BY place) AS document_bytes,
        place
    FROM unnest($3::text[]) WITH ORDINALITY AS wanted (id, place)
    JOIN steps USING (id)
    WHERE project_id = $1 AND execution_id = $2
)
SELECT {STEP_COLUMNS}
FROM measured
JOIN steps USING (id)
WHERE project_id = $1 AND execution_id = $2 AND (document_bytes <= $4 OR place = 1)
ORDER BY place
"""  # noqa: S608 - constants

SELECT_HISTORY: Final = f"""
SELECT {HISTORY_COLUMNS}
FROM history
WHERE project_id = $1 AND execution_id = $2 AND sequence > $3
ORDER BY sequence
LIMIT $4
"""  # noqa: S608 - constants

SELECT_STEPS_NAMED: Final = f"""
SELECT {STEP_COLUMNS_LIGHT}
FROM unnest($3::text[]) AS wanted (step_id)
CROSS JOIN LATERAL (
    SELECT * FROM steps WHERE project_id = $1 AND execution_id = $2 AND id = step_id LIMIT 1
) AS found
ORDER BY position, id
"""  # noqa: S608 - constants

_ORDERS: Final = {"createTime": "create_time", "endTime": "end_time", "priority": "priority"}


class ExecutionFilter(Struct, frozen=True, kw_only=True):
    """Which executions are wanted; what is empty does not restrict them."""

    workflow_ids: tuple[str, ...] = ()
    statuses: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    attributes: str = ""
    created_after: datetime | None = None
    created_before: datetime | None = None
    trigger: int = 0
    parent_id: UUID | None = None
    workflow_version: int = 0
    error_type: str = ""
    waiting_for: int = 0
    is_not_cancelling: bool = False


class ExecutionOrder(Struct, frozen=True, kw_only=True):
    """By what executions are ordered, then by id, and the direction of both."""

    field: str = "createTime"
    descending: bool = True

    @property
    def column(self) -> str:
        """The column of the field."""
        return _ORDERS[self.field]

    @staticmethod
    def is_known(field: str) -> bool:
        """Whether executions can be ordered by a field."""
        return field in _ORDERS


class StepFilter(Struct, frozen=True, kw_only=True):
    """Which steps of an execution are wanted; what is empty does not restrict them."""

    statuses: tuple[int, ...] = ()
    parent_id: str = ""


async def select(connection: Connection, project_id: UUID, execution_id: UUID) -> Execution | None:
    """Returns an execution; None if there is none."""
    row = await connection.fetchrow(SELECT, project_id, execution_id)
    return execution_of(row) if row else None


async def select_light(connection: Connection, project_id: UUID, execution_id: UUID) -> Execution | None:
    """Returns an execution without input and output; None if there is none."""
    row = await connection.fetchrow(SELECT_LIGHT, project_id, execution_id)
    return execution_of(row) if row else None


async def select_page(
    connection: Connection,
    project_id: UUID,
    *,
    wanted: ExecutionFilter,
    order: ExecutionOrder,
    after: tuple[object, UUID] | None,
    limit: int,
) -> list[Execution]:
    """Returns executions without inputs and outputs, beginning after a position: a value and an id."""
    where = _Conditions(project_id)
    _add_filter(where, wanted)
    column = order.column
    if column == "end_time":
        where.add("end_time IS NOT NULL")
    direction, comparison = ("DESC", "<") if order.descending else ("ASC", ">")
    if after:
        where.add(f"({column}, id) {comparison} ({{}}, {{}})", *after)
    # Only constants of this module and numbers of parameters are put together here.
    statement = f"""
        SELECT {EXECUTION_COLUMNS_LIGHT}
        FROM executions
        WHERE {where}
        ORDER BY {column} {direction}, id {direction}
        LIMIT {where.parameter(limit)}
    """  # noqa: S608 - see above
    return [execution_of(row) for row in await connection.fetch(statement, *where.arguments)]


async def select_ids(
    connection: Connection, project_id: UUID, *, wanted: ExecutionFilter, limit: int
) -> list[UUID]:
    """Returns the ids of executions, the oldest first."""
    where = _Conditions(project_id)
    _add_filter(where, wanted)
    statement = f"""
        SELECT id FROM executions WHERE {where} ORDER BY create_time, id LIMIT {where.parameter(limit)}
    """  # noqa: S608 - only constants and numbers of parameters
    return [row["id"] for row in await connection.fetch(statement, *where.arguments)]


async def select_step(
    connection: Connection, project_id: UUID, execution_id: UUID, step_id: str
) -> Step | None:
    """Returns a step with its documents; None if there is none."""
    row = await connection.fetchrow(SELECT_STEP, project_id, execution_id, step_id)
    return step_of(row) if row else None


async def select_steps(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    *,
    wanted: StepFilter,
    after: tuple[int, str] | None,
    limit: int,
) -> list[Step]:
    """Returns steps without inputs and outputs as they began, beginning after a position."""
    where = _Conditions(project_id)
    where.add("execution_id = {}", execution_id)
    if wanted.statuses:
        where.add("status = ANY({}::smallint[])", wanted.statuses)
    if wanted.parent_id:
        where.add("parent_id = {}", wanted.parent_id)
    if after:
        where.add("(position, id) > ({}, {})", *after)
    statement = f"""
        SELECT {STEP_COLUMNS_LIGHT}
        FROM steps
        WHERE {where}
        ORDER BY position, id
        LIMIT {where.parameter(limit)}
    """  # noqa: S608 - only constants and numbers of parameters
    return [step_of(row) for row in await connection.fetch(statement, *where.arguments)]


async def select_steps_fitting(
    connection: Connection, project_id: UUID, execution_id: UUID, step_ids: Sequence[str], *, bytes_max: int
) -> list[Step]:
    """Returns steps with their documents in this order, as many as fit, at least one."""
    rows = await connection.fetch(SELECT_STEPS_FITTING, project_id, execution_id, step_ids, bytes_max)
    return [step_of(row) for row in rows]


async def select_steps_named(
    connection: Connection, project_id: UUID, execution_id: UUID, step_ids: Sequence[str]
) -> list[Step]:
    """Returns those of the steps that there are, without inputs and outputs, as they began."""
    rows = await connection.fetch(SELECT_STEPS_NAMED, project_id, execution_id, step_ids)
    return [step_of(row) for row in rows]


async def select_history(
    connection: Connection, project_id: UUID, execution_id: UUID, *, after_sequence: int, limit: int
) -> list[HistoryRecord]:
    """Returns what happened after an entry, in order."""
    rows = await connection.fetch(SELECT_HISTORY, project_id, execution_id, after_sequence, limit)
    return [history_of(row) for row in rows]


class _Conditions:
    """The conditions of a statement, and their arguments."""

    def __init__(self, project_id: UUID) -> None:
        self.arguments: list[object] = [project_id]
        self._conditions = ["project_id = $1"]

    def add(self, condition: str, *values: object) -> None:
        """Adds a condition with a pair of braces for each value."""
        self._conditions.append(condition.format(*map(self.parameter, values)))

    def parameter(self, value: object) -> str:
        """Adds an argument, and returns its parameter."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def __str__(self) -> str:
        return " AND ".join(self._conditions)


def _beginning_of_error(error_type: str) -> str:
    """Errors are written with their class first."""
    return msgspec.json.encode(Failure(type=error_type)).decode().removesuffix("}") if error_type else ""


def _add_filter(where: _Conditions, wanted: ExecutionFilter) -> None:
    for condition, value in (
        ("workflow_id = ANY({}::text[])", wanted.workflow_ids),
        ("status = ANY({}::smallint[])", wanted.statuses),
        ("tags <> '{{}}' AND tags @> {}::text[]", wanted.tags),
        ("attributes @> {}::jsonb", wanted.attributes),
        ("create_time >= {}", wanted.created_after),
        ("create_time < {}", wanted.created_before),
        ("trigger = {}", wanted.trigger),
        ("parent_id = {}", wanted.parent_id),
        ("workflow_version = {}", wanted.workflow_version),
        ("starts_with(error, {})", _beginning_of_error(wanted.error_type)),
        ("waiting_for = {} AND status < 4", wanted.waiting_for),
    ):
        if value:
            where.add(condition, value)
    if wanted.is_not_cancelling:
        where.add("NOT cancelling")
