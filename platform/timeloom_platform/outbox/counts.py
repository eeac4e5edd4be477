"""How far the outbox is behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from timeloom_platform.bus.metrics import Reading


@dataclass(slots=True, kw_only=True)
class OutboxCounts:
    """What a relay counts.

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

    def read(self) -> Iterator[Reading]:
        """The numbers as they stand, for `EventMetrics`."""
        label = ("room", self.room)
        yield Reading(
            name="timeloom_outbox_published_events",
            description="Events that the bus acknowledged.",
            kind="counter",
            label=label,
            value=self.published,
        )
        yield Reading(
            name="timeloom_outbox_dead_letters",
            description="Rows that can never be published.",
            kind="counter",
            label=label,
            value=self.refused,
        )
        yield Reading(
            name="timeloom_outbox_lag_seconds",
            description="Age of the oldest row that waits.",
            kind="gauge",
            label=label,
            value=self.lag_seconds,
        )
        yield Reading(
            name="timeloom_outbox_depth",
            description="Rows that wait.",
            kind="gauge",
            label=label,
            value=self.depth,
        )
