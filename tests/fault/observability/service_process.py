"""The observability service as a process that a test may kill and start again at the same addresses."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, Identity, InternalTokens, Scope
from timeloom_platform.embedded import ports
from timeloom_platform.embedded.process import EmbeddedServer, ProcessSpecification

PROBE_TIMEOUT_SECONDS = 1.0
TOKEN_SECONDS = 600
NOBODY = "127.0.0.1:9"


@dataclass(frozen=True, kw_only=True)
class ServiceProcess:
    """A process, where it is called, where it takes OpenTelemetry, and what opens it."""

    server: EmbeddedServer
    address: str
    otlp_grpc: str
    otlp_http: str
    secret: str

    def headers_of(self, project_id: UUID) -> dict[str, str]:
        """The credentials of who sends to a project."""
        identity = Identity(project_id=str(project_id), scope=Scope.WRITE)
        return {INTERNAL_TOKEN_METADATA: InternalTokens(self.secret).mint(identity, TOKEN_SECONDS)}


def service_process(
    directory: Path, *, database_url: str, nats_url: str, settings: Mapping[str, str] | None = None
) -> ServiceProcess:
    """Describes a process, with more settings if they are given; nothing runs yet."""
    address, otlp_grpc, otlp_http = (f"{ports.LOOPBACK}:{ports.choose()}" for _ in range(3))
    secret = secrets.token_hex(32)

    async def is_ready(_pid: int) -> bool:
        async with grpc.aio.insecure_channel(address) as channel:
            try:
                health: Any = health_pb2_grpc.HealthStub(channel)
                answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=PROBE_TIMEOUT_SECONDS)
            except grpc.aio.AioRpcError:
                return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    specification = ProcessSpecification(
        name="observability",
        command=(sys.executable, "-m", "timeloom_observability"),
        directory=directory,
        is_ready=is_ready,
        environment={
            "PATH": os.defpath,
            "TIMELOOM_DATABASE_URL": database_url,
            "TIMELOOM_NATS_URL": nats_url,
            "TIMELOOM_INTERNAL_SECRET": secret,
            "TIMELOOM_SEALING_KEY": secret,
            "TIMELOOM_IDENTITY_ADDRESS": NOBODY,
            "TIMELOOM_MEMORY_ADDRESS": NOBODY,
            "TIMELOOM_SNAPSHOTS_ADDRESS": NOBODY,
            "TIMELOOM_LISTEN": address,
            "TIMELOOM_OTLP_GRPC_LISTEN": otlp_grpc,
            "TIMELOOM_OTLP_HTTP_LISTEN": otlp_http,
            "TIMELOOM_LOG_LEVEL": "warning",
            **(settings or {}),
        },
    )
    server = EmbeddedServer(specification, log_file=directory / "observability.log")
    return ServiceProcess(
        server=server, address=address, otlp_grpc=otlp_grpc, otlp_http=otlp_http, secret=secret
    )
