"""Times of messages and Python's say the same, and what is no time is refused by its name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.times import time_of, timestamp


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_comes_back_as_protobuf_itself_would_write_it(time: datetime) -> None:
    expected = Timestamp()
    expected.FromDatetime(time)

    assert timestamp(time) == expected
    assert time_of(expected, "time") == time


@pytest.mark.parametrize(
    ("time", "problem"),
    [
        (Timestamp(nanos=-1), "has nanoseconds that are not within a second"),
        (Timestamp(nanos=1_000_000_000), "has nanoseconds that are not within a second"),
        (Timestamp(seconds=253_402_300_800), "is not within the years 1 to 9999"),
        (Timestamp(seconds=-(2**63)), "is not within the years 1 to 9999"),
    ],
)
def test_what_is_no_time_is_refused_by_its_name(time: Timestamp, problem: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        time_of(time, "startTime")

    assert str(caught.value) == f"startTime {problem}"
