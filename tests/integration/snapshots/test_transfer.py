"""Executions as files: what is exported is imported with the same hashes, and nothing else is."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from tests.integration.snapshots.service import Service, record_request, refused, running_service
from tests.integration.snapshots.test_pruning import delete, record, record_more, rows_of, seal, sequences_of
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.snapshots.v1 import snapshots_service_pb2 as snapshot_messages
from timeloom.snapshots.v1 import time_travel_service_pb2 as messages
from timeloom_platform.testing import Databases
from timeloom_snapshots import limits
from timeloom_snapshots.assembly import PACKAGE, ROOM
from timeloom_snapshots.transfer import records
from timeloom_snapshots.transfer.container import Counts, FileReader, FileWriter

TABLES = [
    "executions",
    "snapshots",
    "keyframes",
    "effects",
    "head_moves",
    "deleted_snapshots",
    "deleted_turns",
    "segments",
]


async def export(service: Service, execution_id: str) -> bytes:
    request = messages.ExportExecutionRequest(execution_id=execution_id)
    chunks = [each.chunk async for each in service.travel.ExportExecution(request, metadata=service.metadata)]
    assert max(map(len, chunks)) <= limits.FILE_CHUNK_BYTES
    return b"".join(chunks)


async def take(service: Service, data: bytes, *, chunk_bytes: int = 100_000) -> snapshots_pb2.Execution:
    async def requests() -> AsyncIterator[messages.ImportExecutionRequest]:
        for start in range(0, len(data), chunk_bytes):
            yield messages.ImportExecutionRequest(chunk=data[start : start + chunk_bytes])

    response = await service.travel.ImportExecution(requests(), metadata=service.metadata)
    return response.execution


@asynccontextmanager
async def another_installation(databases: Databases) -> AsyncIterator[Service]:
    async with databases.fresh({ROOM: PACKAGE}) as url, running_service(url) as running:
        yield running


async def everything(service: Service, execution_id: str) -> list[Any]:
    """All that can be read of an execution, as a caller sees it."""
    execution = await service.execution(execution_id)
    execution.ClearField("forked_from")
    found: list[Any] = [execution]
    for sequence in await sequences_of(service, execution_id):
        snapshot = await service.get(execution_id, sequence)
        snapshot.ClearField("stored_bytes")
        found.append(snapshot)
    return found


async def rich(service: Service) -> str:
    """An execution with all that one can have."""
    execution_id = await record(
        service, 120, name="rich", tags=["a"], input=b'{"q":1.0}', metadata=b'{"m":[1,2]}', session_id="s"
    )
    await service.record(
        execution_id,
        state={"new": "é\x00"},
        parent_sequence=50,
        branch=True,
        label="l",
        tags=["t"],
        metadata={"a": 1},
        effects=[{"kind": 2, "name": "tool", "request": b'{"x":1}', "response": b"[]", "key": "own"}],
    )
    mark = messages.UpdateSnapshotRequest(execution_id=execution_id, sequence=3, label="marked")
    mark.tags.values.append("later")
    await service.travel.UpdateSnapshot(mark, metadata=service.metadata)
    await service.roll_back(execution_id, 60, 121, reason="again")
    await service.record(execution_id, state={"after": "rollback"})
    return execution_id


@pytest.mark.parametrize("prepare", ["as it was recorded", "sealed", "pruned", "sealed and pruned"])
async def test_another_installation_has_the_same(
    service: Service, databases: Databases, prepare: str
) -> None:
    execution_id = await rich(service)
    if "sealed" in prepare:
        assert await seal(service)
    if "pruned" in prepare:
        await delete(service, execution_id, [number for number in range(1, 118) if number % 9])
    data = await export(service, execution_id)
    async with another_installation(databases) as other:
        imported = await take(other, data)
        assert imported.id == execution_id
        assert await everything(other, execution_id) == await everything(service, execution_id)
        assert await other.verify(execution_id) is None
        assert await export(other, execution_id) == data
        await other.record(execution_id, state={"goes": "on"})
        assert await other.verify(execution_id) is None
        await seal(other)
        assert await other.verify(execution_id) is None


async def test_a_fork_comes_with_all_that_it_shares(service: Service, databases: Databases) -> None:
    origin = await record(service, 80)
    fork = await service.fork(origin, 50, patch=[{"op": "add", "path": "/x", "value": 1}])
    await record_more(service, fork.id, range(60, 90))
    await service.record(fork.id, state="from nothing", parent_sequence=0, branch=True)
    async with another_installation(databases) as other:
        await take(other, await export(service, fork.id))
        ours, theirs = await everything(service, fork.id), await everything(other, fork.id)
        assert theirs == ours
        assert await other.verify(fork.id) is None
        again = await other.fork(fork.id, 55)
        assert await other.verify(again.id) is None


async def test_an_ended_execution_has_ended(service: Service, databases: Databases) -> None:
    execution_id = await record(service, 3)
    await service.complete(
        execution_id,
        status=snapshots_pb2.EXECUTION_STATUS_FAILED,
        output=b'"o"',
        error={"type": "E", "message": "m", "stack": "s"},
    )
    async with another_installation(databases) as other:
        await take(other, await export(service, execution_id))
        assert await everything(other, execution_id) == await everything(service, execution_id)


async def test_an_execution_without_snapshots(service: Service, databases: Databases) -> None:
    execution_id = await service.create()
    async with another_installation(databases) as other:
        assert (await take(other, await export(service, execution_id))).head_sequence == 0


async def test_what_is_there_is_not_replaced(service: Service) -> None:
    execution_id = await record(service, 3)
    data = await export(service, execution_id)
    refusal = await refused(take(service, data))
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")
    await service.delete(execution_id)
    await take(service, data)
    assert await service.verify(execution_id) is None


async def test_an_import_is_an_execution_like_others(service: Service, databases: Databases) -> None:
    execution_id = await record(service, 3)
    async with another_installation(databases) as other:
        await take(other, await export(service, execution_id))
        page = await other.stub.ListExecutions(
            snapshot_messages.ListExecutionsRequest(), metadata=other.metadata
        )
        assert [each.id for each in page.executions] == [execution_id]
        assert (await other.get(execution_id, key="key 2")).sequence == 2
        assert (await other.record(execution_id, state=1, key="key 2")).sequence == 2


async def test_changed_and_truncated_files_leave_nothing(service: Service, databases: Databases) -> None:
    data = await export(service, await rich(service))
    rng = random.Random(4)
    async with another_installation(databases) as other:
        for _ in range(40):
            changed = bytearray(data)
            changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            refusal = await refused(take(other, bytes(changed)))
            assert refusal.reason in {"DAMAGED_FILE", "TOO_LARGE"}
        for _ in range(10):
            size = rng.randrange(len(data))
            refusal = await refused(take(other, data[:size]))
            assert refusal.reason == "DAMAGED_FILE"
            assert refusal.metadata == {"offset": str(size)}
        for table in TABLES:
            assert await rows_of(other, table) == 0, table


async def _records(data: bytes) -> list[Any]:
    async def whole() -> AsyncIterator[bytes]:
        yield data

    return [records.decode(each) async for each in FileReader(whole()).records()]


def _file(found: Sequence[Any]) -> bytes:
    """Writes a file that is sound as a file, whatever is in it."""
    counts = [
        sum(isinstance(each, kind) for each in found)
        for kind in (records.SnapshotRecord, records.EffectRecord, records.HeadMoveRecord)
    ]
    writer = FileWriter()
    parts = [writer.begin(), *(writer.add(records.encode(each)) for each in found)]
    return b"".join(
        [*parts, writer.finish(Counts(snapshots=counts[0], effects=counts[1], head_moves=counts[2]))]
    )


FORGERIES: dict[str, dict[str, Any]] = {
    "the step's name": {"step_name": "other"},
    "the time": {"create_time": 1},
    "the delta": {"delta": b'[["set",["forged"],1]]'},
    "the delta's form": {"delta": b'[ ["set",[],1]]'},
    "no delta": {"delta": b"{}"},
    "the state's hash": {"state_hash": bytes(32)},
    "the chain's hash": {"chain_hash": bytes(32)},
    "the parent": {"parent_sequence": 5},
    "a later parent": {"parent_sequence": 40},
    "a hash of the parent": {"parent_chain_hash": bytes(32)},
    "a state": {"state": b"1"},
    "a bridge": {"bridge": b"[]"},
    "the metadata": {"metadata": "{ }"},
    "a later sequence": {"sequence": 31},
    "an earlier sequence": {"sequence": 29},
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_snapshot_is_named(service: Service, databases: Databases, forgery: str) -> None:
    """The file is written anew, so that its own hashes are right."""
    found = await _records(await export(service, await record(service, 40)))
    place = next(
        index
        for index, each in enumerate(found)
        if getattr(each, "sequence", 0) == 30 and hasattr(each, "delta")
    )
    fields = {name: getattr(found[place], name) for name in found[place].__struct_fields__}
    found[place] = records.SnapshotRecord(**{**fields, **FORGERIES[forgery]})
    async with another_installation(databases) as other:
        refusal = await refused(take(other, _file(found)))
        assert (refusal.status, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "DAMAGED_FILE")
        assert "snapshot 30" in refusal.message or refusal.metadata["sequence"] in {"29", "30", "31"}
        assert await rows_of(other, "executions") == 0


@pytest.mark.parametrize("left_out", [0, 1, 20])
async def test_a_record_that_was_left_out_is_missed(
    service: Service, databases: Databases, left_out: int
) -> None:
    found = await _records(await export(service, await record(service, 30)))
    del found[left_out]
    async with another_installation(databases) as other:
        assert (await refused(take(other, _file(found)))).reason == "DAMAGED_FILE"
        assert await rows_of(other, "snapshots") == 0


async def test_large_states_pass_in_parts(service: Service, databases: Databases) -> None:
    execution_id = await service.create()
    large = {"text": "".join(random.Random(1).choices("abcdefgh ", k=3_000_000))}
    await service.record(execution_id, state=large)
    await service.batch(execution_id, [record_request(state={**large, "n": n}) for n in range(5)])
    data = await export(service, execution_id)
    assert len(data) < 4_000_000, "the state is there once"
    async with another_installation(databases) as other:
        await take(other, data, chunk_bytes=1 << 20)
        assert await other.state(execution_id) == {**large, "n": 4}


async def test_another_project_exports_nothing(service: Service) -> None:
    execution_id = await record(service, 1)
    async with running_service(service.database_url) as stranger:
        assert (await refused(export(stranger, execution_id))).reason == "NOT_FOUND"
