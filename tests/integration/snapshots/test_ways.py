"""The way to a snapshot, from parent to parent, is known whatever was deleted of it."""

from __future__ import annotations

from typing import Any

from tests.integration.snapshots.service import Service
from tests.integration.snapshots.test_pruning import delete
from tests.integration.snapshots.test_transfer import another_installation, export, take
from timeloom.snapshots.v1 import time_travel_service_pb2 as messages
from timeloom_platform.testing.databases import Databases


async def test_the_way_through_a_deleted_branch_is_still_known(
    service: Service, databases: Databases
) -> None:
    """2 was made from 1, and so was 4, which is deleted: 2 and 3 are not on the way to 5."""
    execution_id = await service.create()
    for sequence, parent in ((1, 0), (2, 1), (3, 2), (4, 1), (5, 4)):
        branch: dict[str, Any] = {"parent_sequence": parent, "branch": True} if sequence == 4 else {}
        effect = {"kind": 1, "name": f"effect of {sequence}", "response": b"1"}
        await service.record(execution_id, state={"n": sequence % 4}, effects=[effect], **branch)
    fork = (await service.fork(execution_id)).id
    await service.delete(fork)
    assert await delete(service, execution_id, [4]) == 1
    fork = (await service.fork(execution_id)).id

    async def left_behind(place: Service, each: str) -> list[str]:
        history = messages.GetValueHistoryRequest(execution_id=each, path="/n")
        changes = (await place.travel.GetValueHistory(history, metadata=place.metadata)).changes
        assert [change.sequence for change in changes] == [1]
        question = messages.BisectExecutionRequest(execution_id=each, expression="true", exhaustive=True)
        found = await place.travel.BisectExecution(question, metadata=place.metadata)
        assert sorted(evaluation.sequence for evaluation in found.evaluations) == [1, 5]
        done = await place.roll_back(each, 1, 5)
        return [effect.effect.name for effect in done.effects]

    async with another_installation(databases) as other:
        await take(other, await export(service, execution_id))
        assert await left_behind(other, execution_id) == ["effect of 5"]
    assert await left_behind(service, fork) == ["effect of 5"]
    assert await left_behind(service, execution_id) == ["effect of 5"]
    await service.delete(fork)
    await service.delete(execution_id)
    async with service.rows() as connection:
        assert await connection.fetchval("SELECT count(*) FROM deleted_turns") == 0
