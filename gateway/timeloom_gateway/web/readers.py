"""Reading a stream for a client that may leave at any time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Generic, TypeVar

from timeloom_platform.web.messages import Receive

RECHECK_SECONDS: Final = 60.0

T = TypeVar("T")


class Reader(Generic[T]):
    """The next item of a stream, or None if there is none in time."""

    def __init__(self, items: AsyncIterator[T], leaving: asyncio.Task[None]) -> None:
        self._items = items
        self._leaving = leaving
        self._next: asyncio.Task[T] | None = None
        self.has_ended = False

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to send: the stream has ended, or nobody is there to read it."""
        return self.has_ended or self._leaving.done()

    async def next(self, *, timeout_seconds: float | None) -> T | None:
        """The next item; None if the stream has ended, its client has left, or the time is over."""
        if self._next is None:
            self._next = asyncio.ensure_future(anext(self._items))
        await asyncio.wait(
            {self._next, self._leaving}, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if not self._next.done():
            return None
        finished, self._next = self._next, None
        try:
            return finished.result()
        except StopAsyncIteration:
            self.has_ended = True
            return None

    async def close(self) -> None:
        """Ends the stream, wherever it is."""
        for task in (self._next, self._leaving):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        close = getattr(self._items, "aclose", None)
        if close is not None:
            await close()


async def until_left(
    receive: Receive, is_admitted: Callable[[], Awaitable[bool]], *, closing: asyncio.Event | None = None
) -> None:
    """Returns when the client has left or is to be let go, or the gateway is about to leave."""
    ends = [asyncio.ensure_future(disconnected(receive)), asyncio.ensure_future(_dismissed(is_admitted))]
    if closing is not None:
        ends.append(asyncio.ensure_future(closing.wait()))
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()


async def disconnected(receive: Receive) -> bool:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        continue
    return True


async def _dismissed(is_admitted: Callable[[], Awaitable[bool]]) -> bool:
    while True:
        await asyncio.sleep(RECHECK_SECONDS)
        if not await is_admitted():
            return True
