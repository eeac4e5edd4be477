"""The OpenAI Agents SDK, with a model that answers from a script, and its conversations in Timeloom."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import pytest
from agents import (
    Agent,
    ModelResponse,
    RunConfig,
    Runner,
    SessionSettings,
    SQLiteSession,
    Usage,
    function_tool,
    set_tracing_disabled,
)
from agents.memory import Session
from agents.models.interface import Model
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from tests.integration.sdk.service import Service
from timeloom import Timeloom
from timeloom.openai_agents import TimeloomSession
from timeloom.resources import EffectKind


class ScriptedModel(Model):
    """Looks a city's weather up, then answers with what the tool said and how long the conversation is."""

    def __init__(self) -> None:
        self.inputs: list[list[Any]] = []

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        given = kwargs["input"] if "input" in kwargs else args[1]
        items = [{"role": "user", "content": given}] if isinstance(given, str) else list(given)
        self.inputs.append(items)
        last = items[-1]
        if last.get("type") == "function_call_output":
            output: Any = ResponseOutputMessage(
                id=f"m{len(items)}",
                type="message",
                role="assistant",
                status="completed",
                content=[
                    ResponseOutputText(type="output_text", text=f"It is {last['output']}.", annotations=[])
                ],
            )
        else:
            output = ResponseFunctionToolCall(
                type="function_call", call_id=f"c{len(items)}", name="weather", arguments='{"city":"Oslo"}'
            )
        return ModelResponse(output=[output], usage=Usage(), response_id=None)

    def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        raise NotImplementedError


@function_tool
def weather(city: str) -> str:
    return f"sunny in {city}"


@pytest.fixture(autouse=True)
def no_traces() -> Iterator[None]:
    set_tracing_disabled(True)
    yield
    set_tracing_disabled(False)


@pytest.fixture
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop for the framework's blocking calls, which would never close one of its own."""
    loop = asyncio.new_event_loop()
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel()


@pytest.fixture
def session(client: Timeloom) -> TimeloomSession:
    return TimeloomSession(str(uuid.uuid4()), client)


def agent(model: Model) -> Agent[None]:
    return Agent(name="forecaster", model=model, tools=[weather])


def contents(items: Iterable[Any]) -> list[str]:
    return [item["content"] for item in items]


async def conversation(session: Session, model: ScriptedModel) -> list[Any]:
    for question in ("How is Oslo?", "And now?"):
        result = await Runner.run(agent(model), question, session=session)
        assert result.final_output == "It is sunny in Oslo."
    return await session.get_items()


async def test_a_conversation_goes_on_like_with_the_frameworks_own_session(session: TimeloomSession) -> None:
    ours, theirs = ScriptedModel(), ScriptedModel()
    expected = await conversation(SQLiteSession("talk"), theirs)
    assert await conversation(session, ours) == expected
    assert ours.inputs == theirs.inputs
    assert len(expected) == 8


async def test_another_process_goes_on_with_it(
    session: TimeloomSession, model: ScriptedModel, service: Service
) -> None:
    items = await conversation(session, model)
    with Timeloom(api_key=service.api_key, grpc_address=service.address) as elsewhere:
        other = TimeloomSession(session.session_id, elsewhere)
        assert await other.get_items() == items
        await other.add_items([{"role": "user", "content": "from elsewhere"}])
    await session.add_items([{"role": "user", "content": "from here"}])
    assert contents((await session.get_items())[-2:]) == ["from elsewhere", "from here"]


def test_a_blocking_runner_uses_it(
    client: Timeloom, model: ScriptedModel, event_loop: asyncio.AbstractEventLoop
) -> None:
    asyncio.set_event_loop(event_loop)
    session = TimeloomSession(str(uuid.uuid4()), client)
    result = Runner.run_sync(agent(model), "How is Oslo?", session=session)
    assert result.final_output == "It is sunny in Oslo."
    assert client.executions.get(session.execution_id).session_id == session.session_id


