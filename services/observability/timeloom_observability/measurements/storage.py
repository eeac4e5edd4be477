"""The SQL of what programs measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from timeloom_observability.measurements.model import Instrument, MeasuredSeries, Point
from timeloom_observability.model import EPOCH, InstrumentKind, MetricPoint
from timeloom_platform.database import Connection

SERVICE_NAME: Final = "service.name"
"""An attribute of programs and not of their points, by which one may ask all the same."""

SELECT_KNOWN: Final = "SELECT id FROM measured_series WHERE project_id = $1 AND id = ANY ($2::uuid [])"

# Until the end of the transaction nobody else makes series, so that their number stays within its bound.
LOCK_SERIES: Final = "SELECT pg_advisory_xact_lock(hashtextextended('timeloom measured series of ' || $1, 0))"

COUNT_SERIES: Final = "SELECT count(*) FROM measured_series WHERE project_id = $1"

INSERT_SERIES: Final = """
INSERT INTO measured_series (
    project_id, id, name, kind, is_cumulative, is_monotonic, service_name, scope_name, attributes
)
SELECT $1, incoming.*
FROM unnest(
    $2::uuid [], $3::text [], $4::smallint [], $5::boolean [],
    $6::boolean [], $7::text [], $8::text [], $9::jsonb []
) AS incoming
ON CONFLICT DO NOTHING
"""

UPSERT_INSTRUMENT: Final = """
INSERT INTO instruments AS kept (
    project_id, name, kind, unit, description, attribute_names, service_names, last_time
)
VALUES ($1, $2, $3, $4, $5, united('{}', $6), united('{}', $7), $8)
ON CONFLICT (project_id, name) DO UPDATE SET
    kind = excluded.kind,
    unit = excluded.unit,
    description = excluded.description,
    attribute_names = united(kept.attribute_names, excluded.attribute_names),
    service_names = united(kept.service_names, excluded.service_names),
    last_time = greatest(kept.last_time, excluded.last_time)
"""

# The same point sent again is the same. Parameters cannot be lists of lists, but texts of arrays.
INSERT_POINTS: Final = """
INSERT INTO measured_points (
    project_id, series_id, time, start_time, value, count, sum, min, max, bounds, counts
)
SELECT
    $1,
    incoming.series_id,
    incoming.time,
    incoming.start_time,
    incoming.value,
    incoming.count,
    incoming.sum,
    incoming.min,
    incoming.max,
    incoming.bounds::double precision [],
    incoming.counts::double precision []
FROM unnest(
    $2::uuid [], $3::timestamptz [], $4::timestamptz [], $5::float8 [], $6::bigint [],
    $7::float8 [], $8::float8 [], $9::float8 [], $10::text [], $11::text []
) AS incoming (series_id, time, start_time, value, count, sum, min, max, bounds, counts)
ON CONFLICT DO NOTHING
"""

_INSTRUMENT: Final = "name, kind, unit, description, attribute_names, service_names, last_time"

SELECT_INSTRUMENT: Final = f"SELECT {_INSTRUMENT} FROM instruments WHERE project_id = $1 AND name = $2"

SELECT_INSTRUMENTS: Final = f"""
SELECT {_INSTRUMENT}
FROM instruments
WHERE project_id = $1 AND starts_with(name, $2) AND name > $3
ORDER BY name
LIMIT $4
"""

SELECT_SERIES: Final = """
SELECT id, kind, is_cumulative, is_monotonic, service_name, attributes
FROM measured_series
WHERE
    project_id = $1
    AND name = $2
    AND (
        SELECT
            coalesce(
                bool_and(
                    wanted.value = CASE
                        WHEN wanted.name = 'service.name' THEN service_name ELSE attributes ->> wanted.name
                    END
                ),
                TRUE
            )
        FROM unnest($3::text [], $4::text []) AS wanted (name, value)
    )
