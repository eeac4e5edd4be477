"""Having migrations driven: each run is an execution of a workflow whose step advances the migration."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import grpc.aio
import msgspec
import structlog

from timeloom.workflows.v1 import (
    workflow_executions_service_pb2,
    workflow_executions_service_pb2_grpc,
    workflows_service_pb2,
    workflows_service_pb2_grpc,
)
from timeloom_migration.changes import Changes
from timeloom_migration.hints import Hints
from timeloom_migration.lifecycle import WORKING, Phase, Status
from timeloom_migration.limits import IDLE_SECONDS, WORKFLOW_TURNS_MAX
from timeloom_migration.model import Migration
from timeloom_migration.storage import migrations as storage
from timeloom_platform.auth import Identity, Scope, acting_as
from timeloom_platform.bell import wait
from timeloom_platform.database import Database
from timeloom_platform.errors import TimeloomError

WORKFLOW_ID: Final = "timeloom-migration"
SERVICES: Final = (
    workflows_service_pb2.DESCRIPTOR.services_by_name["WorkflowsService"],
    workflow_executions_service_pb2.DESCRIPTOR.services_by_name["WorkflowExecutionsService"],
)

LOOK_SECONDS: Final = 2.0
"""How often somebody looks for migrations that nobody drives, where no hint comes."""

RESTARTS_MAX: Final = 10
"""A migration whose workflow executions come to nothing so often in a row has failed."""

AT_ONCE_MAX: Final = 20

DEFINITION: Final = msgspec.json.encode(
    {
        "id": WORKFLOW_ID,
        "description": "Does a migration's work, one bounded part after the other.",
        "steps": [
            {
                "id": "work",
                "type": "loop",
                "until": "steps.advance.output.done",
                "maxIterations": WORKFLOW_TURNS_MAX,
                "steps": [
                    {
                        "id": "advance",
                        "type": "action",
                        "action": {
                            "type": "migration",
                            "operation": "advance",
                            "input": {"migrationId": "${ input.migrationId }"},
                        },
                        "timeout": "5m",
                        "retry": {"maxAttempts": 20, "initialInterval": "1s", "maxInterval": "15s"},
                    }
                ],
            }
        ],
    }
)

logger = structlog.get_logger(__name__)


class Driving:
    """Begins workflow executions for migrations that work and that nobody drives."""

    def __init__(
        self, *, database: Database, changes: Changes, hints: Hints, channel: grpc.aio.Channel
    ) -> None:
        """Take a channel to the workflows service that makes the current identity known."""
        self._database = database
        self._changes = changes
        self._hints = hints
        self._workflows = workflows_service_pb2_grpc.WorkflowsServiceStub(channel)
        self._executions = workflow_executions_service_pb2_grpc.WorkflowExecutionsServiceStub(channel)

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            try:
                await self._look()
            except (TimeloomError, grpc.aio.AioRpcError) as error:
                # The database, or the workflows service, is away: the next look may find it.
                logger.warning("migrations are not driven", reason=type(error).__name__)
            await wait(self._hints.has_undriven, LOOK_SECONDS)

    async def _look(self) -> None:
        idle_since = self._changes.clock() - timedelta(seconds=IDLE_SECONDS)
        async with self._database.system_transaction() as connection:
            undriven = await storage.select_undriven(connection, idle_since=idle_since, limit=AT_ONCE_MAX)
        for migration in undriven:
            await self._drive(migration)

    async def _drive(self, migration: Migration) -> None:
        """Begins the execution of a migration's run, or of another run where that one came to nothing."""
        current = await self._run_of(migration)
        if current is None:
            return
        with acting_as(Identity(project_id=str(migration.project_id), scope=Scope.WRITE)):
            execution_id = await self._begin(current)
        async with self._database.transaction(str(migration.project_id)) as connection:
            now = await storage.lock(connection, migration.project_id, migration.id)
            if now is None or now.runs != current.runs:
                return
            driven = replace(now, driven=True, workflow_execution_id=execution_id)
            overview = await self._changes.write(connection, driven)
        self._changes.wake(overview)

    async def _run_of(self, seen: Migration) -> Migration | None:
        """Returns the migration with the run that is to be begun; None if there is none any more."""
        if not seen.driven:
            return seen
        async with self._database.transaction(str(seen.project_id)) as connection:
            now = await storage.lock(connection, seen.project_id, seen.id)
            if now is None or now.version != seen.version or now.status not in WORKING:
                return None
            if now.restarts >= RESTARTS_MAX:
                failed = replace(
                    now,
                    status=Status.FAILED,
                    phase=Phase.NOTHING,
                    error="Its work came to nothing again and again; the service's log says why.",
                    end_time=self._changes.clock(),
                )
                overview = await self._changes.write(connection, failed)
            else:
                again = replace(now, runs=now.runs + 1, driven=False, restarts=now.restarts + 1)
                overview = await self._changes.write(connection, again)
        self._changes.wake(overview)
        return overview.migration if overview.migration.status in WORKING else None

    async def _begin(self, migration: Migration) -> UUID:
        await self._workflows.UpdateWorkflow(
            workflows_service_pb2.UpdateWorkflowRequest(workflow_id=WORKFLOW_ID, definition=DEFINITION)
        )
        answer = await self._executions.ExecuteWorkflow(
            workflow_executions_service_pb2.ExecuteWorkflowRequest(
                workflow_id=WORKFLOW_ID,
                input=msgspec.json.encode({"migrationId": str(migration.id)}),
                idempotency_key=f"{migration.id}/{migration.runs}",
            )
        )
        return UUID(answer.execution.id)
