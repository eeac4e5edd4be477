"""The time that a query speaks of: "last week", "in May", "two days ago", "on 7 May 2023".

Days begin and end in UTC, as nobody says otherwise. A month or a weekday without a year is the latest that
has begun by the reference time: memories are of the past.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from msgspec import Struct

AGO_MAX: Final = 10_000
YEAR_MIN: Final = 1900
YEAR_MAX: Final = 2199

# Beyond its range a time fades by half with each such span, but never faster than by the day.
_FADING_SPAN_MIN: Final = timedelta(days=1)
_FADING_SPANS_MAX: Final = 60

_MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SEASONS: Final = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_NUMBERS: Final = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(),  # noqa: SIM905
        start=1,
    )
} | {"a": 1, "an": 1, "a couple of": 2, "couple of": 2, "a few": 3, "few": 3, "several": 4}

_MONTH: Final = rf"(?P<month>{'|'.join(f'{month[:3]}(?:{month[3:]})?' for month in _MONTHS)}|sept)\.?"
_YEAR: Final = r"(?P<year>(?:19|20|21)\d\d)"
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_COUNT: Final = rf"(?P<count>\d{{1,4}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_UNIT: Final = r"(?P<unit>hour|day|week|month|year)s?"
_SEASON: Final = rf"(?P<season>{'|'.join(_SEASONS)})"
_TWO_DAYS: Final = "the day (?:before yesterday|after tomorrow)"
_NEAR: Final = "(?:early |late |mid[- ])?"
_AT: Final = "in|during|since|before|after|until"
# Groups that others have and that match nothing here.
_NO_YEAR: Final = r"(?P<year>(?!))?"
_NO_WHICH: Final = r"(?P<which>(?!))?"

# A word before a time, or the first of its own, that opens it to one side.
_OPENING: Final = re.compile(r"\b(?P<opening>since|after|before|until)\s+$", re.IGNORECASE)
_OPENED: Final = re.compile(r"(?P<opening>since|after|before|until)\b", re.IGNORECASE)


class TimeRange(Struct, frozen=True):
    """A stretch of time, its end not included, and the words that name it."""

    start: datetime
    end: datetime
    words: str

    def fit(self, time: datetime) -> float:
        """Returns how well a time fits: 1 within the range, less the further away."""
        if self.start <= time < self.end:
            return 1.0
        away = self.start - time if time < self.start else time - self.end
        spans = away / max(self.end - self.start, _FADING_SPAN_MIN)
        return float(0.5 ** min(1 + spans, _FADING_SPANS_MAX))


_Stretch = tuple[date, date]
_Reading = Callable[[re.Match[str], datetime], _Stretch | None]


def time_range(query: str, reference: datetime) -> TimeRange | None:
    """Returns the time that a query names; None if it names none.

    Of several times the one that stands first counts; of readings of the same words the most precise.
    """
    now = reference.astimezone(UTC)
    found = [
        (match.start(), order, match, stretch)
        for order, (pattern, reading) in enumerate(_PATTERNS)
        for match in pattern.finditer(query)
        if (stretch := _read(reading, match, now)) is not None
    ]
    if not found:
        return None
    _, _, match, stretch = min(found, key=lambda one: one[:2])
    opening = _OPENED.match(match[0]) or _OPENING.search(query, 0, match.start())
    first, end = _opened(stretch, opening["opening"].lower() if opening else "", now)
    start = opening.start() if opening and opening.re is _OPENING else match.start()
    return TimeRange(_midnight(first), _midnight(end), query[start : match.end()])


def _opened(stretch: _Stretch, opening: str, now: datetime) -> _Stretch:
    """Returns what lies before or after a stretch, if a word says so."""
    first, end = stretch
    tomorrow = now.date() + timedelta(days=1)
    if opening == "since":
        return first, max(end, tomorrow)
    if opening == "after":
        return end, max(end + timedelta(days=1), tomorrow)
    if opening == "before":
        return date(YEAR_MIN, 1, 1), first
    if opening == "until":
        return date(YEAR_MIN, 1, 1), end
    return stretch


def _read(reading: _Reading, match: re.Match[str], now: datetime) -> _Stretch | None:
    try:
        return reading(match, now)
    except (ValueError, OverflowError):  # there is no such day
        return None


def _exact_day(match: re.Match[str], now: datetime) -> _Stretch:
    month, day = _month(match), int(match["day"])
    if match["year"]:
        return _days(date(int(match["year"]), month, day), 1)
    this_year = date(now.year, month, day)
    return _days(this_year if this_year <= now.date() else date(now.year - 1, month, day), 1)


def _iso_day(match: re.Match[str], _: datetime) -> _Stretch:
    return _days(date(int(match["year"]), int(match["number"]), int(match["day"])), 1)


def _whole_month(match: re.Match[str], now: datetime) -> _Stretch:
    month = _month(match)
    if match["year"]:
        return _months(date(int(match["year"]), month, 1), 1)
    year = now.year if month <= now.month else now.year - 1
    said = (match["which"] or "").lower()
    if said == "last" and (year, month) == (now.year, now.month):
        year -= 1
    if said == "next":
        year += 1
    return _months(date(year, month, 1), 1)


def _season(match: re.Match[str], now: datetime) -> _Stretch:
    month = _SEASONS[match["season"].lower()]
    if match["year"]:
        year = int(match["year"])
    else:
        year = now.year if month <= now.month else now.year - 1
        if (match["which"] or "").lower() == "last" and _months(date(year, month, 1), 3)[1] > now.date():
            year -= 1
    return _months(date(year, month, 1), 3)


def _whole_year(match: re.Match[str], _: datetime) -> _Stretch:
    year = int(match["year"])
    return date(year, 1, 1), date(year + 1, 1, 1)


def _named_day(match: re.Match[str], now: datetime) -> _Stretch:
    said = match["name"].lower()
    days = {"yesterday": -1, "last night": -1, "tomorrow": 1}.get(said, 0)
    if said.startswith("the day"):
        days = -2 if "before" in said else 2
    return _days(now.date() + timedelta(days=days), 1)


def _weekday(match: re.Match[str], now: datetime) -> _Stretch:
    back = (now.weekday() - _WEEKDAYS.index(match["weekday"].lower())) % 7
    said = match["which"].lower()
    if said == "next":
        return _days(now.date() + timedelta(days=7 - back), 1)
    if back == 0 and said == "last":
        back = 7
    return _days(now.date() - timedelta(days=back), 1)


def _unit(match: re.Match[str], now: datetime) -> _Stretch:
    steps = {"last": -1, "previous": -1, "past": -1, "this": 0, "current": 0, "next": 1}[
        match["which"].lower()
    ]
    unit = match["unit"].lower()
    monday = now.date() - timedelta(days=now.weekday()) + timedelta(weeks=steps)
    if unit == "week":
        return _days(monday, 7)
    if unit == "weekend":
        return _days(monday + timedelta(days=5), 2)
    if unit == "month":
        return _months(_shifted(now.date().replace(day=1), steps), 1)
    return date(now.year + steps, 1, 1), date(now.year + steps + 1, 1, 1)


def _ago(match: re.Match[str], now: datetime) -> _Stretch | None:
    count, unit = _count(match), match["unit"].lower()
    if count is None:
        return None
    if unit == "hour":
        return _days((now - timedelta(hours=count)).date(), 1)
    if unit == "day":
        return _days(now.date() - timedelta(days=count), 1)
    if unit == "week":
        return _days(now.date() - timedelta(weeks=count) - timedelta(days=now.weekday()), 7)
    if unit == "month":
        return _months(_shifted(now.date().replace(day=1), -count), 1)
    return date(now.year - count, 1, 1), date(now.year - count + 1, 1, 1)


def _lately(match: re.Match[str], now: datetime) -> _Stretch | None:
    count, unit = _count(match), match["unit"].lower()
    if count is None:
        return None
    days = {"hour": 1, "day": count, "week": 7 * count, "month": 30 * count, "year": 365 * count}[unit]
    return now.date() - timedelta(days=days), now.date() + timedelta(days=1)


def _count(match: re.Match[str]) -> int | None:
    said = match["count"].lower()
    count = int(said) if said.isdecimal() else _NUMBERS[said]
    return count if 0 < count <= AGO_MAX else None


def _month(match: re.Match[str]) -> int:
    start = match["month"].lower()[:3]
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(start))


def _days(first: date, count: int) -> _Stretch:
    return first, first + timedelta(days=count)


def _months(first: date, count: int) -> _Stretch:
    return first, _shifted(first, count)


def _shifted(first: date, months: int) -> date:
    """Returns the first of the month that is so many months later."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b{pattern}\b", re.IGNORECASE | re.ASCII)


