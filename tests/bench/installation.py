"""A real installation to measure: PostgreSQL with fsync, as in the stack, NATS and services."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from timeloom.identity.v1 import identity_service_pb2, identity_service_pb2_grpc
from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, Identity, InternalTokens, Scope
from timeloom_platform.embedded import ports
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.embedded.process import EmbeddedServer, ProcessSpecification
from timeloom_platform.testing import eventually

_PROBE_TIMEOUT_SECONDS = 1.0
_DRAIN_LIMIT_SECONDS = 30.0
_TOKEN_SECONDS = 600

_SELECT_BYTES = """
SELECT sum(pg_total_relation_size(class.oid))
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE class.relkind = 'r' AND namespace.nspname = $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What runs, and how to enter it."""

    postgres: EmbeddedPostgres
    snapshots_address: str
    memory_address: str
    workflows_address: str
    workspace_address: str
    observability_address: str
    otlp_address: str
    front_address: str
    http_url: str
    tokens: InternalTokens
    project_id: str
    directory: Path
    environment: Mapping[str, str]

    def metadata(self, scope: Scope = Scope.WRITE) -> tuple[tuple[str, str], ...]:
        """The credentials of a call to a service itself; good for at least five minutes."""
        identity = Identity(project_id=self.project_id, scope=scope)
        return ((INTERNAL_TOKEN_METADATA, self.tokens.mint(identity, _TOKEN_SECONDS)),)

    @asynccontextmanager
    async def memory_serving(self, settings: Mapping[str, str]) -> AsyncIterator[int]:
        """Runs the memory service with settings of its own, and lends its process id."""
        server = _memory(self, self.directory, {**self.environment, **settings})
        await server.start()
        try:
            yield server.pid
        finally:
            await server.stop()

    @asynccontextmanager
    async def workflows_serving(self, settings: Mapping[str, str] | None = None) -> AsyncIterator[int]:
        """Runs the workflows service, with settings of its own if given, and lends its process id."""
        server = _workflows(self, self.directory, {**self.environment, **(settings or {})})
        await server.start()
        try:
            yield server.pid
        finally:
            await server.stop()

    async def create_api_key(self) -> str:
        """Makes a project by the gateway's front and returns its key."""
        async with grpc.aio.insecure_channel(self.front_address) as channel:
            identity = identity_service_pb2_grpc.IdentityServiceStub(channel)
            request = identity_service_pb2.CreateProjectRequest(name=f"bench {uuid.uuid4()}")
            answer = await identity.CreateProject(request, metadata=self.metadata(Scope.INTERNAL))
            return str(answer.secret)

    async def create_database(self, name: str) -> str:
        """Makes an empty database in the same PostgreSQL and returns its address."""
        connection = await asyncpg.connect(self.postgres.url)
        try:
            await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()
        return self.postgres.url_of(name)

    async def stored_bytes(self, schema: str) -> int:
        """What all tables of a schema take, indexes and TOAST included, after a VACUUM."""
        connection = await asyncpg.connect(self.postgres.url_of("timeloom", superuser=True))
        try:
            await drained(connection, schema)
            await connection.execute("VACUUM")
            return int(await connection.fetchval(_SELECT_BYTES, schema))
        finally:
            await connection.close()


async def drained(connection: asyncpg.Connection[asyncpg.Record], schema: str) -> None:
    """Returns when all events of a room are published: what comes next is not slowed by what was before."""
    await eventually(
        lambda: connection.fetchval(f"SELECT NOT EXISTS (SELECT FROM {schema}.outbox)"),
        timeout_seconds=_DRAIN_LIMIT_SECONDS,
        describe="the outbox is empty",
    )


@asynccontextmanager
async def installed(
    *,
    gateway: bool = False,
    memory: bool = False,
    observability: bool = False,
    workflows: bool = False,
    workspace: bool = False,
) -> AsyncIterator[Installation]:
    """Lends an empty installation with the snapshots service and whatever else is asked for."""
    async with AsyncExitStack() as stack:
        directory = _make_directory()
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        postgres = EmbeddedPostgres(directory / "postgres")
        nats = EmbeddedNats(directory / "nats")
        await asyncio.gather(_run(stack, postgres), _run(stack, nats))
        secret = secrets.token_urlsafe(32)
        front_address = _free_address()
        shared = {
            "TIMELOOM_DATABASE_URL": postgres.url,
            "TIMELOOM_NATS_URL": nats.url,
            "TIMELOOM_INTERNAL_SECRET": secret,
            "TIMELOOM_IDENTITY_ADDRESS": front_address,
            "TIMELOOM_LOG_LEVEL": "warning",
        }
        installation = Installation(
            postgres=postgres,
            snapshots_address=_free_address(),
            memory_address=_free_address(),
            workflows_address=_free_address(),
            workspace_address=_free_address(),
            observability_address=_free_address(),
            otlp_address=_free_address(),
            front_address=front_address,
            http_url=f"http://{_free_address()}",
            tokens=InternalTokens(secret),
            project_id=str(uuid.uuid4()),
            directory=directory,
            environment=shared,
        )
        await _run(stack, _snapshots(installation, directory, shared))
        if memory:
            await _run(stack, _memory(installation, directory, shared))
        if observability:
            await _run(stack, _observability(installation, directory, shared))
        if workflows:
            await _run(stack, _workflows(installation, directory, shared))
        if workspace:
            await _run(stack, _workspace(installation, directory, shared))
        if gateway:
            await _run(stack, _gateway(installation, directory, shared))
        yield installation


