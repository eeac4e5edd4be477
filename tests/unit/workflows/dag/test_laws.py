"""What holds for every definition, whatever its calls come to and in which order they do."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from itertools import count, pairwise
from random import Random
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.workflows.dag.runs import Answer, Run, action
from timeloom_workflows.dag.ids import specs_along
from timeloom_workflows.dag.plan import Plan, Work
from timeloom_workflows.dag.progress import Progress
from timeloom_workflows.definitions.parsing import parse_definition
from timeloom_workflows.definitions.validation import problems_of
from timeloom_workflows.model import Failure, Status, StepStatus, StepType, WorkflowKind

Json = dict[str, Any]
DEPTH_MAX = 2


@st.composite
def definitions(draw: st.DrawFn, *, races: bool = True) -> bytes:
    """A definition with any kinds of steps; without races, all that its output needs always ends."""
    numbers = count()

    def steps(depth: int) -> list[Json]:
        found: list[Json] = []
        for _ in range(draw(st.integers(1, 4 if depth == 0 else 2))):
            found.append(step(depth, found))
        return found

    def step(depth: int, before: list[Json]) -> Json:
        kinds = ["action", "action", "transform", "wait"]
        if depth < DEPTH_MAX:
            kinds += ["condition", "switch", "parallel", "foreach", "loop"]
        made = _MAKERS[draw(st.sampled_from(kinds))](f"s{next(numbers)}", lambda: steps(depth + 1), draw)
        if made["type"] == "parallel" and races:
            made["join"] = draw(st.sampled_from(["all", "any", 1]))
        has_needs: bool = draw(st.booleans())
        if before and has_needs:
            ids = [each["id"] for each in before]
            made["needs"] = draw(st.lists(st.sampled_from(ids), unique=True))
        if draw(st.integers(0, 5)) == 0:
            made["if"] = draw(st.sampled_from(["input.n > 2", "input.n < 2"]))
        strategy = draw(st.sampled_from(["", "", "ignore", "compensate", "value"]))
        if strategy == "value":
            made["onError"] = {"strategy": "fallback", "value": {"instead": made["id"]}}
        elif strategy:
            made["onError"] = {"strategy": strategy}
        return made

    return msgspec.json.encode({"id": "tested", "steps": steps(0)})


def _action(own_id: str, _within: Callable[[], list[Json]], draw: st.DrawFn) -> Json:
    made = action(own_id, retry={"maxAttempts": draw(st.integers(1, 2)), "initialInterval": "1s"})
    if draw(st.booleans()):
        made["compensate"] = {"type": "http", "url": "http://example.test/undo"}
    return made


def _transform(own_id: str, _within: Callable[[], list[Json]], draw: st.DrawFn) -> Json:
    return {"id": own_id, "type": "transform", "value": draw(st.sampled_from([1, "${ input.n + 1 }"]))}


def _wait(own_id: str, _within: Callable[[], list[Json]], draw: st.DrawFn) -> Json:
    return {"id": own_id, "type": "wait", "for": draw(st.sampled_from(["1s", "2h"]))}


def _condition(own_id: str, within: Callable[[], list[Json]], _draw: st.DrawFn) -> Json:
    return {"id": own_id, "type": "condition", "condition": "input.n > 1", "then": within(), "else": within()}


def _switch(own_id: str, within: Callable[[], list[Json]], _draw: st.DrawFn) -> Json:
    cases = [{"equals": 1, "steps": within()}, {"equals": 3, "steps": within()}]
    return {"id": own_id, "type": "switch", "value": "input.n", "cases": cases, "default": within()}


def _parallel(own_id: str, within: Callable[[], list[Json]], _draw: st.DrawFn) -> Json:
    return {"id": own_id, "type": "parallel", "branches": [within(), within()]}


def _foreach(own_id: str, within: Callable[[], list[Json]], draw: st.DrawFn) -> Json:
    items = draw(st.sampled_from(["[]", "[1, 2, 3]", "[input.n]"]))
    return {
        "id": own_id,
        "type": "foreach",
        "items": items,
        "concurrency": draw(st.integers(1, 2)),
        "steps": within(),
    }


def _loop(own_id: str, within: Callable[[], list[Json]], draw: st.DrawFn) -> Json:
    test = draw(st.sampled_from([{"while": "iteration < 2"}, {"until": "iteration > 1"}]))
    return {"id": own_id, "type": "loop", "maxIterations": 4, "steps": within(), **test}


_MAKERS: dict[str, Callable[[str, Callable[[], list[Json]], st.DrawFn], Json]] = {
    "action": _action,
    "transform": _transform,
    "wait": _wait,
    "condition": _condition,
    "switch": _switch,
    "parallel": _parallel,
    "foreach": _foreach,
    "loop": _loop,
}


def answers(seed: int, failures: float) -> Answer:
    """The same call comes to the same, whenever it is made."""

    def answer(work: Work) -> Any:
        key = f"{seed}/{work.step.id}/{work.step.attempt}".encode()
        chance = int.from_bytes(blake2b(key, digest_size=4).digest()) / 2**32
        if chance < failures:
            return Failure(type="TestError", is_final=chance < failures / 3)
        return {"from": work.step.id}

    return answer


class WatchedRun(Run):
    """Looks whether steps begin before what they need has ended."""

    def advance(self, *changed: Any, paused: bool = False, cancelling: bool = False) -> Any:
        plan = super().advance(*changed, paused=paused, cancelling=cancelling)
        for row in plan.steps:
            if row.type != StepType.COMPENSATION and row.status != StepStatus.CANCELLED:
                spec = specs_along(self.definition.steps, row.id)[-1]
                prefix = row.id.removesuffix(spec.id)
                assert all(self.rows[prefix + need].status.has_ended for need in spec.needs)
        return plan


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    text=definitions(),
    seed=st.integers(0, 2**16),
    failures=st.sampled_from([0.0, 0.2, 0.5]),
    crashes=st.booleans(),
)
def test_every_run_ends_and_nothing_begins_too_early(
    text: bytes, seed: int, failures: float, *, crashes: bool
) -> None:
    assert problems_of(text, kind=WorkflowKind.DAG) == []
    run = WatchedRun(parse_definition(text), given={"n": 2})
    ended = run.complete_randomly(answers(seed, failures), Random(seed), crashes=crashes)
    assert all(row.status.has_ended for row in run.rows.values())
    assert (ended.failure is not None) == (ended.status == Status.FAILED)
    _check_undone(run)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(definitions(races=False), st.integers(0, 2**16), st.sampled_from([0.0, 0.3]))
def test_neither_the_order_nor_a_crash_changes_what_it_comes_to(
    text: bytes, seed: int, failures: float
) -> None:
    definition = parse_definition(text)
    outcomes: set[tuple[Status, bytes | None]] = set()
    for order, crashes in ((1, False), (2, False), (3, True), (4, True)):
        run = Run(definition, given={"n": 2})
        ended = run.complete_randomly(answers(seed, failures), Random(seed + order), crashes=crashes)
        outcomes.add((ended.status, ended.output))
    assert len(outcomes) == 1


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(definitions(), st.integers(0, 2**16), st.integers(0, 12))
def test_a_plan_follows_from_the_rows_alone(text: bytes, seed: int, turns: int) -> None:
    run = Run(parse_definition(text), given={"n": 2})
    run.advance()
    random = Random(seed)
    for _ in range(turns):
        running = sorted(each for each in run.open if run.rows[each].status == StepStatus.RUNNING)
        if run.plan.outcome is not None or not running:
            break
        run.succeed(random.choice(running), {"n": 1})
    rows = list(run.rows.values())
    plans: list[Plan] = []
    for order in (rows, list(reversed(rows))):
        progress = Progress(run.definition, run.facts, order)
        plans.append(progress.advance((), run.now))
    assert plans[0] == plans[1]
    assert plans[0].steps == []
    assert plans[0].outcome == run.plan.outcome
    assert plans[0].due_time == run.plan.due_time
    assert {work.step.id for work in plans[0].found} == run.open.keys()


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(text=definitions(), seed=st.integers(0, 2**16), turns=st.integers(0, 12), crashes=st.booleans())
def test_a_cancelled_run_undoes_what_it_did_and_ends(
    text: bytes, seed: int, turns: int, *, crashes: bool
) -> None:
    run = Run(parse_definition(text), given={"n": 2})
    run.advance()
    random = Random(seed)
    for _ in range(turns):
        running = sorted(each for each in run.open if run.rows[each].status == StepStatus.RUNNING)
        if run.plan.outcome is not None or not running:
            break
        run.succeed(random.choice(running), {"n": 1})
    if run.plan.outcome is not None:
        return
    run.advance(cancelling=True)
    while run.plan.outcome is None:
        if crashes:
            run.crash(cancelling=True)
        (step_id,) = [row.id for row in run.rows.values() if not row.status.has_ended]
        run.advance(run.answered(step_id, lambda _: None), cancelling=True)
    assert run.plan.outcome.status == Status.CANCELLED
    _check_undone(run)
    undone = [row.parent_id for row in run.rows.values() if row.type == StepType.COMPENSATION]
    assert set(undone) == {
        each for each in _compensable(run) if run.rows[each].status == StepStatus.SUCCEEDED
    }


def _check_undone(run: Run) -> None:
    """What was undone was undone in reverse order of its end, and one after the other."""
    undone = [row for row in run.rows.values() if row.type == StepType.COMPENSATION]
    undone.sort(key=lambda row: row.position)
    ends = [(run.rows[row.parent_id].end_time, run.rows[row.parent_id].position) for row in undone]
    assert ends == sorted(ends, reverse=True)
    assert all(
        before.end_time <= after.create_time
        for before, after in pairwise(undone)
        if before.end_time is not None
    )


def _compensable(run: Run) -> list[str]:
    return [
        row.id
        for row in run.rows.values()
        if row.type == StepType.ACTION
        and specs_along(run.definition.steps, row.id)[-1].compensation is not None
    ]
