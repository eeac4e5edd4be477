"""The lease under which this engine owns executions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import asyncpg
import structlog

from timeloom_platform.errors import UnavailableError
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.storage import engines
from timeloom_workflows.storage.system import SystemConnection

RENEWALS_PER_LEASE: Final = 3
RETRY_SECONDS: Final = 0.2

logger = structlog.get_logger(__name__)


class Lease:
    """Keeps the engine's lease alive, and has it step down in time when that does not succeed.

    The engine counts from before it asked, by its own clock; the database from when it answered: so the
    engine's lease is always over first.
    """

    def __init__(
        self,
        engine: Engine,
        connection: SystemConnection,
        *,
        address: str,
        seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._connection = connection
        self._address = address
        self._seconds = seconds
        self._clock = clock
        self._until = 0.0
        self.living_engines = 1
        """How many engines there were at the last renewal, this one among them."""

    async def run(self) -> None:
        """Keeps the lease until it is cancelled; then ends it, so that others need not wait for its end."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep())
            tasks.create_task(self._watch())

    async def leave(self) -> None:
        """Ends the lease: what is still owned, others take over at once."""
        engine_id = self._engine.id
        self._engine.step_down()
        try:
            await engines.expire(self._connection, engine_id)
        except UnavailableError as error:
            logger.warning("lease not ended, it runs out", error=error)

    async def _keep(self) -> None:
        while True:
            try:
                await self._register_or_renew()
            except (UnavailableError, asyncpg.PostgresError, TimeoutError) as error:
                logger.warning("lease not renewed", error=error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await asyncio.sleep(self._seconds / RENEWALS_PER_LEASE)

    async def _register_or_renew(self) -> None:
        asked = self._clock()
        engine_id = self._engine.id
        async with asyncio.timeout(self._seconds):
            renewal = (
                await engines.renew(self._connection, engine_id, lease_seconds=self._seconds)
                if self._engine.is_in_office
                else await engines.register(
                    self._connection, engine_id, address=self._address, lease_seconds=self._seconds
                )
            )
        if engine_id != self._engine.id:
            return
        if renewal is None:
            self._step_down()
            return
        self._engine.clock.told(renewal.time, asked=asked)
        self._until = asked + self._seconds
        self.living_engines = renewal.living
        if not self._engine.is_in_office:
            logger.info("engine begins", engine=str(engine_id))
            self._engine.take_office()

    async def _watch(self) -> None:
        """Has the engine step down when its lease may be over."""
        while True:
            left = self._until - self._clock()
            if not self._engine.is_in_office:
                await asyncio.sleep(RETRY_SECONDS)
            elif left > 0:
                await asyncio.sleep(left)
            else:
                self._step_down()

    def _step_down(self) -> None:
        logger.error("lease lost", engine=str(self._engine.id), held=len(self._engine.holdings))
        self._engine.step_down()
