"""Telling executions that take their engines down from those that were there by chance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from timeloom_workflows.driving.losses import begun_again, is_suspect, poison_of
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.model import (
    Execution,
    Stage,
    Status,
    Step,
    StepStatus,
    StepType,
    TriggerType,
    WaitReason,
    WorkflowKind,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ID = UUID(int=1)


def claimed(*steps: Step, delivery: int = 1) -> Claimed:
    fields: dict[str, Any] = dict.fromkeys(Execution.__struct_fields__)
    execution = Execution(
        **{
            **fields,
            "id": ID,
            "status": Status.RUNNING,
            "stage": Stage.OWNED,
            "kind": WorkflowKind.DAG,
            "trigger": TriggerType.MANUAL,
            "waiting_for": WaitReason.NONE,
            "delivery": delivery,
        }
    )
    return Claimed(execution=execution, steps=steps)


def step(step_id: str = "call", *, losses: int = 0, **fields: Any) -> Step:
    made = Step(
        **{
            "execution_id": ID,
            "id": step_id,
            "position": 1,
            "type": StepType.ACTION,
            "status": StepStatus.RUNNING,
            "attempt": 1,
            "create_time": NOW,
            **fields,
        }
    )
    for _ in range(losses):
        made = begun_again(made)
    return made


@pytest.mark.parametrize(
    ("execution", "expected"),
    [
        (claimed(), False),
        (claimed(step()), False),
        (claimed(step(losses=1)), True),
        (claimed(step(losses=1, status=StepStatus.SUCCEEDED)), False),
        (claimed(step(losses=1, task="resize")), False),
        (claimed(delivery=2), False),
        (claimed(delivery=3), True),
    ],
)
def test_what_was_lost_twice_is_suspected(execution: Claimed, *, expected: bool) -> None:
    assert is_suspect(execution) is expected


@pytest.mark.parametrize(
    ("execution", "expected"),
    [
        (claimed(step(losses=1)), None),
        (claimed(step("other"), step(losses=2)), "call"),
        (claimed(step(losses=2, type=StepType.PARALLEL)), None),
        (claimed(delivery=3), None),
        (claimed(delivery=4), ""),
        # It may only have waited for its turn.
        (claimed(step(), delivery=12), None),
        (claimed(step(), delivery=13), ""),
    ],
)
def test_what_was_lost_too_often_is_given_up(execution: Claimed, expected: str | None) -> None:
    poison = poison_of(execution, deliveries_max=3)
    assert (None if poison is None else (poison.type, poison.step_id, poison.is_final)) == (
        None if expected is None else ("PoisonError", expected, True)
    )
