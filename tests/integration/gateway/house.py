"""A whole gateway on real PostgreSQL and NATS, in the test's process."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.integration.gateway.backend import MemorySnapshots
from tests.integration.gateway.time_travel import MemoryTimeTravel
from timeloom.identity.v1 import identity_service_pb2 as identity
from timeloom.identity.v1 import identity_service_pb2_grpc
from timeloom_gateway.gateway import Gateway, Metrics, open_gateway
from timeloom_gateway.settings import GatewaySettings, LimitSettings
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, Identity, InternalTokens, Scope, acting_as
from timeloom_platform.channel import open_channel
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.metrics import RpcMetrics
from timeloom_platform.server import GrpcServer
from timeloom_platform.settings import ProcessSettings
from timeloom_platform.testing import Databases, throw_away_nats


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A project with a key of each scope."""

    project_id: str
    keys: Mapping[str, str]

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys['admin']}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The running gateway and what is around it."""

    gateway: Gateway
    backend: MemorySnapshots
    time_travel: MemoryTimeTravel
    tokens: InternalTokens
    settings: GatewaySettings
    nats: EmbeddedNats
    metrics: Metrics
    server: GrpcServer

    @property
    def url(self) -> str:
        return f"http://{self.gateway.http_address}"

    def client(self, tenant: Tenant | None = None, /, **headers: str) -> httpx.AsyncClient:
        """An HTTP client; underscores in the names of headers stand for hyphens."""
        own = tenant.headers if tenant else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.AsyncClient(base_url=self.url, headers={**own, **named}, timeout=10)


ROOMS = {"identity": "timeloom_platform.identity", "gateway": "timeloom_gateway"}


@asynccontextmanager
async def open_house(databases: Databases, **changes: Any) -> AsyncGenerator[House]:
    """A gateway before a snapshots service in memory; `changes` are other settings."""
    async with (
        databases.fresh(ROOMS) as database_url,
        throw_away_nats() as nats,
        _open(database_url, nats, MemorySnapshots(), MemoryTimeTravel(), changes) as house,
    ):
        yield house


@asynccontextmanager
async def _open(
    database_url: str,
    nats: EmbeddedNats,
    backend: MemorySnapshots,
    time_travel: MemoryTimeTravel,
    changes: Mapping[str, Any],
) -> AsyncGenerator[House]:
    settings = GatewaySettings(
        process=ProcessSettings(),
        database_url=database_url,
        nats_url=nats.url,
        internal_secret=secrets.token_hex(32),
        http_port=0,
        grpc_port=0,
        cors_origins="https://app.example",
        pool_size=4,
        **{"limits": LimitSettings(), **changes},
    )
    tokens = InternalTokens(settings.internal_secret)
    metrics = Metrics(rpc=RpcMetrics(), http=HttpMetrics())
    server = GrpcServer(
        listen="127.0.0.1:0",
        authenticator=_InternalOnly(tokens),
        services=[backend.binding(), time_travel.binding()],
    )
    address = await server.start()
    # Nothing answers for the other rooms here: the gateway has to know where they would be.
    addresses = {
        "memory": address,
        "migration": address,
        "observability": address,
        "snapshots": address,
        "workflows": address,
        "workspace": address,
    }
    try:
        async with open_gateway(settings, addresses=addresses, metrics=metrics) as gateway:
            yield House(
                gateway=gateway,
                backend=backend,
                time_travel=time_travel,
                tokens=tokens,
                settings=settings,
                nats=nats,
                metrics=metrics,
                server=server,
            )
    finally:
        await server.stop(0, notice_seconds=0)


class _InternalOnly:
    """What a service behind the gateway accepts: the gateway's word."""

    def __init__(self, tokens: InternalTokens) -> None:
        self._tokens = tokens

    async def authenticate(self, metadata: Mapping[str, str | bytes]) -> Identity:
        return self._tokens.verify(str(metadata.get(INTERNAL_TOKEN_METADATA, "")))


async def make_tenant(house: House) -> Tenant:
    """A new project of the house, with a key of each scope."""
    return await make_tenant_at(house.gateway.grpc_address, house.tokens)


async def make_tenant_at(grpc_address: str, tokens: InternalTokens) -> Tenant:
    """A new project of an installation, with a key of each scope."""
    channel = open_channel(grpc_address, tokens=tokens)
    stub = identity_service_pb2_grpc.IdentityServiceStub(channel)
    try:
        with acting_as(Identity(project_id="", scope=Scope.INTERNAL)):
            created = await stub.CreateProject(identity.CreateProjectRequest(name=secrets.token_hex(8)))
        keys = {"admin": created.secret}
        with acting_as(Identity(project_id=created.project.id, scope=Scope.ADMIN)):
            for scope in (Scope.READ, Scope.WRITE):
                request = identity.CreateApiKeyRequest(name=scope.name, scope=int(scope))  # type: ignore[arg-type]
                keys[scope.name.lower()] = (await stub.CreateApiKey(request)).secret
        return Tenant(project_id=created.project.id, keys=keys)
    finally:
        await channel.close()
