"""Metrics of events over time: from rows of sketches where these tell it, else from the events themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from timeloom_observability.filtering import conditions_of
from timeloom_observability.metrics import dimensions
from timeloom_observability.metrics.covering import Cover, covered
from timeloom_observability.metrics.model import TIMED, MetricAnswer, MetricQuery, MetricSeries
from timeloom_observability.metrics.storage import events, rows
from timeloom_observability.metrics.times import Window, window_of, within
from timeloom_observability.metrics.totals import Row, Totals, shares_of, values_of
from timeloom_observability.registry import SERIES_MAX
from timeloom_observability.sketches import unpacked
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import InvalidFieldError

EXACT_EVENTS_MAX: Final = 200_000
"""Of so many events percentiles are exact; those of more come from sketches of all of them."""

VALUES_MAX: Final = 100_000
"""Of one answer: points of all metrics of all series that there may be."""

_OF_EVENTS_ONLY: Final = frozenset({"session_id", "user_id"})
_WHOLE: Final = None
"""What the database calls the one step of a time without steps."""


class Metrics:
    """Reckons metrics.

    Args:
        database: Of the room.
        clock: The time.
        series_max: As many series as a project may have; one that has them all has some without their texts.
        exact_events_max: Of so many events percentiles are exact.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        *,
        series_max: int = SERIES_MAX,
        exact_events_max: int = EXACT_EVENTS_MAX,
    ) -> None:
        self._database = database
        self._clock = clock
        self._series_max = series_max
        self._exact_events_max = exact_events_max

    async def query(self, project_id: UUID, query: MetricQuery) -> MetricAnswer:
        """Returns the metrics of a project's events.

        Raises:
            InvalidFieldError: The filter makes no sense, or the answer would be too large.
        """
        conditions_of(project_id, query.event_filter, path=query.path)
        async with self._database.reading(str(project_id)) as connection:
            window = await self._window(connection, project_id, query)
            _check_size(query, window)
            cover = covered(window.begin_us, window.end_us, step_seconds=query.step_seconds)
            reckoning = _Reckoning(connection, project_id, query, window)
            if cover.pieces and await self._is_told_by_rows(connection, project_id, query):
                await reckoning.add_rows(cover)
                is_exact = not shares_of(query.metrics)
            else:
                is_exact = await reckoning.add_events(self._exact_events_max)
        return reckoning.answer(is_exact=is_exact)

    async def _window(self, connection: Connection, project_id: UUID, query: MetricQuery) -> Window:
        now = self._clock()
        first = None
        if not query.event_filter.HasField("started_after"):
            first = await rows.first_time(connection, project_id)
        return window_of(
            query.event_filter,
            step_seconds=query.step_seconds,
            first=first or now,
            now=now,
            path=query.path,
        )

    async def _is_told_by_rows(self, connection: Connection, project_id: UUID, query: MetricQuery) -> bool:
        """Whether rows tell apart what the query does."""
        if not dimensions.is_of_series(query.event_filter) or _OF_EVENTS_ONLY.intersection(query.group_by):
            return False
        if not dimensions.texts_in(query.event_filter, query.group_by):
            return True
        # With all its series, a project's new ones are counted without their texts.
        count = await rows.count_series(connection, project_id, self._series_max)
        return count < self._series_max


@dataclass(slots=True)
class _Groups:
    """The groups that have a name of their own, by their values; the others share the last position."""

    limit: int
    positions: dict[tuple[Any, ...], int]

    def position_of(self, values: tuple[Any, ...]) -> int:
        """Returns the position of a group, which is a new one as long as there is room."""
        if values not in self.positions and len(self.positions) < self.limit:
            self.positions[values] = len(self.positions)
        return self.positions.get(values, self.limit)


