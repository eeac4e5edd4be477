"""A tail sends what was recorded, then each new snapshot at once, and ends with the execution."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import pytest_asyncio

from tests.integration.snapshots.service import Service, record_request, refusal_of, running_service
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom_platform.bus import Bus
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.outbox import OutboxRelay
from timeloom_platform.testing import eventually
from timeloom_snapshots import hints

LIMIT_SECONDS = 30.0


@pytest_asyncio.fixture
async def told(service: Service, nats_server: EmbeddedNats) -> AsyncIterator[EmbeddedNats]:
    """The service's relay and hints, as its process runs them."""
    bus = await Bus.connect(nats_server.url, name="test")
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(OutboxRelay(service.database, bus).run()),
            tasks.create_task(service.assembly.hints.listen(bus)),
        ]
        yield nats_server
        for task in running:
            task.cancel()
    await bus.close()


async def _next(call: Any) -> snapshots_pb2.Snapshot:
    async with asyncio.timeout(LIMIT_SECONDS):
        answer = await call.read()
    assert answer.HasField("snapshot"), answer
    snapshot: snapshots_pb2.Snapshot = answer.snapshot
    return snapshot


async def test_a_tail_sends_the_past_the_present_and_the_end(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is told of what comes, at once: it would not look for it by itself.
    monkeypatch.setattr(hints, "POLL_SECONDS_MIN", 2 * LIMIT_SECONDS)
    execution_id = await service.create()
    await service.batch(execution_id, [record_request(state=n, step_name=f"step {n}") for n in range(600)])
    call = service.tail(execution_id, after_sequence=2)
    found = [await _next(call) for _ in range(598)]
    assert [each.sequence for each in found] == list(range(3, 601))
    assert found == list((await service.list_snapshots(execution_id, page_size=1000)).snapshots)[2:]
    await service.record(execution_id, state="new")
    assert (await _next(call)).sequence == 601
    ended = await service.complete(execution_id, output=b'"done"')
    last = await call.read()
    assert last.execution == ended
    assert await call.read() is grpc.aio.EOF


async def test_a_tail_of_an_ended_execution_ends(service: Service) -> None:
    execution_id = await service.create()
    await service.record(execution_id, state=1)
    await service.complete(execution_id)
    answers = [answer async for answer in service.tail(execution_id)]
    assert [answer.snapshot.sequence for answer in answers] == [1, 0]
    assert [answer.execution.id for answer in answers] == ["", execution_id]


@pytest.mark.usefixtures("told")
async def test_a_tail_hears_of_other_replicas(service: Service, database_url: str) -> None:
    execution_id = await service.create()
    async with running_service(database_url, project_id=service.project_id) as other:
        call = service.tail(execution_id)
        for number in range(1, 21):
            await other.record(execution_id, state=number)
            assert (await _next(call)).sequence == number
        call.cancel()


async def test_a_tail_goes_on_without_the_bus(
    service: Service, told: EmbeddedNats, database_url: str
) -> None:
    execution_id = await service.create()
    async with running_service(database_url, project_id=service.project_id) as other:
        call = service.tail(execution_id)
        await other.record(execution_id, state=1)
        assert (await _next(call)).sequence == 1
        await told.kill()
        await other.record(execution_id, state=2)
        assert (await _next(call)).sequence == 2
        await other.record(execution_id, state=3)
        assert (await _next(call)).sequence == 3
        await told.start()
        await other.record(execution_id, state=4)
        assert (await _next(call)).sequence == 4
        call.cancel()


async def test_a_tail_that_is_cancelled_leaves_nothing_behind(service: Service) -> None:
    execution_id = await service.create()
    calls = [service.tail(execution_id) for _ in range(5)]
    await service.record(execution_id, state=1)
    for call in calls:
        await _next(call)
    assert service.assembly.hints.follower_count == 5
    for call in calls:
        call.cancel()
    await eventually(lambda: service.assembly.hints.follower_count == 0)


async def test_a_tail_of_nothing(service: Service) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await service.tail("00000000-0000-4000-8000-000000000000").read()
    assert refusal_of(caught.value).reason == "NOT_FOUND"
