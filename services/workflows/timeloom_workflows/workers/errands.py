"""What is done about executions beside their workers' messages."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from timeloom_platform.errors import TimeloomError
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.workers.held import Held
from timeloom_workflows.workers.holding import Holding

logger = structlog.get_logger(__name__)


class Errands:
    """Tasks about executions; one that fails gives its execution to another worker."""

    def __init__(self, engine: Engine, held: Held) -> None:
        self._engine = engine
        self._held = held
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, holding: Holding, work: Coroutine[Any, Any, None]) -> None:
        """Does something about an execution, in a task of its own."""
        task = asyncio.create_task(self._guarded(holding, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stops what is under way."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _guarded(self, holding: Holding, work: Coroutine[Any, Any, None]) -> None:
        """Does something about an execution; what fails lets another worker have it."""
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - see below
            # The worker is told, and the execution is given out anew: nothing may be left without a driver.
            level = logger.warning if isinstance(error, TimeloomError) else logger.exception
            level("execution given up", execution=holding.key, error=error)
            self._held.forget(holding)
            self._engine.give_up(holding.id, holding.token)
            holding.session.revoke(
                execution_id=holding.key, token=holding.token, reason="it could not be committed"
            )
