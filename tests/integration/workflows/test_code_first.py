"""Workflows as code, end to end: a real worker, a real engine, a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from tests.integration.workflows.service import Replica, running_replica
from timeloom.workflows import (
    Retry,
    StepError,
    Worker,
    approval,
    child,
    gather,
    heartbeat,
    now,
    running,
    sleep,
    step,
    task,
    wait_for_event,
    wait_for_signal,
    workflow,
)
from timeloom.workflows.v1 import workflow_executions_service_pb2 as messages
from timeloom.workflows.v1 import workflow_triggers_service_pb2 as triggers
from timeloom.workflows.v1 import workflows_pb2 as pb
from timeloom_platform.testing import eventually
from timeloom_workflows.model import HistoryType, Stage, WaitReason
from timeloom_workflows.settings import EngineSettings

PATIENT = EngineSettings(engine_lease_seconds=10.0, worker_lease_seconds=30.0)
QUICK = EngineSettings(engine_lease_seconds=10.0, worker_lease_seconds=1.0)

ran: list[Any] = []


@pytest_asyncio.fixture
async def replica(database_url: str) -> AsyncIterator[Replica]:
    ran.clear()
    async with running_replica(database_url, with_ping=False, engine=PATIENT) as running:
        yield running


def worker_of(replica: Replica, **fields: Any) -> Worker:
    """Makes a worker of the replica's project."""
    worker = Worker(grpc_address=replica.address, api_key="tl_test", **fields)
    worker.connection.metadata = replica.metadata
    return worker


@asynccontextmanager
async def working(replica: Replica, **fields: Any) -> AsyncIterator[Worker]:
    """Runs a worker of the replica's project; it leaves at the end."""
    async with worker_of(replica, **fields) as worker:
        running = asyncio.create_task(worker.run(handle_signals=False))
        try:
            await worker.connected()
            yield worker
        finally:
            worker.stop()
            await running


async def execute(
    replica: Replica, workflow_id: str, given: Any = None, **fields: Any
) -> pb.WorkflowExecution:
    request = messages.ExecuteWorkflowRequest(
        workflow_id=workflow_id, input=msgspec.json.encode(given), wait_seconds=60, **fields
    )
    response = await replica.executions.ExecuteWorkflow(request, metadata=replica.metadata)
    return response.execution


async def begin(replica: Replica, workflow_id: str, given: Any = None) -> str:
    """Begins an execution and returns its id."""
    request = messages.ExecuteWorkflowRequest(workflow_id=workflow_id, input=msgspec.json.encode(given))
    response = await replica.executions.ExecuteWorkflow(request, metadata=replica.metadata)
    return response.execution.id


async def ended(replica: Replica, execution_id: str) -> pb.WorkflowExecution:
    """Waits for the end of an execution."""
    request = messages.GetWorkflowExecutionRequest(execution_id=execution_id, wait_seconds=60)
    response = await replica.executions.GetWorkflowExecution(request, metadata=replica.metadata)
    assert response.execution.end_time.seconds, response.execution
    return response.execution


async def signal(replica: Replica, execution_id: str, name: str, data: Any) -> None:
    """Sends a signal."""
    request = messages.SignalWorkflowExecutionRequest(
        execution_id=execution_id, name=name, data=msgspec.json.encode(data)
    )
    await replica.executions.SignalWorkflowExecution(request, metadata=replica.metadata)


async def waits_for_people(replica: Replica, execution_id: str) -> str:
    """The step that waits for a decision; empty if none does."""
    steps = await replica.steps(UUID(execution_id))
    return next((step.id for step in steps if step.waiting_for is WaitReason.APPROVAL), "")


async def has_steps(replica: Replica, execution_id: str, count: int) -> bool:
    return len(await replica.steps(UUID(execution_id))) >= count


async def is_parked(replica: Replica, execution_id: str) -> bool:
    return (await replica.execution(UUID(execution_id))).stage is Stage.PARKED


@step
async def add(a: int, b: int) -> int:
    ran.append((a, b))
    return a + b


@workflow(id="sum")
async def summing(numbers: list[int]) -> int:
    total = 0
    for number in numbers:
        total = await add(total, number)
    return total


