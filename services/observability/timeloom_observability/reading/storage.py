"""The statements that read events, traces and sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg

from timeloom_observability.filtering import Conditions
from timeloom_observability.showing import LISTED, WHOLE
from timeloom_observability.storage.ingest import TRACE_COLUMNS
from timeloom_platform.database import Connection

Row: TypeAlias = asyncpg.Record

_TRACE: Final = ", ".join(f"traces.{name}" for name in TRACE_COLUMNS)

MOMENTS_MAX: Final = 100
"""So many moments of a span are told with its trace, from the first on."""

POSITIONS: Final = {
    "duration": "{table}.duration_ns",
    "cost": "coalesce({table}.cost, -1)",
    "tokens": "coalesce({table}.total_tokens, -1)",
}
"""What lists are ordered by besides time; what is not known comes last."""

SELECT_EVENT: Final = f"""
SELECT {WHOLE}
FROM events
LEFT JOIN resources ON resources.project_id = $1 AND resources.id = events.resource_id
WHERE events.project_id = $1 AND events.id = $2
"""

# The bounds leave partitions out. For thousands of ids as `ANY` PostgreSQL would plan longer than it looks.
SELECT_EVENTS_BY_IDS: Final = f"""
SELECT {LISTED}
FROM unnest($2::uuid []) AS wanted (id)
JOIN events ON events.id = wanted.id
WHERE events.project_id = $1 AND events.id >= $3 AND events.id <= $4
"""

SELECT_TRACE: Final = f"""
SELECT {_TRACE} FROM traces WHERE project_id = $1 AND id = $2
"""

SELECT_TRACES_BY_IDS: Final = f"""
SELECT {_TRACE} FROM traces WHERE project_id = $1 AND id = ANY ($2::bytea [])
"""

# In the order of their ids, which is that of their beginning: of too many, the first are put in order.
SELECT_TREE: Final = """
SELECT id, span_id, parent_span_id, start_time, duration_ns, receive_time
FROM events
WHERE
    project_id = $1 AND trace_id = $2 AND type = 1 AND id >= $3 AND id < $4
    AND ($5::timestamptz IS NULL OR receive_time <= $5)
ORDER BY id
LIMIT $6
"""

SELECT_MOMENTS: Final = f"""
SELECT {LISTED}
FROM (
    SELECT events.*, row_number() OVER (PARTITION BY span_id ORDER BY id) AS number
    FROM events
    WHERE
        project_id = $1 AND trace_id = $2 AND type <> 1 AND id >= $3 AND id < $4
        AND span_id = ANY ($5::bytea [])
) AS events
WHERE number <= {MOMENTS_MAX}
ORDER BY events.id
"""

_SESSION: Final = """
SELECT sessions.id, sessions.user_id, sessions.start_time, sessions.last_time, sums.*
FROM ({found}) AS sessions
CROSS JOIN LATERAL (
    SELECT
        count(*) AS trace_count,
        count(*) FILTER (
            WHERE root_status = 2 OR (root_span_id IS NULL AND error_count > 0)
        ) AS error_count,
        (array_agg(DISTINCT agent_id) FILTER (WHERE agent_id <> '')) [:20] AS agent_ids,
        sum(input_tokens)::bigint AS input_tokens,
        sum(output_tokens)::bigint AS output_tokens,
        sum(total_tokens)::bigint AS total_tokens,
        sum(cache_read_tokens)::bigint AS cache_read_tokens,
        sum(cache_write_tokens)::bigint AS cache_write_tokens,
        sum(reasoning_tokens)::bigint AS reasoning_tokens,
        sum(cost) AS cost
    FROM traces
    WHERE traces.project_id = $1 AND traces.session_id = sessions.id AND traces.session_id <> ''
) AS sums
ORDER BY sessions.last_time DESC, sessions.id DESC
"""

SELECT_SESSION: Final = _SESSION.format(found="SELECT * FROM sessions WHERE project_id = $1 AND id = $2")

SELECT_STATS: Final = """
SELECT
    coalesce((
        SELECT sum(count) FROM metric_rows WHERE project_id = $1 AND resolution = 86400
    ), 0)::bigint + coalesce((
        SELECT sum(count) FROM metric_deltas WHERE project_id = $1
    ), 0)::bigint AS event_count,
    (SELECT count(*) FROM traces WHERE project_id = $1) AS trace_count,
    (SELECT start_time FROM events WHERE project_id = $1 ORDER BY id LIMIT 1) AS oldest_time,
    (SELECT start_time FROM events WHERE project_id = $1 ORDER BY id DESC LIMIT 1) AS newest_time,
    (
        SELECT coalesce(sum(cardinality(event_ids)), 0) FROM event_arrivals WHERE project_id = $1
    )::bigint AS unindexed_count,
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM event_meanings AS meanings
            JOIN event_meaning_uses AS uses ON uses.project_id = $1 AND uses.meaning_id = meanings.id
            WHERE meanings.project_id = $1 AND meanings.model = ''
            LIMIT $2
        ) AS waiting
    ) AS unembedded_count
