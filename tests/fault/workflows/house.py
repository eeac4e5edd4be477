"""Engines and workers as processes that a test may kill, stop and start again, and one who calls them."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import grpc.aio
import msgspec
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.fault.workflows import worker_process
from tests.fault.workflows.caller import Caller
from timeloom.identity.v1 import identity_pb2, identity_service_pb2, identity_service_pb2_grpc
from timeloom_platform.api_keys import new_api_key
from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, Identity, InternalTokens, Scope
from timeloom_platform.database import Database
from timeloom_platform.embedded import ports
from timeloom_platform.embedded.errors import NotReadyError
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.embedded.process import EmbeddedServer, ProcessSpecification
from timeloom_platform.server import ServiceBinding
from timeloom_platform.testing import eventually
from timeloom_platform.testing.grpc_server import in_process_server
from timeloom_workflows.assembly import ROOM

ENGINE_LEASE_SECONDS: Final = 1.0
WORKER_LEASE_SECONDS: Final = 2.0
PROBE_SECONDS: Final = 1.0
TOKEN_SECONDS: Final = 600
SECRET: Final = secrets.token_hex(32)
TOKENS: Final = InternalTokens(SECRET)
REPOSITORY: Final = Path(__file__).parents[3]


class Run(msgspec.Struct, frozen=True):
    """That a step's function began: what workers write down, whatever becomes of it."""

    execution_id: str
    step_id: str
    attempt: int
    pid: int


class Keys(identity_service_pb2_grpc.IdentityServiceServicer):
    """Knows the keys of one project: all of them."""

    def __init__(self, project_id: UUID) -> None:
        self._project_id = str(project_id)

    async def AuthenticateApiKey(  # noqa: N802 - the contract's name
        self, request: identity_service_pb2.AuthenticateApiKeyRequest, context: Any
    ) -> identity_service_pb2.AuthenticateApiKeyResponse:
        del context
        caller = identity_pb2.Caller(
            project_id=self._project_id,
            api_key_id=request.secret.split("_")[1],
            scope=int(Scope.ADMIN),  # type: ignore[arg-type]  # the numbers are the same
        )
        return identity_service_pb2.AuthenticateApiKeyResponse(caller=caller)

    async def _refuse(self, _request: Any, context: Any) -> Any:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED)

    for _name in (
        "GetCaller",
        "CreateApiKey",
        "ListApiKeys",
        "RotateApiKey",
        "RevokeApiKey",
        "CreateProject",
        "ListProjects",
    ):
        locals()[_name] = _refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProcess:
    """An engine, and where it is called."""

    process: EmbeddedServer
    address: str


@dataclass
class Clock:
    """The clock of whoever checks keys: services whose clocks differ by minutes do not trust each other."""

    ahead_seconds: int = 0

    def __call__(self) -> float:
        return time.time() + self.ahead_seconds


