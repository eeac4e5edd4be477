"""Sums of rows of metrics, by series and by groups of them.

Statements are put together from pieces of this module alone; what callers send are parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from timeloom.observability.v1.observability_pb2 import EventFilter
from timeloom_observability.filtering import Conditions
from timeloom_observability.metrics.covering import Cover
from timeloom_observability.metrics.dimensions import COLUMNS, NUMBERS
from timeloom_observability.model import EPOCH
from timeloom_platform.database import Connection

FIRST_TIME: Final = """
SELECT
    least(
        (SELECT min(time) FROM metric_rows WHERE project_id = $1 AND resolution = 86400),
        (SELECT min(time) FROM metric_deltas WHERE project_id = $1)
    )
"""

COUNT_SERIES: Final = """
SELECT count(*) FROM (SELECT FROM series WHERE project_id = $1 LIMIT $2) AS found
"""

# Series by what they are grouped by: their numbers, and of which of them failures are told.
SELECT_GROUPS: Final = """
SELECT
    {columns}
    array_agg(series.id) AS ids,
    array_agg(series.status = 2) AS failed
FROM series
WHERE {where}
{grouping}
"""

# Rows and what is yet to be added to them, in one statement, because upkeep moves the one to the other in one
# transaction. OFFSET 0 keeps subqueries apart from what they are joined with: each range is read once.
FOUND_ROWS: Final = """
WITH found AS (
    SELECT kept.*
    FROM unnest($2::integer [], $3::timestamptz [], $4::timestamptz []) AS wanted (resolution, begins, ends)
    CROSS JOIN LATERAL (
        SELECT
            time,
            series_id,
            count,
            duration_ns_sum,
            duration_ns_max,
            input_tokens,
            output_tokens,
            total_tokens,
            cost,
            sketch
        FROM metric_rows
        WHERE
            project_id = $1
            AND resolution = wanted.resolution
            AND time >= wanted.begins
            AND time < wanted.ends
        OFFSET 0
    ) AS kept
    UNION ALL
    SELECT
        time,
        series_id,
        count,
        duration_ns_sum,
        duration_ns_max,
        input_tokens,
        output_tokens,
        total_tokens,
        cost,
        sketch
    FROM metric_deltas
    WHERE project_id = $1 AND time >= $5 AND time < $6
)
"""

SUM_ROWS_BY_GROUP: Final = (
    FOUND_ROWS
    + """
SELECT
    series.position,
    {time} AS time,
    sum(found.count)::bigint AS count,
    coalesce(sum(found.count) FILTER (WHERE series.failed), 0)::bigint AS error_count,
    sum(found.duration_ns_sum) AS duration_ns_sum,
    max(found.duration_ns_max) AS duration_ns_max,
    sum(found.input_tokens)::bigint AS input_tokens,
    sum(found.output_tokens)::bigint AS output_tokens,
    sum(found.total_tokens)::bigint AS total_tokens,
    sum(found.cost) AS cost,
    {sketch} AS sketch
FROM found
JOIN unnest($7::integer [], $8::integer [], $9::boolean []) AS series (id, position, failed)
    ON series.id = found.series_id
GROUP BY 1, 2
"""
)

COUNT_ROWS_BY_GROUP: Final = (
    FOUND_ROWS
    + """
SELECT series.position, sum(found.count)::bigint AS count
FROM found
JOIN unnest($7::integer [], $8::integer []) AS series (id, position) ON series.id = found.series_id
GROUP BY 1
"""
)

SUM_ROWS_BY_SERIES: Final = (
    FOUND_ROWS  # noqa: S608 - a constant
    + """
SELECT
    series.type,
    series.kind,
    series.status,
    series.severity,
    series.name,
    series.error_type,
    series.agent_id,
    series.model,
    series.provider,
    series.tool_name,
    series.service_name,
    summed.count,
    summed.sketch
