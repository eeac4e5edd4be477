"""The gRPC front: one port, credentials checked once, calls of all kinds passed through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
import httpx
import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.integration.gateway.backend import MemorySnapshots, tailed
from tests.integration.gateway.house import House, Tenant, make_tenant, open_house
from tests.integration.gateway.time_travel import UNKNOWN, MemoryTimeTravel
from timeloom.final_status import FinalStatus
from timeloom.identity.v1 import identity_service_pb2, identity_service_pb2_grpc
from timeloom.snapshots.v1 import (
    snapshots_service_pb2,
    snapshots_service_pb2_grpc,
    time_travel_service_pb2,
    time_travel_service_pb2_grpc,
)
from timeloom_platform import failures
from timeloom_platform.testing import Databases, eventually

if TYPE_CHECKING:  # stubs know this class, modules do not
    from timeloom.snapshots.v1.snapshots_service_pb2_grpc import SnapshotsServiceAsyncStub
    from timeloom.snapshots.v1.time_travel_service_pb2_grpc import TimeTravelServiceAsyncStub

pytestmark = pytest.mark.asyncio(loop_scope="module")

pb, travel = snapshots_service_pb2, time_travel_service_pb2


def bearer(key: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {key}"),)


@pytest_asyncio.fixture(loop_scope="module")
async def channel(house: House) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(house.gateway.grpc_address) as opened:
        yield opened


@pytest.fixture
def snapshots(channel: grpc.aio.Channel) -> SnapshotsServiceAsyncStub:
    return snapshots_service_pb2_grpc.SnapshotsServiceStub(channel)


@pytest.fixture
def time(channel: grpc.aio.Channel) -> TimeTravelServiceAsyncStub:
    return time_travel_service_pb2_grpc.TimeTravelServiceStub(channel)


async def test_a_unary_call_passes_through(
    snapshots: SnapshotsServiceAsyncStub, tenant: Tenant, backend: MemorySnapshots
) -> None:
    metadata = (*bearer(tenant.keys["write"]), ("x-request-id", "mine-2"))
    call = snapshots.CreateExecution(pb.CreateExecutionRequest(agent_id="a"), metadata=metadata, timeout=12)
    assert (await call).execution.agent_id == "a"
    assert backend.calls == ["mine-2"]
    assert backend.remaining[0] is not None
    assert 0 < backend.remaining[0] < 12.5
    assert dict(await call.trailing_metadata())["x-request-id"] == "mine-2"


async def test_an_error_arrives_with_its_details(
    snapshots: SnapshotsServiceAsyncStub, tenant: Tenant
) -> None:
    request = pb.GetExecutionRequest(execution_id=UNKNOWN)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await snapshots.GetExecution(request, metadata=bearer(tenant.keys["read"]))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert caught.value.details() == "There is no such execution."
    assert failures.reason_of(caught.value) == "NOT_FOUND"


async def test_a_server_stream_passes_through_and_its_cancellation_too(
    snapshots: SnapshotsServiceAsyncStub, tenant: Tenant, backend: MemorySnapshots
) -> None:
    metadata = bearer(tenant.keys["write"])
    execution = (
        await snapshots.CreateExecution(pb.CreateExecutionRequest(agent_id="a"), metadata=metadata)
    ).execution
    backend.tail.put_nowait(tailed(1))
    call = snapshots.TailSnapshots(pb.TailSnapshotsRequest(execution_id=execution.id), metadata=metadata)
    first: Any = await call.read()
    assert first.snapshot.sequence == 1
    assert backend.tails_open == 1
    call.cancel()
    await eventually(lambda: backend.tails_open == 0)


async def test_a_stream_each_way_passes_through(snapshots: SnapshotsServiceAsyncStub, tenant: Tenant) -> None:
    async def requests() -> AsyncIterator[pb.StreamSnapshotsRequest]:
        for number in range(100):
            yield pb.StreamSnapshotsRequest(
                request_id=number, snapshots=[pb.RecordSnapshotRequest(execution_id=UNKNOWN, state=b"1")]
            )

    call = snapshots.StreamSnapshots(requests(), metadata=bearer(tenant.keys["write"]))
    assert [answer.request_id async for answer in call] == list(range(100))


class TestStreams:
    """What the service behind the front sees of streams that a client begins, breaks off or overdoes."""

    async def test_a_stream_of_requests_has_one_answer(
        self, time: TimeTravelServiceAsyncStub, tenant: Tenant, time_travel: MemoryTimeTravel
    ) -> None:
        parts = [bytes([number]) * 1000 for number in range(100)]

        async def requests() -> AsyncIterator[travel.ImportExecutionRequest]:
            for part in parts:
                yield travel.ImportExecutionRequest(chunk=part)

        call = time.ImportExecution(requests(), metadata=bearer(tenant.keys["write"]))
        assert (await call).execution.agent_id == "100000"
        assert time_travel.parts == parts
        assert "x-request-id" in dict(await call.trailing_metadata())

    async def test_a_refusal_in_the_middle_of_the_requests_is_the_answer(
        self, time: TimeTravelServiceAsyncStub, tenant: Tenant, time_travel: MemoryTimeTravel
    ) -> None:
        time_travel.refuses_after = 1

        async def requests() -> AsyncIterator[travel.ImportExecutionRequest]:
            while True:
                yield travel.ImportExecutionRequest(chunk=b"part")

        for _ in range(20):
            call = time.ImportExecution(requests(), metadata=bearer(tenant.keys["write"]))
            status = FinalStatus(call)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call
            error = await status.of(caught.value)
            assert error is not None
            assert (error.details(), failures.reason_of(error)) == ("chunk is damaged", "INVALID_FIELD")
        await eventually(lambda: time_travel.open_calls == 0)

    async def test_the_call_behind_is_cancelled_with_a_stream_of_requests(
        self, time: TimeTravelServiceAsyncStub, tenant: Tenant, time_travel: MemoryTimeTravel
    ) -> None:
        time_travel.taking.clear()
        call: Any = time.ImportExecution(metadata=bearer(tenant.keys["write"]))
        await call.write(travel.ImportExecutionRequest(chunk=b"part"))
        await eventually(lambda: time_travel.open_calls == 1)
        call.cancel()
        await eventually(lambda: time_travel.open_calls == 0)

    async def test_streams_both_ways_take_turns(
        self, time: TimeTravelServiceAsyncStub, tenant: Tenant, time_travel: MemoryTimeTravel
    ) -> None:
        call: Any = time.ControlPlayback(metadata=bearer(tenant.keys["read"]))
        for number in range(1, 4):
            await call.write(
                travel.ControlPlaybackRequest(request_id=number, jump=travel.JumpPlayback(sequence=number))
            )
            answer = await call.read()
            assert (answer.request_id, answer.frame.snapshot.sequence) == (number, number)
        await call.done_writing()
        assert (await call.read()).status.speed == 2.0
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK
        assert time_travel.projects == [tenant.project_id]

    async def test_the_call_behind_is_cancelled_with_streams_both_ways(
        self, time: TimeTravelServiceAsyncStub, tenant: Tenant, time_travel: MemoryTimeTravel
    ) -> None:
        call: Any = time.ControlPlayback(metadata=bearer(tenant.keys["read"]))
        await call.write(travel.ControlPlaybackRequest(jump=travel.JumpPlayback(sequence=1)))
        await call.read()
        call.cancel()
        await eventually(lambda: time_travel.open_calls == 0)

    async def test_a_client_that_reads_nothing_slows_the_service_down(
        self, time: TimeTravelServiceAsyncStub, tenant: Tenant, time_travel: MemoryTimeTravel
    ) -> None:
        for _ in range(256):
            time_travel.file.put_nowait(b"x" * 1_000_000)
        time_travel.file.put_nowait(None)
        call: Any = time.ExportExecution(
            travel.ExportExecutionRequest(execution_id=UNKNOWN[:-1] + "8"),
            metadata=bearer(tenant.keys["read"]),
        )
        assert len((await call.read()).chunk) == 1_000_000
        left = -1
        while time_travel.file.qsize() != left:
            left = time_travel.file.qsize()
            for _ in range(20):
                answer: Any = await time.ExportExecution(
                    travel.ExportExecutionRequest(execution_id=UNKNOWN), metadata=bearer("tl_wrong")
                ).code()
                assert answer is grpc.StatusCode.UNAUTHENTICATED
        assert left > 200
        read = 1
        while await call.read() is not grpc.aio.EOF:
            read += 1
        assert read == 256


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        ((), grpc.StatusCode.UNAUTHENTICATED),
        (bearer("tl_wrong"), grpc.StatusCode.UNAUTHENTICATED),
        ((("x-timeloom-identity", "forged"),), grpc.StatusCode.UNAUTHENTICATED),
        (None, grpc.StatusCode.PERMISSION_DENIED),
    ],
)
async def test_credentials_are_checked_at_the_front(
    snapshots: SnapshotsServiceAsyncStub,
    tenant: Tenant,
    backend: MemorySnapshots,
    credentials: tuple[tuple[str, str], ...] | None,
    code: grpc.StatusCode,
) -> None:
    metadata = bearer(tenant.keys["read"]) if credentials is None else credentials
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await snapshots.CreateExecution(pb.CreateExecutionRequest(agent_id="a"), metadata=metadata)
    assert caught.value.code() is code
    assert backend.calls == []


async def test_identity_is_served_by_the_same_port(channel: grpc.aio.Channel, tenant: Tenant) -> None:
    stub = identity_service_pb2_grpc.IdentityServiceStub(channel)
    answer = await stub.GetCaller(
        identity_service_pb2.GetCallerRequest(), metadata=bearer(tenant.keys["read"])
    )
    assert answer.caller.project_id == tenant.project_id


async def test_health_and_reflection_cover_every_service(channel: grpc.aio.Channel) -> None:
    name = "timeloom.snapshots.v1.SnapshotsService"
    health: Any = health_pb2_grpc.HealthStub(channel)
    answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    reflection: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[arg-type]  # typed for the other kind
    call = reflection.ServerReflectionInfo(
        iter([reflection_pb2.ServerReflectionRequest(file_containing_symbol=name)])
    )
    async for response in call:
        assert len(response.file_descriptor_response.file_descriptor_proto) >= 1


async def test_a_service_that_is_away_is_unavailable(databases: Databases) -> None:
    async with open_house(databases) as house:
        tenant = await make_tenant(house)
        await house.server.stop(0, notice_seconds=0)
        async with (
            house.client(tenant) as api,
            grpc.aio.insecure_channel(house.gateway.grpc_address) as front,
        ):
            answer = await api.get("/api/executions", headers={"request-timeout": "0.5"})
            assert answer.status_code in (503, 504)
            assert (await api.get("/api/caller")).status_code == 200
            ready = await eventually(lambda: _missing(api))
            stub = snapshots_service_pb2_grpc.SnapshotsServiceStub(front)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stub.ListExecutions(
                    pb.ListExecutionsRequest(), metadata=bearer(tenant.keys["read"]), timeout=0.5
                )
    assert ready == dict.fromkeys(
        ("memory", "migration", "observability", "snapshots", "workflows", "workspace"), "not reachable"
    )
    assert caught.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


async def _missing(api: httpx.AsyncClient) -> dict[str, str] | None:
    answer = await api.get("/readyz")
    missing: dict[str, str] | None = answer.json().get("missing")
    assert answer.status_code == 200
    return missing
