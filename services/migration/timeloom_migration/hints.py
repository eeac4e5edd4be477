"""Waking those in this process who wait for a migration to get on, or for one that nobody drives."""

from __future__ import annotations

import asyncio

from timeloom_platform.bell import Bell


class Hints:
    """Who waits for what.

    Attributes:
        changed: For those who follow a migration.
        has_undriven: For whoever begins workflow executions.
        is_closed: The service is about to stop.
    """

    def __init__(self) -> None:
        self.changed = Bell()
        self.has_undriven = asyncio.Event()
        self.is_closed = False

    def close(self) -> None:
        """Wakes everybody who follows a migration, for the last time."""
        self.is_closed = True
        self.changed.ring_all()
