"""Whole threads of LangGraph agents: copied, forked, pruned and deleted, and what stays of others."""

from __future__ import annotations

import operator
import pickle
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypedDict, cast

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.channels import DeltaChannel
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.serde.base import CipherProtocol
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from tests.integration.sdk.langgraph_agent import agent
from tests.integration.sdk.service import Service
from timeloom import Timeloom
from timeloom.errors import AlreadyExistsError, NotFoundError, SnapshotInUseError
from timeloom.langgraph import TimeloomSaver


@pytest.fixture
def saver(client: Timeloom) -> TimeloomSaver:
    return TimeloomSaver(client)


def thread_of(config: RunnableConfig) -> str:
    return str(config["configurable"]["thread_id"])


def new_thread(thread_id: str = "") -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id or str(uuid.uuid4()), "checkpoint_ns": ""}}


def ask(graph: CompiledStateGraph[Any, Any, Any, Any], config: RunnableConfig, what: str = "owls") -> Any:
    """Asks the agent, which then waits for a human to pay."""
    result = graph.invoke({"messages": [HumanMessage(what)], "notes": [what]}, config)
    assert result["__interrupt__"]
    return result


def answer(graph: CompiledStateGraph[Any, Any, Any, Any], config: RunnableConfig, paying: str) -> list[str]:
    """Answers what the agent wants to know until it has finished, and returns what its tools said."""
    graph.invoke(Command(resume=paying), config)
    result = graph.invoke(Command(resume="the archive"), config)
    assert result["plan"]["done"]
    return [str(message.content) for message in result["messages"] if message.type == "tool"]


def history(saver: BaseCheckpointSaver[Any], config: RunnableConfig) -> list[Any]:
    return [found.checkpoint for found in saver.list({"configurable": {"thread_id": thread_of(config)}})]


# -- Copies and forks ----------------------------------------------------------------------


def test_a_thread_and_its_copy_go_their_own_ways(saver: TimeloomSaver, client: Timeloom) -> None:
    graph, here, there = agent(saver), new_thread(), new_thread()
    ask(graph, here)
    saver.copy_thread(thread_of(here), thread_of(there))
    assert history(saver, there) == history(saver, here)
    stored = sum(execution.snapshot_count for execution in client.executions.list(session_id=thread_of(here)))
    assert stored == len(history(saver, here))

    assert answer(graph, here, "yes") == ["2 pages about owls", "paid 2.5"]
    assert graph.get_state(there).next == ("tools",)
    assert answer(graph, there, "no") == ["2 pages about owls", "not paid"]
    assert graph.get_state(here).values["messages"][3].content == "paid 2.5"


def test_a_copy_within_a_subgraph_goes_on_there(saver: TimeloomSaver) -> None:
    graph, here, there = agent(saver), new_thread(), new_thread()
    ask(graph, here)
    graph.invoke(Command(resume="yes"), here)
    saver.copy_thread(thread_of(here), thread_of(there))
    inner = cast("Any", graph.get_state(there, subgraphs=True).tasks[0].state)
    assert inner.next == ("ask",)
    for config in (there, here):
        assert graph.invoke(Command(resume="a book"), config)["plan"]["done"]


def test_a_thread_that_exists_is_not_copied_to(saver: TimeloomSaver) -> None:
    graph, here, there = agent(saver), new_thread(), new_thread()
    for config in (here, there):
        ask(graph, config)
    before = history(saver, there)
    with pytest.raises(AlreadyExistsError):
        saver.copy_thread(thread_of(here), thread_of(there))
    assert history(saver, there) == before


async def test_a_deleted_thread_begins_anew_while_its_copy_stays(
    saver: TimeloomSaver, service: Service
) -> None:
    graph, here, there, third = agent(saver), new_thread(), new_thread(), new_thread()
    ask(graph, here)
    saver.copy_thread(thread_of(here), thread_of(there))
    expected = history(saver, there)
    for question in ("bats", "newts"):
        saver.delete_thread(thread_of(here))
        assert saver.get_tuple(here) is None
        assert history(saver, here) == []
        assert ask(graph, here, question)["notes"] == [question]
        saver.copy_thread(thread_of(here), thread_of(third))
        saver.delete_thread(thread_of(third))

    with Timeloom(api_key=service.api_key, grpc_address=service.address) as elsewhere:
        again = TimeloomSaver(elsewhere)
        assert agent(again).get_state(here).values["notes"] == ["newts"]
        assert history(again, there) == expected
        assert len(history(again, here)) == len(history(saver, here))
        threads = {found.config["configurable"]["thread_id"] for found in again.list(None)}
        assert {thread_of(here), thread_of(there)} <= threads
    assert len([found async for found in saver.alist(here)]) == len(history(saver, here))