async def test_it_runs(replica: Replica) -> None:
    async with working(replica, workflows=[summing]):
        execution = await execute(replica, "sum", [1, 2, 3])
    assert execution.status == pb.WORKFLOW_EXECUTION_STATUS_SUCCEEDED
    assert execution.output == b"6"
    assert execution.succeeded_step_count == 3


async def test_an_unchanged_definition_is_no_new_version(replica: Replica) -> None:
    for _ in range(2):
        async with working(replica, workflows=[summing]):
            assert (await execute(replica, "sum", [1])).workflow_version == 1
    changed = workflow(id="sum", description="another one")(summing.function)
    async with working(replica, workflows=[changed]):
        assert (await execute(replica, "sum", [1])).workflow_version == 2


@workflow(id="patient")
async def patient(_: Any) -> Any:
    before = now()
    await sleep("50ms")
    assert now() > before
    first = await add(1, 1)
    signal = await wait_for_signal("go")
    decided = await approval("Well?", approvers=["ada"])
    assert decided is not None
    late = await wait_for_signal("never", timeout="10ms")
    return [first, signal, decided.approved, decided.decided_by, late]


@pytest.mark.parametrize("kept_max", [0, 100])
async def test_it_waits_for_time_signals_and_people(replica: Replica, kept_max: int) -> None:
    async with working(replica, workflows=[patient], kept_max=kept_max):
        execution_id = await begin(replica, "patient")
        await signal(replica, execution_id, "go", {"n": 1})
        step_id = await eventually(partial(waits_for_people, replica, execution_id))
        await replica.executions.ApproveStep(
            messages.ApproveStepRequest(
                execution_id=execution_id,
                step_id=step_id,
                decision=pb.APPROVAL_DECISION_APPROVED,
                decided_by="ada",
            ),
            metadata=replica.metadata,
        )
        execution = await ended(replica, execution_id)
    assert msgspec.json.decode(execution.output) == [2, {"n": 1}, True, "ada", None]
    assert ran == [(1, 1)]


async def test_events_wake_it_whether_they_come_before_or_after_its_wait(replica: Replica) -> None:
    @workflow(id="paying")
    async def paying(_: Any) -> Any:
        event = await wait_for_event("paid", if_="event.data.order == input.order", timeout="1m")
        second = await wait_for_event("shipped", timeout="1m")
        return [event["data"]["order"], second["name"]]

    async with working(replica, workflows=[paying]):
        execution_id = await begin(replica, "paying", {"order": 7})
        for name, order in (("shipped", 7), ("paid", 6), ("paid", 7)):
            event = pb.WorkflowEvent(name=name, data=msgspec.json.encode({"order": order}))
            await replica.triggers.PublishEvents(
                triggers.PublishEventsRequest(events=[event]), metadata=replica.metadata
            )
        execution = await ended(replica, execution_id)
    assert msgspec.json.decode(execution.output) == [7, "shipped"]


async def test_signals_and_steps_may_be_raced(replica: Replica) -> None:
    gate = asyncio.Event()

    @step
    async def gated() -> str:
        await gate.wait()
        return "step"

    order: list[str] = []

    @workflow(id="race")
    async def race(_: Any) -> Any:
        async def note(each: Any) -> None:
            order.append(await each)

        await gather(note(gated()), note(wait_for_signal("go")))
        return order

    async with working(replica, workflows=[race]):
        execution_id = await begin(replica, "race")
        await eventually(partial(has_steps, replica, execution_id, 1))
        await signal(replica, execution_id, "go", "signal")
        await eventually(lambda: order)
        gate.set()
        execution = await ended(replica, execution_id)
    assert msgspec.json.decode(execution.output) == ["signal", "step"]


async def test_a_child_runs_and_its_parent_goes_on(replica: Replica) -> None:
    @workflow(id="parent")
    async def parent(_: Any) -> Any:
        total = await child(summing, [4, 5])
        detached = await child("sum", [1], detached=True)
        try:
            await child("nobody")
        except StepError as error:
            return [total, detached, error.type]

    async with working(replica, workflows=[parent, summing]):
        execution = await execute(replica, "parent")
        total, detached, error = msgspec.json.decode(execution.output)
        assert (await ended(replica, detached)).output == b"1"
    assert (total, error) == (9, "NotFoundError")


