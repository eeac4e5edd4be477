"""A running workflows service, drivers that stand for real ones, and clients that speak in few words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from timeloom.workflows.v1 import (
    workflow_executions_service_pb2_grpc,
    workflow_triggers_service_pb2_grpc,
    workflow_worker_service_pb2_grpc,
    workflows_service_pb2_grpc,
)
from timeloom_platform.auth import Identity, Scope
from timeloom_platform.database import Database
from timeloom_platform.ids import uuid7
from timeloom_platform.pagination import Cursors
from timeloom_platform.testing import eventually
from timeloom_platform.testing.grpc_server import in_process_server
from timeloom_workflows.actions.llm import LlmSettings
from timeloom_workflows.actions.outside import Outside
from timeloom_workflows.assembly import ROOM, Assembly, assembled
from timeloom_workflows.engine.commands import Advance, Advanced, NewExecution, Outcome
from timeloom_workflows.engine.drivers import Claimed, Places
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.model import (
    Execution,
    HistoryRecord,
    Step,
    StepStatus,
    StepType,
    TriggerType,
    WorkflowKind,
)
from timeloom_workflows.settings import ActionSettings, EngineSettings
from timeloom_workflows.storage.rows import (
    EXECUTION_COLUMNS,
    HISTORY_COLUMNS,
    STEP_COLUMNS,
    execution_of,
    history_of,
    step_of,
)

SECRET = "a secret that only the tests' services know"
# Short enough to wait for its end, long enough for a machine that is busy with other tests.
QUICK = EngineSettings(engine_lease_seconds=4.0)


class PingDriver:
    """Takes executions and does nothing with them: the test says what becomes of them."""

    def __init__(self, places: int = 100) -> None:
        self.places = places
        self.claimed: dict[UUID, Claimed] = {}
        self.poked: list[UUID] = []
        self.dropped: list[UUID] = []

    def reserve(self, project_id: UUID, workflow_id: str) -> bool:
        del project_id, workflow_id
        if self.places == 0:
            return False
        self.places -= 1
        return True

    def offer(self, limit: int) -> Sequence[Places]:
        count = min(limit, self.places)
        self.places -= count
        return [Places(count=count)] if count else []

    def give_back(self, places: Places) -> None:
        self.places += places.count

    def drive(self, claimed: Claimed) -> None:
        self.claimed[claimed.execution.id] = claimed

    def poke(self, execution_id: UUID) -> None:
        self.poked.append(execution_id)

    def drop(self, execution_id: UUID) -> None:
        self.dropped.append(execution_id)
        self.claimed.pop(execution_id, None)


@dataclass(kw_only=True)
class Replica:
    """One of the service's replicas, and a caller of it who may do everything in one project."""

    workflows: workflows_service_pb2_grpc.WorkflowsServiceAsyncStub
    executions: workflow_executions_service_pb2_grpc.WorkflowExecutionsServiceAsyncStub
    triggers: workflow_triggers_service_pb2_grpc.WorkflowTriggersServiceAsyncStub
    worker: workflow_worker_service_pb2_grpc.WorkflowWorkerServiceAsyncStub
    address: str
    metadata: tuple[tuple[str, str], ...]
    project_id: UUID
    database: Database
    database_url: str
    assembly: Assembly
    ping: PingDriver = field(default_factory=PingDriver)

    @property
    def engine(self) -> Engine:
        return self.assembly.engine

    @asynccontextmanager
    async def rows(self) -> AsyncGenerator[Any]:
        """Lends a connection that sees all of the project's rows."""
        async with self.database.transaction(str(self.project_id)) as connection:
            yield connection

    async def execution(self, execution_id: UUID) -> Execution:
        """Reads an execution."""
        async with self.rows() as connection:
            row = await connection.fetchrow(
                f"SELECT {EXECUTION_COLUMNS} FROM executions WHERE id = $1", execution_id
            )
        assert row is not None
        return execution_of(row)

    async def steps(self, execution_id: UUID) -> list[Step]:
        """Reads the steps of an execution."""
        async with self.rows() as connection:
            rows = await connection.fetch(
                f"SELECT {STEP_COLUMNS} FROM steps WHERE execution_id = $1 ORDER BY position", execution_id
            )
        return [step_of(row) for row in rows]

    async def history(self, execution_id: UUID) -> list[HistoryRecord]:
        """Reads the history of an execution."""
        async with self.rows() as connection:
            rows = await connection.fetch(
                f"SELECT {HISTORY_COLUMNS} FROM history WHERE execution_id = $1 ORDER BY sequence",
                execution_id,
            )
        return [history_of(row) for row in rows]

    def new(self, **fields: Any) -> NewExecution:
        """Makes an execution that is to begin."""
        return NewExecution(
            **{
                "project_id": self.project_id,
                "id": uuid7(),
                "workflow_id": "greet",
                "workflow_version": 1,
                "kind": WorkflowKind.DAG,
                "input": b'{"name":"Ada"}',
                "trigger": TriggerType.MANUAL,
                **fields,
            }
        )

    async def owned(self, **fields: Any) -> Claimed:
        """Begins an execution that the driver of this replica has."""
        begun = await self.engine.start(self.new(**fields))
        return await self.claimed(begun.execution_id)

    async def claimed(self, execution_id: UUID, *, after_token: int = 0) -> Claimed:
        """Waits until the driver of this replica has an execution, under a later token than this."""

        def newly_claimed() -> list[Claimed]:
            claimed = self.ping.claimed.get(execution_id)
            return [claimed] if claimed and claimed.execution.token > after_token else []

        (claimed,) = await eventually(newly_claimed)
        return claimed

    async def advance(self, claimed: Claimed, outcome: Outcome, **fields: Any) -> Advanced:
        """Commits what became of an execution."""
        execution = claimed.execution
        advance = Advance(
            project_id=execution.project_id,
            execution_id=execution.id,
            token=execution.token,
            outcome=outcome,
            **fields,
        )
        return await self.engine.advance(advance)


