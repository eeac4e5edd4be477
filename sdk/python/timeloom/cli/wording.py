"""Times, sizes and states in words that people read at a glance."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from timeloom.resources import ExecutionStatus, SnapshotKind

_STATUS_STYLES = {
    ExecutionStatus.RUNNING: "yellow",
    ExecutionStatus.SUCCEEDED: "green",
    ExecutionStatus.FAILED: "red",
    ExecutionStatus.CANCELLED: "magenta",
}
_KIND_STYLES = {
    SnapshotKind.ERROR_STATE: "red",
    SnapshotKind.DECISION_POINT: "cyan",
    SnapshotKind.ROLLBACK_POINT: "magenta",
}
_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


def status(value: ExecutionStatus) -> Text:
    """Return an execution's status in its colour."""
    return Text(value.lower(), style=_STATUS_STYLES[value])


def kind(value: SnapshotKind) -> Text:
    """Return a snapshot's kind in its colour."""
    return Text(value.lower().replace("_", " "), style=_KIND_STYLES.get(value, "dim"))


def ago(moment: datetime, *, now: datetime) -> str:
    """Return how long ago a moment was: `3 min ago`."""
    seconds = (now - moment).total_seconds()
    return "now" if seconds < 1 else f"{_largest_unit(seconds)} ago"


def _largest_unit(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def duration(seconds: float) -> str:
    """Return a length of time as precisely as its size deserves: `340 µs`, `12 ms`, `1.2 s`, `3 min 4 s`."""
    seconds = max(seconds, 0.0)
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def size(count: int) -> str:
    """Return a number of bytes: `340 B`, `1.2 KB`, `3.4 MB`."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1000:.1f} KB"
    return f"{count / 1_000_000:.1f} MB"


def plural(count: int, noun: str) -> str:
    """Return a number of things: `1 change`, `2 changes`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