FROM (
    SELECT series_id, sum(count)::bigint AS count, string_agg(sketch, '') AS sketch
    FROM found
    GROUP BY series_id
) AS summed
JOIN series ON series.project_id = $1 AND series.id = summed.series_id
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesGroup:
    """Series that have the same values of some columns.

    Attributes:
        values: Of the columns.
        ids: Of the series.
        failed: Whether the events of each of them are failures.
    """

    values: tuple[Any, ...]
    ids: Sequence[int]
    failed: Sequence[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Which series count for which group."""

    ids: list[int]
    positions: list[int]
    failed: list[bool]


async def first_time(connection: Connection, project_id: UUID) -> datetime | None:
    """Returns a time before which a project has no events, within a day of the first; None without events."""
    found: datetime | None = await connection.fetchval(FIRST_TIME, project_id)
    return found


async def count_series(connection: Connection, project_id: UUID, limit: int) -> int:
    """Returns how many series a project has, but no more than a limit."""
    return int(await connection.fetchval(COUNT_SERIES, project_id, limit))


async def select_groups(
    connection: Connection, project_id: UUID, event_filter: EventFilter, group_by: Sequence[str]
) -> list[SeriesGroup]:
    """Returns the series of a filter in groups; one group if there is nothing to group by."""
    conditions = Conditions()
    conditions.add("series.project_id = {}", project_id)
    for name, column in COLUMNS.items():
        if wanted := list(getattr(event_filter, name)):
            kind = "smallint" if column in NUMBERS else "text"
            conditions.add(f"series.{column} = ANY ({{}}::{kind} [])", wanted)
    if event_filter.severity_min:
        conditions.add("series.severity >= {}", event_filter.severity_min)
    columns = ", ".join(f"series.{column}" for column in group_by)
    statement = SELECT_GROUPS.format(
        columns=f"{columns}," if columns else "",
        where=conditions.where,
        grouping=f"GROUP BY {columns}" if columns else "",
    )
    return [
        SeriesGroup(
            values=tuple(row[column] for column in group_by), ids=row["ids"] or (), failed=row["failed"] or ()
        )
        for row in await connection.fetch(statement, *conditions.arguments)
    ]


async def count_by_group(
    connection: Connection, project_id: UUID, cover: Cover, members: Members
) -> dict[int, int]:
    """Returns how many events the groups have, by their positions."""
    rows = await connection.fetch(
        COUNT_ROWS_BY_GROUP, project_id, *_ranges(cover), members.ids, members.positions
    )
    return {row["position"]: row["count"] for row in rows}


async def sum_by_group(
    connection: Connection,
    project_id: UUID,
    cover: Cover,
    members: Members,
    *,
    step_seconds: int,
    with_sketch: bool,
) -> Sequence[asyncpg.Record]:
    """Returns what the events of groups come to within each step, by the positions of the groups."""
    arguments: list[object] = [members.ids, members.positions, members.failed]
    if step_seconds:
        arguments.append(timedelta(seconds=step_seconds))
    statement = SUM_ROWS_BY_GROUP.format(
        time="date_bin($10::interval, found.time, 'epoch')" if step_seconds else "NULL::timestamptz",
        sketch="string_agg(found.sketch, '')" if with_sketch else "''::bytea",
    )
    return await connection.fetch(statement, project_id, *_ranges(cover), *arguments)


async def sum_by_series(connection: Connection, project_id: UUID, cover: Cover) -> Sequence[asyncpg.Record]:
    """Returns the counts and sketches of all series that have events within a time, with their columns."""
    return await connection.fetch(SUM_ROWS_BY_SERIES, project_id, *_ranges(cover))


def _ranges(cover: Cover) -> tuple[object, ...]:
    pieces = cover.pieces
    return (
        [piece.resolution for piece in pieces],
        [_time(piece.begin) for piece in pieces],
        [_time(piece.end) for piece in pieces],
        _time(cover.begin),
        _time(cover.end),
    )


def _time(seconds: int) -> datetime:
    return EPOCH + timedelta(seconds=seconds)
