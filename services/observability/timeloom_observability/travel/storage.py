"""Which traces are to become executions, and what they consist of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_observability.ids import first_id
from timeloom_observability.model import (
    EPOCH,
    Cost,
    CostSource,
    Event,
    EventKind,
    EventStatus,
    EventType,
    TokenUsage,
)
from timeloom_observability.travel.model import Projection, Told
from timeloom_platform.database import Connection

SPANS_MAX: Final = 20_000
"""Spans of a trace that are looked at, the first ones."""

CONTENT_BYTES_MAX: Final = 32 * 1024 * 1024
"""What went in and came out of the spans of one trace; of those after that, it is left out."""

_MICROSECOND: Final = timedelta(microseconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_INSTRUCTIONS: Final = "gen_ai.system_instructions"

# A trace that names an execution of its own is recorded there already.
MARK: Final = """
INSERT INTO projections AS kept (project_id, trace_id, token, attempts, due_time)
SELECT $1, traces.id, gen_random_uuid(), 0, clock_timestamp() + $4::interval
FROM unnest($2::bytea [], $3::uuid []) AS arrived (trace_id, execution_id)
JOIN traces ON traces.project_id = $1 AND traces.id = arrived.trace_id
WHERE
    traces.has_agent
    AND traces.root_span_id IS NOT NULL
    AND (traces.execution_id IS NULL OR traces.execution_id = arrived.execution_id)
ORDER BY traces.id
ON CONFLICT (project_id, trace_id) DO UPDATE SET
    token = excluded.token,
    attempts = 0,
    due_time = excluded.due_time