ORDER BY id
"""

# Of each series the last point before the time, too: what is counted since a start begins there.
SELECT_POINTS: Final = """
SELECT
    found.series_id,
    found.time,
    found.start_time,
    found.value,
    found.count,
    found.sum,
    found.min,
    found.max,
    found.bounds,
    found.counts
FROM unnest($2::uuid []) AS wanted (id)
CROSS JOIN LATERAL (
    (
        SELECT *
        FROM measured_points
        WHERE project_id = $1 AND series_id = wanted.id AND time < $3
        ORDER BY time DESC
        LIMIT 1
    )
    UNION ALL
    (
        SELECT *
        FROM measured_points
        WHERE project_id = $1 AND series_id = wanted.id AND time >= $3 AND time < $4
    )
) AS found
ORDER BY found.series_id, found.time
LIMIT $5
"""

DELETE_POINTS: Final = """
WITH oldest AS (
    SELECT series_id, time
    FROM measured_points
    WHERE project_id = $1 AND time < $2
    ORDER BY time
    LIMIT $3
),

deleted AS (
    DELETE FROM measured_points AS points
    USING oldest
    WHERE points.project_id = $1 AND points.series_id = oldest.series_id AND points.time = oldest.time
    RETURNING 1
)

SELECT count(*) FROM deleted
"""

DELETE_SERIES: Final = """
DELETE FROM measured_series AS series
WHERE
    series.project_id = $1
    AND NOT EXISTS (
        SELECT FROM measured_points AS points
        WHERE points.project_id = $1 AND points.series_id = series.id
    )
"""

DELETE_INSTRUMENTS: Final = """
DELETE FROM instruments
WHERE
    project_id = $1
    AND NOT EXISTS (
        SELECT FROM measured_series AS series WHERE series.project_id = $1 AND series.name = instruments.name
    )