@task("double")
async def double(number: int) -> int:
    if running().attempt == 1 and number == 13:
        heartbeat({"at": "half"})
        raise ValueError("unlucky")
    return 2 * number


async def test_tasks_are_called_by_their_names(replica: Replica) -> None:
    @workflow(id="calling")
    async def calling(numbers: list[int]) -> Any:
        again = Retry(initial="10ms")
        return await asyncio.gather(*(task("double", each, retry=again) for each in numbers))

    async with working(replica, workflows=[calling], tasks=[double]):
        execution = await execute(replica, "calling", [1, 13])
    assert msgspec.json.decode(execution.output) == [2, 26]


async def test_a_task_waits_for_a_worker_that_has_it(replica: Replica, database_url: str) -> None:
    @workflow(id="calling")
    async def calling(number: int) -> Any:
        return await task("double", number)

    async with working(replica, workflows=[calling]):
        execution_id = await begin(replica, "calling", 4)
        await eventually(partial(has_steps, replica, execution_id, 1))
        async with (
            running_replica(
                database_url, project_id=replica.project_id, with_ping=False, engine=PATIENT
            ) as other,
            working(other, tasks=[double]),
        ):
            assert (await ended(replica, execution_id)).output == b"8"


async def test_a_task_that_takes_too_long_has_failed(replica: Replica) -> None:
    @task("endless")
    async def endless(_: Any) -> None:
        await asyncio.Event().wait()

    @workflow(id="calling")
    async def calling(_: Any) -> Any:
        await task("endless", timeout="20ms", retry=Retry(max_attempts=1))

    async with working(replica, workflows=[calling], tasks=[endless]):
        execution = await execute(replica, "calling")
    assert (execution.error.type, execution.error.step_id) == ("TimeoutError", "task:endless")


async def test_a_paused_execution_ends_its_step_and_begins_no_other(replica: Replica) -> None:
    gate = asyncio.Event()

    @step
    async def gated() -> int:
        await gate.wait()
        return 1

    @workflow(id="halting")
    async def halting(_: Any) -> Any:
        return await add(await gated(), 1)

    async with working(replica, workflows=[halting]):
        execution_id = await begin(replica, "halting")
        await eventually(partial(has_steps, replica, execution_id, 1))
        await replica.executions.PauseWorkflowExecution(
            messages.PauseWorkflowExecutionRequest(execution_id=execution_id), metadata=replica.metadata
        )
        gate.set()
        await eventually(partial(is_parked, replica, execution_id))
        assert ran == []
        await replica.executions.ResumeWorkflowExecution(
            messages.ResumeWorkflowExecutionRequest(execution_id=execution_id), metadata=replica.metadata
        )
        assert (await ended(replica, execution_id)).output == b"2"


async def test_a_cancelled_execution_stops_and_is_undone(replica: Replica) -> None:
    async def undo(result: int, a: int, b: int) -> None:
        ran.append(("undone", result, a, b))

    @step(compensate=undo)
    async def book(a: int, b: int) -> int:
        return a + b

    @workflow(id="trip")
    async def trip(_: Any) -> Any:
        await book(1, 2)
        await wait_for_signal("never")

    async with working(replica, workflows=[trip]):
        execution_id = await begin(replica, "trip")
        await eventually(partial(has_steps, replica, execution_id, 2))
        await replica.executions.CancelWorkflowExecution(
            messages.CancelWorkflowExecutionRequest(execution_id=execution_id), metadata=replica.metadata
        )
        execution = await ended(replica, execution_id)
    assert execution.status == pb.WORKFLOW_EXECUTION_STATUS_CANCELLED
    assert ran == [("undone", 3, 1, 2)]


