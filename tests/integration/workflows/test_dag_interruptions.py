"""Executions that are paused, whose engine dies, or that others change while they are driven."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest_asyncio

from tests.integration.workflows.dags import (
    Ran,
    begin,
    define,
    ended,
    get,
    transform,
    until_stage,
    until_step,
)
from tests.integration.workflows.http_server import Answer, HttpServer, Request, http_server
from tests.integration.workflows.service import Replica, running_replica
from timeloom_platform.testing import eventually
from timeloom_workflows.errors import WrongStatusError
from timeloom_workflows.model import HistoryType, Stage, Status
from timeloom_workflows.storage import engines
from timeloom_workflows.storage.system import SystemConnection


class Gate:
    """Holds requests back until it is opened."""

    def __init__(self) -> None:
        self._open = asyncio.Event()

    def open(self) -> None:
        self._open.set()

    async def __call__(self, request: Request) -> None:
        if request.target.startswith("/gate"):
            await self._open.wait()


@pytest_asyncio.fixture
async def replica(database_url: str) -> AsyncIterator[Replica]:
    async with running_replica(database_url, with_ping=False) as running:
        yield running


@pytest_asyncio.fixture
async def gate() -> Gate:
    return Gate()


@pytest_asyncio.fixture
async def server(gate: Gate) -> AsyncIterator[HttpServer]:
    async with http_server(lambda request: Answer.of(request.target), before=gate) as running:
        yield running
        gate.open()


def targets(server: HttpServer) -> list[str]:
    return [request.target for request in server.requests]


async def begun_steps(replica: Replica, execution_id: UUID) -> list[tuple[str, int]]:
    history = await replica.history(execution_id)
    return [(entry.step_id, entry.attempt) for entry in history if entry.type is HistoryType.STEP_STARTED]


async def test_a_paused_execution_ends_what_runs_and_begins_nothing(
    replica: Replica, server: HttpServer, gate: Gate
) -> None:
    steps = [get("one", f"{server.url}/gate/1"), get("two", f"{server.url}/2")]
    execution_id = await begin(replica, await define(replica, steps))
    await until_step(replica, execution_id, "one", "RUNNING")
    await replica.assembly.hand.controls.pause(replica.project_id, execution_id)
    gate.open()
    execution = await until_stage(replica, execution_id, Stage.PARKED)
    assert (execution.status, execution.paused) == (Status.PAUSED, True)
    assert [(step.id, step.status.name) for step in await replica.steps(execution_id)] == [
        ("one", "SUCCEEDED")
    ]
    await replica.assembly.hand.controls.resume(replica.project_id, execution_id)
    done = await ended(replica, execution_id)
    assert (done.status, targets(server)) == ("SUCCEEDED", ["/gate/1", "/2"])


async def test_one_that_is_resumed_at_once_goes_on_as_if_nothing_had_been(
    replica: Replica, server: HttpServer, gate: Gate
) -> None:
    steps = [get("one", f"{server.url}/gate/1"), get("two", f"{server.url}/2")]
    execution_id = await begin(replica, await define(replica, steps))
    await until_step(replica, execution_id, "one", "RUNNING")
    await replica.assembly.hand.controls.pause(replica.project_id, execution_id)
    await replica.assembly.hand.controls.resume(replica.project_id, execution_id)
    gate.open()
    done = await ended(replica, execution_id)
    assert (done.status, done.execution.token, targets(server)) == ("SUCCEEDED", 1, ["/gate/1", "/2"])


async def test_another_engine_goes_on_where_one_died(
    replica: Replica, server: HttpServer, gate: Gate, database_url: str
) -> None:
    steps = [
        transform("zero", "${ input.n }"),
        get("one", f"{server.url}/1"),
        get("two", f"{server.url}/gate/2"),
        transform("three", "${ steps.zero.output + 1 }"),
    ]
    execution_id = await begin(replica, await define(replica, steps), {"n": 1})
    await until_step(replica, execution_id, "two", "RUNNING")
    async with running_replica(database_url, project_id=replica.project_id, with_ping=False) as other:
        # As if its machine were cut off: it knows nothing of the end of its lease, and others do.
        await expire(replica)

        async def taken_over() -> bool:
            return (await other.execution(execution_id)).token > 1

        await eventually(taken_over)
        gate.open()
        done = await ended(other, execution_id)
    assert (done.status, done.output) == ("SUCCEEDED", 2)
    assert targets(server) == ["/1", "/gate/2", "/gate/2"]
    assert await begun_steps(replica, execution_id) == [("one", 1), ("two", 1), ("two", 2)]
    keys = [request.headers["idempotency-key"] for request in server.requests]
    assert keys[1] == keys[2]


async def expire(replica: Replica) -> None:
    connection = SystemConnection(replica.database)
    await engines.expire(connection, replica.engine.id)
    await connection.close()


async def test_cancelling_races_against_the_end_and_one_of_them_wins(replica: Replica) -> None:
    workflow_id = await define(replica, [transform("one", 1), {"id": "rest", "type": "wait", "for": "5ms"}])
    for _ in range(50):
        execution_id = await begin(replica, workflow_id)
        cancelling = asyncio.create_task(_cancelled(replica, execution_id))
        done = await ended(replica, execution_id)
        assert (done.status == "CANCELLED") is await cancelling
        await _no_gaps(replica, done)


async def _cancelled(replica: Replica, execution_id: UUID) -> bool:
    try:
        await replica.assembly.hand.controls.cancel(replica.project_id, execution_id)
    except WrongStatusError:
        return False
    return True


async def _no_gaps(replica: Replica, done: Ran) -> None:
    history = await replica.history(done.execution.id)
    assert [entry.sequence for entry in history] == list(range(1, len(history) + 1))
    assert done.execution.history_length == len(history)


async def test_a_signal_races_against_its_timeout(replica: Replica) -> None:
    steps = [{"id": "go", "type": "wait", "signal": "go", "timeout": "30ms"}]
    workflow_id = await define(replica, steps)
    for _ in range(30):
        execution_id = await begin(replica, workflow_id)
        await until_step(replica, execution_id, "go", "WAITING")
        await asyncio.gather(
            replica.assembly.hand.signals.send(replica.project_id, execution_id, name="go", data=b'"came"'),
            return_exceptions=True,
        )
        done = await ended(replica, execution_id)
        assert done.status == "SUCCEEDED"
        # What the step came to is what the execution returned, whoever was first.
        assert done.output == done.output_of("go")
        await _no_gaps(replica, done)


async def test_many_executions_come_from_the_queue(replica: Replica) -> None:
    workflow_id = await define(
        replica, [{"id": "rest", "type": "wait", "signal": "go"}, transform("n", "${ input.n }")]
    )
    ids = [await begin(replica, workflow_id, {"n": n}) for n in range(100)]
    await eventually(lambda: replica.assembly.dag_driver.held_count == 0)
    for execution_id in ids:
        await replica.assembly.hand.signals.send(replica.project_id, execution_id, name="go", data=None)
    outputs: list[Any] = [(await ended(replica, execution_id)).output for execution_id in ids]
    assert outputs == list(range(100))


async def test_a_failed_execution_is_retried_from_where_it_failed(
    replica: Replica, server: HttpServer
) -> None:
    answers = iter([400, 200])
    server.handler = lambda request: Answer(status=200 if request.target == "/1" else next(answers))
    steps = [get("one", f"{server.url}/1"), get("two", f"{server.url}/2")]
    execution_id = await begin(replica, await define(replica, steps))
    assert (await ended(replica, execution_id)).status == "FAILED"
    await replica.assembly.hand.controls.retry(replica.project_id, execution_id)
    done = await ended(replica, execution_id)
    assert (done.status, targets(server)) == ("SUCCEEDED", ["/1", "/2", "/2"])


async def test_what_no_engine_can_go_on_with_is_a_dead_letter_and_may_be_redriven(replica: Replica) -> None:
    steps = [{"id": "wait", "type": "wait", "signal": "go"}, transform("after", 7)]
    execution_id = await begin(replica, await define(replica, steps))
    await until_stage(replica, execution_id, Stage.PARKED)
    async with replica.rows() as connection:
        # As if engines had been lost that never committed anything of it.
        await connection.execute("UPDATE executions SET delivery = 5")
    hand = replica.assembly.hand
    await hand.signals.send(replica.project_id, execution_id, name="go", data=None)
    done = await ended(replica, execution_id)
    assert (done.status, done.error["type"]) == ("FAILED", "PoisonError")

    async with replica.rows() as connection:
        (letter_id,) = [row["id"] for row in await connection.fetch("SELECT id FROM dead_letters")]
    await hand.dead_letters.redrive(replica.project_id, UUID(str(letter_id)))
    done = await ended(replica, execution_id)
    assert (done.status, done.output) == ("SUCCEEDED", 7)
