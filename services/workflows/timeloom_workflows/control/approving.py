"""People decide what steps ask them for."""

from __future__ import annotations

from uuid import UUID

from msgspec import Raw
from msgspec.structs import replace

from timeloom_platform.errors import InvalidFieldError, NotFoundError
from timeloom_workflows.control import transitions
from timeloom_workflows.control.approvals import Decision, Verdict, decided
from timeloom_workflows.control.changing import Changing, LockedExecution
from timeloom_workflows.control.signals import end_wait, succeeded
from timeloom_workflows.control.transitions import Change, entry
from timeloom_workflows.errors import WrongStatusError
from timeloom_workflows.model import HistoryType, Step, WaitReason
from timeloom_workflows.storage import controls, queries


class Approving:
    """Decisions of people."""

    def __init__(self, *, changing: Changing) -> None:
        self._changing = changing

    async def decide(
        self,
        project_id: UUID,
        execution_id: UUID,
        *,
        step_id: str,
        verdict: Verdict,
        decided_by: str = "",
        comment: str = "",
        data: bytes | None = None,
    ) -> Step:
        """Adds a person's decision to a step that asks for it, and ends the step if that settles it.

        Args:
            project_id: Of the execution.
            execution_id: Of the execution.
            step_id: May be empty if only one step asks.
            verdict: What is decided.
            decided_by: Who decides.
            comment: For people.
            data: What else was said: any JSON.

        Raises:
            NotFoundError: There is no such execution or step.
            WrongStatusError: The step asks no longer, or the same person has decided otherwise.
            PermissionDeniedError: Somebody else is asked.
            InvalidFieldError: Several steps ask, or it must be said who decides.
        """
        async with self._changing.locked(project_id, execution_id) as locked:
            step = await _step_asking(locked, step_id)
            decision = Decision(
                approved=verdict == Verdict.APPROVED,
                time=locked.now,
                decided_by=decided_by,
                comment=comment,
                data=None if data is None else Raw(data),
            )
            outcome = decided(step.details, decision)
            if outcome is None:
                return step
            told = entry(
                HistoryType.APPROVAL_DECIDED,
                step_id=step.id,
                attempt=step.attempt,
                decision=verdict.name,
                decidedBy=decided_by,
                comment=comment,
            )
            step = await controls.write_details(
                locked.connection, project_id, execution_id, step.id, outcome.details
            )
            after = replace(locked.execution, inbox=locked.execution.inbox + 1)
            if outcome.output is None:
                await locked.write(Change(after, [told]))
                return step
            after, step = await end_wait(locked, after, step, output=outcome.output)
            await locked.write(Change(after, [told, succeeded(step)]))
            return step


async def _step_asking(locked: LockedExecution, step_id: str) -> Step:
    execution = locked.execution
    transitions.require_running(execution, "decided about")
    asking = await controls.select_waiting(
        locked.connection, execution.project_id, execution.id, reason=WaitReason.APPROVAL
    )
    if step_id:
        for step in asking:
            if step.id == step_id:
                return step
        return await _refuse(locked, step_id)
    if len(asking) > 1:
        names = ", ".join(step.id for step in asking[:10])
        raise InvalidFieldError.of("stepId", f"is required, because several steps ask: {names}")
    if not asking:
        raise WrongStatusError(f"No step of execution {execution.id} asks for a decision.")
    return asking[0]


async def _refuse(locked: LockedExecution, step_id: str) -> Step:
    execution = locked.execution
    step = await queries.select_step(locked.connection, execution.project_id, execution.id, step_id)
    if step is None:
        raise NotFoundError(f"Execution {execution.id} has no step {step_id}.")
    raise WrongStatusError(
        f"The step {step_id} asks for no decision: it is {step.status.name}.",
        metadata={"status": step.status.name},
    )
