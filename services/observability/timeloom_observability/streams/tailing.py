"""Events as they come, to one caller at its own pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from timeloom.events.v1 import events_pb2
from timeloom.observability.v1.observability_pb2 import Event, EventFilter
from timeloom_platform.bus import Bus
from timeloom_platform.errors import InvalidFieldError, UnavailableError
from timeloom_platform.event_filters import require_live
from timeloom_platform.live_events import LiveEvents, Told

POSITION_MAX: Final = 2**63 - 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Tailed:
    """What came.

    Attributes:
        events: None the first time, which says where the tail begins.
        position: Whoever resumes after it misses nothing.
        skipped_count: How many events before these were left out.
    """

    events: Sequence[Event] = ()
    position: int
    skipped_count: int = 0


class Tails:
    """Follows events, until it is told to end.

    Args:
        bus: Where they are told; None if nobody tells.
    """

    def __init__(self, bus: Bus | None) -> None:
        self._live = LiveEvents(bus, _events) if bus is not None else None
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Ends all tails: their callers turn to another replica."""
        self._closing.set()

    async def tail(
        self, project_id: UUID, event_filter: EventFilter, *, position: str
    ) -> AsyncGenerator[Tailed]:
        """Yields what is committed after the position; from now on if it is empty.

        Raises:
            InvalidFieldError: The filter cannot be followed live, or the position is none.
            PositionDroppedError: The position is no longer kept.
            UnavailableError: The service ends, or nothing can be followed.
        """
        require_live(event_filter)
        if self._live is None:
            raise UnavailableError("Nothing can be followed here.")
        start = _position_of(position) if position else await self._live.position()
        yield Tailed(position=start)
        following = self._live.follow(str(project_id), event_filter, position=start, skips=True)
        async with aclosing(following):
            while True:
                told = await self._next(following)
                yield Tailed(events=told.content, position=told.position, skipped_count=told.skipped_count)

    async def _next(self, following: AsyncGenerator[Told[Sequence[Event]]]) -> Told[Sequence[Event]]:
        """Waits for what comes, or for the end."""
        coming = asyncio.ensure_future(anext(following))
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({coming, closing}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                raise UnavailableError("The service is about to stop.")
            return coming.result()
        finally:
            coming.cancel()
            closing.cancel()
            await asyncio.wait({coming, closing})


def _position_of(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text[:20]) > POSITION_MAX:
        raise InvalidFieldError.of("position", "must be the position of an answer")
    return int(text)


def _events(_fact: events_pb2.Event, events: Sequence[Event]) -> Sequence[Event]:
    return events
