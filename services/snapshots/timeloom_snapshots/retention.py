"""Retention: each project's own policy, applied to its executions once an hour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from timeloom_platform.database import Database
from timeloom_platform.errors import InvalidFieldError
from timeloom_snapshots.policies import RetentionPolicy
from timeloom_snapshots.pruning import Pruning
from timeloom_snapshots.storage import retention as storage
from timeloom_snapshots.storage.pruning import Scope

ROUNDS_MAX: Final = 100
"""The calls of pruning for one project in one round; what is left waits for the next hour."""

CLOSE_TIMEOUT_SECONDS: Final = 2.0

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPolicy:
    """A project's policy, and since when it has been the one; both None if it has none."""

    policy: RetentionPolicy | None
    update_time: datetime | None


class Retention:
    """The policies of all projects."""

    def __init__(self, *, database: Database, pruning: Pruning, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._pruning = pruning
        self._clock = clock

    async def get(self, project_id: UUID) -> KeptPolicy:
        """Returns a project's policy."""
        async with self._database.transaction(str(project_id)) as connection:
            found = await storage.select(connection, project_id)
        return KeptPolicy(policy=found[0], update_time=found[1]) if found else _NONE

    async def resolved(self, project_id: UUID, given: RetentionPolicy | None) -> RetentionPolicy:
        """Returns the policy to prune by: the one that is given, or the project's own.

        Raises:
            InvalidFieldError: There is none, or it has no rule.
        """
        policy = given or (await self.get(project_id)).policy
        if policy is None:
            raise InvalidFieldError.of("policy", "is required: the project has none of its own")
        _check(policy)
        return policy

    async def update(self, project_id: UUID, policy: RetentionPolicy | None) -> KeptPolicy:
        """Sets a project's policy, or takes it away.

        Raises:
            InvalidFieldError: The policy has no rule.
        """
        if policy is not None:
            _check(policy)
        async with self._database.transaction(str(project_id)) as connection:
            if policy is None:
                await storage.delete(connection, project_id)
                return _NONE
            now = self._clock()
            await storage.upsert(connection, project_id, policy, now)
        return KeptPolicy(policy=policy, update_time=now)

    async def apply_all(self) -> bool:
        """Applies the policies of all projects; False if another replica is doing so.

        Raises:
            UnavailableError: The database cannot be reached.
        """
        # The lock is the session's: no transaction is open all the while.
        connection = await self._database.open_connection()
        try:
            if not await storage.try_lock(connection):
                return False
            async with self._database.system_transaction() as transaction:
                policies = await storage.select_all(transaction)
            for project_id, policy in policies:
                try:
                    await self._apply(project_id, policy)
                except Exception:
                    # One project's trouble must not keep the others' snapshots.
                    logger.exception("policy not applied", project=str(project_id))
        finally:
            await connection.close(timeout=CLOSE_TIMEOUT_SECONDS)
        return True

    async def _apply(self, project_id: UUID, policy: RetentionPolicy) -> None:
        for _ in range(ROUNDS_MAX):
            pruned = await self._pruning.prune(project_id, policy, Scope(), dry_run=False)
            if pruned.executions:
                logger.info(
                    "policy applied",
                    project=str(project_id),
                    executions=len(pruned.executions),
                    snapshots=sum(each.snapshot_count for each in pruned.executions),
                )
            if not pruned.is_truncated:
                return
            await asyncio.sleep(0)


def _check(policy: RetentionPolicy) -> None:
    if policy.is_empty:
        raise InvalidFieldError.of("policy", "must have at least one rule")


_NONE: Final = KeptPolicy(policy=None, update_time=None)
