"""The questions that are asked of executions, put together from what they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_snapshots.bisecting import Bisecting
from timeloom_snapshots.comparing import Comparing
from timeloom_snapshots.reader import StateReader
from timeloom_snapshots.runs import DeltaRuns
from timeloom_snapshots.surveying import Survey
from timeloom_snapshots.timeline import Timeline
from timeloom_snapshots.value_history import ValueHistory
from timeloom_snapshots.walk import Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """When did a value change, where did it go wrong, how do two executions differ, what happened at all."""

    value_history: ValueHistory
    bisecting: Bisecting
    comparing: Comparing
    timeline: Timeline

    @classmethod
    def assembled(
        cls, *, database: Database, reader: StateReader, runs: DeltaRuns, walk: Walk, cursors: Cursors
    ) -> Self:
        """Puts them together."""
        survey = Survey(database=database)
        return cls(
            value_history=ValueHistory(database=database, reader=reader, runs=runs, cursors=cursors),
            bisecting=Bisecting(survey=survey, reader=reader, walk=walk),
            comparing=Comparing(survey=survey, cursors=cursors),
            timeline=Timeline(database=database, cursors=cursors),
        )