async def test_another_worker_goes_on_where_one_was_lost(database_url: str) -> None:
    ran.clear()
    gate = asyncio.Event()

    @step
    async def gated() -> str:
        ran.append("gated")
        await gate.wait()
        return "through"

    @workflow(id="moving")
    async def moving(_: Any) -> Any:
        return [await add(1, 1), await gated()]

    async with running_replica(database_url, with_ping=False, engine=QUICK) as replica:
        lost = worker_of(replica, workflows=[moving])
        dying = asyncio.create_task(lost.run(handle_signals=False))
        await lost.connected()
        execution_id = await begin(replica, "moving")
        await eventually(lambda: "gated" in ran)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        await lost.connection.close()
        gate.set()
        async with working(replica, workflows=[moving]):
            execution = await ended(replica, execution_id)
        assert msgspec.json.decode(execution.output) == [2, "through"]
        assert ran == [(1, 1), "gated", "gated"]
        kinds = [entry.type for entry in await replica.history(UUID(execution_id))]
        assert HistoryType.EXECUTION_TAKEN_OVER in kinds


async def test_a_worker_goes_on_with_what_it_holds_at_another_replica(
    replica: Replica, database_url: str
) -> None:
    gate = asyncio.Event()

    @step
    async def gated() -> str:
        ran.append("gated")
        await gate.wait()
        return "through"

    @workflow(id="moving")
    async def moving(_: Any) -> Any:
        return [await gated(), await add(1, 1)]

    async with (
        running_replica(
            database_url, project_id=replica.project_id, with_ping=False, engine=PATIENT
        ) as second,
        working(replica, workflows=[moving]) as worker,
    ):
        execution_id = await begin(replica, "moving")
        await eventually(lambda: "gated" in ran)
        token = (await replica.execution(UUID(execution_id))).token
        await worker.connection.close()
        worker.connection.configuration = replace(
            worker.connection.configuration, grpc_address=second.address
        )
        worker.connection.metadata = second.metadata
        await worker.connected()
        gate.set()
        execution = await ended(second, execution_id)
        assert msgspec.json.decode(execution.output) == ["through", 2]
        assert (await replica.execution(UUID(execution_id))).token == token + 1
    assert ran == ["gated", (1, 1)]


async def test_a_worker_whose_stream_breaks_goes_on(replica: Replica) -> None:
    gate = asyncio.Event()

    @step
    async def gated() -> str:
        ran.append("gated")
        await gate.wait()
        return "through"

    @workflow(id="moving")
    async def moving(_: Any) -> Any:
        return [await gated(), await add(1, 1)]

    async with working(replica, workflows=[moving]) as worker:
        execution_id = await begin(replica, "moving")
        await eventually(lambda: "gated" in ran)
        await worker.connection.close()
        gate.set()
        execution = await ended(replica, execution_id)
    assert msgspec.json.decode(execution.output) == ["through", 2]
    assert ran == ["gated", (1, 1)]


async def test_a_worker_that_leaves_gives_back_what_it_has(replica: Replica) -> None:
    gate = asyncio.Event()

    @step
    async def gated() -> str:
        ran.append("gated")
        await gate.wait()
        return "through"

    @workflow(id="moving")
    async def moving(_: Any) -> Any:
        return [await gated(), await add(1, 1)]

    async with working(replica, workflows=[moving]) as worker:
        execution_id = await begin(replica, "moving")
        await eventually(lambda: "gated" in ran)
        worker.stop()
        gate.set()
    assert (await replica.execution(UUID(execution_id))).stage is Stage.QUEUED
    async with working(replica, workflows=[moving]):
        await ended(replica, execution_id)
    assert ran == ["gated", (1, 1)]


async def test_an_execution_has_its_time(replica: Replica) -> None:
    @workflow(id="hasty", timeout="50ms")
    async def hasty(_: Any) -> Any:
        await wait_for_signal("never")

    async with working(replica, workflows=[hasty]):
        execution = await execute(replica, "hasty")
    assert (execution.status, execution.error.type) == (pb.WORKFLOW_EXECUTION_STATUS_FAILED, "TimeoutError")


async def test_code_that_has_changed_is_found_out(replica: Replica) -> None:
    async def before(_: Any) -> Any:
        await add(1, 1)
        await wait_for_signal("go")

    async def after(_: Any) -> Any:
        await wait_for_signal("go")

    async with working(replica, workflows=[workflow(id="changing")(before)]):
        execution_id = await begin(replica, "changing")
        await eventually(partial(has_steps, replica, execution_id, 2))
    async with working(replica, workflows=[workflow(id="changing")(after)]):
        await signal(replica, execution_id, "go", None)
        error = (await ended(replica, execution_id)).error
    assert (error.type, error.step_id) == ("NonDeterminismError", "add")


