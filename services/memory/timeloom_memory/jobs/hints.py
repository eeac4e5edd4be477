"""Waking those in this process who wait for a job to get on, to be cancelled, or to be there at all."""

from __future__ import annotations

import asyncio

from timeloom_platform.bell import Bell


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