def test_a_fork_has_the_past_up_to_a_checkpoint(saver: TimeloomSaver) -> None:
    graph, here, thread_id = agent(saver), new_thread(), str(uuid.uuid4())
    ask(graph, here)
    answer(graph, here, "yes")
    past = next(state for state in graph.get_state_history(here) if state.next == ("tools",))
    whole = history(saver, here)

    there = saver.fork_thread(past.config, thread_id)
    assert graph.get_state(there).values == past.values
    assert graph.invoke(None, there)["__interrupt__"]
    assert answer(graph, new_thread(thread_id), "no")[-1] == "not paid"
    assert history(saver, here) == whole
    with pytest.raises(AlreadyExistsError):
        saver.fork_thread(here, thread_id)
    nowhere: RunnableConfig = {"configurable": {**here["configurable"], "checkpoint_id": str(uuid6())}}
    with pytest.raises(NotFoundError):
        saver.fork_thread(nowhere, str(uuid.uuid4()))


def test_a_fork_with_an_edited_state_goes_on_from_there(saver: TimeloomSaver, client: Timeloom) -> None:
    """What the command line and the console do: the fork's session is the thread to go on with."""
    graph, here, there = agent(saver), new_thread(), new_thread()
    ask(graph, here)
    (execution,) = client.executions.list(session_id=thread_of(here))
    parent = saver.get_tuple(here)
    assert parent is not None
    patch = [
        {"op": "replace", "path": "/messages/1/tool_calls/0/args/query", "value": "eagles"},
        {"op": "add", "path": "/notes/-", "value": "edited"},
    ]
    client.executions.fork(execution.id, session_id=thread_of(there), patch=patch)

    found = saver.get_tuple(there)
    assert found is not None
    assert found.parent_config is not None
    assert found.parent_config["configurable"]["checkpoint_id"] == parent.checkpoint["id"]
    assert found.checkpoint["id"] > parent.checkpoint["id"]
    assert found.metadata["source"] == "update"
    assert found.metadata["step"] == parent.metadata["step"] + 1
    assert TimeloomSaver(client).get_tuple(found.config) == found
    assert [each.config for each in saver.list(there)][:2] == [found.config, found.parent_config]

    graph.invoke(None, there)
    assert answer(graph, there, "yes") == ["2 pages about eagles", "paid 2.5"]
    assert graph.get_state(there).values["notes"][:2] == ["owls", "edited"]
    assert graph.get_state(here).values["notes"] == ["owls"]

    saver.copy_thread(thread_of(there), thread_of(third := new_thread()))
    assert history(saver, third) == history(saver, there)
    copied: RunnableConfig = {"configurable": {**found.config["configurable"], "thread_id": thread_of(third)}}
    again = saver.get_tuple(copied)
    assert again is not None
    assert again.checkpoint == found.checkpoint


def test_a_rollback_takes_a_thread_back(saver: TimeloomSaver, client: Timeloom) -> None:
    graph, here, there = agent(saver), new_thread(), new_thread()
    ask(graph, here)
    (execution,) = client.executions.list(session_id=thread_of(here))
    client.executions.rollback(execution.id, 2, expected_head_sequence=execution.head_sequence)
    saver.copy_thread(thread_of(here), thread_of(there))
    for config in (here, there):
        assert len(history(saver, config)) == execution.head_sequence
        latest = saver.get_tuple(config)
        assert latest is not None
        assert latest.metadata["step"] == 0
        assert ask(graph, config, "bats")["notes"] == ["owls", "bats"]
        assert answer(graph, config, "yes")[-1] == "paid 2.5"


# -- Pruning and deleting --------------------------------------------------------------------


def lived(saver: BaseCheckpointSaver[Any]) -> tuple[CompiledStateGraph[Any, Any, Any, Any], RunnableConfig]:
    """An agent in the middle of its second question, with one run of its subgraph behind it."""
    graph, config = agent(saver), new_thread("pruned")
    ask(graph, config)
    answer(graph, config, "yes")
    ask(graph, config, "bats")
    graph.invoke(Command(resume="yes"), config)
    return graph, config


def namespaces(saver: BaseCheckpointSaver[Any], config: RunnableConfig) -> list[tuple[str, str, int]]:
    """What there is of each checkpoint, without identifiers."""
    found = saver.list({"configurable": {"thread_id": thread_of(config)}})
    return sorted(
        (each.config["configurable"]["checkpoint_ns"].split(":")[0], *_source(each.metadata))
        for each in found
    )


