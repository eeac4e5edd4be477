"""Between the times of messages and Python's, to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from timeloom_platform.errors import InvalidFieldError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def time_of(time: Timestamp, field: str) -> datetime:
    """Return a time that a client gave.

    Args:
        time: Of the request.
        field: What REST calls it.

    Raises:
        InvalidFieldError: It is not within the years 1 to 9999, or its nanoseconds are not within a second.
    """
    if not 0 <= time.nanos < 1_000_000_000:
        raise InvalidFieldError.of(field, "has nanoseconds that are not within a second")
    try:
        return _EPOCH + timedelta(seconds=time.seconds, microseconds=time.nanos // 1000)
    except OverflowError:
        raise InvalidFieldError.of(field, "is not within the years 1 to 9999") from None


def optional_time(message: Message, name: str, field: str) -> datetime | None:
    """Return a time that a client may give; None if the message has none.

    Raises:
        InvalidFieldError: As `time_of` does.
    """
    return time_of(getattr(message, name), field) if message.HasField(name) else None


def timestamp(time: datetime) -> Timestamp:
    """Return a time as messages have it."""
    message = Timestamp()
    write_time(message, time)
    return message


def write_time(message: Timestamp, time: datetime | None) -> None:
    """Write a time into a message, at a fraction of what `FromDatetime` takes; None leaves it absent."""
    if time is None:
        return
    since = time - _EPOCH
    message.seconds = since.days * 86_400 + since.seconds
    message.nanos = since.microseconds * 1000
