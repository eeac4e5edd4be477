"""Leases, and what becomes of executions whose engine is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest_asyncio

from tests.integration.workflows.conftest import Replicas
from tests.integration.workflows.service import PingDriver, Replica, step
from timeloom_platform.testing import eventually
from timeloom_workflows.engine.commands import NOT_COMMITTED, Advance, Ended, Running
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.model import HistoryType, Stage, Status, StepStage, StepStatus, StepType, WorkflowKind
from timeloom_workflows.settings import EngineSettings
from timeloom_workflows.storage import engines
from timeloom_workflows.storage.system import SystemConnection

LEASE_SECONDS = 60.0


class FrozenEngine:
    """An engine that commits but does not renew its lease, as one that is cut off or was stopped."""

    def __init__(self, replica: Replica, connection: SystemConnection) -> None:
        self.engine = Engine(replica.database)
        self.ping = PingDriver()
        self.engine.register(WorkflowKind.DAG, self.ping)
        self._replica = replica
        self._connection = connection

    async def begin(self) -> None:
        await engines.register(self._connection, self.engine.id, address="", lease_seconds=LEASE_SECONDS)
        self.engine.take_office()

    async def outlive_lease(self) -> None:
        """Lets its lease be over, which it does not know."""
        await engines.expire(self._connection, self.engine.id)

    async def owned(self) -> Claimed:
        begun = await self.engine.start(self._replica.new())
        return self.ping.claimed[begun.execution_id]

    def advance(self, claimed: Claimed, outcome: Ended | Running, **fields: object) -> asyncio.Future[object]:
        execution = claimed.execution
        advance = Advance(
            project_id=execution.project_id,
            execution_id=execution.id,
            token=execution.token,
            outcome=outcome,
            **fields,  # type: ignore[arg-type]  # the test knows what an advance has
        )
        return self.engine.advance(advance)  # type: ignore[return-value]  # a future of any value will do


@pytest_asyncio.fixture
async def frozen(workflows_service: Replica) -> AsyncIterator[FrozenEngine]:
    connection = SystemConnection(workflows_service.database)
    frozen = FrozenEngine(workflows_service, connection)
    committing = asyncio.get_running_loop().create_task(frozen.engine.committer.run())
    yield frozen
    committing.cancel()
    await asyncio.gather(committing, return_exceptions=True)
    await connection.close()


async def engine_ids(replica: Replica) -> set[UUID]:
    async with replica.database.system_transaction() as connection:
        return {row["id"] for row in await connection.fetch("SELECT id FROM engines")}


async def test_what_a_dead_engine_owned_goes_on_elsewhere(
    workflows_service: Replica, frozen: FrozenEngine
) -> None:
    await frozen.begin()
    claimed = await frozen.owned()
    await frozen.advance(claimed, Running(), steps=[step(claimed)])

    await frozen.outlive_lease()
    again = await workflows_service.claimed(claimed.execution.id)

    assert (again.execution.token, again.execution.delivery) == (3, 1)
    assert [each.id for each in again.steps] == ["one"]
    assert [entry.type for entry in await workflows_service.history(claimed.execution.id)][2:] == [
        HistoryType.EXECUTION_TAKEN_OVER
    ]
    await eventually(lambda: engine_ids_are(workflows_service, {workflows_service.engine.id}))


async def test_what_a_stale_engine_writes_is_refused(
    workflows_service: Replica, frozen: FrozenEngine
) -> None:
    await frozen.begin()
    claimed = await frozen.owned()
    await frozen.outlive_lease()
    again = await workflows_service.claimed(claimed.execution.id)

    stale = await frozen.advance(claimed, Ended(status=Status.SUCCEEDED, output=b"1"), steps=[step(claimed)])
    true = await workflows_service.advance(again, Ended(status=Status.SUCCEEDED, output=b"2"))

    assert stale == NOT_COMMITTED
    assert true.committed
    assert (await workflows_service.execution(claimed.execution.id)).output == b"2"
    assert await workflows_service.steps(claimed.execution.id) == []


async def test_what_a_stale_engine_begins_is_not_its_own(
    workflows_service: Replica, frozen: FrozenEngine
) -> None:
    await frozen.begin()
    await frozen.outlive_lease()
    await eventually(lambda: engine_ids_are(workflows_service, {workflows_service.engine.id}))
    workflows_service.ping.places = 0

    begun = await frozen.engine.start(workflows_service.new())

    assert begun.stage is Stage.QUEUED
    assert frozen.ping.places == 100, "its place is free again"


async def test_steps_of_a_dead_engine_are_queued(workflows_service: Replica, frozen: FrozenEngine) -> None:
    claimed = await workflows_service.owned()
    await frozen.begin()
    task = step(
        claimed,
        type=StepType.ACTION,
        status=StepStatus.RUNNING,
        stage=StepStage.OWNED,
        owner=frozen.engine.id,
        token=3,
        task="resize",
    )
    await workflows_service.advance(claimed, Running(), steps=[task])
    await frozen.outlive_lease()

    async def is_queued() -> bool:
        (found,) = await workflows_service.steps(claimed.execution.id)
        return (found.stage, found.token, found.owner) == (StepStage.QUEUED, 4, None)

    await eventually(is_queued)
    assert (await workflows_service.execution(claimed.execution.id)).token == claimed.execution.token


async def test_a_paused_execution_is_parked_by_who_takes_it_over(
    workflows_service: Replica, frozen: FrozenEngine
) -> None:
    await frozen.begin()
    claimed = await frozen.owned()
    async with workflows_service.rows() as connection:
        await connection.execute("UPDATE executions SET paused = true, status = 3")
    await frozen.outlive_lease()

    async def is_parked() -> bool:
        return (await workflows_service.execution(claimed.execution.id)).stage is Stage.PARKED

    await eventually(is_parked)
    assert claimed.execution.id not in workflows_service.ping.claimed


async def test_an_engine_that_owns_something_is_not_forgotten(
    workflows_service: Replica, frozen: FrozenEngine
) -> None:
    await frozen.begin()
    claimed = await frozen.owned()
    connection = SystemConnection(workflows_service.database)

    await engines.bury(connection, frozen.engine.id)
    assert frozen.engine.id in await engine_ids(workflows_service), "it lives"
    async with workflows_service.rows() as rows:
        # Its row is locked: nobody can take it over.
        await rows.execute("SELECT FROM executions WHERE id = $1 FOR UPDATE", claimed.execution.id)
        await engines.expire(connection, frozen.engine.id)
        await engines.bury(connection, frozen.engine.id)
        assert frozen.engine.id in await engine_ids(workflows_service), "it owns"
    await workflows_service.claimed(claimed.execution.id)
    await connection.close()


async def test_an_engine_that_cannot_renew_drops_all_it_holds_and_begins_again(
    workflows_service: Replica,
) -> None:
    claimed = await workflows_service.owned()
    before = workflows_service.engine.id
    holder = await asyncpg.connect(workflows_service.database_url)
    async with holder.transaction():
        await holder.execute("LOCK TABLE workflows.engines IN ACCESS EXCLUSIVE MODE")
        await eventually(lambda: workflows_service.ping.dropped == [claimed.execution.id])
        assert workflows_service.engine.id != before
        assert not workflows_service.engine.is_in_office
        assert await workflows_service.advance(claimed, Running()) == NOT_COMMITTED
    await holder.close()

    # Under its new name it takes over what it had before.
    again = await workflows_service.claimed(claimed.execution.id, after_token=1)
    assert again.execution.owner == workflows_service.engine.id
    assert [entry.type for entry in await workflows_service.history(claimed.execution.id)][2:] == [
        HistoryType.EXECUTION_TAKEN_OVER
    ]


async def test_an_engine_that_leaves_hands_over_at_once(
    workflows_service: Replica, another_replica: Replicas
) -> None:
    workflows_service.ping.places = 0
    async with another_replica(engine=EngineSettings(engine_lease_seconds=600)) as other:
        begun = [await other.engine.start(other.new()) for _ in range(3)]
        workflows_service.ping.places = 3

    # Its lease would have lasted for minutes.
    for each in begun:
        await workflows_service.claimed(each.execution_id)


async def engine_ids_are(replica: Replica, expected: set[UUID]) -> bool:
    return await engine_ids(replica) == expected
