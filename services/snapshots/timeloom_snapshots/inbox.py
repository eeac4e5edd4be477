"""The items of a stream, taken one by one by somebody who has other things to do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

from timeloom_snapshots.errors import about_to_stop

T = TypeVar("T")


class Inbox(Generic[T]):
    """Waits for the next item, but no longer than it may, nor beyond the service's end."""

    def __init__(self, items: AsyncIterator[T], closing: asyncio.Event) -> None:
        self.is_exhausted = False
        """Whether the last item was taken."""
        self._items = items
        self._closing = asyncio.ensure_future(closing.wait())
        self._coming: asyncio.Future[T | None] | None = None

    async def take(self, *, seconds: float | None) -> T | None:
        """Returns the next item; None if there is none any more, or none came in time.

        Without a time limit it waits until an item comes. After the last item it waits only for the time.

        Raises:
            UnavailableError: The service is about to stop; another replica can go on.
        """
        clock = asyncio.get_running_loop().time
        deadline = None if seconds is None else clock() + seconds
        while not (self.is_exhausted and deadline is None):
            remaining = None if deadline is None else max(deadline - clock(), 0)
            await asyncio.wait(self._waited(), timeout=remaining, return_when=asyncio.FIRST_COMPLETED)
            if self._coming is not None and self._coming.done():
                item, self._coming = self._coming.result(), None
                if item is not None:
                    return item
                self.is_exhausted = True
            elif self._closing.done():
                raise about_to_stop()
            else:
                return None
        return None

    async def aclose(self) -> None:
        """Stops waiting."""
        waiting: list[asyncio.Future[Any]] = [self._closing]
        if self._coming is not None:
            waiting.append(self._coming)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    def _waited(self) -> set[asyncio.Future[Any]]:
        if self.is_exhausted:
            return {self._closing}
        self._coming = self._coming or asyncio.ensure_future(self._next())
        return {self._closing, self._coming}

    async def _next(self) -> T | None:
        async for item in self._items:
            return item
        return None
