"""Identifiers that a client makes itself, so that the server recognises a call that is repeated."""

from __future__ import annotations

import secrets
import time
import uuid


def uuid7() -> str:
    """Return a new UUIDv7 (RFC 9562, section 5.7): identifiers sort by the millisecond of their making."""
    milliseconds = time.time_ns() // 1_000_000
    random_a, random_b = secrets.randbits(12), secrets.randbits(62)
    number = milliseconds << 80 | 0x7 << 76 | random_a << 64 | 0b10 << 62 | random_b
    return str(uuid.UUID(int=number))
