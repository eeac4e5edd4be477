"""The projects' policies, and the purge that they ask for."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from timeloom_memory import events, limits
from timeloom_memory.model import Change, MemoryPolicy
from timeloom_memory.storage import policies, purging
from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database

PURGE_SECONDS: Final = 600.0
JITTER: Final = 0.1
"""Replicas that were started together must not go on working together."""

NOTES_KEPT: Final = timedelta(days=7)
"""For so long replicas learn of what was purged; an index that is older is made anew."""

PROJECTS_MAX: Final = 1000
"""The projects that one round purges for."""

logger = structlog.get_logger(__name__)


class Policies:
    """What the projects want to become of their memories."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def get(self, project_id: UUID) -> MemoryPolicy:
        """Returns a project's policy."""
        async with self._database.transaction(str(project_id)) as connection:
            return await policies.select(connection, project_id)

    async def update(self, project_id: UUID, policy: MemoryPolicy) -> MemoryPolicy:
        """Sets a project's policy and returns it."""
        async with self._database.transaction(str(project_id)) as connection:
            return await policies.upsert(connection, project_id, policy)


class Purge:
    """Removes for good what the policies say, until it is cancelled, through failures of the database.

    Any number of replicas may run it: one at a time looks for what is due, and memories that another one is
    removing are passed over.
    """

    def __init__(
        self, *, database: Database, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._database = database
        self._sleep = sleep

    async def run(self) -> None:
        """Works until it is cancelled."""
        while True:
            await self._sleep(PURGE_SECONDS * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret
            try:
                await self.purge_due()
            # The next round tries again, whatever it was.
            except Exception as error:
                logger.warning("memories not purged", exc_info=error)

    async def purge_due(self) -> int:
        """Purges once, and returns how many memories went."""
        default = MemoryPolicy().purge_deleted_after_days
        async with self._database.system_transaction() as connection:
            if not await purging.try_lock(connection):
                return 0
            await purging.forget(connection, NOTES_KEPT)
            projects = await purging.select_projects(
                connection, deleted_after_days=default, limit=PROJECTS_MAX
            )
        return sum([await self._purge_project(project_id, default) for project_id in projects])

    async def _purge_project(self, project_id: UUID, default_days: int) -> int:
        count = 0
        while True:
            async with self._database.transaction(str(project_id)) as connection:
                due = await purging.lock_due(
                    connection, project_id, deleted_after_days=default_days, limit=limits.BATCH_MAX
                )
                await purge_and_tell(connection, project_id, due)
            count += len(due)
            if len(due) < limits.BATCH_MAX:
                return count


async def purge_and_tell(
    connection: Connection, project_id: UUID, memory_ids: list[UUID]
) -> list[purging.Purged]:
    """Removes memories that are locked, and tells so once the transaction commits."""
    if not memory_ids:
        return []
    purged = await purging.purge(connection, project_id, memory_ids)
    gone: dict[str, list[purging.Purged]] = {}
    for each in purged:
        gone.setdefault(each.namespace, []).append(each)
    told = [
        events.namespace_changed(
            namespace,
            sequence=some[0].sequence,
            memory_ids=[each.memory_id for each in some],
            change=Change.DELETED,
        )
        for namespace, some in gone.items()
    ]
    await outbox.enqueue(connection, str(project_id), told)
    return purged
