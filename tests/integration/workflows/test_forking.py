"""Forking executions."""

from __future__ import annotations

import msgspec
import pytest

from tests.integration.workflows.hand import Caller, run_step, signal_wait, types_of
from tests.integration.workflows.service import Replica, step
from timeloom.workflows.v1 import workflows_pb2
from timeloom_workflows.engine.commands import Ended
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.model import Failure, HistoryType, Status, StepStatus


@pytest.fixture
def caller(workflows_service: Replica) -> Caller:
    return Caller(workflows_service)


async def three_steps(replica: Replica) -> Claimed:
    """An execution with two steps that succeeded, and one that failed."""
    claimed = await replica.owned(tags=["blue"], attributes=b'{"customer": 7}', priority=5)
    error = msgspec.json.encode(Failure(type="ValueError"))
    await run_step(
        replica,
        claimed,
        step(claimed, "one", output=b"1", worker_id="w"),
        step(claimed, "two", position=2, output=b"2"),
        step(claimed, "three", position=3, status=StepStatus.FAILED, error=error),
    )
    return claimed


async def test_a_fork_has_had_the_steps_up_to_one_and_runs_on_from_there(
    workflows_service: Replica, caller: Caller
) -> None:
    original = await three_steps(workflows_service)

    told = await caller.fork(original.execution.id, step_id="two", reason="try again")

    assert (told.trigger, told.trigger_id) == (workflows_pb2.TRIGGER_TYPE_FORK, str(original.execution.id))
    assert (told.forked_from.execution_id, told.forked_from.step_id) == (str(original.execution.id), "two")
    assert (list(told.tags), told.priority, msgspec.json.decode(told.attributes)) == (
        ["blue"],
        5,
        {"customer": 7},
    )
    assert (told.input, told.step_count, told.succeeded_step_count) == (b'{"name":"Ada"}', 2, 2)
    (claimed,) = (
        each for each in workflows_service.ping.claimed.values() if str(each.execution.id) == told.id
    )
    assert [(each.id, each.output, each.position) for each in claimed.steps] == [
        ("one", b"1", 1),
        ("two", b"2", 2),
    ]
    history = await workflows_service.history(original.execution.id)
    assert (history[-1].type, history[-1].step_id) == (HistoryType.EXECUTION_FORKED, "two")
    assert msgspec.json.decode(history[-1].attributes or b"") == {
        "reason": "try again",
        "executionId": told.id,
    }
    await types_of(workflows_service, original.execution.id)


async def test_a_fork_without_a_step_begins_anew(workflows_service: Replica, caller: Caller) -> None:
    original = await three_steps(workflows_service)

    told = await caller.fork(original.execution.id, input={"name": "Bob"}, tags=["red"])

    assert (told.step_count, msgspec.json.decode(told.input), list(told.tags)) == (
        0,
        {"name": "Bob"},
        ["red"],
    )


async def test_a_fork_may_have_had_other_outputs(workflows_service: Replica, caller: Caller) -> None:
    original = await three_steps(workflows_service)

    told = await caller.fork(original.execution.id, step_id="three", outputs={"one": "I", "three": None})

    answer = await caller.get(told.id, include_steps=True)
    assert [(each.id, each.status) for each in answer.steps] == [
        ("one", workflows_pb2.STEP_STATUS_SUCCEEDED),
        ("two", workflows_pb2.STEP_STATUS_SUCCEEDED),
        ("three", workflows_pb2.STEP_STATUS_SUCCEEDED),
    ]
    outputs = [(await caller.step(told.id, each.id)).output for each in answer.steps]
    assert outputs == [b'"I"', b"2", b"null"]
    assert not (await caller.step(told.id, "three")).HasField("error")


async def test_a_step_that_failed_is_taken_over_as_it_is(workflows_service: Replica, caller: Caller) -> None:
    original = await three_steps(workflows_service)

    told = await caller.fork(original.execution.id, step_id="three")

    assert (told.step_count, told.failed_step_count) == (3, 1)


async def test_the_original_goes_on_as_if_nothing_had_happened(
    workflows_service: Replica, caller: Caller
) -> None:
    original = await three_steps(workflows_service)
    await caller.fork(original.execution.id, step_id="two")

    ended = await workflows_service.advance(original, Ended(status=Status.SUCCEEDED))

    assert ended.committed
    await types_of(workflows_service, original.execution.id)


async def test_a_fork_at_a_step_that_waits_needs_its_output(
    workflows_service: Replica, caller: Caller
) -> None:
    original = await workflows_service.owned()
    await run_step(workflows_service, original, step(original, **signal_wait("go")))

    refusal = await caller.refused(caller.fork(original.execution.id, step_id="one"))
    told = await caller.fork(original.execution.id, step_id="one", outputs={"one": 1})

    assert refusal.message == "stepId names a step that has not ended, and that is given no output"
    forked = await caller.step(told.id, "one")
    assert (forked.status, forked.output, forked.waiting_for) == (
        workflows_pb2.STEP_STATUS_SUCCEEDED,
        b"1",
        0,
    )
    assert forked.HasField("end_time")


async def test_what_a_fork_cannot_be_is_refused(workflows_service: Replica, caller: Caller) -> None:
    original = await three_steps(workflows_service)
    execution_id = original.execution.id

    refusals = [
        await caller.refused(caller.fork(execution_id, step_id="nine")),
        await caller.refused(caller.fork(execution_id, step_id="one", outputs={"two": 1})),
        await caller.refused(caller.fork(execution_id, version=9)),
        await caller.refused(caller.fork(execution_id, outputs=[1])),
    ]

    assert [each.message for each in refusals] == [
        "stepId names no step of the execution",
        "outputs.two names no step that the fork has had",
        "version is none of the workflow greet",
        "outputs must be an object from steps' ids to outputs",
    ]
