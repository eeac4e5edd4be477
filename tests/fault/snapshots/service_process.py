"""The snapshots service as a process that a test may kill and start again at the same address."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, Identity, InternalTokens, Scope
from timeloom_platform.embedded import ports
from timeloom_platform.embedded.process import EmbeddedServer, ProcessSpecification

PROBE_TIMEOUT_SECONDS = 1.0
SECRET = secrets.token_hex(32)
TOKEN_SECONDS = 600


def service_process(directory: Path, *, database_url: str, nats_url: str) -> tuple[EmbeddedServer, str]:
    """Describes a process and returns it with its address."""
    address = f"{ports.LOOPBACK}:{ports.choose()}"

    async def is_ready(_pid: int) -> bool:
        async with grpc.aio.insecure_channel(address) as channel:
            try:
                health: Any = health_pb2_grpc.HealthStub(channel)
                answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=PROBE_TIMEOUT_SECONDS)
            except grpc.aio.AioRpcError:
                return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    specification = ProcessSpecification(
        name="snapshots",
        command=(sys.executable, "-m", "timeloom_snapshots"),
        directory=directory,
        is_ready=is_ready,
        environment={
            "PATH": os.defpath,
            "TIMELOOM_DATABASE_URL": database_url,
            "TIMELOOM_NATS_URL": nats_url,
            "TIMELOOM_INTERNAL_SECRET": SECRET,
            "TIMELOOM_IDENTITY_ADDRESS": "127.0.0.1:9",
            "TIMELOOM_LISTEN": address,
            "TIMELOOM_LOG_LEVEL": "warning",
        },
    )
    return EmbeddedServer(specification, log_file=directory / "snapshots.log"), address


def metadata_of(project_id: UUID, scope: Scope = Scope.WRITE) -> tuple[tuple[str, str], ...]:
    """The credentials of a caller in a project."""
    identity = Identity(project_id=str(project_id), scope=scope)
    return ((INTERNAL_TOKEN_METADATA, InternalTokens(SECRET).mint(identity, TOKEN_SECONDS)),)
