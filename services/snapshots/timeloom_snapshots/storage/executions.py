"""Executions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from timeloom_platform.database import Connection
from timeloom_snapshots import limits
from timeloom_snapshots.model import Execution, ExecutionError, ExecutionStatus

COLUMNS: Final = """
    id, agent_id, session_id, name, status, head_sequence, snapshot_count, trace_id, tags, input, output,
    error, metadata, forked_from_execution_id, forked_from_sequence, shared_count,
    create_time, update_time, end_time
"""

INSERT: Final = f"""
INSERT INTO executions (
    project_id, id, agent_id, session_id, name, status, trace_id, tags, input, metadata,
    create_time, update_time
)
VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, coalesce($10, now()), now())
ON CONFLICT (project_id, id) DO NOTHING
RETURNING {COLUMNS}
"""  # noqa: S608 - a constant

SELECT: Final = f"""
SELECT {COLUMNS} FROM executions WHERE project_id = $1 AND id = $2 AND delete_time IS NULL
"""  # noqa: S608 - a constant

# Forks and verifications of the execution do not wait for it, and recording does.
SELECT_LOCKED: Final = f"{SELECT} FOR NO KEY UPDATE"

# Recording does not wait for it, and deleting does.
SELECT_KEPT: Final = f"{SELECT} FOR KEY SHARE"

UPDATE: Final = f"""
UPDATE executions
SET
    name = $3,
    session_id = $4,
    tags = $5,
    metadata = $6,
    trace_id = $7,
    update_time = greatest(update_time, now())
WHERE project_id = $1 AND id = $2
RETURNING {COLUMNS}
"""  # noqa: S608 - a constant

COMPLETE: Final = f"""
UPDATE executions
SET
    status = $3,
    output = $4,
    error = $5,
    end_time = coalesce($6, now()),
    update_time = greatest(update_time, now())
WHERE project_id = $1 AND id = $2
RETURNING {COLUMNS}
"""  # noqa: S608 - a constant

# Lengths are known without reading the documents, which lie beside the table if they are large.
_SELECT_MANY: Final = """
WITH measured AS (
    SELECT
        id,
        place,
        sum({size}) OVER (ORDER BY place) AS document_bytes
    FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (id, place)
    JOIN executions USING (id)
    WHERE project_id = $1
)
SELECT {columns}
FROM measured
JOIN executions USING (id)
WHERE project_id = $1 AND (document_bytes <= $3 OR place = 1)
ORDER BY place
"""
_EDITED_BYTES: Final = "coalesce(octet_length(error), 0) + coalesce(octet_length(metadata), 0)"

SELECT_MANY: Final = _SELECT_MANY.format(
    columns=COLUMNS,
    size=f"coalesce(octet_length(input), 0) + coalesce(octet_length(output), 0) + {_EDITED_BYTES}",
)

# Inputs and outputs are not even read. The etag is made of the metadata, too.
SELECT_MANY_BARE: Final = _SELECT_MANY.format(
    columns=COLUMNS.replace("input, output", "NULL AS input, NULL AS output"), size=_EDITED_BYTES
)

NAME_ORDER_LENGTH: Final = 100
"""By so many characters of their names executions are ordered."""

_ORDERS: Final = {
    "create_time": "create_time",
    "update_time": "update_time",
    "name": f"left(name, {NAME_ORDER_LENGTH})",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """Which executions are wanted; what is empty does not restrict them."""

    agent_id: str = ""
    session_id: str = ""
    statuses: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    name_contains: str = ""
    created_after: datetime | None = None
    created_before: datetime | None = None
    agent_ids: tuple[str, ...] = ()
    duration_ms_min: float = 0.0
    duration_ms_max: float = 0.0


DURATION_MS: Final = "extract(epoch FROM end_time - create_time) * 1000"
"""How long an execution took; null while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionOrder:
    """The column by which executions are ordered, then by id, and the direction of both."""

    column: str = "create_time"
    descending: bool = True

    @classmethod
    def parse(cls, order_by: str) -> ExecutionOrder:
        """Reads what the contract allows; newest first if it is empty."""
        column, _, direction = (order_by or "create_time desc").partition(" ")
        return cls(column=column, descending=direction == "desc")


async def insert(
    connection: Connection, project_id: UUID, execution: Execution, *, create_time: datetime | None
) -> Execution | None:
    """Inserts an execution that runs since a time, or since now; None if its id is taken."""
    row = await connection.fetchrow(
        INSERT,
        project_id,
        execution.id,
        execution.agent_id,
        execution.session_id,
        execution.name,
        execution.trace_id,
        execution.tags,
        execution.input,
        execution.metadata,
        create_time,
    )
    return execution_of(row) if row else None