@dataclass(kw_only=True)
class House:
    """What runs in a test."""

    directory: Path
    postgres: EmbeddedPostgres
    nats: EmbeddedNats
    identity_address: str
    identity_clock: Clock
    project_id: UUID
    stack: AsyncExitStack
    api_key: str = field(default_factory=lambda: str(new_api_key()))
    _count: int = 0

    @property
    def runs_file(self) -> Path:
        """What the workers write down."""
        return self.directory / "runs"

    @property
    def gate(self) -> Path:
        """What steps wait for that are held: a file."""
        return self.directory / "gate"

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The credentials of a caller who may do everything."""
        identity = Identity(project_id=str(self.project_id), scope=Scope.ADMIN)
        return ((INTERNAL_TOKEN_METADATA, TOKENS.mint(identity, TOKEN_SECONDS)),)

    async def engine(
        self,
        *,
        database_url: str | None = None,
        settings: Mapping[str, str] | None = None,
        clock_ahead_seconds: int = 0,
        host: str = ports.LOOPBACK,
        within: Sequence[str] = (),
    ) -> EngineProcess:
        """Starts an engine, of leases so short that a test can wait for their ends.

        Args:
            database_url: How it reaches PostgreSQL, if not directly.
            settings: More of them.
            clock_ahead_seconds: How wrong its clock is.
            host: Where it listens.
            within: What its command begins with.
        """
        address = f"{host}:{ports.choose()}"
        environment = {
            "TIMELOOM_DATABASE_URL": database_url or self.postgres.url,
            "TIMELOOM_NATS_URL": self.nats.url,
            "TIMELOOM_INTERNAL_SECRET": SECRET,
            "TIMELOOM_IDENTITY_ADDRESS": self.identity_address,
            "TIMELOOM_LISTEN": address,
            "TIMELOOM_LOG_LEVEL": "warning",
            "TIMELOOM_ENGINE_LEASE_SECONDS": str(ENGINE_LEASE_SECONDS),
            "TIMELOOM_WORKER_LEASE_SECONDS": str(WORKER_LEASE_SECONDS),
            **(settings or {}),
        }

        async def is_ready(_pid: int) -> bool:
            return await _is_serving(address)

        process = await self._start(
            "engine", ("timeloom_workflows",), environment, is_ready, clock_ahead_seconds, within
        )
        return EngineProcess(process=process, address=address)

    async def worker(
        self,
        engine: EngineProcess,
        *,
        code: str = "first",
        clock_ahead_seconds: int = 0,
        within: Sequence[str] = (),
    ) -> EmbeddedServer:
        """Starts a worker, and returns when the engine knows it.

        Args:
            engine: Whom it connects to.
            code: Which code it has of the workflow whose code changes.
            clock_ahead_seconds: How wrong its clock is.
            within: What its command begins with.
        """
        ready = self.directory / f"worker-{self._count}.ready"
        environment = {
            worker_process.RUNS: str(self.runs_file),
            worker_process.GATE: str(self.gate),
            worker_process.READY: str(ready),
            worker_process.CODE: code,
            "TIMELOOM_API_KEY": self.api_key,
            "TIMELOOM_GRPC_ADDRESS": engine.address,
        }

        async def is_ready(pid: int) -> bool:
            return ready.exists() and ready.read_text() == str(pid)

        return await self._start(
            "worker", (worker_process.__name__,), environment, is_ready, clock_ahead_seconds, within
        )

    def caller(self, engine: EngineProcess) -> AbstractAsyncContextManager[Caller]:
        """Lends one who calls an engine."""
        return Caller.to(engine.address, self.metadata)

    def runs(self) -> Sequence[Run]:
        """What the workers have written down, in order."""
        if not self.runs_file.exists():
            return ()
        lines = self.runs_file.read_bytes().splitlines()
        return [msgspec.json.decode(line, type=Run) for line in lines]

    def runs_of(self, execution_id: str) -> Sequence[str]:
        """Which steps of an execution began to run, in order."""
        return [run.step_id for run in self.runs() if run.execution_id == execution_id]

    async def begun(self, step_id: str, *, times: int = 1) -> Sequence[Run]:
        """Waits until a step of any execution has begun so often, and returns these runs."""

        def found() -> Sequence[Run]:
            runs = [run for run in self.runs() if run.step_id == step_id]
            return runs if len(runs) >= times else ()

        return await eventually(found, describe=f"{step_id} has begun {times} times")

    @asynccontextmanager
    async def database(self) -> AsyncGenerator[Database]:
        """Lends a look into the tables."""
        database = await Database.connect(self.postgres.url, room=ROOM, pool_size=2)
        try:
            yield database
        finally:
            await database.close()

    async def restart_postgres(self) -> None:
        """Kills PostgreSQL as a power failure would, and starts it again."""
        await self.postgres.kill()
        await eventually(self._has_started, describe="PostgreSQL is back")

    async def _has_started(self) -> bool:
        try:
            await self.postgres.start()
        except NotReadyError:
            return False  # a process of the killed one is still there
        return True

    async def _start(
        self,
        name: str,
        module: Sequence[str],
        environment: Mapping[str, str],
        is_ready: Any,
        clock_ahead_seconds: int,
        within: Sequence[str],
    ) -> EmbeddedServer:
        self._count += 1
        command = ("-m", *module)
        if clock_ahead_seconds:
            command = ("-m", "tests.fault.workflows.wrong_clock", str(clock_ahead_seconds), *module)
        specification = ProcessSpecification(
            name=name,
            command=(*within, sys.executable, *command),
            directory=self.directory,
            is_ready=is_ready,
            environment={"PATH": os.defpath, "PYTHONPATH": str(REPOSITORY), **environment},
        )
        server = EmbeddedServer(specification, log_file=self.directory / f"{name}-{self._count}.log")
        self.stack.push_async_callback(server.kill)
        await server.start()
        return server


@asynccontextmanager
async def opened_house(
    directory: Path, postgres: EmbeddedPostgres, nats: EmbeddedNats
) -> AsyncGenerator[House]:
    """Lends a house in which nothing but PostgreSQL and NATS runs yet."""
    project_id = uuid4()
    binding = ServiceBinding(
        add=identity_service_pb2_grpc.add_IdentityServiceServicer_to_server,
        servicer=Keys(project_id),  # type: ignore[abstract]  # they are there
        descriptor=identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"],
    )
    clock = Clock()
    async with AsyncExitStack() as stack:
        tokens = InternalTokens(SECRET, clock=clock)
        server = await stack.enter_async_context(in_process_server(binding, tokens=tokens))
        yield House(
            directory=directory,
            postgres=postgres,
            nats=nats,
            identity_address=server.address,
            identity_clock=clock,
            project_id=project_id,
            stack=stack,
        )


async def _is_serving(address: str) -> bool:
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            health: Any = health_pb2_grpc.HealthStub(channel)
            answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=PROBE_SECONDS)
        except grpc.aio.AioRpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def all_of(*calls: Any) -> list[Any]:
    """Awaits calls at once."""
    async with asyncio.TaskGroup() as tasks:
        made = [tasks.create_task(call) for call in calls]
    return [task.result() for task in made]
