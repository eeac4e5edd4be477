"""Pydantic AI, with a model that answers from a function, and its conversations in Timeloom."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic_ai import Agent, ApprovalRequired, Conversation, DeferredToolRequests, UserError
from pydantic_ai.conversation_store import (
    ConversationConflict,
    ConversationStore,
    InMemoryConversationStore,
)
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.tools import RunContext

from tests.integration.sdk.service import Service
from timeloom import Timeloom
from timeloom.pydantic_ai import TimeloomConversationStore
from timeloom.resources import EffectKind, Execution


@pytest.fixture
def store(client: Timeloom) -> TimeloomConversationStore:
    return TimeloomConversationStore(client)


@pytest.fixture
def conversation_id() -> str:
    return str(uuid.uuid4())


def answer(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
    """Asks the tool, then says what it said and how many messages there were."""
    last = messages[-1].parts[-1]
    if isinstance(last, ToolReturnPart):
        return ModelResponse(parts=[TextPart(f"{last.content} after {len(messages)} messages")])
    return ModelResponse(parts=[ToolCallPart("weather", {"city": "Oslo"}, tool_call_id=f"c{len(messages)}")])


def forecaster() -> Agent[None, str]:
    agent = Agent(FunctionModel(answer, model_name="scripted"))

    @agent.tool_plain
    def weather(city: str) -> str:
        return f"sunny in {city}"

    return agent


async def turn(store: ConversationStore, conversation_id: str, prompt: str) -> Conversation:
    conversation = await store.load(conversation_id) or Conversation(conversation_id=conversation_id)
    result = await forecaster().run(prompt, conversation=conversation)
    await store.save(result)
    return result.conversation


def said(messages: Sequence[ModelMessage]) -> list[str]:
    return [str(part.content) for message in messages for part in message.parts if hasattr(part, "content")]


async def execution_of(client: Timeloom, conversation_id: str) -> Execution:
    (execution,) = await asyncio.to_thread(lambda: list(client.executions.list(session_id=conversation_id)))
    return execution


# -- Beside the framework's own store --------------------------------------------------


async def two_turns(store: ConversationStore, talk: str) -> Any:
    await turn(store, talk, "How is Oslo?")
    await turn(store, talk, "And now?")
    return await loaded(store, talk)


async def a_rewritten_history(store: ConversationStore, talk: str) -> Any:
    await turn(store, talk, "How is Oslo?")
    found = await store.load(talk)
    assert found is not None
    found.messages[1] = ModelResponse(parts=[TextPart("edited")])
    await store.save(found)
    return await loaded(store, talk)


async def branches(store: ConversationStore, talk: str) -> Any:
    for prompt in ("one", "two"):
        await turn(store, talk, prompt)
    before = await store.load_entries(talk)
    assert before is not None
    revision = (await turn(store, talk, "three")).revision
    earlier = await store.branch(talk, at=4, expected_revision=revision)
    result = await forecaster().run("another three", conversation=earlier)
    await store.save(result)
    there = await loaded(store, talk)
    back = await store.branch(talk, from_entry=before[-1].id, expected_revision=result.conversation.revision)
    return there, said(back.messages), await loaded(store, talk)


async def a_window(store: ConversationStore, talk: str) -> Any:
    for prompt in ("one", "two"):
        await turn(store, talk, prompt)
    found = await store.load(talk, limit=4)
    assert found is not None
    await store.save(await forecaster().run("three", conversation=found))
    return said(found.messages), await loaded(store, talk)


async def loaded(store: ConversationStore, talk: str) -> Any:
    found, entries = await store.load(talk), await store.load_entries(talk)
    record = await store.read_record(talk)
    assert found is not None
    assert entries is not None
    assert record is not None
    assert [entry.message for entry in entries] == found.messages
    assert [entry.parent_id for entry in entries] == [None, *(entry.id for entry in entries)][:-1]
    assert record.head_id == entries[-1].id
    assert await store.read_entry(entries[-1].id) == entries[-1]
    usage = found.usage
    return said(found.messages), (usage.requests, usage.tool_calls, usage.output_tokens), len(record.branches)


@pytest.mark.parametrize("scenario", [two_turns, a_rewritten_history, branches, a_window])
async def test_it_does_what_the_frameworks_own_store_does(
    store: TimeloomConversationStore, conversation_id: str, scenario: Callable[..., Any]
) -> None:
    expected = await scenario(InMemoryConversationStore(), conversation_id)
    assert await scenario(store, conversation_id) == expected


async def test_the_model_sees_the_same_history(
    store: TimeloomConversationStore, conversation_id: str
) -> None:
    conversation = Conversation(conversation_id=conversation_id)
    result = await Agent(TestModel(custom_output_text="hi")).run("hello", conversation=conversation)
    await store.save(result)
    found = await store.load(conversation_id)
    assert found is not None
    assert found.messages == result.all_messages()
    again = await Agent(TestModel(custom_output_text="hi again")).run("more", conversation=found)
    assert again.all_messages()[:2] == found.messages


async def test_a_paused_run_goes_on_with_its_deferred_calls(
    store: TimeloomConversationStore, conversation_id: str
) -> None:
    agent: Agent[None, str | DeferredToolRequests] = Agent(
        TestModel(), output_type=[str, DeferredToolRequests]
    )

    @agent.tool
    def delete(context: RunContext[None], name: str) -> str:
        if not context.tool_call_approved:
            raise ApprovalRequired
        return f"deleted {name}"

    conversation = Conversation(conversation_id=conversation_id)
    await store.save(await agent.run("delete it", conversation=conversation))
    found = await store.load(conversation_id)
    assert found is not None
    assert found.deferred_tool_requests is not None
    results = found.deferred_tool_requests.build_results(approve_all=True)
    result = await agent.run(conversation=found, deferred_tool_results=results)
    assert result.output == '{"delete":"deleted a"}'


# -- What there is to see ----------------------------------------------------------------


async def test_steps_and_effects_are_there_to_be_read(
    store: TimeloomConversationStore, conversation_id: str, client: Timeloom
) -> None:
    await two_turns(store, conversation_id)
    execution = await execution_of(client, conversation_id)
    assert (execution.agent_id, execution.tags) == ("pydantic-ai", ("pydantic-ai",))
    snapshots = await asyncio.to_thread(
        lambda: list(client.snapshots.list(execution.id, include_effects=True))
    )
    assert [snapshot.step_name for snapshot in snapshots] == ["user, model, weather"] * 2
    effects = [(effect.kind, effect.name, effect.request) for effect in snapshots[0].effects]
    assert effects == [
        (EffectKind.LLM, "scripted", None),
        (EffectKind.TOOL, "weather", {"city": "Oslo"}),
        (EffectKind.LLM, "scripted", None),
    ]
    path = "/messages/2/parts/0/content"
    first = await asyncio.to_thread(client.snapshots.get, execution.id, 1, path=path)
    assert first.state == "sunny in Oslo"


async def test_a_fork_shares_what_it_was_made_from(
    store: TimeloomConversationStore, conversation_id: str, client: Timeloom
) -> None:
    for prompt in ("one", "two"):
        await turn(store, conversation_id, prompt)
    entries = await store.load_entries(conversation_id)
    assert entries is not None

    fork = await store.fork(conversation_id, at=4)
    await turn(store, fork.conversation_id, "another two")
    execution = await execution_of(client, fork.conversation_id)
    assert execution.forked_from is not None
    forked = await store.load_entries(fork.conversation_id)
    assert forked is not None
    assert [entry.id for entry in forked[:4]] == [entry.id for entry in entries[:4]]
    assert said([forked[4].message]) == ["another two"]
    assert await store.load_entries(conversation_id) == entries

    await store.delete(conversation_id)
    assert await store.load(conversation_id) is None
    assert await store.load_entries(fork.conversation_id) == forked
    with pytest.raises(ConversationConflict):
        await store.fork(fork.conversation_id, new_conversation_id=fork.conversation_id)


async def test_conversations_are_listed_by_scope_newest_first(service: Service) -> None:
    with (
        Service(service.databases).running() as alone,
        Timeloom(api_key=alone.api_key, grpc_address=alone.address) as client,
    ):
        store = TimeloomConversationStore(client)
        for name, scope in (("a", "ann"), ("b", "bob"), ("c", "ann")):
            await store.save(Conversation(conversation_id=name), scope=scope)
        names = [record.conversation_id for record in await store.list_conversations(scope="ann")]
        assert names == ["c", "a"]
        assert [record.scope for record in await store.list_conversations(limit=2)] == ["ann", "bob"]
        assert await store.load("a", scope="bob") is None
        with pytest.raises(UserError):
            await store.list_conversations(limit=-1)


# -- Writers at the same time ---------------------------------------------------------------


async def test_of_two_writers_one_is_told_to_load_again(
    store: TimeloomConversationStore, conversation_id: str, service: Service
) -> None:
    await turn(store, conversation_id, "one")
    mine = await store.load(conversation_id)
    assert mine is not None
    with Timeloom(api_key=service.api_key, grpc_address=service.address) as elsewhere:
        await turn(TimeloomConversationStore(elsewhere), conversation_id, "two")
    with pytest.raises(ConversationConflict):
        await store.save(await forecaster().run("another two", conversation=mine))
    with pytest.raises(ConversationConflict):
        await store.save(Conversation(conversation_id=conversation_id))

    def beginning() -> Conversation:
        return Conversation(conversation_id=f"{conversation_id}-new")

    outcomes = await asyncio.gather(*(store.save(beginning()) for _ in range(5)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConversationConflict"] * 4 + ["list"]


async def test_a_deleted_conversation_begins_anew(
    store: TimeloomConversationStore, conversation_id: str
) -> None:
    await turn(store, conversation_id, "one")
    stale = await store.load(conversation_id)
    assert stale is not None
    await store.delete(conversation_id)
    with pytest.raises(ConversationConflict):
        await store.save(stale)
    assert said((await turn(store, conversation_id, "anew")).messages)[0] == "anew"


async def test_an_entry_that_nobody_read_is_unknown(store: TimeloomConversationStore) -> None:
    assert await store.read_history(None) == []
    with pytest.raises(LookupError):
        await store.read_entry("nobody's")
