"""Many writers, on one replica or several: each snapshot once, in order, a clear answer for the loser."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest_asyncio

from tests.integration.snapshots.service import (
    Service,
    record_request,
    refusal_of,
    refused,
    running_service,
)
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom.state.delta import Set, Splice

WRITERS = 8
AGENTS = 16
STEPS = 25


@pytest_asyncio.fixture
async def replicas(service: Service, database_url: str) -> AsyncIterator[list[Service]]:
    """Three replicas of the service on one database."""
    async with AsyncExitStack() as stack:
        others = [
            await stack.enter_async_context(running_service(database_url, project_id=service.project_id))
            for _ in range(2)
        ]
        yield [service, *others]


async def test_two_writers_of_one_parent(replicas: list[Service]) -> None:
    execution_id = await replicas[0].create()
    await replicas[0].record(execution_id, state={"n": 0})
    for round_number in range(1, 20):
        attempts = [
            replica.record(execution_id, delta=[Set(("n",), writer)], parent_sequence=round_number)
            for writer, replica in enumerate(replicas)
        ]
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
        won = [writer for writer, outcome in enumerate(outcomes) if not isinstance(outcome, BaseException)]
        lost = [outcome for outcome in outcomes if isinstance(outcome, grpc.aio.AioRpcError)]
        assert (len(won), len(lost)) == (1, 2)
        for error in lost:
            told = refusal_of(error)
            assert (told.status, told.reason) == (grpc.StatusCode.ABORTED, "STALE_PARENT")
            assert told.metadata == {
                "headSequence": str(round_number + 1),
                "parentSequence": str(round_number),
            }
        assert await replicas[0].state(execution_id) == {"n": won[0]}
    assert await replicas[0].verify(execution_id) is None


async def test_writers_without_a_parent_are_recorded_one_after_the_other(replicas: list[Service]) -> None:
    execution_id = await replicas[0].create()
    await replicas[0].record(execution_id, state={"seen": []})

    async def write(writer: int) -> None:
        replica = replicas[writer % len(replicas)]
        for step in range(STEPS):
            while True:
                try:
                    await replica.record(
                        execution_id,
                        delta=[Splice(("seen",), 0, 0, [[writer, step]])],
                        key=f"{writer} {step}",
                    )
                    break
                except grpc.aio.AioRpcError as error:
                    assert refusal_of(error).reason == "CONFLICT"  # noqa: PT017 - any other would be wrong

    await asyncio.gather(*map(write, range(WRITERS)))
    seen = (await replicas[0].state(execution_id))["seen"]
    assert Counter(map(tuple, seen)) == {
        (writer, step): 1 for writer in range(WRITERS) for step in range(STEPS)
    }
    for writer in range(WRITERS):
        assert [step for who, step in reversed(seen) if who == writer] == list(range(STEPS))
    execution = await replicas[1].execution(execution_id)
    assert (execution.head_sequence, execution.snapshot_count) == (WRITERS * STEPS + 1,) * 2
    assert await replicas[2].verify(execution_id) is None


async def test_one_key_at_once_is_recorded_once(replicas: list[Service]) -> None:
    execution_id = await replicas[0].create()
    for number in range(10):
        recorded = await asyncio.gather(
            *(
                replica.record(execution_id, state={"n": number}, key=f"key {number}")
                for replica in replicas
                for _ in range(3)
            )
        )
        assert {snapshot.SerializeToString() for snapshot in recorded} == {recorded[0].SerializeToString()}
        assert recorded[0].sequence == number + 1
    assert await replicas[0].verify(execution_id) is None


async def test_sixteen_agents_record_at_once(service: Service) -> None:
    ids = [await service.create() for _ in range(AGENTS)]

    async def agent(number: int) -> None:
        await service.record(ids[number], state={"agent": number, "steps": []})
        for step in range(STEPS):
            recorded = await service.record(
                ids[number], delta=[Splice(("steps",), step, 0, [step])], parent_sequence=step + 1
            )
            assert recorded.sequence == step + 2

    await asyncio.gather(*map(agent, range(AGENTS)))
    for number, execution_id in enumerate(ids):
        assert await service.state(execution_id) == {"agent": number, "steps": list(range(STEPS))}
        assert await service.verify(execution_id) is None


async def test_a_refused_snapshot_harms_none_of_its_group(service: Service) -> None:
    ids = [await service.create() for _ in range(20)]
    calls: list[Any] = []
    for number, execution_id in enumerate(ids):
        content: dict[str, Any] = (
            {"state": number} if number % 2 else {"delta": [Set(("missing", "path"), 1)]}
        )
        calls.append(service.record(execution_id, **content))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    for number, outcome in enumerate(outcomes):
        assert isinstance(outcome, grpc.aio.AioRpcError) == (number % 2 == 0)


async def test_an_execution_that_ends_meanwhile_takes_no_more(replicas: list[Service]) -> None:
    execution_id = await replicas[0].create()
    await replicas[0].record(execution_id, state=1)
    await replicas[1].complete(execution_id)
    for replica in replicas:
        assert (await refused(replica.record(execution_id, state=2))).reason == "EXECUTION_ENDED"
    assert (await replicas[0].execution(execution_id)).head_sequence == 1


async def test_an_execution_that_is_made_anew_is_not_taken_for_the_old_one(replicas: list[Service]) -> None:
    execution_id = await replicas[0].create()
    await replicas[0].record(execution_id, state={"old": 1})
    await replicas[0].record(execution_id, state={"old": 2})
    request = messages.DeleteExecutionRequest(execution_id=execution_id)
    await replicas[1].stub.DeleteExecution(request, metadata=replicas[1].metadata)
    await replicas[1].create(execution_id=execution_id)
    await replicas[1].batch(execution_id, [record_request(state={"new": n}) for n in (1, 2)])
    await replicas[0].record(execution_id, delta=[Set(("more",), 1)])
    assert await replicas[0].state(execution_id) == {"new": 2, "more": 1}
    assert await replicas[0].verify(execution_id) is None


async def test_a_branch_from_what_is_just_being_recorded(service: Service) -> None:
    execution_id = await service.create()
    await service.record(execution_id, state={"n": 1})
    calls = [service.record(execution_id, delta=[Set(("n",), n)]) for n in range(2, 12)]
    calls.append(service.record(execution_id, delta=[Set(("b",), 1)], parent_sequence=3, branch=True))
    recorded = await asyncio.gather(*calls, return_exceptions=True)
    branch = recorded[-1]
    if isinstance(branch, BaseException):
        assert isinstance(branch, grpc.aio.AioRpcError)
        assert refusal_of(branch).reason == "INVALID_FIELD", "it came before its parent"
    else:
        assert await service.state(execution_id, branch.sequence) == {"n": 3, "b": 1}
    assert await service.verify(execution_id) is None
