"""Policies of projects: kept, checked, and applied to all projects by one replica at a time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from tests.integration.snapshots.service import Service, refused, running_service
from tests.integration.snapshots.test_pruning import record, seal, sequences_of
from timeloom.snapshots.v1 import time_travel_pb2
from timeloom.snapshots.v1 import time_travel_service_pb2 as messages
from timeloom_platform.auth import Identity, Scope
from timeloom_platform.testing import in_process_server
from timeloom_snapshots import limits
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.pruning import Pruning
from timeloom_snapshots.remover import Remover
from timeloom_snapshots.retention import Retention
from timeloom_snapshots.storage import retention as storage
from timeloom_snapshots.upkeep import RETENTION_SECONDS, Upkeep


async def update(service: Service, **policy: Any) -> messages.UpdateRetentionPolicyResponse:
    """Sets a policy as an administrator of the project; takes it away if it has no rule."""
    request = messages.UpdateRetentionPolicyRequest(
        policy=time_travel_pb2.RetentionPolicy(**policy) if policy else None
    )
    identity = Identity(project_id=str(service.project_id), scope=Scope.ADMIN)
    async with in_process_server(*service.assembly.bindings) as server:
        travel = type(service.travel)(server.channel)
        return await travel.UpdateRetentionPolicy(request, metadata=server.metadata_of(identity))


async def current(service: Service) -> messages.GetRetentionPolicyResponse:
    request = messages.GetRetentionPolicyRequest()
    return await service.travel.GetRetentionPolicy(request, metadata=service.metadata)


async def test_a_policy_is_kept(service: Service) -> None:
    assert await current(service) == messages.GetRetentionPolicyResponse()
    rules: dict[str, Any] = {
        "keep_last": 3,
        "keep_tagged": True,
        "keep_younger_than": timedelta(hours=1),
        "keep_kinds": [2, 4],
        "delete_ended_after": timedelta(days=30),
    }
    answer = await update(service, **rules)
    assert answer.policy == time_travel_pb2.RetentionPolicy(**rules)
    found = await current(service)
    assert (found.policy, found.update_time) == (answer.policy, answer.update_time)
    await update(service, keep_last=5)
    assert (await current(service)).policy == time_travel_pb2.RetentionPolicy(keep_last=5)
    async with running_service(service.database_url) as stranger:
        assert not (await current(stranger)).HasField("policy")
    await update(service)
    assert not (await current(service)).HasField("policy")


@pytest.mark.parametrize(
    "rules",
    [
        {"keep_kinds": []},
        {"keep_younger_than": timedelta(seconds=-1)},
        {"delete_ended_after": timedelta(days=1_000_000)},
    ],
)
async def test_what_is_no_policy_is_refused(service: Service, rules: dict[str, Any]) -> None:
    refusal = await refused(update(service, **rules))
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_the_policies_of_all_projects_are_applied(service: Service) -> None:
    async with running_service(service.database_url) as two, running_service(service.database_url) as three:
        projects = [service, two, three]
        executions = [await record(each, 30) for each in projects]
        await update(service, keep_last=4)
        await update(two, keep_last=1)
        await seal(service)
        assert await service.assembly.retention.apply_all()
        left = [
            await sequences_of(each, execution) for each, execution in zip(projects, executions, strict=True)
        ]
        assert left == [[27, 28, 29, 30], [30], list(range(1, 31))]
        for each, execution in zip(projects, executions, strict=True):
            assert await each.verify(execution) is None


async def test_age_is_told_by_the_clock(service: Service) -> None:
    execution_id = await record(service, 10)
    await update(service, keep_younger_than=timedelta(days=7))

    def retention(now: datetime) -> Retention:
        pruning = Pruning(
            database=service.database,
            remover=Remover(Codec.packaged()),
            executions=service.assembly.executions,
            clock=lambda: now,
        )
        return Retention(database=service.database, pruning=pruning, clock=lambda: now)

    now = datetime.now(UTC)
    await retention(now + timedelta(days=6)).apply_all()
    assert len(await sequences_of(service, execution_id)) == 10
    await retention(now + timedelta(days=8)).apply_all()
    assert await sequences_of(service, execution_id) == [10]


async def test_one_replica_at_a_time(service: Service) -> None:
    connection = await service.database.open_connection()
    try:
        assert await storage.try_lock(connection)
        assert not await service.assembly.retention.apply_all()
    finally:
        await connection.close()
    assert await service.assembly.retention.apply_all()


async def test_a_call_prunes_a_part_of_much(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PRUNED_SNAPSHOTS_MAX", 50)
    monkeypatch.setattr(limits, "PRUNED_AT_ONCE_MAX", 20)
    monkeypatch.setattr(limits, "PRUNING_PAGE", 2)
    executions = [await record(service, 30) for _ in range(5)]
    request = messages.PruneExecutionsRequest(policy=time_travel_pb2.RetentionPolicy(keep_last=1))
    counts: list[int] = []
    while True:
        done = await service.travel.PruneExecutions(request, metadata=service.metadata)
        counts.append(done.snapshot_count)
        if not done.truncated:
            break
    assert counts == [50, 50, 45]
    assert [await sequences_of(service, each) for each in executions] == [[30]] * 5


async def test_upkeep_goes_on_after_failures(service: Service) -> None:
    """It sleeps as long as it is told to, and no error ends it."""
    await update(service, keep_last=1)
    execution_id = await record(service, 20)
    slept: list[float] = []
    rounds = asyncio.Event()

    class FailsFirst(Retention):
        async def apply_all(self) -> bool:
            if len(slept) < 4:
                raise OSError("the database is away")
            done = await super().apply_all()
            rounds.set()
            return done

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0)

    retention = FailsFirst(
        database=service.database, pruning=service.assembly.pruning, clock=lambda: datetime.now(UTC)
    )
    upkeep = Upkeep(sealer=service.assembly.sealer, retention=retention, sleep=sleep)
    task = asyncio.create_task(upkeep.run())
    async with asyncio.timeout(20):
        await rounds.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await sequences_of(service, execution_id) == [20]
    assert max(slept) > RETENTION_SECONDS / 2
