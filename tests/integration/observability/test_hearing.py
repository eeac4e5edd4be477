"""What our own services commit becomes events, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.integration.observability.service import Service, running_service
from timeloom.events.v1 import events_pb2
from timeloom.memory.v1.memory_pb2 import MemoryChange
from timeloom.migration.v1.migration_pb2 import Migration, MigrationStatus
from timeloom.observability.v1.observability_pb2 import Score, ScoreSource
from timeloom.snapshots.v1.snapshots_pb2 import Execution, ExecutionError, ExecutionStatus
from timeloom.workflows.v1.workflows_pb2 import WorkflowExecutionStatus
from timeloom_observability.hearing.changes import change_of, is_heard
from timeloom_observability.ids import execution_of
from timeloom_observability.model import EventKind, EventStatus, EventType, Severity
from timeloom_platform import ids
from timeloom_platform.bus import Bus
from timeloom_platform.testing import eventually

TRACE = "1" * 32
RUN = WorkflowExecutionStatus


@pytest_asyncio.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    bus = await Bus.connect(nats_url, name="test")
    yield bus
    await bus.close()


@asynccontextmanager
async def hearing(database_url: str, bus: Bus, service: Service | None = None) -> AsyncGenerator[Service]:
    """A service that hears; of the project of an earlier one, if there was one."""
    project_id = service.project_id if service else None
    async with running_service(database_url, bus=bus, project_id=project_id) as running:
        listening = asyncio.create_task(running.assembly.listen(bus))
        try:
            yield running
        finally:
            listening.cancel()
            await asyncio.wait([listening])


async def tell(bus: Bus, service: Service, fact: events_pb2.Event) -> events_pb2.Event:
    fact.id = fact.id or str(ids.uuid7())
    fact.project_id = str(service.project_id)
    if not fact.HasField("create_time"):
        ids.stamp_now(fact.create_time)
    await bus.publish(fact, deadline_seconds=60)
    return fact


def of_run(execution_id: str, status: RUN.ValueType, **more: bool) -> events_pb2.Event:
    changed = events_pb2.WorkflowExecutionChanged(
        execution_id=execution_id, workflow_id="w", status=status, **more
    )
    return events_pb2.Event(topic=f"workflows/executions/{execution_id}", workflow_execution_changed=changed)


def of_execution(execution: Execution) -> events_pb2.Event:
    return events_pb2.Event(
        topic=f"executions/{execution.id}",
        execution_updated=events_pb2.ExecutionUpdated(execution=execution),
    )


async def heard(service: Service) -> list[str]:
    async with service.rows() as connection:
        rows = await connection.fetch("SELECT name FROM events WHERE type = 4 ORDER BY receive_time, id")
    return [row["name"] for row in rows]


async def names_heard(service: Service, count: int) -> list[str]:
    """Returns the names of changes once there are so many."""

    async def are_there() -> bool:
        return len(await heard(service)) >= count

    await eventually(are_there)
    return await heard(service)


async def test_each_status_of_an_execution_is_heard_once(database_url: str, bus: Bus) -> None:
    execution_id = str(uuid4())
    async with hearing(database_url, bus) as service:
        await tell(bus, service, of_run(execution_id, RUN.WORKFLOW_EXECUTION_STATUS_RUNNING))
        await tell(bus, service, of_run(execution_id, RUN.WORKFLOW_EXECUTION_STATUS_RUNNING, has_inbox=True))
        snapshots = events_pb2.SnapshotsRecorded(execution_id=execution_id, first_sequence=1, last_sequence=1)
        topic = f"executions/{execution_id}"
        await tell(bus, service, events_pb2.Event(topic=topic, snapshots_recorded=snapshots))
        await tell(bus, service, of_run(execution_id, RUN.WORKFLOW_EXECUTION_STATUS_FAILED))
        before = await names_heard(service, 2)

    # What is told while nobody hears is heard by whoever comes next.
    await tell(bus, service, of_run(execution_id, RUN.WORKFLOW_EXECUTION_STATUS_FAILED))
    await tell(bus, service, of_run(execution_id, RUN.WORKFLOW_EXECUTION_STATUS_SUCCEEDED))
    async with hearing(database_url, bus, service) as again:
        after = await names_heard(again, 3)

    assert before == ["workflow_execution.running", "workflow_execution.failed"]
    assert after == [*before, "workflow_execution.succeeded"]


@pytest.fixture
def project_id() -> str:
    return str(uuid4())


def test_a_failed_execution_says_why(project_id: str) -> None:
    execution = Execution(
        id=str(uuid4()),
        agent_id="planner",
        session_id="talk",
        name="trip",
        status=ExecutionStatus.EXECUTION_STATUS_FAILED,
        error=ExecutionError(type="Broken", message="no fuel", stack="…"),
        input=b'"secret"',
    )
    fact = of_execution(execution)
    fact.id, fact.project_id = str(uuid4()), project_id
    fact.create_time.FromSeconds(1_700_000_000)

    change = change_of(UUID(project_id), fact)

    assert change is not None
    assert (change.type, change.kind, change.status) == (EventType.CHANGE, EventKind.AGENT, EventStatus.ERROR)
    assert (change.name, change.message, change.error_type) == ("execution.failed", "no fuel", "Broken")
    assert (str(change.execution_id), change.agent_id, change.session_id) == (execution.id, "planner", "talk")
    assert (change.severity, change.service_name) == (Severity.ERROR, "timeloom-snapshots")
    assert change.attributes == b'{"execution.name":"trip"}'
    assert change == change_of(UUID(project_id), fact)


def test_what_telemetry_itself_made_is_not_heard(project_id: str) -> None:
    own_id = str(execution_of(UUID(project_id), TRACE))
    echo = of_execution(Execution(id=own_id, trace_id=TRACE))
    echo.project_id = project_id
    score = Score(id=str(uuid4()), name="truth", source=ScoreSource.SCORE_SOURCE_TELEMETRY)
    scored = events_pb2.Event(topic="scores", score_created=events_pb2.ScoreCreated(score=score))

    assert change_of(UUID(project_id), echo) is None
    assert change_of(UUID(project_id), scored) is None
    assert not is_heard(events_pb2.Event(events_recorded=events_pb2.EventsRecorded()))
    assert not is_heard(events_pb2.Event(snapshots_recorded=events_pb2.SnapshotsRecorded()))


def test_memories_do_not_say_where_they_are(project_id: str) -> None:
    changed = events_pb2.MemoriesChanged(
        namespace="agents/spy",
        memory_ids=["a", "b"],
        change=MemoryChange.MEMORY_CHANGE_CREATED,
    )
    change = change_of(UUID(project_id), events_pb2.Event(id="x", memories_changed=changed))
    assert change is not None
    assert (change.name, change.attributes) == ("memories.created", b'{"memory.count":2}')


def test_a_migration_is_heard_when_it_begins_and_ends(project_id: str) -> None:
    migration = Migration(id=str(uuid4()), status=MigrationStatus.MIGRATION_STATUS_RUNNING)
    migration.start_time.FromSeconds(1_700_000_000)

    def change(name: str) -> tuple[str, str] | None:
        updated = events_pb2.MigrationUpdated(migration=migration)
        found = change_of(UUID(project_id), events_pb2.Event(id=name, migration_updated=updated))
        return (found.name, str(found.id)) if found else None

    begun = change("first")
    assert begun is not None
    assert begun[0] == "migration.running"
    assert change("another") == begun
    migration.status = MigrationStatus.MIGRATION_STATUS_VERIFYING
    assert change("third") is None
    migration.status = MigrationStatus.MIGRATION_STATUS_SUCCEEDED
    migration.end_time.FromSeconds(1_700_000_009)
    ended = change("fourth")
    assert ended is not None
    assert ended[0] == "migration.succeeded"
