"""Executions of definitions with steps, from their beginning to their end, over the real service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import grpc
import grpc.aio
import pytest
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
from tests.integration.workflows.http_server import Answer, HttpServer, http_server
from tests.integration.workflows.service import Replica, running_replica
from timeloom.workflows.v1 import workflow_triggers_service_pb2 as messages
from timeloom_workflows.control.approvals import Verdict
from timeloom_workflows.model import HistoryType, Stage, WaitReason
from timeloom_workflows.settings import EngineSettings


@pytest_asyncio.fixture
async def replica(database_url: str) -> AsyncIterator[Replica]:
    async with running_replica(database_url, engine=EngineSettings(), with_ping=False) as running:
        yield running


@pytest_asyncio.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server(lambda request: Answer.of({"asked": request.target})) as running:
        yield running


async def test_steps_follow_one_another(replica: Replica) -> None:
    steps = [transform("one", "${ input.n + 1 }"), transform("two", {"n": "${ steps.one.output * 2 }"})]
    done = await ran(replica, steps, {"n": 1})
    assert (done.status, done.output) == ("SUCCEEDED", {"n": 4})
    assert done.statuses == {"one": "SUCCEEDED", "two": "SUCCEEDED"}


async def test_the_history_tells_what_happened(replica: Replica, server: HttpServer) -> None:
    done = await ran(replica, [get("ask", server.url), transform("say", 1)])
    entries = await replica.history(done.execution.id)
    assert [(entry.type.name, entry.step_id) for entry in entries] == [
        ("EXECUTION_CREATED", ""),
        ("EXECUTION_STARTED", ""),
        ("STEP_STARTED", "ask"),
        ("STEP_SUCCEEDED", "ask"),
        ("STEP_SUCCEEDED", "say"),
        ("EXECUTION_SUCCEEDED", ""),
    ]
    assert [entry.sequence for entry in entries] == list(range(1, 7))


async def test_an_action_is_done(replica: Replica, server: HttpServer) -> None:
    done = await ran(replica, [get("ask", server.url + "/${ input.name }")], {"name": "tea"})
    assert (done.status, done.output["body"]) == ("SUCCEEDED", {"asked": "/tea"})
    (request,) = server.requests
    assert request.headers["idempotency-key"] == f"{done.execution.id}/ask"


async def test_what_needs_nothing_begins_at_once(replica: Replica) -> None:
    both = asyncio.Barrier(2)

    async def meet(_request: Any) -> None:
        # Both have to be asked before either is answered: one after the other would never end.
        await both.wait()

    async with http_server(lambda request: Answer.of(request.target), before=meet) as server:
        steps = [
            get("one", f"{server.url}/1"),
            get("two", f"{server.url}/2", needs=[]),
            transform(
                "both", ["${ steps.one.output.body }", "${ steps.two.output.body }"], needs=["one", "two"]
            ),
        ]
        done = await ran(replica, steps)
    assert done.output == ["/1", "/2"]


@pytest.mark.parametrize(("value", "expected"), [(5, "large"), (1, "small")])
async def test_a_condition_takes_one_of_two_ways(replica: Replica, value: int, expected: str) -> None:
    steps: list[dict[str, Any]] = [
        {
            "id": "size",
            "type": "condition",
            "condition": "input.n > 3",
            "then": [transform("large", "large")],
            "else": [transform("small", "small")],
        }
    ]
    done = await ran(replica, steps, {"n": value})
    assert done.output == expected
    assert set(done.statuses) == {"size", f"size.then.{expected}" if value > 3 else f"size.else.{expected}"}


@pytest.mark.parametrize(("value", "expected"), [("a", 1), ("b", 2), ("c", 3)])
async def test_a_switch_takes_the_way_of_its_value(replica: Replica, value: str, expected: int) -> None:
    cases = [{"equals": "a", "steps": [transform("x", 1)]}, {"equals": "b", "steps": [transform("x", 2)]}]
    steps = [
        {
            "id": "route",
            "type": "switch",
            "value": "input.kind",
            "cases": cases,
            "default": [transform("x", 3)],
        }
    ]
    assert (await ran(replica, steps, {"kind": value})).output == expected


async def test_branches_run_at_the_same_time_and_are_joined(replica: Replica, server: HttpServer) -> None:
    branches = [[get("ask", f"{server.url}/{place}")] for place in range(3)]
    done = await ran(replica, [{"id": "all", "type": "parallel", "branches": branches}])
    assert [each["body"]["asked"] for each in done.output] == ["/0", "/1", "/2"]


async def test_the_first_branch_wins_and_the_others_are_stopped(replica: Replica) -> None:
    def answer(request: Any) -> Answer:
        return Answer(is_silent=True) if request.target == "/slow" else Answer.of("quick")

    async with http_server(answer) as server:
        branches = [[get("ask", f"{server.url}/slow")], [get("ask", f"{server.url}/quick")]]
        done = await ran(replica, [{"id": "race", "type": "parallel", "branches": branches, "join": "any"}])
    assert done.status == "SUCCEEDED"
    assert done.statuses == {"race": "SUCCEEDED", "race[0].ask": "CANCELLED", "race[1].ask": "SUCCEEDED"}


async def test_a_thousand_items_twenty_at_a_time(replica: Replica) -> None:
    async with http_server(lambda request: Answer.of(int(request.target[1:]))) as server:
        steps = [
            {
                "id": "each",
                "type": "foreach",
                "items": "input.items",
                "concurrency": 20,
                "steps": [get("ask", server.url + "/${ item }")],
                "collect": "${ steps.ask.output.body }",
            }
        ]
        done = await ran(replica, steps, {"items": list(range(1000))})
        assert done.output == list(range(1000))
        assert sorted(int(request.target[1:]) for request in server.requests) == list(range(1000))
    assert done.execution.step_count == 1001
    running = 0
    for entry in await replica.history(done.execution.id):
        if entry.step_id.startswith("each["):
            running += {HistoryType.STEP_STARTED: 1, HistoryType.STEP_SUCCEEDED: -1}[entry.type]
            assert running <= 20


async def test_a_loop_turns_until_it_is_over(replica: Replica) -> None:
    steps = [
        {
            "id": "again",
            "type": "loop",
            "while": "iteration < 3",
            "maxIterations": 10,
            "steps": [transform("turn", "${ iteration }")],
        }
    ]
    done = await ran(replica, steps)
    assert done.status == "SUCCEEDED"
    assert [done.output_of(f"again[{turn}].turn") for turn in range(3)] == [0, 1, 2]


async def test_steps_lie_within_steps(replica: Replica, server: HttpServer) -> None:
    steps = [
        {
            "id": "each",
            "type": "foreach",
            "items": "[1, 2]",
            "steps": [
                {
                    "id": "odd",
                    "type": "condition",
                    "condition": "item == 1",
                    "then": [
                        {
                            "id": "both",
                            "type": "parallel",
                            "branches": [[get("ask", server.url + "/${ item }")], [transform("say", "said")]],
                        }
                    ],
                    "else": [transform("even", "${ item * 10 }")],
                }
            ],
        }
    ]
    done = await ran(replica, steps)
    assert done.status == "SUCCEEDED"
    assert done.output_of("each[0].odd.then.both[0].ask")["body"] == {"asked": "/1"}
    assert done.output_of("each[1].odd.else.even") == 20


async def test_a_short_wait_is_waited_for_in_memory(replica: Replica) -> None:
    done = await ran(replica, [{"id": "rest", "type": "wait", "for": "100ms"}, transform("say", "rested")])
    assert done.output == "rested"
    rest = done.step("rest")
    assert rest.end_time is not None
    assert rest.start_time is not None
    assert (rest.end_time - rest.start_time).total_seconds() >= 0.1
    assert done.execution.token == 1


async def test_a_long_wait_is_parked_with_its_time(replica: Replica) -> None:
    workflow_id = await define(replica, [{"id": "rest", "type": "wait", "for": "1h"}])
    execution_id = await begin(replica, workflow_id)
    step = await until_step(replica, execution_id, "rest", "WAITING")
    execution = await until_stage(replica, execution_id, Stage.PARKED)
    assert execution.waiting_for is WaitReason.TIME
    assert execution.due_time == step.wake_time
    assert replica.assembly.dag_driver.held_count == 0


async def test_a_signal_is_waited_for(replica: Replica) -> None:
    steps = [{"id": "go", "type": "wait", "signal": "go"}, transform("say", "${ steps.go.output.by }")]
    execution_id = await begin(replica, await define(replica, steps))
    await until_stage(replica, execution_id, Stage.PARKED)
    await replica.assembly.hand.signals.send(
        replica.project_id, execution_id, name="go", data=b'{"by":"Ada"}'
    )
    assert (await ended(replica, execution_id)).output == "Ada"


async def test_a_signal_may_come_before_it_is_waited_for(replica: Replica) -> None:
    async with http_server(lambda _: Answer(is_silent=True)) as server:
        ask = get(
            "ask", server.url, timeout="500ms", retry={"maxAttempts": 1}, onError={"strategy": "ignore"}
        )
        steps = [ask, {"id": "go", "type": "wait", "signal": "go"}]
        execution_id = await begin(replica, await define(replica, steps))
        await until_step(replica, execution_id, "ask", "RUNNING")
        await replica.assembly.hand.signals.send(replica.project_id, execution_id, name="go", data=b"7")
        assert (await ended(replica, execution_id)).output == 7


async def test_people_are_asked(replica: Replica) -> None:
    question = {
        "id": "ask",
        "type": "human_approval",
        "question": "Ship ${ input.what }?",
        "approvers": ["Ada"],
    }
    execution_id = await begin(
        replica,
        await define(replica, [question, transform("say", "${ steps.ask.output.approved }")]),
        {"what": "it"},
    )
    execution = await until_stage(replica, execution_id, Stage.PARKED)
    assert execution.waiting_for is WaitReason.APPROVAL
    assert (await replica.steps(execution_id))[0].waiting_name == "Ship it?"
    await replica.assembly.hand.approving.decide(
        replica.project_id, execution_id, step_id="", verdict=Verdict.APPROVED, decided_by="Ada"
    )
    assert (await ended(replica, execution_id)).output is True


async def test_a_question_that_nobody_answers_is_answered_by_its_definition(replica: Replica) -> None:
    steps = [
        {
            "id": "ask",
            "type": "human_approval",
            "question": "Ship it?",
            "timeout": "50ms",
            "onTimeout": "reject",
        }
    ]
    assert (await ran(replica, steps)).output["approved"] is False


async def test_an_event_is_waited_for_in_vain(replica: Replica) -> None:
    steps = [{"id": "paid", "type": "wait", "event": "order/paid", "timeout": "50ms"}]
    done = await ran(replica, steps)
    assert (done.status, done.output) == ("SUCCEEDED", None)


async def test_another_workflow_is_executed(replica: Replica) -> None:
    inner = await define(replica, [transform("double", "${ input.n * 2 }")])
    steps = [{"id": "run", "type": "workflow", "workflow": inner, "input": {"n": "${ input.n }"}}]
    done = await ran(replica, steps, {"n": 21})
    assert (done.status, done.output) == ("SUCCEEDED", 42)
    child = await replica.execution(UUID(done.step("run").waiting_name))
    assert (child.parent_id, child.parent_step_id) == (done.execution.id, "run")


async def test_another_workflow_fails_and_its_error_is_the_steps_own(replica: Replica) -> None:
    inner = await define(replica, [transform("bad", "${ input.none.at.all }")])
    done = await ran(replica, [{"id": "run", "type": "workflow", "workflow": inner}])
    assert done.status == "FAILED"
    assert done.error_of("run")["type"] == "ExpressionError"


async def test_another_workflow_may_go_on_by_itself(replica: Replica) -> None:
    inner = await define(replica, [{"id": "rest", "type": "wait", "for": "1h"}])
    done = await ran(replica, [{"id": "run", "type": "workflow", "workflow": inner, "detached": True}])
    assert done.status == "SUCCEEDED"
    child = await replica.execution(UUID(done.output["executionId"]))
    assert (child.parent_id, child.status.has_ended) == (None, False)


async def test_a_workflow_that_is_not_there_fails_its_step(replica: Replica) -> None:
    done = await ran(replica, [{"id": "run", "type": "workflow", "workflow": "none"}])
    assert (done.status, done.error["type"]) == ("FAILED", "ChildError")


async def test_executions_do_not_begin_one_another_for_ever(replica: Replica) -> None:
    done = await ran(replica, [{"id": "run", "type": "workflow", "workflow": "self"}], id="self")
    assert done.status == "FAILED"
    assert "at most 32 deep" in done.error["message"]


async def test_a_call_back_ends_its_step(replica: Replica) -> None:
    steps = [{"id": "called", "type": "webhook", "callback": {"timeout": "1h"}}]
    execution_id = await begin(replica, await define(replica, steps))
    step = await until_step(replica, execution_id, "called", "WAITING")
    assert step.waiting_for is WaitReason.WEBHOOK
    url, _, token = (step.waiting_name or "").rpartition("/")
    assert url == "http://127.0.0.1:8080/api/workflows/callbacks"
    request = messages.ReceiveCallbackRequest(token=token, body=b'{"paid":true}')
    for _ in range(2):  # whoever calls may not have heard the answer
        await replica.triggers.ReceiveCallback(request)
    assert (await ended(replica, execution_id)).output == {"paid": True}


@pytest.mark.parametrize(
    ("token", "body", "code"),
    [
        ("", b"1", grpc.StatusCode.NOT_FOUND),
        ("x", b"{", grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
async def test_a_call_back_that_is_wrong_is_refused(
    replica: Replica, token: str, body: bytes, code: grpc.StatusCode
) -> None:
    steps = [{"id": "called", "type": "webhook", "callback": {"timeout": "1h"}}]
    execution_id = await begin(replica, await define(replica, steps))
    step = await until_step(replica, execution_id, "called", "WAITING")
    own = (step.waiting_name or "").rpartition("/")[2]
    # One character off, or the right token with a wrong body.
    given = own if token else ("B" if own[0] == "A" else "A") + own[1:]
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await replica.triggers.ReceiveCallback(messages.ReceiveCallbackRequest(token=given, body=body))
    assert raised.value.code() is code
    assert not (await replica.execution(execution_id)).status.has_ended
