"""Identifiers that need no secrecy: they are unique, not unguessable; and the time that goes with them."""

from __future__ import annotations

import random
import re
import time
from typing import Final
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

_NANOSECONDS: Final = 1_000_000_000
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def uuid7() -> UUID:
    """Return a UUIDv7 (RFC 9562, 5.7): milliseconds, then random bits: it sorts by time."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | random.getrandbits(80)
    return UUID(int=value & ~(0xF000 << 64 | 0xC000 << 48) | 0x7000 << 64 | 0x8000 << 48)


def request_id(given: str = "") -> str:
    """Return the caller's request id if it is fit for logs and headers, or else a new one."""
    if given and _REQUEST_ID.fullmatch(given):
        return given
    return f"{random.getrandbits(128):032x}"


def stamp_now(timestamp: Timestamp) -> None:
    """Set a timestamp to the time now, at a tenth of what `GetCurrentTime` takes, which asks a calendar."""
    timestamp.seconds, timestamp.nanos = divmod(time.time_ns(), _NANOSECONDS)
