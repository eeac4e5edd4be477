"""What the code of a workflow may rely on: steps run once, answers come in the same order again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.unit.sdk.workflows.memory_engine import MemoryEngine
from timeloom.workflows import (
    FinalError,
    Retry,
    StepError,
    approval,
    child,
    gather,
    generator,
    now,
    patched,
    random,
    sleep,
    step,
    task,
    uuid4,
    wait_for_event,
    wait_for_signal,
    workflow,
)
from timeloom.workflows.v1 import workflows_pb2 as pb

ran: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


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


async def test_it_runs_its_steps_and_returns_what_it_returns() -> None:
    engine = MemoryEngine()
    async with engine.worker([summing]):
        execution = await engine.ended(engine.start(summing, [1, 2, 3]))
    assert execution.output == 6
    assert execution.ended_steps == ["add", "add:2", "add:3"]
    assert [msg.input for msg in execution.steps.values()][1] == b'{"a":1,"b":2}'
    assert ran == [(0, 1), (1, 2), (3, 3)]


async def test_the_last_step_and_the_end_are_one_commit() -> None:
    engine = MemoryEngine()
    async with engine.worker([summing]):
        execution = await engine.ended(engine.start(summing, [1, 2, 3]))
    assert execution.commits == 3


async def test_a_step_begins_when_the_one_before_is_committed() -> None:
    engine = MemoryEngine()
    engine.acks_held = True
    async with engine.worker([summing]):
        execution = engine.start(summing, [1, 2])
        await engine.until(lambda: execution.commits == 1)
        assert ran == [(0, 1)]
        engine.release_acks()
        await engine.ended(execution)
    assert ran == [(0, 1), (1, 2)]


async def test_steps_are_answered_from_memory_when_it_runs_again() -> None:
    engine = MemoryEngine()
    engine.acks_held = True
    async with engine.worker([summing]):
        execution = engine.start(summing, [1, 2, 3])
        await engine.until(lambda: execution.commits == 1)
    engine.acks_held = False
    async with engine.worker([summing]):
        await engine.ended(execution)
    assert execution.output == 6
    assert ran == [(0, 1), (1, 2), (3, 3)]


@workflow(id="waiting")
async def waiting(_: Any) -> Any:
    before = now()
    await sleep("1h")
    event = await wait_for_event("paid", if_="event.data.ok", timeout="1d")
    signal = await wait_for_signal("go")
    decided = await approval("Well?", approvers=["ada"])
    assert decided is not None
    made = await child("other", {"a": 1})
    resized = await task("resize", {"width": 3}, timeout="10s")
    assert now() > before
    return [event, signal, decided.approved, made, resized]


@pytest.mark.parametrize("keeps", [True, False])
async def test_it_waits_for_what_comes_from_outside(*, keeps: bool) -> None:
    engine = MemoryEngine()
    engine.keeps = keeps
    async with engine.worker([waiting]):
        execution = engine.start(waiting)
        await engine.parked(execution)
        assert execution.due_us["sleep"] > engine.clock_us
        engine.pass_time(3599)
        assert execution.stage == "PARKED"
        engine.pass_time(1)
        await engine.parked(execution)
        wait = execution.steps["event:paid"].wait
        assert (wait.event.name, wait.event.condition, wait.timeout.seconds) == (
            "paid",
            "event.data.ok",
            86400,
        )
        for step_id, output in {
            "event:paid": {"name": "paid"},
            "signal:go": "now",
            "approval": {"approved": True},
            "child:other": 7,
            "task:resize": None,
        }.items():
            await engine.until(lambda: step_id in execution.steps and execution.stage == "PARKED")  # noqa: B023
            engine.end_step(execution, step_id, output)
        await engine.ended(execution)
    assert execution.output == [{"name": "paid"}, "now", True, 7, None]
    assert execution.steps["task:resize"].wait.task.retry.max_attempts == 4


async def test_a_wait_that_is_over_time_answers_nothing() -> None:
    @workflow
    async def patient(_: Any) -> Any:
        return [await wait_for_signal("go", timeout="5s")]

    engine = MemoryEngine()
    async with engine.worker([patient]):
        execution = engine.start(patient)
        await engine.parked(execution)
        engine.pass_time(5)
        await engine.ended(execution)
    assert execution.output == [None]


@step
async def fails(times: int) -> str:
    ran.append("try")
    if len(ran) <= times:
        raise ValueError("not yet")
    return "done"


async def test_a_step_is_tried_again() -> None:
    quick = step(fails.function)
    object.__setattr__(quick, "retry", Retry(max_attempts=3, initial="1ms"))

    @workflow
    async def trying(_: Any) -> Any:
        return await quick(2)

    engine = MemoryEngine()
    async with engine.worker([trying]):
        execution = await engine.ended(engine.start(trying))
    assert execution.output == "done"
    assert execution.steps["fails"].attempt == 3


async def test_a_long_wait_for_the_next_try_is_the_engines() -> None:
    @step(retry=Retry(initial="1h", jitter=0))
    async def slow() -> str:
        ran.append("try")
        if len(ran) == 1:
            raise ValueError("not yet")
        return "done"

    @workflow
    async def trying(_: Any) -> Any:
        return await slow()

    engine = MemoryEngine()
    async with engine.worker([trying]):
        execution = engine.start(trying)
        await engine.parked(execution)
        assert execution.steps["slow"].error.message == "not yet"
    async with engine.worker([trying]):
        engine.pass_time(3600)
        await engine.ended(execution)
    assert (execution.output, execution.steps["slow"].attempt) == ("done", 2)


async def test_a_step_that_fails_for_good_raises_where_it_is_awaited() -> None:
    @step
    async def broken() -> None:
        raise FinalError("no such card", type="CardError")

    @workflow
    async def paying(_: Any) -> Any:
        try:
            await broken()
        except StepError as error:
            return [error.type, error.message, error.step_id, error.is_final]

    engine = MemoryEngine()
    async with engine.worker([paying]):
        execution = await engine.ended(engine.start(paying))
    assert execution.output == ["CardError", "no such card", "broken", True]


async def test_an_error_ends_the_execution_with_its_stack() -> None:
    @workflow
    async def breaking(_: Any) -> Any:
        raise KeyError("gone")

    engine = MemoryEngine()
    async with engine.worker([breaking]):
        error = (await engine.ended(engine.start(breaking))).error
    assert (error.type, error.message) == ("KeyError", "'gone'")
    assert "in breaking" in error.stack


async def test_plain_functions_run_in_threads() -> None:
    @step
    def double(n: int) -> int:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return 2 * n

    @workflow
    async def doubling(n: int) -> int:
        return await double(n)

    engine = MemoryEngine()
    async with engine.worker([doubling]):
        execution = await engine.ended(engine.start(doubling, 21))
    assert execution.output == 42


async def test_a_step_has_its_time() -> None:
    @step(timeout="10ms", retry=Retry(max_attempts=1))
    async def endless() -> None:
        await asyncio.Event().wait()

    @workflow
    async def hasty(_: Any) -> Any:
        await endless()

    engine = MemoryEngine()
    async with engine.worker([hasty]):
        error = (await engine.ended(engine.start(hasty))).error
    assert (error.type, error.message, error.step_id) == (
        "TimeoutError",
        "it took longer than 0.01 s",
        "endless",
    )


@workflow(id="chance")
async def chance(_: Any) -> Any:
    said = [random(), str(uuid4()), generator().randint(0, 10**9), now().isoformat()]
    await sleep("1s")
    return [*said, random()]


async def test_chance_is_the_same_whenever_it_runs_again() -> None:
    engine = MemoryEngine()
    async with engine.worker([chance]):
        execution = engine.start(chance)
        await engine.parked(execution)
        engine.pass_time(1)
        first = (await engine.ended(execution)).output
    execution.stage, execution.outcome = "QUEUED", None
    async with engine.worker([chance]):
        assert (await engine.ended(execution)).output == first
    assert datetime.fromisoformat(first[3]).timestamp() == 1_700_000_000


@dataclass
class Order:
    number: int
    made: datetime


async def test_values_come_back_as_the_type_that_the_function_names() -> None:
    @step
    async def load(number: int) -> Order:
        return Order(number, datetime.fromisoformat("2026-01-02T03:04:05+00:00"))

    @workflow
    async def ordering(order: Order) -> Order:
        assert isinstance(order, Order)
        loaded = await load(order.number)
        await sleep(1)
        assert isinstance(loaded.made, datetime)
        return loaded

    engine = MemoryEngine()
    async with engine.worker([ordering]):
        execution = engine.start(ordering, Order(3, datetime.fromisoformat("2026-01-01T00:00:00+00:00")))
        await engine.parked(execution)
    async with engine.worker([ordering]):
        engine.pass_time(1)
        await engine.ended(execution)
    assert execution.output == {"number": 3, "made": "2026-01-02T03:04:05Z"}


async def test_gathered_steps_run_at_once_and_are_answered_in_the_order_of_their_ends() -> None:
    gates = {name: asyncio.Event() for name in "abc"}

    @step
    async def pass_gate(name: str) -> str:
        await gates[name].wait()
        return name

    seen: list[str] = []

    @workflow
    async def racing(_: Any) -> Any:
        async def branch(name: str) -> str:
            passed = await pass_gate(name)
            seen.append(passed)
            await add(len(seen), 0)
            return passed

        return await gather(*map(branch, "abc"))

    engine = MemoryEngine()
    async with engine.worker([racing]):
        execution = engine.start(racing)
        for number, name in enumerate("cab"):
            gates[name].set()
            await engine.until(lambda: len(execution.ended_steps) >= 2 * number + 1)  # noqa: B023
        await engine.ended(execution)
    assert execution.output == ["a", "b", "c"]
    order, execution.stage, execution.outcome = list(seen), "QUEUED", None
    seen.clear()
    async with engine.worker([racing]):
        await engine.ended(execution)
    assert seen == order == ["c", "a", "b"]


async def test_asyncio_works_on_the_loop_of_a_workflow() -> None:
    @workflow
    async def timed(_: Any) -> Any:
        await asyncio.sleep(60)
        async with asyncio.TaskGroup() as group:
            first = group.create_task(add(1, 2))
            second = group.create_task(add(3, 4))
        try:
            async with asyncio.timeout(5):
                await wait_for_signal("never")
        except TimeoutError:
            return [first.result(), second.result(), "late"]

    engine = MemoryEngine()
    async with engine.worker([timed]):
        execution = engine.start(timed)
        await engine.parked(execution)
        engine.pass_time(60)
        await engine.until(lambda: "signal:never" in execution.steps and execution.stage == "PARKED")
        engine.pass_time(5)
        await engine.ended(execution)
    assert execution.output == [3, 7, "late"]
    assert execution.steps["signal:never"].status == pb.STEP_STATUS_CANCELLED
    execution.stage, execution.outcome = "QUEUED", None
    async with engine.worker([timed]):
        assert (await engine.ended(execution)).output == [3, 7, "late"]


async def test_the_outside_is_refused_outside_of_steps() -> None:
    @workflow
    async def careless(_: Any) -> Any:
        await asyncio.to_thread(print)

    engine = MemoryEngine()
    async with engine.worker([careless]):
        error = (await engine.ended(engine.start(careless))).error
    assert error.type == "NonDeterminismError"
    assert "run_in_executor" in error.message


async def test_code_that_no_longer_asks_for_a_step_is_found_out() -> None:
    async def before(_: Any) -> Any:
        await add(1, 2)
        await sleep("1h")

    async def after(_: Any) -> Any:
        await add.function(1, 2)
        await wait_for_signal("go")

    engine = MemoryEngine()
    old = workflow(id="changing")(before)
    async with engine.worker([old]):
        execution = engine.start(old)
        await engine.parked(execution)
    async with engine.worker([workflow(id="changing")(after)]):
        engine.pass_time(3600)
        error = (await engine.ended(execution)).error
    assert (error.type, error.step_id, error.is_final) == ("NonDeterminismError", "add", True)
    assert "remembers the step 'add' (RUN)" in error.message
    assert "'signal:go'" in error.message
    assert "test_code_execution.py" in error.message
    assert "in after" in error.message


async def test_a_step_of_another_type_is_found_out() -> None:
    async def before(_: Any) -> Any:
        await sleep("1h", name="pause")

    async def after(_: Any) -> Any:
        await step.run("pause", add, 1, 2)

    engine = MemoryEngine()
    old = workflow(id="changing")(before)
    async with engine.worker([old]):
        execution = engine.start(old)
        await engine.parked(execution)
    async with engine.worker([workflow(id="changing")(after)]):
        engine.pass_time(3600)
        error = (await engine.ended(execution)).error
    assert "remembers the step 'pause' as WAIT, and the code now asks for RUN" in error.message
    assert "in after" in error.message
    assert ran == []


async def test_a_patch_is_followed_by_executions_that_come_to_it_first() -> None:
    async def before(_: Any) -> Any:
        await sleep("1h")
        return "old"

    async def after(_: Any) -> Any:
        if patched("early"):
            await add(1, 1)
        await sleep("1h")
        return ["new", patched("late")]

    engine = MemoryEngine()
    old, new = workflow(id="changing")(before), workflow(id="changing")(after)
    async with engine.worker([old]):
        begun = engine.start(old)
        await engine.parked(begun)
    async with engine.worker([new]):
        fresh = engine.start(new)
        await engine.parked(fresh)
    async with engine.worker([new]):
        engine.pass_time(3600)
        await engine.ended(begun)
        await engine.ended(fresh)
    assert (begun.output, fresh.output) == (["new", True], ["new", True])
    assert "patch:early" in fresh.steps
    assert "patch:early" not in begun.steps
    assert ran == [(1, 1)]


undone: list[Any] = []


async def undo(result: int, a: int, b: int) -> None:
    undone.append((result, a, b))


@step(compensate=undo)
async def book(a: int, b: int) -> int:
    return a + b


async def test_what_was_done_is_undone_in_reverse_when_it_fails() -> None:
    undone.clear()

    @workflow
    async def trip(_: Any) -> Any:
        await book(1, 2)
        await gather(book(3, 4), book(5, 6))
        raise ValueError("no seat")

    engine = MemoryEngine()
    async with engine.worker([trip]):
        execution = await engine.ended(engine.start(trip))
    assert execution.error.message == "no seat"
    assert undone == [(11, 5, 6), (7, 3, 4), (3, 1, 2)]
    assert execution.steps["compensate:book"].type == pb.STEP_TYPE_COMPENSATION


async def test_a_cancelled_execution_stops_and_is_undone() -> None:
    undone.clear()
    heard: list[str] = []
    began = asyncio.Event()

    @step
    async def endless() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            heard.append("step")
            raise

    @workflow
    async def trip(_: Any) -> Any:
        await book(1, 2)
        try:
            await endless()
        except asyncio.CancelledError:
            heard.append("workflow")
            raise

    engine = MemoryEngine()
    async with engine.worker([trip]):
        execution = engine.start(trip)
        await began.wait()
        engine.cancel(execution)
        await engine.ended(execution)
    assert execution.kind == "cancelled"
    assert sorted(heard) == ["step", "workflow"]
    assert undone == [(3, 1, 2)]
    assert execution.steps["endless"].status == pb.STEP_STATUS_CANCELLED


async def test_a_paused_execution_ends_its_step_and_begins_no_other() -> None:
    gate = asyncio.Event()

    @step
    async def gated() -> str:
        await gate.wait()
        return "through"

    @workflow
    async def halting(_: Any) -> Any:
        return [await gated(), await add(1, 1)]

    engine = MemoryEngine()
    async with engine.worker([halting]):
        execution = engine.start(halting)
        await engine.until(lambda: "gated" in execution.steps)  # it is shown as running
        engine.pause(execution)
        gate.set()
        await engine.parked(execution)
        assert (execution.ended_steps, ran) == (["gated"], [])
        engine.resume(execution)
        await engine.ended(execution)
    assert execution.output == ["through", 2]


async def test_an_event_that_comes_while_steps_run_is_seen_in_the_same_order_again() -> None:
    gates = {1: asyncio.Event(), 2: asyncio.Event()}

    @step
    async def gated(number: int) -> int:
        await gates[number].wait()
        return number

    seen: list[Any] = []

    @workflow
    async def mixed(_: Any) -> Any:
        async def note(awaitable: Any) -> None:
            seen.append(await awaitable)

        await gather(note(gated(1)), note(wait_for_signal("go")), note(gated(2)))
        return seen.copy()

    engine = MemoryEngine()
    async with engine.worker([mixed]) as desk:
        execution = engine.start(mixed)
        await engine.until(lambda: "signal:go" in execution.steps)
        engine.clock_us -= 300 * 1_000_000  # the engine's clock is five minutes behind
        desk_clock = desk.clock_us()
        gates[1].set()
        await engine.until(lambda: "gated" in execution.ended_steps)
        engine.end_step(execution, "signal:go", "signal")
        gates[2].set()
        await engine.ended(execution)
        assert desk.clock_us() > desk_clock
    assert execution.output == [1, "signal", 2]
    assert execution.ended_steps == ["gated", "signal:go", "gated:2"]
    seen.clear()
    execution.stage, execution.outcome = "QUEUED", None
    async with engine.worker([mixed]):
        assert (await engine.ended(execution)).output == [1, "signal", 2]


@pytest.mark.parametrize(("durability", "commits"), [("step", 7), ("group", 3), ("exit", 1)])
async def test_steps_are_committed_together_as_the_workflow_allows(durability: str, commits: int) -> None:
    summed = workflow(id="sum", durability=durability)(summing.function)
    engine = MemoryEngine()
    async with engine.worker([summed]):
        execution = await engine.ended(engine.start(summed, [1] * 7))
    assert (execution.output, execution.commits) == (7, commits)


async def test_steps_may_be_made_on_the_spot() -> None:
    async def triple(n: int) -> int:
        return 3 * n

    async def nothing() -> str:
        return "nothing"

    @workflow
    async def making(_: Any) -> Any:
        return [await step(triple, 2), await step(nothing), await step.run("named", triple, n=3)]

    engine = MemoryEngine()
    async with engine.worker([making]):
        execution = await engine.ended(engine.start(making))
    assert execution.output == [6, "nothing", 9]
    assert execution.ended_steps == ["triple", "nothing", "named"]
    assert await step(triple, 5) == 15


async def test_a_worker_that_leaves_gives_back_what_it_has() -> None:
    gate = asyncio.Event()

    @step
    async def gated() -> str:
        ran.append("gated")
        await gate.wait()
        return "through"

    @workflow
    async def moving(_: Any) -> Any:
        return [await gated(), await add(1, 1)]

    engine = MemoryEngine()
    async with engine.worker([moving]) as desk:
        execution = engine.start(moving)
        await engine.until(lambda: "gated" in execution.steps)
        desk.leave()
        gate.set()
        await engine.until(lambda: execution.commits == 2 and execution.deliveries == 2)
    async with engine.worker([moving]):
        await engine.ended(execution)
    assert execution.output == ["through", 2]
    assert ran == ["gated", (1, 1)]


async def test_what_waits_and_is_not_kept_begins_anew() -> None:
    engine = MemoryEngine()
    async with engine.worker([waiting], kept_max=1):
        first, second = engine.start(waiting), engine.start(waiting)
        await engine.parked(first)
        await engine.parked(second)
        engine.pass_time(3600)
        await engine.until(lambda: all("event:paid" in each.steps for each in (first, second)))
        await engine.parked(first)
        await engine.parked(second)
    assert first.outcome is second.outcome is None


async def test_credits_come_back_when_executions_leave() -> None:
    engine = MemoryEngine()
    async with engine.worker([summing, waiting], executions_max=10):
        for _ in range(3):
            await engine.ended(engine.start(summing, [1]))
        await engine.parked(engine.start(waiting))
        await engine.until(lambda: engine.credits == 14)
