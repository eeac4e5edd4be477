"""Cron expressions, and what becomes of them when clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeloom_workflows.triggers.cron import Cron, CronError, zone_of

ZONES = ("UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")


def local_times(expression: str, zone: str, since: str, count: int) -> list[str]:
    """The next times, as clocks in the zone show them."""
    cron, moment, found = Cron.parse(expression), datetime.fromisoformat(since), list[str]()
    for _ in range(count):
        moment = cron.after(moment, zone_of(zone))
        found.append(moment.astimezone(zone_of(zone)).strftime("%d %H:%M %z"))
    return found


@pytest.mark.parametrize(
    ("zone", "since", "expression", "expected"),
    [
        # The hour from two to three is left out.
        ("Europe/Vienna", "2026-03-28T12:00Z", "30 2 * * *", ["29 03:00 +0200", "30 02:30 +0200"]),
        ("America/New_York", "2026-03-08T05:30Z", "15,45 2 * * *", ["08 03:00 -0400", "09 02:15 -0400"]),
        # Half an hour is left out, from two on.
        ("Australia/Lord_Howe", "2026-10-03T00:00Z", "15 2 * * *", ["04 02:30 +1100", "05 02:15 +1100"]),
        # The hour from two to three comes twice.
        ("Europe/Vienna", "2026-10-24T12:00Z", "30 2 * * *", ["25 02:30 +0200", "26 02:30 +0100"]),
        ("America/New_York", "2026-11-01T04:30Z", "15 1 * * *", ["01 01:15 -0400", "02 01:15 -0500"]),
        # Half an hour comes twice, from half past one on.
        ("Australia/Lord_Howe", "2026-04-04T00:00Z", "45 1 * * *", ["05 01:45 +1100", "06 01:45 +1030"]),
    ],
)
def test_a_time_that_is_named_fires_once_a_day(
    zone: str, since: str, expression: str, expected: list[str]
) -> None:
    assert local_times(expression, zone, since, 2) == expected


def test_what_goes_by_the_clock_fires_whenever_a_clock_shows_it() -> None:
    assert local_times("*/30 * * * *", "Europe/Vienna", "2026-10-24T23:50Z", 6) == [
        "25 02:00 +0200",
        "25 02:30 +0200",
        "25 02:00 +0100",
        "25 02:30 +0100",
        "25 03:00 +0100",
        "25 03:30 +0100",
    ]
    assert local_times("*/30 * * * *", "Europe/Vienna", "2026-03-29T00:10Z", 3) == [
        "29 01:30 +0100",
        "29 03:00 +0200",
        "29 03:30 +0200",
    ]
    assert local_times("0 */1 * * *", "Australia/Lord_Howe", "2026-04-04T13:30Z", 3) == [
        "05 01:00 +1100",
        "05 02:00 +1030",
        "05 03:00 +1030",
    ]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("@daily", ["24 00:00 +0000", "25 00:00 +0000"]),
        ("0 9 * * MON-FRI", ["23 09:00 +0000", "24 09:00 +0000"]),
        ("0 9 * * 7", ["29 09:00 +0000", "06 09:00 +0000"]),
        ("0 9 13 * FRI", ["27 09:00 +0000", "04 09:00 +0000"]),
        ("0 9 ? * FRI", ["27 09:00 +0000", "04 09:00 +0000"]),
        ("30 0 8,20 * * *", ["23 08:00 +0000", "23 20:00 +0000"]),
        ("0 0 1 JAN *", ["01 00:00 +0000", "01 00:00 +0000"]),
        ("5/20 3 * * *", ["23 03:05 +0000", "23 03:25 +0000"]),
    ],
)
def test_fields_mean_what_cron_means_by_them(expression: str, expected: list[str]) -> None:
    assert local_times(expression, "UTC", "2026-11-23T02:00Z", 2) == expected


@pytest.mark.parametrize(
    "expression",
    ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *",
     "5-1 * * * *", "a * * * *", "0 0 30 2 *", "* * * * * * *", "@never", "1,,2 * * * *"],
)  # fmt: skip
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(CronError):
        Cron.parse(expression)


def test_a_day_that_comes_every_four_or_eight_years_is_found() -> None:
    moment = Cron.parse("0 0 29 2 *").after(datetime(2096, 3, 1, tzinfo=UTC), UTC)
    assert moment == datetime(2104, 2, 29, tzinfo=UTC)
    shown = Cron.parse("*/20 * 29 2 *").after(datetime(2096, 3, 1, tzinfo=UTC), zone_of("Europe/Vienna"))
    assert shown == datetime(2104, 2, 28, 23, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../etc/passwd", "/etc/localtime", ""])
def test_there_are_only_zones_of_the_database(name: str) -> None:
    with pytest.raises(CronError):
        zone_of(name)


MOMENTS = st.integers(0, 4 * 365 * 86_400).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
NUMBERS = {"minute": st.integers(0, 59), "hour": st.integers(0, 23)}


@settings(max_examples=200, deadline=None)
@given(moment=MOMENTS, zone=st.sampled_from(ZONES), **NUMBERS)
def test_a_named_time_fires_once_on_every_day_of_every_zone(
    moment: datetime, zone: str, minute: int, hour: int
) -> None:
    cron, place = Cron.parse(f"{minute} {hour} * * *"), zone_of(zone)
    first = cron.after(moment, place)
    times = [first]
    for _ in range(3):
        times.append(cron.after(times[-1], place))

    assert first > moment
    days = [time.astimezone(place).date() for time in times]
    assert [later - earlier for earlier, later in pairwise(days)] == [timedelta(days=1)] * 3


@settings(max_examples=200, deadline=None)
@given(moment=MOMENTS, zone=st.sampled_from(ZONES), step=st.integers(1, 30))
def test_nothing_is_skipped_by_what_goes_by_the_clock(moment: datetime, zone: str, step: int) -> None:
    place = zone_of(zone)
    found = Cron.parse(f"*/{step} * * * *").after(moment, place)

    minute = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute.astimezone(place).minute % step:
        minute += timedelta(minutes=1)
    assert found == minute


@settings(max_examples=100, deadline=None)
@given(moment=MOMENTS, zone=st.sampled_from(ZONES), gap=st.integers(0, 100_000), minute=NUMBERS["minute"])
def test_who_asks_in_between_is_told_the_same(moment: datetime, zone: str, gap: int, minute: int) -> None:
    cron, place = Cron.parse(f"{minute} 2 * * *"), zone_of(zone)
    found = cron.after(moment, place)
    between = min(moment + timedelta(seconds=gap), found - timedelta(seconds=1))

    assert cron.after(between, place) == found
