"""Keeps the rows of metrics: what ingesting appended becomes part of rows of all lengths.

It is taken away and added in one transaction, and whoever asks reads both in one statement. So every event is
counted once at any moment, however late it came, and whenever this is stopped.
"""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

import structlog

from timeloom_observability.metrics.covering import RESOLUTIONS
from timeloom_observability.metrics.storage import adding
from timeloom_platform.database import Database, map_database_error
from timeloom_platform.errors import TimeloomError

INTERVAL_SECONDS: Final = 2.0
"""What waits to be added is read by whoever asks; this keeps it little."""
DELTAS_MAX: Final = 2_000
"""Of one transaction."""
PROJECTS_MAX: Final = 1_000
"""Of one round."""

logger = structlog.get_logger(__name__)


class Upkeep:
    """Adds what was appended to the rows. Any number of replicas may do it."""

    def __init__(self, database: Database, *, deltas_max: int = DELTAS_MAX) -> None:
        self._database = database
        self._deltas_max = deltas_max

    async def run(self) -> None:
        """Works until it is cancelled."""
        while True:
            try:
                await self.add_all()
            except Exception as error:
                # Whatever it is, nothing is lost, and the next round tries again.
                if not isinstance(error, TimeloomError) and map_database_error(error) is None:
                    logger.exception("metrics were not added up")
            await asyncio.sleep(INTERVAL_SECONDS)

    async def add_all(self) -> None:
        """Adds what there is of all projects."""
        async with self._database.system_transaction() as connection:
            projects = await adding.select_projects(connection, PROJECTS_MAX)
        for project_id in projects:
            while await self.add(project_id) == self._deltas_max:
                pass

    async def add(self, project_id: UUID) -> int:
        """Adds some of a project, and returns how many deltas; none if another replica is at it."""
        async with self._database.transaction(str(project_id)) as connection:
            if not await adding.try_lock(connection, project_id):
                return 0
            return await adding.add_deltas(
                connection, project_id, limit=self._deltas_max, resolutions=RESOLUTIONS
            )