def step(claimed: Claimed, step_id: str = "one", **fields: Any) -> Step:
    """Makes a step that succeeded, or another one."""
    return Step(
        **{
            "execution_id": claimed.execution.id,
            "id": step_id,
            "position": 1,
            "type": StepType.RUN,
            "status": StepStatus.SUCCEEDED,
            "attempt": 1,
            "create_time": datetime.now(UTC),
            **fields,
        }
    )


@asynccontextmanager
async def running_replica(
    database_url: str,
    *,
    project_id: UUID | None = None,
    engine: EngineSettings = QUICK,
    with_ping: bool = True,
    outside: Outside | None = None,
    **others: Any,
) -> AsyncGenerator[Replica]:
    """Runs a replica of the service on a migrated database.

    Args:
        database_url: Of the database; several replicas may share one.
        project_id: The caller's; a new one if None.
        engine: How the engine keeps what it owns.
        with_ping: Give executions of both kinds to a driver that does nothing, instead of the real ones.
        outside: What steps reach the world by; only servers at `localhost` if None.
        others: What else `assembled` takes.
    """
    project_id = project_id or uuid4()
    database = await Database.connect(database_url, room=ROOM)
    outside = outside or Outside(
        ActionSettings(llm=LlmSettings(), private_hosts="localhost"), secret=SECRET, environ={}
    )
    assembly = assembled(
        database=database,
        cursors=Cursors(SECRET),
        clock=lambda: datetime.now(UTC),
        engine=engine,
        outside=outside,
        **others,
    )
    ping = PingDriver()
    if with_ping:
        for kind in WorkflowKind:
            assembly.engine.register(kind, ping)
    running = asyncio.get_running_loop().create_task(assembly.run())
    try:
        async with in_process_server(*assembly.bindings) as server:
            await eventually(
                lambda: running.done() or assembly.engine.is_in_office, describe="engine in office"
            )
            yield Replica(
                workflows=workflows_service_pb2_grpc.WorkflowsServiceStub(server.channel),
                executions=workflow_executions_service_pb2_grpc.WorkflowExecutionsServiceStub(server.channel),
                triggers=workflow_triggers_service_pb2_grpc.WorkflowTriggersServiceStub(server.channel),
                worker=workflow_worker_service_pb2_grpc.WorkflowWorkerServiceStub(server.channel),
                address=server.address,
                metadata=server.metadata_of(Identity(project_id=str(project_id), scope=Scope.ADMIN)),
                project_id=project_id,
                database=database,
                database_url=database_url,
                assembly=assembly,
                ping=ping,
            )
            assembly.end_streams()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await outside.close()
        await database.close()
