"""What becomes of executions whose steps fail, take too long, or have to be undone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio

from tests.integration.workflows.dags import (
    begin,
    define,
    ended,
    get,
    ran,
    transform,
    until_stage,
    until_step,
)
from tests.integration.workflows.http_server import Answer, HttpServer, Request, http_server
from tests.integration.workflows.service import Replica, running_replica
from timeloom_platform.testing import eventually
from timeloom_workflows.actions.breaking import Breakers, CircuitOpenError
from timeloom_workflows.breakers import BreakerPolicy
from timeloom_workflows.model import HistoryType, Stage

QUICKLY = {"maxAttempts": 3, "initialInterval": "10ms", "jitter": 0}
ONCE = {"maxAttempts": 1}


@pytest_asyncio.fixture
async def replica(database_url: str) -> AsyncIterator[Replica]:
    async with running_replica(database_url, with_ping=False) as running:
        yield running


class Service:
    """Answers by the first word of the path: `fine`, `bad` (final), `down` (not final), or `silent`."""

    def __init__(self) -> None:
        self.failures_left = 0

    def __call__(self, request: Request) -> Answer:
        word = request.target.split("/")[1]
        if word == "flaky" and self.failures_left:
            self.failures_left -= 1
            return Answer(status=503)
        statuses = {"bad": 400, "down": 503}
        return Answer(status=statuses.get(word, 200), is_silent=word == "silent", body=word.encode())


@pytest_asyncio.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server(Service()) as running:
        yield running


def targets(server: HttpServer) -> list[str]:
    return [request.target for request in server.requests]


async def test_a_try_that_failed_is_made_again(replica: Replica, server: HttpServer) -> None:
    service = Service()
    service.failures_left = 2
    server.handler = service
    done = await ran(replica, [get("ask", f"{server.url}/flaky", retry=QUICKLY)])
    assert done.status == "SUCCEEDED"
    assert done.step("ask").attempt == 3
    keys = {request.headers["idempotency-key"] for request in server.requests}
    assert (len(server.requests), len(keys)) == (3, 1)
    types = [entry.type for entry in await replica.history(done.execution.id) if entry.step_id == "ask"]
    assert types == [
        HistoryType.STEP_STARTED,
        HistoryType.STEP_RETRYING,
        HistoryType.STEP_STARTED,
        HistoryType.STEP_RETRYING,
        HistoryType.STEP_STARTED,
        HistoryType.STEP_SUCCEEDED,
    ]


async def test_tries_come_to_an_end(replica: Replica, server: HttpServer) -> None:
    done = await ran(replica, [get("ask", f"{server.url}/down", retry=QUICKLY), transform("after", 1)])
    assert (done.status, done.error["type"], done.error["stepId"]) == ("FAILED", "HttpError", "ask")
    assert (len(server.requests), done.statuses) == (3, {"ask": "FAILED"})
    assert done.execution.failed_step_count == 1


async def test_what_is_final_is_tried_once(replica: Replica, server: HttpServer) -> None:
    await ran(replica, [get("ask", f"{server.url}/bad", retry=QUICKLY)])
    assert len(server.requests) == 1


async def test_a_try_takes_no_longer_than_it_may(replica: Replica, server: HttpServer) -> None:
    done = await ran(replica, [get("ask", f"{server.url}/silent", timeout="50ms", retry=ONCE)])
    assert (done.status, done.error["type"]) == ("FAILED", "TimeoutError")


async def test_an_execution_takes_no_longer_than_it_may(replica: Replica, server: HttpServer) -> None:
    workflow_id = await define(replica, [get("ask", f"{server.url}/silent")])
    execution_id = await begin(replica, workflow_id, time_allowed=timedelta(milliseconds=100))
    done = await ended(replica, execution_id)
    assert (done.status, done.error["type"]) == ("FAILED", "TimeoutError")
    assert done.statuses == {"ask": "CANCELLED"}


async def test_an_error_may_be_ignored(replica: Replica, server: HttpServer) -> None:
    steps = [
        get("ask", f"{server.url}/bad", onError={"strategy": "ignore"}),
        transform("after", "${ steps.ask.status }"),
    ]
    assert (await ran(replica, steps)).output == "FAILED"


async def test_a_value_may_stand_in(replica: Replica, server: HttpServer) -> None:
    steps = [
        get("ask", f"{server.url}/bad", onError={"strategy": "fallback", "value": {"body": "none"}}),
        transform("after", "${ steps.ask.output.body }"),
    ]
    assert (await ran(replica, steps)).output == "none"


async def test_another_step_may_stand_in(replica: Replica, server: HttpServer) -> None:
    steps = [
        get("ask", f"{server.url}/bad", onError={"strategy": "fallback", "step": "other"}),
        get("other", f"{server.url}/fine"),
        transform("after", "${ steps.ask.output.body }"),
    ]
    assert (await ran(replica, steps)).output == "fine"
    assert targets(server) == ["/bad", "/fine"]


async def test_an_expression_without_a_value_fails_its_step(replica: Replica) -> None:
    done = await ran(replica, [transform("bad", "${ input.none.at.all }")])
    assert (done.status, done.error["type"], done.error["isFinal"]) == ("FAILED", "ExpressionError", True)


def booked(step_id: str, server: HttpServer, **fields: Any) -> dict[str, Any]:
    """A step that books something, and says how that is undone."""
    undo = {"type": "http", "url": f"{server.url}/fine/undo-{step_id}"}
    return get(step_id, f"{server.url}/fine/{step_id}", compensate=undo, **fields)


async def test_what_was_done_is_undone_in_reverse(replica: Replica, server: HttpServer) -> None:
    steps = [
        booked("flight", server),
        booked("hotel", server),
        get("pay", f"{server.url}/bad", onError={"strategy": "compensate"}),
    ]
    done = await ran(replica, steps)
    assert (done.status, done.error["stepId"]) == ("FAILED", "pay")
    assert targets(server)[2:] == ["/bad", "/fine/undo-hotel", "/fine/undo-flight"]
    assert done.statuses["hotel.compensate"] == "SUCCEEDED"


async def test_cancelling_undoes_in_reverse_what_was_done(replica: Replica, server: HttpServer) -> None:
    steps = [booked("flight", server), booked("hotel", server), get("pay", f"{server.url}/silent")]
    execution_id = await begin(replica, await define(replica, steps))
    await until_step(replica, execution_id, "pay", "RUNNING")
    await replica.assembly.hand.controls.cancel(replica.project_id, execution_id, reason="no more")
    done = await ended(replica, execution_id)
    assert done.status == "CANCELLED"
    assert targets(server)[-2:] == ["/fine/undo-hotel", "/fine/undo-flight"]
    assert done.statuses == {
        "flight": "SUCCEEDED",
        "hotel": "SUCCEEDED",
        "pay": "CANCELLED",
        "hotel.compensate": "SUCCEEDED",
        "flight.compensate": "SUCCEEDED",
    }


async def test_what_is_parked_is_cancelled_with_what_it_has_done(
    replica: Replica, server: HttpServer
) -> None:
    steps = [booked("flight", server), {"id": "rest", "type": "wait", "for": "1h"}]
    execution_id = await begin(replica, await define(replica, steps))
    await until_stage(replica, execution_id, Stage.PARKED)
    await replica.assembly.hand.controls.cancel(replica.project_id, execution_id)
    done = await ended(replica, execution_id)
    assert (done.status, done.statuses["rest"]) == ("CANCELLED", "CANCELLED")
    assert targets(server) == ["/fine/flight", "/fine/undo-flight"]


async def test_a_breaker_leaves_alone_what_fails(replica: Replica, server: HttpServer) -> None:
    breaker = {"name": "mail", "failures": 2, "cooldown": "1h"}
    step = get("ask", f"{server.url}/down", retry=ONCE, circuitBreaker=breaker)
    workflow_id = await define(replica, [step])
    errors = [(await ended(replica, await begin(replica, workflow_id))).error["type"] for _ in range(3)]
    assert errors == ["HttpError", "HttpError", "CircuitOpenError"]
    assert len(server.requests) == 2


async def test_a_child_is_cancelled_that_nobody_waits_for_any_more(replica: Replica) -> None:
    inner = await define(replica, [{"id": "rest", "type": "wait", "for": "1h"}])
    steps = [{"id": "run", "type": "workflow", "workflow": inner, "timeout": "200ms"}]
    done = await ran(replica, steps)
    assert (done.status, done.error["type"]) == ("FAILED", "TimeoutError")
    child = await ended(replica, UUID(done.step("run").waiting_name))
    assert child.status == "CANCELLED"


async def test_outputs_are_bounded(replica: Replica) -> None:
    body = b"x" * (4 * 1024 * 1024 - 1024)
    async with http_server(lambda _: Answer(body=body)) as server:
        action = {"type": "http", "url": server.url, "answerBytesMax": len(body)}
        steps = [
            {
                "id": "each",
                "type": "foreach",
                "items": "input.items",
                "concurrency": 4,
                "steps": [{"id": "ask", "type": "action", "action": action}],
                "collect": 1,
            }
        ]
        done = await ran(replica, steps, {"items": list(range(20))})
    assert (done.status, done.error["type"]) == ("FAILED", "StateTooLargeError")


async def test_another_workflow_that_failed_is_executed_again(replica: Replica, server: HttpServer) -> None:
    answers = iter([400, 200])
    server.handler = lambda _: Answer(status=next(answers))
    inner = await define(replica, [get("ask", server.url)])
    done = await ran(replica, [{"id": "run", "type": "workflow", "workflow": inner, "retry": QUICKLY}])
    assert (done.status, done.step("run").attempt) == ("SUCCEEDED", 2)
    assert (done.execution.succeeded_step_count, done.execution.failed_step_count) == (1, 0)


async def may_try(breakers: Breakers, project_id: UUID, policy: BreakerPolicy) -> bool:
    try:
        await breakers.check(project_id, policy, try_seconds=60)
    except CircuitOpenError:
        return False
    return True


async def test_replicas_share_a_breaker(replica: Replica) -> None:
    policy = BreakerPolicy(name="mail", failures_max=2, open_for=timedelta(hours=1))
    here, there = Breakers(replica.database), Breakers(replica.database)
    await here.failed(replica.project_id, policy)
    assert await may_try(here, replica.project_id, policy)
    await there.failed(replica.project_id, policy)
    assert not await may_try(there, replica.project_id, policy)
    # What one has read a moment ago it still believes, and no longer than that.
    await eventually(lambda: _is_open(here, replica, policy))
    assert await may_try(here, UUID(int=1), policy), "another project's breaker is another one"


async def _is_open(breakers: Breakers, replica: Replica, policy: BreakerPolicy) -> bool:
    return not await may_try(breakers, replica.project_id, policy)


async def test_one_try_for_all_replicas_closes_a_breaker(replica: Replica) -> None:
    policy = BreakerPolicy(name="mail", failures_max=1, open_for=timedelta(milliseconds=1))
    here, there = Breakers(replica.database), Breakers(replica.database)
    await here.failed(replica.project_id, policy)
    await eventually(lambda: may_try(here, replica.project_id, policy))
    assert not await may_try(there, replica.project_id, policy)
    await here.succeeded(replica.project_id, policy)
    assert await may_try(there, replica.project_id, policy)