"""


async def select_known(connection: Connection, project_id: UUID, ids: Iterable[UUID]) -> set[UUID]:
    """Returns those series of a project that are there."""
    return {row["id"] for row in await connection.fetch(SELECT_KNOWN, project_id, list(ids))}


async def lock_series(connection: Connection, project_id: UUID) -> int:
    """Keeps others from making series, and returns how many a project has."""
    await connection.execute(LOCK_SERIES, str(project_id))
    return int(await connection.fetchval(COUNT_SERIES, project_id))


async def insert_series(connection: Connection, project_id: UUID, points: Mapping[UUID, MetricPoint]) -> None:
    """Writes series, each known by one of its points."""
    rows = [
        (
            series_id,
            point.name,
            point.kind,
            is_cumulative(point),
            is_monotonic(point),
            point.service_name,
            point.scope_name,
            point.attributes.decode(),
        )
        for series_id, point in points.items()
    ]
    if rows:
        await connection.execute(INSERT_SERIES, project_id, *map(list, zip(*rows, strict=True)))


async def upsert_instrument(connection: Connection, project_id: UUID, points: Sequence[MetricPoint]) -> None:
    """Writes what points of one name say of it; the last of them holds."""
    last = points[-1]
    await connection.execute(
        UPSERT_INSTRUMENT,
        project_id,
        last.name,
        last.kind,
        last.unit,
        last.description,
        sorted(
            {name for point in points for name in msgspec.json.decode(point.attributes, type=dict[str, Any])}
        ),
        sorted({point.service_name for point in points} - {""}),
        max(_time(point.time_ns) for point in points),
    )


async def insert_points(connection: Connection, project_id: UUID, points: Sequence[MetricPoint]) -> None:
    """Writes points of series that are there."""
    rows = [
        (
            UUID(bytes=point.series),
            _time(point.time_ns),
            _time(point.start_ns) if point.start_ns else None,
            point.value,
            point.count,
            point.sum,
            point.min,
            point.max,
            _array(point.bounds),
            _array(point.counts),
        )
        for point in points
    ]
    if rows:
        await connection.execute(INSERT_POINTS, project_id, *map(list, zip(*rows, strict=True)))


async def select_instrument(connection: Connection, project_id: UUID, name: str) -> Instrument | None:
    """Returns what is known of an instrument; None if nothing was measured by that name."""
    row = await connection.fetchrow(SELECT_INSTRUMENT, project_id, name)
    return _instrument(row) if row else None


async def select_instruments(
    connection: Connection, project_id: UUID, *, prefix: str, after: str, limit: int
) -> list[Instrument]:
    """Returns instruments in the order of their names."""
    rows = await connection.fetch(SELECT_INSTRUMENTS, project_id, prefix, after, limit)
    return [_instrument(row) for row in rows]


async def select_series(
    connection: Connection,
    project_id: UUID,
    name: str,
    *,
    attributes: Mapping[str, str],
    group_by: Sequence[str],
) -> list[MeasuredSeries]:
    """Returns the series of an instrument that have certain attributes."""
    rows = await connection.fetch(
        SELECT_SERIES, project_id, name, list(attributes), list(attributes.values())
    )
    return [_series(row, group_by) for row in rows]


async def select_points(
    connection: Connection,
    project_id: UUID,
    series_ids: Sequence[UUID],
    *,
    after: datetime,
    before: datetime,
    limit: int,
) -> list[tuple[UUID, Point]]:
    """Returns points by series and time, and of each series the last one before the time."""
    rows = await connection.fetch(SELECT_POINTS, project_id, series_ids, after, before, limit)
    return [(row["series_id"], _point(row)) for row in rows]


async def delete_points_before(connection: Connection, project_id: UUID, time: datetime, limit: int) -> int:
    """Deletes the oldest points before a time, and returns how many; no more than a limit.

    Once there are no more of them, series and instruments without points go, too.
    """
    count = int(await connection.fetchval(DELETE_POINTS, project_id, time, limit))
    if count < limit:
        # A series whose first points are being written is not taken for one without.
        await connection.execute(LOCK_SERIES, str(project_id))
        await connection.execute(DELETE_SERIES, project_id)
        await connection.execute(DELETE_INSTRUMENTS, project_id)
    return count


def is_cumulative(point: MetricPoint) -> bool:
    """Whether a point counts from its start on: those of summaries always do, and those of gauges never."""
    return point.is_cumulative or point.kind is InstrumentKind.SUMMARY


def is_monotonic(point: MetricPoint) -> bool:
    """Whether what a point counts only grows: what is not a sum counts values, and so it does."""
    return point.is_monotonic or point.kind is not InstrumentKind.SUM


def _instrument(row: asyncpg.Record) -> Instrument:
    return Instrument(
        name=row["name"],
        kind=InstrumentKind(row["kind"]),
        unit=row["unit"],
        description=row["description"],
        attribute_names=row["attribute_names"],
        service_names=row["service_names"],
        last_time=row["last_time"],
    )


def _series(row: asyncpg.Record, group_by: Sequence[str]) -> MeasuredSeries:
    told = {SERVICE_NAME: row["service_name"], **msgspec.json.decode(row["attributes"], type=dict[str, Any])}
    return MeasuredSeries(
        id=UUID(bytes=row["id"].bytes),
        kind=InstrumentKind(row["kind"]),
        is_cumulative=row["is_cumulative"],
        is_monotonic=row["is_monotonic"],
        group=tuple(_text(told.get(name)) for name in group_by),
    )


def _point(row: asyncpg.Record) -> Point:
    return Point(
        time=row["time"],
        start_time=row["start_time"],
        value=row["value"],
        count=float(row["count"]),
        sum=row["sum"],
        min=row["min"],
        max=row["max"],
        bounds=tuple(row["bounds"] or ()),
        counts=tuple(row["counts"] or ()),
    )


def _text(value: object) -> str:
    """Returns an attribute as a text, as filters compare it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _array(numbers: Sequence[float]) -> str | None:
    return "{" + ",".join(map(repr, numbers)) + "}" if numbers else None


def _time(ns: int) -> datetime:
    return EPOCH + timedelta(microseconds=ns // 1_000)
