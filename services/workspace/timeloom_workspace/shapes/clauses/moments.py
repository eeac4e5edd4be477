"""Times as PostgreSQL writes them under DateStyle ISO and time zone UTC, and as clients may: ISO 8601.

A moment is a number of microseconds (a date: of days) since 1970, so that all of PostgreSQL's range can be
compared.
"""

from __future__ import annotations

import re
from typing import Final

_DATE = r"(?P<year>[0-9]{4,6})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6}))?)?"
_ZONE = r"(?P<zone>Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)"
_ERA = r"(?P<era> BC)?"

_TIMESTAMPTZ: Final = re.compile(f"{_DATE}(?:[ Tt]{_TIME}(?: ?{_ZONE})?)?{_ERA}", re.ASCII)
_TIMESTAMP: Final = re.compile(f"{_DATE}(?:[ Tt]{_TIME})?{_ERA}", re.ASCII)
_ONLY_DATE: Final = re.compile(f"{_DATE}{_ERA}", re.ASCII)

_DAY_MICROSECONDS: Final = 86_400_000_000
_MINUTE_MICROSECONDS: Final = 60_000_000
_YEAR_MAX: Final = 294_275
_YEAR_MIN: Final = -4712
_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ENDLESS: Final = {"infinity": 1 << 80, "-infinity": -(1 << 80)}


def read_timestamptz(text: str) -> int:
    """Microseconds since 1970; without a zone it is meant in UTC. ValueError if it is none."""
    return _read(text, _TIMESTAMPTZ, "timestamp with time zone")


def read_timestamp(text: str) -> int:
    """Microseconds since 1970, wherever that was. ValueError if it is none."""
    return _read(text, _TIMESTAMP, "timestamp")


def read_date(text: str) -> int:
    """Days since 1970. ValueError if it is none."""
    value = _read(text, _ONLY_DATE, "date")
    return value if abs(value) >= 1 << 80 else value // _DAY_MICROSECONDS


def _read(text: str, pattern: re.Pattern[str], name: str) -> int:
    stripped = text.strip(" \t\n\r\f\v")
    endless = _ENDLESS.get(stripped.lower())
    if endless is not None:
        return endless
    found = pattern.fullmatch(stripped)
    if found is None:
        raise ValueError(f'invalid input syntax for type {name}: "{text[:100]}"')
    groups = found.groupdict()
    days = _days(groups, text)
    return days * _DAY_MICROSECONDS + _clock(groups, text) - _shift(groups.get("zone"), text)


def _days(groups: dict[str, str | None], text: str) -> int:
    year, month, day = (int(groups[name] or 0) for name in ("year", "month", "day"))
    if year == 0:
        raise _out_of_range(text)
    if groups.get("era"):
        year = 1 - year
    if not 1 <= month <= 12 or not _YEAR_MIN <= year <= _YEAR_MAX:
        raise _out_of_range(text)
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= day <= _DAYS[month - 1] + (1 if month == 2 and is_leap else 0):
        raise _out_of_range(text)
    return _days_since_1970(year, month, day)


def _days_since_1970(year: int, month: int, day: int) -> int:
    """Counts days in the proleptic Gregorian calendar, in years that begin with March."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _clock(groups: dict[str, str | None], text: str) -> int:
    hour, minute, second = (int(groups.get(name) or 0) for name in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        raise _out_of_range(text)
    fraction = (groups.get("fraction") or "").ljust(6, "0")
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + int(fraction)


def _shift(zone: str | None, text: str) -> int:
    if zone is None or zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
    if hours > 15 or minutes > 59:
        raise _out_of_range(text)
    shift = (hours * 60 + minutes) * _MINUTE_MICROSECONDS
    return -shift if zone[0] == "-" else shift


def _out_of_range(text: str) -> ValueError:
    return ValueError(f'date/time field value out of range: "{text[:100]}"')
