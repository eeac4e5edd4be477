"""Failures that an execution lived through: whoever takes it up again meets them as they were. Pure.

A definition says what it does about the error of a step. Code does not, but what it did tells: an error that
nobody caught has ended it, so that no step began after.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from timeloom_workflows.dag.ids import specs_along
from timeloom_workflows.definitions.model import Definition, ErrorStrategy
from timeloom_workflows.model import Step, StepStatus, StepType


class Caught(Struct, frozen=True):
    """What became of the failures of an execution.

    Attributes:
        failures: The steps whose errors were caught.
        consequences: The steps that the execution may have come to only by the failure that ended it.
    """

    failures: frozenset[str] = frozenset()
    consequences: frozenset[str] = frozenset()


NOTHING: Final = Caught()


def caught_by_code(steps: Sequence[Step], *, ended_by: str) -> Caught:
    """Finds out what code has caught.

    An error that it raised again after other steps has ended it, too: these steps, which it may come to by
    this failure alone, are taken back with it.

    Args:
        steps: All of the execution.
        ended_by: The step whose error it ended with; empty if that is none.
    """
    failures: set[str] = set()
    consequences: set[str] = set()
    for failed in _failed(steps):
        followers = _begun_after(failed, steps)
        if failed.id == ended_by:
            consequences |= followers
        elif followers:
            failures.add(failed.id)
    return Caught(frozenset(failures), frozenset(consequences))


def caught_by_definition(definition: Definition, steps: Sequence[Step], *, ended_by: str) -> Caught:
    """Finds out what a definition has caught: what it ignores, and what something else stood in for.

    Args:
        definition: That the execution followed.
        steps: All of the execution.
        ended_by: The step whose error it ended with; empty if that is none.
    """
    succeeded = {step.id for step in steps if step.status is StepStatus.SUCCEEDED}
    caught = [
        step.id
        for step in _failed(steps)
        if step.id != ended_by and _is_handled(definition, step.id, succeeded)
    ]
    return Caught(frozenset(caught))


def _failed(steps: Sequence[Step]) -> list[Step]:
    return [
        step for step in steps if step.status is StepStatus.FAILED and step.type is not StepType.COMPENSATION
    ]


def _begun_after(failed: Step, steps: Sequence[Step]) -> set[str]:
    """The steps that the code asked for when it knew of a failure; what undoes others tells nothing."""
    assert failed.end_time is not None, "it has ended"
    return {
        step.id
        for step in steps
        if step.type is not StepType.COMPENSATION
        and step.create_time >= failed.end_time
        and step.id != failed.id
    }


def _is_handled(definition: Definition, step_id: str, succeeded: set[str]) -> bool:
    specs = specs_along(definition.steps, step_id)
    if not specs or not step_id.endswith(specs[-1].id):
        return False
    own = specs[-1]
    match own.on_error.strategy:
        case ErrorStrategy.IGNORE:
            return True
        case ErrorStrategy.FALLBACK:
            stand_in = own.on_error.step
            return not stand_in or step_id.removesuffix(own.id) + stand_in in succeeded
        case _:
            return False
