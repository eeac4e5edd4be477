"""Taking executions from the queue, as far as drivers have places for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from timeloom_platform.errors import UnavailableError
from timeloom_workflows import limits
from timeloom_workflows.engine.drivers import Driver, Places
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.model import Execution, WorkflowKind
from timeloom_workflows.storage import claims
from timeloom_workflows.storage.system import SystemConnection

CLAIM_MAX: Final = 256
"""Executions that one claim takes."""

CLAIM_BYTES_MAX: Final = 64 * 1024 * 1024
"""Inputs that one claim takes."""

POLL_SECONDS: Final = 1.0

logger = structlog.get_logger(__name__)


class Claims:
    """Fills the places of the drivers from the queue, whenever it may have grown or places became free."""

    def __init__(self, engine: Engine, connection: SystemConnection) -> None:
        self._engine = engine
        self._connection = connection

    async def run(self) -> None:
        """Claims until it is cancelled."""
        while True:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._engine.queue_grew.wait()
            except TimeoutError:
                pass  # it may have grown elsewhere
            self._engine.queue_grew.clear()
            try:
                # Places are kept while a claim is under way: for nothing, if there is nothing.
                self._engine.has_backlog = await claims.is_anything_queued(self._connection)
                if self._engine.has_backlog:
                    while self._engine.is_in_office and await self.claim():
                        continue
            except (UnavailableError, asyncpg.PostgresError) as error:
                logger.warning("nothing claimed", error=error)
                await asyncio.sleep(POLL_SECONDS)

    async def claim(self) -> bool:
        """Claims once for each kind, and tells whether there may be more that there is a place for."""
        may_be_more = False
        for kind in self._engine.kinds:
            may_be_more |= await self._claim_kind(kind)
        return may_be_more

    async def _claim_kind(self, kind: WorkflowKind) -> bool:
        driver = self._engine.driver_of(kind)
        places = driver.offer(CLAIM_MAX) if driver else ()
        if driver is None or not places:
            return False
        engine_id = self._engine.id
        try:
            executions = await claims.claim(
                self._connection, engine_id, kind, places, bytes_max=CLAIM_BYTES_MAX
            )
            claimed = await claims.with_steps(
                self._connection, executions, steps_max=limits.STEPS_PER_EXECUTION_MAX
            )
        except BaseException:
            # It may have been committed without an answer.
            self._engine.is_in_doubt = True
            _give_back(driver, places)
            raise
        if engine_id != self._engine.id:
            # The lease was lost meanwhile: others take these over.
            _give_back(driver, places)
            return False
        _give_back(driver, _unfilled(places, executions))
        self._engine.hand_over(claimed)
        return len(executions) > 0


def _unfilled(places: Sequence[Places], executions: Sequence[Execution]) -> list[Places]:
    """What is left of places after executions have come for them."""
    came: dict[tuple[UUID, str], int] = {}
    for execution in executions:
        key = (execution.project_id, execution.workflow_id)
        came[key] = came.get(key, 0) + 1
    left = list[Places]()
    for each in places:
        filled = 0
        for project_id, workflow_id in list(came):
            if each.project_id not in (None, project_id) or each.workflow_id not in (None, workflow_id):
                continue
            taken = min(each.count - filled, came[project_id, workflow_id])
            came[project_id, workflow_id] -= taken
            filled += taken
        if filled < each.count:
            left.append(
                Places(count=each.count - filled, project_id=each.project_id, workflow_id=each.workflow_id)
            )
    return left


def _give_back(driver: Driver, places: Sequence[Places]) -> None:
    for each in places:
        driver.give_back(each)