# The more precise first. A month is often a word ("may", "march") or a name, and a bare number is a year only
# after a preposition.
_PATTERNS: Final[tuple[tuple[re.Pattern[str], _Reading], ...]] = (
    (_compiled(rf"{_YEAR}-(?P<number>\d\d)-(?P<day>\d\d)"), _iso_day),
    (_compiled(rf"(?:the )?{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR})?"), _exact_day),
    (_compiled(rf"{_MONTH} (?:the )?{_DAY}(?:,? {_YEAR})?"), _exact_day),
    (_compiled(rf"{_NO_WHICH}(?:(?:{_AT}) )?{_NEAR}{_MONTH},? (?:of )?{_YEAR}"), _whole_month),
    (_compiled(rf"(?P<which>last|this|next) {_MONTH}{_NO_YEAR}"), _whole_month),
    (_compiled(rf"{_NO_WHICH}(?:{_AT}) {_NEAR}{_MONTH}{_NO_YEAR}"), _whole_month),
    (_compiled(rf"{_NO_WHICH}{_SEASON}(?: of)?,? {_YEAR}"), _season),
    (_compiled(rf"(?P<which>last|this) {_SEASON}{_NO_YEAR}"), _season),
    (
        _compiled(rf"(?P<name>yesterday|today|tonight|tomorrow|last night|{_TWO_DAYS})"),
        _named_day,
    ),
    (_compiled(rf"{_COUNT} {_UNIT} ago"), _ago),
    (_compiled(rf"(?:last|past|previous) {_COUNT} {_UNIT}"), _lately),
    (_compiled(r"(?P<which>last|previous|past|this|current|next) (?P<unit>weekend|week|month|year)"), _unit),
    (_compiled(rf"(?P<which>last|this|next|on) (?P<weekday>{'|'.join(_WEEKDAYS)})"), _weekday),
    (_compiled(rf"(?:{_AT}) (?:the year )?{_YEAR}"), _whole_year),
)
