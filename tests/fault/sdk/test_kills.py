"""Agents that record while the processes they depend on are killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any, TypedDict

import pytest
from langgraph.graph import START, StateGraph

from tests.helpers.stack import StackProcess
from timeloom import Timeloom
from timeloom.langgraph import TimeloomSaver

pytestmark = pytest.mark.fault

AGENTS = 4


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackProcess]:
    directory = tmp_path_factory.mktemp("stack")
    for folder in (directory, *directory.parents[:2]):
        folder.chmod(0o711)  # PostgreSQL, which may run under another account, must pass through
    stack = StackProcess(directory / "data")
    stack.up()
    yield stack
    stack.end()


@pytest.fixture
def client(stack: StackProcess) -> Iterator[Timeloom]:
    credentials = stack.credentials
    with Timeloom(
        api_key=credentials["apiKey"], grpc_address=credentials["grpcAddress"], timeout_seconds=60
    ) as client:
        yield client


def kill(stack: StackProcess, name: str) -> None:
    """Kills a process and waits until the supervisor has started another one."""
    before = stack.state()["processes"][name]
    os.kill(before["pid"], signal.SIGKILL)
    stack.wait_for(lambda state: state["ready"] and state["processes"][name]["restarts"] > before["restarts"])


def record_until(stop: Event, started: Barrier, client: Timeloom, agent: int) -> tuple[str, list[Any]]:
    """Records steps, every third waiting for its commit, until told to stop; returns what was recorded."""
    with client.record(agent_id=f"agent {agent}") as execution:
        started.wait(30)
        state: dict[str, Any] = {"agent": agent, "messages": []}
        expected: list[Any] = []
        while not stop.is_set() or len(expected) < 100:
            state["messages"] = [*state["messages"], f"message {len(expected)}"][-20:]
            state["step"] = len(expected)
            execution.step(str(len(expected)), state, wait=len(expected) % 3 == 0)
            expected.append(dict(state))
        return execution.id, expected


@pytest.mark.parametrize("victim", ["memory", "snapshots", "gateway", "postgres", "nats"])
def test_nothing_is_lost_or_doubled_when_a_process_is_killed(
    stack: StackProcess, client: Timeloom, victim: str
) -> None:
    stop, started = Event(), Barrier(AGENTS + 1)
    with ThreadPoolExecutor(AGENTS) as threads:
        agents = [threads.submit(record_until, stop, started, client, agent) for agent in range(AGENTS)]
        try:
            started.wait(30)
            for _ in range(2):
                kill(stack, victim)
        finally:
            stop.set()
        recorded = [agent.result() for agent in agents]
    for execution_id, expected in recorded:
        snapshots = list(client.snapshots.list(execution_id, page_size=1000))
        assert [snapshot.step_name for snapshot in snapshots] == [str(step) for step in range(len(expected))]
        for step in (0, 1, len(expected) // 2, len(expected) - 1):
            assert client.snapshots.get(execution_id, step + 1).state == expected[step]
        assert client.executions.get(execution_id).status == "SUCCEEDED"


class Counting(TypedDict):
    count: int


def test_a_langgraph_agent_goes_on_after_a_kill(stack: StackProcess, client: Timeloom) -> None:
    graph = StateGraph(Counting)
    graph.add_node("increment", lambda state: {"count": state["count"] + 1})
    graph.add_edge(START, "increment")
    agent = graph.compile(checkpointer=TimeloomSaver(client))
    thread: Any = {"configurable": {"thread_id": "survivor"}}
    agent.invoke({"count": 0}, thread)
    stop = Event()

    def run() -> int:
        runs = 1
        while not stop.is_set() or runs < 20:
            agent.invoke({"count": agent.get_state(thread).values["count"]}, thread)
            runs += 1
        return runs

    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(run)
        try:
            kill(stack, "snapshots")
            kill(stack, "gateway")
        finally:
            stop.set()
        runs = running.result()
    assert agent.get_state(thread).values == {"count": runs}
    (execution,) = client.executions.list(session_id="survivor")
    assert execution.snapshot_count == 3 * runs
