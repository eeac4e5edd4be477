"""Waking those who watch an execution, when something of it was committed.

A wake is only a hint: it may come late, twice or never. Whoever waits for one looks into the database anyway,
just not as often.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from itertools import chain
from typing import Final
from uuid import UUID

POLL_SECONDS: Final = 1.0
"""How often those who watch look by themselves."""


class Followers:
    """Who watches what; told by the engine of what it commits, and of what it hears."""

    def __init__(self) -> None:
        self._waiting: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self.is_closed = False

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def tell(self, execution_id: UUID) -> None:
        """Wakes all who watch an execution."""
        for event in self._waiting.get(execution_id, ()):
            event.set()

    def close(self) -> None:
        """Wakes everybody for the last time."""
        self.is_closed = True
        for event in chain.from_iterable(self._waiting.values()):
            event.set()

    @contextmanager
    def following(self, execution_id: UUID) -> Generator[asyncio.Event]:
        """Lends an event that is set whenever something happened; whoever waits for it clears it."""
        event = asyncio.Event()
        self._waiting[execution_id].add(event)
        try:
            yield event
        finally:
            self._waiting[execution_id].discard(event)
            if not self._waiting[execution_id]:
                del self._waiting[execution_id]


async def wait_for(event: asyncio.Event, *, seconds: float) -> None:
    """Waits until the event is set, but no longer than so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
