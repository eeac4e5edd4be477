"""Which steps an execution keeps when it goes back: for a retry, and for a fork. Pure.

A step that others are within (a branch, a loop) began before them. It stays if it began before the point that
the execution goes back to, but it has not ended any more if something within it is to run again. Where it
succeeded, or its failure was caught, and nothing of it runs again, what is within it stays as it is, whether
that succeeded or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from timeloom_platform.errors import InvalidFieldError
from timeloom_workflows.control.caught import NOTHING, Caught
from timeloom_workflows.model import Step, StepStatus, StepType

_OF_DEFINITIONS: Final = ".compensate"
_OF_CODE: Final = "compensate:"


class Rerun(Struct, frozen=True):
    """What becomes of steps that have been.

    Attributes:
        removed: They are as if they had never begun.
        reopened: They have begun, and not ended.
    """

    removed: Sequence[str]
    reopened: Sequence[str]


def rerun(steps: Sequence[Step], *, from_step_id: str, caught: Caught = NOTHING) -> Rerun:
    """Decides what runs again: what did not succeed, what was undone, and all from a step on if one is named.

    A failure that was caught stays, so that what followed from it does, too.

    Raises:
        InvalidFieldError: There is no such step.
    """
    by_id = {step.id: step for step in steps}
    first = _position_of(by_id, from_step_id, "fromStepId") if from_step_id else None
    undone = {_undone_by(step) for step in steps} & by_id.keys()
    again = {step.id for step in steps if first is not None and step.position >= first} | undone
    again |= caught.consequences & by_id.keys()

    def stays(step: Step) -> bool:
        return step.status == StepStatus.SUCCEEDED or step.id in caught.failures

    return _back(by_id, again, stays, is_closed=stays)


def carried(
    steps: Sequence[Step], *, last_step_id: str, replaced: Mapping[str, bytes]
) -> tuple[Sequence[Step], Sequence[str]]:
    """Decides what a fork has had: all that had ended up to a step; and which of it has not ended any more.

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

    def stays(step: Step) -> bool:
        return step.id in replaced or (step.status.has_ended and step.status != StepStatus.CANCELLED)

    back = _back(by_id, {step.id for step in steps if step.position > last}, stays, is_closed=_has_succeeded)
    reopened = [step_id for step_id in back.reopened if step_id not in replaced]
    gone = set(back.removed)
    had = [step for step in steps if step.id not in gone]
    _refuse_unknown(replaced, {step.id for step in had})
    return had, reopened


def _back(
    by_id: Mapping[str, Step],
    again: set[str],
    stays: Callable[[Step], bool],
    *,
    is_closed: Callable[[Step], bool],
) -> Rerun:
    """Goes back to before some steps.

    Args:
        by_id: All steps.
        again: Those that are to run again, whatever they are within.
        stays: Says which of the others stay.
        is_closed: Says within which of the others all stays as it is.
    """
    opened = _ancestors(by_id, again) - again
    closed = {step.id for step in by_id.values() if is_closed(step) and step.id not in again | opened}
    compensations = {step.id for step in by_id.values() if step.type == StepType.COMPENSATION}
    kept = {
        step.id
        for step in by_id.values()
        if step.id not in again and (stays(step) or _ancestors(by_id, [step.id]) & closed)
    }
    kept -= opened | compensations
    left = by_id.keys() - kept
    reopened = (_ancestors(by_id, left - compensations) | opened | _ancestors(by_id, kept)) - kept - again
    return Rerun(removed=_in_order(by_id, left - reopened), reopened=_in_order(by_id, reopened))


def _has_succeeded(step: Step) -> bool:
    return step.status == StepStatus.SUCCEEDED


def _undone_by(step: Step) -> str:
    """Returns the id of the step that a compensation has undone; empty if it has undone nothing."""
    if step.type != StepType.COMPENSATION or step.status != StepStatus.SUCCEEDED:
        return ""
    return step.id.removesuffix(_OF_DEFINITIONS).removeprefix(_OF_CODE)


def _ancestors(by_id: Mapping[str, Step], step_ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for step_id in step_ids:
        parent_id = by_id[step_id].parent_id
        while parent_id in by_id and parent_id not in found:
            found.add(parent_id)
            parent_id = by_id[parent_id].parent_id
    return found


def _in_order(by_id: Mapping[str, Step], step_ids: Iterable[str]) -> Sequence[str]:
    return sorted(step_ids, key=lambda step_id: (by_id[step_id].position, step_id))


def _position_of(by_id: Mapping[str, Step], step_id: str, field: str) -> int:
    if step_id not in by_id:
        raise InvalidFieldError.of(field, "names no step of the execution")
    return by_id[step_id].position


def _refuse_unknown(replaced: Iterable[str], had: set[str]) -> None:
    for step_id in replaced:
        if step_id not in had:
            raise InvalidFieldError.of(f"outputs.{step_id}", "names no step that the fork has had")
