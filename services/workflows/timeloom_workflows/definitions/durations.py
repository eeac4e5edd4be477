"""How long: texts such as `30s`, `1h30m` or `2d`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

DURATION_MAX: Final = timedelta(days=3660)
"""Ten years."""

_UNITS: Final = ("days", "hours", "minutes", "seconds", "milliseconds")
_DURATION: Final = re.compile(
    r"(?=\d)"
    r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9}(?:\.\d{1,3})?)s)?(?:(\d{1,9})ms)?",
    re.ASCII,
)


class DurationError(ValueError):
    """The text is no duration, or one that is too long."""


def parse_duration(text: str) -> timedelta:
    """Returns the duration that a text stands for.

    Raises:
        DurationError: It stands for none, or for more than ten years.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise DurationError(
            "must be a duration such as `30s`, `5m`, `1h30m` or `2d` (units: d, h, m, s, ms, in this order)"
        )
    parts = {unit: float(part) for unit, part in zip(_UNITS, found.groups(), strict=True) if part}
    try:
        duration = timedelta(**parts)
    except OverflowError:
        raise DurationError(_TOO_LONG) from None
    if duration > DURATION_MAX:
        raise DurationError(_TOO_LONG)
    return duration


_TOO_LONG: Final = f"must be at most {DURATION_MAX.days:,} days"
