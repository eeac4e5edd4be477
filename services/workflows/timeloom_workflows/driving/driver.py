"""The driver of definitions with steps: it gives each execution that it is handed a run of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from timeloom_platform.errors import TimeloomError
from timeloom_workflows.driving.run import Run
from timeloom_workflows.driving.surroundings import Surroundings
from timeloom_workflows.engine.drivers import Claimed, Places

HOT_MAX: Final = 10_000
"""Executions that are held in memory at once; others wait in the queue."""

logger = structlog.get_logger(__name__)


class DagDriver:
    """Drives executions whose definition has steps. It is a context manager: leaving it stops all it does."""

    def __init__(self, surroundings: Surroundings, *, hot_max: int = HOT_MAX) -> None:
        self._surroundings = surroundings
        self._places = hot_max
        self._runs: dict[UUID, tuple[Run, asyncio.Task[None]]] = {}

    @property
    def held_count(self) -> int:
        """How many executions it has in memory."""
        return len(self._runs)

    def reserve(self, project_id: UUID, workflow_id: str) -> bool:
        """Keeps a place for one execution that is about to come; False if there is none."""
        del project_id, workflow_id
        if not self._places:
            return False
        self._places -= 1
        return True

    def offer(self, limit: int) -> Sequence[Places]:
        """Keeps all places that are free, at most `limit` of them."""
        count = min(limit, self._places)
        self._places -= count
        return [Places(count=count)] if count else []

    def give_back(self, places: Places) -> None:
        """Frees places that nothing came for."""
        self._places += places.count

    def drive(self, claimed: Claimed) -> None:
        """Takes an execution, for which a place was kept."""
        execution_id = claimed.execution.id
        self.drop(execution_id)
        run = Run(claimed, self._surroundings)
        task = asyncio.get_running_loop().create_task(self._drive(run))
        self._runs[execution_id] = run, task
        task.add_done_callback(lambda _: self._left(execution_id, run))

    def poke(self, execution_id: UUID) -> None:
        """Something came from outside for an execution."""
        known = self._runs.get(execution_id)
        if known is not None:
            known[0].poke()

    def drop(self, execution_id: UUID) -> None:
        """Forgets an execution at once: somebody else goes on with it."""
        known = self._runs.pop(execution_id, None)
        if known is not None:
            known[1].cancel()

    async def close(self) -> None:
        """Stops everything; others go on with it."""
        tasks = [task for _, task in self._runs.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _drive(self, run: Run) -> None:
        engine = self._surroundings.engine
        try:
            await run.drive()
        except asyncio.CancelledError:
            raise
        except TimeloomError as error:
            # Whether the last commit was done, nobody knows: whoever goes on finds out from the rows.
            logger.warning("execution given up", execution_id=str(run.id), reason=error.reason)
            engine.give_up(run.id, run.token)
        except Exception:
            # The boundary of one execution: a defect must not take others along. Its deliveries are counted.
            logger.exception("execution given up", execution_id=str(run.id))
            engine.give_up(run.id, run.token)

    def _left(self, execution_id: UUID, run: Run) -> None:
        self._places += 1
        known = self._runs.get(execution_id)
        if known is not None and known[0] is run:
            del self._runs[execution_id]
        self._surroundings.engine.room_grew()
