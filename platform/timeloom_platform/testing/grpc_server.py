"""A gRPC server in the test's own process, over a real socket, with the real interceptor."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc.aio

from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, TOKEN_SECONDS_MAX, Identity, InternalTokens
from timeloom_platform.authentication import Authenticator, CallAuthenticator, ResolvedKey
from timeloom_platform.channel import open_channel
from timeloom_platform.errors import InvalidApiKeyError
from timeloom_platform.server import GrpcServer, ServiceBinding


@dataclass(frozen=True, slots=True, kw_only=True)
class InProcessServer:
    """A server that is serving.

    Attributes:
        address: `host:port`.
        channel: To it; calls made while `acting_as(identity)` carry that identity.
        tokens: Under the server's internal secret.
    """

    address: str
    channel: grpc.aio.Channel
    tokens: InternalTokens

    def metadata_of(self, identity: Identity) -> tuple[tuple[str, str], ...]:
        """What calls carry that are made for the identity, for longer than a test takes."""
        return ((INTERNAL_TOKEN_METADATA, self.tokens.mint(identity, TOKEN_SECONDS_MAX)),)


@asynccontextmanager
async def in_process_server(
    *services: ServiceBinding,
    tokens: InternalTokens | None = None,
    authenticator: Authenticator | None = None,
) -> AsyncGenerator[InProcessServer]:
    """Serves the services on a free loopback port.

    Args:
        services: What to serve.
        tokens: Recognised by the server; under a random secret unless given.
        authenticator: Finds out who calls; internal tokens only, and no API key, unless given.
    """
    tokens = tokens or InternalTokens(secrets.token_hex(32))
    server = GrpcServer(
        listen="127.0.0.1:0",
        authenticator=authenticator or CallAuthenticator(tokens=tokens, keys=_NoKeys()),
        services=services,
    )
    address = await server.start()
    channel = open_channel(address, services=[each.descriptor for each in services], tokens=tokens)
    try:
        yield InProcessServer(address=address, channel=channel, tokens=tokens)
    finally:
        await channel.close()
        await server.stop(0, notice_seconds=0)


class _NoKeys:
    """An installation without API keys."""

    async def resolve(self, api_key: str) -> ResolvedKey:
        """Refuses."""
        raise InvalidApiKeyError(
            f"This server knows no API keys, and was given one of {len(api_key)} characters"
        )
