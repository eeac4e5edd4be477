"""Between the times of messages and those of rows, to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SECONDS_MAX: Final = 253_402_300_799
"""The end of the year 9999."""


def moment(stamp: Timestamp) -> datetime:
    """Returns a time of a message; one that no row could keep is put at the end of time."""
    seconds = min(max(stamp.seconds, 0), _SECONDS_MAX)
    return _EPOCH + timedelta(0, seconds, stamp.nanos // 1000)


def stamp(time: datetime) -> Timestamp:
    """Returns a time as messages have it."""
    us = (time - _EPOCH) // _MICROSECOND
    return Timestamp(seconds=us // 1_000_000, nanos=us % 1_000_000 * 1000)


def span(duration: Duration) -> timedelta:
    """Returns a duration of a message."""
    return timedelta(0, duration.seconds, duration.nanos // 1000)


def duration(span: timedelta) -> Duration:
    """Returns a duration as messages have it; none that is negative."""
    us = max(span // _MICROSECOND, 0)
    return Duration(seconds=us // 1_000_000, nanos=us % 1_000_000 * 1000)
