"""Which workers are connected, to this replica or another one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID, uuid4

import asyncpg
import structlog

from timeloom_platform.database import Database
from timeloom_platform.errors import UnavailableError
from timeloom_workflows.storage import presence as storage
from timeloom_workflows.storage.system import SystemConnection

VALID_SECONDS: Final = 15.0
"""How long it holds what a replica says."""

SAY_SECONDS: Final = 5.0

logger = structlog.get_logger(__name__)


class Connected(Protocol):
    """Whoever knows which workers are connected to this replica."""

    def connected(self) -> Sequence[tuple[UUID, str]]:
        """Returns their projects and ids."""
        ...


class Presence:
    """Says which workers are connected here, and finds those that are connected elsewhere."""

    def __init__(self, *, workers: Connected, database: Database, connection: SystemConnection) -> None:
        self._workers = workers
        self._database = database
        self._connection = connection
        self._replica = uuid4()

    async def ids(self, project_id: UUID) -> Sequence[str]:
        """Returns the ids of a project's workers that are connected to any replica."""
        async with self._database.reading(str(project_id)) as connection:
            found = set(await storage.select_elsewhere(connection, project_id, self._replica))
        found.update(worker_id for owner_id, worker_id in self._workers.connected() if owner_id == project_id)
        return sorted(found)

    async def say(self) -> None:
        """Says which workers are connected here."""
        if connected := self._workers.connected():
            await storage.say(self._connection, self._replica, connected, seconds=VALID_SECONDS)
        await storage.forget(self._connection)

    async def run(self) -> None:
        """Says it again and again, until it is cancelled."""
        try:
            while True:
                try:
                    await self.say()
                except (UnavailableError, asyncpg.PostgresError) as error:
                    logger.debug("nobody knows which workers are connected here", error=error)
                await asyncio.sleep(SAY_SECONDS)
        finally:
            await self.close()

    async def close(self) -> None:
        """Closes its connection."""
        await self._connection.close()
