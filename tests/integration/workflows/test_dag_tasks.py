"""Steps that tasks of workers do: with real workers, over the real service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.workflows.dags import begin, define, ended, ran, until_stage, until_step
from tests.integration.workflows.service import Replica, running_replica
from timeloom.workflows import Worker, task
from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom_workflows.model import Stage, WaitReason
from timeloom_workflows.settings import EngineSettings

attempts: list[Any] = []


@pytest_asyncio.fixture
async def replica(database_url: str) -> AsyncIterator[Replica]:
    attempts.clear()
    async with running_replica(database_url, engine=EngineSettings(), with_ping=False) as running:
        yield running


@asynccontextmanager
async def working(replica: Replica, *tasks: Any) -> AsyncGenerator[Worker]:
    """Runs a worker of the replica's project; it leaves at the end."""
    async with Worker(grpc_address=replica.address, api_key="tl_test", tasks=list(tasks)) as worker:
        worker.connection.metadata = (replica.metadata[0],)
        running = asyncio.create_task(worker.run(handle_signals=False))
        try:
            await worker.connected()
            yield worker
        finally:
            worker.stop()
            await running


@task(name="double")
async def double(value: int) -> int:
    return value * 2


@task(name="flaky")
async def flaky(value: int) -> int:
    attempts.append(value)
    if len(attempts) < 3:
        raise ValueError("not yet")
    return value


@task(name="slow")
async def slow(value: int) -> int:
    attempts.append(value)
    await asyncio.sleep(3600)
    return value


def called(step_id: str, name: str, value: Any, **fields: Any) -> dict[str, Any]:
    return {
        "id": step_id,
        "type": "action",
        "action": {"type": "task", "task": name, "input": value},
        **fields,
    }


async def test_a_worker_here_is_given_the_task_at_once(replica: Replica) -> None:
    async with working(replica, double):
        steps = [called("one", "double", "${ input.n }"), called("two", "double", "${ steps.one.output }")]
        done = await ran(replica, steps, {"n": 3})
    assert (done.status, done.output, done.execution.token) == ("SUCCEEDED", 12, 1)
    assert done.step("one").worker_id


async def test_a_task_waits_for_a_worker_that_has_it(replica: Replica) -> None:
    execution_id = await begin(replica, await define(replica, [called("one", "double", 21)]))
    execution = await until_stage(replica, execution_id, Stage.PARKED)
    assert execution.waiting_for is WaitReason.WORKER
    async with working(replica, double):
        assert (await ended(replica, execution_id)).output == 42


async def test_a_worker_of_another_replica_does_it(replica: Replica, database_url: str) -> None:
    async with (
        running_replica(database_url, project_id=replica.project_id, with_ping=False) as other,
        working(other, double),
    ):
        assert (await ran(replica, [called("one", "double", 21)])).output == 42


@pytest.mark.parametrize("where", ["here", "elsewhere"])
async def test_a_task_that_failed_is_tried_again(replica: Replica, database_url: str, where: str) -> None:
    retry = {"maxAttempts": 3, "initialInterval": "10ms"}
    async with (
        running_replica(database_url, project_id=replica.project_id, with_ping=False) as other,
        working(replica if where == "here" else other, flaky),
    ):
        done = await ran(replica, [called("one", "flaky", 7, retry=retry)])
    assert (done.status, done.output, done.step("one").attempt) == ("SUCCEEDED", 7, 3)
    assert done.execution.failed_step_count == 0


async def test_a_task_that_fails_for_good_fails_its_execution(replica: Replica) -> None:
    async with working(replica, flaky):
        done = await ran(replica, [called("one", "flaky", 7, retry={"maxAttempts": 1})])
    assert (done.status, done.error["type"], done.error["message"]) == ("FAILED", "ValueError", "not yet")


@pytest.mark.parametrize("where", ["here", "elsewhere"])
async def test_a_task_takes_no_longer_than_it_may(replica: Replica, database_url: str, where: str) -> None:
    retry = {"maxAttempts": 2, "initialInterval": "10ms"}
    async with (
        running_replica(database_url, project_id=replica.project_id, with_ping=False) as other,
        working(replica if where == "here" else other, slow),
    ):
        done = await ran(replica, [called("one", "slow", 7, timeout="200ms", retry=retry)])
    assert (done.status, done.error["type"], done.step("one").attempt) == ("FAILED", "TimeoutError", 2)


async def greeted(replica: Replica, *held: messages.HeldTask) -> tuple[Any, Any]:
    """Begins the stream of a worker that has these tasks, and returns it with what the engine says."""
    stream = replica.worker.Work(metadata=replica.metadata)
    hello = messages.WorkerHello(worker_id="w", tasks=["slow"], held_tasks=held)
    await stream.write(messages.WorkRequest(hello=hello))
    await stream.write(messages.WorkRequest(credits=messages.WorkerCredits(tasks=1)))
    welcome: Any = await stream.read()
    return stream, welcome


async def test_a_task_whose_engine_died_takes_no_longer_than_it_may(
    replica: Replica, database_url: str
) -> None:
    another = partial(running_replica, database_url, project_id=replica.project_id, with_ping=False)
    async with another() as heir:
        async with another() as first:
            stream, _ = await greeted(first)
            steps = [called("one", "slow", 7, timeout="3s", retry={"maxAttempts": 1})]
            execution_id = await begin(replica, await define(replica, steps))
            (given,) = (await stream.read()).tasks.tasks
            held = messages.HeldTask(
                execution_id=given.execution_id, step_id=given.step_id, token=given.token
            )
            stream.cancel()
            stream, welcome = await greeted(heir, held)
        assert list(welcome.welcome.lost_tasks) == []
        done = await ended(replica, execution_id)
        stream.cancel()
    one = done.step("one")
    assert (done.status, done.error["type"], one.token) == ("FAILED", "TimeoutError", given.token)


async def test_cancelling_stops_what_a_worker_does(replica: Replica) -> None:
    async with working(replica, slow):
        execution_id = await begin(replica, await define(replica, [called("one", "slow", 7)]))
        await until_step(replica, execution_id, "one", "RUNNING")
        await replica.assembly.hand.controls.cancel(replica.project_id, execution_id)
        done = await ended(replica, execution_id)
    assert (done.status, done.statuses) == ("CANCELLED", {"one": "CANCELLED"})
