"""How many events have which values, and how many took how long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from timeloom_observability.filtering import conditions_of, time_range
from timeloom_observability.metrics import dimensions
from timeloom_observability.metrics.covering import covered
from timeloom_observability.metrics.model import Counted, DurationBin, Facet, FacetQuery
from timeloom_observability.metrics.storage import events, rows
from timeloom_observability.metrics.times import within
from timeloom_observability.metrics.totals import Row
from timeloom_observability.model import EPOCH
from timeloom_observability.registry import SERIES_MAX
from timeloom_observability.sketches import packed, unpacked, upper_bound_of
from timeloom_platform.database import Connection, Database

EVENTS_MAX: Final = 200_000
"""So many of the newest events are looked at, where rows do not tell what is asked."""

_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MILLISECOND_NS: Final = 1_000_000
_SHORT_BUCKET: Final = 691
"""The last bucket of the first bin, which ends a little above a millisecond."""
_BIN_BUCKETS: Final = 35
"""So many buckets are a little more than a doubling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """Events that are alike in all that they are counted by.

    Attributes:
        series: The values of columns.
        sketch: Of their durations, packed.
    """

    series: Row
    count: int
    sketch: bytes


class Facets:
    """Counts events.

    Args:
        database: Of the room.
        series_max: As many series as a project may have; one that has them all has some without their texts.
        events_max: So many of the newest events are looked at, where rows do not tell what is asked.
    """

    def __init__(
        self, database: Database, *, series_max: int = SERIES_MAX, events_max: int = EVENTS_MAX
    ) -> None:
        self._database = database
        self._series_max = series_max
        self._events_max = events_max

    async def count(self, project_id: UUID, query: FacetQuery) -> Counted:
        """Counts a project's events. What a facet's own field is filtered by does not change the facet.

        Raises:
            InvalidFieldError: The filter makes no sense.
        """
        conditions_of(project_id, query.event_filter)
        async with self._database.reading(str(project_id)) as connection:
            if await self._is_told_by_rows(connection, project_id, query):
                cells = await self._cells_of_rows(connection, project_id, query)
                return _counted(query, cells, is_cut=False)
            others = dimensions.without_series(query.event_filter)
            found = await events.count_by_series(
                connection, conditions_of(project_id, others), limit=self._events_max + 1
            )
        cells = list(map(_cell_of_events, found))
        return _counted(query, cells, is_cut=sum(cell.count for cell in cells) > self._events_max)

    async def _is_told_by_rows(self, connection: Connection, project_id: UUID, query: FacetQuery) -> bool:
        if not dimensions.is_of_series(query.event_filter):
            return False
        if not dimensions.texts_in(query.event_filter, query.fields):
            return True
        # With all its series, a project's new ones are counted without their texts.
        return await rows.count_series(connection, project_id, self._series_max) < self._series_max

    async def _cells_of_rows(
        self, connection: Connection, project_id: UUID, query: FacetQuery
    ) -> Sequence[_Cell]:
        after, before = time_range(query.event_filter)
        begin_us = max(after - EPOCH, timedelta()) // _MICROSECOND if after is not None else 0
        end_us = (min(before or _END, _END) - EPOCH) // _MICROSECOND
        if begin_us >= end_us:
            return ()
        cover = covered(begin_us, end_us)
        cells: list[_Cell] = []
        if cover.pieces:
            found = await rows.sum_by_series(connection, project_id, cover)
            cells.extend(map(_cell_of_rows, found))
        for edge in cover.edges:
            conditions = conditions_of(project_id, within(type(query.event_filter)(), *edge))
            found = await events.count_by_series(connection, conditions, limit=self._events_max)
            cells.extend(map(_cell_of_events, found))
        return cells


def bins_of(sketch: Mapping[int, int]) -> list[DurationBin]:
    """Returns how many durations of a sketch are in which bin, without gaps.

    Bins are made of whole buckets, so that they are exact, and so is a filter with their bounds.
    """
    counts: Counter[int] = Counter()
    for bucket, count in sketch.items():
        counts[max(0, -((_SHORT_BUCKET - bucket) // _BIN_BUCKETS))] += count
    if not counts:
        return []
    return [
        DurationBin(
            begin_ms=_bound_ms(position - 1) if position else 0.0,
            end_ms=_bound_ms(position),
            count=counts[position],
        )
        for position in range(min(counts), max(counts) + 1)
    ]


def _bound_ms(position: int) -> float:
    return upper_bound_of(_SHORT_BUCKET + position * _BIN_BUCKETS) / _MILLISECOND_NS


def _cell_of_rows(row: Row) -> _Cell:
    return _Cell(series=row, count=row["count"], sketch=row["sketch"])


def _cell_of_events(row: Row) -> _Cell:
    sketch = b"" if row["bucket"] is None else packed({row["bucket"]: row["count"]})
    return _Cell(series=row, count=row["count"], sketch=sketch)


def _counted(query: FacetQuery, cells: Iterable[_Cell], *, is_cut: bool) -> Counted:
    wanted = dimensions.SeriesFilter(query.event_filter)
    counts: dict[str, Counter[int | str]] = {field: Counter() for field in query.fields}
    total = 0
    sketches: list[bytes] = []
    for cell in cells:
        missed = wanted.missed(cell.series)
        if not missed:
            total += cell.count
            sketches.append(cell.sketch)
            for field, values in counts.items():
                values[cell.series[field]] += cell.count
        elif len(missed) == 1 and missed[0] in counts:
            counts[missed[0]][cell.series[missed[0]]] += cell.count
    return Counted(
        count=total,
        facets=[_facet(field, values, query.value_limit) for field, values in counts.items()],
        durations=bins_of(unpacked(b"".join(sketches))),
        is_cut=is_cut,
    )


def _facet(field: str, counts: Counter[int | str], limit: int) -> Facet:
    ranked = sorted(
        ((dimensions.told(field, value), count) for value, count in counts.items()),
        key=lambda each: (-each[1], each[0]),
    )
    return Facet(field=field, values=ranked[:limit], other_count=max(len(ranked) - limit, 0))
