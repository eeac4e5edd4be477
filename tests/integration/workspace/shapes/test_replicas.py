"""Two replicas: one follows changes, the other passes requests on to it, and takes over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import grpc
import grpc.aio

from timeloom.workspace.v1 import shapes_service_pb2, shapes_service_pb2_grpc
from timeloom_platform.auth import Identity, InternalTokens, Scope
from timeloom_platform.authentication import CallAuthenticator, ResolvedKey
from timeloom_platform.embedded import ports
from timeloom_platform.errors import InvalidApiKeyError
from timeloom_platform.server import GrpcServer
from timeloom_workspace.parts import ShapeGround
from timeloom_workspace.shapes.assembly import assembled

TOKENS = InternalTokens("a secret that only the tests' services know")
IDENTITY = Identity(project_id=str(uuid4()), scope=Scope.READ)


class NoKeys:
    """An installation without API keys."""

    async def resolve(self, api_key: str) -> ResolvedKey:
        raise InvalidApiKeyError(f"there are no keys, and this has {len(api_key)} characters")


@asynccontextmanager
async def replica(database_url: str, directory: Path) -> AsyncGenerator[grpc.aio.Channel]:
    """Serves shapes; its peers find it by the name of its session."""
    port = ports.choose()
    ground = ShapeGround(
        database_url=database_url, directory=directory, tokens=TOKENS, address=f"127.0.0.1:{port}"
    )
    part = assembled(ground)
    jobs = [asyncio.create_task(job()) for job in part.jobs]
    authenticator = CallAuthenticator(tokens=TOKENS, keys=NoKeys())
    server = GrpcServer(listen=ground.address, authenticator=authenticator, services=part.bindings)
    await server.start()
    channel = grpc.aio.insecure_channel(ground.address)
    try:
        yield channel
    finally:
        await channel.close()
        part.end_streams()
        await server.stop(0, notice_seconds=0)
        for job in jobs:
            job.cancel()
        await asyncio.wait(jobs)


async def head(channel: grpc.aio.Channel, **fields: str) -> shapes_service_pb2.ShapeHead:
    stub = shapes_service_pb2_grpc.ShapesServiceStub(channel)
    request = shapes_service_pb2.ReadShapeRequest(method="GET", query=urlencode({"table": "tasks", **fields}))
    metadata = (("x-timeloom-identity", TOKENS.mint(IDENTITY, 300)),)
    call = stub.ReadShape(request, metadata=metadata, timeout=60)
    answers = [answer async for answer in call]
    return answers[0].head


async def test_both_show_the_same_shape_and_one_takes_over_from_the_other(
    database_url: str, tmp_path: Path
) -> None:
    async with replica(database_url, tmp_path / "second") as second:
        async with replica(database_url, tmp_path / "first") as first:
            begun = await head(first, offset="-1")
            passed_on = await head(second, offset="-1")
            assert begun.status == passed_on.status == 200
            assert begun.headers["electric-handle"] == passed_on.headers["electric-handle"]
        async with asyncio.timeout(30):
            while True:
                try:
                    taken_over = await head(second, offset="0_0", handle=begun.headers["electric-handle"])
                except grpc.aio.AioRpcError as error:
                    assert error.code() is grpc.StatusCode.UNAVAILABLE  # noqa: PT017 - until it has noticed
                    await asyncio.sleep(0.1)
                else:
                    break
        assert taken_over.status == 409
        assert (await head(second, offset="-1")).headers["electric-handle"] == (
            taken_over.headers["electric-handle"]
        )