def _make_directory() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="timeloom-bench-"))
    # PostgreSQL, which may run under another account, must pass through it.
    directory.chmod(0o711)
    return directory


async def _run(stack: AsyncExitStack, server: EmbeddedServer) -> None:
    stack.push_async_callback(server.stop)
    await server.start()


def _snapshots(installation: Installation, directory: Path, shared: Mapping[str, str]) -> EmbeddedServer:
    address = installation.snapshots_address
    return _service("timeloom_snapshots", directory, address, {**shared, "TIMELOOM_LISTEN": address})


def _memory(installation: Installation, directory: Path, shared: Mapping[str, str]) -> EmbeddedServer:
    address = installation.memory_address
    environment = {"TIMELOOM_LISTEN": address, "TIMELOOM_EMBEDDING_CACHE_DIR": str(directory / "models")}
    return _service("timeloom_memory", directory, address, {**shared, **environment})


def _observability(installation: Installation, directory: Path, shared: Mapping[str, str]) -> EmbeddedServer:
    address = installation.observability_address
    environment = {
        "TIMELOOM_LISTEN": address,
        "TIMELOOM_SEALING_KEY": secrets.token_urlsafe(32),
        "TIMELOOM_MEMORY_ADDRESS": installation.memory_address,
        "TIMELOOM_SNAPSHOTS_ADDRESS": installation.snapshots_address,
        "TIMELOOM_OTLP_GRPC_LISTEN": installation.otlp_address,
        "TIMELOOM_OTLP_HTTP_LISTEN": "",
    }
    return _service("timeloom_observability", directory, address, {**shared, **environment})


def _workflows(installation: Installation, directory: Path, shared: Mapping[str, str]) -> EmbeddedServer:
    address = installation.workflows_address
    return _service("timeloom_workflows", directory, address, {**shared, "TIMELOOM_LISTEN": address})


def _workspace(installation: Installation, directory: Path, shared: Mapping[str, str]) -> EmbeddedServer:
    address = installation.workspace_address
    environment = {"TIMELOOM_LISTEN": address, "TIMELOOM_SEALING_KEY": secrets.token_urlsafe(32)}
    return _service("timeloom_workspace", directory, address, {**shared, **environment})


def _gateway(installation: Installation, directory: Path, shared: Mapping[str, str]) -> EmbeddedServer:
    grpc_host, _, grpc_port = installation.front_address.rpartition(":")
    http_host, _, http_port = installation.http_url.removeprefix("http://").rpartition(":")
    environment = {
        "TIMELOOM_SNAPSHOTS_ADDRESS": installation.snapshots_address,
        "TIMELOOM_MEMORY_ADDRESS": installation.memory_address,
        # Nothing is migrated in a bench.
        "TIMELOOM_MIGRATION_ADDRESS": _free_address(),
        "TIMELOOM_OBSERVABILITY_ADDRESS": installation.observability_address,
        "TIMELOOM_WORKFLOWS_ADDRESS": installation.workflows_address,
        "TIMELOOM_WORKSPACE_ADDRESS": installation.workspace_address,
        "TIMELOOM_GRPC_HOST": grpc_host,
        "TIMELOOM_GRPC_PORT": grpc_port,
        "TIMELOOM_HTTP_HOST": http_host,
        "TIMELOOM_HTTP_PORT": http_port,
    }
    return _service("timeloom_gateway", directory, installation.front_address, {**shared, **environment})


def _service(module: str, directory: Path, address: str, environment: Mapping[str, str]) -> EmbeddedServer:
    async def is_ready(_pid: int) -> bool:
        return await _is_serving(address)

    specification = ProcessSpecification(
        name=module,
        command=(sys.executable, "-m", module),
        directory=directory,
        is_ready=is_ready,
        environment={"PATH": os.defpath, **environment},
    )
    return EmbeddedServer(specification, log_file=directory / f"{module}.log")


async def _is_serving(address: str) -> bool:
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            check = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]  # not in its stubs
            answer = await check(health_pb2.HealthCheckRequest(), timeout=_PROBE_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _free_address() -> str:
    return f"{ports.LOOPBACK}:{ports.choose()}"
