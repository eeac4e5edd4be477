"""The SDK as its users have it: by the gateway, with an API key, finding the deltas itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from tests.bench.installation import Installation
from tests.bench.report import Figure, Section, median
from tests.bench.workload import State, Step
from timeloom import AsyncTimeloom

REPETITIONS = 3
AT_ONCE = 64
AT_ONCE_STEPS = 30


async def measure(section: Section, installation: Installation, steps: Sequence[Step], begin: int) -> None:
    """Measures steps that wait for their commits, one execution's and many's, and steps that do not."""
    states = [state for _, state, _ in steps]
    settled = states[begin : begin + AT_ONCE_STEPS + 1]
    api_key = await installation.create_api_key()
    async with AsyncTimeloom(api_key=api_key, grpc_address=installation.front_address) as client:
        one = [await _rate(client, states, executions=1) for _ in range(REPETITIONS)]
        many = [await _rate(client, settled, executions=AT_ONCE) for _ in range(REPETITIONS)]
        ahead = [await _rate(client, states, executions=1, wait=False) for _ in range(REPETITIONS)]
    for name, rates in (
        ("steps that wait for their commits", one),
        (f"the same, {AT_ONCE} executions at once", many),
        ("steps that do not wait, until all are committed", ahead),
    ):
        section.add(Figure(name=name, unit="steps/s", ours=median(rates)))


async def _rate(
    client: AsyncTimeloom, states: Sequence[State], *, executions: int, wait: bool = True
) -> float:
    """Records the states in so many executions at once, the first before the clock starts."""
    ready = asyncio.Barrier(executions + 1)

    async def run_agent() -> None:
        async with client.record(agent_id="bench", name="a measured execution") as execution:
            await execution.step("first", states[0])
            await ready.wait()
            for state in states[1:]:
                await execution.step("step", state, wait=wait)
            await execution.flush()
            await ready.wait()

    async with asyncio.TaskGroup() as agents:
        for _ in range(executions):
            agents.create_task(run_agent())
        await ready.wait()
        start = time.perf_counter()
        await ready.wait()
        return executions * (len(states) - 1) / (time.perf_counter() - start)
