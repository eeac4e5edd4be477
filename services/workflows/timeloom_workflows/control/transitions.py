"""How an execution changes when somebody pauses, resumes, cancels or retries it. Pure.

Everything that comes from outside raises the inbox, so that a driver that is about to park the execution
looks again. The lock of its row decides who comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from timeloom_workflows.errors import WrongStatusError
from timeloom_workflows.model import (
    Execution,
    HistoryEntry,
    HistoryType,
    Stage,
    Status,
    WaitReason,
    WorkflowKind,
)


class Change(Struct, frozen=True):
    """An execution as it is to be, and what its history says of it."""

    execution: Execution
    entries: Sequence[HistoryEntry]


def paused(execution: Execution, *, reason: str) -> Change | None:
    """Pauses an execution; None if it is paused.

    Raises:
        WrongStatusError: It has ended, or is being cancelled.
    """
    _refuse_ended(execution, "paused")
    if execution.cancelling:
        raise _wrong_status(execution, "is being cancelled, and cannot be paused")
    if execution.paused:
        return None
    is_queued = execution.stage == Stage.QUEUED
    after = replace(
        execution,
        status=Status.PAUSED,
        paused=True,
        stage=Stage.PARKED if is_queued else execution.stage,
        due_time=None if is_queued else execution.due_time,
        inbox=execution.inbox + 1,
    )
    return Change(after, [entry(HistoryType.EXECUTION_PAUSED, reason=reason)])


def resumed(execution: Execution, *, reason: str, now: datetime) -> Change | None:
    """Lets an execution go on; None if it is not paused.

    Raises:
        WrongStatusError: It has ended.
    """
    _refuse_ended(execution, "resumed")
    if not execution.paused:
        return None
    return Change(
        woken(going_on(execution), now=now),
        [entry(HistoryType.EXECUTION_RESUMED, reason=reason)],
    )


def cancelling(execution: Execution, *, reason: str, now: datetime) -> Change:
    """Asks the driver of an execution to stop what runs, to compensate, and to end it."""
    held_back = execution.stage == Stage.HELD_BACK
    asked = replace(going_on(execution), cancelling=True, due_time=None)
    return Change(
        woken(replace(asked, stage=Stage.PARKED) if held_back else asked, now=now),
        [entry(HistoryType.CANCELLATION_REQUESTED, reason=reason)],
    )


def cancelled(
    execution: Execution, *, reason: str, now: datetime, steps: Sequence[tuple[str, int]] = ()
) -> Change:
    """Ends an execution that nobody drives, with those of its steps that had not ended: ids and attempts."""
    after = replace(
        going_on(execution),
        status=Status.CANCELLED,
        stage=Stage.ENDED,
        waiting_for=WaitReason.NONE,
        due_time=None,
        end_time=now,
    )
    stopped = (
        HistoryEntry(type=HistoryType.STEP_CANCELLED, step_id=step_id, attempt=attempt)
        for step_id, attempt in steps
    )
    return Change(after, [*stopped, entry(HistoryType.EXECUTION_CANCELLED, reason=reason)])


def retried(execution: Execution, *, reason: str, now: datetime, version: int, from_step_id: str) -> Change:
    """Takes an execution up again that failed or was cancelled, with as much time as it had at first.

    Raises:
        WrongStatusError: It has not ended, or has succeeded.
    """
    require_retryable(execution)
    deadline = execution.deadline and now + (execution.deadline - execution.create_time)
    after = replace(
        execution,
        workflow_version=version or execution.workflow_version,
        status=Status.PENDING if execution.start_time is None else Status.RUNNING,
        stage=Stage.QUEUED,
        waiting_for=_waiting_in_queue(execution),
        cancelling=False,
        inbox=execution.inbox + 1,
        delivery=0,
        retry_count=execution.retry_count + 1,
        ready_time=now,
        due_time=None,
        deadline=deadline,
        end_time=None,
        error=None,
    )
    told = entry(HistoryType.EXECUTION_RETRIED, reason=reason, fromStepId=from_step_id, version=version)
    return Change(after, [told])


def require_retryable(execution: Execution) -> None:
    """Refuses to take up what has not failed.

    Raises:
        WrongStatusError: It has not ended, or has succeeded.
    """
    if execution.status not in (Status.FAILED, Status.CANCELLED):
        raise _wrong_status(
            execution, f"is {execution.status.name}; only what failed or was cancelled is retried"
        )


def require_running(execution: Execution, action: str) -> None:
    """Refuses what can only be done before the end.

    Raises:
        WrongStatusError: It has ended.
    """
    _refuse_ended(execution, action)


def require_ended(execution: Execution, action: str) -> None:
    """Refuses what can only be done after the end.

    Raises:
        WrongStatusError: It has not ended.
    """
    if not execution.status.has_ended:
        raise _wrong_status(execution, f"is {execution.status.name}; only what has ended can be {action}")


def going_on(execution: Execution) -> Execution:
    """Returns the execution as it is while it is not paused, and something has come for it from outside."""
    return replace(
        execution,
        status=Status.PENDING if execution.start_time is None else Status.RUNNING,
        paused=False,
        inbox=execution.inbox + 1,
    )


def woken(execution: Execution, *, now: datetime) -> Execution:
    """Queues an execution that is parked: something has come for its driver to look at.

    One that is paused stays where it is, and so does one whose time to begin has not come.
    """
    is_early = execution.start_time is None and execution.due_time is not None and execution.due_time > now
    if execution.stage != Stage.PARKED or execution.paused or is_early:
        return execution
    return replace(
        execution,
        stage=Stage.QUEUED,
        waiting_for=_waiting_in_queue(execution),
        ready_time=max(execution.ready_time, now) if execution.start_time is None else now,
        due_time=None,
    )


def entry(type_: HistoryType, *, step_id: str = "", attempt: int = 0, **attributes: Any) -> HistoryEntry:
    """Makes an entry of the history; attributes that are empty are left out."""
    named = {name: value for name, value in attributes.items() if value}
    return HistoryEntry(
        type=type_,
        step_id=step_id,
        attempt=attempt,
        attributes=msgspec.json.encode(named) if named else None,
    )


def _waiting_in_queue(execution: Execution) -> WaitReason:
    return WaitReason.WORKER if execution.kind == WorkflowKind.CODE else WaitReason.NONE


def _refuse_ended(execution: Execution, action: str) -> None:
    if execution.status.has_ended:
        raise _wrong_status(execution, f"has ended ({execution.status.name}), and cannot be {action}")


def _wrong_status(execution: Execution, what: str) -> WrongStatusError:
    return WrongStatusError(f"Execution {execution.id} {what}.", metadata={"status": execution.status.name})
