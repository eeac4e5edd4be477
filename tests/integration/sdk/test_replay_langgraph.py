"""Recorded replay of a LangGraph agent with a model, tools, an interrupt and a subgraph."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import Command, interrupt

from timeloom import Timeloom
from timeloom.errors import InvalidRequestError
from timeloom.langgraph import TimeloomSaver
from timeloom.replay import DivergenceKind, Recording, ReplayDiverged, now, replay
from timeloom.replay.langgraph import ReplaySaver, capture_langgraph, execution_of
from timeloom.resources import EffectKind

CALLS: list[str] = []


class Planner(BaseChatModel):
    """A model that never answers the same twice."""

    @property
    def _llm_type(self) -> str:
        return "planner"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - LangChain's signature
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ChatResult:
        CALLS.append("model")
        asked = sum(isinstance(message, ToolMessage) for message in messages)
        if asked == 0:
            calls = [
                {"name": name, "args": {"city": "Lisbon"}, "id": f"call-{uuid.uuid4().hex}"}
                for name in ("find_flight", "forecast")
            ]
            answer = AIMessage("", tool_calls=calls)
        elif asked == 2:
            call = {"name": "book", "args": {"what": "flight"}, "id": f"call-{uuid.uuid4().hex}"}
            answer = AIMessage("", tool_calls=[call])
        else:
            answer = AIMessage(f"Booked, {len(CALLS)}.")
        return ChatResult(generations=[ChatGeneration(message=answer)])


@tool(response_format="content_and_artifact")
def find_flight(city: str) -> tuple[str, dict[str, Any]]:
    """Find a flight."""
    CALLS.append("find_flight")
    return f"A flight to {city}", {"euros": 200 + len(CALLS)}


@tool
def forecast(city: str) -> str:
    """Tell the weather."""
    CALLS.append("forecast")
    return f"Sunny in {city}, {len(CALLS)}"


@tool
def book(what: str) -> str:
    """Book something, when a person agrees."""
    agreed = interrupt({"book": what})
    CALLS.append("book")
    return f"{what} booked: {agreed}, {len(CALLS)}"


class Summary(MessagesState):
    """What the agent knows."""

    summary: str
    at: str


def build(checkpointer: BaseCheckpointSaver[str], *, polite: bool = False) -> Any:
    model = Planner()

    def think(state: Summary) -> dict[str, Any]:
        prompt = [HumanMessage("Please."), *state["messages"]] if polite else state["messages"]
        return {"messages": [model.invoke(prompt)]}

    def summarise(state: Summary) -> dict[str, Any]:
        return {"summary": str(model.invoke([HumanMessage("Sum up"), *state["messages"]]).content)}

    def stamp(state: Summary) -> dict[str, Any]:  # noqa: ARG001 - LangGraph's signature
        return {"at": now().isoformat()}

    inner = StateGraph(Summary)
    inner.add_node("summarise", summarise)
    inner.add_node("stamp", stamp)
    inner.add_edge(START, "summarise")
    inner.add_edge("summarise", "stamp")
    graph = StateGraph(Summary)
    graph.add_node("think", think)
    graph.add_node("tools", ToolNode([find_flight, forecast, book]))
    graph.add_node("sum", inner.compile())
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", tools_condition, {"tools": "tools", "__end__": "sum"})
    graph.add_edge("tools", "think")
    return graph.compile(checkpointer=checkpointer)


def converse(graph: Any, thread_id: str) -> dict[str, Any]:
    thread: RunnableConfig = {"configurable": {"thread_id": thread_id}}
    stopped = graph.invoke({"messages": [HumanMessage("A weekend in Lisbon")]}, thread)
    assert [each.value for each in stopped["__interrupt__"]] == [{"book": "flight"}]
    answer: dict[str, Any] = graph.invoke(Command(resume="yes"), thread)
    return answer


async def converse_later(graph: Any, thread_id: str) -> dict[str, Any]:
    thread: RunnableConfig = {"configurable": {"thread_id": thread_id}}
    await graph.ainvoke({"messages": [HumanMessage("A weekend in Lisbon")]}, thread)
    answer: dict[str, Any] = await graph.ainvoke(Command(resume="yes"), thread)
    return answer


@pytest.fixture
def thread_id(client: Timeloom) -> str:
    """A thread that was recorded: run, interrupted, and resumed by another process."""
    thread_id = str(uuid.uuid4())
    saver = TimeloomSaver(client)
    with capture_langgraph(saver, thread_id=thread_id):
        converse(build(saver), thread_id)
    return thread_id


@pytest.fixture
def asked(thread_id: str) -> Iterator[None]:  # noqa: ARG001 - it calls them
    """Fails if model or tools were called."""
    before = list(CALLS)
    yield
    assert before == CALLS


def test_effects_stand_with_the_checkpoint_that_their_task_began_from(
    client: Timeloom, thread_id: str
) -> None:
    found = client.snapshots.list(execution_of(thread_id), include_effects=True)
    names = [
        [effect.name for effect in snapshot.effects if effect.kind in (EffectKind.LLM, EffectKind.TOOL)]
        for snapshot in found
    ]
    assert [sorted(each) for each in names] == [
        [],
        ["Planner"],
        ["find_flight", "forecast"],
        ["Planner"],
        ["book", "book"],
        ["Planner"],
        ["Planner"],
        [],
    ]


@pytest.mark.parametrize("check", ["loaded", "saved"])
def test_a_recorded_agent_replays_identically(
    client: Timeloom, thread_id: str, check: str, tmp_path: Path
) -> None:
    before = list(CALLS)
    if check == "loaded":
        with client.replay(execution_of(thread_id)) as replayed:
            answer = converse(build(ReplaySaver(replayed)), thread_id)
    else:
        client.recording(execution_of(thread_id)).save(tmp_path / "agent")
        with replay(Recording.load(tmp_path / "agent")) as replayed:
            answer = converse(build(ReplaySaver(replayed)), thread_id)
    assert replayed.result.identical
    assert replayed.result.steps == 8
    recorded = build(TimeloomSaver(client)).get_state({"configurable": {"thread_id": thread_id}}).values
    assert answer == recorded
    assert before == CALLS


@pytest.mark.usefixtures("asked")
def test_a_changed_prompt_diverges_at_its_step(client: Timeloom, thread_id: str) -> None:
    with pytest.raises(ReplayDiverged) as caught, client.replay(execution_of(thread_id)) as replayed:
        converse(build(ReplaySaver(replayed), polite=True), thread_id)
    divergence = caught.value.divergence
    assert (divergence.kind, divergence.step) == (DivergenceKind.EFFECT, 3)
    assert "+ /prompts/0/0" in divergence.report()
    assert '"Please."' in divergence.report()


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("change", ["state", "short"])
def test_a_changed_course_diverges(client: Timeloom, thread_id: str, change: str) -> None:
    def run(saver: ReplaySaver) -> None:
        thread: RunnableConfig = {"configurable": {"thread_id": thread_id}}
        graph = build(saver)
        if change == "state":
            graph.invoke({"messages": [HumanMessage("A weekend in Porto")]}, thread)
        else:
            graph.invoke({"messages": [HumanMessage("A weekend in Lisbon")]}, thread)

    with pytest.raises(ReplayDiverged) as caught, client.replay(execution_of(thread_id)) as replayed:
        run(ReplaySaver(replayed))
    divergence = caught.value.divergence
    expected = (DivergenceKind.STATE, 1) if change == "state" else (DivergenceKind.ENDING, 6)
    assert (divergence.kind, divergence.step) == expected


async def test_an_asynchronous_agent_replays_identically(client: Timeloom) -> None:
    thread_id = str(uuid.uuid4())
    saver = TimeloomSaver(client)
    with capture_langgraph(saver, thread_id=thread_id):
        recorded = await converse_later(build(saver), thread_id)
    before = list(CALLS)
    with client.replay(execution_of(thread_id)) as replayed:
        answer = await converse_later(build(ReplaySaver(replayed)), thread_id)
    assert replayed.result.identical
    assert answer == recorded
    assert before == CALLS


def test_streams_and_plain_recordings_work_too(client: Timeloom) -> None:
    from timeloom.replay import capture_langchain  # noqa: PLC0415

    def run(program: Callable[[], str]) -> str:
        with client.record(agent_id="agent") as execution, capture_langchain(execution):
            execution.step("asked", {"answer": program()})
        return execution.id

    def program() -> str:
        streamed = "".join(str(chunk.content) for chunk in Planner().stream("hello"))
        tool_answer = forecast.invoke({"city": "Rome"})
        return f"{streamed} {tool_answer}"

    execution_id = run(program)
    before = list(CALLS)
    with client.replay(execution_id) as replayed:
        run(program)
    assert replayed.result.identical
    assert replayed.result.effects == 2
    assert before == CALLS


def test_a_run_without_checkpoints_is_refused_before_anything_happens(
    client: Timeloom, thread_id: str
) -> None:
    """With `durability="exit"` effects would have nothing to stand with."""
    CALLS.clear()
    thread: RunnableConfig = {"configurable": {"thread_id": str(uuid.uuid4())}}
    question = {"messages": [HumanMessage("A weekend in Lisbon")]}
    saver = TimeloomSaver(client)
    with (
        capture_langgraph(saver, thread_id=thread["configurable"]["thread_id"]),
        pytest.raises(InvalidRequestError, match="durability"),
    ):
        build(saver).invoke(question, thread, durability="exit")
    with (
        pytest.raises(ReplayDiverged),
        client.replay(execution_of(thread_id)) as replayed,
        pytest.raises(InvalidRequestError, match="durability"),
    ):
        build(ReplaySaver(replayed)).invoke(question, thread, durability="exit")
    assert CALLS == []
