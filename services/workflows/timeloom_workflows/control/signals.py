"""Signals: they come from outside, and wait until a step waits for them."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from uuid import UUID

from msgspec.structs import replace

from timeloom_platform.errors import OverloadedError
from timeloom_workflows import limits
from timeloom_workflows.control import transitions
from timeloom_workflows.control.changing import Changing, LockedExecution
from timeloom_workflows.control.transitions import Change, entry
from timeloom_workflows.model import Execution, HistoryEntry, HistoryType, Step, WaitReason
from timeloom_workflows.storage import controls
from timeloom_workflows.storage import signals as storage


class Signals:
    """Signals of executions."""

    def __init__(self, *, changing: Changing) -> None:
        self._changing = changing

    async def send(
        self, project_id: UUID, execution_id: UUID, *, name: str, data: bytes | None, signal_id: str = ""
    ) -> Execution:
        """Gives a signal to the step that has waited for it longest, or keeps it until one does.

        Raises:
            NotFoundError: There is no such execution.
            WrongStatusError: It has ended.
            OverloadedError: Too many of its signals wait already.
        """
        async with self._changing.locked(project_id, execution_id) as locked:
            if await storage.exists(locked.connection, project_id, execution_id, signal_id):
                return locked.execution
            transitions.require_running(locked.execution, "signalled")
            waiting = await _steps_waiting(locked)
            step = next((each for each in waiting if each.waiting_name == name), None)
            if step is None:
                await _refuse_too_many(locked)
            await storage.insert(
                locked.connection,
                project_id,
                execution_id,
                signal_id=signal_id,
                name=name,
                data=data,
                step_id=step.id if step else None,
            )
            received = entry(
                HistoryType.SIGNAL_RECEIVED, step_id=step.id if step else "", name=name, signalId=signal_id
            )
            after = replace(locked.execution, inbox=locked.execution.inbox + 1)
            if step is None:
                return await locked.write(Change(after, [received]))
            after, _ = await end_wait(locked, after, step, output=_output(data))
            return await locked.write(Change(after, [received, succeeded(step)]))

    async def settle(self, project_id: UUID, execution_id: UUID) -> Sequence[Step]:
        """Gives the signals that have come before to the steps that wait for them; returns these steps.

        A driver calls it after it has committed that a step waits: whoever sends a signal then sees the step.

        Raises:
            NotFoundError: There is no such execution.
        """
        async with self._changing.locked(project_id, execution_id) as locked:
            execution = locked.execution
            if execution.status.has_ended:
                return []
            waiting = await _steps_waiting(locked)
            pending = await _pending(locked, {step.waiting_name or "" for step in waiting})
            settled: list[Step] = []
            for step in waiting:
                if not (signals_of_name := pending[step.waiting_name or ""]):
                    continue
                signal = signals_of_name.popleft()
                await storage.take(
                    locked.connection, project_id, execution_id, signal.number, step_id=step.id
                )
                execution, ended = await end_wait(locked, execution, step, output=_output(signal.data))
                settled.append(ended)
            if settled:
                await locked.write(Change(execution, [succeeded(step) for step in settled]))
            return settled


async def end_wait(
    locked: LockedExecution, execution: Execution, step: Step, *, output: bytes
) -> tuple[Execution, Step]:
    """Lets a waiting step succeed; returns how the execution is to be, and the step."""
    ended = await controls.end_wait(
        locked.connection, execution.project_id, execution.id, step.id, output=output, now=locked.now
    )
    assert ended is not None, "the execution is locked, and the step was read as waiting"
    counted = replace(execution, succeeded_step_count=execution.succeeded_step_count + 1)
    return transitions.woken(counted, now=locked.now), ended


def succeeded(step: Step) -> HistoryEntry:
    """What the history says when a wait is over."""
    return entry(HistoryType.STEP_SUCCEEDED, step_id=step.id, attempt=step.attempt)


async def _steps_waiting(locked: LockedExecution) -> list[Step]:
    execution = locked.execution
    return await controls.select_waiting(
        locked.connection, execution.project_id, execution.id, reason=WaitReason.SIGNAL
    )


async def _pending(
    locked: LockedExecution, names: set[str]
) -> defaultdict[str, deque[storage.PendingSignal]]:
    execution = locked.execution
    pending: defaultdict[str, deque[storage.PendingSignal]] = defaultdict(deque)
    for signal in await storage.select_pending(
        locked.connection,
        execution.project_id,
        execution.id,
        names=sorted(names),
        limit=limits.SIGNALS_PENDING_MAX,
    ):
        pending[signal.name].append(signal)
    return pending


def _output(data: bytes | None) -> bytes:
    """What a wait for a signal comes to. One that came without data is told from a wait that timed out."""
    return data or b"true"


async def _refuse_too_many(locked: LockedExecution) -> None:
    execution, limit = locked.execution, limits.SIGNALS_PENDING_MAX
    count = await storage.count_pending(locked.connection, execution.project_id, execution.id, limit=limit)
    if count >= limit:
        raise OverloadedError(
            f"Execution {execution.id} has {limit:,} signals that no step has taken; it keeps no more."
        )
