"""Events that a consumer could not handle, kept with the reason until somebody decides about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import nats.errors
import nats.js.errors
from nats.js.api import RawStreamMsg

from timeloom_platform.bus import Bus
from timeloom_platform.bus.streams import DEAD_LETTERS, DEAD_LETTERS_PREFIX, REDRIVE_PREFIX
from timeloom_platform.errors import NotFoundError, UnavailableError

LIST_MAX = 1_000
REASON_CHARACTERS_MAX = 1_000

_CONSUMER = "Timeloom-Consumer"
_SUBJECT = "Timeloom-Subject"
_REASON = "Timeloom-Reason"
_ATTEMPTS = "Timeloom-Attempts"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One event that one consumer gave up.

    Attributes:
        sequence: Its position in the stream of dead letters, by which it is named.
        consumer: Who could not handle it.
        subject: The subject that it was published to.
        reason: What went wrong the last time.
        attempts: How often it was tried.
        death_time: When it was given up.
        payload: The event, a timeloom.events.v1.Event unless that was what was wrong with it.
    """

    sequence: int
    consumer: str
    subject: str
    reason: str
    attempts: int
    death_time: datetime
    payload: bytes


def redrive_filter(consumer: str) -> str:
    """Where a consumer finds the dead letters that it is to try again."""
    return f"{REDRIVE_PREFIX}.{consumer}.>"


async def bury(
    bus: Bus, *, consumer: str, subject: str, payload: bytes, reason: str, attempts: int, source_sequence: int
) -> None:
    """Keep an event as a dead letter; the same delivery is kept once.

    Raises:
        UnavailableError: The bus did not take it; try again.
    """
    original = subject.removeprefix(f"{REDRIVE_PREFIX}.{consumer}.")
    await bus.publish_once(
        f"{DEAD_LETTERS_PREFIX}.{consumer}.{original}",
        payload,
        message_id=f"{consumer}:{source_sequence}",
        headers={
            _CONSUMER: consumer,
            _SUBJECT: original,
            _REASON: _header(reason[:REASON_CHARACTERS_MAX]),
            _ATTEMPTS: str(attempts),
        },
    )


async def find(bus: Bus, *, consumer: str = "*", after: int = 0, limit: int = 100) -> list[DeadLetter]:
    """List dead letters, oldest first.

    Args:
        bus: Where they are.
        consumer: Only those of this consumer; `*` for all.
        after: Only those with a greater sequence.
        limit: How many at most.

    Raises:
        UnavailableError: The bus does not answer.
    """
    found: list[DeadLetter] = []
    for _ in range(min(limit, LIST_MAX)):
        message = await _get(bus, after + 1, subject=f"{DEAD_LETTERS_PREFIX}.{consumer}.>")
        if message is None:
            break
        letter = _read(message)
        found.append(letter)
        after = letter.sequence
    return found


async def redrive(bus: Bus, sequence: int) -> None:
    """Give a dead letter back to its consumer, and to no other, to try it again.

    Raises:
        NotFoundError: There is no such dead letter.
        UnavailableError: The bus does not answer; trying again does no harm.
    """
    message = await _get(bus, sequence)
    if message is None:
        raise NotFoundError("There is no such dead letter.")
    letter = _read(message)
    await bus.publish_once(
        f"{REDRIVE_PREFIX}.{letter.consumer}.{letter.subject}",
        letter.payload,
        message_id=f"redrive:{sequence}",
    )
    await discard(bus, sequence)


async def discard(bus: Bus, sequence: int) -> None:
    """Delete a dead letter for good.

    Raises:
        NotFoundError: There is no such dead letter.
        UnavailableError: The bus does not answer.
    """
    if await _get(bus, sequence) is None:
        raise NotFoundError("There is no such dead letter.")
    try:
        await bus.js.delete_msg(DEAD_LETTERS, sequence)
    except nats.errors.Error as error:
        raise UnavailableError("The event bus did not answer.") from error


def _header(text: str) -> str:
    """The text on one line and without what UTF-8 cannot say."""
    return " ".join(text.encode("utf-8", "replace").decode().split())


async def _get(bus: Bus, sequence: int, *, subject: str | None = None) -> RawStreamMsg | None:
    """The message of a sequence or, of a subject, the next from there on."""
    try:
        return await bus.js.get_msg(
            DEAD_LETTERS, sequence, subject=subject, next=subject is not None, direct=True
        )
    except nats.js.errors.NotFoundError:
        return None
    except nats.errors.Error as error:
        raise UnavailableError("The event bus did not answer.") from error


def _read(message: RawStreamMsg) -> DeadLetter:
    headers = cast("dict[str, str]", message.headers or {})  # pyright: ignore[reportUnknownMemberType] - a bare Dict
    return DeadLetter(
        sequence=message.seq or 0,
        consumer=headers.get(_CONSUMER, ""),
        subject=headers.get(_SUBJECT, ""),
        reason=headers.get(_REASON, ""),
        attempts=int(headers.get(_ATTEMPTS, "0")),
        death_time=message.time or datetime.fromtimestamp(0, UTC),
        payload=message.data or b"",
    )
