"""How long something takes: `"1h30m"`, seconds, or a timedelta."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final, TypeAlias

Duration: TypeAlias = str | float | timedelta
"""`"500ms"`, `"30s"`, `"5m"`, `"1h30m"` or `"2d"`; a number of seconds; or a timedelta."""

DURATION_SECONDS_MAX: Final = 100 * 366 * 24 * 3600

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_WHOLE: Final = re.compile(rf"(?:{_PART.pattern})+")


def seconds_of(duration: Duration) -> float:
    """Return a duration in seconds.

    Raises:
        ValueError: It is negative, too long, or a text that names none.
    """
    if isinstance(duration, timedelta):
        seconds = duration.total_seconds()
    elif isinstance(duration, str):
        if not _WHOLE.fullmatch(duration):
            raise ValueError(f'{duration!r} is no duration such as "500ms", "30s", "5m", "1h30m" or "2d"')
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(duration))
    else:
        seconds = float(duration)
    if not 0 <= seconds <= DURATION_SECONDS_MAX:
        raise ValueError(f"a duration must be between 0 and 100 years, not {duration!r}")
    return seconds


def optional_seconds_of(duration: Duration | None) -> float | None:
    """Return a duration in seconds; None if there is none."""
    return None if duration is None else seconds_of(duration)


def text_of(duration: Duration) -> str:
    """Return a duration as definitions write it."""
    if isinstance(duration, str):
        seconds_of(duration)
        return duration
    return f"{round(seconds_of(duration) * 1000)}ms"
