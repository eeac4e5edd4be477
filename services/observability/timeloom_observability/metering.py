"""What events come to in the metrics: one tally for each series and ten seconds.

Tallies of the same series and time can be added up, whoever made them; so ingesting only appends them, and
upkeep merges them into longer ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct, field

from timeloom_observability.model import Event
from timeloom_observability.sketches import bucket_of

STEP_SECONDS: Final = 10
_STEP_NS: Final = STEP_SECONDS * 1_000_000_000
_MORE: Final = 0x80
_LOW: Final = 0x7F


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
        buckets: How many durations, in nanoseconds, are in which bucket of a sketch.
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
        duration_ns = event.duration_ns
        self.count += 1
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


def packed(buckets: Mapping[int, int]) -> bytes:
    """Return a sketch as bytes: for each bucket in order its distance from the one before, and its count."""
    found = bytearray()
    last = -1
    for bucket in sorted(buckets):
        _append(found, bucket - last)
        _append(found, buckets[bucket])
        last = bucket
    return bytes(found)


def unpacked(data: bytes) -> dict[int, int]:
    """Return the sketch that was packed.

    Raises:
        ValueError: The bytes are cut off.
    """
    buckets: dict[int, int] = {}
    position, last = 0, -1
    while position < len(data):
        distance, position = _number(data, position)
        count, position = _number(data, position)
        last += distance
        buckets[last] = count
    return buckets


def _append(found: bytearray, number: int) -> None:
    while number > _LOW:
        found.append(number & _LOW | _MORE)
        number >>= 7
    found.append(number)


def _number(data: bytes, position: int) -> tuple[int, int]:
    number, shift = 0, 0
    while position < len(data):
        byte = data[position]
        position += 1
        number |= (byte & _LOW) << shift
        if byte < _MORE:
            return number, position
        shift += 7
    raise ValueError("a sketch is cut off")
