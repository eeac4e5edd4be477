"""The gateway as a running thing: opened with its settings, drained, closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import grpc.aio
import structlog

from timeloom_gateway import front, storage
from timeloom_gateway.application import Collaborators, build_application
from timeloom_gateway.backends import Backends
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.idempotency.keys import Idempotency
from timeloom_gateway.live.feed import Feed
from timeloom_gateway.rooms import OWN_ROOM
from timeloom_gateway.security.sessions import SessionKeeper
from timeloom_gateway.settings import GatewaySettings
from timeloom_gateway.sockets.protocol import MESSAGE_BYTES_MAX
from timeloom_gateway.web.health import Health
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_platform.auth import InternalTokens
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.bus import Bus
from timeloom_platform.channel import open_channel
from timeloom_platform.database import Database
from timeloom_platform.errors import TimeloomError
from timeloom_platform.identity.service import Identities
from timeloom_platform.identity.servicer import identity_binding
from timeloom_platform.identity.usage import UsageRecorder
from timeloom_platform.metrics import RpcMetrics
from timeloom_platform.migrate import migrate
from timeloom_platform.pagination import Cursors
from timeloom_platform.server import NOTICE_SECONDS, GrpcServer
from timeloom_platform.telemetry import Tracing
from timeloom_platform.web.server import HttpServer

ROOM: Final = "gateway"
RETENTION_SECONDS: Final = 600.0
GRACE_SECONDS: Final = 5.0

_ANY_HOST: Final = frozenset({"0.0.0.0", "::", "[::]", ""})
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What the gateway counts: calls at its gRPC front and requests over HTTP."""

    rpc: RpcMetrics
    http: HttpMetrics


class Gateway:
    """Serves HTTP and gRPC until it is drained."""

    def __init__(
        self,
        *,
        http: HttpServer,
        grpc: GrpcServer,
        http_address: str,
        grpc_address: str,
        closing: asyncio.Event,
    ) -> None:
        self._http = http
        self._grpc = grpc
        self._closing = closing
        self.http_address = http_address
        self.grpc_address = grpc_address

    async def drain(self) -> None:
        """Says that it leaves, gives clients time to turn elsewhere, and lets running requests finish."""
        self._closing.set()
        await asyncio.gather(self._drain_http(), self._grpc.stop(GRACE_SECONDS))

    async def _drain_http(self) -> None:
        await asyncio.sleep(NOTICE_SECONDS)
        await self._http.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    """What outlives the gateway's process."""

    identity: Database
    own: Database
    bus: Bus


@asynccontextmanager
async def open_gateway(
    settings: GatewaySettings,
    *,
    addresses: Mapping[str, str],
    metrics: Metrics,
    contracts: Contracts | None = None,
    tracing: Tracing | None = None,
) -> AsyncGenerator[Gateway]:
    """Opens everything in order and closes it in reverse.

    Args:
        settings: From the environment.
        addresses: Where the services of each room are.
        metrics: Where requests are counted.
        contracts: What is served; those of this package unless given.
        tracing: Records the sampled requests.
    """
    contracts = contracts or Contracts.load()
    tracing = tracing or Tracing.disabled()
    tokens = InternalTokens(settings.internal_secret)
    async with AsyncExitStack() as stack:
        data = await _open_data(stack, settings)
        usage = UsageRecorder(data.identity)
        identities = Identities(
            database=data.identity, cursors=Cursors(settings.internal_secret), usage=usage
        )
        authenticator = CallAuthenticator(tokens=tokens, keys=identities)
        identities.on_change(authenticator.forget)
        rooms = {room: _open_room(contracts, room, address, tokens) for room, address in addresses.items()}
        for channel in rooms.values():
            stack.push_async_callback(channel.close)
        grpc_server = GrpcServer(
            listen=f"{settings.grpc_host}:{settings.grpc_port}",
            authenticator=authenticator,
            services=[
                identity_binding(identities),
                *front.proxied_services(contracts, Backends(_by_service(contracts, rooms))),
            ],
            metrics=metrics.rpc,
            tracing=tracing,
        )
        grpc_address = await grpc_server.start()
        stack.push_async_callback(grpc_server.stop, 0, notice_seconds=0)
        own = _open_room(contracts, OWN_ROOM, _reachable(grpc_address), tokens)
        stack.push_async_callback(own.close)
        closing = asyncio.Event()
        parts = Collaborators(
            contracts=contracts,
            backends=Backends(_by_service(contracts, {**rooms, OWN_ROOM: own})),
            authenticator=authenticator,
            tokens=tokens,
            sessions=SessionKeeper(
                storage.SessionStore(data.own), keys=identities, internal_secret=settings.internal_secret
            ),
            idempotency=Idempotency(storage.KeyRecords(data.own)),
            feed=Feed(data.bus, contracts),
            health=Health(
                needs={"database": data.own.ping, "bus": data.bus.ping}, rooms=rooms, closing=closing
            ),
            metrics=metrics.http,
            tracing=tracing,
            closing=closing,
            grpc_address=_reachable(grpc_address),
        )
        application = build_application(settings, parts)
        await stack.enter_async_context(application.mcp.running())
        http_server = HttpServer(
            application.edge,
            host=settings.http_host,
            port=settings.http_port,
            trusted_proxies=settings.trusted_proxies,
            socket_message_bytes_max=MESSAGE_BYTES_MAX,
        )
        http_address = await http_server.start()
        stack.push_async_callback(http_server.stop)
        await stack.enter_async_context(_in_background(usage.run(), _retain(data.own)))
        yield Gateway(
            http=http_server,
            grpc=grpc_server,
            http_address=http_address,
            grpc_address=grpc_address,
            closing=closing,
        )


async def _open_data(stack: AsyncExitStack, settings: GatewaySettings) -> _Data:
    url = settings.database_url
    await migrate(url, room=OWN_ROOM, package="timeloom_platform.identity")
    await migrate(url, room=ROOM, package="timeloom_gateway")
    identity = await Database.connect(url, room=OWN_ROOM, pool_size=settings.pool_size)
    stack.push_async_callback(identity.close)
    own = await Database.connect(url, room=ROOM, pool_size=settings.pool_size)
    stack.push_async_callback(own.close)
    bus = await Bus.connect(settings.nats_url, name="timeloom-gateway")
    stack.push_async_callback(bus.close)
    return _Data(identity=identity, own=own, bus=bus)


def _open_room(contracts: Contracts, room: str, address: str, tokens: InternalTokens) -> grpc.aio.Channel:
    services = [
        contracts.pool.FindServiceByName(each.name) for each in contracts.services if each.room == room
    ]
    channel = open_channel(address, services=services, tokens=tokens)
    channel.get_state(try_to_connect=True)
    return channel


def _by_service(contracts: Contracts, rooms: Mapping[str, grpc.aio.Channel]) -> dict[str, grpc.aio.Channel]:
    return {service.name: rooms[service.room] for service in contracts.services if service.room in rooms}


def _reachable(address: str) -> str:
    """An address that this process can connect to, for one that it listens on."""
    host, _, port = address.rpartition(":")
    return f"127.0.0.1:{port}" if host in _ANY_HOST else address


@asynccontextmanager
async def _in_background(*jobs: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Runs the jobs during the block; if one of them fails, the block is cancelled."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job) for job in jobs]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _retain(database: Database) -> None:
    """Deletes what has expired, from time to time."""
    while True:
        await asyncio.sleep(RETENTION_SECONDS)
        try:
            while deleted := await storage.delete_expired(database):
                _logger.info("expired rows deleted", rows=deleted)
        except TimeloomError as error:
            _logger.warning("expired rows not deleted", error=error)
