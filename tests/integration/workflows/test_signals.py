"""Signals: before, while and after a step waits for them."""

from __future__ import annotations

import pytest

from tests.integration.workflows.hand import Caller, run_step, signal_wait, types_of
from tests.integration.workflows.service import Replica, step
from timeloom.workflows.v1 import workflows_pb2
from timeloom_platform.testing import eventually
from timeloom_workflows import limits
from timeloom_workflows.engine.commands import Ended, Parked, Running
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.model import HistoryType, Stage, Status, StepStatus, WaitReason


@pytest.fixture
def caller(workflows_service: Replica) -> Caller:
    return Caller(workflows_service)


async def waiting(replica: Replica, *names: str) -> Claimed:
    """A parked execution whose steps wait for signals."""
    claimed = await replica.owned()
    steps = [
        step(claimed, f"wait:{position}", position=position, **signal_wait(name))
        for position, name in enumerate(names, start=1)
    ]
    await run_step(replica, claimed, *steps)
    await replica.advance(claimed, Parked(inbox=0, due_time=None, waiting_for=WaitReason.SIGNAL))
    return claimed


async def test_a_signal_ends_the_step_that_waits_for_it_and_wakes_the_execution(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await waiting(workflows_service, "go")
    execution_id = claimed.execution.id

    told = await caller.signal(execution_id, "go", {"by": "Ada"})

    assert told.succeeded_step_count == 1
    ping = workflows_service.ping
    await eventually(lambda: ping.claimed[execution_id].execution.token > claimed.execution.token)
    (ended,) = ping.claimed[execution_id].steps
    assert (ended.status, ended.output, ended.waiting_for) == (
        StepStatus.SUCCEEDED,
        b'{"by":"Ada"}',
        WaitReason.NONE,
    )
    assert (await types_of(workflows_service, execution_id))[-2:] == [
        HistoryType.SIGNAL_RECEIVED,
        HistoryType.STEP_SUCCEEDED,
    ]


async def test_of_several_steps_the_one_that_began_first_takes_a_signal(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await waiting(workflows_service, "other", "go", "go")

    await caller.signal(claimed.execution.id, "go")

    steps = await workflows_service.steps(claimed.execution.id)
    assert [each.status for each in steps] == [
        StepStatus.WAITING,
        StepStatus.SUCCEEDED,
        StepStatus.WAITING,
    ]
    assert steps[1].output == b"true"


async def test_a_signal_that_comes_first_is_kept_for_the_step_that_waits_later(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    execution_id = claimed.execution.id
    await caller.signal(execution_id, "go", 1)
    await caller.signal(execution_id, "stop", 2)
    await caller.signal(execution_id, "go", 3)
    await run_step(
        workflows_service,
        claimed,
        step(claimed, "a", **signal_wait("go")),
        step(claimed, "b", position=2, **signal_wait("go")),
        step(claimed, "c", position=3, **signal_wait("go")),
    )

    settled = await workflows_service.assembly.hand.signals.settle(workflows_service.project_id, execution_id)

    assert [(each.id, each.output) for each in settled] == [("a", b"1"), ("b", b"3")]
    assert (await workflows_service.execution(execution_id)).succeeded_step_count == 2
    again = await workflows_service.assembly.hand.signals.settle(workflows_service.project_id, execution_id)
    assert again == []


async def test_a_signal_that_comes_while_the_driver_parks_is_not_missed(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    await run_step(workflows_service, claimed, step(claimed, **signal_wait("go")))
    workflows_service.ping.places = 0
    await caller.signal(claimed.execution.id, "go")

    advanced = await workflows_service.advance(
        claimed, Parked(inbox=0, due_time=None, waiting_for=WaitReason.SIGNAL)
    )

    assert advanced.stage == Stage.QUEUED
    assert workflows_service.ping.poked == [claimed.execution.id]


async def test_a_signal_with_the_same_id_counts_once(workflows_service: Replica, caller: Caller) -> None:
    claimed = await waiting(workflows_service, "go", "go")

    await caller.signal(claimed.execution.id, "go", 1, signal_id="s-1")
    await caller.signal(claimed.execution.id, "go", 1, signal_id="s-1")

    steps = await workflows_service.steps(claimed.execution.id)
    assert [each.status for each in steps] == [StepStatus.SUCCEEDED, StepStatus.WAITING]


async def test_a_repeated_signal_is_answered_even_after_the_end(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    await caller.signal(claimed.execution.id, "go", signal_id="s-1")
    await workflows_service.advance(claimed, Ended(status=Status.SUCCEEDED))

    told = await caller.signal(claimed.execution.id, "go", signal_id="s-1")
    refusal = await caller.refused(caller.signal(claimed.execution.id, "go", signal_id="s-2"))

    assert told.status == workflows_pb2.WORKFLOW_EXECUTION_STATUS_SUCCEEDED
    assert refusal.reason == "WRONG_STATUS"


async def test_a_signal_reaches_a_paused_execution_which_stays_paused(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await waiting(workflows_service, "go")
    await caller.pause(claimed.execution.id)

    await caller.signal(claimed.execution.id, "go")

    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.stage, execution.status) == (Stage.PARKED, Status.PAUSED)
    (ended,) = await workflows_service.steps(claimed.execution.id)
    assert ended.status == StepStatus.SUCCEEDED


async def test_no_more_signals_are_kept_than_there_may_be(workflows_service: Replica, caller: Caller) -> None:
    claimed = await workflows_service.owned()
    async with workflows_service.rows() as connection:
        await connection.execute(
            "INSERT INTO signals (project_id, execution_id, id, name, create_time)"
            " SELECT $1, $2, '', 'go', now() FROM generate_series(1, $3)",
            workflows_service.project_id,
            claimed.execution.id,
            limits.SIGNALS_PENDING_MAX,
        )

    refusal = await caller.refused(caller.signal(claimed.execution.id, "go"))

    assert refusal.reason == "OVERLOADED"


async def test_a_signal_that_a_step_took_waits_again_when_the_step_is_taken_back(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await waiting(workflows_service, "go")
    execution_id = claimed.execution.id
    await caller.signal(execution_id, "go", 7)
    ping = workflows_service.ping
    await eventually(lambda: ping.claimed[execution_id].execution.token > claimed.execution.token)
    second = ping.claimed[execution_id]
    await workflows_service.advance(second, Ended(status=Status.FAILED))
    await caller.retry(execution_id, from_step_id="wait:1")
    await eventually(lambda: ping.claimed[execution_id].execution.token > second.execution.token)
    third = ping.claimed[execution_id]
    await workflows_service.advance(third, Running(), steps=[step(third, "wait:1", **signal_wait("go"))])

    (settled,) = await workflows_service.assembly.hand.signals.settle(
        workflows_service.project_id, execution_id
    )

    assert settled.output == b"7"
