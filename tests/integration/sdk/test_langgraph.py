"""LangGraph agents with Timeloom as their checkpointer, beside LangGraph's own."""

from __future__ import annotations

import asyncio
import operator
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, Interrupt, Send, interrupt

from tests.integration.sdk.service import Service
from timeloom import Timeloom
from timeloom.langgraph import TimeloomSaver
from timeloom.resources import SnapshotKind


@pytest.fixture
def saver(client: Timeloom) -> TimeloomSaver:
    return TimeloomSaver(client, agent_id="tested")


def new_thread() -> RunnableConfig:
    return {"configurable": {"thread_id": str(uuid.uuid4())}}


# -- Beside LangGraph's own checkpointer ----------------------------------------------


class Agent(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    notes: Annotated[list[str], operator.add]
    plan: dict[str, Any]
    count: int


def tool_agent() -> StateGraph[Agent, None, Agent, Agent]:
    """Thinks, calls a tool twice, and answers."""

    def think(state: Agent) -> Agent:
        asked = sum(isinstance(message, ToolMessage) for message in state["messages"])
        if asked == 2:
            return {"messages": [AIMessage("The answer is 42.", id=f"answer-{len(state['messages'])}")]}
        call = {"name": "search", "args": {"q": f"query {asked}", "z": [1, None]}, "id": f"call-{asked}"}
        return {"messages": [AIMessage("", tool_calls=[call], id=f"ai-{asked}")], "count": asked}

    def act(state: Agent) -> Agent:
        last = state["messages"][-1]
        assert isinstance(last, AIMessage)
        call = last.tool_calls[0]
        found = ToolMessage(
            "found", tool_call_id=call["id"], artifact={"raw": b"\x00\xff"}, id=f"t-{call['id']}"
        )
        return {"messages": [found], "notes": [call["args"]["q"]], "plan": {"z": 1, "a": call["args"]}}

    def route(state: Agent) -> str:
        last = state["messages"][-1]
        return "act" if isinstance(last, AIMessage) and last.tool_calls else END

    graph = StateGraph(Agent)
    graph.add_node("think", think)
    graph.add_node("act", act)
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", route, ["act", END])
    graph.add_edge("act", "think")
    return graph


def fan_out_agent() -> StateGraph[Agent, None, Agent, Agent]:
    """Sends three tasks at once, whose writes are reduced in the order of the tasks."""

    def work(state: Any) -> Agent:
        return {"notes": [f"worked on {state['item']}"]}

    graph = StateGraph(Agent)
    graph.add_node("begin", lambda _: {"count": 3})
    graph.add_node("work", work)
    graph.add_node("finish", lambda state: {"plan": {"notes": len(state["notes"])}})
    graph.add_edge(START, "begin")
    graph.add_conditional_edges("begin", lambda _: [Send("work", {"item": item}) for item in "cab"], ["work"])
    graph.add_edge("work", "finish")
    return graph


def parent_agent() -> StateGraph[Agent, None, Agent, Agent]:
    """Has an agent within, which has checkpoints of its own while it runs."""
    inner = StateGraph(Agent)
    inner.add_node("inside", lambda _: {"notes": ["inside"]})
    inner.add_node("deeper", lambda _: {"notes": [f"human said {interrupt('really?')}"]})
    inner.add_edge(START, "inside")
    inner.add_edge("inside", "deeper")
    graph = StateGraph(Agent)
    graph.add_node("before", lambda _: {"notes": ["before"]})
    graph.add_node("child", inner.compile())
    graph.add_edge(START, "before")
    graph.add_edge("before", "child")
    return graph


def described(found: CheckpointTuple) -> dict[str, Any]:
    """What two checkpointers must agree on; identifiers, times and random parts of versions differ."""
    metadata = {name: value for name, value in found.metadata.items() if name not in ("parents", "thread_id")}
    return {
        "values": found.checkpoint["channel_values"],
        "versions": {
            name: int(str(version).split(".", maxsplit=1)[0])
            for name, version in found.checkpoint["channel_versions"].items()
        },
        "updated": found.checkpoint["updated_channels"],
        "metadata": metadata,
        "has_parent": found.parent_config is not None,
        "writes": [(channel, without_ids(value)) for _, channel, value in found.pending_writes or []],
    }


def without_ids(value: Any) -> Any:
    """An interrupt's identifier comes from its task's, which differs from run to run."""
    if isinstance(value, list):
        return [without_ids(item) for item in value]
    return value.value if isinstance(value, Interrupt) else value


def run_tool_agent(saver: BaseCheckpointSaver[str], config: RunnableConfig) -> None:
    graph = tool_agent().compile(checkpointer=saver)
    question: Agent = {"messages": [HumanMessage("What is it?", id="q")], "notes": ["begin"]}
    graph.invoke(question, config)
    graph.invoke({"messages": [HumanMessage("Again, please.", id="q2")]}, config)


def run_fan_out(saver: BaseCheckpointSaver[str], config: RunnableConfig) -> None:
    fan_out_agent().compile(checkpointer=saver).invoke({"notes": []}, config)


def run_with_durability(durability: Any) -> Callable[[BaseCheckpointSaver[str], RunnableConfig], None]:
    def run(saver: BaseCheckpointSaver[str], config: RunnableConfig) -> None:
        graph = tool_agent().compile(checkpointer=saver)
        graph.invoke({"messages": [HumanMessage("What is it?", id="q")]}, config, durability=durability)

    return run


def run_with_failure(saver: BaseCheckpointSaver[str], config: RunnableConfig) -> None:
    """One of two parallel nodes fails: the other's writes are kept, and it does not run again."""
    attempts: list[str] = []

    def fragile(state: Agent) -> Agent:
        assert state["notes"] == []
        attempts.append("fragile")
        if attempts.count("fragile") == 1:
            raise RuntimeError("not today")
        return {"notes": ["fragile"]}

    def sturdy(state: Agent) -> Agent:
        assert state["notes"] == []
        attempts.append("sturdy")
        return {"notes": ["sturdy"]}

    graph = StateGraph(Agent)
    graph.add_node("fragile", fragile)
    graph.add_node("sturdy", sturdy)
    graph.add_edge(START, "fragile")
    graph.add_edge(START, "sturdy")
    compiled = graph.compile(checkpointer=saver)
    with pytest.raises(RuntimeError, match="not today"):
        compiled.invoke({"notes": []}, config)
    # The failed attempt may or may not have seen the other one finish.
    compiled.invoke(None, config)
    assert attempts.count("fragile") == 2


def run_forked(saver: BaseCheckpointSaver[str], config: RunnableConfig) -> None:
    """Goes back to a step, changes its state, and goes on from there; then once more from the start."""
    graph = tool_agent().compile(checkpointer=saver)
    graph.invoke({"messages": [HumanMessage("What is it?", id="q")]}, config)
    for step in (2, 0):
        past = next(
            state for state in graph.get_state_history(config) if (state.metadata or {}).get("step") == step
        )
        graph.invoke(None, graph.update_state(past.config, {"notes": [f"fork of {step}"]}))
    graph.invoke(None, past.config)


def run_interrupted(saver: BaseCheckpointSaver[str], config: RunnableConfig) -> None:
    graph = parent_agent().compile(checkpointer=saver)
    first = graph.invoke({"notes": []}, config)
    assert first["__interrupt__"][0].value == "really?"
    assert graph.get_state(config, subgraphs=True).tasks[0].state is not None
    assert graph.invoke(Command(resume="yes"), config)["notes"][-1] == "human said yes"


@pytest.mark.parametrize(
    "run",
    [
        run_tool_agent,
        run_fan_out,
        run_forked,
        run_interrupted,
        run_with_durability("sync"),
        run_with_durability("async"),
        run_with_durability("exit"),
    ],
)
def test_a_run_leaves_the_same_history_as_with_langgraphs_own_checkpointer(
    saver: TimeloomSaver, run: Callable[[BaseCheckpointSaver[str], RunnableConfig], None]
) -> None:
    config, memory = new_thread(), InMemorySaver()
    run(memory, config)
    run(saver, config)
    for namespace in sorted(memory.storage[config["configurable"]["thread_id"]]):
        place: RunnableConfig = {"configurable": {**config["configurable"], "checkpoint_ns": namespace}}
        expected = [described(found) for found in memory.list(place)]
        if "|" in namespace or ":" in namespace:
            continue  # a subgraph's namespace holds a task's id, which differs from run to run
        assert [described(found) for found in saver.list(place)] == expected
        latest = saver.get_tuple(place)
        assert latest is not None
        assert described(latest) == expected[0]


def test_a_failed_step_goes_on_where_it_failed(saver: TimeloomSaver) -> None:
    config = new_thread()
    run_with_failure(saver, config)
    latest = saver.get_tuple(config)
    assert latest is not None
    assert sorted(latest.checkpoint["channel_values"]["notes"]) == ["fragile", "sturdy"]


async def test_the_asynchronous_methods_leave_the_same_history(saver: TimeloomSaver) -> None:
    config, memory = new_thread(), InMemorySaver()
    question: Agent = {"messages": [HumanMessage("What is it?", id="q")]}
    await tool_agent().compile(checkpointer=memory).ainvoke(question, config)
    await tool_agent().compile(checkpointer=saver).ainvoke(question, config)
    expected = [described(found) async for found in memory.alist(config)]
    assert [described(found) async for found in saver.alist(config)] == expected
    assert [described(found) for found in saver.list(config)] == expected


def test_a_fork_becomes_a_branch(saver: TimeloomSaver, client: Timeloom) -> None:
    config = new_thread()
    graph = tool_agent().compile(checkpointer=saver)
    graph.invoke({"messages": [HumanMessage("What is it?", id="q")]}, config)
    (execution,) = client.executions.list(session_id=config["configurable"]["thread_id"])
    before = list(client.snapshots.list(execution.id))

    past = next(state for state in graph.get_state_history(config) if state.values.get("count") == 1)
    graph.invoke(None, graph.update_state(past.config, {"notes": ["another way"]}))

    after = list(client.snapshots.list(execution.id))
    assert [snapshot.chain_hash for snapshot in after[: len(before)]] == [one.chain_hash for one in before]
    branch = after[len(before)]
    forked_from = next(
        snapshot for snapshot in before if snapshot.key == past.config["configurable"]["checkpoint_id"]
    )
    assert (branch.parent_sequence, branch.step_name) == (forked_from.sequence, "update")
    assert "another way" in graph.get_state(config).values["notes"]
    assert client.executions.get(execution.id).head_sequence == len(after)


def test_a_thread_is_an_execution_that_people_can_read(saver: TimeloomSaver, client: Timeloom) -> None:
    config = new_thread()
    thread_id = config["configurable"]["thread_id"]
    tool_agent().compile(checkpointer=saver).invoke(
        {"messages": [HumanMessage("What is it?", id="q")]}, config
    )
    (execution,) = client.executions.list(session_id=thread_id, tags=["langgraph"])
    assert (execution.agent_id, execution.name) == ("tested", thread_id)
    snapshots = list(client.snapshots.list(execution.id))
    assert [snapshot.step_name for snapshot in snapshots] == [
        "input", "__start__", "think", "act", "think", "act", "think"
    ]  # fmt: skip
    assert {snapshot.kind for snapshot in snapshots} == {SnapshotKind.CHECKPOINT}
    assert client.snapshots.get(execution.id, path="/messages/0/content").state == "What is it?"
    assert client.snapshots.get(execution.id, path="/notes").state == ["query 0", "query 1"]
    changes = client.snapshots.diff(execution.id, 5, 6, path="/notes").changes
    assert [(change.kind, change.path) for change in changes] == [("ADDED", "/notes/1")]


def test_a_long_conversation_is_stored_by_what_each_step_adds(saver: TimeloomSaver, client: Timeloom) -> None:
    config = new_thread()
    graph = StateGraph(Agent)
    graph.add_node(
        "talk", lambda state: {"messages": [AIMessage(f"{len(state['messages'])} " + "word " * 60)]}
    )
    graph.add_edge(START, "talk")
    compiled = graph.compile(checkpointer=saver)
    for number in range(12):
        compiled.invoke({"messages": [HumanMessage(f"question {number}")]}, config)
    (execution,) = client.executions.list(session_id=config["configurable"]["thread_id"])
    snapshots = list(client.snapshots.list(execution.id))
    assert snapshots[-1].state_bytes > 8_000
    assert max(snapshot.stored_bytes for snapshot in snapshots) < 1_500


def test_another_process_goes_on_with_a_thread(service: Service) -> None:
    config = new_thread()
    for number in range(3):
        with Timeloom(api_key=service.api_key, grpc_address=service.address) as client:
            graph = tool_agent().compile(checkpointer=TimeloomSaver(client))
            graph.invoke(
                {"messages": [HumanMessage("More", id=f"q{number}")], "notes": [str(number)]}, config
            )
            (execution,) = client.executions.list(session_id=config["configurable"]["thread_id"])
            snapshots = list(client.snapshots.list(execution.id))
    assert [snapshot.parent_sequence for snapshot in snapshots] == list(range(len(snapshots)))
    assert "think" in snapshots[-1].step_name


def test_writes_that_come_before_their_checkpoint_wait_for_it(saver: TimeloomSaver) -> None:
    config = new_thread()
    config["configurable"]["checkpoint_ns"] = ""
    checkpoint = empty_checkpoint()
    early: RunnableConfig = {"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}
    saver.put_writes(early, [("a", 1), ("b", [2])], "task", "~path")
    assert saver.get_tuple(early) is None
    stored = saver.put(config, checkpoint, {"source": "input", "step": -1}, {})
    found = saver.get_tuple(stored)
    assert found is not None
    assert found.pending_writes == [("task", "a", 1), ("task", "b", [2])]


def test_a_checkpoint_whose_parent_nobody_knows_is_kept(saver: TimeloomSaver) -> None:
    config = new_thread()
    parent_id = str(uuid6())
    config["configurable"].update(checkpoint_ns="", checkpoint_id=parent_id)
    stored = saver.put(config, empty_checkpoint(), {"source": "input", "step": -1}, {})
    found = saver.get_tuple(stored)
    assert found is not None
    assert found.parent_config is not None
    assert found.parent_config["configurable"]["checkpoint_id"] == parent_id


def test_a_checkpoint_that_is_put_again_stays_as_it_is(saver: TimeloomSaver, client: Timeloom) -> None:
    config = new_thread()
    config["configurable"]["checkpoint_ns"] = ""
    checkpoint = empty_checkpoint()
    first = saver.put(config, checkpoint, {"source": "input", "step": -1}, {})
    assert saver.put(config, checkpoint, {"source": "loop", "step": 5}, {}) == first
    (execution,) = client.executions.list(session_id=config["configurable"]["thread_id"])
    assert execution.snapshot_count == 1


def test_deleting_a_thread_forgets_it_and_it_can_begin_anew(saver: TimeloomSaver, service: Service) -> None:
    config, other = new_thread(), new_thread()
    graph = fan_out_agent().compile(checkpointer=saver)
    for each in (config, other):
        graph.invoke({"notes": []}, each)
    with Timeloom(api_key=service.api_key, grpc_address=service.address) as elsewhere:
        TimeloomSaver(elsewhere).delete_thread(config["configurable"]["thread_id"])
    assert saver.get_tuple(config) is None
    assert list(saver.list(config)) == []
    assert saver.get_tuple(other) is not None
    graph.invoke({"notes": ["anew"]}, config)
    assert graph.get_state(config).values["notes"][0] == "anew"


def test_all_threads_are_listed_newest_first(service: Service) -> None:
    with (
        Service(service.databases).running() as alone,
        Timeloom(api_key=alone.api_key, grpc_address=alone.address) as client,
    ):
        saver = TimeloomSaver(client)
        graph = fan_out_agent().compile(checkpointer=saver)
        threads = [new_thread() for _ in range(5)]
        for number in (0, 1, 2, 3, 4, 1, 0):
            graph.invoke({"notes": []}, threads[number])
        found = list(saver.list(None))
        ids = [each.checkpoint["id"] for each in found]
        assert ids == sorted(ids, reverse=True)
        assert len(found) == 7 * 5
        assert [each.checkpoint["id"] for each in saver.list(None, limit=7)] == ids[:7]
        assert [each.checkpoint["id"] for each in saver.list(None, before=found[9].config, limit=3)] == ids[
            10:13
        ]
        loops = list(saver.list(None, filter={"source": "loop", "step": 2}))
        assert len(loops) == 5


def test_sixteen_agents_record_at_once_through_one_saver(saver: TimeloomSaver) -> None:
    barrier = threading.Barrier(16)

    def run(_: int) -> list[str]:
        config = new_thread()
        barrier.wait(30)
        run_tool_agent(saver, config)
        return [found.metadata["source"] for found in saver.list(config)]

    with ThreadPoolExecutor(16) as threads:
        histories = list(threads.map(run, range(16)))
    assert all(history == histories[0] for history in histories)
    assert len(histories[0]) == 10


async def test_many_asynchronous_agents_record_at_once(saver: TimeloomSaver) -> None:
    graph = tool_agent().compile(checkpointer=saver)

    async def run() -> int:
        config = new_thread()
        await graph.ainvoke({"messages": [HumanMessage("What is it?", id="q")]}, config)
        return len([found async for found in saver.alist(config)])

    assert set(await asyncio.gather(*(run() for _ in range(20)))) == {7}


def test_a_restart_of_the_service_is_only_a_delay(service: Service, saver: TimeloomSaver) -> None:
    config = new_thread()
    graph = tool_agent().compile(checkpointer=saver)
    with ThreadPoolExecutor(1) as thread:
        restarts = thread.submit(service.restart, 2)
        runs = 0
        while not restarts.done() or runs < 5:
            graph.invoke({"messages": [HumanMessage("More", id=f"q{runs}")]}, config)
            runs += 1
        restarts.result()
    questions = [m for m in graph.get_state(config).values["messages"] if isinstance(m, HumanMessage)]
    assert [message.id for message in questions] == [f"q{number}" for number in range(runs)]


def empty_checkpoint() -> Any:
    return {
        "v": 4,
        "id": str(uuid6()),
        "ts": "2026-11-23T12:00:00+00:00",
        "channel_values": {},
        "channel_versions": {},
        "versions_seen": {},
        "updated_channels": None,
    }


def versions(saver: TimeloomSaver) -> Iterator[str]:
    current: str | None = None
    while True:
        current = saver.get_next_version(current, None)
        yield current


def test_versions_grow_and_differ(saver: TimeloomSaver) -> None:
    source = versions(saver)
    found = [next(source) for _ in range(20)]
    assert found == sorted(set(found))
    assert saver.get_next_version(7, None).startswith(f"{8:032}.")
    assert saver.get_next_version("3.5", None) != saver.get_next_version("3.5", None)