def _source(metadata: Any) -> tuple[str, int]:
    return metadata["source"], metadata["step"]


def test_pruning_leaves_what_langgraphs_own_checkpointer_leaves(
    saver: TimeloomSaver, database_url: str
) -> None:
    with PostgresSaver.from_conn_string(database_url) as peer:
        peer.setup()
        kept = []
        for each in (peer, saver):
            graph, config = lived(each)
            each.prune([thread_of(config)])
            kept.append(namespaces(each, config))
            assert graph.invoke(Command(resume="a book"), config)["plan"]["done"]
            each.prune([thread_of(config)])
            kept.append(namespaces(each, config))
    assert kept[2:] == kept[:2]
    assert [len(each) for each in kept[:2]] == [2, 1]


def test_pruning_passes_over_what_another_thread_shares(saver: TimeloomSaver) -> None:
    graph, here = lived(saver)
    there = new_thread()
    saver.copy_thread(thread_of(here), thread_of(there))
    shared = list(saver.list(there))
    graph.invoke(Command(resume="a book"), here)
    saver.prune([thread_of(here), thread_of(there)])
    assert list(saver.list(there)) == shared
    assert graph.invoke(Command(resume="a film"), there)["plan"]["done"]
    saver.delete_thread(thread_of(there))
    saver.prune([thread_of(here)])
    assert len(history(saver, here)) == 1
    saver.delete_thread(thread_of(here))


def test_pruning_says_what_it_does_not_know(saver: TimeloomSaver) -> None:
    with pytest.raises(ValueError, match="keep_oldest"):
        saver.prune([], strategy="keep_oldest")
    with pytest.raises(TypeError):
        saver.prune("thread")


def test_runs_that_another_thread_shares_are_not_deleted_in_silence(saver: TimeloomSaver) -> None:
    graph, here, there = agent(saver), new_thread(), new_thread()
    run_id = str(uuid.uuid4())
    ask(graph, {**here, "metadata": {"run_id": run_id}})
    answer(graph, here, "yes")
    saver.copy_thread(thread_of(here), thread_of(there))
    with pytest.raises(SnapshotInUseError):
        saver.delete_for_runs([run_id])
    saver.delete_thread(thread_of(there))
    before = history(saver, here)
    saver.delete_for_runs([run_id])
    after = history(saver, here)
    assert after == before[: len(after)]
    assert 0 < len(after) < len(before)
    assert graph.get_state(here).values["plan"]["done"]


def test_the_run_that_a_thread_stands_on_is_taken_back(saver: TimeloomSaver) -> None:
    graph, here = agent(saver), new_thread()
    ask(graph, here)
    answer(graph, here, "yes")
    finished = graph.get_state(here)
    run_id = str(uuid.uuid4())
    ask(graph, {**here, "metadata": {"run_id": run_id}}, "bats")
    saver.delete_for_runs([run_id])
    assert graph.get_state(here) == finished
    assert ask(graph, here, "newts")["notes"][-1] == "newts"
    saver.delete_thread(thread_of(here))


# -- Delta channels ----------------------------------------------------------------------------


def _extend(items: list[str], writes: Iterable[Any]) -> list[str]:
    return [*items, *(item for write in writes for item in write)]


class Log(TypedDict, total=False):
    """A list that is stored every third time it changes, and one that is stored always."""

    lines: Annotated[list[str], DeltaChannel(_extend, list, snapshot_frequency=3)]
    notes: Annotated[list[str], operator.add]


def logger(saver: BaseCheckpointSaver[Any]) -> CompiledStateGraph[Any, Any, Any, Any]:
    graph = StateGraph(Log)
    graph.add_node("first", lambda state: {"lines": [f"first {len(state['notes'])}"]})
    graph.add_node("second", lambda state: {"lines": [f"second {len(state['notes'])}"]})
    graph.add_node("last", lambda _: {"notes": ["last"]})
    graph.add_edge(START, "first")
    graph.add_edge(START, "second")
    graph.add_edge(["first", "second"], "last")
    return graph.compile(checkpointer=saver)


def states(graph: CompiledStateGraph[Any, Any, Any, Any], config: RunnableConfig) -> list[Any]:
    return [(state.values, state.next) for state in graph.get_state_history(config)]


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_delta_channels_are_what_they_are_in_memory(saver: TimeloomSaver, durability: Any) -> None:
    config, seen = new_thread(), []
    for each in (InMemorySaver(), saver):
        graph = logger(each)
        for number in range(5):
            graph.invoke({"lines": [f"line {number}"], "notes": [str(number)]}, config, durability=durability)
        past = [*graph.get_state_history(config)][5]
        graph.invoke(
            None, graph.update_state(past.config, {"lines": ["edited"]}, "last"), durability=durability
        )
        histories = [
            each.get_delta_channel_history(config=found.config, channels=["lines", "notes", "none"])
            for found in each.list(config)
        ]
        seen.append((states(graph, config), [_without_tasks(history) for history in histories]))
    assert seen[1] == seen[0]
    assert saver.get_delta_channel_history(config=config, channels=[]) == {}


