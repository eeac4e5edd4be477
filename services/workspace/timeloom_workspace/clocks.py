"""What the service does with hybrid logical clocks, whose form and laws it shares with its clients."""

from __future__ import annotations

from typing import Final

from timeloom.hybrid_clocks import SERVER_NODE, Clock, HybridClock, InvalidClockError

__all__ = [
    "DRIFT_MS_MAX",
    "NEVER",
    "SERVER_NODE",
    "Clock",
    "HybridClock",
    "InvalidClockError",
    "after",
    "ahead_ms",
    "node_of",
]

DRIFT_MS_MAX: Final = 5 * 60 * 1000
"""How far a client's clock may be ahead of the server's."""

NEVER: Final = ""
"""Before every clock: of what nobody has written, or of a writer who knew nothing."""


def node_of(clock: str) -> str:
    """Returns who wrote at a clock; empty for no clock."""
    return Clock.parse(clock).node if clock else ""


def after(previous: str, written: str) -> str:
    """Returns a record's clock after a write: the write's own, or the next after the previous one.

    So a record has another clock after each write, however late a write arrives: a clock names a state of it.

    Args:
        previous: The record's clock until now; empty if it had none.
        written: The clock of the write.
    """
    if written > previous:
        return written
    return str(Clock.parse(previous).next_of(node_of(written)))


def ahead_ms(clock: str, now_ms: int) -> int:
    """Returns by how many milliseconds a clock is ahead of the time; negative if it is behind."""
    return Clock.parse(clock).milliseconds - now_ms
