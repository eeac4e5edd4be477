"""What lists of events and of traces have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final, TypeVar

from google.protobuf.message import Message

MessageT = TypeVar("MessageT", bound=Message)

NEWEST_FIRST: Final = "start_time desc"
OLDEST_FIRST: Final = "start_time"

CANDIDATES_MAX: Final = 200_000
"""By something else than time, so many of the newest that a filter means are put in order."""

PAGE_BYTES_MAX: Final = 16 * 1024 * 1024
"""A page ends before it takes more, but has one entry at least."""


def digest(message: Message) -> str:
    """Returns what tells a filter from others, for the tokens of its pages."""
    return hashlib.sha256(message.SerializeToString(deterministic=True)).hexdigest()


def fitting(messages: Iterable[MessageT]) -> tuple[MessageT, ...]:
    """Returns as many messages from the first on as a page may take, at least one."""
    fitted: list[MessageT] = []
    size = 0
    for message in messages:
        size += message.ByteSize()
        if fitted and size > PAGE_BYTES_MAX:
            break
        fitted.append(message)
    return tuple(fitted)
