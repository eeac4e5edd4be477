"""What relays and consumers count, under names of our own; one collector for all of a process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:  # prometheus_client is imported where metrics are scraped, not in every process
    from prometheus_client.core import Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One number as it stands.

    Attributes:
        name: Such as `timeloom_outbox_depth`.
        description: For people.
        kind: A counter only grows.
        label: The name and value that tell this source from others of its kind.
        value: The number.
    """

    name: str
    description: str
    kind: Literal["counter", "gauge"]
    label: tuple[str, str]
    value: float


class Source(Protocol):
    """Something that counts."""

    def read(self) -> Iterable[Reading]:
        """The numbers as they stand."""
        ...


class EventMetrics:
    """The numbers of a process's relays and consumers; a collector for prometheus_client."""

    def __init__(self, *sources: Source) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they stand (prometheus_client's Collector protocol)."""
        from prometheus_client.core import (  # noqa: PLC0415 - see above
            CounterMetricFamily,
            GaugeMetricFamily,
        )

        kinds = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for source in self._sources:
            for reading in source.read():
                label, value = reading.label
                family = families.get(reading.name)
                if family is None:
                    family = kinds[reading.kind](reading.name, reading.description, labels=[label])
                    families[reading.name] = family
                family.add_metric([value], reading.value)
        yield from families.values()
