"""What synchronisation does by itself: it forgets what nobody can ask for any more."""

from __future__ import annotations

import asyncio
import random
from typing import Final

import structlog

from timeloom_platform.database import Database
from timeloom_workspace.sync.storage import upkeep as storage

INTERVAL_SECONDS: Final = 3600.0
JITTER: Final = 0.1
"""Replicas that were started together must not go on working together."""

ROUNDS_MAX: Final = 200
"""The transactions of one time; what is left waits for the next."""

logger = structlog.get_logger(__name__)


class Upkeep:
    """Forgets; any number of replicas may do so."""

    def __init__(self, database: Database, *, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._database = database
        self._interval_seconds = interval_seconds

    async def run(self) -> None:
        """Forgets what is too old, again and again, until it is cancelled."""
        while True:
            await asyncio.sleep(self._interval_seconds * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret
            try:
                await self.forget()
            except Exception as error:
                # The database may be away: there is another time.
                logger.warning("not forgotten", exc_info=error)

    async def forget(self) -> None:
        """Forgets what is too old."""
        for _ in range(ROUNDS_MAX):
            async with self._database.system_transaction() as connection:
                if not await storage.forget(connection):
                    return
