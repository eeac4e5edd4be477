"""Taking over what engines owned that are gone."""

from __future__ import annotations

import asyncio
from typing import Final

import asyncpg
import structlog

from timeloom_platform.errors import UnavailableError
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.storage import engines
from timeloom_workflows.storage.system import SystemConnection

LOOKS_PER_LEASE: Final = 4
BATCH: Final = 1_000

logger = structlog.get_logger(__name__)


class Takeover:
    """Looks for engines whose lease is over, and queues what they owned."""

    def __init__(self, engine: Engine, connection: SystemConnection, *, lease_seconds: float) -> None:
        self._engine = engine
        self._connection = connection
        self._interval_seconds = lease_seconds / LOOKS_PER_LEASE

    async def run(self) -> None:
        """Looks again and again until it is cancelled."""
        while True:
            try:
                await self.look()
            except (UnavailableError, asyncpg.PostgresError) as error:
                logger.warning("no look for dead engines", error=error)
            await asyncio.sleep(self._interval_seconds)

    async def look(self) -> int:
        """Queues all that dead engines owned, forgets these, and returns how much it was."""
        count = 0
        for engine_id in await engines.select_dead(self._connection):
            if engine_id == self._engine.id:
                continue
            taken = 0
            while batch := await engines.take_over(self._connection, engine_id, limit=BATCH):
                taken += batch
            await engines.bury(self._connection, engine_id)
            logger.warning("engine gone", engine=str(engine_id), taken_over=taken)
            count += taken
        if count:
            self._engine.queue_grew.set()
        return count
