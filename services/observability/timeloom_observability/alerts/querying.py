"""The metrics of rules, reckoned as those of anybody who asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from timeloom.observability.v1.observability_pb2 import EventFilter
from timeloom_observability.alerts.limits import GROUPS_MAX
from timeloom_observability.alerts.model import Measured, Measurement
from timeloom_observability.metrics.metrics import Metrics
from timeloom_observability.metrics.model import Metric, MetricQuery
from timeloom_platform.times import write_time

_SUMS: Final = frozenset(
    {
        Metric.COUNT,
        Metric.RATE,
        Metric.ERROR_COUNT,
        Metric.INPUT_TOKENS,
        Metric.OUTPUT_TOKENS,
        Metric.TOTAL_TOKENS,
        Metric.COST,
    }
)
"""Of nothing, these are zero; of the others there is none."""


class QueriedMeter:
    """Asks for metrics as anybody may."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def measure(
        self,
        project_id: UUID,
        *,
        metric: int,
        event_filter: bytes,
        group_by: Sequence[str],
        after: datetime,
        before: datetime,
    ) -> Measurement:
        """Returns what a metric comes to.

        Raises:
            TimeloomError: It cannot be reckoned.
        """
        wanted = EventFilter.FromString(event_filter)
        write_time(wanted.started_after, after)
        write_time(wanted.started_before, before)
        query = MetricQuery(
            event_filter=wanted,
            metrics=(Metric.COUNT, Metric(metric)),
            group_by=group_by,
            series_limit=GROUPS_MAX,
            path="rule.filter",
        )
        answer = await self._metrics.query(project_id, query)
        groups = {
            series.group: Measured(value=series.values[1][0], event_count=round(series.values[0][0] or 0))
            for series in answer.series
            if not series.is_rest and all(series.group)
        }
        return Measurement(
            groups=groups,
            empty=Measured(value=0.0 if metric in _SUMS else None, event_count=0),
            is_whole=not any(series.is_rest for series in answer.series),
        )
