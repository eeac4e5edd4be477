"""Forgets what projects no longer keep: whole days at once where nobody keeps them, and row by row elsewhere.

Every transaction leaves the tables as they may be, so that this can be stopped at any time. Replicas take
turns.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

import structlog

from timeloom_observability.ids import first_id
from timeloom_observability.keeping import storage
from timeloom_observability.measurements.storage import delete_points_before
from timeloom_observability.search.storage import forgetting as findable
from timeloom_observability.storage import forgetting
from timeloom_observability.storage.partitions import Partitions
from timeloom_platform.database import Connection, Database

INTERVAL_SECONDS: Final = 3_600.0
JITTER: Final = 0.1
"""Replicas that were started together must not go on working together."""

ROUNDS_MAX: Final = 2_000
"""The transactions of one time for one project; what is left waits for the next."""

_Step: TypeAlias = Callable[[Connection, UUID, datetime], Coroutine[Any, Any, bool]]
"""Forgets some of what a project had before a time; says whether there may be more."""

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
        async with self._database.system_transaction() as connection:
            retentions = await storage.select_retentions(connection)
        events = {each: self._begin(retention.days) for each, retention in retentions if retention.days}
        points = {
            each: self._begin(retention.metric_days)
            for each, retention in retentions
            if retention.metric_days
        }
        await self._partitions.drop({each: begin.date() for each, begin in events.items()})
        for project_id, begin in events.items():
            await self._repeat(_forget_events, project_id, begin)
        for project_id, begin in points.items():
            await self._repeat(_forget_points, project_id, begin)

    def _begin(self, days: int) -> datetime:
        """Returns when the first of so many whole days before this one began."""
        return datetime.combine(self._clock().astimezone(UTC).date(), time(), UTC) - timedelta(days=days)

    async def _repeat(self, step: _Step, project_id: UUID, begin: datetime) -> None:
        """Takes a step again and again, each in its own transaction, as long as there may be more."""
        for _ in range(ROUNDS_MAX):
            async with self._database.system_transaction() as connection:
                has_more = await forgetting.try_lock(connection) and await step(connection, project_id, begin)
            if not has_more:
                return


async def _forget_events(connection: Connection, project_id: UUID, begin: datetime) -> bool:
    has_more = await forgetting.forget(connection, project_id, begin)
    found = await findable.forget(connection, project_id, first_id(begin), limit=forgetting.ROWS_MAX)
    return has_more or found > 0


async def _forget_points(connection: Connection, project_id: UUID, begin: datetime) -> bool:
    deleted = await delete_points_before(connection, project_id, begin, forgetting.ROWS_MAX)
    return deleted >= forgetting.ROWS_MAX
