"""Archiving by itself: what has faded is put away as the project's policy says, once an hour."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import structlog

from timeloom_memory.model import MemoryFilter, MemoryPolicy
from timeloom_memory.storage import policies
from timeloom_memory.upkeep.archive import CALL_MAX, Archive, Which
from timeloom_memory.upkeep.tending_parameters import decay_policy_of
from timeloom_platform.database import Database

FADING_SECONDS: Final = 3600.0
JITTER: Final = 0.1
"""Replicas that were started together must not go on working together."""

PROJECTS_MAX: Final = 1000
"""The projects that one round looks after."""

ROUNDS_MAX: Final = 10
"""The calls of archiving for one project in one round; what is left waits for the next hour."""

logger = structlog.get_logger(__name__)


class Fading:
    """Puts away what has faded until it is cancelled, through failures of the database.

    Any number of replicas may run it: what one has put away, the next one does not find.
    """

    def __init__(
        self,
        *,
        database: Database,
        archive: Archive,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._archive = archive
        self._sleep = sleep

    async def run(self) -> None:
        """Works until it is cancelled."""
        while True:
            await self._sleep(FADING_SECONDS * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret
            try:
                await self.archive_due()
            # The next round tries again, whatever it was.
            except Exception as error:
                logger.warning("policies not applied", exc_info=error)

    async def archive_due(self) -> int:
        """Puts away once what is due, and returns how many memories that were."""
        async with self._database.system_transaction() as connection:
            due = await policies.select_archiving(connection, limit=PROJECTS_MAX)
        count = 0
        for project_id, policy in due:
            try:
                count += await self._archive_of(project_id, policy)
            except Exception:
                # One project's trouble must not keep the others' memories.
                logger.exception("policy not applied", project=str(project_id))
        return count

    async def _archive_of(self, project_id: UUID, policy: MemoryPolicy) -> int:
        which = Which(
            namespaces=(),
            wanted=MemoryFilter(),
            retention_below=policy.archive_retention_below,
            importance_below=policy.archive_importance_below,
        )
        count = 0
        for _ in range(ROUNDS_MAX):
            moved = await self._archive.put_away(
                project_id,
                which,
                decay_policy=decay_policy_of(policy),
                reason="faded",
                as_agent_id="",
                dry_run=False,
            )
            count += len(moved.memory_ids)
            if len(moved.memory_ids) < CALL_MAX:
                break
        if count:
            logger.info("memories archived", project=str(project_id), count=count)
        return count
