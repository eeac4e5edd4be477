"""Executions that nobody waits for any more are cancelled, even if whoever gave them up could not do it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.workflows.service import Replica, step
from timeloom_platform.testing import eventually
from timeloom_workflows.engine.commands import Ended, Running
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.model import (
    Failure,
    Stage,
    Status,
    Step,
    StepRef,
    StepStatus,
    StepType,
    WaitReason,
)

FAILURE = Failure(type="TimeoutError")


def waiting(parent: Claimed, child_id: Any, **fields: Any) -> Step:
    """A step that waits for an execution."""
    given = {
        "type": StepType.WORKFLOW,
        "status": StepStatus.WAITING,
        "waiting_for": WaitReason.EXECUTION,
        "waiting_name": str(child_id),
    }
    return step(parent, "call", **{**given, **fields})


async def family(replica: Replica) -> tuple[Claimed, Claimed]:
    """A parent that waits, and its child that is driven."""
    parent = await replica.owned()
    new = replica.new(workflow_id="child", parent=StepRef(parent.execution.id, "call"))
    advanced = await replica.advance(parent, Running(), steps=[waiting(parent, new.id)], children=[new])
    assert advanced.committed
    return parent, await replica.claimed(new.id)


async def is_asked_to_stop(replica: Replica, child: Claimed) -> None:
    async def asked() -> bool:
        return (await replica.execution(child.execution.id)).cancelling

    await eventually(asked)


async def notes(replica: Replica) -> int:
    async with replica.rows() as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM orphans")
    return count


@pytest.mark.parametrize("status", [StepStatus.FAILED, StepStatus.CANCELLED])
async def test_a_child_whose_step_was_given_up_is_cancelled(
    workflows_service: Replica, status: StepStatus
) -> None:
    parent, child = await family(workflows_service)

    # And then its driver dies.
    given_up = waiting(
        parent, child.execution.id, status=status, waiting_for=WaitReason.NONE, waiting_name=None
    )
    await workflows_service.advance(parent, Running(), steps=[given_up])

    await is_asked_to_stop(workflows_service, child)
    await eventually(lambda: _none_left(workflows_service))


async def test_a_child_of_an_execution_that_failed_is_cancelled(workflows_service: Replica) -> None:
    parent, child = await family(workflows_service)

    await workflows_service.advance(parent, Ended(status=Status.FAILED, failure=FAILURE))

    await is_asked_to_stop(workflows_service, child)
    await eventually(lambda: _none_left(workflows_service))


async def test_what_is_waited_for_and_what_ended_by_itself_is_left_alone(workflows_service: Replica) -> None:
    parent, child = await family(workflows_service)
    _, other = await family(workflows_service)

    await workflows_service.advance(child, Ended(status=Status.FAILED, failure=FAILURE))

    async def told() -> bool:
        (call,) = await workflows_service.steps(parent.execution.id)
        return call.status is StepStatus.RETRYING

    await eventually(told)
    assert await notes(workflows_service) == 0
    assert not (await workflows_service.execution(other.execution.id)).cancelling
    assert (await workflows_service.execution(child.execution.id)).stage is Stage.ENDED


async def _none_left(replica: Replica) -> bool:
    return await notes(replica) == 0
