"""What `bench_gateway` compares: a route by hand and the gateway, before a service that answers at once."""

# ruff: noqa: N802, ARG002 - the names and the parameters are gRPC's

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import grpc.aio
import msgspec
from google.protobuf.timestamp_pb2 import Timestamp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.integration.gateway.backend import MemorySnapshots
from timeloom.snapshots.v1 import snapshots_pb2, snapshots_service_pb2_grpc
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb
from timeloom_gateway.application import Collaborators, build_application
from timeloom_gateway.backends import Backends
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.idempotency.keys import Idempotency
from timeloom_gateway.live.feed import Feed
from timeloom_gateway.security.sessions import SessionKeeper
from timeloom_gateway.settings import GatewaySettings, LimitSettings
from timeloom_gateway.web.health import Health
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_platform import calls, ids
from timeloom_platform.auth import Identity, InternalTokens, Scope, set_identity
from timeloom_platform.authentication import CallAuthenticator, ResolvedKey
from timeloom_platform.channel import open_channel
from timeloom_platform.errors import TimeloomError
from timeloom_platform.server import GrpcServer
from timeloom_platform.settings import ProcessSettings
from timeloom_platform.telemetry import Tracing
from timeloom_platform.web.server import HttpServer

PATH = "/api/agent-executions"
API_KEY = "tl_aaaaaaaaaaaaaaaa_" + "b" * 43
SECRET = "s" * 32
TOKENS = InternalTokens(SECRET)

_SERVICE = pb.DESCRIPTOR.services_by_name["SnapshotsService"]


class InstantSnapshots(MemorySnapshots):
    """Answers with what it was asked, and keeps nothing."""

    async def CreateExecution(self, request: Any, context: Any) -> Any:
        now = Timestamp(seconds=int(time.time()), nanos=250_000_000)
        execution = snapshots_pb2.Execution(
            id="019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e47",
            agent_id=request.agent_id,
            session_id=request.session_id,
            name=request.name,
            status=snapshots_pb2.EXECUTION_STATUS_RUNNING,
            input=request.input,
            tags=request.tags,
            create_time=now,
            update_time=now,
            etag="1",
        )
        return pb.CreateExecutionResponse(execution=execution)


class _OneKey:
    """Knows the bench's key."""

    async def resolve(self, api_key: str) -> ResolvedKey:
        identity = Identity(project_id="019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e47", scope=Scope.WRITE)
        return ResolvedKey(identity=identity, expire_time=time.time() + 3600)


async def start_service() -> str:
    """The gRPC service behind both."""
    authenticator = CallAuthenticator(tokens=TOKENS, keys=_OneKey())
    server = GrpcServer(
        listen="127.0.0.1:0", authenticator=authenticator, services=[InstantSnapshots().binding()]
    )
    _keep.append(server)
    return await server.start()


async def start_gateway(service: str) -> str:
    """The gateway as it is, but for the database and the bus, which this route does not use."""
    contracts = Contracts.load()
    unused: Any = None
    channel = open_channel(service, services=[_SERVICE], tokens=TOKENS)
    channels = dict.fromkeys((each.name for each in contracts.services), channel)
    settings = GatewaySettings(
        process=ProcessSettings(),
        limits=LimitSettings(rate_per_second=1e6, rate_burst=1_000_000),
        database_url="",
        nats_url="",
        internal_secret=SECRET,
        access_log=False,
    )
    parts = Collaborators(
        contracts=contracts,
        backends=Backends(channels),
        authenticator=CallAuthenticator(tokens=TOKENS, keys=_OneKey()),
        tokens=TOKENS,
        sessions=SessionKeeper(unused, keys=unused, internal_secret=SECRET),
        idempotency=Idempotency(unused),
        feed=Feed(unused, contracts),
        health=Health(needs={}, rooms={}, closing=asyncio.Event()),
        metrics=HttpMetrics(),
        tracing=Tracing.disabled(),
        closing=asyncio.Event(),
        grpc_address="",
    )
    return await _listen(build_application(settings, parts).edge)


class _Body(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    agent_id: str
    execution_id: str = ""
    session_id: str = ""
    name: str = ""
    trace_id: str = ""
    tags: list[str] = []
    input: msgspec.Raw = msgspec.Raw(b"")
    metadata: msgspec.Raw = msgspec.Raw(b"")


class _Execution(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    id: str
    agent_id: str
    session_id: str
    name: str
    status: str
    input: msgspec.Raw | None = None
    head_sequence: int
    snapshot_count: int
    trace_id: str
    tags: Sequence[str]
    metadata: msgspec.Raw | None = None
    create_time: str
    update_time: str
    etag: str


async def start_by_hand(service: str) -> str:
    """One route, written for this one message."""
    stub: Any = snapshots_service_pb2_grpc.SnapshotsServiceStub(
        open_channel(service, services=[_SERVICE], tokens=TOKENS)
    )
    authenticator = CallAuthenticator(tokens=TOKENS, keys=_OneKey())
    decode = msgspec.json.Decoder(_Body).decode
    statuses = {number: name for name, number in snapshots_pb2.ExecutionStatus.items()}

    async def create(request: Request) -> Response:
        request_id = ids.request_id(request.headers.get("x-request-id", ""))
        headers = {"x-request-id": request_id, "x-content-type-options": "nosniff"}
        try:
            scheme, _, api_key = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or request.headers.get("content-type") != "application/json":
                return Response(status_code=401)
            set_identity(await authenticator.authenticate_api_key(api_key))
            calls.begin_call(request_id=request_id, timeout_seconds=None)
            body = decode(await request.body())
            answer = await stub.CreateExecution(_request(body))
        except (TimeloomError, msgspec.DecodeError, grpc.aio.AioRpcError) as error:
            return Response(msgspec.json.encode({"detail": str(error)}), 400, headers)
        execution = answer.execution
        shown = _shown(execution, statuses[execution.status])
        headers["etag"] = f'"{execution.etag}"'
        return Response(msgspec.json.encode(shown), media_type="application/json", headers=headers)

    return await _listen(Starlette(routes=[Route(PATH, create, methods=["POST"])]))


def _request(body: _Body) -> pb.CreateExecutionRequest:
    return pb.CreateExecutionRequest(
        execution_id=body.execution_id,
        agent_id=body.agent_id,
        session_id=body.session_id,
        name=body.name,
        trace_id=body.trace_id,
        tags=body.tags,
        input=bytes(body.input),
        metadata=bytes(body.metadata),
    )


def _shown(execution: snapshots_pb2.Execution, status: str) -> _Execution:
    return _Execution(
        id=execution.id,
        agent_id=execution.agent_id,
        session_id=execution.session_id,
        name=execution.name,
        status=status.removeprefix("EXECUTION_STATUS_"),
        input=msgspec.Raw(execution.input) if execution.input else None,
        head_sequence=execution.head_sequence,
        snapshot_count=execution.snapshot_count,
        trace_id=execution.trace_id,
        tags=list(execution.tags),
        metadata=msgspec.Raw(execution.metadata) if execution.metadata else None,
        create_time=execution.create_time.ToJsonString(),
        update_time=execution.update_time.ToJsonString(),
        etag=execution.etag,
    )


async def _listen(application: Any) -> str:
    server = HttpServer(application, host="127.0.0.1", port=0)
    _keep.append(server)
    return await server.start()


# A server that nobody holds stops.
_keep: list[object] = []

START: dict[str, Callable[..., Any]] = {
    "service": start_service,
    "by hand": start_by_hand,
    "gateway": start_gateway,
}
