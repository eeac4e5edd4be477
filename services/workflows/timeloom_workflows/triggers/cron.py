"""Cron expressions: which local times they mean, and which instants these are in a time zone. Pure.

Five fields (minute, hour, day of month, month, day of week), or six with the second first; names of months
and days, lists, ranges and steps; `@hourly`, `@daily` and the like. A day matches if it is one of the days of
the month or of the week, when both are restricted, as cron has always had it.

When clocks are changed: an expression whose minute or hour begins with `*` goes by what clocks show, so that
it fires as often in a doubled hour as in any other, and not at all in one that is left out. One that names
its times fires once for each: in a doubled hour the first time, and right after a gap what the gap has left
out.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

YEARS_MAX: Final = 9
"""Within these every day comes that ever comes: eight years may lie between two 29ths of February."""

TEXT_LENGTH_MAX: Final = 200
_NICKNAMES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), start=1
    )
}
_DAYS: Final = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))}
_PART: Final = re.compile(r"(?P<range>[*?]|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d{1,4}))?")
_ANY: Final = ("*", "?")
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


class CronError(ValueError):
    """The text is no cron expression, or means a day that never comes."""


class _Field(Struct, frozen=True, kw_only=True):
    name: str
    lowest: int
    highest: int
    names: Mapping[str, int] = {}


_FIELDS: Final = (
    _Field(name="second", lowest=0, highest=59),
    _Field(name="minute", lowest=0, highest=59),
    _Field(name="hour", lowest=0, highest=23),
    _Field(name="day of month", lowest=1, highest=31),
    _Field(name="month", lowest=1, highest=12, names=_MONTHS),
    _Field(name="day of week", lowest=0, highest=7, names=_DAYS),
)


class Cron(Struct, frozen=True, kw_only=True):
    """A cron expression that was read.

    Attributes:
        times: The times of a day at which it fires, in order.
        weekdays: From Sunday, which is 0.
        any_day: One of the days of the month or of the week is enough.
        goes_by_the_clock: It fires whenever a clock shows its times, however often that is.
    """

    times: tuple[time, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    goes_by_the_clock: bool

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Reads an expression.

        Raises:
            CronError: It is none.
        """
        if len(text) > TEXT_LENGTH_MAX:
            raise CronError(f"must have at most {TEXT_LENGTH_MAX} characters")
        fields = _NICKNAMES.get(text.strip().lower(), text).split()
        if len(fields) == len(_FIELDS) - 1:
            fields = ["0", *fields]
        if len(fields) != len(_FIELDS):
            raise CronError(
                "must have five fields (minute, hour, day of month, month, day of week), six with the second "
                f"before them, or be one of {', '.join(_NICKNAMES)}"
            )
        seconds, minutes, hours, days, months, weekdays = (
            _values(field, part) for field, part in zip(_FIELDS, fields, strict=True)
        )
        cron = cls(
            times=tuple(
                time(hour, minute, second)
                for hour in sorted(hours)
                for minute in sorted(minutes)
                for second in sorted(seconds)
            ),
            days=days,
            months=months,
            weekdays=frozenset(day % 7 for day in weekdays),
            any_day=not (fields[3].startswith(_ANY) or fields[5].startswith(_ANY)),
            goes_by_the_clock=fields[1].startswith(_ANY) or fields[2].startswith(_ANY),
        )
        if next(cron._days_from(date(2000, 1, 1)), None) is None:
            raise CronError("means a day that never comes")
        return cron

    def after(self, moment: datetime, zone: tzinfo) -> datetime:
        """Returns the first instant after another one at which it fires, in UTC."""
        at = moment.astimezone(UTC).replace(microsecond=0)
        return self._shown_after(at, zone) if self.goes_by_the_clock else self._named_after(at, zone)

    def _shown_after(self, at: datetime, zone: tzinfo) -> datetime:
        """When a clock shows one of the times next; after a change of clocks it is looked for anew."""
        while True:
            offset = _offset(at, zone)
            found = _utc(self._local_from(_naive(at + offset) + _SECOND)) - offset
            change = _first_change(at, found, zone)
            if change is None:
                return found
            local = _naive(change.astimezone(zone))
            if self._local_from(local) == local:
                return change
            at = change

    def _named_after(self, at: datetime, zone: tzinfo) -> datetime:
        """The instant of the next of its local times: later ones stand for no earlier instants."""
        local = _naive(at.astimezone(zone))
        while True:
            local = self._local_from(local)
            instant = _instant_of(local, zone)
            if instant > at:
                return instant
            local += _SECOND

    def _local_from(self, local: datetime) -> datetime:
        """The first local time from one on that is meant."""
        for day in self._days_from(local.date()):
            place = bisect_left(self.times, local.time()) if day == local.date() else 0
            if place < len(self.times):
                return datetime.combine(day, self.times[place])
        raise AssertionError("parse has found a day")

    def _days_from(self, day: date) -> Iterator[date]:
        last = date(min(day.year + YEARS_MAX, date.max.year), 12, 31)
        while day <= last:
            if day.month not in self.months:
                day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
                continue
            if self._is_meant(day):
                yield day
            day += _DAY

    def _is_meant(self, day: date) -> bool:
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return in_month or in_week if self.any_day else in_month and in_week


def zone_of(name: str) -> ZoneInfo:
    """Returns a time zone by its name in the IANA database, such as `Europe/Vienna`.

    Raises:
        CronError: There is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CronError(f"{name} is no time zone of the IANA database") from None


def _instant_of(local: datetime, zone: tzinfo) -> datetime:
    """The instant of a local time: the first of two; when the gap ends that it is in."""
    instant = local.replace(tzinfo=zone).astimezone(UTC)
    if _naive(instant.astimezone(zone)) == local:
        return instant
    by_later_offset = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    change = _first_change(by_later_offset, instant, zone)
    assert change is not None, "a gap is where the offset changes"
    return change


def _first_change(after: datetime, until: datetime, zone: tzinfo) -> datetime | None:
    """The first second after an instant, and not after another one, at which the zone has another offset."""
    offset, low = _offset(after, zone), after
    while low < until:
        high = min(low + _DAY, until)
        if _offset(high, zone) == offset:
            low = high
            continue
        while high - low > _SECOND:
            middle = low + (high - low) // 2
            middle = middle.replace(microsecond=0)
            if _offset(middle, zone) == offset:
                low = middle
            else:
                high = middle
        return high
    return None


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None, "zones have offsets"
    return offset


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None, fold=0)


def _utc(local: datetime) -> datetime:
    return local.replace(tzinfo=UTC)


def _values(field: _Field, text: str) -> frozenset[int]:
    """The values that a field's text names."""
    values: set[int] = set()
    for part in text.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise CronError(f"has a {field.name} that cannot be read: {part}")
        step = int(found["step"] or 1)
        if step == 0:
            raise CronError(f"has a {field.name} with the step 0")
        if found["range"] in "*?":
            first, last = field.lowest, field.highest
        else:
            first = _number(field, found["first"])
            last = (
                _number(field, found["last"]) if found["last"] else field.highest if found["step"] else first
            )
        if first > last:
            raise CronError(f"has a {field.name} whose range runs backwards: {part}")
        values.update(range(first, last + 1, step))
    return frozenset(values)


def _number(field: _Field, text: str) -> int:
    number = field.names.get(text.upper(), int(text) if text.isascii() and text.isdigit() else -1)
    if not field.lowest <= number <= field.highest:
        raise CronError(f"has a {field.name} that is not from {field.lowest} to {field.highest}: {text}")
    return number
