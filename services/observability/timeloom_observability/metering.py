"""What events come to in the metrics: one tally for each series and ten seconds.

Tallies of the same series and time can be added up, whoever made them; so ingesting only appends them, and
upkeep adds them to those of ten seconds, five minutes, an hour and a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

from timeloom_observability.model import Event, EventType
from timeloom_observability.sketches import bucket_of

STEP_SECONDS: Final = 10
_STEP_NS: Final = STEP_SECONDS * 1_000_000_000
_MOMENTS: Final = (EventType.SPAN_EVENT, EventType.LOG)
"""What takes no time, so that it has no part in how long things take."""


class Series(Struct, frozen=True, kw_only=True, gc=False):
    """What metrics are told apart by."""

    type: int
    kind: int
    status: int
    severity: int
    name: str
    error_type: str
    agent_id: str
    model: str
    provider: str
    tool_name: str
    service_name: str


class Tally(Struct, kw_only=True, gc=False):
    """The events of one series within one step of time.

    Attributes:
        buckets: How many durations, in nanoseconds, are in which bucket of a sketch; moments have none.
    """

    count: int = 0
    duration_ns_sum: int = 0
    duration_ns_max: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cost: float = 0.0
    buckets: dict[int, int] = field(default_factory=dict[int, int])

    def add(self, event: Event) -> None:
        """Count an event."""
        self.count += 1
        if event.type not in _MOMENTS:
            duration_ns = event.duration_ns
            self.duration_ns_sum += duration_ns
            self.duration_ns_max = max(self.duration_ns_max, duration_ns)
            bucket = bucket_of(duration_ns)
            self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        if event.usage is not None:
            self.input_tokens += event.usage.input_tokens
            self.output_tokens += event.usage.output_tokens
            self.total_tokens += event.usage.total_tokens
        if event.cost is not None:
            self.cost += event.cost.total

    def merge(self, other: Tally) -> None:
        """Add what another one counted."""
        self.count += other.count
        self.duration_ns_sum += other.duration_ns_sum
        self.duration_ns_max = max(self.duration_ns_max, other.duration_ns_max)
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.total_tokens += other.total_tokens
        self.cost += other.cost
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count


Tallies = dict[tuple[int, Series], Tally]
"""By the beginning of the step, in seconds since 1970, and the series."""


def tallied(events: Iterable[Event]) -> Tallies:
    """Return what events come to."""
    tallies: Tallies = {}
    for event in events:
        key = event.start_ns // _STEP_NS * STEP_SECONDS, series_of(event)
        tally = tallies.get(key)
        if tally is None:
            tally = tallies[key] = Tally()
        tally.add(event)
    return tallies


def series_of(event: Event) -> Series:
    """Return the series that an event belongs to."""
    return Series(
        type=event.type,
        kind=event.kind,
        status=event.status,
        severity=event.severity,
        name=event.name,
        error_type=event.error_type,
        agent_id=event.agent_id,
        model=event.model,
        provider=event.provider,
        tool_name=event.tool_name,
        service_name=event.service_name,
    )