async def select(connection: Connection, project_id: UUID, execution_id: UUID) -> Execution | None:
    """Returns an execution; None if there is none."""
    row = await connection.fetchrow(SELECT, project_id, execution_id)
    return execution_of(row) if row else None


async def lock(connection: Connection, project_id: UUID, execution_id: UUID) -> Execution | None:
    """Returns an execution that nobody else changes before the transaction ends; None if there is none."""
    row = await connection.fetchrow(SELECT_LOCKED, project_id, execution_id)
    return execution_of(row) if row else None


async def keep(connection: Connection, project_id: UUID, execution_id: UUID) -> Execution | None:
    """Returns an execution that nobody deletes before the transaction ends; None if there is none."""
    row = await connection.fetchrow(SELECT_KEPT, project_id, execution_id)
    return execution_of(row) if row else None


async def update(connection: Connection, project_id: UUID, execution: Execution) -> Execution:
    """Writes the fields that a caller may edit."""
    row = await connection.fetchrow(
        UPDATE,
        project_id,
        execution.id,
        execution.name,
        execution.session_id,
        execution.tags,
        execution.metadata,
        execution.trace_id,
    )
    assert row is not None, "the row is locked"
    return execution_of(row)


async def complete(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    *,
    status: ExecutionStatus,
    output: str | None,
    error: ExecutionError | None,
    end_time: datetime | None,
) -> Execution:
    """Writes how an execution ended, and when, which is now if no time is given."""
    encoded = None if error is None else msgspec.json.encode(error).decode()
    row = await connection.fetchrow(COMPLETE, project_id, execution_id, status, output, encoded, end_time)
    assert row is not None, "the row is locked"
    return execution_of(row)


async def select_ids(
    connection: Connection,
    project_id: UUID,
    *,
    wanted: ExecutionFilter,
    order: ExecutionOrder,
    after: tuple[object, UUID] | None,
    limit: int,
) -> list[UUID]:
    """Returns the ids of executions in order, beginning after a position: an ordering value and an id."""
    conditions: list[str] = ["project_id = $1", "delete_time IS NULL"]
    arguments: list[object] = [project_id]

    def add(condition: str, *values: object) -> None:
        places = [f"${len(arguments) + index + 1}" for index in range(len(values))]
        conditions.append(condition.format(*places))
        arguments.extend(values)

    for condition, value in (
        ("agent_id = {}", wanted.agent_id),
        ("session_id = {}", wanted.session_id),
        ("status = ANY({}::smallint[])", wanted.statuses),
        ("tags @> {}::text[]", wanted.tags),
        ("strpos(lower(name), lower({})) > 0", wanted.name_contains),
        ("create_time >= {}", wanted.created_after),
        ("create_time < {}", wanted.created_before),
        ("agent_id = ANY({}::text[])", wanted.agent_ids),
        (f"{DURATION_MS} >= {{}}::float8", wanted.duration_ms_min),
        (f"{DURATION_MS} < {{}}::float8", wanted.duration_ms_max),
    ):
        if value:
            add(condition, value)
    column = _ORDERS[order.column]
    direction, comparison = ("DESC", "<") if order.descending else ("ASC", ">")
    if after:
        add(f"({column}, id) {comparison} ({{}}, {{}})", *after)
    arguments.append(limit)
    # Only constants of this module and numbers of parameters are put together here.
    statement = f"""
        SELECT id
        FROM executions
        WHERE {" AND ".join(conditions)}
        ORDER BY {column} {direction}, id {direction}
        LIMIT ${len(arguments)}
    """  # noqa: S608 - see above
    return [UUID(bytes=row["id"].bytes) for row in await connection.fetch(statement, *arguments)]


async def select_many(
    connection: Connection, project_id: UUID, ids: Sequence[UUID], *, with_documents: bool = True
) -> list[Execution]:
    """Returns executions in the order of their ids, as many as a page takes, at least one."""
    statement = SELECT_MANY if with_documents else SELECT_MANY_BARE
    rows = await connection.fetch(statement, project_id, ids, limits.PAGE_BYTES_MAX)
    return [execution_of(row) for row in rows]


def execution_of(row: asyncpg.Record) -> Execution:
    """Makes an execution from a row that has its columns."""
    values = dict(row)
    values["status"] = ExecutionStatus(row["status"])
    values["tags"] = tuple(row["tags"])
    values["error"] = msgspec.json.decode(row["error"], type=ExecutionError) if row["error"] else None
    return Execution(**values)
