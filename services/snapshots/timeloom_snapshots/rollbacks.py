"""Rollbacks: the head of an execution is moved to another snapshot. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import NotFoundError
from timeloom_snapshots import events, limits
from timeloom_snapshots.errors import ExecutionEndedError, StaleHeadError
from timeloom_snapshots.hints import Hints
from timeloom_snapshots.model import EffectEntry, Execution, HeadMove
from timeloom_snapshots.reader import StateReader
from timeloom_snapshots.storage import executions, snapshots
from timeloom_snapshots.storage import rollbacks as storage
from timeloom_snapshots.storage.deltas import select_turns
from timeloom_snapshots.ways import left_behind


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """A move of an execution's head that is wanted.

    Attributes:
        expected_head: Where the caller believes the execution stands.
        reopen: Whether an execution that has ended is to run again.
    """

    execution_id: UUID
    sequence: int
    expected_head: int
    reason: str
    reopen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """What a rollback did, and what it did not undo.

    Attributes:
        effects: What the outside world did on the way that was left.
        is_truncated: There were more effects.
    """

    execution: Execution
    head_move: HeadMove
    effects: Sequence[EffectEntry]
    is_truncated: bool


class Rollbacks:
    """Moves heads."""

    def __init__(self, *, database: Database, reader: StateReader, hints: Hints) -> None:
        self._database = database
        self._reader = reader
        self._hints = hints

    async def roll_back(self, project_id: UUID, wanted: Rollback) -> RolledBack:
        """Moves a head; what is recorded next stands on the snapshot that it was moved to.

        Raises:
            NotFoundError: There is no such execution, or no such snapshot.
            ExecutionEndedError: It has ended, and is not to be reopened.
            StaleHeadError: It stands on another snapshot than the caller believes.
        """
        async with self._database.transaction(str(project_id)) as connection:
            before = await self._checked(connection, project_id, wanted)
            execution, head_move = await storage.move_head(
                connection, project_id, before, wanted.sequence, reason=wanted.reason
            )
            await outbox.enqueue(connection, str(project_id), [events.execution_updated(execution)])
            effects = await self._effects_left_behind(connection, project_id, before, wanted.sequence)
        self._reader.forget_head(project_id, wanted.execution_id)
        self._hints.tell(project_id, wanted.execution_id)
        return RolledBack(
            execution=execution,
            head_move=head_move,
            effects=effects[: limits.ROLLED_BACK_EFFECTS_MAX],
            is_truncated=len(effects) > limits.ROLLED_BACK_EFFECTS_MAX,
        )

    async def _checked(self, connection: Connection, project_id: UUID, wanted: Rollback) -> Execution:
        execution = await executions.lock(connection, project_id, wanted.execution_id)
        if execution is None:
            raise NotFoundError(f"There is no execution {wanted.execution_id}.")
        if execution.has_ended and not wanted.reopen:
            raise ExecutionEndedError(
                f"Execution {execution.id} has ended: {execution.status.name}. Reopened, it runs again."
            )
        if execution.head_sequence != wanted.expected_head:
            raise StaleHeadError(
                f"The execution stands on snapshot {execution.head_sequence}, not on {wanted.expected_head}.",
                metadata={
                    "headSequence": str(execution.head_sequence),
                    "expectedHeadSequence": str(wanted.expected_head),
                },
            )
        if await snapshots.select_one(connection, project_id, execution.id, wanted.sequence) is None:
            raise NotFoundError(f"Execution {execution.id} has no snapshot {wanted.sequence}.")
        return execution

    async def _effects_left_behind(
        self, connection: Connection, project_id: UUID, before: Execution, sequence: int
    ) -> list[EffectEntry]:
        last = max(before.head_sequence, sequence)
        turns = await select_turns(connection, project_id, before.id, last=last)
        ranges = left_behind(before.head_sequence, sequence, turns)
        return await storage.select_effects(
            connection, project_id, before.id, ranges, limit=limits.ROLLED_BACK_EFFECTS_MAX + 1
        )
