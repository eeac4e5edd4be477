"""Labels and tags that are given afterwards: everybody sees them, and nothing that was recorded changes."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.snapshots.service import Service, refused
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom.snapshots.v1 import time_travel_service_pb2 as travel_messages


async def mark(service: Service, execution_id: str, sequence: int, **fields: Any) -> snapshots_pb2.Snapshot:
    """Gives a snapshot a `label` or `tags`."""
    if "tags" in fields:
        fields["tags"] = messages.TagList(values=fields["tags"])
    request = travel_messages.UpdateSnapshotRequest(execution_id=execution_id, sequence=sequence, **fields)
    return (await service.travel.UpdateSnapshot(request, metadata=service.metadata)).snapshot


async def modify_tags(service: Service, execution_id: str, **fields: Any) -> snapshots_pb2.Execution:
    """Adds and removes tags of an execution."""
    request = travel_messages.ModifyTagsRequest(execution_id=execution_id, **fields)
    return (await service.travel.ModifyTags(request, metadata=service.metadata)).execution


async def tagged(service: Service, execution_id: str, tag: str) -> list[int]:
    return [each.sequence for each in (await service.list_snapshots(execution_id, tag=tag)).snapshots]


def marks_of(snapshot: snapshots_pb2.Snapshot) -> tuple[str, list[str]]:
    return snapshot.label, list(snapshot.tags)


async def test_label_and_tags_are_replaced_wherever_the_snapshot_is_seen(service: Service) -> None:
    execution_id = await service.create()
    recorded = await service.record(execution_id, state=1, label="old", tags=["a", "b"], key="k")
    await service.record(execution_id, state=2)

    answer = await mark(service, execution_id, 1, label="new", tags=["c", "b", "c"])
    assert marks_of(answer) == ("new", ["c", "b"])
    assert answer.chain_hash == recorded.chain_hash
    listed = (await service.list_snapshots(execution_id)).snapshots[0]
    for seen in (listed, await service.get(execution_id, 1), await service.get(execution_id, key="k")):
        assert marks_of(seen) == ("new", ["c", "b"])
    again = await service.record(execution_id, state=1, label="old", tags=["a", "b"], key="k")
    assert (again.sequence, marks_of(again)) == (1, ("new", ["c", "b"]))
    assert [await tagged(service, execution_id, tag) for tag in ("a", "b", "c")] == [[], [1], [1]]
    assert await service.problems(execution_id) == []


async def test_what_is_absent_stays(service: Service) -> None:
    execution_id = await service.create()
    await service.record(execution_id, state=1, label="old", tags=["a"])
    assert marks_of(await mark(service, execution_id, 1, label="new")) == ("new", ["a"])
    assert marks_of(await mark(service, execution_id, 1, tags=["b"])) == ("new", ["b"])
    assert marks_of(await mark(service, execution_id, 1)) == ("new", ["b"])
    assert marks_of(await mark(service, execution_id, 1, label="", tags=[])) == ("", [])
    assert await tagged(service, execution_id, "a") == []
    assert marks_of(await mark(service, execution_id, 1, label="old", tags=["a"])) == ("old", ["a"])
    async with service.rows() as connection:
        row = await connection.fetchrow("SELECT marked_label, marked_tags FROM snapshots")
    assert tuple(row) == (None, None), "what is as it was recorded needs no mark"


async def test_a_change_is_told_and_no_change_is_not(service: Service) -> None:
    execution_id = await service.create()
    await service.record(execution_id, state=1)
    await mark(service, execution_id, 1, label="new", tags=["a"])
    await mark(service, execution_id, 1, label="new", tags=["a"])
    updated = [each.snapshot_updated for each in await service.events() if each.HasField("snapshot_updated")]
    assert [(each.execution_id, each.sequence, each.label, list(each.tags)) for each in updated] == [
        (execution_id, 1, "new", ["a"])
    ]


async def test_whoever_shares_a_snapshot_sees_its_marks(service: Service) -> None:
    origin = await service.create()
    await service.record(origin, state=1)
    fork = (await service.fork(origin)).id
    await service.record(fork, state=2)
    await mark(service, fork, 1, label="by the fork")
    await mark(service, origin, 1, tags=["by the origin"])
    await mark(service, fork, 2, tags=["own"])
    for execution_id in (origin, fork):
        seen = await service.get(execution_id, 1)
        assert (seen.execution_id, marks_of(seen)) == (execution_id, ("by the fork", ["by the origin"]))
        assert await tagged(service, execution_id, "by the origin") == [1]
    assert await tagged(service, fork, "own") == [2]
    assert await service.problems(fork) == []


@pytest.mark.parametrize("sequence", [2, 7])
async def test_what_is_not_there_cannot_be_marked(service: Service, sequence: int) -> None:
    origin = await service.create()
    for number in (1, 2):
        await service.record(origin, state=number)
    fork = (await service.fork(origin, 1)).id
    for execution_id in (fork, str(uuid4())):
        assert (await refused(mark(service, execution_id, sequence, label="x"))).reason == "NOT_FOUND"
    assert marks_of(await service.get(origin, 2)) == ("", [])


async def test_tags_of_an_execution_are_added_and_taken_away(service: Service) -> None:
    execution_id = await service.create(tags=["a", "b"])
    before = await service.execution(execution_id)
    after = await modify_tags(service, execution_id, add=["c", "a", "c", "d"], remove=["b", "d", "missing"])
    assert list(after.tags) == ["a", "c", "d"]
    assert after.etag != before.etag
    assert await service.execution(execution_id) == after

    told = len(await service.events())
    assert await modify_tags(service, execution_id, add=["a"], remove=["missing"]) == after
    assert len(await service.events()) == told
    for tags, found in ((["a", "d"], 1), (["b"], 0)):
        listed = await service.stub.ListExecutions(
            messages.ListExecutionsRequest(tags=tags), metadata=service.metadata
        )
        assert len(listed.executions) == found


async def test_an_execution_has_so_many_tags_at_most(service: Service) -> None:
    execution_id = await service.create(tags=[f"tag {number}" for number in range(100)])
    assert (await refused(modify_tags(service, execution_id, add=["more"]))).reason == "INVALID_FIELD"
    after = await modify_tags(service, execution_id, add=["more"], remove=["tag 0"])
    assert len(after.tags) == 100
    assert (await refused(modify_tags(service, str(uuid4()), add=["x"]))).reason == "NOT_FOUND"
