"""Ids of steps in an execution: the id in the definition, with the places of what it is within.

`fetch`; in a condition `choose.then.notify` or `choose.else.notify`; in a switch `route.cases[1].notify` or
`route.default.notify`; in a branch `both[0].fetch`; for an item, or in a turn of a loop, `each[3].summarise`.
What undoes a step is `book.compensate`. Numbers begin at zero.
"""

from __future__ import annotations

import re
from typing import Final

from timeloom_workflows.definitions.model import (
    ConditionStep,
    ForeachStep,
    LoopStep,
    ParallelStep,
    Step,
    StepList,
    SwitchStep,
)

COMPENSATION: Final = ".compensate"


_SEGMENT: Final = re.compile(r"\.?([A-Za-z_]\w*)(?:\[(\d+)\])?")


def compensation_id(step_id: str) -> str:
    """Returns the id of the step that undoes a step."""
    return step_id + COMPENSATION


def compensated_id(step_id: str) -> str:
    """Returns the id of the step that a compensation undoes; other ids stay as they are."""
    return step_id.removesuffix(COMPENSATION)


def specs_along(steps: StepList, step_id: str) -> list[Step]:
    """Returns what a definition says about the step of an id and those it is within, outermost first.

    Of an id that is not one of this definition's, as many as there are.
    """
    specs: list[Step] = []
    around: StepList | None = steps
    segments = _SEGMENT.finditer(step_id)
    while around is not None and (segment := next(segments, None)) is not None:
        spec = around.by_id.get(segment[1])
        if spec is None:
            break
        specs.append(spec)
        number = None if segment[2] is None else int(segment[2])
        match spec:
            case ConditionStep() | SwitchStep():
                way = next(segments, None)
                around = None if way is None else _way(spec, way[1], way[2])
            case ParallelStep():
                around = spec.branches[number] if number is not None and number < len(spec.branches) else None
            case ForeachStep() | LoopStep():
                around = spec.steps
            case _:
                around = None
    return specs


def _way(spec: ConditionStep | SwitchStep, name: str, number: str | None) -> StepList | None:
    if isinstance(spec, ConditionStep):
        return {"then": spec.then, "else": spec.otherwise}.get(name)
    if number is None:
        return spec.default
    return spec.cases[int(number)].steps if int(number) < len(spec.cases) else None