class _Reckoning:
    """One query's totals on their way."""

    def __init__(self, connection: Connection, project_id: UUID, query: MetricQuery, window: Window) -> None:
        self._connection = connection
        self._project_id = project_id
        self._query = query
        self._window = window
        # Without anything to group by there is one group, and no rest.
        self._groups = (
            _Groups(limit=query.series_limit, positions={})
            if query.group_by
            else _Groups(limit=1, positions={(): 0})
        )
        self._totals: dict[int, dict[datetime | None, Totals]] = {}

    async def add_rows(self, cover: Cover) -> None:
        """Adds what rows tell, and the events of what is too short for them."""
        query = self._query
        groups = await rows.select_groups(
            self._connection, self._project_id, query.event_filter, query.group_by
        )
        for group in await self._chosen(groups, cover):
            self._groups.position_of(group.values)
        found = await rows.sum_by_group(
            self._connection,
            self._project_id,
            cover,
            self._members(groups),
            step_seconds=query.step_seconds,
            with_sketch=bool(TIMED.intersection(query.metrics)),
        )
        for row in found:
            self._add(row["position"], row, unpacked(row["sketch"]))
        for begin_us, end_us in cover.edges:
            await self._add_edge(begin_us, end_us)

    async def add_events(self, exact_events_max: int) -> bool:
        """Adds what the events themselves tell; returns whether percentiles are exact."""
        query = self._query
        event_filter = within(query.event_filter, self._window.begin_us, self._window.end_us)
        if query.group_by:
            chosen = await events.top_groups(
                self._connection,
                conditions_of(self._project_id, event_filter),
                query.group_by,
                limit=query.series_limit,
            )
            for values in chosen:
                self._groups.position_of(values)
        is_exact = not shares_of(query.metrics) or (
            await events.count_events(
                self._connection, conditions_of(self._project_id, event_filter), limit=exact_events_max + 1
            )
            <= exact_events_max
        )
        for row in await events.sum_by_group(
            self._connection,
            conditions_of(self._project_id, event_filter),
            group_by=query.group_by,
            groups=list(self._groups.positions),
            step_seconds=query.step_seconds,
            shares=shares_of(query.metrics) if is_exact else None,
        ):
            self._add_sum(row, exactly=is_exact)
        return is_exact

    def answer(self, *, is_exact: bool) -> MetricAnswer:
        """Returns the metrics of all totals."""
        times = self._window.times
        values = {position: values for values, position in self._groups.positions.items()}
        ranked = sorted(
            self._totals, key=lambda position: (position not in values, -self._count(position), position)
        )
        return MetricAnswer(
            series=[self._series(position, values.get(position), times) for position in ranked],
            times=times,
            step_seconds=self._query.step_seconds,
            is_exact=is_exact,
        )

    async def _chosen(self, groups: Sequence[rows.SeriesGroup], cover: Cover) -> Sequence[rows.SeriesGroup]:
        """Returns the groups of most events, if there are too many for all to have a name."""
        if len(groups) <= self._groups.limit:
            return groups
        members = rows.Members(
            ids=[each for group in groups for each in group.ids],
            positions=[index for index, group in enumerate(groups) for _ in group.ids],
            failed=[],
        )
        counts = await rows.count_by_group(self._connection, self._project_id, cover, members)
        ranked = sorted(counts, key=lambda index: (-counts[index], groups[index].values))
        return [groups[index] for index in ranked[: self._groups.limit]]

    def _members(self, groups: Sequence[rows.SeriesGroup]) -> rows.Members:
        members = rows.Members(ids=[], positions=[], failed=[])
        for group in groups:
            position = self._groups.positions.get(group.values, self._groups.limit)
            members.ids.extend(group.ids)
            members.positions.extend([position] * len(group.ids))
            members.failed.extend(group.failed)
        return members

    async def _add_edge(self, begin_us: int, end_us: int) -> None:
        """Adds the events of a time that is too short for rows."""
        query = self._query
        bound = within(query.event_filter, begin_us, end_us)
        if query.group_by:
            for values in await events.top_groups(
                self._connection,
                conditions_of(self._project_id, bound),
                query.group_by,
                limit=query.series_limit,
            ):
                self._groups.position_of(values)
        for row in await events.sum_by_group(
            self._connection,
            conditions_of(self._project_id, bound),
            group_by=query.group_by,
            groups=list(self._groups.positions),
            step_seconds=query.step_seconds,
            shares=None,
        ):
            self._add_sum(row, exactly=False)

    def _add_sum(self, row: Row, *, exactly: bool) -> None:
        """Adds a sum of events, whose groups are those that have a position, and one of all others."""
        is_known = row["position"] < len(self._groups.positions)
        position = row["position"] if is_known else self._groups.limit
        if exactly:
            totals = self._add(position, row, {})
            totals.timed_count = row["timed_count"]
            shares = shares_of(self._query.metrics)
            totals.quantiles = dict(zip(shares, row["quantiles"] or (), strict=False))
        else:
            self._add(position, row, dict(zip(row["buckets"] or (), row["counts"] or (), strict=True)))

    def _add(self, position: int, row: Row, sketch: Mapping[int, int]) -> Totals:
        totals = self._totals.setdefault(position, {}).setdefault(row["time"], Totals())
        totals.add(row, sketch)
        return totals

    def _count(self, position: int) -> int:
        return sum(totals.count for totals in self._totals[position].values())

    def _series(
        self, position: int, values: tuple[Any, ...] | None, times: Sequence[datetime]
    ) -> MetricSeries:
        query, found = self._query, self._totals[position]
        points = [
            values_of(
                found.get(time if query.step_seconds else _WHOLE) or Totals(),
                query.metrics,
                self._window.seconds_of(time),
            )
            for time in times
        ]
        return MetricSeries(
            group=tuple(
                dimensions.told(column, value)
                for column, value in zip(query.group_by, values or (), strict=False)
            ),
            is_rest=values is None,
            values=[[point[index] for point in points] for index in range(len(query.metrics))],
        )


def _check_size(query: MetricQuery, window: Window) -> None:
    series_max = query.series_limit + 1 if query.group_by else 1
    count = window.step_count * series_max * len(query.metrics)
    if count > VALUES_MAX:
        raise InvalidFieldError.of(
            "stepSeconds",
            f"makes up to {count} values: {window.step_count} points of {len(query.metrics)} metrics of"
            f" {series_max} series; at most {VALUES_MAX} are reckoned",
        )
