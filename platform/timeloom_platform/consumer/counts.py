"""What became of a consumer's events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from timeloom_platform.bus.metrics import Reading


@dataclass(slots=True, kw_only=True)
class ConsumerCounts:
    """What a consumer counts.

    Attributes:
        consumer: Its durable name.
        handled: Events handled.
        repeated: Deliveries of events that had been handled before.
        failed: Attempts that failed.
        buried: Events that went to the dead letters.
        pending: Events that waited on the bus when the last one was delivered.
    """

    consumer: str
    handled: int = 0
    repeated: int = 0
    failed: int = 0
    buried: int = 0
    pending: int = 0

    def read(self) -> Iterator[Reading]:
        """The numbers as they stand, for `EventMetrics`."""
        counters = (
            ("handled_events", "Events handled.", self.handled),
            ("repeated_events", "Deliveries of events that had been handled before.", self.repeated),
            ("failed_attempts", "Attempts that failed.", self.failed),
            ("dead_letters", "Events given up.", self.buried),
        )
        label = ("consumer", self.consumer)
        for name, description, value in counters:
            yield Reading(
                name=f"timeloom_consumer_{name}",
                description=description,
                kind="counter",
                label=label,
                value=value,
            )
        yield Reading(
            name="timeloom_consumer_pending_events",
            description="Events that waited on the bus at the last delivery.",
            kind="gauge",
            label=label,
            value=self.pending,
        )
