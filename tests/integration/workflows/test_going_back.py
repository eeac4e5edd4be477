"""Executions of definitions that go back: retried, and forked, with the steps that they keep."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio

from tests.integration.workflows.dags import begin, define, ended, get, ran, transform, until_stage
from tests.integration.workflows.hand import Caller
from tests.integration.workflows.http_server import Answer, HttpServer, http_server
from tests.integration.workflows.service import Replica, running_replica
from timeloom_workflows.model import Stage


@pytest_asyncio.fixture
async def replica(database_url: str) -> AsyncIterator[Replica]:
    async with running_replica(database_url, with_ping=False) as running:
        yield running


@pytest.fixture
def caller(replica: Replica) -> Caller:
    return Caller(replica)


class Flaky:
    """A server that refuses some paths until it is mended."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.seen: list[str] = []

    def __call__(self, request: object) -> Answer:
        target = str(getattr(request, "target", ""))
        self.seen.append(target)
        return Answer(status=400) if target in self.refused else Answer.of({"asked": target})


@pytest_asyncio.fixture
async def flaky() -> AsyncIterator[tuple[Flaky, HttpServer]]:
    answers = Flaky()
    async with http_server(answers) as server:
        yield answers, server


async def test_a_retry_runs_only_the_items_that_failed(
    replica: Replica, caller: Caller, flaky: tuple[Flaky, HttpServer]
) -> None:
    answers, server = flaky
    answers.refused.add("/2")
    each = {
        "id": "each",
        "type": "foreach",
        "items": "input.items",
        "concurrency": 1,
        "steps": [get("fetch", f"{server.url}/${{ item }}")],
    }
    done = await ran(
        replica, [each, transform("count", "${ size(steps.each.output) }")], {"items": [1, 2, 3]}
    )
    assert done.status == "FAILED"
    seen = len(answers.seen)

    answers.refused.clear()
    await caller.retry(done.execution.id)
    again = await ended(replica, done.execution.id)

    assert (again.status, again.output) == ("SUCCEEDED", 3)
    assert "/1" not in answers.seen[seen:]
    assert sorted(set(answers.seen[seen:])) == ["/2", "/3"]
    assert (again.execution.step_count, again.execution.failed_step_count) == (len(again.steps), 0)


async def test_a_retry_from_a_step_computes_what_follows_anew(replica: Replica, caller: Caller) -> None:
    waiting = {"id": "go", "type": "wait", "signal": "go"}
    workflow_id = await define(
        replica, [transform("one", 1), waiting, transform("sum", "${ steps.one.output + steps.go.output }")]
    )
    execution_id = await begin(replica, workflow_id)
    await until_stage(replica, execution_id, Stage.PARKED)
    await caller.cancel(execution_id)

    await caller.retry(execution_id, from_step_id="one")
    await until_stage(replica, execution_id, Stage.PARKED)
    await caller.signal(execution_id, "go", 2)

    assert (await ended(replica, execution_id)).output == 3


async def test_a_fork_goes_on_from_another_output(replica: Replica, caller: Caller) -> None:
    steps = [
        transform("one", 1),
        transform("two", "${ steps.one.output + 1 }"),
        transform("sum", "${ steps.one.output + steps.two.output }"),
    ]
    done = await ran(replica, steps)
    assert done.output == 3

    fork = await caller.fork(done.execution.id, step_id="two", outputs={"two": 40})

    forked = await ended(replica, UUID(fork.id))
    assert (forked.output, forked.output_of("one")) == (41, 1)
    assert (await ended(replica, done.execution.id)).output == 3


async def test_a_fork_within_a_loop_goes_on_within_it(replica: Replica, caller: Caller) -> None:
    each = {
        "id": "each",
        "type": "foreach",
        "items": "input.items",
        "concurrency": 1,
        "steps": [transform("twice", "${ item * 2 }")],
    }
    done = await ran(replica, [each], {"items": [1, 2, 3]})
    assert done.output == [2, 4, 6]

    fork = await caller.fork(done.execution.id, step_id="each[1].twice", outputs={"each[0].twice": 100})

    assert (await ended(replica, UUID(fork.id))).output == [100, 4, 6]


async def test_a_fork_of_what_failed_may_have_succeeded(
    replica: Replica, caller: Caller, flaky: tuple[Flaky, HttpServer]
) -> None:
    answers, server = flaky
    answers.refused.add("/bad")
    done = await ran(
        replica, [get("ask", f"{server.url}/bad"), transform("say", "${ steps.ask.output.body }")]
    )
    assert done.status == "FAILED"

    fork = await caller.fork(done.execution.id, step_id="ask", outputs={"ask": {"body": "fine"}})

    assert (await ended(replica, UUID(fork.id))).output == "fine"


async def test_a_retry_leaves_failures_alone_that_were_dealt_with(
    replica: Replica, caller: Caller, flaky: tuple[Flaky, HttpServer]
) -> None:
    answers, server = flaky
    answers.refused |= {"/ignored", "/replaced", "/fallen", "/last", "/inner"}
    inner = {"id": "each", "type": "foreach", "items": "[1]", "steps": [get("inner", f"{server.url}/inner")]}
    steps = [
        get("ignored", f"{server.url}/ignored", onError={"strategy": "ignore"}),
        {**inner, "onError": {"strategy": "ignore"}},
        get("replaced", f"{server.url}/replaced", onError={"strategy": "fallback", "value": 5}),
        get("fallen", f"{server.url}/fallen", onError={"strategy": "fallback", "step": "stand_in"}),
        get("stand_in", f"{server.url}/stand_in"),
        get("last", f"{server.url}/last"),
        transform("sum", "${ steps.replaced.output }"),
    ]
    done = await ran(replica, steps)
    assert (done.status, done.error["stepId"]) == ("FAILED", "last")
    before = done.statuses

    answers.refused.clear()
    answers.seen.clear()
    await caller.retry(done.execution.id)
    again = await ended(replica, done.execution.id)

    assert (again.status, again.output, answers.seen) == ("SUCCEEDED", 5, ["/last"])
    assert again.statuses == {**before, "last": "SUCCEEDED", "sum": "SUCCEEDED"}
    assert again.execution.failed_step_count == 5


async def test_a_retry_runs_both_again_if_what_stood_in_failed_too(
    replica: Replica, caller: Caller, flaky: tuple[Flaky, HttpServer]
) -> None:
    answers, server = flaky
    answers.refused |= {"/fallen", "/stand_in"}
    steps = [
        get("fallen", f"{server.url}/fallen", onError={"strategy": "fallback", "step": "stand_in"}),
        get("stand_in", f"{server.url}/stand_in"),
    ]
    done = await ran(replica, steps)
    assert (done.status, done.error["stepId"]) == ("FAILED", "stand_in")

    answers.refused.clear()
    answers.seen.clear()
    await caller.retry(done.execution.id)

    assert ((await ended(replica, done.execution.id)).status, answers.seen) == ("SUCCEEDED", ["/fallen"])
