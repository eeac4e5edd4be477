"""The asyncio client: the same promises, in the caller's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.sdk.service import Service
from timeloom import AsyncTimeloom, errors
from timeloom.resources import EffectKind, ExecutionStatus


@pytest.fixture
async def aclient(service: Service) -> AsyncIterator[AsyncTimeloom]:
    async with AsyncTimeloom(api_key=service.api_key, grpc_address=service.address) as client:
        yield client


async def states_of(client: AsyncTimeloom, execution_id: str) -> list[Any]:
    return [
        (await client.snapshots.get(execution_id, snapshot.sequence)).state
        async for snapshot in client.snapshots.list(execution_id)
    ]


async def test_recording_and_looking_back(aclient: AsyncTimeloom) -> None:
    async with aclient.record(agent_id="agent", input="q") as execution:
        execution.effect(EffectKind.LLM, "model", "asked", "answered")
        step = await execution.step("first", {"n": [1]})
        assert step.sequence == 1
        pending = await execution.step("second", {"n": [1, 2]}, wait=False)
        assert await pending == 2
        execution.output = "done"

    found = await aclient.executions.get(execution.id)
    assert (found.status, found.output, found.snapshot_count) == (ExecutionStatus.SUCCEEDED, "done", 2)
    assert await states_of(aclient, execution.id) == [{"n": [1]}, {"n": [1, 2]}]
    assert [effect.response for effect in (await aclient.snapshots.get(execution.id, 1)).effects] == [
        "answered"
    ]
    assert [change.path for change in (await aclient.snapshots.diff(execution.id, 1, 2)).changes] == ["/n/1"]
    assert [snapshot.step_name async for snapshot in aclient.snapshots.tail(execution.id)] == [
        "first",
        "second",
    ]


async def test_hundred_tasks_record_at_once(aclient: AsyncTimeloom) -> None:
    async def run(agent: int) -> str:
        async with aclient.record(agent_id=f"agent {agent}") as execution:
            for number in range(10):
                await execution.step(str(number), {"agent": agent, "n": number})
            return execution.id

    ids = await asyncio.gather(*map(run, range(100)))
    for agent in (0, 50, 99):
        assert await states_of(aclient, ids[agent]) == [{"agent": agent, "n": number} for number in range(10)]
    counts = [(await aclient.executions.get(execution_id)).snapshot_count for execution_id in ids]
    assert counts == [10] * 100


async def test_a_task_that_is_cancelled_leaves_a_cancelled_execution(aclient: AsyncTimeloom) -> None:
    recording = asyncio.Event()
    ids: list[str] = []

    async def run() -> None:
        async with aclient.record(agent_id="agent") as execution:
            ids.append(execution.id)
            await execution.step("first", {"n": 1})
            recording.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    await recording.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await aclient.executions.get(ids[0])).status is ExecutionStatus.CANCELLED


async def test_an_exception_fails_the_execution(aclient: AsyncTimeloom) -> None:
    with pytest.raises(ValueError, match="no"):
        async with aclient.record(agent_id="agent") as execution:
            raise ValueError("no")
    found = await aclient.executions.get(execution.id)
    assert found.error is not None
    assert (found.status, found.error.type) == (ExecutionStatus.FAILED, "ValueError")


async def test_a_step_that_is_no_longer_waited_for_is_recorded_all_the_same(aclient: AsyncTimeloom) -> None:
    async with aclient.record(agent_id="agent") as execution:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await execution.step("impatient", {"n": 1})
        await execution.step("patient", {"n": 2})
    assert (await states_of(aclient, execution.id))[-1] == {"n": 2}


async def test_a_client_belongs_to_one_event_loop(service: Service) -> None:
    client = AsyncTimeloom(api_key=service.api_key, grpc_address=service.address)

    def use_elsewhere() -> None:
        asyncio.run(client.executions.get("x"))

    with pytest.raises(errors.InvalidFieldError):
        await client.executions.get("x")
    with pytest.raises(errors.ConfigurationError, match="event loop"):
        await asyncio.to_thread(use_elsewhere)
    await client.close()
