"""Forgets what projects no longer keep: whole days at once where nobody keeps them, and row by row elsewhere.

Every transaction leaves the tables as they may be, so that this can be stopped at any time. Replicas take
turns.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Final
from uuid import UUID

import structlog

from timeloom_observability.keeping import storage
from timeloom_observability.storage import forgetting
from timeloom_observability.storage.partitions import Partitions
from timeloom_platform.database import Database

INTERVAL_SECONDS: Final = 3_600.0
JITTER: Final = 0.1
"""Replicas that were started together must not go on working together."""

ROUNDS_MAX: Final = 2_000
"""The transactions of one time for one project; what is left waits for the next."""

logger = structlog.get_logger(__name__)


class Forgetting:
    """Forgets; any number of replicas may do so."""

    def __init__(self, *, database: Database, partitions: Partitions, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._partitions = partitions
        self._clock = clock

    async def run(self) -> None:
        """Forgets what is too old, again and again, until it is cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret
            try:
                await self.forget()
            except Exception as error:
                # The database may be away: there is another time.
                logger.warning("telemetry not forgotten", exc_info=error)

    async def forget(self) -> None:
        """Forgets what is too old."""
        today = datetime.combine(self._clock().astimezone(UTC).date(), time(), UTC)
        async with self._database.system_transaction() as connection:
            retentions = await storage.select_retentions(connection)
        begins = {
            project_id: today - timedelta(days=retention.days)
            for project_id, retention in retentions
            if retention.days
        }
        await self._partitions.drop({each: begin.date() for each, begin in begins.items()})
        for project_id, begin in begins.items():
            await self._forget_before(project_id, begin)

    async def _forget_before(self, project_id: UUID, begin: datetime) -> None:
        for _ in range(ROUNDS_MAX):
            async with self._database.system_transaction() as connection:
                if not await forgetting.try_lock(connection):
                    return
                if not await forgetting.forget(connection, project_id, begin):
                    return
