"""What engines that were lost have left behind: who may have taken them down, and who has too often. Pure.

A step that the engine itself does is lost with its engine, and done again; how often, its row says. What was
lost twice goes on one at a time: if it is the reason, it takes no bystander along, and is given up alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.model import Failure, Step, StepStatus, StepType

PATIENCE: Final = 4
"""Who waits for its turn is handed out again when another one takes the engine down: so much more often."""


_DONE_BY_ENGINES: Final = frozenset({StepType.ACTION, StepType.WEBHOOK, StepType.COMPENSATION})


class _Details(Struct, frozen=True):
    """The details of a step that the engine does.

    Attributes:
        losses: How often it was begun again because its engine was lost.
    """

    losses: int = 0


def begun_again(step: Step) -> Step:
    """Returns a step that was lost with its engine, as one more loss."""
    return replace(step, details=msgspec.json.encode(_Details(losses=_losses_of(step) + 1)))


def is_suspect(claimed: Claimed) -> bool:
    """Tells whether an execution was lost twice with nothing that ended in between."""
    return claimed.execution.delivery > 2 or any(_losses_of(step) > 0 for step in _lost(claimed.steps))


def poison_of(claimed: Claimed, *, deliveries_max: int) -> Failure | None:
    """Returns why an execution is given up that has lost its engines too often; None if it is not."""
    lost = _lost(claimed.steps)
    worst = max(lost, key=_losses_of, default=None)
    if worst is not None and _losses_of(worst) + 1 >= deliveries_max:
        return _poison(f"its engines were lost {deliveries_max} times while the step ran", worst.id)
    allowed = deliveries_max * (PATIENCE if lost else 1)
    if claimed.execution.delivery > allowed:
        return _poison(f"its engines were lost or failed {allowed} times, and no step ended between", "")
    return None


def _poison(message: str, step_id: str) -> Failure:
    return Failure(type="PoisonError", message=message, step_id=step_id, is_final=True)


def _lost(steps: Sequence[Step]) -> list[Step]:
    """The steps that an engine did itself when it was lost."""
    return [
        step
        for step in steps
        if step.status is StepStatus.RUNNING and step.task is None and step.type in _DONE_BY_ENGINES
    ]


def _losses_of(step: Step) -> int:
    return msgspec.json.decode(step.details or b"{}", type=_Details).losses
