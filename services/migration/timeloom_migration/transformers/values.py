"""Ids and times of apps, as they are here."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from timeloom.exports import jcs
from timeloom_migration.planning.model import Context, Json, Table

_NAMESPACE: Final = UUID("6f6b2f4e-3d0c-5c5e-9a59-0f4d7a3f7c11")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM: Final = 100_000_000_000
"""Numbers from here on are milliseconds, smaller ones seconds: both ways they mean 1973 or later."""
_SECONDS_FROM: Final = 100_000_000
_SECONDS_TO: Final = 253_402_300_800
"""The year 10,000, where timestamps end."""


def target_id(context: Context, table: Table, source_id: str) -> UUID:
    """Return what a resource is called here: as there if that is a UUID, else the same for the same data."""
    try:
        return UUID(source_id)
    except ValueError:
        parts = (context.origin, context.user_id, table.value, source_id)
        return uuid5(_NAMESPACE, "\n".join(part.encode("utf-8", "replace").decode() for part in parts))


def content_id(value: Json) -> str:
    """Return an id for what has none: the same for the same content."""
    try:
        encoded = jcs.encode(value)
    except jcs.UnrepresentableError:
        encoded = repr(value).encode("utf-8", "replace")
    return f"sha256:{hashlib.sha256(encoded).hexdigest()[:32]}"


def identifier(value: Json) -> str:
    """Return an id as text; empty if it is none."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | str):
        return str(value).strip()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else ""


def moment(value: Json) -> datetime | None:
    """Return a time that is text, or seconds or milliseconds since 1970; None if it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _from_number(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if text.isascii() and text.replace(".", "", 1).isdecimal():
        return _from_number(float(text))
    try:
        parsed = datetime.fromisoformat(text)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def rfc3339(time: datetime) -> str:
    """Return a time as REST writes it."""
    precision = "auto" if time.microsecond % 1000 else "milliseconds"
    written = time.astimezone(UTC).isoformat(timespec=precision if time.microsecond else "seconds")
    return written.replace("+00:00", "Z")


def milliseconds(time: datetime) -> int:
    """Return a time as milliseconds since 1970; 0 for what was before."""
    return max(0, (time - _EPOCH) // timedelta(milliseconds=1))


def _from_number(value: float) -> datetime | None:
    if not _SECONDS_FROM <= value < _SECONDS_TO * 1000:
        return None
    seconds = value / 1000 if value >= _MILLISECONDS_FROM else value
    # The microseconds of a double are noise beyond the millisecond.
    return _EPOCH + timedelta(milliseconds=round(seconds * 1000))
