"""Times as whole microseconds, which is what PostgreSQL keeps."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

SECOND_US: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def now_us() -> int:
    """Return the time of this machine."""
    return time.time_ns() // 1000


def timestamp(us: int) -> Timestamp:
    """Return a time as the API writes it."""
    return Timestamp(seconds=us // SECOND_US, nanos=us % SECOND_US * 1000)


def us_of(stamp: Timestamp) -> int:
    """Return a time of the API."""
    return stamp.seconds * SECOND_US + stamp.nanos // 1000


def moment(us: int) -> datetime:
    """Return a time as a datetime in UTC, exactly."""
    return _EPOCH + timedelta(microseconds=us)


def duration(seconds: float) -> Duration:
    """Return a duration as the API writes it."""
    us = round(seconds * SECOND_US)
    return Duration(seconds=us // SECOND_US, nanos=us % SECOND_US * 1000)


def seconds_of(message: Duration) -> float:
    """Return a duration of the API in seconds."""
    return message.seconds + message.nanos / 1e9
