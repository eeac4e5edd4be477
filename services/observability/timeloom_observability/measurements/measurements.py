"""Questions about what programs measure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from timeloom_observability.measurements import storage
from timeloom_observability.measurements.increments import increments
from timeloom_observability.measurements.measured import Tally
from timeloom_observability.measurements.model import (
    Instrument,
    Measured,
    MeasuredSeries,
    MeasurementsAnswer,
    MeasurementsQuery,
    Point,
)
from timeloom_observability.metrics.times import STEPS_MAX, Window
from timeloom_observability.model import EPOCH
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import InvalidFieldError, NotFoundError
from timeloom_platform.pagination import Cursors, Page

TIME_DEFAULT: Final = timedelta(hours=1)
"""How far back one looks, if nobody says."""

GROUPS_MAX: Final = 200
POINTS_MAX: Final = 200_000
"""That are read for one answer."""
VALUES_MAX: Final = 100_000
"""Points of one answer, of all groups."""


class Measurements:
    """Answers what was measured."""

    def __init__(self, *, database: Database, cursors: Cursors, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._cursors = cursors
        self._clock = clock

    async def list_page(
        self, project_id: UUID, *, prefix: str, page_token: str, limit: int
    ) -> Page[Instrument]:
        """Returns some of a project's instruments, by name."""
        identity = {"list": "instruments", "project": str(project_id), "prefix": prefix}
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.reading(str(project_id)) as connection:
            found = await storage.select_instruments(
                connection,
                project_id,
                prefix=prefix,
                after=str(position[0]) if position else "",
                limit=limit + 1,
            )
        return self._cursors.page(found, limit=limit, of=identity, position=lambda each: (each.name,))

    async def query(self, project_id: UUID, query: MeasurementsQuery) -> MeasurementsAnswer:
        """Returns the points of an instrument.

        Raises:
            InvalidFieldError: The time makes no sense, or the answer would be too large.
            NotFoundError: Nothing was measured by that name.
        """
        window = _window(query, self._clock())
        async with self._database.reading(str(project_id)) as connection:
            instrument = await storage.select_instrument(connection, project_id, query.name)
            if instrument is None:
                raise NotFoundError(f"Nothing was measured by the name {query.name}.")
            series = await storage.select_series(
                connection, project_id, query.name, attributes=query.attributes, group_by=query.group_by
            )
            _check_size(window, series)
            points = await _points(connection, project_id, series, window)
        return MeasurementsAnswer(
            instrument=instrument, groups=list(_reckoned(series, points, window)), times=window.times
        )


async def _points(
    connection: Connection, project_id: UUID, series: Sequence[MeasuredSeries], window: Window
) -> list[tuple[UUID, Point]]:
    points = await storage.select_points(
        connection,
        project_id,
        [each.id for each in series],
        after=window.after,
        before=window.before,
        limit=POINTS_MAX + 1,
    )
    if len(points) > POINTS_MAX:
        raise InvalidFieldError.of(
            "startedAfter",
            f"makes more than {POINTS_MAX} points to be read; ask for less time, or by attributes",
        )
    return points


def _window(query: MeasurementsQuery, now: datetime) -> Window:
    before = query.before if query.before is not None else now
    after = query.after if query.after is not None else max(before, EPOCH + TIME_DEFAULT) - TIME_DEFAULT
    if after >= before:
        field = "startedBefore" if query.before is not None else "startedAfter"
        text = "must be later than startedAfter" if query.before is not None else "must be before now"
        raise InvalidFieldError.of(field, text)
    window = Window(after=after, before=before, step_seconds=query.step_seconds)
    if window.step_count > STEPS_MAX:
        raise InvalidFieldError.of(
            "stepSeconds", f"makes {window.step_count} points of this time; at most {STEPS_MAX} are reckoned"
        )
    return window


def _check_size(window: Window, series: Iterable[MeasuredSeries]) -> None:
    count = len({each.group for each in series})
    if count > GROUPS_MAX:
        raise InvalidFieldError.of("groupBy", f"makes {count} groups; at most {GROUPS_MAX} are told")
    if count * window.step_count > VALUES_MAX:
        raise InvalidFieldError.of(
            "stepSeconds",
            f"makes {window.step_count} points of {count} groups; at most {VALUES_MAX} are told in all",
        )


def _reckoned(
    series: Iterable[MeasuredSeries], points: Iterable[tuple[UUID, Point]], window: Window
) -> Iterable[tuple[tuple[str, ...], list[Measured]]]:
    """Yields what groups with points come to, by their values."""
    known = {each.id: each for each in series}
    tallies: dict[tuple[str, ...], list[Tally]] = {}
    for series_id, found in groupby(points, key=lambda each: each[0]):
        each = known[series_id]
        own = [point for _, point in found]
        if own[-1].time >= window.after:
            steps = tallies.setdefault(each.group, [Tally() for _ in range(window.step_count)])
            _add(steps, each, own, window)
    for group in sorted(tallies):
        yield group, [tally.measured for tally in tallies[group]]


def _add(steps: Sequence[Tally], series: MeasuredSeries, points: Sequence[Point], window: Window) -> None:
    within = [point for point in points if point.time >= window.after]
    told = within
    if series.is_cumulative:
        told = list(increments(points, after=window.after, is_monotonic=series.is_monotonic))
        for point in within:
            steps[window.step_of(point.time)].add_sent(series, point)
    for point in told:
        steps[window.step_of(point.time)].add(series, point)
