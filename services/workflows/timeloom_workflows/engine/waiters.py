"""Callers who wait for executions to end."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final
from uuid import UUID

from timeloom_platform.errors import UnavailableError

POLL_SECONDS: Final = 1.0
LOOK_MAX: Final = 10_000
"""Executions that one look asks for."""


class Waiters:
    """Who waits for which execution: told by commits here, by the bus, and by a look once a second."""

    def __init__(self) -> None:
        self._events: defaultdict[tuple[UUID, UUID], set[asyncio.Event]] = defaultdict(set)
        self._by_id: dict[UUID, UUID] = {}
        self._is_waited_for = asyncio.Event()
        self.is_closed = False

    def __len__(self) -> int:
        return len(self._events)

    async def wait(self, project_id: UUID, execution_id: UUID, seconds: float) -> bool:
        """Returns when an execution has ended, or after so many seconds, and tells whether it has."""
        key = (project_id, execution_id)
        event = asyncio.Event()
        self._events[key].add(event)
        self._by_id[execution_id] = project_id
        self._is_waited_for.set()
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        else:
            return not self.is_closed
        finally:
            self._events[key].discard(event)
            if not self._events[key]:
                del self._events[key]
                self._by_id.pop(execution_id, None)

    def tell(self, execution_id: UUID) -> None:
        """An execution has ended."""
        project_id = self._by_id.get(execution_id)
        if project_id is not None:
            for event in self._events.get((project_id, execution_id), ()):
                event.set()

    def close(self) -> None:
        """Sends everybody home."""
        self.is_closed = True
        for events in self._events.values():
            for event in events:
                event.set()

    async def look(
        self, select_ended: Callable[[Sequence[tuple[UUID, UUID]]], Coroutine[Any, Any, list[UUID]]]
    ) -> None:
        """Looks for those that ended unnoticed, as long as anybody waits, until it is cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if not self._events:
                self._is_waited_for.clear()
                await self._is_waited_for.wait()
                continue
            try:
                ended = await select_ended(list(self._events)[:LOOK_MAX])
            except UnavailableError:
                continue
            for execution_id in ended:
                self.tell(execution_id)
