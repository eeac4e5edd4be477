"""Waking those who watch an execution, when something of it was committed here or elsewhere.

A wake is only a hint: it may come late, twice or never. Whoever waits for one looks into the database anyway,
just not as often.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Generator
from contextlib import aclosing, contextmanager
from itertools import chain
from typing import Final
from uuid import UUID

import structlog

from timeloom_platform.bus import Bus, subject_filter
from timeloom_platform.errors import TimeloomError
from timeloom_workflows import events

RETRY_SECONDS: Final = 1.0
POLL_SECONDS_MIN: Final = 1.0
POLL_SECONDS_MAX: Final = 5.0

logger = structlog.get_logger(__name__)


class Followers:
    """Who watches what; fed by this process's own changes and, while anybody watches, by the bus."""

    def __init__(self) -> None:
        self._waiting: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._is_followed = asyncio.Event()
        self._bus: Bus | None = None
        self.is_closed = False

    @property
    def count(self) -> int:
        """How many watch, all executions together."""
        return sum(map(len, self._waiting.values()))

    @property
    def poll_seconds(self) -> float:
        """How often those who watch look by themselves: less often while the bus tells them."""
        is_told = self._bus is not None and self._bus.is_connected
        return POLL_SECONDS_MAX if is_told else POLL_SECONDS_MIN

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
        self._is_followed.set()
        try:
            yield event
        finally:
            self._waiting[execution_id].discard(event)
            if not self._waiting[execution_id]:
                del self._waiting[execution_id]
            if not self._waiting:
                self._is_followed.clear()

    async def listen(self, bus: Bus) -> None:
        """Takes hints from the bus, while anybody waits for them, until cancelled."""
        self._bus = bus
        while True:
            await self._is_followed.wait()
            try:
                await self._listen_while_followed(bus)
            except TimeloomError as error:
                logger.debug("no hints from the bus", error=error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _listen_while_followed(self, bus: Bus) -> None:
        """Passes hints on, until one comes that nobody is there for."""
        everything = subject_filter("*", events.EXECUTION_TOPICS)
        async with aclosing(bus.subscribe_ordered([everything])) as deliveries:
            async for delivery in deliveries:
                if not self._is_followed.is_set():
                    return
                self.tell(UUID(delivery.event.workflow_execution_changed.execution_id))


async def wait_for(event: asyncio.Event, *, seconds: float) -> None:
    """Waits until the event is set, but no longer than so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
