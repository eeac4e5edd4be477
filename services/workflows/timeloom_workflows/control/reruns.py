"""Which steps an execution keeps when it goes back: for a retry, and for a fork. Pure.

A step that others are within (a branch, a loop) has begun before them. It stays if it began before the point
that the execution goes back to, but what it came to is open again if something within it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from timeloom_platform.errors import InvalidFieldError
from timeloom_workflows.model import Step, StepStatus, StepType


class Rerun(Struct, frozen=True):
    """What becomes of steps that have been.

    Attributes:
        removed: They are as if they had never begun.
        reopened: They have begun, and not ended.
    """

    removed: Sequence[str]
    reopened: Sequence[str]


def rerun(steps: Sequence[Step], *, from_step_id: str) -> Rerun:
    """Decides what runs again: what did not succeed and, if a step is named, that one and all after it.

    Raises:
        InvalidFieldError: There is no such step.
    """
    by_id = {step.id: step for step in steps}
    first = _position_of(by_id, from_step_id, "fromStepId") if from_step_id else None
    kept = [
        step
        for step in steps
        if step.status == StepStatus.SUCCEEDED
        and step.type != StepType.COMPENSATION
        and (first is None or step.position < first)
    ]
    return _back_to(by_id, {step.id for step in kept}, before=first)


def carried(
    steps: Sequence[Step], *, last_step_id: str, replaced: Mapping[str, bytes]
) -> tuple[Sequence[Step], Sequence[str]]:
    """Decides what a fork has had: all that had ended up to a step; and which of it is open again.

    Raises:
        InvalidFieldError: There is no such step, it has not ended and has no output, or a new output is for a
            step that the fork has not had.
    """
    by_id = {step.id: step for step in steps}
    if not last_step_id:
        _refuse_unknown(replaced, set())
        return (), ()
    last = _position_of(by_id, last_step_id, "stepId")
    if not by_id[last_step_id].status.has_ended and last_step_id not in replaced:
        raise InvalidFieldError.of("stepId", "names a step that has not ended, and that is given no output")
    kept = {
        step.id
        for step in steps
        if step.position <= last
        and step.type != StepType.COMPENSATION
        and (step.id in replaced or (step.status.has_ended and step.status != StepStatus.CANCELLED))
    }
    _refuse_unknown(replaced, kept)
    back = _back_to(by_id, kept, before=last + 1)
    reopened = set(back.reopened) - set(replaced)
    return [step for step in steps if step.id in kept or step.id in reopened], sorted(reopened)


def _back_to(by_id: Mapping[str, Step], kept: set[str], *, before: int | None) -> Rerun:
    """Reopens what a step that is not kept is within, if that began before."""
    removed = by_id.keys() - kept
    reopened = {
        step_id
        for step_id in _ancestors(by_id, removed)
        if before is None or by_id[step_id].position < before
    }
    in_order = sorted(removed - reopened, key=lambda step_id: by_id[step_id].position)
    return Rerun(removed=in_order, reopened=sorted(reopened))


def _ancestors(by_id: Mapping[str, Step], step_ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for step_id in step_ids:
        parent_id = by_id[step_id].parent_id
        while parent_id in by_id and parent_id not in found:
            found.add(parent_id)
            parent_id = by_id[parent_id].parent_id
    return found


def _position_of(by_id: Mapping[str, Step], step_id: str, field: str) -> int:
    if step_id not in by_id:
        raise InvalidFieldError.of(field, "names no step of the execution")
    return by_id[step_id].position


def _refuse_unknown(replaced: Iterable[str], kept: set[str]) -> None:
    for step_id in replaced:
        if step_id not in kept:
            raise InvalidFieldError.of(f"outputs.{step_id}", "names no step that the fork has had")
