"""Recorded replay of plain code against the real service: it runs again and asks nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sdk.service import Service
from timeloom import AsyncTimeloom, Timeloom
from timeloom.client import RecordedExecution, Replay
from timeloom.errors import DamagedFileError
from timeloom.replay import (
    DivergenceKind,
    Recording,
    ReplayDiverged,
    ReplayStatus,
    effect,
    idempotency_key,
    replay,
)
from timeloom.resources import EffectKind, ExecutionStatus


class World:
    """What the agent asks; it counts, and never answers the same twice."""

    def __init__(self) -> None:
        self.asked = 0

    def answer(self) -> int:
        self.asked += 1
        return self.asked


WORLD = World()


@dataclass(frozen=True)
class Finding:
    """A result that JSON does not know."""

    text: str
    found_at: datetime | None = None


class NoMoreError(Exception):
    """The world has no more answers."""

    def __init__(self, *, reason: str, code: int) -> None:
        super().__init__(f"{reason} ({code})", code)
        self.code = code


@effect(kind=EffectKind.LLM, name="model")
def ask(prompt: str, *, temperature: float = 0.5) -> str:
    return f"{prompt}: {WORLD.answer()} at {temperature}"


@effect(kind=EffectKind.TOOL)
def search(query: str, limit: int = 2) -> list[Finding]:
    return [Finding(f"{query} {WORLD.answer()}") for _ in range(limit)]


@effect
def give_up() -> None:
    WORLD.answer()
    raise NoMoreError(reason="empty", code=7)


@effect
def words(text: str) -> Iterator[str]:
    for word in text.split():
        yield f"{word}{WORLD.answer()}"


def agent(execution: RecordedExecution, *, topic: str = "sky") -> None:
    state: dict[str, Any] = {"topic": topic, "notes": []}
    state["began"] = execution.now().isoformat()
    state["id"] = str(execution.uuid())
    execution.step("plan", state)
    state["answer"] = ask(f"Why is the {topic} blue?")
    state["again"] = ask(f"Why is the {topic} blue?")
    state["notes"] += [finding.text for finding in search(topic)]
    state["luck"] = [execution.random(), execution.time(), execution.generator().sample(range(100), 5)]
    execution.step("research", state)
    try:
        give_up()
    except NoMoreError as error:
        state["error"] = [str(error), error.code]
    state["words"] = list(words("a b c"))
    execution.step("write", state)
    execution.output = state["answer"]


@pytest.fixture(scope="module")
def execution_id(service: Service) -> str:
    with Timeloom(api_key=service.api_key, grpc_address=service.address) as client:
        with client.record(agent_id="agent", input={"topic": "sky"}) as execution:
            agent(execution)
        return execution.id


@pytest.fixture
def asked() -> Iterator[None]:
    """Fails if the test asked the world."""
    before = WORLD.asked
    yield
    assert WORLD.asked == before


@pytest.mark.usefixtures("asked")
def test_the_same_code_comes_to_the_same_states_and_asks_nobody(client: Timeloom, execution_id: str) -> None:
    with client.replay(execution_id) as replayed:
        assert replayed.result.status is ReplayStatus.RUNNING
        agent(replayed.execution)
    assert replayed.result.identical
    assert (replayed.result.steps, replayed.result.effects) == (3, 10)
    assert str(replayed.result) == "identical: 3 steps, 10 effects answered from the recording"


@pytest.mark.usefixtures("asked")
def test_a_whole_program_is_replayed_as_it_is(client: Timeloom, execution_id: str) -> None:
    def program(topic: str) -> None:
        with client.record(agent_id="agent", input={"topic": topic}) as execution:
            agent(execution, topic=topic)

    with client.replay(execution_id) as replayed:
        program("sky")
    assert replayed.result.identical
    with pytest.raises(ReplayDiverged) as caught, client.replay(execution_id):
        program("sea")
    assert caught.value.divergence.kind is DivergenceKind.INPUT
    assert '~ /topic\n      expected: "sky"\n      actual:   "sea"' in str(caught.value)


@pytest.mark.usefixtures("asked")
def test_a_file_is_replayed_without_a_server(client: Timeloom, execution_id: str, tmp_path: Path) -> None:
    client.recording(execution_id).save(tmp_path / "run.timeloom")
    recording = Recording.load(tmp_path / "run.timeloom")
    assert recording == client.recording(execution_id)
    with replay(recording) as replayed:
        agent(replayed.execution)
    assert replayed.result.identical


@pytest.mark.usefixtures("asked")
def test_another_state_diverges_at_its_step(client: Timeloom, execution_id: str) -> None:
    def changed(execution: RecordedExecution) -> None:
        state: dict[str, Any] = {"topic": "sky", "notes": []}
        state["began"] = execution.now().isoformat()
        state["id"] = str(execution.uuid())
        execution.step("plan", state)
        state["answer"] = ask("Why is the sky blue?").upper()
        state["again"] = ask("Why is the sky blue?")
        state["notes"] += [finding.text for finding in search("sky")]
        state["luck"] = [execution.random(), execution.time(), execution.generator().sample(range(100), 5)]
        with suppress(ReplayDiverged):  # whoever swallows it meets it again
            execution.step("research", state)
        ask("anything")

    with pytest.raises(ReplayDiverged) as caught, client.replay(execution_id) as replayed:
        changed(replayed.execution)
    divergence = caught.value.divergence
    assert (divergence.kind, divergence.step, divergence.sequence) == (DivergenceKind.STATE, 2, 2)
    assert [change.path for change in divergence.changes] == ["/answer"]
    assert divergence.report().splitlines()[:3] == [
        f"DIVERGED at step 2 'research' (snapshot 2) of execution {execution_id}",
        "  The state after the step is another one.",
        "  ~ /answer",
    ]
    assert replayed.result.status is ReplayStatus.DIVERGED
    assert replayed.result.steps == 1


def begin(replayed: Replay) -> dict[str, Any]:
    """The first step of the agent, without its last effect."""
    return {"topic": "sky", "notes": [], "began": replayed.execution.now().isoformat()}


@pytest.mark.usefixtures("asked")
def test_another_question_diverges_with_what_differs(client: Timeloom, execution_id: str) -> None:
    def changed(replayed: Replay) -> None:
        replayed.execution.step("plan", {**begin(replayed), "id": str(replayed.execution.uuid())})
        ask("Why is the sea blue?")

    with pytest.raises(ReplayDiverged) as caught, client.replay(execution_id) as replayed:
        changed(replayed)
    divergence = caught.value.divergence
    assert (divergence.kind, divergence.step) == (DivergenceKind.EFFECT, 2)
    assert [change.path for change in divergence.changes] == ["/prompt"]
    assert divergence.summary == "The code asked llm model something else."


@pytest.mark.usefixtures("asked")
def test_code_that_asks_too_little_diverges(client: Timeloom, execution_id: str) -> None:
    def changed(replayed: Replay) -> None:
        noted = replayed.recording.steps[0].snapshot.effects
        (uuid,) = [effect.response for effect in noted if effect.name == "uuid"]
        replayed.execution.step("plan", {**begin(replayed), "id": uuid})

    with pytest.raises(ReplayDiverged, match="did not ask for an effect") as caught:
        replay_with(client, execution_id, changed)
    assert caught.value.divergence.step == 1
    assert caught.value.divergence.expected == {"kind": "ID", "name": "uuid", "request": None}


@pytest.mark.usefixtures("asked")
def test_code_that_ends_too_early_or_goes_on_diverges(client: Timeloom, execution_id: str) -> None:
    def short(replayed: Replay) -> None:
        replayed.execution.step("plan", {**begin(replayed), "id": str(replayed.execution.uuid())})

    def long(replayed: Replay) -> None:
        agent(replayed.execution)
        replayed.execution.step("more", {})

    with pytest.raises(ReplayDiverged, match="The code ended; the recording goes on"):
        replay_with(client, execution_id, short)
    with pytest.raises(ReplayDiverged, match="the recording ends before") as caught:
        replay_with(client, execution_id, long)
    assert (caught.value.divergence.step, caught.value.divergence.sequence) == (4, 0)


def replay_with(client: Timeloom, execution_id: str, code: Callable[[Replay], None]) -> Replay:
    with client.replay(execution_id) as replayed:
        code(replayed)
    return replayed


def test_an_error_of_the_agent_is_compared_too(client: Timeloom) -> None:
    def program(message: str) -> None:
        with client.record(agent_id="agent") as execution:
            ids.append(execution.id)
            execution.step("one", {"n": 1})
            raise ValueError(message)

    ids: list[str] = []
    with pytest.raises(ValueError, match="wrong"):
        program("wrong")
    with pytest.raises(ValueError, match="wrong"), client.replay(ids[0]) as replayed:
        program("wrong")
    assert replayed.result.identical
    with pytest.raises(ValueError, match="other") as caught, client.replay(ids[0]) as replayed:
        program("other")
    assert not replayed.result.identical
    assert "The agent ended otherwise" in caught.value.__notes__[0]


def test_parallel_effects_find_their_answers_in_any_order(client: Timeloom) -> None:
    turns = [threading.Event() for _ in range(9)]
    order = list(range(8))

    @effect
    def slow(number: int) -> int:
        turns[number].wait(10)
        turns[number + 1].set()
        return number * 100 + WORLD.answer()

    def run(execution: RecordedExecution) -> None:
        with ThreadPoolExecutor(8) as pool:
            found = [pool.submit(copy_context().run, slow, number) for number in order]
            execution.step("gathered", {"found": sorted(future.result() for future in found)})

    turns[0].set()
    with client.record(agent_id="agent") as execution:
        run(execution)
    order.reverse()
    before = WORLD.asked
    with client.replay(execution.id) as replayed:
        run(replayed.execution)
    assert replayed.result.identical
    assert before == WORLD.asked


def test_a_thread_without_context_belongs_to_the_only_recording(client: Timeloom) -> None:
    def run(execution: RecordedExecution) -> None:
        with ThreadPoolExecutor(1) as pool:
            execution.step("asked", {"answer": pool.submit(ask, "in a thread").result()})

    with client.record(agent_id="agent") as execution:
        run(execution)
    (found,) = client.snapshots.get(execution.id, 1).effects
    assert (found.kind, found.name) == (EffectKind.LLM, "model")
    assert found.request == {"prompt": "in a thread", "temperature": 0.5}
    with client.replay(execution.id) as replayed:
        run(replayed.execution)
    assert replayed.result.identical


def test_what_was_only_noted_is_compared(client: Timeloom) -> None:
    def run(execution: RecordedExecution, answer: str) -> None:
        execution.effect(EffectKind.TOOL, "tool", "q", answer)
        execution.step("one", {})

    with client.record(agent_id="agent") as execution:
        run(execution, "a")
    with client.replay(execution.id) as replayed:
        run(replayed.execution, "a")
    assert replayed.result.identical
    with pytest.raises(ReplayDiverged, match="tool answered something else"):
        replay_with(client, execution.id, lambda replayed: run(replayed.execution, "b"))


def test_a_fork_is_resumed_and_its_effects_have_keys_of_their_own(client: Timeloom) -> None:
    keys: list[str] = []

    @effect
    def pay(amount: int) -> str:  # noqa: ARG001 - it is part of the question
        keys.append(idempotency_key())
        return keys[-1]

    recording = client.record(agent_id="agent")
    execution = recording.__enter__()
    execution.step("one", {"n": 1, "list": [1]})
    with client.resume(execution.id) as resumed:
        state = resumed.state
        assert state == {"n": 1, "list": [1]}
        pay(5)
        pay(5)
        state["list"].append(2)
        assert resumed.step("two", state).sequence == 2
        pay(5)
        resumed.step("three", state)
    assert recording._activation is not None
    recording._activation.end()  # its process was killed
    assert len(set(keys)) == 3
    assert client.snapshots.get(execution.id).state == {"n": 1, "list": [1, 2]}
    assert client.executions.get(execution.id).status is ExecutionStatus.SUCCEEDED
    with pytest.raises(RuntimeError, match="outside of a recorded effect"):
        idempotency_key()


@pytest.mark.parametrize("damage", ["flip", "cut", "other", "lines"])
def test_a_damaged_file_is_refused(client: Timeloom, execution_id: str, tmp_path: Path, damage: str) -> None:
    import gzip  # noqa: PLC0415

    path = tmp_path / "run.timeloom"
    client.recording(execution_id).save(path)
    text = gzip.decompress(path.read_bytes())
    match damage:
        case "flip":
            path.write_bytes(gzip.compress(text.replace(b"Why is", b"Who is")))
        case "cut":
            path.write_bytes(path.read_bytes()[:-40])
        case "lines":
            path.write_bytes(gzip.compress(b"\n".join(text.split(b"\n")[:-2]) + b"\n"))
        case _:
            path.write_bytes(b"something else")
    with pytest.raises(DamagedFileError):
        Recording.load(path)


async def test_asyncio_code_is_replayed(service: Service) -> None:
    @effect
    async def ask_later(prompt: str) -> int:  # noqa: ARG001 - it is part of the question
        await asyncio.sleep(0)
        return WORLD.answer()

    @effect
    async def stream(prompt: str) -> AsyncIterator[int]:  # noqa: ARG001 - as above
        for _ in range(3):
            yield WORLD.answer()

    async def run(client: AsyncTimeloom) -> str:
        async with client.record(agent_id="agent") as execution:
            first = await asyncio.gather(*(ask_later(str(number)) for number in range(5)))
            await execution.step("first", {"first": first})
            await execution.step("second", {"second": [item async for item in stream("x")]})
        return execution.id

    async with AsyncTimeloom(api_key=service.api_key, grpc_address=service.address) as client:
        execution_id = await run(client)
        before = WORLD.asked
        async with client.replay(execution_id) as replayed:
            assert await run(client) == execution_id
        assert (replayed.result.identical, replayed.result.effects, WORLD.asked) == (True, 6, before)