def _without_tasks(histories: Any) -> Any:
    return {
        channel: (history.get("seed"), [write[1:] for write in history["writes"]])
        for channel, history in histories.items()
    }


def test_pruning_and_deleting_runs_keep_what_delta_channels_are_made_of(saver: TimeloomSaver) -> None:
    graph, config = logger(saver), new_thread()
    for number in range(7):
        run: RunnableConfig = {**config, "metadata": {"run_id": f"run {number}"}}
        graph.invoke({"lines": [f"line {number}"], "notes": [str(number)]}, run)
    whole = states(graph, config)
    saver.delete_for_runs([f"run {number}" for number in range(1, 6)])
    left = states(graph, config)
    assert len(left) < len(whole)
    assert [state for state in whole if state in left] == left
    saver.prune([thread_of(config)])
    pruned = states(graph, config)
    assert 1 <= len(pruned) < len(left)
    assert pruned[0] == whole[0]
    graph.invoke({"lines": ["more"], "notes": ["more"]}, config)
    assert graph.get_state(config).values["lines"][: len(whole[0][0]["lines"])] == whole[0][0]["lines"]


# -- Serdes --------------------------------------------------------------------------------------


@dataclass
class Plan:
    """A class that LangGraph's strict serde must be told of."""

    goal: str


class Trap:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


class Mirror(CipherProtocol):
    """A cipher for those who cannot read backwards."""

    def encrypt(self, plaintext: bytes) -> tuple[str, bytes]:
        return "mirror", plaintext[::-1]

    def decrypt(self, ciphername: str, ciphertext: bytes) -> bytes:
        assert ciphername == "mirror"
        return ciphertext[::-1]


class Planning(TypedDict, total=False):
    """A state with a value of a class."""

    plan: Any


def planner(saver: BaseCheckpointSaver[Any], plan: Any) -> CompiledStateGraph[Any, Any, Any, Any]:
    graph = StateGraph(Planning)
    graph.add_node("plan", lambda _: {"plan": plan})
    graph.add_edge(START, "plan")
    return graph.compile(checkpointer=saver)


def test_only_allowed_classes_are_constructed(client: Timeloom, database_url: str) -> None:
    serde = JsonPlusSerializer(allowed_msgpack_modules=None)
    found = []
    with PostgresSaver.from_conn_string(database_url) as peer:
        peer.serde = serde
        peer.setup()
        for each in (peer, TimeloomSaver(client, serde=serde)):
            config = new_thread()
            allowing = each.with_allowlist([(Plan.__module__, Plan.__name__)])
            planner(allowing, Plan("tea")).invoke({}, config)
            checkpoints = [allowing.get_tuple(config), each.get_tuple(config)]
            found.append([one.checkpoint["channel_values"]["plan"] for one in checkpoints if one])
    assert found[1] == found[0]
    assert found[1] == [Plan("tea"), {"goal": "tea"}]


def test_the_server_unpickles_nothing(client: Timeloom, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    saver, config = TimeloomSaver(client, serde=JsonPlusSerializer(pickle_fallback=True)), new_thread()
    planner(saver, {"trap": Trap(sprung), "goal": "tea"}).invoke({}, config)
    (execution,) = client.executions.list(session_id=thread_of(config))
    changes = client.snapshots.diff(execution.id, 1).changes
    states = [
        client.snapshots.get(execution.id, each.sequence).state
        for each in client.snapshots.list(execution.id)
    ]
    assert any(change.path.startswith("/plan") for change in changes)
    assert "pickle" in str(states[-1]["plan"])
    assert not sprung.exists()
    pickle.loads(pickle.dumps(Trap(sprung)))
    assert sprung.exists()


def test_an_encrypted_state_is_opaque_to_the_server(client: Timeloom) -> None:
    serde = EncryptedSerializer(Mirror())
    saver, config = TimeloomSaver(client, serde=serde), new_thread()
    graph = agent(saver)
    ask(graph, config, "secret owls")
    (execution,) = client.executions.list(session_id=thread_of(config))
    snapshot = client.snapshots.get(execution.id)
    assert "secret" not in str((snapshot.state, snapshot.metadata, snapshot.effects))
    assert "2 pages about secret owls" in answer(graph, config, "yes")
