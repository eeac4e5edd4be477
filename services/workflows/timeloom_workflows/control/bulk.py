"""Doing the same to all executions that a filter leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import IntEnum
from typing import Final, TypeAlias
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from timeloom_platform.database import Database
from timeloom_platform.errors import ConflictError, NotFoundError
from timeloom_workflows.control.controls import Controls
from timeloom_workflows.errors import WrongStatusError
from timeloom_workflows.model import Status
from timeloom_workflows.storage import queries
from timeloom_workflows.storage.queries import ExecutionFilter

CONCURRENCY: Final = 3
"""Executions that one call changes at once: each takes a connection, and others want some, too."""


class Action(IntEnum):
    """What can be done to many executions. The numbers are those of the contract."""

    PAUSE = 1
    RESUME = 2
    CANCEL = 3
    RETRY = 4
    DELETE = 5


# What an action changes leaves these statuses, so that calling again comes to an end.
_STATUSES: Final = {
    Action.PAUSE: (Status.PENDING, Status.RUNNING),
    Action.RESUME: (Status.PAUSED,),
    Action.CANCEL: (Status.PENDING, Status.RUNNING, Status.PAUSED),
    Action.RETRY: (Status.FAILED, Status.CANCELLED),
    Action.DELETE: (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED),
}

_Do: TypeAlias = Callable[[UUID, UUID], Awaitable[object]]


class BulkOutcome(Struct, frozen=True, kw_only=True):
    """How many were changed, how many could not be, and whether more are left."""

    changed_count: int
    skipped_count: int
    more: bool


class Bulk:
    """One action on many executions, each in a transaction of its own."""

    def __init__(self, *, database: Database, controls: Controls) -> None:
        self._database = database
        self._controls = controls

    async def control(
        self,
        project_id: UUID,
        action: Action,
        *,
        wanted: ExecutionFilter,
        reason: str,
        limit: int,
        dry_run: bool,
    ) -> BulkOutcome:
        """Does it to the oldest executions that the filter leaves and the action can change."""
        statuses = [each for each in _STATUSES[action] if not wanted.statuses or each in wanted.statuses]
        if not statuses:
            return BulkOutcome(changed_count=0, skipped_count=0, more=False)
        narrowed = replace(
            wanted,
            statuses=tuple(statuses),
            is_not_cancelling=action in (Action.PAUSE, Action.CANCEL),
        )
        async with self._database.reading(str(project_id)) as connection:
            ids = await queries.select_ids(connection, project_id, wanted=narrowed, limit=limit + 1)
        more, ids = len(ids) > limit, ids[:limit]
        if dry_run:
            return BulkOutcome(changed_count=len(ids), skipped_count=0, more=more)
        changed = await self._to_each(project_id, ids, self._action(action, reason))
        return BulkOutcome(changed_count=changed, skipped_count=len(ids) - changed, more=more)

    def _action(self, action: Action, reason: str) -> _Do:
        controls = self._controls
        actions: dict[Action, _Do] = {
            Action.PAUSE: lambda project_id, each: controls.pause(project_id, each, reason=reason),
            Action.RESUME: lambda project_id, each: controls.resume(project_id, each, reason=reason),
            Action.CANCEL: lambda project_id, each: controls.cancel(project_id, each, reason=reason),
            Action.RETRY: lambda project_id, each: controls.retry(project_id, each, reason=reason),
            Action.DELETE: controls.delete,
        }
        return actions[action]

    async def _to_each(self, project_id: UUID, ids: Sequence[UUID], do: _Do) -> int:
        """Returns how many were changed."""
        pending = iter(ids)
        changed = 0

        async def work() -> None:
            nonlocal changed
            for each in pending:
                try:
                    await do(project_id, each)
                except (WrongStatusError, NotFoundError, ConflictError):
                    # Somebody was faster: it has ended, or is gone.
                    continue
                changed += 1

        async with asyncio.TaskGroup() as tasks:
            for _ in range(CONCURRENCY):
                tasks.create_task(work())
        return changed
