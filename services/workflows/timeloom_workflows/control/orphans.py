"""Cancelling executions that their parents do not wait for any more, whatever became of who gave them up."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final
from uuid import UUID

from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError
from timeloom_workflows.control.controls import Controls
from timeloom_workflows.errors import WrongStatusError
from timeloom_workflows.flow.sweeping import again_and_again
from timeloom_workflows.storage import orphans as storage
from timeloom_workflows.storage.system import SystemConnection

SWEEP_SECONDS: Final = 1.0
SWEEP_BATCH: Final = 200
REASON: Final = "nobody waits for it any more"


class Orphans:
    """Finds them by the notes that the table leaves with the change that gives them up."""

    def __init__(self, *, database: Database, controls: Controls) -> None:
        self._controls = controls
        self._connection = SystemConnection(database)

    async def run(self) -> None:
        """Cancels them until it is cancelled itself."""
        try:
            await again_and_again(self._sweep)
        finally:
            await self._connection.close()

    async def _sweep(self) -> None:
        found = await storage.select(self._connection, limit=SWEEP_BATCH)
        for project_id, execution_id in found:
            await self._cancel(project_id, execution_id)
        if len(found) < SWEEP_BATCH:
            await asyncio.sleep(SWEEP_SECONDS)

    async def _cancel(self, project_id: UUID, execution_id: UUID) -> None:
        """Cancels one, and forgets it only then: if this process dies in between, it is cancelled again."""
        with suppress(WrongStatusError, NotFoundError):  # it has ended by itself meanwhile
            await self._controls.cancel(project_id, execution_id, reason=REASON)
        await storage.forget(self._connection, project_id, execution_id)
