"""What events come to, and the metrics of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from timeloom_observability.metrics.model import SHARES, Metric
from timeloom_observability.sketches import merged, quantiles

_MILLISECOND_NS: Final = 1_000_000


class Row(Protocol):
    """What has values by names, such as a row of the database."""

    def __getitem__(self, name: str, /) -> Any:
        """Returns a value."""


@dataclass(slots=True, kw_only=True)
class Totals:
    """What the events of a group come to within a point of time.

    Attributes:
        timed_count: How many of them take time.
        quantiles: Of durations, in nanoseconds by their share, where they were reckoned exactly.
        sketch: Of durations, where they were not.
    """

    count: int = 0
    error_count: int = 0
    timed_count: int = 0
    duration_ns_sum: float = 0.0
    duration_ns_max: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cost: float = 0.0
    quantiles: Mapping[float, float] = field(default_factory=dict[float, float])
    sketch: Mapping[int, int] = field(default_factory=dict[int, int])

    def add(self, row: Row, sketch: Mapping[int, int]) -> None:
        """Adds what some events come to."""
        self.count += row["count"]
        self.error_count += row["error_count"]
        self.duration_ns_sum += row["duration_ns_sum"]
        self.duration_ns_max = max(self.duration_ns_max, row["duration_ns_max"])
        self.input_tokens += row["input_tokens"]
        self.output_tokens += row["output_tokens"]
        self.total_tokens += row["total_tokens"]
        self.cost += row["cost"]
        self.timed_count += sum(sketch.values())
        self.sketch = merged((self.sketch, sketch)) if self.sketch else sketch


def values_of(totals: Totals, metrics: Sequence[Metric], seconds: float) -> list[float | None]:
    """Returns metrics of what events come to within some seconds; None where there is no such value."""
    found = _plain(totals, seconds) | _timed(totals, metrics)
    return [found[metric] for metric in metrics]


def shares_of(metrics: Iterable[Metric]) -> list[float]:
    """Returns the quantiles that metrics are."""
    return sorted({SHARES[metric] for metric in metrics if metric in SHARES})


def _plain(totals: Totals, seconds: float) -> dict[Metric, float | None]:
    return {
        Metric.COUNT: float(totals.count),
        Metric.RATE: totals.count / seconds,
        Metric.ERROR_COUNT: float(totals.error_count),
        Metric.ERROR_RATE: totals.error_count / totals.count if totals.count else None,
        Metric.INPUT_TOKENS: float(totals.input_tokens),
        Metric.OUTPUT_TOKENS: float(totals.output_tokens),
        Metric.TOTAL_TOKENS: float(totals.total_tokens),
        Metric.COST: totals.cost,
        Metric.DURATION_MEAN: None,
        Metric.DURATION_MAX: None,
    }


def _timed(totals: Totals, metrics: Sequence[Metric]) -> dict[Metric, float | None]:
    """Returns the metrics of durations, in milliseconds."""
    wanted = [metric for metric in metrics if metric in SHARES]
    if not totals.timed_count:
        return dict.fromkeys(wanted)
    found: dict[Metric, float | None] = {
        Metric.DURATION_MEAN: totals.duration_ns_sum / totals.timed_count / _MILLISECOND_NS,
        Metric.DURATION_MAX: totals.duration_ns_max / _MILLISECOND_NS,
    }
    shares = [SHARES[metric] for metric in wanted]
    exact = [totals.quantiles.get(share) for share in shares]
    lengths = exact if totals.quantiles else quantiles(totals.sketch, shares)
    for metric, length in zip(wanted, lengths, strict=True):
        # No quantile is longer than the longest, whatever the middle of its bucket is.
        found[metric] = None if length is None else min(length, totals.duration_ns_max) / _MILLISECOND_NS
    return found
