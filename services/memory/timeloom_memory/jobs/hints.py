"""Waking those in this process who wait for a job to get on, to be cancelled, or to be there at all.

A hint is only a hint: other processes give none, so whoever waits looks into the database now and then.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID


class Bell:
    """Wakes those who wait for something of a job."""

    def __init__(self) -> None:
        self._waiting: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)

    def ring(self, job_id: UUID) -> None:
        """Wakes all who wait for this job."""
        for event in self._waiting.get(job_id, ()):
            event.set()

    def ring_all(self) -> None:
        """Wakes everybody."""
        for job_id in self._waiting:
            self.ring(job_id)

    @contextmanager
    def heard(self, job_id: UUID) -> Generator[asyncio.Event]:
        """Lends an event that is set when the bell rings for the job; who waits for it clears it."""
        event = asyncio.Event()
        self._waiting[job_id].add(event)
        try:
            yield event
        finally:
            self._waiting[job_id].discard(event)
            if not self._waiting[job_id]:
                del self._waiting[job_id]


class JobHints:
    """Who waits for what.

    Attributes:
        changed: For those who follow a job.
        cancelled: For the runner that does it.
        has_work: For runners that have nothing to do.
        is_closed: The service is about to stop.
    """

    def __init__(self) -> None:
        self.changed = Bell()
        self.cancelled = Bell()
        self.has_work = asyncio.Event()
        self.is_closed = False

    def close(self) -> None:
        """Wakes everybody who follows a job, for the last time."""
        self.is_closed = True
        self.changed.ring_all()


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Waits until the event is set, but no longer than that; the event is cleared then."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
    finally:
        event.clear()
