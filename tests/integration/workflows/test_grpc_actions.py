"""Steps that call gRPC methods, and work on memories: against real servers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID, uuid4

import grpc
import grpc.aio
import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from tests.integration.memory.service import MemoryClient, running_service
from timeloom_memory.assembly import PACKAGE, ROOM
from timeloom_platform.channel import open_channel
from timeloom_platform.testing.databases import Rooms
from timeloom_workflows.actions.call import ActionError, Call, Runner
from timeloom_workflows.actions.grpc import GrpcRunner
from timeloom_workflows.actions.http_client import private_hosts
from timeloom_workflows.actions.memory import SERVICES, MemoryRunner

EXECUTION = UUID(int=7)
HEALTH = "grpc.health.v1.Health"


class Health(health_pb2_grpc.HealthServicer):
    """Answers, and remembers what it was told besides."""

    def __init__(self) -> None:
        self.metadata: list[dict[str, Any]] = []

    async def Check(  # noqa: N802 - gRPC's
        self, request: health_pb2.HealthCheckRequest, context: Any
    ) -> health_pb2.HealthCheckResponse:
        self.metadata.append(dict(context.invocation_metadata()))
        if request.service != "mail":
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such service")
        return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


@pytest.fixture
def health() -> Health:
    return Health()


@pytest_asyncio.fixture
async def address(health: Health) -> AsyncIterator[str]:
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)  # type: ignore[arg-type,no-untyped-call,unused-ignore]
    reflection.enable_server_reflection([HEALTH, reflection.SERVICE_NAME], server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"localhost:{port}"
    await server.stop(None)


def call(action: Mapping[str, Any], *, project_id: UUID = EXECUTION, timeout_seconds: float = 10.0) -> Call:
    return Call(
        project_id=project_id,
        execution_id=EXECUTION,
        step_id="ask",
        attempt=1,
        action=action,
        timeout_seconds=timeout_seconds,
    )


async def failed(runner: Runner, action: Mapping[str, Any]) -> ActionError:
    with pytest.raises(ActionError) as raised:
        await runner.run(call(action))
    return raised.value


async def test_a_method_is_called_that_the_server_describes(address: str, health: Health) -> None:
    runner = GrpcRunner(private_hosts("localhost"))
    action = {
        "address": address,
        "method": f"{HEALTH}/Check",
        "message": {"service": "mail"},
        "metadata": {"authorization": "Bearer x"},
    }
    for _ in range(2):
        assert json.loads(await runner.run(call(action))) == {"status": "SERVING"}
    assert health.metadata[0]["idempotency-key"] == f"{EXECUTION}/ask"
    assert health.metadata[0]["authorization"] == "Bearer x"


async def test_what_the_server_refuses_is_told(address: str) -> None:
    error = await failed(
        GrpcRunner(private_hosts("localhost")), {"address": address, "method": f"{HEALTH}/Check"}
    )
    assert (error.type, error.is_final) == ("GrpcError", True)
    assert error.message == f"{HEALTH}/Check at {address} failed with NOT_FOUND: no such service"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"method": "some.Service/Check"}, "does not describe a service some.Service"),
        ({"method": f"{HEALTH}/Chec"}, "describes no method"),
        ({"method": f"{HEALTH}/Watch"}, "is a stream"),
        ({"method": "Check"}, "must be"),
        ({"message": {"sevice": "mail"}}, "does not fit grpc.health.v1.HealthCheckRequest"),
        ({"metadata": {"grpc-timeout": "1S"}}, "metadata"),
        ({"address": "localhost"}, "host:port"),
    ],
)
async def test_what_cannot_be_called_is_refused_for_good(
    address: str, fields: dict[str, Any], words: str
) -> None:
    action = {"address": address, "method": f"{HEALTH}/Check", "message": {"service": "mail"}, **fields}
    error = await failed(GrpcRunner(private_hosts("localhost")), action)
    assert (error.type, error.is_final) == ("InvalidActionError", True)
    assert words in error.message


async def test_a_private_address_is_not_called(address: str, health: Health) -> None:
    error = await failed(GrpcRunner(private_hosts("")), {"address": address, "method": f"{HEALTH}/Check"})
    assert (error.type, error.is_final) == ("PrivateAddressError", True)
    assert health.metadata == []


async def test_nobody_is_there() -> None:
    error = await failed(
        GrpcRunner(private_hosts("localhost")), {"address": "localhost:1", "method": f"{HEALTH}/Check"}
    )
    assert (error.type, error.is_final) == ("GrpcError", False)


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE}


@pytest_asyncio.fixture
async def memory_service(database_url: str) -> AsyncIterator[MemoryClient]:
    async with running_service(database_url) as running:
        yield running


@pytest_asyncio.fixture
async def memory(memory_service: MemoryClient) -> AsyncIterator[MemoryRunner]:
    server = memory_service.server
    async with open_channel(server.address, services=SERVICES, tokens=server.tokens) as channel:
        yield MemoryRunner(channel)


async def done(memory: MemoryRunner, project_id: UUID, operation: str, **fields: Any) -> Any:
    action = {"operation": operation, "input": fields}
    return json.loads(await memory.run(call(action, project_id=project_id)))


async def test_a_memory_is_created_once_however_often_it_is_tried(
    memory: MemoryRunner, memory_service: MemoryClient
) -> None:
    project = memory_service.project_id
    new = {"content": "Water boils at 100 degrees.", "metadata": {"source": "book"}, "tags": ["physics"]}
    first = await done(memory, project, "create", **new)
    again = await done(memory, project, "create", **new)
    assert first["id"] == again["id"]
    assert (first["metadata"], first["tags"]) == ({"source": "book"}, ["physics"])
    assert await memory_service.contents() == ["Water boils at 100 degrees."]


async def test_many_memories_are_created_and_found(
    memory: MemoryRunner, memory_service: MemoryClient
) -> None:
    project = memory_service.project_id
    contents = ["Ann drinks tea.", "Bob drinks coffee."]
    await done(memory, project, "batchCreate", memories=[{"content": each} for each in contents])
    found = await done(memory, project, "search", query="who drinks tea", limit=1)
    assert [each["memory"]["content"] for each in found["results"]] == ["Ann drinks tea."]
    context = await done(memory, project, "context", search={"query": "tea"}, maxTokens=100)
    assert "Ann drinks tea." in json.dumps(context)


async def test_a_job_is_waited_for(memory: MemoryRunner, memory_service: MemoryClient) -> None:
    project = memory_service.project_id
    await done(memory, project, "create", content="Ann drinks tea.", namespace="project")
    job = await done(memory, project, "optimize", namespace="project", dryRun=True)
    assert (job["state"], job["dryRun"]) == ("JOB_STATE_SUCCEEDED", True)
    assert isinstance(job["report"], dict)


async def test_another_project_sees_nothing_of_it(memory: MemoryRunner, memory_service: MemoryClient) -> None:
    await done(memory, memory_service.project_id, "create", content="Ann drinks tea.")
    assert (await done(memory, uuid4(), "list"))["memories"] == []


@pytest.mark.parametrize(
    ("operation", "fields", "words"),
    [
        ("forget", {}, "must be one of create"),
        ("create", {"contnet": "x"}, "does not fit CreateMemoryRequest"),
        ("create", {"content": ""}, "INVALID_ARGUMENT"),
        ("get", {"memoryId": str(EXECUTION)}, "NOT_FOUND"),
    ],
)
async def test_what_memories_refuse_is_final(
    memory: MemoryRunner, operation: str, fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(ActionError) as raised:
        await done(memory, uuid4(), operation, **fields)
    assert raised.value.is_final
    assert words in raised.value.message
