"""Expressions of schedules, as cron has them, and time zones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final
from zoneinfo import available_timezones

ALIASES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS: Final[Sequence[tuple[str, int, int, dict[str, int]]]] = (
    ("second", 0, 59, {}),
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day of the week", 0, 7, {name: number for number, name in enumerate(_DAYS)}),
)
_PART: Final = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d{1,4}))?", re.ASCII)
_LAST_DAYS: Final = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_SIX: Final = 6


class ScheduleError(ValueError):
    """The expression is not one of a schedule."""


def check_schedule(expression: str) -> None:
    """Does nothing if an expression says when something is to be done.

    Raises:
        ScheduleError: It does not, or it never is.
    """
    fields = ALIASES.get(expression.strip().lower(), expression).split()
    if len(fields) not in (_SIX - 1, _SIX):
        raise ScheduleError(
            "must have five fields (minute, hour, day of the month, month, day of the week), six with "
            f"seconds before them, or be one of {', '.join(ALIASES)}"
        )
    values = [
        _values(field, *about) for field, about in zip(fields, _FIELDS[_SIX - len(fields) :], strict=True)
    ]
    days, months = values[-3], values[-2]
    if fields[-1] in "*?" and all(min(days) > _LAST_DAYS.get(month, 31) for month in months):
        raise ScheduleError("never comes: these months have no such day")


def check_time_zone(name: str) -> None:
    """Does nothing if a time zone exists.

    Raises:
        ScheduleError: It does not.
    """
    if name not in _zones():
        raise ScheduleError("must be a time zone of the IANA database, such as `Europe/Vienna`")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _values(field: str, what: str, least: int, most: int, names: dict[str, int]) -> set[int]:
    if field == "?" and what.startswith("day"):
        return set(range(least, most + 1))
    found: set[int] = set()
    for part in field.split(","):
        matched = _PART.fullmatch(part)
        if matched is None:
            raise ScheduleError(
                f"has `{part}` as its {what}: write a number, `*`, `1-5`, `*/15`, or a list of these"
            )
        anything, first, last, step = matched.groups()
        low = least if anything else _number(first, what, least, most, names)
        ends = most if anything or (step and not last) else low
        high = _number(last, what, least, most, names) if last else ends
        if high < low:
            raise ScheduleError(f"has `{part}` as its {what}, which ends before it begins")
        if step is not None and int(step) == 0:
            raise ScheduleError(f"has `{part}` as its {what}: steps of zero lead nowhere")
        found.update(range(low, high + 1, int(step or 1)))
    return found


def _number(text: str, what: str, least: int, most: int, names: dict[str, int]) -> int:
    value = names.get(text.upper())
    if value is None and text.isascii() and text.isdecimal():
        value = int(text)
    if value is None or not least <= value <= most:
        raise ScheduleError(f"has `{text}` as its {what}, which goes from {least} to {most}")
    return value
