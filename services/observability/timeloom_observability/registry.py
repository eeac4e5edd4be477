"""The series of each project by their numbers, and the bound on how many there are.

What metrics are told apart by comes from those who send telemetry, who may put anything into a name. So a
project has a bounded number of series; when it has them all, new ones lose their names first, then their
tools and errors, then their agents and models, until they are series that exist or one that always has room.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from timeloom_observability.metering import Series, Tallies
from timeloom_observability.storage import ingest
from timeloom_platform.bounded import LruCache
from timeloom_platform.database import Database

SERIES_MAX: Final = 20_000
"""Of one project. The last form of `_folds` is beyond it: there are a few thousand of those at most."""
PROJECTS_MAX: Final = 200
"""Whose series are kept in memory."""

_FOLDS: Final = (
    ("name",),
    ("name", "tool_name", "error_type"),
    ("name", "tool_name", "error_type", "agent_id", "model", "provider", "service_name"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSeries:
    """The series of a project.

    Attributes:
        ids: Their numbers.
        stand_ins: For series that there is no room for, the one in whose place they are counted.
    """

    ids: Mapping[Series, int]
    stand_ins: Mapping[Series, Series]

    def folded(self, tallies: Tallies) -> Tallies:
        """Returns tallies of series that have numbers; those of series that share one are added up."""
        if not self.stand_ins:
            return tallies
        folded: Tallies = {}
        for (seconds, series), tally in tallies.items():
            key = seconds, self.stand_ins.get(series, series)
            there = folded.get(key)
            if there is None:
                folded[key] = tally
            else:
                there.merge(tally)
        return folded


class SeriesRegistry:
    """Knows the numbers of series; makes new ones as long as there is room."""

    def __init__(self, series_max: int = SERIES_MAX) -> None:
        self._series_max = series_max
        self._known: LruCache[UUID, dict[Series, int]] = LruCache(PROJECTS_MAX)

    async def of(self, database: Database, project_id: UUID, tallies: Tallies) -> KnownSeries:
        """Returns the numbers of all series of tallies; they are committed when this returns."""
        wanted = {series for _, series in tallies}
        known = self._known.get(project_id) or {}
        if not wanted <= known.keys():
            async with database.transaction(str(project_id)) as connection:
                known = await ingest.select_series(connection, project_id)
                stand_ins = self._stand_ins(wanted, known)
                new = {stand_ins.get(series, series) for series in wanted} - known.keys()
                if new:
                    await ingest.insert_series(connection, project_id, sorted(new, key=_order))
                    known = await ingest.select_series(connection, project_id)
            self._known.put(project_id, known)
            return KnownSeries(ids=known, stand_ins=stand_ins)
        return KnownSeries(ids=known, stand_ins={})

    def _stand_ins(self, wanted: Iterable[Series], known: Mapping[Series, int]) -> dict[Series, Series]:
        """Returns what stands in for series that there is no room for."""
        there = set(known)
        stand_ins: dict[Series, Series] = {}
        for series in sorted(wanted, key=_order):
            chosen = self._chosen(series, there)
            there.add(chosen)
            if chosen != series:
                stand_ins[series] = chosen
        return stand_ins

    def _chosen(self, series: Series, there: set[Series]) -> Series:
        if series in there or len(there) < self._series_max:
            return series
        forms = [replace(series, **dict.fromkeys(fields, "")) for fields in _FOLDS]
        return next((form for form in forms if form in there), forms[-1])


def _order(series: Series) -> tuple[int | str, ...]:
    """All writers insert series in one order, so that none waits for another in a circle."""
    return tuple(getattr(series, name) for name in Series.__struct_fields__)
