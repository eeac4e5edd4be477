"""Deleting snapshots that are named, or that a policy does not keep."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import NotFoundError
from timeloom_snapshots import events, limits
from timeloom_snapshots.errors import SnapshotInUseError
from timeloom_snapshots.executions import Executions
from timeloom_snapshots.policies import RetentionPolicy
from timeloom_snapshots.remover import Remover
from timeloom_snapshots.storage import pruning as storage
from timeloom_snapshots.storage.pruning import Cutoffs, Losses, Scope

_BEFORE_ALL_IDS: Final = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedExecution:
    """What an execution loses, or would lose."""

    execution_id: UUID
    snapshot_count: int
    stored_bytes: int
    is_deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a policy does to executions; `is_truncated` if it has more to do."""

    executions: Sequence[PrunedExecution]
    is_truncated: bool


class Pruning:
    """Deletes snapshots."""

    def __init__(
        self,
        *,
        database: Database,
        remover: Remover,
        executions: Executions,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._remover = remover
        self._executions = executions
        self._clock = clock

    async def delete(self, project_id: UUID, execution_id: UUID, sequences: Sequence[int]) -> int:
        """Deletes snapshots, all of those that are there or none, and returns how many.

        Raises:
            NotFoundError: There is no such execution.
            SnapshotInUseError: One of them is the head, or other executions share it.
        """
        async with self._database.transaction(str(project_id)) as connection:
            head = await storage.lock(connection, project_id, execution_id)
            if head is None:
                raise NotFoundError(f"There is no execution {execution_id}.")
            shared = await storage.select_shared_through(connection, project_id, execution_id)
            _check_free(sequences, head=head, shared=shared)
            present = await storage.select_present(connection, project_id, execution_id, sequences)
            await self._remove(connection, project_id, execution_id, present)
        return len(present)

    async def prune(
        self, project_id: UUID, policy: RetentionPolicy, scope: Scope, *, dry_run: bool
    ) -> Pruned:
        """Deletes what a policy does not keep, as much as one call may; a dry run tells exactly that."""
        cutoffs = Cutoffs(policy=policy, now=self._clock())
        pruned: list[PrunedExecution] = []
        room = limits.PRUNED_SNAPSHOTS_MAX
        async for losses in self._losses(project_id, cutoffs, scope):
            if len(pruned) == limits.PRUNED_EXECUTIONS_MAX or room <= 0:
                return Pruned(executions=pruned, is_truncated=True)
            done = await self._prune_one(project_id, cutoffs, losses, room=room, dry_run=dry_run)
            if done is not None:
                pruned.append(done)
                room -= done.snapshot_count
        return Pruned(executions=pruned, is_truncated=room <= 0)

    async def _losses(self, project_id: UUID, cutoffs: Cutoffs, scope: Scope) -> AsyncGenerator[Losses]:
        """Yields the executions that lose something, by id."""
        after = _BEFORE_ALL_IDS
        while True:
            async with self._database.transaction(str(project_id)) as connection:
                page = await storage.select_losses(
                    connection, project_id, cutoffs, scope, after=after, limit=limits.PRUNING_PAGE
                )
            for losses in page:
                if losses.is_outlived or losses.loses_snapshots:
                    yield losses
            if len(page) < limits.PRUNING_PAGE:
                return
            after = page[-1].execution_id

    async def _prune_one(
        self, project_id: UUID, cutoffs: Cutoffs, losses: Losses, *, room: int, dry_run: bool
    ) -> PrunedExecution | None:
        execution_id = losses.execution_id
        if losses.is_outlived:
            return await self._delete_outlived(project_id, execution_id, dry_run=dry_run)
        async with self._database.transaction(str(project_id)) as connection:
            planned = await storage.select_going(connection, project_id, execution_id, cutoffs, limit=room)
        done = planned
        if not dry_run:
            done = await self._prune_planned(project_id, execution_id, cutoffs, planned, limit=room)
        if not done:
            return None
        return PrunedExecution(
            execution_id=execution_id,
            snapshot_count=len(done),
            stored_bytes=sum(done.values()),
            is_deleted=False,
        )

    async def _prune_planned(
        self,
        project_id: UUID,
        execution_id: UUID,
        cutoffs: Cutoffs,
        planned: Mapping[int, int],
        *,
        limit: int,
    ) -> dict[int, int]:
        """Deletes some at a time; returns what each took when all were still there.

        What is deleted first lets the rest be stored anew, and take more, until it goes as well.
        """
        done: dict[int, int] = {}
        while len(done) < limit:
            at_once = min(limits.PRUNED_AT_ONCE_MAX, limit - len(done))
            going = await self._prune_some(project_id, execution_id, cutoffs, limit=at_once)
            done |= {sequence: planned.get(sequence, size) for sequence, size in going.items()}
            if len(going) < at_once:
                break
        return done

    async def _prune_some(
        self, project_id: UUID, execution_id: UUID, cutoffs: Cutoffs, *, limit: int
    ) -> Mapping[int, int]:
        """Deletes in one transaction; what goes is found anew under the lock."""
        async with self._database.transaction(str(project_id)) as connection:
            if await storage.lock(connection, project_id, execution_id) is None:
                return {}
            going = await storage.select_going(connection, project_id, execution_id, cutoffs, limit=limit)
            await self._remove(connection, project_id, execution_id, list(going))
        return going

    async def _delete_outlived(
        self, project_id: UUID, execution_id: UUID, *, dry_run: bool
    ) -> PrunedExecution | None:
        async with self._database.transaction(str(project_id)) as connection:
            count, size_bytes = await storage.select_whole_size(connection, project_id, execution_id)
        if not dry_run:
            try:
                await self._executions.delete(project_id, execution_id, etag="")
            except NotFoundError:
                return None  # somebody else was faster
        return PrunedExecution(
            execution_id=execution_id, snapshot_count=count, stored_bytes=size_bytes, is_deleted=True
        )

    async def _remove(
        self, connection: Connection, project_id: UUID, execution_id: UUID, sequences: Sequence[int]
    ) -> None:
        if sequences:
            await self._remover.remove(connection, project_id, execution_id, sequences)
            event = events.snapshots_deleted(
                execution_id, first=sequences[0], last=sequences[-1], count=len(sequences)
            )
            await outbox.enqueue(connection, str(project_id), [event])


def _check_free(sequences: Sequence[int], *, head: int, shared: int) -> None:
    for sequence in sequences:
        if sequence == head:
            raise SnapshotInUseError(
                f"The execution stands on snapshot {sequence}.", metadata={"sequence": str(sequence)}
            )
        if sequence <= shared:
            raise SnapshotInUseError(
                f"Other executions share the snapshots up to {shared}, and so {sequence}.",
                metadata={"sequence": str(sequence), "sharedThrough": str(shared)},
            )