async def test_an_output_that_is_too_large_fails_the_step(replica: Replica) -> None:
    @step(retry=Retry(max_attempts=1))
    async def large() -> str:
        return "x" * 5_000_000

    @workflow(id="large")
    async def largest(_: Any) -> Any:
        await large()

    async with working(replica, workflows=[largest]):
        execution = await execute(replica, "large")
    assert (execution.error.type, execution.error.step_id) == ("TooLargeError", "large")


async def test_many_executions_run_at_once(replica: Replica) -> None:
    async with working(replica, workflows=[summing], executions_max=20):
        executions = await asyncio.gather(*(execute(replica, "sum", [1, 2, 3]) for _ in range(100)))
    assert {execution.output for execution in executions} == {b"6"}
    assert len(ran) == 300


broken: set[str] = set()


@step(retry=Retry(max_attempts=1))
async def attempted(name: str) -> str:
    ran.append(name)
    if name in broken:
        raise ValueError(name)
    return name


@workflow(id="catching")
async def catching() -> list[str]:
    try:
        return [await attempted("first")]
    except StepError:
        done = [await attempted("instead")]
    return [*done, await attempted("last")]


@workflow(id="raising")
async def raising() -> str:
    before = await attempted("before")
    try:
        return before + await attempted("risky")
    except StepError:
        await attempted("cleanup")
        raise


@workflow(id="collecting")
async def collecting() -> list[str]:
    results = await gather(attempted("one"), attempted("two"), attempted("three"), return_exceptions=True)
    if failed := [each for each in results if isinstance(each, BaseException)]:
        raise RuntimeError(f"{len(failed)} failed")
    return [str(each) for each in results]


async def retried(replica: Replica, execution_id: str, **fields: Any) -> pb.WorkflowExecution:
    """Lets nothing fail any more, retries an execution, and waits for its end."""
    broken.clear()
    ran.clear()
    request = messages.RetryWorkflowExecutionRequest(execution_id=execution_id, **fields)
    await replica.executions.RetryWorkflowExecution(request, metadata=replica.metadata)
    return await ended(replica, execution_id)


@pytest.mark.parametrize(
    ("code", "fails", "run_again", "output"),
    [
        (catching, {"first", "last"}, ["last"], ["instead", "last"]),
        (raising, {"risky"}, ["risky"], "beforerisky"),
        (collecting, {"one", "three"}, ["one", "three"], ["one", "two", "three"]),
    ],
)
async def test_a_retry_runs_what_ended_the_code_again_and_not_what_it_caught(
    replica: Replica, code: Any, fails: set[str], run_again: list[str], output: Any
) -> None:
    broken.update(fails)
    async with working(replica, workflows=[code]):
        failed = await execute(replica, code.id)
        assert failed.status == pb.WORKFLOW_EXECUTION_STATUS_FAILED
        again = await retried(replica, failed.id)
    assert (again.status, msgspec.json.decode(again.output)) == (
        pb.WORKFLOW_EXECUTION_STATUS_SUCCEEDED,
        output,
    )
    assert ran == run_again


async def test_what_the_code_caught_is_tried_again_if_that_is_asked_for(replica: Replica) -> None:
    broken.update({"first", "last"})
    async with working(replica, workflows=[catching]):
        failed = await execute(replica, "catching")
        again = await retried(replica, failed.id, from_step_id="attempted")
    assert (again.output, ran) == (b'["first"]', ["first"])


@workflow(id="long")
async def long() -> None:
    await sleep("1h")


@workflow(id="impatient")
async def impatient() -> str:
    try:
        async with asyncio.timeout(0.1):
            await child("long", None)
    except TimeoutError:
        return "it took too long"
    return "it ended"


async def test_a_child_that_is_not_waited_for_any_more_is_cancelled(replica: Replica) -> None:
    async with working(replica, workflows=[long, impatient]):
        execution = await execute(replica, "impatient")
        assert execution.output == b'"it took too long"'

        async def cancelled() -> list[Any]:
            async with replica.rows() as connection:
                found = "SELECT id FROM executions WHERE workflow_id = 'long' AND status = 6"
                return list(await connection.fetch(found))

        assert len(await eventually(cancelled)) == 1
