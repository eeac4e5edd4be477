"""Identifiers that follow from what they name, in the form of version 7 of RFC 9562.

An event's first 48 bits are the millisecond in which it began, the others come from a SHA-256 of what it
is. So an event that is sent again has the same id, ids sort by time, and an id alone tells the day of its
partition.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from timeloom_observability.model import EPOCH

MILLISECOND_NS: Final = 1_000_000
_TIME_BITS: Final = 80
_MILLISECOND: Final = timedelta(milliseconds=1)
_VERSION: Final = 0x7 << 76
_VARIANT: Final = 0b10 << 62
_RANDOM_A: Final = ((1 << 12) - 1) << 64
_RANDOM_B: Final = (1 << 62) - 1
_EXECUTIONS: Final = UUID("5f0f6a1c-6d0e-5b7e-9c53-3a4f2f0f6b11")
"""The name space of the executions that traces become."""


class Names:
    """Makes the ids of one project.

    The first byte that is hashed tells the kinds of things apart, so that no two of them share a name.
    """

    def __init__(self, project_id: UUID) -> None:
        """Names things of this project."""
        self._base = hashlib.sha256(project_id.bytes)

    def span(self, start_ns: int, trace_id: bytes, span_id: bytes) -> UUID:
        """Returns the id of a span."""
        return self._name(start_ns, b"s" + trace_id + span_id)

    def moment(self, start_ns: int, trace_id: bytes, span_id: bytes, ordinal: int) -> UUID:
        """Returns the id of the moment that is the `ordinal`-th of its span, from 0 on."""
        return self._name(start_ns, b"m" + trace_id + span_id + ordinal.to_bytes(4, "big"))

    def content(self, start_ns: int, *parts: bytes) -> UUID:
        """Returns the id of something that is only known by its content, such as a log."""
        sized = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return self._name(start_ns, b"c" + sized)

    def _name(self, start_ns: int, name: bytes) -> UUID:
        hashed = self._base.copy()
        hashed.update(name)
        random = int.from_bytes(hashed.digest()[:10], "big")
        time = (start_ns // MILLISECOND_NS) << _TIME_BITS
        return UUID(int=time | _VERSION | (random & _RANDOM_A) | _VARIANT | (random & _RANDOM_B))


def day_of(event_id: UUID) -> date:
    """Returns the day, in UTC, in which an event began."""
    seconds = (event_id.int >> _TIME_BITS) // 1_000
    return date.fromordinal(EPOCH.toordinal() + seconds // 86_400)


def first_id(time: datetime) -> UUID:
    """Returns the least id that an event can have that begins in this millisecond, or later."""
    return UUID(int=(time - EPOCH) // _MILLISECOND << _TIME_BITS)


def execution_of(project_id: UUID, trace_id: str) -> UUID:
    """Returns the id of the execution that a trace becomes in time travel."""
    return uuid5(_EXECUTIONS, f"{project_id}/{trace_id}")
