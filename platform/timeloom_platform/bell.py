"""Waking those in this process who wait for something to change.

A bell is only a hint: other processes ring none, so whoever waits looks into the database now and then.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID


class Bell:
    """Wakes those who wait for one thing of many, each known by its id."""

    def __init__(self) -> None:
        self._waiting: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)

    def ring(self, awaited_id: UUID) -> None:
        """Wake all who wait for this one."""
        for event in self._waiting.get(awaited_id, ()):
            event.set()

    def ring_all(self) -> None:
        """Wake everybody."""
        for awaited_id in self._waiting:
            self.ring(awaited_id)

    @contextmanager
    def heard(self, awaited_id: UUID) -> Generator[asyncio.Event]:
        """Lend an event that is set when the bell rings for this one; who waits for it clears it."""
        event = asyncio.Event()
        self._waiting[awaited_id].add(event)
        try:
            yield event
        finally:
            self._waiting[awaited_id].discard(event)
            if not self._waiting[awaited_id]:
                del self._waiting[awaited_id]


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Wait until the event is set, but no longer than that; the event is cleared then."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
    finally:
        event.clear()
