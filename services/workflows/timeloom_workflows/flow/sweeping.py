"""What has to be looked for: slots that were freed, what was collected, executions that begin too late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg
import structlog

from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError, OverloadedError, TimeloomError, UnavailableError
from timeloom_workflows.control.controls import Controls
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.errors import WrongStatusError
from timeloom_workflows.limits import EVENT_LIFE
from timeloom_workflows.storage import flow as storage
from timeloom_workflows.storage.flow import Collection, Replaced
from timeloom_workflows.storage.system import SystemConnection

ADMIT_KEYS: Final = 200
"""The notes of changes that one transaction looks at."""

POLL_SECONDS: Final = 1.0
LATE_SECONDS: Final = 0.5
LATE_BATCH: Final = 200
COLLECTIONS_SECONDS: Final = 0.25
COLLECTIONS_BATCH: Final = 20
EXPIRE_SECONDS: Final = 30.0
EXPIRE_BATCH: Final = 10_000
RETRY_SECONDS: Final = 0.5

logger = structlog.get_logger(__name__)


class Collected(Protocol):
    """Begins executions with what was collected."""

    async def begin_collected(self, collection: Collection, document: bytes) -> UUID | None:
        """Begins an execution; None if its workflow does not take it."""
        ...


class FlowSweeps:
    """Runs them, each in its own time, until it is cancelled."""

    def __init__(
        self, *, engine: Engine, database: Database, controls: Controls, collected: Collected
    ) -> None:
        self._engine = engine
        self._controls = controls
        self._collected = collected
        self._connection = SystemConnection(database)
        self._collections = SystemConnection(database)

    async def run(self) -> None:
        """Sweeps until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for sweep in (self._admit, self._cancel_late, self._begin_collected, self._expire):
                    tasks.create_task(again_and_again(sweep))
        finally:
            await self._connection.close()
            await self._collections.close()

    async def _admit(self) -> None:
        """Gives slots to those who wait for them, whenever there may be some."""
        self._engine.slots_changed.clear()
        admitted = await storage.admit(self._connection, limit=ADMIT_KEYS)
        if admitted.count:
            self._engine.queue_grew.set()
        await self._cancel(admitted.replaced, reason="a newer execution takes its place")
        if not admitted.count and not admitted.replaced:
            await _wait(self._engine.slots_changed, POLL_SECONDS)

    async def _cancel_late(self) -> None:
        await asyncio.sleep(LATE_SECONDS)
        late = await storage.select_late(self._connection, limit=LATE_BATCH)
        await self._cancel(late, reason="it did not begin in time", only_pending=True)

    async def _cancel(
        self, executions: Sequence[Replaced], *, reason: str, only_pending: bool = False
    ) -> None:
        for each in executions:
            try:
                await self._controls.cancel(
                    each.project_id, each.execution_id, reason=reason, only_pending=only_pending
                )
            except (WrongStatusError, NotFoundError):
                continue

    async def _begin_collected(self) -> None:
        """Begins executions with what was collected. They have keys: what nobody was told of begins once."""
        await asyncio.sleep(COLLECTIONS_SECONDS)
        async with self._collections.turn() as connection, connection.transaction():
            for collection in await storage.take_due(connection, limit=COLLECTIONS_BATCH):
                document = await storage.select_document(connection, collection)
                await self._collected.begin_collected(collection, document)
                await storage.forget(connection, collection)

    async def _expire(self) -> None:
        await asyncio.sleep(EXPIRE_SECONDS)
        await storage.expire(self._connection, age=EVENT_LIFE, limit=EXPIRE_BATCH)


async def again_and_again(sweep: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a sweep for ever, through failures of the database."""
    while True:
        try:
            await sweep()
        except (UnavailableError, OverloadedError, asyncpg.PostgresError) as error:
            logger.warning("sweep failed", sweep=sweep.__name__, error=error)
            await asyncio.sleep(RETRY_SECONDS)
        except TimeloomError as error:
            logger.warning("sweep refused", sweep=sweep.__name__, error=error)
            await asyncio.sleep(RETRY_SECONDS)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Returns when an event is set, or after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
