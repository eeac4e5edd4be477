"""A running service with both doors open, and ways to send to them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import grpc
import grpc.aio
import httpx
from google.protobuf.message import Message

from tests.integration.observability.service import Service, running_service
from timeloom_observability.parts import OtlpGround
from timeloom_observability.receiving.signals import BY_PATH
from timeloom_platform.api_keys import new_api_key
from timeloom_platform.auth import Identity, InternalTokens, Scope
from timeloom_platform.authentication import CallAuthenticator, ResolvedKey
from timeloom_platform.embedded import ports
from timeloom_platform.errors import InvalidApiKeyError
from timeloom_platform.testing import eventually

PROTOBUF_TYPE = "application/x-protobuf"
JSON_TYPE = "application/json"
PAGE = "https://page.example"
TIMEOUT_SECONDS = 60.0
FOREVER = 4e9


class KeyRing:
    """The API keys that there are."""

    def __init__(self) -> None:
        self._keys: dict[str, Identity] = {}

    def new(self, project_id: UUID, scope: Scope = Scope.WRITE) -> str:
        """Makes one."""
        key = str(new_api_key())
        self._keys[key] = Identity(project_id=str(project_id), scope=scope)
        return key

    async def resolve(self, api_key: str) -> ResolvedKey:
        """Looks one up."""
        identity = self._keys.get(api_key)
        if identity is None:
            raise InvalidApiKeyError("There is no such key.")
        return ResolvedKey(identity=identity, expire_time=FOREVER)


@dataclass(frozen=True, kw_only=True)
class Doors:
    """The doors of a service, and a key to them."""

    service: Service
    keys: KeyRing
    key: str
    grpc_address: str
    url: str
    channel: grpc.aio.Channel
    client: httpx.AsyncClient

    async def export(self, request: Message, *, key: str | None = None, **options: Any) -> Message:
        """Sends a request over gRPC."""
        signal = next(each for each in BY_PATH.values() if _is_of(each.name, request))
        call = self.channel.unary_unary(
            signal.method,
            request_serializer=type(request).SerializeToString,
            response_deserializer=type(signal.accepted).FromString,
        )
        metadata = (("authorization", f"Bearer {key or self.key}"),)
        return await call(request, metadata=metadata, timeout=TIMEOUT_SECONDS, **options)

    async def call(self, method: str, request: bytes) -> bytes:
        """Sends bytes over gRPC, whatever they are."""
        channel: Any = self.channel
        answer: bytes = await channel.unary_unary(method)(
            request, metadata=(("x-api-key", self.key),), timeout=TIMEOUT_SECONDS
        )
        return answer

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        content_type: str = PROTOBUF_TYPE,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        """Sends a body over HTTP."""
        return await self.client.post(
            path,
            content=body,
            headers={
                "authorization": f"Bearer {key or self.key}",
                "content-type": content_type,
                **(headers or {}),
            },
        )

    async def rows(self, table: str = "events") -> list[dict[str, Any]]:
        """Returns the rows of the project, in order."""
        async with self.service.rows() as connection:
            return [dict(row) for row in await connection.fetch(f"SELECT * FROM {table} ORDER BY id")]


def _is_of(signal: str, request: Message) -> bool:
    return {"traces": "Trace", "logs": "Logs", "metrics": "Metrics"}[signal] in type(request).__name__


@asynccontextmanager
async def open_doors(database_url: str, *, project_id: UUID | None = None) -> AsyncGenerator[Doors]:
    """Runs a service and lends its doors."""
    project_id, keys = project_id or uuid4(), KeyRing()
    grpc_address = f"{ports.LOOPBACK}:{ports.choose()}"
    http_address = f"{ports.LOOPBACK}:{ports.choose()}"
    ground = OtlpGround(
        authenticator=CallAuthenticator(tokens=InternalTokens("x" * 32), keys=keys),
        grpc_listen=grpc_address,
        http_listen=http_address,
        cors_origins=PAGE,
    )
    options = [("grpc.max_send_message_length", -1)]
    async with (
        running_service(database_url, project_id=project_id, otlp=ground) as service,
        grpc.aio.insecure_channel(grpc_address, options=options) as channel,
        httpx.AsyncClient(base_url=f"http://{http_address}", timeout=TIMEOUT_SECONDS) as client,
    ):
        await channel.channel_ready()
        await eventually(lambda: _answers(client))
        yield Doors(
            service=service,
            keys=keys,
            key=keys.new(project_id),
            grpc_address=grpc_address,
            url=f"http://{http_address}",
            channel=channel,
            client=client,
        )


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/")).is_client_error
    except httpx.TransportError:
        return False