async def test_steps_and_effects_are_there_to_be_read(
    session: TimeloomSession, model: ScriptedModel, client: Timeloom
) -> None:
    await conversation(session, model)
    snapshots = await asyncio.to_thread(
        lambda: list(client.snapshots.list(session.execution_id, include_effects=True))
    )
    assert snapshots[0].step_name == "user"
    effects = [(effect.kind, effect.name) for snapshot in snapshots for effect in snapshot.effects]
    assert effects[:3] == [
        (EffectKind.LLM, "function_call"), (EffectKind.TOOL, "weather"), (EffectKind.LLM, "message")
    ]  # fmt: skip
    answers = [effect for one in snapshots for effect in one.effects if effect.kind is EffectKind.TOOL]
    assert (answers[0].request, answers[0].response) == ('{"city":"Oslo"}', "sunny in Oslo")
    last = await asyncio.to_thread(client.snapshots.get, session.execution_id, path="/items/7/content/0/text")
    assert last.state == "It is sunny in Oslo."


async def test_what_is_popped_and_cleared_stays_in_history(
    session: TimeloomSession, client: Timeloom
) -> None:
    assert await session.pop_item() is None
    await session.clear_session()
    await session.add_items([{"role": "user", "content": "one"}, {"role": "user", "content": "two"}])
    assert await session.pop_item() == {"role": "user", "content": "two"}
    assert await session.get_items() == [{"role": "user", "content": "one"}]
    await session.clear_session()
    assert await session.get_items() == []
    assert await session.pop_item() is None

    snapshots = await asyncio.to_thread(lambda: list(client.snapshots.list(session.execution_id)))
    assert [snapshot.step_name for snapshot in snapshots] == ["user", "pop_item", "clear_session"]
    before = await asyncio.to_thread(client.snapshots.get, session.execution_id, 1)
    assert [item["content"] for item in before.state["items"]] == ["one", "two"]


async def test_limits_give_the_newest_items(session: TimeloomSession, client: Timeloom) -> None:
    await session.add_items([{"role": "user", "content": str(number)} for number in range(5)])
    assert contents(await session.get_items(2)) == ["3", "4"]
    assert await session.get_items(0) == []
    limited = TimeloomSession(session.session_id, client, session_settings=SessionSettings(limit=1))
    assert contents(await limited.get_items()) == ["4"]
    assert len(await limited.get_items(10)) == 5


async def test_settings_of_a_run_are_heard(session: TimeloomSession, model: ScriptedModel) -> None:
    await session.add_items([{"role": "user", "content": str(number)} for number in range(5)])
    settings = RunConfig(session_settings=SessionSettings(limit=2))
    await Runner.run(agent(model), "How is Oslo?", session=session, run_config=settings)
    assert [item["content"] for item in model.inputs[0]] == ["3", "4", "How is Oslo?"]


async def test_many_writers_lose_nothing(session: TimeloomSession, client: Timeloom) -> None:
    async def write(number: int) -> None:
        await TimeloomSession(session.session_id, client).add_items(
            [{"role": "user", "content": str(number)}]
        )

    await asyncio.gather(*(write(number) for number in range(12)))
    found = contents(await session.get_items())
    assert sorted(found, key=int) == [str(number) for number in range(12)]


async def test_a_deleted_conversation_begins_anew(session: TimeloomSession, client: Timeloom) -> None:
    await session.add_items([{"role": "user", "content": "old"}])
    await asyncio.to_thread(client.executions.delete, session.execution_id)
    await session.add_items([{"role": "user", "content": "new"}])
    assert await session.get_items() == [{"role": "user", "content": "new"}]


async def test_an_item_that_is_no_json_is_refused(session: TimeloomSession) -> None:
    item: Any = {"role": "user", "content": object()}
    with pytest.raises(TypeError, match="items"):
        await session.add_items([item])
    assert await session.get_items() == []


def test_it_is_a_session_in_the_frameworks_eyes(session: TimeloomSession) -> None:
    assert isinstance(session, Session)
