"""What the engine looks for by itself: times that have come, parents to be told, inboxes that grew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from timeloom_platform.errors import UnavailableError
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.storage import claims, endings
from timeloom_workflows.storage.system import SystemConnection

DUE_BATCH: Final = 1_000
DUE_POLL_SECONDS: Final = 1.0

INBOX_SECONDS: Final = 1.0
INBOX_BATCH: Final = 2_000
"""Executions whose inboxes are looked at at a time."""

ENDINGS_BATCH: Final = 256
ENDINGS_POLL_SECONDS: Final = 1.0

STRAYS_SECONDS: Final = 1.0

RETRY_SECONDS: Final = 0.5

logger = structlog.get_logger(__name__)


class Sweeps:
    """Runs the sweeps, each in its own time, until it is cancelled."""

    def __init__(self, engine: Engine, connection: SystemConnection) -> None:
        self._engine = engine
        self._connection = connection
        self._strays: set[tuple[UUID, UUID, int]] = set()

    async def run(self) -> None:
        """Sweeps until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for sweep in (
                self._queue_due,
                self._tell_parents,
                self._look_at_inboxes,
                self._release,
                self._look_for_strays,
            ):
                tasks.create_task(self._again_and_again(sweep))

    async def _again_and_again(self, sweep: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await sweep()
            except (UnavailableError, asyncpg.PostgresError) as error:
                logger.warning("sweep failed", sweep=sweep.__name__, error=error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _queue_due(self) -> None:
        """Queues what is due, then sleeps until the next time that is known, or an earlier one is set."""
        self._engine.timer_set.clear()
        while await claims.queue_due(self._connection, limit=DUE_BATCH):
            self._engine.queue_grew.set()
        left = await claims.next_due_seconds(self._connection)
        await _wait(
            self._engine.timer_set,
            DUE_POLL_SECONDS if left is None else max(0.0, min(left, DUE_POLL_SECONDS)),
        )

    async def _tell_parents(self) -> None:
        """Brings the ends of children to the steps that wait for them."""
        self._engine.children_ended.clear()
        while told := await endings.tell_parents(self._connection, limit=ENDINGS_BATCH):
            for execution_id in told:
                self._engine.poke(execution_id)
            self._engine.queue_grew.set()
        await _wait(self._engine.children_ended, ENDINGS_POLL_SECONDS)

    async def _look_at_inboxes(self) -> None:
        """Pokes drivers whose executions were sent something that nobody told them of."""
        await asyncio.sleep(INBOX_SECONDS)
        seen = [
            (held.project_id, held.id, held.inbox) for held in self._engine.holdings.take_turn(INBOX_BATCH)
        ]
        if seen:
            for execution_id in await claims.select_grown(self._connection, seen):
                self._engine.poke(execution_id)

    async def _release(self) -> None:
        """Queues what nobody here drives any more."""
        await asyncio.sleep(INBOX_SECONDS)
        released = list(self._engine.to_release.values())[:INBOX_BATCH]
        if released:
            await claims.release(self._connection, released)
            for _, execution_id, _ in released:
                self._engine.to_release.pop(execution_id, None)
            self._engine.queue_grew.set()

    async def _look_for_strays(self) -> None:
        """After a doubt, queues what the database says is ours and nobody here has: what two looks find."""
        await asyncio.sleep(STRAYS_SECONDS)
        if not self._engine.is_in_doubt:
            return
        # What is just being begun is found by one look and held at the next.
        found = {
            each
            for each in await claims.select_owned(self._connection, self._engine.id)
            if self._engine.holdings.get(each[1]) is None
        }
        strays, self._strays = found & self._strays, found
        self._engine.to_release.update((each[1], each) for each in strays)
        self._engine.is_in_doubt = bool(found)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Returns when an event is set, or after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
