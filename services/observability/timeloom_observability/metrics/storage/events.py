"""What events themselves come to, where rows of metrics cannot tell it.

Statements are put together from pieces of this module alone; what callers send are parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import asyncpg

from timeloom_observability.filtering import Conditions
from timeloom_observability.metrics.dimensions import NUMBERS
from timeloom_observability.sketches import LOG_GAMMA
from timeloom_platform.database import Connection

COUNT_EVENTS: Final = "SELECT count(*) FROM (SELECT FROM events WHERE {where} LIMIT {limit}) AS found"

COUNT_EVENTS_BY_GROUP: Final = """
SELECT {columns}, count(*) AS count
FROM events
WHERE {where}
GROUP BY {columns}
ORDER BY count DESC, {columns}
LIMIT {limit}
"""

_SUMS: Final = """
    count(*) AS count,
    count(*) FILTER (WHERE events.status = 2) AS error_count,
    sum(events.duration_ns::float8) AS duration_ns_sum,
    max(events.duration_ns) AS duration_ns_max,
    coalesce(sum(events.input_tokens), 0)::bigint AS input_tokens,
    coalesce(sum(events.output_tokens), 0)::bigint AS output_tokens,
    coalesce(sum(events.total_tokens), 0)::bigint AS total_tokens,
    coalesce(sum(events.cost), 0) AS cost
"""

SUM_EVENTS: Final = (
    """
SELECT
    {position} AS position,
    {time} AS time,
    count(*) FILTER (WHERE events.type NOT IN (2, 3)) AS timed_count,
    {quantiles} AS quantiles,
"""
    + _SUMS
    + """
FROM events
{groups}
WHERE {where}
GROUP BY 1, 2
"""
)

BUCKET: Final = f"""
    CASE
        WHEN events.type IN (2, 3) THEN NULL
        WHEN events.duration_ns < 1 THEN -1
        ELSE ceil(ln(events.duration_ns::float8) / {LOG_GAMMA!r})::integer
    END
"""

SKETCH_EVENTS: Final = (
    """
SELECT
    position,
    time,
    sum(count)::bigint AS count,
    sum(error_count)::bigint AS error_count,
    sum(duration_ns_sum) AS duration_ns_sum,
    max(duration_ns_max) AS duration_ns_max,
    sum(input_tokens)::bigint AS input_tokens,
    sum(output_tokens)::bigint AS output_tokens,
    sum(total_tokens)::bigint AS total_tokens,
    sum(cost) AS cost,
    array_agg(bucket) FILTER (WHERE bucket IS NOT NULL) AS buckets,
    array_agg(count) FILTER (WHERE bucket IS NOT NULL) AS counts
FROM (
    SELECT
        {position} AS position,
        {time} AS time,
        {bucket} AS bucket,
"""
    + _SUMS
    + """
    FROM events
    {groups}
    WHERE {where}
    GROUP BY 1, 2, 3
) AS by_bucket
GROUP BY 1, 2
"""
)

# As if they were series with rows of their own.
COUNT_EVENTS_BY_SERIES: Final = """
SELECT
    type,
    kind,
    status,
    severity,
    name,
    error_type,
    agent_id,
    model,
    provider,
    tool_name,
    service_name,
    bucket,
    count(*) AS count
FROM (
    SELECT
        events.type,
        events.kind,
        events.status,
        events.severity,
        events.name,
        events.error_type,
        events.agent_id,
        events.model,
        events.provider,
        events.tool_name,
        events.service_name,
        {bucket} AS bucket
    FROM events
    WHERE {where}
    ORDER BY events.id DESC
    LIMIT {limit}
) AS newest
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
"""


async def count_events(connection: Connection, conditions: Conditions, *, limit: int) -> int:
    """Returns how many events conditions mean, but no more than a limit."""
    statement = COUNT_EVENTS.format(where=conditions.where, limit=int(limit))
    return int(await connection.fetchval(statement, *conditions.arguments))


async def top_groups(
    connection: Connection, conditions: Conditions, group_by: Sequence[str], *, limit: int
) -> list[tuple[Any, ...]]:
    """Returns the values of the groups of most events."""
    columns = ", ".join(f"events.{column}" for column in group_by)
    statement = COUNT_EVENTS_BY_GROUP.format(columns=columns, where=conditions.where, limit=int(limit))
    rows = await connection.fetch(statement, *conditions.arguments)
    return [tuple(row[column] for column in group_by) for row in rows]


async def sum_by_group(
    connection: Connection,
    conditions: Conditions,
    *,
    group_by: Sequence[str],
    groups: Sequence[tuple[Any, ...]],
    step_seconds: int,
    shares: Sequence[float] | None,
) -> Sequence[asyncpg.Record]:
    """Returns what events come to within each step, by the position of their group.

    Args:
        connection: In a transaction of the project.
        conditions: Which events; parameters are added.
        group_by: Columns.
        groups: Their values, by position; what belongs to none of them has the one after the last.
        step_seconds: Zero for the whole time.
        shares: The quantiles that are wanted, exactly; None for sketches.
    """
    time = "NULL::timestamptz"
    if step_seconds:
        step = conditions.argument(timedelta(seconds=step_seconds))
        time = f"date_bin({step}::interval, events.start_time, 'epoch')"
    joined = _joined(conditions, group_by, groups) if group_by and groups else ""
    position = f"coalesce(wanted.position - 1, {len(groups)})::integer" if joined else "0"
    pieces = {"position": position, "time": time, "groups": joined, "where": conditions.where}
    if shares is None:
        statement = SKETCH_EVENTS.format(**pieces, bucket=BUCKET)
    else:
        quantiles = _quantiles(conditions, shares) if shares else "NULL"
        statement = SUM_EVENTS.format(**pieces, quantiles=quantiles)
    return await connection.fetch(statement, *conditions.arguments)


async def count_by_series(
    connection: Connection, conditions: Conditions, *, limit: int
) -> Sequence[asyncpg.Record]:
    """Returns the newest events as counts by what series are told apart by, and by buckets of durations."""
    statement = COUNT_EVENTS_BY_SERIES.format(bucket=BUCKET, where=conditions.where, limit=int(limit))
    return await connection.fetch(statement, *conditions.arguments)


def _quantiles(conditions: Conditions, shares: Sequence[float]) -> str:
    wanted = conditions.argument(list(shares))
    return (
        f"percentile_cont({wanted}::float8 []) WITHIN GROUP (ORDER BY events.duration_ns)"
        " FILTER (WHERE events.type NOT IN (2, 3))"
    )


def _joined(conditions: Conditions, group_by: Sequence[str], groups: Sequence[tuple[Any, ...]]) -> str:
    """Returns the join with the values of groups, numbered from 1 on."""
    arrays = [
        conditions.argument([group[index] for group in groups])
        + ("::smallint []" if column in NUMBERS else "::text []")
        for index, column in enumerate(group_by)
    ]
    names = ", ".join(f"value_{index}" for index in range(len(group_by)))
    equal = " AND ".join(f"wanted.value_{index} = events.{column}" for index, column in enumerate(group_by))
    return f"LEFT JOIN unnest({', '.join(arrays)}) WITH ORDINALITY AS wanted ({names}, position) ON {equal}"
