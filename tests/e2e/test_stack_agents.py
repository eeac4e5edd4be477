"""Many agents at once, through the SDK as its users have it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.running_stack import RunningStack
from timeloom import Timeloom

pytestmark = pytest.mark.xdist_group("stack")

AGENTS = 16
STEPS = 50


def state_after(agent: int, step: int) -> dict[str, Any]:
    """A conversation that grows, a counter, and what no other agent has."""
    return {
        "agent": f"agent {agent}",
        "messages": [f"{agent}: message {number}" for number in range(step + 1)],
        "step": step,
    }


def run_agent(client: Timeloom, agent: int) -> str:
    with client.record(agent_id=f"agent {agent}", name="one of many") as execution:
        state: dict[str, Any] = {"agent": f"agent {agent}", "messages": [], "step": -1}
        for step in range(STEPS):
            # In place, as agents do; every other step does not wait for its commit.
            state["messages"].append(f"{agent}: message {step}")
            state["step"] = step
            execution.step(f"step {step}", state, wait=step % 2 == 0)
        execution.output = state["messages"][-1]
        return execution.id


def test_sixteen_agents_record_at_once_and_lose_nothing(stack: RunningStack) -> None:
    with (
        Timeloom(api_key=stack.api_key, grpc_address=stack.grpc_address) as client,
        ThreadPoolExecutor(AGENTS) as threads,
    ):
        execution_ids = list(threads.map(lambda agent: run_agent(client, agent), range(AGENTS)))
        for agent, execution_id in enumerate(execution_ids):
            execution = client.executions.get(execution_id)
            assert execution.status == "SUCCEEDED"
            assert execution.output == f"{agent}: message {STEPS - 1}"
            assert execution.snapshot_count == execution.head_sequence == STEPS
            names = [snapshot.step_name for snapshot in client.snapshots.list(execution_id)]
            assert names == [f"step {step}" for step in range(STEPS)]
            for step in range(STEPS):
                assert client.snapshots.get(execution_id, step + 1).state == state_after(agent, step)
