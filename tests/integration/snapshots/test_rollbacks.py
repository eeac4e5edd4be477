"""A rollback moves the head and nothing else; what follows stands on where it was moved to."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import grpc
import pytest

from tests.integration.snapshots.service import Service, record_request, refusal_of, refused, running_service
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom.state import delta

EFFECT = {"kind": snapshots_pb2.EFFECT_KIND_TOOL, "name": "pay"}


async def recorded(service: Service, count: int, **fields: Any) -> str:
    execution_id = await service.create(**fields)
    for number in range(1, count + 1):
        effect = {**EFFECT, "key": f"of {number}", "request": b"1", "response": b"2"}
        await service.record(execution_id, state={"n": number}, effects=[effect])
    return execution_id


async def test_what_is_recorded_next_stands_on_the_snapshot_rolled_back_to(service: Service) -> None:
    execution_id = await recorded(service, 5)
    answer = await service.roll_back(execution_id, 2, 5, reason="wrong turn")

    assert (answer.execution.head_sequence, answer.execution.snapshot_count) == (2, 5)
    move = answer.head_move
    assert (move.number, move.from_sequence, move.to_sequence, move.reason) == (1, 5, 2, "wrong turn")
    assert await service.state(execution_id) == {"n": 2}
    assert answer.execution == await service.execution(execution_id)

    new = await service.record(execution_id, delta=[delta.Set(("n",), 20)])
    assert (new.sequence, new.parent_sequence) == (6, 2)
    assert await service.state(execution_id, 5) == {"n": 5}
    assert await service.state(execution_id) == {"n": 20}
    assert (await service.roll_back(execution_id, 4, 6)).head_move.number == 2
    assert await service.problems(execution_id) == []


async def test_a_stale_head_is_refused(service: Service) -> None:
    execution_id = await recorded(service, 3)
    before = await service.execution(execution_id)
    refusal = await refused(service.roll_back(execution_id, 1, 2))
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.ABORTED, "STALE_HEAD")
    assert refusal.metadata == {"headSequence": "3", "expectedHeadSequence": "2"}
    assert await service.execution(execution_id) == before
    async with service.rows() as connection:
        assert await connection.fetchval("SELECT count(*) FROM head_moves") == 0


async def test_of_rollbacks_at_once_one_is_done(service: Service) -> None:
    execution_id = await recorded(service, 6)
    calls = (service.roll_back(execution_id, sequence, 6) for sequence in range(1, 6))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refusals = [refusal_of(each) for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
    (head,) = (each.execution.head_sequence for each in outcomes if not isinstance(each, BaseException))
    assert [each.reason for each in refusals] == ["STALE_HEAD"] * 4
    assert (await service.execution(execution_id)).head_sequence == head


async def test_what_is_not_there_cannot_be_rolled_back_to(service: Service) -> None:
    execution_id = await recorded(service, 2)
    assert (await refused(service.roll_back(execution_id, 3, 2))).reason == "NOT_FOUND"
    assert (await refused(service.roll_back(await service.create(), 1, 1))).reason == "STALE_HEAD"
    assert (await refused(service.roll_back(execution_id, 0, 2))).reason == "INVALID_FIELD"


async def test_an_ended_execution_has_to_be_reopened(service: Service) -> None:
    execution_id = await recorded(service, 3)
    await service.complete(
        execution_id,
        status=snapshots_pb2.EXECUTION_STATUS_FAILED,
        output=b"1",
        error=snapshots_pb2.ExecutionError(type="E", message="m"),
    )
    assert (await refused(service.roll_back(execution_id, 2, 3))).reason == "EXECUTION_ENDED"

    execution = (await service.roll_back(execution_id, 2, 3, reopen=True)).execution
    assert execution.status == snapshots_pb2.EXECUTION_STATUS_RUNNING
    assert (execution.output, execution.HasField("error"), execution.HasField("end_time")) == (
        b"",
        False,
        False,
    )
    assert (await service.record(execution_id, state={"n": 9})).parent_sequence == 2


async def test_effects_on_the_way_that_is_left_are_listed(service: Service) -> None:
    execution_id = await recorded(service, 6)
    answer = await service.roll_back(execution_id, 3, 6)
    assert [(each.sequence, each.effect.key) for each in answer.effects] == [
        (4, "of 4"),
        (5, "of 5"),
        (6, "of 6"),
    ]
    assert all(each.effect.request == each.effect.response == b"" for each in answer.effects)
    assert not answer.effects_truncated

    # From 3 on another way: 7, 8. Back onto the first way, only what is on the second one alone is left.
    for number in (7, 8):
        await service.record(execution_id, state={"n": number}, effects=[{**EFFECT, "key": f"of {number}"}])
    across = await service.roll_back(execution_id, 5, 8)
    assert [each.effect.key for each in across.effects] == ["of 7", "of 8"]
    forward = await service.roll_back(execution_id, 6, 5)
    assert list(forward.effects) == []
    assert [each.effect.key for each in (await service.roll_back(execution_id, 1, 6)).effects] == [
        f"of {number}" for number in range(2, 7)
    ]


async def test_the_list_of_effects_is_bounded(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeloom_snapshots.limits.ROLLED_BACK_EFFECTS_MAX", 2)
    execution_id = await recorded(service, 5)
    answer = await service.roll_back(execution_id, 1, 5)
    assert ([each.sequence for each in answer.effects], answer.effects_truncated) == ([2, 3], True)


async def test_a_fork_can_be_rolled_back_into_what_it_shares(service: Service) -> None:
    origin = await recorded(service, 4)
    fork = (await service.fork(origin, 3)).id
    await service.record(fork, state={"n": 30}, effects=[{**EFFECT, "key": "own"}])
    answer = await service.roll_back(fork, 1, 4)
    assert [each.effect.key for each in answer.effects] == ["of 2", "of 3", "own"]
    new = await service.record(fork, state={"n": 40})
    assert (new.sequence, new.parent_sequence) == (5, 1)
    assert (await service.execution(origin)).head_sequence == 4
    assert await service.problems(fork) == []


async def test_another_replica_s_writer_notices(service: Service, database_url: str) -> None:
    execution_id = await recorded(service, 4)
    async with running_service(database_url, project_id=service.project_id) as other:
        assert (await other.record(execution_id, state={"n": 5})).parent_sequence == 4
        await service.roll_back(execution_id, 2, 5)
        assert (await other.record(execution_id, state={"n": 6})).parent_sequence == 2
        await other.roll_back(execution_id, 5, 6)
        stale = other.record(execution_id, state={"n": 7}, parent_sequence=6)
        assert (await refused(stale)).reason == "STALE_PARENT"
        assert (await service.record(execution_id, state={"n": 8})).parent_sequence == 5
    assert await service.problems(execution_id) == []


async def test_writers_and_rollbacks_at_once_leave_a_sound_tree(service: Service) -> None:
    execution_id = await recorded(service, 3)

    async def write(count: int) -> None:
        for number in range(count):
            await service.record(execution_id, state={"n": 100 + number})

    async def travel(count: int) -> None:
        for sequence in range(1, count + 1):
            head = (await service.execution(execution_id)).head_sequence
            with suppress(grpc.aio.AioRpcError):
                await service.roll_back(execution_id, sequence, head)

    await asyncio.gather(write(15), write(15), travel(10))
    assert (await service.execution(execution_id)).snapshot_count == 33
    assert await service.problems(execution_id) == []


async def test_a_rollback_is_told(service: Service) -> None:
    execution_id = await recorded(service, 2)
    await service.roll_back(execution_id, 1, 2)
    assert (await service.events())[-1].execution_updated.execution.head_sequence == 1


async def test_batches_after_a_rollback_go_on_from_there(service: Service) -> None:
    execution_id = await recorded(service, 3)
    await service.roll_back(execution_id, 1, 3)
    made = await service.batch(execution_id, [record_request(state={"n": number}) for number in (7, 8, 9)])
    assert [(each.sequence, each.parent_sequence) for each in made] == [(4, 1), (5, 4), (6, 5)]
    listed = await service.stub.ListSnapshots(
        messages.ListSnapshotsRequest(execution_id=execution_id), metadata=service.metadata
    )
    assert [each.sequence for each in listed.snapshots] == [1, 2, 3, 4, 5, 6]
