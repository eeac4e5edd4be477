"""Whatever byte of what is stored is flipped, verification finds it."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.integration.snapshots.service import Service, record_request, refused, running_service, superuser
from tests.integration.snapshots.test_states import agent_states
from timeloom.snapshots.v1 import snapshots_service_pb2
from timeloom.snapshots.v1 import time_travel_service_pb2 as travel_messages
from timeloom_platform.testing import Databases
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.sealing import Sealer
from timeloom_snapshots.storage.sealing import SealingRules

FLIPS = 12
DELETED = (5, 12, 13, 50)

SNAPSHOT_COLUMNS = (
    "create_time",
    "sequence",
    "parent_sequence",
    "base_sequence",
    "state_bytes",
    "stored_bytes",
    "checksum",
    "kind",
    "dictionary_id",
    "state_hash",
    "chain_hash",
    "parent_chain_hash",
    "step_name",
    "label",
    "key",
    "tags",
    "metadata",
    "delta",
    "bridge",
)
EFFECT_COLUMNS = (
    "ordinal",
    "create_time",
    "checksum",
    "document_bytes",
    "kind",
    "dictionary_id",
    "key",
    "name",
    "request",
    "response",
)
KEYFRAME_COLUMNS = ("sequence", "dictionary_id", "checksum", "state")
COLUMNS = {
    "snapshots": SNAPSHOT_COLUMNS,
    "sealed_snapshots": tuple(each for each in SNAPSHOT_COLUMNS if each != "bridge"),
    "keyframes": KEYFRAME_COLUMNS,
    "sealed_keyframes": KEYFRAME_COLUMNS,
    "segments": ("first_sequence", "last_sequence", "checksum", "content"),
    "deleted_snapshots": ("first_sequence", "last_sequence"),
    "effects": EFFECT_COLUMNS,
    "lineages": ("first_sequence", "last_sequence"),
    "executions": ("snapshot_count", "shared_count"),
}
IDENTITIES = {
    "executions": "snapshot_count",
    "segments": "first_sequence",
    "deleted_snapshots": "first_sequence",
    "lineages": "first_sequence",
}
NAMES_ONE = {"snapshots", "sealed_snapshots", "keyframes", "sealed_keyframes", "effects"}
"""Of these tables, a damaged row is named, and no other one."""

LEFT_OUT = {
    # Bridges of sealed snapshots lie in their segments.
    "sealed_snapshots": {"bridge"},
    "effects": {"sequence", "record_time"},
    "lineages": {"place", "owner_id", "fork_time"},
}

DATA_TYPE = """
SELECT data_type
FROM information_schema.columns
WHERE table_schema = 'snapshots' AND table_name = $1 AND column_name = $2
"""
CHANGED_NUMBER = "{column} # {bit}"
CHANGED_BYTES = "set_byte({column}, {place}, get_byte({column}, {place}) # {bit})"
CHANGED_TEXT = (
    "overlay({column} placing chr(ascii(substr({column}, {place} + 1, 1)) # 1) from {place} + 1 for 1)"
)


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table, columns in COLUMNS.items() for column in columns]
)
async def test_a_flipped_byte_is_found(
    service: Service, databases: Databases, table: str, column: str
) -> None:
    execution_id = await _recorded(service)
    assert await service.problems(execution_id) == []
    connection = await superuser(await databases.superuser_url(service.database_url))
    try:
        for identity, change in await _flips(connection, table, column):
            async with _saved(connection, table):
                assert await connection.execute(change) == "UPDATE 1"
                problems = await service.problems(execution_id)
                assert problems, change
                if table in NAMES_ONE and column != "sequence":
                    assert [each.sequence for each in problems] == [identity], change
    finally:
        await connection.close()
    assert await service.problems(execution_id) == []


@pytest.mark.parametrize("sequence", [1, 7, 41, 60, 80])
async def test_a_missing_row_is_found(service: Service, databases: Databases, sequence: int) -> None:
    execution_id = await _recorded(service)
    connection = await superuser(await databases.superuser_url(service.database_url))
    await connection.execute("DELETE FROM snapshots.snapshots WHERE sequence = $1", sequence)
    await connection.close()
    assert [
        (each.sequence, each.description)
        for each in await service.problems(execution_id)
        if each.description.startswith("the snapshot")
    ] == [(sequence, "the snapshot is missing")]


async def test_damage_is_named_with_the_execution_whose_row_it_is(
    service: Service, databases: Databases
) -> None:
    execution_id = await _recorded(service)
    origin_id = (await service.execution(execution_id)).forked_from.execution_id
    connection = await superuser(await databases.superuser_url(service.database_url))
    await connection.execute("UPDATE snapshots.snapshots SET kind = 8 WHERE sequence IN (45, 70, 75)")
    await connection.close()
    problems = await service.problems(execution_id)
    assert [(str(each.execution_id), each.sequence) for each in problems] == [
        (origin_id, 45),
        (execution_id, 70),
        (execution_id, 75),
    ]
    assert [each.sequence for each in await service.problems(origin_id)] == [45]
    answer = await service.travel.VerifyExecution(
        travel_messages.VerifyExecutionRequest(execution_id=execution_id), metadata=service.metadata
    )
    assert (answer.intact, answer.truncated) == (False, False)
    assert answer.snapshot_count == 80 - len(DELETED)
    assert [(each.execution_id, each.sequence) for each in answer.problems] == [
        (origin_id, 45),
        (execution_id, 70),
        (execution_id, 75),
    ]


async def test_no_more_problems_are_told_than_the_limit(
    service: Service, monkeypatch: pytest.MonkeyPatch, databases: Databases
) -> None:
    monkeypatch.setattr("timeloom_snapshots.limits.PROBLEMS_MAX", 5)
    execution_id = await _recorded(service)
    connection = await superuser(await databases.superuser_url(service.database_url))
    await connection.execute("UPDATE snapshots.snapshots SET kind = 8")
    await connection.close()
    answer = await service.travel.VerifyExecution(
        travel_messages.VerifyExecutionRequest(execution_id=execution_id), metadata=service.metadata
    )
    assert (len(answer.problems), answer.truncated) == (5, True)


async def test_marks_are_not_verified(service: Service) -> None:
    execution_id = await _recorded(service)
    for sequence in (3, 45, 70):
        request = travel_messages.UpdateSnapshotRequest(
            execution_id=execution_id,
            sequence=sequence,
            label="another",
            tags=snapshots_service_pb2.TagList(values=["x"]),
        )
        await service.travel.UpdateSnapshot(request, metadata=service.metadata)
    assert await service.problems(execution_id) == []


async def test_a_missing_keyframe_is_found(service: Service, databases: Databases) -> None:
    execution_id = await _recorded(service)
    connection = await superuser(await databases.superuser_url(service.database_url))
    lost = await connection.fetchval("SELECT max(sequence) FROM snapshots.keyframes")
    await connection.execute("DELETE FROM snapshots.keyframes WHERE sequence = $1", lost)
    await connection.close()
    assert [each.sequence for each in await service.problems(execution_id)] == [lost]


async def test_a_snapshot_from_another_execution_is_found(service: Service, databases: Databases) -> None:
    one, two = await _recorded(service), await _recorded(service)
    connection = await superuser(await databases.superuser_url(service.database_url))
    await connection.execute("DELETE FROM snapshots.snapshots WHERE execution_id = $1 AND sequence = 80", one)
    move = "UPDATE snapshots.snapshots SET execution_id = $1 WHERE execution_id = $2 AND sequence = 80"
    await connection.execute(move, one, two)
    await connection.close()
    assert [each.sequence for each in await service.problems(one)] == [80]


async def _recorded(service: Service) -> str:
    """A fork with every kind of row on the way: keyframes, effects, a branch, segments, gaps and bridges."""
    origin = await service.create()
    requests = _requests(agent_states(80, seed=5, window=8))
    await service.batch(origin, requests[:40])
    await _delete(service, origin, DELETED[:3])
    rules = SealingRules(recent_count=1, quiet=timedelta(0), idle=timedelta(0))
    sealer = Sealer(database=service.database, codec=Codec.packaged(), rules=rules)
    assert await sealer.seal_execution(service.project_id, UUID(origin)) == 37
    requests[40].parent_sequence, requests[40].branch = 20, True
    await service.batch(origin, requests[40:60])
    await _delete(service, origin, DELETED[3:])
    fork = (await service.fork(origin)).id
    await service.batch(fork, requests[60:])
    async with service.rows() as connection:
        assert await connection.fetchval("SELECT count(*) FROM keyframes") >= 2
        assert await connection.fetchval("SELECT count(*) FROM snapshots WHERE bridge IS NOT NULL") >= 1
    return fork


def _requests(states: Sequence[Any]) -> list[snapshots_service_pb2.RecordSnapshotRequest]:
    return [
        record_request(
            state=state,
            step_name=f"step {number}",
            label=f"label {number}",
            key=f"key {number * 7919}",
            tags=["one", "two"],
            metadata={"number": number},
            effects=[{"kind": 1, "name": "model", "request": b'{"q":[1,2]}', "response": b'{"a":"text"}'}],
        )
        for number, state in enumerate(states, start=1)
    ]


async def _delete(service: Service, execution_id: str, sequences: Sequence[int]) -> None:
    request = travel_messages.DeleteSnapshotsRequest(execution_id=execution_id, sequences=sequences)
    await service.travel.DeleteSnapshots(request, metadata=service.metadata)


async def _flips(connection: Any, table: str, column: str) -> list[tuple[int, str]]:
    """Statements that each change one bit of one row's value in a column, and which row it is."""
    rng = random.Random(f"{table}.{column}")
    kind = await connection.fetchval(DATA_TYPE, table, column)
    identity = IDENTITIES.get(table, "sequence")
    condition = "shared_count > 0" if table == "executions" else f"{column} IS NOT NULL"
    rows = await connection.fetch(
        f"SELECT {identity} AS identity, length({column}::text) AS length "
        f"FROM ONLY snapshots.{table} WHERE {condition}"
    )
    assert rows
    changes: list[tuple[int, str]] = []
    for row in rng.sample(rows, min(len(rows), FLIPS)):
        place = rng.randrange(max((row["length"] - 2) // 2, 1))
        changed = {
            "bytea": CHANGED_BYTES.format(column=column, place=place, bit=1 << rng.randrange(8)),
            "text": CHANGED_TEXT.format(column=column, place=rng.randrange(row["length"])),
            "ARRAY": f"{column} || 'more'::text",
            "timestamp with time zone": f"{column} + interval '1 microsecond'",
        }.get(kind, CHANGED_NUMBER.format(column=column, bit=1 << rng.randrange(7, 12)))
        change = (
            f"UPDATE ONLY snapshots.{table} SET {column} = ({changed}) WHERE {identity} = {row['identity']}"
        )
        changes.append((row["identity"], change))
    return changes


@asynccontextmanager
async def _saved(connection: Any, table: str) -> AsyncGenerator[None]:
    """Puts the rows of a table back as they were."""
    await connection.execute(f"CREATE TEMPORARY TABLE saved AS SELECT * FROM ONLY snapshots.{table}")
    yield
    await connection.execute(f"DELETE FROM ONLY snapshots.{table}")
    await connection.execute(f"INSERT INTO snapshots.{table} SELECT * FROM saved")
    await connection.execute("DROP TABLE saved")


async def test_the_columns_are_all_there_are(service: Service) -> None:
    """A new column has to be listed above, or left out on purpose."""
    marks = {"marked_label", "marked_tags"}
    async with service.rows() as connection:
        rows = await connection.fetch(
            "SELECT table_name, array_agg(column_name::text) AS columns FROM information_schema.columns "
            "WHERE table_schema = 'snapshots' AND table_name = ANY($1) GROUP BY table_name",
            [table for table in COLUMNS if table != "executions"],
        )
    for row in rows:
        left_out = LEFT_OUT.get(row["table_name"], set()) | {"project_id", "execution_id"}
        if row["table_name"].endswith("snapshots") and "marked_label" in row["columns"]:
            left_out |= marks
        assert set(row["columns"]) == {*COLUMNS[row["table_name"]]} | left_out


async def test_reading_damaged_states_fails_plainly(service: Service, databases: Databases) -> None:
    execution_id = await _recorded(service)
    connection = await superuser(await databases.superuser_url(service.database_url))
    await connection.execute("UPDATE snapshots.snapshots SET delta = '\\x00' WHERE sequence = 30")
    await connection.close()
    cold = running_service(service.database_url, project_id=service.project_id)
    async with cold as other:
        told = await refused(other.get(execution_id, 30))
        assert told.reason == "DATA_LOSS"


@pytest.mark.parametrize("text", ["first", "second"])
async def test_a_state_that_is_not_what_was_recorded_is_not_shown(
    service: Service, databases: Databases, text: str
) -> None:
    """Also where it can be read: the damage lies within the base, or within a delta."""
    execution_id = await service.create()
    for state in ({"a": "first"}, {"a": "first", "b": "second"}, {"a": "first", "b": "third"}):
        await service.record(execution_id, state=state)
    damaged = {"first": (1, 2, 3), "second": (2,)}[text]
    codec = Codec.packaged()
    connection = await superuser(await databases.superuser_url(service.database_url))
    for row in await connection.fetch("SELECT sequence, delta, dictionary_id FROM snapshots.snapshots"):
        content = codec.decompress(row["delta"], row["dictionary_id"])
        flipped = content.replace(text.encode(), bytes([text.encode()[0] ^ 1]) + text.encode()[1:])
        await connection.execute(
            "UPDATE snapshots.snapshots SET delta = $2, dictionary_id = $3 WHERE sequence = $1",
            row["sequence"],
            codec.compress(flipped),
            codec.dictionary_id,
        )
    await connection.close()
    async with running_service(service.database_url, project_id=service.project_id) as cold:
        # Backwards, and then again with what was kept from before.
        for sequence in (3, 2, 1, 3):
            if sequence in damaged:
                told = await refused(cold.get(execution_id, sequence))
                assert told.reason == "DATA_LOSS"
                assert told.message == f"Snapshot {sequence} of {execution_id} fails its hash."
            else:
                assert (await cold.get(execution_id, sequence)).sequence == sequence
