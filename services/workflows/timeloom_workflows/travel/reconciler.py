"""Looks through all executions, slowly, for those that time travel has missed.

The bus keeps events for some days, and a service may be away for longer. Whatever this finds is recorded as
if its event had come; what is recorded already stays as it is.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from timeloom_platform.database import Database
from timeloom_platform.errors import OverloadedError, UnavailableError
from timeloom_workflows.storage import travel_marks as storage
from timeloom_workflows.storage.system import SystemConnection
from timeloom_workflows.storage.travel_marks import Key
from timeloom_workflows.travel.recorder import Recorder

PAGE: Final = 2_000
"""Executions that one look compares with their marks."""

PAGE_SECONDS: Final = 1.0
"""Between two looks: a million executions are gone through within ten minutes."""

REST_SECONDS: Final = 60.0
"""Between the end of one way through and the beginning of the next."""

QUIET: Final = timedelta(minutes=5)
"""What got on within this time is left to whoever follows the bus."""

OUTAGE_SECONDS: Final = 10.0

_FIRST: Final[Key] = (UUID(int=0), UUID(int=0))

logger = structlog.get_logger(__name__)


class Reconciler:
    """Has executions recorded whose events were lost."""

    def __init__(
        self,
        *,
        database: Database,
        recorder: Recorder,
        quiet: timedelta = QUIET,
        rest_seconds: float = REST_SECONDS,
    ) -> None:
        self._connection = SystemConnection(database)
        self._recorder = recorder
        self._quiet = quiet
        self._rest_seconds = rest_seconds
        self._after = _FIRST

    async def run(self) -> None:
        """Goes through all executions again and again until cancelled, through the outages of others."""
        try:
            while True:
                try:
                    await self._look()
                except (UnavailableError, OverloadedError, asyncpg.PostgresError) as error:
                    logger.debug("time travel not reconciled", error=error)
                    await asyncio.sleep(OUTAGE_SECONDS)
        finally:
            await self._connection.close()

    async def _look(self) -> None:
        """Looks at a page; it is looked at again if it could not be brought up to date."""
        page = await storage.select_page(self._connection, after=self._after, quiet=self._quiet, limit=PAGE)
        for project_id, execution_id in page.behind:
            await self._record(project_id, execution_id)
        self._after = page.last or _FIRST
        await asyncio.sleep(self._rest_seconds if page.last is None else PAGE_SECONDS)

    async def _record(self, project_id: UUID, execution_id: UUID) -> None:
        try:
            await self._recorder.record(project_id, execution_id, is_quiet=True)
        except (UnavailableError, OverloadedError, asyncpg.PostgresError):
            raise
        except Exception as error:
            # The boundary of one execution: one that cannot be recorded must not keep others from it.
            logger.warning(
                "execution not recorded for time travel", execution_id=str(execution_id), exc_info=error
            )