"""

# Of all projects, as PostgreSQL last counted the rows.
SELECT_SIZE: Final = """
SELECT
    coalesce(sum(pg_total_relation_size(tables.oid)), 0)::bigint AS stored_bytes,
    coalesce(sum(tables.reltuples) FILTER (
        WHERE tables.relispartition AND tables.relname LIKE 'events%' AND tables.reltuples > 0
    ), 0)::bigint AS row_count
FROM pg_class AS tables
WHERE tables.relnamespace = current_schema()::regnamespace AND tables.relkind = 'r'
"""


async def select_events(
    connection: Connection, conditions: Conditions, *, order: str, limit: int
) -> Sequence[Row]:
    """Returns the first events that meet conditions.

    Args:
        connection: In a transaction of the project.
        conditions: On `events`.
        order: `ASC` or `DESC`, by their ids.
        limit: At most so many.
    """
    statement = f"""
    SELECT {LISTED} FROM events WHERE {conditions.where} ORDER BY events.id {order} LIMIT {limit:d}
    """
    return await connection.fetch(statement, *conditions.arguments)


async def select_ordered(
    connection: Connection,
    conditions: Conditions,
    *,
    table: str,
    newest: str,
    by: str,
    after: tuple[object, object] | None,
    candidates: int,
    limit: int,
) -> Sequence[Row]:
    """Returns ids and positions of what comes first by something else than time.

    Args:
        connection: In a transaction of the project.
        conditions: On the table.
        table: `events` or `traces`.
        newest: By what the newest come first.
        by: One of `POSITIONS`.
        after: The position and the id after which to begin.
        candidates: Of the newest that meet the conditions, so many are put in order.
        limit: At most so many are returned.
    """
    position = POSITIONS[by].format(table=table)
    statement = f"""
    SELECT found.id, found.position
    FROM (
        SELECT {table}.id, {position} AS position
        FROM {table}
        WHERE {conditions.where}
        ORDER BY {newest}
        LIMIT {candidates:d}
    ) AS found
    """
    if after is not None:
        value, identifier = (conditions.argument(each) for each in after)
        statement += f" WHERE (found.position, found.id) < ({value}, {identifier})"
    statement += f" ORDER BY found.position DESC, found.id DESC LIMIT {limit:d}"
    return await connection.fetch(statement, *conditions.arguments)


async def select_events_by_ids(
    connection: Connection, project_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, Row]:
    """Returns those events of these ids that are there."""
    if not ids:
        return {}
    rows = await connection.fetch(SELECT_EVENTS_BY_IDS, project_id, list(ids), min(ids), max(ids))
    return {row["id"]: row for row in rows}


async def select_traces_by_ids(
    connection: Connection, project_id: UUID, ids: Sequence[bytes]
) -> dict[bytes, Row]:
    """Returns those traces of these ids that are there."""
    return {row["id"]: row for row in await connection.fetch(SELECT_TRACES_BY_IDS, project_id, list(ids))}


async def select_traces(
    connection: Connection, conditions: Conditions, *, order: str, limit: int
) -> Sequence[Row]:
    """Returns the first traces that meet conditions, by the time of their beginning."""
    statement = f"""
    SELECT {_TRACE} FROM traces
    WHERE {conditions.where}
    ORDER BY traces.start_time {order}, traces.id {order}
    LIMIT {limit:d}
    """
    return await connection.fetch(statement, *conditions.arguments)


async def select_sessions(connection: Connection, conditions: Conditions, *, limit: int) -> Sequence[Row]:
    """Returns the sessions that went on last and meet conditions, with what their traces come to."""
    found = f"""
    SELECT * FROM sessions
    WHERE {conditions.where}
    ORDER BY sessions.last_time DESC, sessions.id DESC
    LIMIT {limit:d}
    """
    return await connection.fetch(_SESSION.format(found=found), *conditions.arguments)
