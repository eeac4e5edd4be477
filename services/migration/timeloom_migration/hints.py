"""Waking those in this process who wait for a migration to get on, or for one that nobody drives.

A hint is only a hint: other processes give none, so whoever waits looks into the database now and then.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID


class Hints:
    """Who waits for what.

    Attributes:
        has_undriven: For whoever begins workflow executions.
        is_closed: The service is about to stop.
    """

    def __init__(self) -> None:
        self.has_undriven = asyncio.Event()
        self.is_closed = False
        self._waiting: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)

    def changed(self, migration_id: UUID) -> None:
        """Wakes those who follow a migration."""
        for event in self._waiting.get(migration_id, ()):
            event.set()

    def close(self) -> None:
        """Wakes everybody who follows a migration, for the last time."""
        self.is_closed = True
        for migration_id in list(self._waiting):
            self.changed(migration_id)

    @contextmanager
    def heard(self, migration_id: UUID) -> Generator[asyncio.Event]:
        """Lends an event that is set when the migration changed; who waits for it clears it."""
        event = asyncio.Event()
        self._waiting[migration_id].add(event)
        try:
            yield event
        finally:
            self._waiting[migration_id].discard(event)
            if not self._waiting[migration_id]:
                del self._waiting[migration_id]


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Waits until the event is set, but no longer than that; the event is cleared then."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
    finally:
        event.clear()
