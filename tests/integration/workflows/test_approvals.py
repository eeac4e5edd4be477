"""People decide what steps ask them for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.integration.workflows.hand import Caller, approval, run_step, types_of
from tests.integration.workflows.service import Replica, step
from timeloom.workflows.v1 import workflows_pb2
from timeloom_workflows.engine.commands import Ended, Parked
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.model import HistoryType, Stage, Status, StepStatus, WaitReason


@pytest.fixture
def caller(workflows_service: Replica) -> Caller:
    return Caller(workflows_service)


async def asking(replica: Replica, *questions: dict[str, Any]) -> Claimed:
    """A parked execution whose steps ask people."""
    claimed = await replica.owned()
    steps = [
        step(claimed, f"ask:{position}", position=position, **approval(**details))
        for position, details in enumerate(questions, start=1)
    ]
    await run_step(replica, claimed, *steps)
    await replica.advance(claimed, Parked(inbox=0, due_time=None, waiting_for=WaitReason.APPROVAL))
    replica.ping.places = 0
    return claimed


async def test_an_approval_ends_the_step_with_who_when_and_why(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await asking(workflows_service, {"question": "Really?"})

    told = await caller.approve(claimed.execution.id, "Ada", comment="of course", data={"limit": 1e3})

    output = msgspec.json.decode(told.output)
    assert output == {
        "approved": True,
        "decidedBy": "Ada",
        "comment": "of course",
        "data": {"limit": 1000},
        "decisions": [
            {
                "approved": True,
                "time": output["decisions"][0]["time"],
                "decidedBy": "Ada",
                "comment": "of course",
                "data": {"limit": 1000},
            }
        ],
    }
    assert told.status == workflows_pb2.STEP_STATUS_SUCCEEDED
    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.stage, execution.succeeded_step_count) == (Stage.QUEUED, 1)
    history = await workflows_service.history(claimed.execution.id)
    assert history[-2].type == HistoryType.APPROVAL_DECIDED
    assert msgspec.json.decode(history[-2].attributes or b"") == {
        "decision": "APPROVED",
        "decidedBy": "Ada",
        "comment": "of course",
    }


async def test_a_rejection_is_an_answer_too(workflows_service: Replica, caller: Caller) -> None:
    claimed = await asking(workflows_service, {"requiredCount": 3})

    told = await caller.approve(claimed.execution.id, "Ada", approved=False)

    assert told.status == workflows_pb2.STEP_STATUS_SUCCEEDED
    assert msgspec.json.decode(told.output)["approved"] is False


async def test_several_people_have_to_approve_each_once(workflows_service: Replica, caller: Caller) -> None:
    claimed = await asking(workflows_service, {"requiredCount": 2, "approvers": ["Ada", "Bob", "Cy"]})
    execution_id = claimed.execution.id

    first = await caller.approve(execution_id, "Ada")
    again = await caller.approve(execution_id, "Ada")
    otherwise = await caller.refused(caller.approve(execution_id, "Ada", approved=False))
    stranger = await caller.refused(caller.approve(execution_id, "Eve"))
    second = await caller.approve(execution_id, "Cy")

    assert (first.status, again.status) == (workflows_pb2.STEP_STATUS_WAITING,) * 2
    assert (otherwise.reason, stranger.reason) == ("WRONG_STATUS", "PERMISSION_DENIED")
    assert second.status == workflows_pb2.STEP_STATUS_SUCCEEDED
    output = msgspec.json.decode(second.output)
    assert [each["decidedBy"] for each in output["decisions"]] == ["Ada", "Cy"]
    assert (await types_of(workflows_service, execution_id))[2:] == [
        HistoryType.APPROVAL_DECIDED,
        HistoryType.APPROVAL_DECIDED,
        HistoryType.STEP_SUCCEEDED,
    ]


async def test_where_several_have_to_approve_it_must_be_said_who_does(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await asking(workflows_service, {"requiredCount": 2})

    refusal = await caller.refused(caller.approve(claimed.execution.id))

    assert refusal.message == "decidedBy is required, because 2 people have to approve"


async def test_where_several_steps_ask_the_step_is_to_be_named(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await asking(workflows_service, {}, {})

    refusal = await caller.refused(caller.approve(claimed.execution.id))
    await caller.approve(claimed.execution.id, step_id="ask:2")

    assert refusal.message == "stepId is required, because several steps ask: ask:1, ask:2"
    steps = await workflows_service.steps(claimed.execution.id)
    assert [each.status for each in steps] == [StepStatus.WAITING, StepStatus.SUCCEEDED]


async def test_what_asks_nobody_is_not_decided(workflows_service: Replica, caller: Caller) -> None:
    claimed = await workflows_service.owned()
    await run_step(workflows_service, claimed, step(claimed))

    nothing = await caller.refused(caller.approve(claimed.execution.id))
    ended = await caller.refused(caller.approve(claimed.execution.id, step_id="one"))
    unknown = await caller.refused(caller.approve(claimed.execution.id, step_id="nine"))
    await workflows_service.advance(claimed, Ended(status=Status.SUCCEEDED))
    over = await caller.refused(caller.approve(claimed.execution.id))

    assert [each.reason for each in (nothing, ended, unknown, over)] == [
        "WRONG_STATUS",
        "WRONG_STATUS",
        "NOT_FOUND",
        "WRONG_STATUS",
    ]
    assert ended.metadata == {"status": "SUCCEEDED"}
