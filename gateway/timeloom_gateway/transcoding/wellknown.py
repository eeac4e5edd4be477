"""The well-known types that have a JSON form of their own.

Times, durations and field masks are strings and wrappers bare values, read here because
requests are full of them. `Struct`, `Value`, `ListValue` and `Any`, which Timeloom's
contracts avoid, are left to protobuf's own `json_format`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from timeloom_gateway.contracts import message_class
from timeloom_gateway.transcoding.violations import Invalid

TIMESTAMP: Final = "google.protobuf.Timestamp"
DURATION: Final = "google.protobuf.Duration"
FIELD_MASK: Final = "google.protobuf.FieldMask"
EMPTY: Final = "google.protobuf.Empty"

WRAPPERS: Final = frozenset(
    f"google.protobuf.{kind}Value"
    for kind in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
)
"""Messages around one scalar; REST shows the scalar."""

DYNAMIC: Final = frozenset(f"google.protobuf.{kind}" for kind in ("Struct", "Value", "ListValue", "Any"))
"""Messages whose JSON has no fixed shape."""

TEXTUAL: Final = frozenset({TIMESTAMP, DURATION, FIELD_MASK})
"""Messages that REST shows as a string."""

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s", re.ASCII)
_MASK_PATH = re.compile(r"[a-z][A-Za-z0-9]*(?:\.[a-z][A-Za-z0-9]*)*", re.ASCII)

_EARLIEST_SECONDS: Final = -62135596800
_EPOCH_ORDINAL: Final = 719163
_LATEST_SECONDS: Final = 253402300799
_DURATION_SECONDS_MAX: Final = 315576000000


def text_parser(type_name: str) -> Callable[[str], dict[str, Any]]:
    """Reads the string form of a textual type into its fields."""
    return {TIMESTAMP: parse_timestamp, DURATION: parse_duration, FIELD_MASK: parse_field_mask}[type_name]


def text_formatter(type_name: str) -> Callable[[Any], str]:
    """Writes a message of a textual type."""
    return {TIMESTAMP: format_timestamp, DURATION: format_duration, FIELD_MASK: format_field_mask}[type_name]


def parse_timestamp(text: str) -> dict[str, Any]:
    """`2026-11-02T08:00:00.25Z`, or with an offset (RFC 3339)."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise Invalid.value("must be a time such as 2026-11-02T08:00:00Z")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise Invalid.value("must be a time that exists") from None
    seconds = calendar.timegm(moment.timetuple())
    if sign:
        if int(offset_hours) > 23 or int(offset_minutes) > 59:
            raise Invalid.value("must be a time that exists")
        offset = int(offset_hours) * 3600 + int(offset_minutes) * 60
        seconds += -offset if sign == "+" else offset
    if not _EARLIEST_SECONDS <= seconds <= _LATEST_SECONDS:
        raise Invalid.value("must be a time in the years 1 to 9999")
    return {"seconds": seconds, "nanos": int((fraction or "").ljust(9, "0"))}


def format_timestamp(message: Any) -> str:
    """In UTC, with 0, 3, 6 or 9 digits after the second."""
    return f"{_second(message.seconds)}{_fraction(message.nanos)}Z"


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    if not _EARLIEST_SECONDS <= seconds <= _LATEST_SECONDS:
        raise ValueError(f"{seconds} seconds are no time in the years 1 to 9999")
    days, rest = divmod(seconds, 86400)
    moment = datetime.fromordinal(days + _EPOCH_ORDINAL)
    date = f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    return f"{date}T{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"


def parse_duration(text: str) -> dict[str, Any]:
    """`3.5s`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise Invalid.value("must be a duration in seconds such as 3.5s")
    sign = -1 if match[1] else 1
    seconds = int(match[2])
    if seconds > _DURATION_SECONDS_MAX:
        raise Invalid.value("must be a duration of at most 10,000 years")
    return {"seconds": sign * seconds, "nanos": sign * int((match[3] or "").ljust(9, "0"))}


def format_duration(message: Any) -> str:
    """In seconds, with 0, 3, 6 or 9 digits after the point."""
    negative = message.seconds < 0 or message.nanos < 0
    return f"{'-' if negative else ''}{abs(message.seconds)}{_fraction(abs(message.nanos))}s"


def parse_field_mask(text: str) -> dict[str, Any]:
    """Paths in lowerCamelCase, separated by commas."""
    paths = text.split(",") if text else []
    if not all(_MASK_PATH.fullmatch(path) for path in paths):
        raise Invalid.value("must be field names in lowerCamelCase, separated by commas")
    return {"paths": [re.sub("[A-Z]", lambda upper: "_" + upper[0].lower(), path) for path in paths]}


def format_field_mask(message: Any) -> str:
    """Paths in lowerCamelCase, separated by commas."""
    return ",".join(re.sub("_([a-z0-9])", lambda tail: tail[1].upper(), path) for path in message.paths)


def dynamic_reader(descriptor: Descriptor, pool: DescriptorPool) -> Callable[[msgspec.Raw], Message]:
    """Reads a type whose JSON has no fixed shape."""
    create = message_class(descriptor)

    def read(raw: msgspec.Raw) -> Message:
        try:
            return json_format.Parse(bytes(raw), create(), descriptor_pool=pool)
        except (json_format.ParseError, RecursionError, UnicodeError):
            raise Invalid.value(f"must be JSON for {descriptor.full_name}") from None

    return read


def dynamic_writer(pool: DescriptorPool) -> Callable[[Message], msgspec.Raw]:
    """Writes a type whose JSON has no fixed shape."""

    def write(message: Message) -> msgspec.Raw:
        text = json_format.MessageToJson(message, indent=None, ensure_ascii=False, descriptor_pool=pool)
        return msgspec.Raw(text.encode())

    return write


def _fraction(nanos: int) -> str:
    if nanos == 0:
        return ""
    if nanos % 1_000_000 == 0:
        return f".{nanos // 1_000_000:03}"
    if nanos % 1_000 == 0:
        return f".{nanos // 1_000:06}"
    return f".{nanos:09}"
