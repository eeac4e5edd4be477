"""Who gets what from the queues."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest_asyncio

from tests.integration.workflows.conftest import Replicas
from tests.integration.workflows.service import PingDriver, Replica, step
from timeloom_platform.testing import eventually
from timeloom_workflows.engine.commands import Requeued, Running
from timeloom_workflows.engine.drivers import Places
from timeloom_workflows.model import HistoryType, Stage, Status, WorkflowKind
from timeloom_workflows.storage import claims, engines
from timeloom_workflows.storage.system import SystemConnection

NO_LIMIT = 1 << 40


class WorkerDriver(PingDriver):
    """Takes executions of one workflow of one project."""

    def __init__(self, places: int, *, project_id: UUID, workflow_id: str) -> None:
        super().__init__(places)
        self._wanted = (project_id, workflow_id)

    def offer(self, limit: int) -> Sequence[Places]:
        project_id, workflow_id = self._wanted
        return [
            Places(count=each.count, project_id=project_id, workflow_id=workflow_id)
            for each in super().offer(limit)
        ]


@pytest_asyncio.fixture
async def system(workflows_service: Replica) -> AsyncIterator[SystemConnection]:
    connection = SystemConnection(workflows_service.database)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def queueing(workflows_service: Replica) -> Replica:
    """A replica that takes nothing by itself: what begins is queued."""
    workflows_service.ping.places = 0
    return workflows_service


async def living_engine(connection: SystemConnection, *, lease_seconds: float = 60) -> UUID:
    """Registers an engine that claims when the test says so."""
    engine_id = uuid4()
    await engines.register(connection, engine_id, address="", lease_seconds=lease_seconds)
    return engine_id


async def claim_dag(connection: SystemConnection, engine_id: UUID, count: int, **others: int) -> list[UUID]:
    places = [Places(count=count)]
    claimed = await claims.claim(
        connection, engine_id, WorkflowKind.DAG, places, **{"bytes_max": NO_LIMIT, **others}
    )
    return [execution.id for execution in claimed]


async def test_two_engines_at_once_never_get_the_same(
    workflows_service: Replica, another_replica: Replicas
) -> None:
    workflows_service.ping.places = 0
    async with another_replica() as other:
        other.ping.places = 0
        begun = await workflows_service.engine.start_all([workflows_service.new() for _ in range(600)])
        for replica in (workflows_service, other):
            replica.ping.places = 400
            replica.engine.room_grew()

        def are_all_claimed() -> bool:
            return len(workflows_service.ping.claimed) + len(other.ping.claimed) >= 600

        await eventually(are_all_claimed)
        one, two = set(workflows_service.ping.claimed), set(other.ping.claimed)

    assert one | two == {each.execution_id for each in begun}
    assert not one & two
    assert min(len(one), len(two)) >= 200, "neither had room for all"


async def test_the_higher_priority_goes_first_then_who_waits_longest(
    queueing: Replica, system: SystemConnection
) -> None:
    news = [queueing.new(priority=priority) for priority in (0, 5, -3, 5, 100, 0)]
    for new in news:
        await queueing.engine.start(new)

    claimed = await claim_dag(system, await living_engine(system), 10)

    assert claimed == [news[place].id for place in (4, 1, 3, 0, 5, 2)]


async def test_a_claim_takes_no_more_than_there_are_places(
    queueing: Replica, system: SystemConnection
) -> None:
    await queueing.engine.start_all([queueing.new() for _ in range(20)])
    engine_id = await living_engine(system)

    claimed = [await claim_dag(system, engine_id, 8) for _ in range(4)]

    assert [len(each) for each in claimed] == [8, 8, 4, 0]
    assert len({each for some in claimed for each in some}) == 20


async def test_a_claim_takes_no_more_input_than_fits_but_always_one(
    queueing: Replica, system: SystemConnection
) -> None:
    for size in (900, 300, 300, 300, 5_000):
        await queueing.engine.start(queueing.new(input=b'"' + b"a" * (size - 2) + b'"'))
    engine_id = await living_engine(system)

    claimed = [await claim_dag(system, engine_id, 10, bytes_max=1_000) for _ in range(4)]

    assert [len(each) for each in claimed] == [1, 3, 1, 0]


async def test_a_claim_is_in_the_row_and_in_the_history(queueing: Replica, system: SystemConnection) -> None:
    begun = await queueing.engine.start(queueing.new())
    engine_id = await living_engine(system)

    (claimed,) = await claims.claim(
        system, engine_id, WorkflowKind.DAG, [Places(count=1)], bytes_max=NO_LIMIT
    )

    assert claimed == await queueing.execution(begun.execution_id)
    assert (claimed.stage, claimed.status, claimed.owner) == (Stage.OWNED, Status.RUNNING, engine_id)
    assert (claimed.token, claimed.delivery) == (1, 1)
    assert claimed.start_time is not None
    assert [entry.type for entry in await queueing.history(claimed.id)] == [
        HistoryType.EXECUTION_CREATED,
        HistoryType.EXECUTION_STARTED,
    ]


async def test_it_starts_once_however_often_it_is_claimed(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    await workflows_service.advance(claimed, Requeued())
    again = await workflows_service.claimed(claimed.execution.id, after_token=1)

    assert again.execution.start_time == claimed.execution.start_time
    assert len(await workflows_service.history(claimed.execution.id)) == 2


async def test_who_goes_on_has_all_steps_in_their_order(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    steps = [step(claimed, name, position=position) for position, name in enumerate("dbca", start=1)]
    await workflows_service.advance(claimed, Running(), steps=steps)
    await workflows_service.advance(claimed, Requeued())

    again = await workflows_service.claimed(claimed.execution.id, after_token=1)

    assert [each.id for each in again.steps] == list("dbca")
    assert again.execution.step_count == 4


async def test_code_goes_only_to_whoever_has_it(queueing: Replica) -> None:
    wanted = queueing.new(kind=WorkflowKind.CODE)
    news = [
        wanted,
        queueing.new(kind=WorkflowKind.CODE, workflow_id="other"),
        queueing.new(kind=WorkflowKind.CODE, project_id=uuid4()),
        queueing.new(),
    ]
    for new in news:
        await queueing.engine.start(new)
    worker = WorkerDriver(10, project_id=queueing.project_id, workflow_id="greet")

    queueing.engine.register(WorkflowKind.CODE, worker)
    queueing.engine.room_grew()

    await eventually(lambda: worker.claimed)
    assert list(worker.claimed) == [wanted.id]
    await eventually(lambda: worker.places == 9, describe="places that nothing came for are free")


async def test_an_engine_takes_nothing_after_its_lease(queueing: Replica, system: SystemConnection) -> None:
    await queueing.engine.start(queueing.new())
    engine_id = await living_engine(system)
    await engines.expire(system, engine_id)

    assert await claim_dag(system, engine_id, 10) == []
    assert await claim_dag(system, uuid4(), 10) == []
    assert await engines.renew(system, engine_id, lease_seconds=60) is None


async def test_what_begins_with_an_engine_whose_lease_is_over_is_queued(
    queueing: Replica, system: SystemConnection
) -> None:
    await engines.expire(system, queueing.engine.id)
    queueing.ping.places = 1

    begun = await queueing.engine.start(queueing.new())

    assert begun.stage is Stage.QUEUED


async def test_what_is_not_due_is_not_queued(queueing: Replica, system: SystemConnection) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    begun = await queueing.engine.start(queueing.new(start_time=later))

    assert await claims.queue_due(system, limit=10) == 0
    assert (await queueing.execution(begun.execution_id)).stage is Stage.PARKED
    seconds = await claims.next_due_seconds(system)
    assert seconds is not None
    assert 3_000 < seconds <= 3_600


async def test_a_driver_that_has_no_place_gets_nothing_until_it_says_so(workflows_service: Replica) -> None:
    workflows_service.ping.places = 1
    first = await workflows_service.owned()
    second = await workflows_service.engine.start(workflows_service.new())
    assert second.stage is Stage.QUEUED

    await workflows_service.advance(first, Requeued())
    workflows_service.ping.places += 1
    workflows_service.engine.room_grew()

    # Who waits longest goes first.
    claimed = await workflows_service.claimed(second.execution_id)
    assert claimed.execution.token == 1
    assert (await workflows_service.execution(first.execution.id)).stage is Stage.QUEUED


async def test_claims_survive_the_loss_of_their_connection(queueing: Replica) -> None:
    begun = await queueing.engine.start_all([queueing.new() for _ in range(50)])
    others = await asyncpg.connect(queueing.database_url)
    await others.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await others.close()
    queueing.ping.places = 50
    queueing.engine.room_grew()

    await eventually(lambda: len(queueing.ping.claimed) == 50)
    assert set(queueing.ping.claimed) == {each.execution_id for each in begun}
