"""Snapshots are deleted, by name or by policy: what stays is what was recorded, and is proved."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from tests.integration.snapshots.service import Service, record_request, refused, running_service
from tests.integration.snapshots.test_states import agent_states
from timeloom.events.v1 import events_pb2
from timeloom.snapshots.v1 import snapshots_pb2, time_travel_pb2
from timeloom.snapshots.v1 import time_travel_service_pb2 as messages
from timeloom_snapshots import limits
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.sealing import Sealer
from timeloom_snapshots.storage.sealing import SealingRules

AT_ONCE = SealingRules(recent_count=0, quiet=timedelta(0), idle=timedelta(0))
STATES = agent_states(400, seed=3, window=6)


async def record(service: Service, count: int, *, first: int = 1, **fields: Any) -> str:
    """Records states, a hundred at a time; returns the execution."""
    execution_id = await service.create(**fields)
    await record_more(service, execution_id, range(first, first + count))
    return execution_id


async def record_more(service: Service, execution_id: str, numbers: Sequence[int]) -> None:
    for start in range(0, len(numbers), 100):
        requests = [
            record_request(
                state=STATES[number - 1],
                step_name=f"step {number}",
                key=f"key {number}",
                effects=[{"kind": 1, "name": "model", "response": b'"answer"'}] if number % 5 == 0 else [],
            )
            for number in numbers[start : start + 100]
        ]
        await service.batch(execution_id, requests)


async def delete(service: Service, execution_id: str, sequences: Sequence[int]) -> int:
    request = messages.DeleteSnapshotsRequest(execution_id=execution_id, sequences=sequences)
    return (await service.travel.DeleteSnapshots(request, metadata=service.metadata)).snapshot_count


async def prune(
    service: Service, *execution_ids: str, dry_run: bool = False, **policy: Any
) -> messages.PruneExecutionsResponse:
    request = messages.PruneExecutionsRequest(
        policy=time_travel_pb2.RetentionPolicy(**policy) if policy else None,
        execution_ids=execution_ids,
        dry_run=dry_run,
    )
    return await service.travel.PruneExecutions(request, metadata=service.metadata)


async def seal(service: Service) -> int:
    """Seals everything that there is."""
    sealer = Sealer(database=service.database, codec=Codec.packaged(), rules=AT_ONCE)
    return await sealer.seal_due()


async def sequences_of(service: Service, execution_id: str) -> list[int]:
    page = await service.list_snapshots(execution_id, page_size=1000)
    assert not page.next_page_token
    return [each.sequence for each in page.snapshots]


async def rows_of(service: Service, table: str) -> int:
    async with service.rows() as connection:
        count: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return count


@pytest.mark.parametrize("is_sealed", [False, True], ids=["unsealed", "sealed"])
async def test_what_stays_is_what_was_recorded(service: Service, *, is_sealed: bool) -> None:
    execution_id = await record(service, 300)
    if is_sealed:
        assert await seal(service) == 300
    going = [number for number in range(1, 300) if number % 7]
    assert await delete(service, execution_id, going) == len(going)
    staying = [*range(7, 300, 7), 300]
    assert await sequences_of(service, execution_id) == staying
    for sequence in staying:
        found = await service.get(execution_id, sequence)
        assert found.step_name == f"step {sequence}"
        assert await service.state(execution_id, sequence) == STATES[sequence - 1]
    assert await service.verify(execution_id) is None
    assert await rows_of(service, "effects") == sum(number % 5 == 0 for number in staying)
    assert (await service.execution(execution_id)).snapshot_count == 300


async def test_what_was_deleted_is_not_there(service: Service) -> None:
    execution_id = await record(service, 10)
    assert await delete(service, execution_id, [3, 4, 4, 99]) == 2
    assert await delete(service, execution_id, [3, 4]) == 0
    refusal = await refused(service.get(execution_id, 3))
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    assert (await refused(service.get(execution_id, key="key 3"))).reason == "NOT_FOUND"
    again = await service.record(execution_id, state=1, key="key 3")
    assert again.sequence == 11, "its number is not used again"


@pytest.mark.parametrize("sequence", [10, 6, 3])
async def test_heads_and_what_is_shared_stay(service: Service, sequence: int) -> None:
    execution_id = await record(service, 10)
    fork = await service.fork(execution_id, 6)
    refusal = await refused(delete(service, execution_id, [8, sequence]))
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "SNAPSHOT_IN_USE")
    assert refusal.metadata["sequence"] == str(sequence)
    assert len(await sequences_of(service, execution_id)) == 10, "all or none"
    assert (await refused(delete(service, fork.id, [3]))).reason == "SNAPSHOT_IN_USE"


async def test_nothing_is_deleted_of_an_execution_that_is_not_there(service: Service) -> None:
    other = await service.create()
    async with running_service(service.database_url) as stranger:
        assert (await refused(delete(stranger, other, [1]))).reason == "NOT_FOUND"


async def test_deletion_is_told(service: Service) -> None:
    execution_id = await record(service, 10)
    async with service.rows() as connection:
        await connection.execute("DELETE FROM outbox")
    await delete(service, execution_id, [2, 3, 7])
    async with service.rows() as connection:
        (batch,) = [row["batch"] for row in await connection.fetch("SELECT batch FROM outbox")]
    (event,) = events_pb2.OutboxBatch.FromString(batch).events
    assert event.snapshots_deleted == events_pb2.SnapshotsDeleted(
        execution_id=execution_id, first_sequence=2, last_sequence=7, snapshot_count=3
    )


async def test_recording_goes_on_where_the_base_was_deleted(service: Service) -> None:
    """The service that records has the base in mind, and must not stand on it any more."""
    execution_id = await record(service, 20)
    async with running_service(service.database_url, project_id=service.project_id) as another:
        await delete(another, execution_id, range(1, 20))
    await record_more(service, execution_id, range(21, 41))
    for sequence in range(20, 41):
        assert await service.state(execution_id, sequence) == STATES[sequence - 1]
    assert await service.verify(execution_id) is None


async def test_nothing_is_recorded_on_what_was_deleted(service: Service) -> None:
    execution_id = await record(service, 10)
    await service.record(execution_id, state=1, parent_sequence=4, branch=True)
    await delete(service, execution_id, [4, 5])
    refusal = await refused(service.record(execution_id, state=1, parent_sequence=5, branch=True))
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert await service.verify(execution_id) is None, "the branch from 4 is still proved"


async def test_pruning_makes_nothing_larger(service: Service) -> None:
    """Of a large state that changes little, no copies are made of what stays."""
    execution_id = await service.create()
    states = [{"large": [f"{number:x} line" for number in range(5000)], "n": n} for n in range(200)]
    await service.batch(execution_id, [record_request(state=state) for state in states])

    async def size_bytes() -> int:
        async with service.rows() as connection:
            size: int = await connection.fetchval("SELECT sum(stored_bytes) FROM snapshots")
        return size

    before = await size_bytes()
    await delete(service, execution_id, [number for number in range(2, 200) if number % 10])
    assert await size_bytes() < before
    assert await service.state(execution_id, 110) == states[109]


async def test_a_policy_keeps_what_any_rule_keeps(service: Service) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=10)
    execution_id = await service.create()
    kinds = {3: "DECISION_POINT", 4: "ERROR_STATE"}
    for number in range(1, 13):
        await service.record(
            execution_id,
            state=number,
            kind=getattr(snapshots_pb2, f"SNAPSHOT_KIND_{kinds.get(number, 'STEP_END')}"),
            label="look here" if number == 5 else "",
            tags=["kept"] if number == 6 else [],
            create_time=datetime.now(UTC) if number == 7 else long_ago,
        )
    policy: dict[str, Any] = {
        "keep_last": 2,
        "keep_tagged": True,
        "keep_younger_than": timedelta(days=1),
        "keep_kinds": [snapshots_pb2.SNAPSHOT_KIND_DECISION_POINT, snapshots_pb2.SNAPSHOT_KIND_ERROR_STATE],
    }
    told = await prune(service, execution_id, dry_run=True, **policy)
    assert len(await sequences_of(service, execution_id)) == 12
    done = await prune(service, execution_id, **policy)
    assert [each.snapshot_count for each in (told, done)] == [5, 5]
    assert told.executions[0].execution_id == execution_id
    assert await sequences_of(service, execution_id) == [3, 4, 5, 6, 7, 11, 12]
    assert not (await prune(service, execution_id, **policy)).executions


async def test_a_tag_that_was_given_afterwards_keeps(service: Service) -> None:
    execution_id = await record(service, 6)
    mark = messages.UpdateSnapshotRequest(execution_id=execution_id, sequence=2, label="found it")
    await service.travel.UpdateSnapshot(mark, metadata=service.metadata)
    await prune(service, keep_tagged=True)
    assert await sequences_of(service, execution_id) == [2, 6]


async def test_only_the_executions_that_are_meant_are_pruned(service: Service) -> None:
    one, two = await record(service, 5), await record(service, 5, agent_id="another", session_id="s")
    request = messages.PruneExecutionsRequest(
        policy=time_travel_pb2.RetentionPolicy(keep_last=1), agent_id="another", session_id="s"
    )
    done = await service.travel.PruneExecutions(request, metadata=service.metadata)
    assert [each.execution_id for each in done.executions] == [two]
    assert [len(await sequences_of(service, each)) for each in (one, two)] == [5, 1]


async def test_executions_that_ended_long_ago_go_as_a_whole(service: Service) -> None:
    ended, running = await record(service, 5), await record(service, 5)
    await service.complete(ended)
    done = await prune(service, delete_ended_after=timedelta(0))
    assert [(each.execution_id, each.deleted, each.snapshot_count) for each in done.executions] == [
        (ended, True, 5)
    ]
    assert (await refused(service.execution(ended))).reason == "NOT_FOUND"
    assert len(await sequences_of(service, running)) == 5, "no rule says what is kept, so all is"


@pytest.mark.parametrize("policy", [{}, {"keep_last": 0, "keep_kinds": []}])
async def test_a_policy_without_rules_is_refused(service: Service, policy: dict[str, Any]) -> None:
    refusal = await refused(prune(service, **policy))
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_pruning_and_recording_at_once(service: Service) -> None:
    execution_id = await record(service, 50)

    async def record_on() -> None:
        for number in range(51, 151):
            await service.record(execution_id, state=STATES[number - 1])

    async def prune_on() -> None:
        for _ in range(20):
            await prune(service, execution_id, keep_last=5)
            await seal(service)

    await asyncio.gather(record_on(), prune_on())
    left = await sequences_of(service, execution_id)
    assert left[-1] == 150
    for sequence in left:
        assert await service.state(execution_id, sequence) == STATES[sequence - 1]
    assert await service.verify(execution_id) is None


@dataclass
class Model:
    """What an execution must have: states by sequence, its head, and how much of it is shared."""

    id: str
    states: dict[int, Any] = field(default_factory=dict)
    head: int = 0
    count: int = 0
    shared: int = 0

    def may_go(self) -> list[int]:
        return [each for each in self.states if each != self.head and each > self.shared]


@pytest.mark.parametrize("seed", range(8))
async def test_nothing_that_can_be_reached_is_lost(service: Service, seed: int) -> None:
    """Anything in any order: record, branch, fork, delete, prune, seal."""
    rng = random.Random(seed)
    models = [Model(id=await service.create())]
    for _ in range(60):
        await _do_something(service, rng, models)
    for model in models:
        assert await sequences_of(service, model.id) == sorted(model.states)
        assert (await service.execution(model.id)).head_sequence == model.head
        assert await service.verify(model.id) is None
        for sequence, state in model.states.items():
            assert await service.state(model.id, sequence) == state, (model.id, sequence)


async def _do_something(service: Service, rng: random.Random, models: list[Model]) -> None:
    model = rng.choice(models)
    action = rng.choices(
        ["record", "branch", "fork", "delete", "prune", "seal"], weights=[10, 2, 2, 4, 1, 2]
    )[0]
    if action == "record" or not model.states:
        states = [_state(rng) for _ in range(rng.randrange(1, 30))]
        await service.batch(model.id, [record_request(state=state) for state in states])
        for state in states:
            _recorded(model, state)
    elif action == "branch":
        state = _state(rng)
        await service.record(
            model.id, state=state, parent_sequence=rng.choice(sorted(model.states)), branch=True
        )
        _recorded(model, state)
    elif action == "fork" and len(models) < 6:
        sequence = rng.choice(sorted(model.states))
        fork = await service.fork(model.id, sequence)
        shared = {each: state for each, state in model.states.items() if each <= sequence}
        models.append(Model(id=fork.id, states=shared, head=sequence, count=sequence, shared=sequence))
        model.shared = max(model.shared, sequence)
    elif action == "delete" and model.may_go():
        going = rng.sample(model.may_go(), rng.randrange(1, len(model.may_go()) + 1))
        assert await delete(service, model.id, going) == len(going)
        model.states = {each: state for each, state in model.states.items() if each not in going}
    elif action == "prune":
        keep = rng.randrange(1, 20)
        await prune(service, model.id, keep_last=keep)
        newest = sorted(model.states)[-keep:]
        going = [each for each in model.may_go() if each not in newest]
        model.states = {each: state for each, state in model.states.items() if each not in going}
    else:
        await seal(service)


def _recorded(model: Model, state: Any) -> None:
    model.count += 1
    model.head = model.count
    model.states[model.count] = state


def _state(rng: random.Random) -> Any:
    """A state that often has much in common with others, and is small or large."""
    if rng.random() < 0.05:
        return rng.randrange(10)
    state = STATES[rng.randrange(len(STATES))]
    return {**state, "extra": ["x" * 50] * rng.randrange(60)} if rng.random() < 0.3 else state


@pytest.mark.parametrize("is_sealed", [False, True], ids=["unsealed", "sealed"])
async def test_a_dry_run_tells_what_the_real_one_takes(
    service: Service, monkeypatch: pytest.MonkeyPatch, *, is_sealed: bool
) -> None:
    """Also where what goes later is stored anew for what goes first."""
    monkeypatch.setattr(limits, "PRUNED_AT_ONCE_MAX", 7)
    execution_id = await record(service, 40)
    await service.record(execution_id, state=0, parent_sequence=3, branch=True)
    if is_sealed:
        assert await seal(service)
    policy: dict[str, Any] = {"keep_last": 5, "keep_kinds": [snapshots_pb2.SNAPSHOT_KIND_DECISION_POINT]}
    told = await prune(service, execution_id, dry_run=True, **policy)
    done = await prune(service, execution_id, **policy)
    assert (told.snapshot_count, told.executions) == (36, done.executions)


async def test_a_dry_run_tells_what_one_call_takes(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PRUNED_SNAPSHOTS_MAX", 8)
    for _ in range(2):
        await record(service, 7)
    told = await prune(service, dry_run=True, keep_last=1)
    done = await prune(service, keep_last=1)
    assert (told.snapshot_count, told.truncated) == (8, True)
    assert told == done
