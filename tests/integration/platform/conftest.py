"""A running echo server for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc.aio
import pytest
import pytest_asyncio

from tests.integration.platform.echo import TOKENS, Echo, EchoStub, echo_binding
from timeloom_platform.authentication import CallAuthenticator, ResolvedKey
from timeloom_platform.errors import InvalidApiKeyError
from timeloom_platform.metrics import RpcMetrics
from timeloom_platform.server import GrpcServer, Limits


class NoKeys:
    """Knows no API key."""

    async def resolve(self, api_key: str) -> ResolvedKey:  # noqa: ARG002 - an interface's
        raise InvalidApiKeyError("The API key is unknown or was revoked.")


@dataclass(frozen=True, kw_only=True)
class EchoServer:
    """An echo server and a plain channel to it."""

    echo: Echo
    server: GrpcServer
    address: str
    channel: grpc.aio.Channel
    stub: EchoStub
    metrics: RpcMetrics


@pytest.fixture
def server_options() -> dict[str, Any]:
    """What the server is started with; tests parametrize it."""
    return {}


@pytest_asyncio.fixture
async def served(server_options: dict[str, Any]) -> AsyncIterator[EchoServer]:
    """A server for this test alone."""
    echo, metrics = Echo(), RpcMetrics()
    server = GrpcServer(
        listen="127.0.0.1:0",
        authenticator=CallAuthenticator(tokens=TOKENS, keys=NoKeys()),
        services=[echo_binding(echo)],
        metrics=metrics,
        **{"limits": Limits(timeout_seconds=20), **server_options},
    )
    address = await server.start()
    async with grpc.aio.insecure_channel(address) as channel:
        yield EchoServer(
            echo=echo,
            server=server,
            address=address,
            channel=channel,
            stub=EchoStub(channel),
            metrics=metrics,
        )
    await server.stop(grace_seconds=0, notice_seconds=0)
