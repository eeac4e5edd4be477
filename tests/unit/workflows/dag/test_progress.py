"""What follows from what: one case for each rule."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.unit.workflows.dag.runs import START, Run, action, definition_of
from timeloom_workflows.dag.endings import TIMEOUT_ERROR
from timeloom_workflows.model import Failure, Status, StepStatus, WaitReason

UNDO = {"type": "http", "url": "http://example.test/undo/${ steps.book.output }"}


def transform(step_id: str, value: Any, **fields: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "transform", "value": value, **fields}


def begun(run: Run) -> Run:
    run.advance()
    return run


def test_steps_follow_one_another_and_see_what_came_before() -> None:
    run = begun(
        Run(definition_of([action("a"), transform("b", "${ steps.a.output.n + input.n }")]), given={"n": 2})
    )
    assert run.status() == {"a": "RUNNING"}
    run.succeed("a", {"n": 1})
    assert run.output() == 3


def test_steps_without_needs_begin_at_once_and_others_wait_for_all() -> None:
    steps = [action("a"), action("b", needs=[]), action("c", needs=["a", "b"])]
    run = begun(Run(definition_of(steps)))
    assert list(run.open) == ["a", "b"]
    run.succeed("b")
    assert list(run.open) == ["a"]
    run.succeed("a")
    assert list(run.open) == ["c"]


def test_a_step_that_is_skipped_holds_nobody_up() -> None:
    run = begun(Run(definition_of([action("a", **{"if": "input.x"}), transform("b", "${ steps.a.status }")])))
    assert run.output() == "SKIPPED"


def test_no_more_items_at_a_time_than_allowed_and_results_in_order() -> None:
    each = {
        "id": "each",
        "type": "foreach",
        "items": "[5, 6, 7]",
        "concurrency": 2,
        "steps": [action("call")],
        "collect": "${ string(index) + ':' + string(item) + steps.call.output }",
    }
    run = begun(Run(definition_of([each])))
    assert list(run.open) == ["each[0].call", "each[1].call"]
    run.succeed("each[1].call", "b")
    assert list(run.open) == ["each[0].call", "each[2].call"]
    run.succeed("each[2].call", "c")
    run.succeed("each[0].call", "a")
    assert run.output() == ["0:5a", "1:6b", "2:7c"]


def test_the_first_branch_that_succeeds_ends_a_race() -> None:
    race = {"id": "race", "type": "parallel", "join": "any", "branches": [[action("a")], [action("b")]]}
    run = begun(Run(definition_of([race])))
    run.fail("race[0].a")
    assert run.plan.outcome is None
    run.succeed("race[1].b", 2)
    assert run.output() == [None, 2]


def test_the_others_of_a_race_are_stopped() -> None:
    race = {"id": "race", "type": "parallel", "join": 1, "branches": [[action("a")], [action("b")]]}
    run = begun(Run(definition_of([race])))
    plan = run.succeed("race[1].b", 2)
    assert [row.id for row in plan.stopped] == ["race[0].a"]
    assert run.status()["race[0].a"] == "CANCELLED"
    assert run.advance(run.rows["race[0].a"]).steps == [], "what comes too late changes nothing"


def test_a_loop_hands_on_what_the_turn_before_came_to() -> None:
    loop = {
        "id": "again",
        "type": "loop",
        "until": "steps.turn.output >= 3",
        "maxIterations": 5,
        "steps": [transform("turn", "${ (previous == null ? 0 : previous) + 1 }")],
    }
    run = begun(Run(definition_of([loop, transform("after", "${ steps.again.output }")])))
    assert run.output() == 3


def test_a_loop_that_does_not_end_fails() -> None:
    loop = {"id": "l", "type": "loop", "while": "input.go", "maxIterations": 2, "steps": [transform("t", 1)]}
    run = begun(Run(definition_of([loop]), given={"go": True}))
    assert run.plan.outcome is not None
    assert run.plan.outcome.failure is not None
    assert run.plan.outcome.failure.type == "LoopLimitError"


def test_a_try_that_failed_is_followed_by_another_one_when_its_time_has_come() -> None:
    retry = {"maxAttempts": 2, "initialInterval": "10s", "jitter": 0}
    run = begun(Run(definition_of([action("a", retry=retry)])))
    run.fail("a", is_final=False)
    assert (run.rows["a"].status, run.plan.due_time) == (StepStatus.RETRYING, START + timedelta(seconds=10))
    run.pass_time()
    assert (run.rows["a"].status, run.rows["a"].attempt) == (StepStatus.RUNNING, 2)
    run.fail("a", is_final=False)
    assert run.plan.outcome is not None
    assert run.plan.outcome.status == Status.FAILED


@pytest.mark.parametrize(
    ("on_error", "expected"),
    [
        ({"strategy": "ignore"}, {"status": "FAILED", "output": None, "type": "Error"}),
        (
            {"strategy": "fallback", "value": {"why": "${ steps.a.error.type }"}},
            {"status": "FAILED", "output": {"why": "Error"}, "type": "Error"},
        ),
    ],
)
def test_others_go_on_without_a_step_that_failed(on_error: Any, expected: Any) -> None:
    seen = {
        "status": "${ steps.a.status }",
        "output": "${ steps.a.output }",
        "type": "${ steps.a.error.type }",
    }
    run = begun(Run(definition_of([action("a", onError=on_error), transform("b", seen)])))
    run.fail("a")
    assert run.output() == expected


def test_another_step_stands_in_for_one_that_failed_and_only_then() -> None:
    steps = [
        action("a", onError={"strategy": "fallback", "step": "plan_b"}),
        action("plan_b"),
        transform("c", "${ steps.a.output }"),
    ]
    run = begun(Run(definition_of(steps)))
    assert list(run.open) == ["a"]
    run.fail("a")
    assert list(run.open) == ["plan_b"]
    run.crash()
    run.succeed("plan_b", "instead")
    assert run.output() == "instead"
    unused = begun(Run(definition_of(steps)))
    unused.succeed("a", "itself")
    assert unused.output() == "itself"
    assert "plan_b" not in unused.rows


def test_an_expression_without_a_value_fails_its_step_for_good() -> None:
    run = begun(Run(definition_of([transform("a", "${ input.x.y }")]), given={}))
    assert run.plan.outcome is not None
    failure = run.plan.outcome.failure
    assert failure is not None
    assert (failure.type, failure.step_id, failure.is_final) == ("ExpressionError", "a", True)
    assert "input.x.y" in failure.message


def test_what_was_done_is_undone_in_reverse_order_also_within_what_has_ended() -> None:
    book = action("book", compensate=UNDO)
    steps = [
        {"id": "each", "type": "foreach", "items": "[1, 2]", "concurrency": 1, "steps": [book]},
        action("pay", onError={"strategy": "compensate"}),
    ]
    run = begun(Run(definition_of(steps)))
    run.succeed("each[0].book", 10)
    run.now += timedelta(seconds=1)
    run.succeed("each[1].book", 11)
    run.crash()
    run.fail("pay")
    assert list(run.open) == ["each[1].book.compensate"]
    document = msgspec.json.decode(run.open["each[1].book.compensate"].step.input or b"")
    assert document["url"].endswith("/undo/11")
    run.crash()
    assert list(run.open) == ["each[1].book.compensate"]
    run.succeed("each[1].book.compensate")
    run.crash()
    assert list(run.open) == ["each[0].book.compensate"]
    run.succeed("each[0].book.compensate")
    assert run.plan.outcome is not None
    assert run.plan.outcome.status == Status.FAILED
    assert run.plan.outcome.failure is not None
    assert run.plan.outcome.failure.step_id == "pay"


def test_a_cancelled_execution_undoes_what_it_did_and_says_what_it_could_not() -> None:
    run = begun(Run(definition_of([action("book", compensate=UNDO), action("b"), action("c")])))
    run.succeed("book", 1)
    plan = run.advance(cancelling=True)
    assert [row.id for row in plan.stopped] == ["b"]
    assert list(run.open) == ["book.compensate"]
    run.advance(run.failed_row("book.compensate", Failure(type="Gone", is_final=True)), cancelling=True)
    assert run.plan.outcome is not None
    assert run.plan.outcome.failure is not None
    assert run.plan.outcome.failure.type == "CompensationError"


def test_nothing_begins_while_it_is_paused_and_nothing_is_lost() -> None:
    run = begun(Run(definition_of([action("a"), action("b")])))
    done = msgspec.structs.replace(run.rows["a"], status=StepStatus.SUCCEEDED, output=b"1", end_time=run.now)
    assert run.advance(done, paused=True).steps == []
    assert [row.id for row in run.advance().steps] == ["b"]


def test_waits_end_in_time_and_say_what_is_waited_for() -> None:
    steps = [
        {"id": "nap", "type": "wait", "for": "2h"},
        {"id": "event", "type": "wait", "event": "a/b", "match": "event.data == input.n", "timeout": "1h"},
        {
            "id": "ask",
            "type": "human_approval",
            "question": "${ input.n }?",
            "timeout": "1h",
            "onTimeout": "reject",
        },
        {"id": "signal", "type": "wait", "signal": "go", "timeout": "1h", "onTimeout": "fail"},
    ]
    run = begun(Run(definition_of(steps), given={"n": 7}))
    assert (run.plan.waiting_for, run.plan.due_time) == (WaitReason.TIME, START + timedelta(hours=2))
    assert run.plan.is_idle
    run.pass_time()
    details = msgspec.json.decode(run.rows["event"].details or b"")
    assert details == {"condition": "event.data == input.n", "variables": {"input": {"n": 7}}}
    run.pass_time()
    assert run.rows["event"].output == b"null"
    assert run.rows["ask"].waiting_name == "7?"
    run.pass_time()
    assert msgspec.json.decode(run.rows["ask"].output or b"") == {"approved": False, "timedOut": True}
    run.pass_time()
    assert run.plan.outcome is not None
    assert run.plan.outcome.failure is not None
    assert run.plan.outcome.failure.type == TIMEOUT_ERROR


def test_a_container_and_an_execution_end_when_their_time_is_over() -> None:
    both = {"id": "both", "type": "parallel", "branches": [[action("a")]], "timeout": "1m"}
    run = begun(
        Run(
            definition_of([{**both, "onError": {"strategy": "ignore"}}, action("b")]),
            deadline=START + timedelta(hours=1),
        )
    )
    run.pass_time()
    assert run.status() == {"both": "FAILED", "both[0].a": "CANCELLED", "b": "RUNNING"}
    run.pass_time()
    assert run.plan.outcome is not None
    assert run.plan.outcome.status == Status.FAILED
    assert run.status()["b"] == "CANCELLED"


def test_a_chain_of_many_steps_needs_no_deep_stack() -> None:
    run = begun(Run(definition_of([transform(f"s{n}", n) for n in range(1_000)])))
    assert run.output() == 999


def test_what_follows_from_one_of_many_items_does_not_cost_all_of_them() -> None:
    each = {"id": "each", "type": "foreach", "items": "input", "concurrency": 1_000, "steps": [action("a")]}
    run = begun(Run(definition_of([each]), given=list(range(5_000))))
    for index in range(100):
        plan = run.succeed(f"each[{index}].a")
        assert [row.id for row in plan.steps] == [f"each[{1_000 + index}].a"]
