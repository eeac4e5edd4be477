"""Pausing, resuming, cancelling, retrying and deleting executions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from timeloom.events.v1 import events_pb2
from timeloom_platform import outbox
from timeloom_platform.errors import ConflictError, InvalidFieldError
from timeloom_workflows.control import transitions
from timeloom_workflows.control.caught import NOTHING, Caught, caught_by_code, caught_by_definition
from timeloom_workflows.control.changing import Changing, LockedExecution
from timeloom_workflows.control.compensations import compensates
from timeloom_workflows.control.reruns import rerun
from timeloom_workflows.definitions.parsing import parse_definition
from timeloom_workflows.events import EXECUTION_TOPICS
from timeloom_workflows.model import Execution, Stage, Status, Step, WorkflowKind
from timeloom_workflows.storage import controls as storage
from timeloom_workflows.storage.rows import failure_of

DESCENDANTS_PER_PAGE: Final = 500
RETRY_AFTER_SECONDS: Final = 1.0

_FIRST_ID: Final = UUID(int=0)


class Controls:
    """What is done to one execution. Against its completion, the row's lock decides who comes first."""

    def __init__(self, *, changing: Changing) -> None:
        self._changing = changing

    async def pause(self, project_id: UUID, execution_id: UUID, *, reason: str = "") -> Execution:
        """Pauses an execution: what runs ends and is kept, and nothing else begins.

        Raises:
            NotFoundError: There is none.
            WrongStatusError: It has ended, or is being cancelled.
        """
        async with self._changing.locked(project_id, execution_id) as locked:
            change = transitions.paused(locked.execution, reason=reason)
            return await locked.write(change) if change else locked.execution

    async def resume(self, project_id: UUID, execution_id: UUID, *, reason: str = "") -> Execution:
        """Lets a paused execution go on; one that is not paused stays as it is.

        Raises:
            NotFoundError: There is none.
            WrongStatusError: It has ended.
        """
        async with self._changing.locked(project_id, execution_id) as locked:
            change = transitions.resumed(locked.execution, reason=reason, now=locked.now)
            return await locked.write(change) if change else locked.execution

    async def cancel(
        self, project_id: UUID, execution_id: UUID, *, reason: str = "", only_pending: bool = False
    ) -> Execution:
        """Cancels an execution with all those that it waits for. One that is cancelled stays as it is.

        With `only_pending`, one that has begun stays as it is, too. It ends at once if nobody drives it and
        nothing of it is to be undone; else its driver ends it.

        Raises:
            NotFoundError: There is none.
            WrongStatusError: It has ended otherwise.
        """
        async with self._changing.locked(project_id, execution_id) as locked:
            execution = locked.execution
            if execution.status == Status.CANCELLED or execution.cancelling:
                return execution
            if only_pending and execution.start_time is not None:
                return execution
            transitions.require_running(execution, "cancelled")
            at_once = await _can_end_at_once(locked)
            cancelled = await _cancel(locked, reason=reason, at_once=at_once)
            await self._cancel_descendants(locked, execution_id)
            return cancelled

    async def retry(
        self,
        project_id: UUID,
        execution_id: UUID,
        *,
        reason: str = "",
        from_step_id: str = "",
        version: int = 0,
    ) -> Execution:
        """Takes up an execution that failed or was cancelled: what did not succeed, or from a step on.

        Raises:
            NotFoundError: There is none.
            WrongStatusError: It has not ended, or has succeeded.
            InvalidFieldError: There is no such step or version.
        """
        async with self._changing.locked(project_id, execution_id) as locked:
            return await retry_locked(locked, reason=reason, from_step_id=from_step_id, version=version)

    async def delete(self, project_id: UUID, execution_id: UUID) -> None:
        """Deletes an execution that has ended, with its steps, history and signals.

        Raises:
            NotFoundError: There is none.
            WrongStatusError: It has not ended.
            ConflictError: It has just ended, and whoever waited for it has not been told.
        """
        async with self._changing.locked(project_id, execution_id) as locked:
            transitions.require_ended(locked.execution, "deleted")
            if not await storage.is_parent_told(locked.connection, project_id, execution_id):
                raise ConflictError(
                    f"The parent of execution {execution_id} is about to be told of its end; try again.",
                    retry_after_seconds=RETRY_AFTER_SECONDS,
                )
            await storage.delete(locked.connection, project_id, execution_id)
            await outbox.enqueue(locked.connection, str(project_id), [_deleted(locked.execution)])

    async def _cancel_descendants(self, locked: LockedExecution, execution_id: UUID) -> None:
        """In the order of their ids, which is the order in which commits lock executions."""
        project_id, after = locked.execution.project_id, _FIRST_ID
        while True:
            page = await storage.select_descendants(
                locked.connection, project_id, execution_id, after=after, limit=DESCENDANTS_PER_PAGE
            )
            for descendant_id in page:
                await _cancel_descendant(await locked.lock(descendant_id), of=execution_id)
            if len(page) < DESCENDANTS_PER_PAGE:
                return
            after = page[-1]


