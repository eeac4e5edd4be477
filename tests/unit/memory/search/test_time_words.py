"""What the time words of a query mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_memory.search.time_words import TimeRange, time_range

# A Wednesday.
NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)

TABLE = [
    ("what did we say yesterday", "2026-11-17", "2026-11-18", "yesterday"),
    ("what is on today?", "2026-11-18", "2026-11-19", "today"),
    ("last night's incident", "2026-11-17", "2026-11-18", "last night"),
    ("the day before yesterday", "2026-11-16", "2026-11-17", "the day before yesterday"),
    ("plans for tomorrow", "2026-11-19", "2026-11-20", "tomorrow"),
    ("Last week's bugs", "2026-11-09", "2026-11-16", "Last week"),
    ("this week", "2026-11-16", "2026-11-23", "this week"),
    ("next week", "2026-11-23", "2026-11-30", "next week"),
    ("last weekend", "2026-11-14", "2026-11-16", "last weekend"),
    ("last month", "2026-10-01", "2026-11-01", "last month"),
    ("this year", "2026-01-01", "2027-01-01", "this year"),
    ("previous year", "2025-01-01", "2026-01-01", "previous year"),
    ("two days ago", "2026-11-16", "2026-11-17", "two days ago"),
    ("3 weeks ago", "2026-10-26", "2026-11-02", "3 weeks ago"),
    ("a month ago", "2026-10-01", "2026-11-01", "a month ago"),
    ("11 months ago", "2025-12-01", "2026-01-01", "11 months ago"),
    ("five years ago", "2021-01-01", "2022-01-01", "five years ago"),
    ("20 hours ago", "2026-11-17", "2026-11-18", "20 hours ago"),
    ("in the last 3 days", "2026-11-15", "2026-11-19", "last 3 days"),
    ("over the past few weeks", "2026-10-28", "2026-11-19", "past few weeks"),
    ("on 7 May 2023", "2023-05-07", "2023-05-08", "7 May 2023"),
    ("on May 7th, 2023", "2023-05-07", "2023-05-08", "May 7th, 2023"),
    ("the 7th of May", "2026-05-07", "2026-05-08", "the 7th of May"),
    ("on 24 December", "2025-12-24", "2025-12-25", "24 December"),
    ("on 2023-05-07", "2023-05-07", "2023-05-08", "2023-05-07"),
    ("in May", "2026-05-01", "2026-06-01", "in May"),
    ("in late December", "2025-12-01", "2026-01-01", "in late December"),
    ("in Sept. 2024", "2024-09-01", "2024-10-01", "in Sept. 2024"),
    ("last May", "2026-05-01", "2026-06-01", "last May"),
    ("last November", "2025-11-01", "2025-12-01", "last November"),
    ("next May", "2027-05-01", "2027-06-01", "next May"),
    ("during summer 2023", "2023-06-01", "2023-09-01", "summer 2023"),
    ("last winter", "2025-12-01", "2026-03-01", "last winter"),
    ("in 2023", "2023-01-01", "2024-01-01", "in 2023"),
    ("on Monday", "2026-11-16", "2026-11-17", "on Monday"),
    ("last Wednesday", "2026-11-11", "2026-11-12", "last Wednesday"),
    ("next Friday", "2026-11-20", "2026-11-21", "next Friday"),
    ("since last week", "2026-11-09", "2026-11-19", "since last week"),
    ("since May 2026", "2026-05-01", "2026-11-19", "since May 2026"),
    ("before 2024", "1900-01-01", "2024-01-01", "before 2024"),
    ("after 7 May 2023", "2023-05-08", "2026-11-19", "after 7 May 2023"),
    ("until March", "1900-01-01", "2026-04-01", "until March"),
    ("yesterday or in May", "2026-11-17", "2026-11-18", "yesterday"),
]


@pytest.mark.parametrize(("query", "start", "end", "said"), TABLE)
def test_a_query_names_a_time(query: str, start: str, end: str, said: str) -> None:
    assert time_range(query, NOW) == TimeRange(_day(start), _day(end), said)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "what may I eat",
        "they march on",
        "May asked for a report",
        "room 2023",
        "error 404 in module 7",
        "the 31st of February",
        "on 2023-13-45",
        "0 days ago",
        "the monday effect",
        "lastly, the weekend",
    ],
)
def test_no_time_is_no_time(query: str) -> None:
    assert time_range(query, NOW) is None


def test_a_time_within_fits_wholly_and_less_the_further_away() -> None:
    week = TimeRange(_day("2026-11-09"), _day("2026-11-16"), "last week")
    fits = [week.fit(_day("2026-11-16") + timedelta(days=days)) for days in (-1, 0, 7, 70, 700_000)]
    assert fits[:3] == [1.0, 0.5, 0.25]
    assert fits == sorted(fits, reverse=True)
    assert week.fit(_day("2026-11-02")) == 0.25


@given(st.text(), st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - the zone follows
def test_any_text_is_read_without_an_error(query: str, reference: datetime) -> None:
    found = time_range(query, reference.replace(tzinfo=UTC))
    assert found is None or found.words in query


@given(st.sampled_from(TABLE), st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_a_time_has_a_length(row: tuple[str, str, str, str], reference: datetime) -> None:
    found = time_range(row[0], reference.replace(tzinfo=UTC))
    assert found is not None
    assert found.start < found.end


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