"""

TAKE: Final = """
UPDATE projections
SET due_time = clock_timestamp() + $2::interval, attempts = attempts + 1
WHERE (project_id, trace_id) IN (
    SELECT project_id, trace_id
    FROM projections
    WHERE due_time <= clock_timestamp()
    ORDER BY due_time
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
RETURNING project_id, trace_id, token, attempts
"""

SELECT_WAIT: Final = "SELECT min(due_time) - clock_timestamp() FROM projections"

DELAY: Final = """
UPDATE projections
SET due_time = clock_timestamp() + $4::interval
WHERE project_id = $1 AND trace_id = $2 AND token = $3
"""

FINISH: Final = "DELETE FROM projections WHERE project_id = $1 AND trace_id = $2 AND token = $3"

LINK: Final = """
UPDATE traces SET execution_id = $3
WHERE project_id = $1 AND id = $2 AND execution_id IS NULL
"""

SELECT_TRACE: Final = """
SELECT
    name, root_span_id, execution_id, session_id, agent_id, models, service_names, tags, start_time, end_time
FROM traces
WHERE project_id = $1 AND id = $2
"""

# The size of a text is known without reading it.
SELECT_SPANS: Final = f"""
SELECT
    id, span_id, parent_span_id, kind, status, name, message, error_type, start_time, duration_ns, agent_id,
    model, tool_name, input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens,
    reasoning_tokens, cost, cost_source,
    CASE WHEN content_bytes <= $6 THEN input END AS input,
    CASE WHEN content_bytes <= $6 THEN output END AS output,
    attributes -> '{_INSTRUCTIONS}' AS instructions
FROM (
    SELECT
        *,
        sum(coalesce(octet_length(input), 0) + coalesce(octet_length(output), 0)) OVER (ORDER BY id)
            AS content_bytes
    FROM events
    WHERE project_id = $1 AND trace_id = $2 AND type = 1 AND id >= $3 AND id < $4
    ORDER BY id
    LIMIT $5
) AS spans
ORDER BY id
"""


async def mark(
    connection: Connection, project_id: UUID, executions: Mapping[str, UUID], *, quiet: timedelta
) -> None:
    """Notes those of some traces, of which something has arrived, that are to become executions.

    Args:
        connection: In the transaction of the arrival.
        project_id: Whose they are.
        executions: By the ids of the traces, those of the executions that they would become.
        quiet: For so long nothing must come before it is done.
    """
    trace_ids = [bytes.fromhex(each) for each in executions]
    await connection.execute(MARK, project_id, trace_ids, list(executions.values()), quiet)


async def take(connection: Connection, *, limit: int, lease: timedelta) -> list[Projection]:
    """Takes on some of what is due in all projects; others leave it alone until the lease is over."""
    return [
        Projection(
            project_id=row["project_id"],
            trace_id=row["trace_id"].hex(),
            token=row["token"],
            attempts=row["attempts"],
        )
        for row in await connection.fetch(TAKE, limit, lease)
    ]


async def wait_of(connection: Connection) -> timedelta | None:
    """Returns how long it is until something is due in any project; None if nothing waits."""
    wait: timedelta | None = await connection.fetchval(SELECT_WAIT)
    return wait


async def delay(connection: Connection, projection: Projection, wait: timedelta) -> None:
    """Puts off what could not be done, unless more has arrived."""
    trace_id = bytes.fromhex(projection.trace_id)
    await connection.execute(DELAY, projection.project_id, trace_id, projection.token, wait)


async def finish(connection: Connection, projection: Projection, execution_id: UUID | None) -> None:
    """Notes that a trace is the execution that it is to be, or will be none; more that has arrived counts."""
    trace_id = bytes.fromhex(projection.trace_id)
    if execution_id is not None:
        await connection.execute(LINK, projection.project_id, trace_id, execution_id)
    await connection.execute(FINISH, projection.project_id, trace_id, projection.token)


async def select_trace(connection: Connection, project_id: UUID, trace_id: str) -> Told | None:
    """Returns a trace with its spans; None if it is gone."""
    key = bytes.fromhex(trace_id)
    row = await connection.fetchrow(SELECT_TRACE, project_id, key)
    if row is None:
        return None
    spans = await connection.fetch(
        SELECT_SPANS,
        project_id,
        key,
        first_id(row["start_time"]),
        first_id(row["end_time"] + _MILLISECOND),
        SPANS_MAX,
        CONTENT_BYTES_MAX,
    )
    return Told(
        id=trace_id,
        name=row["name"],
        root_span_id=(row["root_span_id"] or b"").hex(),
        execution_id=row["execution_id"],
        session_id=row["session_id"],
        agent_id=row["agent_id"],
        models=row["models"],
        service_names=row["service_names"],
        tags=row["tags"],
        spans=[_span(trace_id, span) for span in spans],
    )


def _span(trace_id: str, row: asyncpg.Record) -> Event:
    instructions = row["instructions"]
    return Event(
        id=row["id"],
        type=EventType.SPAN,
        kind=EventKind(row["kind"]),
        name=row["name"],
        status=EventStatus(row["status"]),
        message=row["message"],
        error_type=row["error_type"],
        trace_id=trace_id,
        span_id=row["span_id"].hex(),
        parent_span_id=(row["parent_span_id"] or b"").hex(),
        start_ns=_ns(row["start_time"]),
        duration_ns=row["duration_ns"],
        agent_id=row["agent_id"],
        model=row["model"],
        tool_name=row["tool_name"],
        usage=_usage(row),
        cost=_cost(row),
        input=_document(row["input"]),
        output=_document(row["output"]),
        attributes=f'{{"{_INSTRUCTIONS}":{instructions}}}'.encode() if instructions else b"{}",
    )


def _usage(row: asyncpg.Record) -> TokenUsage | None:
    if row["input_tokens"] is None:
        return None
    return TokenUsage(
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        total_tokens=row["total_tokens"],
        cache_read_tokens=row["cache_read_tokens"],
        cache_write_tokens=row["cache_write_tokens"],
        reasoning_tokens=row["reasoning_tokens"],
    )


def _cost(row: asyncpg.Record) -> Cost | None:
    return None if row["cost"] is None else Cost(total=row["cost"], source=CostSource(row["cost_source"]))


def _document(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _ns(time: datetime) -> int:
    return (time - EPOCH) // _MICROSECOND * 1_000