def _deleted(execution: Execution) -> events_pb2.Event:
    event = events_pb2.Event(topic=EXECUTION_TOPICS.replace("*", str(execution.id)))
    event.workflow_execution_deleted.execution_id = str(execution.id)
    event.workflow_execution_deleted.workflow_id = execution.workflow_id
    return event


async def retry_locked(
    locked: LockedExecution, *, reason: str, from_step_id: str = "", version: int = 0
) -> Execution:
    """Takes a locked execution up again.

    Raises:
        WrongStatusError: It has not ended, or has succeeded.
        InvalidFieldError: There is no such step or version.
    """
    execution = locked.execution
    change = transitions.retried(
        execution, reason=reason, now=locked.now, version=version, from_step_id=from_step_id
    )
    await require_version(locked, version)
    steps = await storage.select_outline(locked.connection, execution.project_id, execution.id)
    back = rerun(steps, from_step_id=from_step_id, caught=await _caught(locked, execution, steps))
    await storage.take_back_steps(
        locked.connection,
        execution.project_id,
        execution.id,
        removed=back.removed,
        reopened=back.reopened,
    )
    return await locked.write(replace(change, execution=await locked.counted(change.execution)))


async def _caught(locked: LockedExecution, execution: Execution, steps: Sequence[Step]) -> Caught:
    """Finds out which failures an execution that has ended lived through."""
    failure = failure_of(execution.error)
    ended_by = "" if failure is None else failure.step_id
    if execution.kind == WorkflowKind.CODE:
        return caught_by_code(steps, ended_by=ended_by)
    definition = await storage.select_definition(locked.connection, execution)
    if definition is None:
        return NOTHING
    return caught_by_definition(parse_definition(definition), steps, ended_by=ended_by)


async def require_version(locked: LockedExecution, version: int) -> None:
    """Refuses a version that the execution cannot go on with; zero stands for its own.

    Raises:
        InvalidFieldError: There is no such version, or it is of another kind.
    """
    execution = locked.execution
    if version in (0, execution.workflow_version):
        return
    kind = await storage.select_kind(locked.connection, execution.project_id, execution.workflow_id, version)
    if kind is None:
        raise InvalidFieldError.of("version", f"is none of the workflow {execution.workflow_id}")
    if kind != execution.kind:
        raise InvalidFieldError.of(
            "version", f"is of the kind {WorkflowKind(kind).name}, not {execution.kind.name}"
        )


async def _cancel(locked: LockedExecution, *, reason: str, at_once: bool) -> Execution:
    execution = locked.execution
    if not at_once:
        return await locked.write(transitions.cancelling(execution, reason=reason, now=locked.now))
    steps = await storage.cancel_steps(locked.connection, execution.project_id, execution.id, now=locked.now)
    if execution.parent_id is not None:
        await storage.tell_parent(locked.connection, execution.project_id, execution.id)
    return await locked.write(transitions.cancelled(execution, reason=reason, now=locked.now, steps=steps))


async def _cancel_descendant(locked: LockedExecution, *, of: UUID) -> None:
    """Cancels an execution whose parent is cancelled: nobody waits for it any more."""
    if not (locked.execution.status.has_ended or locked.execution.cancelling):
        at_once = await _can_end_at_once(locked)
        await _cancel(locked, reason=f"{of} was cancelled", at_once=at_once)


async def _can_end_at_once(locked: LockedExecution) -> bool:
    """Whether nothing runs of an execution, and nothing is to be undone."""
    execution = locked.execution
    if execution.stage == Stage.OWNED:
        return False
    if await storage.step_runs(locked.connection, execution.project_id, execution.id):
        return False
    if execution.succeeded_step_count == 0:
        return True
    if execution.kind == WorkflowKind.CODE:
        return False
    definition = await storage.select_definition(locked.connection, execution)
    return definition is None or not compensates(definition)
