"""How far the outbox is behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # prometheus_client is imported where metrics are scraped, not in every process
    from prometheus_client.core import Metric


@dataclass(slots=True, kw_only=True)
class OutboxMetrics:
    """What a relay counts; a collector for prometheus_client.

    Attributes:
        room: Whose outbox it is.
        published: Events that the bus acknowledged.
        refused: Rows that went to the dead letters.
        lag_seconds: The age of the oldest row when the relay last looked.
        depth: How many rows waited when they were last counted.
    """

    room: str
    published: int = 0
    refused: int = 0
    lag_seconds: float = 0.0
    depth: int = 0

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they stand (prometheus_client's Collector protocol)."""
        from prometheus_client.core import (  # noqa: PLC0415 - see above
            CounterMetricFamily,
            GaugeMetricFamily,
        )

        families = (
            (CounterMetricFamily, "published_events", "Events that the bus acknowledged.", self.published),
            (CounterMetricFamily, "dead_letters", "Rows that can never be published.", self.refused),
            (GaugeMetricFamily, "lag_seconds", "Age of the oldest row that waits.", self.lag_seconds),
            (GaugeMetricFamily, "depth", "Rows that wait.", self.depth),
        )
        for family, name, description, value in families:
            metric = family(f"timeloom_outbox_{name}", description, labels=["room"])
            metric.add_metric([self.room], value)
            yield metric
