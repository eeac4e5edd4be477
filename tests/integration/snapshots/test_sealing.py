"""Sealed snapshots are what they were, take less, and are proved as before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from tests.integration.snapshots.service import Service, record_request, running_service, superuser
from tests.integration.snapshots.test_pruning import STATES, delete, record, record_more, rows_of, seal
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom_platform.testing import Databases
from timeloom_snapshots import limits
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.sealing import Sealer
from timeloom_snapshots.storage.sealing import SealingRules

CALM = SealingRules(recent_count=40, quiet=timedelta(0), idle=timedelta(hours=1))


def sealer(service: Service, rules: SealingRules) -> Sealer:
    return Sealer(database=service.database, codec=Codec.packaged(), rules=rules)


async def hot_rows(service: Service) -> int:
    return await rows_of(service, "ONLY snapshots")


async def test_sealing_takes_less_and_changes_nothing(service: Service) -> None:
    execution_id = await record(service, 300)
    before = [await service.get(execution_id, sequence) for sequence in range(1, 301)]
    listed = await service.list_snapshots(execution_id, page_size=300)
    assert await seal(service) == 300
    assert await hot_rows(service) == 0
    after = [await service.get(execution_id, sequence) for sequence in range(1, 301)]
    relisted = await service.list_snapshots(execution_id, page_size=300)
    stored = [sum(each.stored_bytes for each in found) for found in (before, after)]
    assert stored[1] < 0.9 * stored[0]
    for each in (*before, *after, *listed.snapshots, *relisted.snapshots):
        each.ClearField("stored_bytes")
    assert after == before
    assert relisted.snapshots == listed.snapshots
    assert await service.verify(execution_id) is None
    assert await seal(service) == 0


async def test_a_service_that_starts_reads_what_is_sealed(service: Service) -> None:
    execution_id = await record(service, 300)
    await seal(service)
    async with running_service(service.database_url, project_id=service.project_id) as another:
        for sequence in (300, 1, 2, 255, 256, 257, 258, 77):
            assert await another.state(execution_id, sequence) == STATES[sequence - 1]
        await record_more(another, execution_id, range(301, 320))
        assert await another.state(execution_id, 310) == STATES[309]
        assert await another.verify(execution_id) is None


async def test_the_newest_of_a_running_execution_are_left(service: Service) -> None:
    execution_id = await record(service, 300)
    count = await sealer(service, CALM).seal_due()
    assert 0 < count <= 300 - CALM.recent_count
    assert await hot_rows(service) == 300 - count
    assert await sealer(service, CALM).seal_due() == 0
    await service.complete(execution_id)
    assert await sealer(service, CALM).seal_due() == 300 - count
    assert await hot_rows(service) == 0
    assert await service.state(execution_id, 299) == STATES[298]


async def test_a_segment_ends_where_a_run_does(service: Service) -> None:
    await record(service, 300)
    await seal(service)
    async with service.rows() as connection:
        ends = await connection.fetch("SELECT last_sequence AS last FROM segments ORDER BY last_sequence")
        bases = await connection.fetch("SELECT sequence FROM keyframes")
    assert [row["last"] for row in ends][-1] == 300
    assert {row["last"] for row in ends[:-1]} <= {row["sequence"] for row in bases}


@pytest.mark.parametrize("room", [0, limits.SEALED_STATES_BYTES_MAX], ids=["moved", "compressed anew"])
async def test_keyframes_are_sealed_with_their_snapshots(
    service: Service, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(limits, "SEALED_STATES_BYTES_MAX", room)
    execution_id = await record(service, 300)
    before = await keyframe_sizes(service, "ONLY keyframes")
    await seal(service)
    assert await rows_of(service, "ONLY keyframes") == 0
    after = await keyframe_sizes(service, "sealed_keyframes")
    assert after.keys() == before.keys()
    assert all(after[sequence] <= before[sequence] for sequence in before)
    assert (sum(after.values()) < sum(before.values())) is bool(room)
    # What is taken out of its segment and sealed again has its keyframe still.
    base = max(before)
    await delete(service, execution_id, [base - 1])
    assert await seal(service)
    assert base in await keyframe_sizes(service, "sealed_keyframes")
    async with running_service(service.database_url, project_id=service.project_id) as another:
        for sequence in (*before, 299):
            assert await another.state(execution_id, sequence) == STATES[sequence - 1]
    assert await service.verify(execution_id) is None


async def test_a_damaged_keyframe_is_sealed_as_it_is(service: Service, databases: Databases) -> None:
    execution_id = await record(service, 300)
    base = max(await keyframe_sizes(service, "keyframes"))
    change = f"UPDATE snapshots.keyframes SET checksum = checksum # 1 WHERE sequence = {base}"
    async with damaged(service, databases, change):
        await seal(service)
        assert [each.sequence for each in await service.problems(execution_id)] == [base]


async def keyframe_sizes(service: Service, table: str) -> dict[int, int]:
    async with service.rows() as connection:
        rows = await connection.fetch(f"SELECT sequence, octet_length(state) AS size FROM {table}")
    return {row["sequence"]: row["size"] for row in rows}


async def test_what_was_unsealed_is_sealed_apart_from_what_came_later(service: Service) -> None:
    execution_id = await record(service, 60)
    await seal(service)
    await record_more(service, execution_id, range(61, 121))
    await seal(service)
    await delete(service, execution_id, [5])  # unseals the first ones
    await record_more(service, execution_id, range(121, 181))
    assert await hot_rows(service) == 118
    assert await seal(service) == 118
    for sequence in (*range(1, 5), *range(6, 181)):
        assert await service.state(execution_id, sequence) == STATES[sequence - 1]
    assert await service.verify(execution_id) is None
    await delete(service, execution_id, [150])  # unseals the last ones
    assert await service.verify(execution_id) is None
    async with service.rows() as connection:
        ranges = await connection.fetch("SELECT first_sequence, last_sequence FROM segments ORDER BY 1")
    assert all(before[1] < after[0] for before, after in pairwise(ranges))


async def test_keys_are_found_and_stay_unique(service: Service) -> None:
    execution_id = await record(service, 20)
    await seal(service)
    assert (await service.get(execution_id, key="key 7")).sequence == 7
    async with running_service(service.database_url, project_id=service.project_id) as another:
        assert (await another.record(execution_id, state="other", key="key 7")).sequence == 7
        assert (await another.record(execution_id, state="other", key="new")).sequence == 21


async def test_effects_and_marks_are_given_to_sealed_snapshots(service: Service) -> None:
    execution_id = await record(service, 20)
    await seal(service)
    request = messages.RecordEffectsRequest(
        execution_id=execution_id,
        sequence=6,
        effects=[{"kind": 1, "name": "late", "response": b"1"}],  # type: ignore[list-item]  # a message of its fields
    )
    await service.stub.RecordEffects(request, metadata=service.metadata)
    found = await service.get(execution_id, 6)
    assert [each.name for each in found.effects] == ["late"]
    assert await service.verify(execution_id) is None


async def test_states_that_stand_for_themselves_stay_so(service: Service) -> None:
    """Branches, and deltas that are too large to be packed."""
    execution_id = await record(service, 30)
    large = {"text": "x" * (limits.SEALED_DELTA_BYTES_MAX + 1)}
    states: list[Any] = [{"branch": 1}, {**large, "a": 1}, {**large, "a": 1, "b": 2}, *STATES[:12]]
    await service.record(execution_id, state=states[0], parent_sequence=3, branch=True)
    await service.batch(execution_id, [record_request(state=state) for state in states[1:]])
    await seal(service)
    assert await hot_rows(service) == 0
    for sequence, state in enumerate(states, start=31):
        assert await service.state(execution_id, sequence) == state
    assert await service.verify(execution_id) is None


async def test_a_deleted_execution_leaves_no_segments(service: Service) -> None:
    execution_id = await record(service, 60)
    await seal(service)
    await service.delete(execution_id)
    for table in ("snapshots", "segments", "deleted_snapshots"):
        assert await rows_of(service, table) == 0


async def test_forks_share_what_is_sealed(service: Service) -> None:
    execution_id = await record(service, 100)
    fork = await service.fork(execution_id, 50)
    await record_more(service, fork.id, range(60, 200))
    await seal(service)
    for each in (execution_id, fork.id):
        assert await service.verify(each) is None
    assert await service.state(fork.id, 50) == STATES[49]
    assert await service.state(fork.id, 51) == STATES[59]


async def test_reads_while_it_is_sealed_are_right(service: Service) -> None:
    execution_id = await record(service, 300)
    is_over = False

    async def read_on() -> int:
        count = 0
        while not is_over or count < 50:
            sequence = 1 + count * 37 % 300
            async with running_service(service.database_url, project_id=service.project_id) as another:
                assert await another.state(execution_id, sequence) == STATES[sequence - 1]
            count += 1
        return count

    async def seal_and_open() -> None:
        nonlocal is_over
        for place in range(1, 10):
            await seal(service)
            # What is deleted is taken out of its segment, and the rest is sealed again.
            await service.record(execution_id, state="more")
            await service.record(execution_id, state="even more")
            await delete(service, execution_id, [299 + 2 * place])
        is_over = True

    await asyncio.gather(read_on(), seal_and_open())
    assert await service.verify(execution_id) is None


FLIPS = {
    "segments": ("first_sequence", "last_sequence", "checksum", "content"),
    "sealed_snapshots": (
        "create_time",
        "parent_sequence",
        "base_sequence",
        "state_bytes",
        "stored_bytes",
        "checksum",
        "kind",
        "state_hash",
        "chain_hash",
        "parent_chain_hash",
        "step_name",
        "key",
    ),
    "snapshots": ("bridge", "parent_chain_hash", "delta"),
    "deleted_snapshots": ("first_sequence", "last_sequence"),
}
CHANGES = {
    "bytea": "set_byte({0}, octet_length({0}) / 2, get_byte({0}, octet_length({0}) / 2) # 4)",
    "text": "{0} || 'x'",
    "timestamp with time zone": "{0} + interval '1 microsecond'",
}


@pytest.mark.parametrize(("table", "column"), [(table, each) for table in FLIPS for each in FLIPS[table]])
async def test_a_flip_in_what_was_sealed_or_pruned_is_found(
    service: Service, databases: Databases, table: str, column: str
) -> None:
    execution_id = await record(service, 120)
    await delete(service, execution_id, [5, 6, 7, 8])
    await seal(service)
    await record_more(service, execution_id, range(121, 140))
    await delete(service, execution_id, [125, 126])
    assert await service.verify(execution_id) is None
    connection = await superuser(await databases.superuser_url(service.database_url))
    try:
        kind = await connection.fetchval(
            "SELECT data_type FROM information_schema.columns "
            "WHERE table_schema = 'snapshots' AND table_name = $1 AND column_name = $2",
            table,
            column,
        )
        changed = CHANGES.get(kind, "{0} # 1").format(column)
        only = "ONLY " if table == "snapshots" else ""
        done = await connection.execute(
            f"UPDATE {only}snapshots.{table} SET {column} = {changed} WHERE {column} IS NOT NULL "
            f"AND ctid = (SELECT max(ctid) FROM {only}snapshots.{table} WHERE {column} IS NOT NULL)"
        )
        assert done == "UPDATE 1"
    finally:
        await connection.close()
    assert await service.verify(execution_id) is not None


@asynccontextmanager
async def damaged(service: Service, databases: Databases, change: str) -> AsyncGenerator[None]:
    connection = await superuser(await databases.superuser_url(service.database_url))
    await connection.execute(change)
    await connection.close()
    yield


async def test_what_is_damaged_is_not_sealed(service: Service, databases: Databases) -> None:
    execution_id = await record(service, 60)
    change = "UPDATE snapshots.snapshots SET delta = '\\x00' WHERE sequence = 30"
    async with damaged(service, databases, change):
        await seal(service)
        assert await hot_rows(service) == 60
        assert (await service.verify(execution_id)) is not None
        assert await seal(service) == 0, "it is not tried again and again"


async def test_sealing_passes_over_who_is_busy(service: Service) -> None:
    execution_id = await record(service, 60)
    async with service.rows() as connection:
        await connection.execute("SELECT FROM executions WHERE id = $1 FOR KEY SHARE", UUID(execution_id))
        assert await seal(service) == 0
    assert await seal(service) == 60
