"""Whatever byte of what is stored is flipped, verification finds it."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.integration.snapshots.service import Service, record_request, refused, running_service, superuser
from tests.integration.snapshots.test_states import agent_states
from timeloom_platform.testing import Databases

FLIPS = 12

COLUMNS = [
    ("snapshots", column)
    for column in (
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
        "step_name",
        "label",
        "key",
        "tags",
        "metadata",
        "delta",
    )
]
COLUMNS += [("keyframes", column) for column in ("sequence", "dictionary_id", "checksum", "state")]
COLUMNS += [
    ("effects", column)
    for column in (
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
]
COLUMNS += [("executions", "snapshot_count")]

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


@pytest.mark.parametrize(("table", "column"), COLUMNS)
async def test_a_flipped_byte_is_found(
    service: Service, databases: Databases, table: str, column: str
) -> None:
    execution_id = await _recorded(service)
    assert await service.verify(execution_id) is None
    connection = await superuser(await databases.superuser_url(service.database_url))
    try:
        for change in await _flips(connection, table, column):
            async with _saved(connection, table):
                assert await connection.execute(change) == "UPDATE 1"
                assert await service.verify(execution_id) is not None, change
    finally:
        await connection.close()
    assert await service.verify(execution_id) is None


@pytest.mark.parametrize(("table", "sequence"), [("snapshots", 1), ("snapshots", 7), ("snapshots", 60)])
async def test_a_missing_row_is_found(
    service: Service, databases: Databases, table: str, sequence: int
) -> None:
    execution_id = await _recorded(service)
    connection = await superuser(await databases.superuser_url(service.database_url))
    await connection.execute(f"DELETE FROM snapshots.{table} WHERE sequence = $1", sequence)
    await connection.close()
    damage = await service.verify(execution_id)
    assert damage is not None
    assert damage.sequence == sequence


async def test_a_missing_keyframe_is_found(service: Service, databases: Databases) -> None:
    execution_id = await _recorded(service)
    connection = await superuser(await databases.superuser_url(service.database_url))
    lost = await connection.fetchval("DELETE FROM snapshots.keyframes RETURNING sequence")
    await connection.close()
    damage = await service.verify(execution_id)
    assert damage is not None
    assert damage.sequence == lost


async def test_a_snapshot_from_another_execution_is_found(service: Service, databases: Databases) -> None:
    one, two = await _recorded(service), await _recorded(service)
    connection = await superuser(await databases.superuser_url(service.database_url))
    await connection.execute("DELETE FROM snapshots.snapshots WHERE execution_id = $1 AND sequence = 60", one)
    move = "UPDATE snapshots.snapshots SET execution_id = $1 WHERE execution_id = $2 AND sequence = 60"
    await connection.execute(move, one, two)
    await connection.close()
    assert await service.verify(one) is not None


async def _recorded(service: Service) -> str:
    """An execution with every kind of row: keyframes, effects, a branch, all columns filled."""
    execution_id = await service.create()
    states = agent_states(60, seed=5, window=8)
    requests = [
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
    await service.batch(execution_id, requests[:40])
    requests[40].parent_sequence, requests[40].branch = 20, True
    await service.batch(execution_id, requests[40:])
    async with service.rows() as connection:
        assert await connection.fetchval("SELECT count(*) FROM keyframes") >= 2
    return execution_id


async def _flips(connection: Any, table: str, column: str) -> list[str]:
    """Statements that each change one bit of one row's value in a column."""
    rng = random.Random(f"{table}.{column}")
    kind = await connection.fetchval(DATA_TYPE, table, column)
    identity = "snapshot_count" if table == "executions" else "sequence"
    rows = await connection.fetch(
        f"SELECT {identity} AS identity, length({column}::text) AS length FROM snapshots.{table}"
    )
    changes = []
    for row in rng.sample(rows, min(len(rows), FLIPS)):
        place = rng.randrange(max((row["length"] - 2) // 2, 1))
        changed = {
            "bytea": CHANGED_BYTES.format(column=column, place=place, bit=1 << rng.randrange(8)),
            "text": CHANGED_TEXT.format(column=column, place=rng.randrange(row["length"])),
            "ARRAY": f"{column} || 'more'::text",
            "timestamp with time zone": f"{column} + interval '1 microsecond'",
        }.get(kind, CHANGED_NUMBER.format(column=column, bit=1 << rng.randrange(7, 12)))
        changes.append(
            f"UPDATE snapshots.{table} SET {column} = ({changed}) WHERE {identity} = {row['identity']}"
        )
    return changes


@asynccontextmanager
async def _saved(connection: Any, table: str) -> AsyncGenerator[None]:
    """Puts the rows of a table back as they were."""
    await connection.execute(f"CREATE TEMPORARY TABLE saved AS SELECT * FROM snapshots.{table}")
    yield
    await connection.execute(f"DELETE FROM snapshots.{table}")
    await connection.execute(f"INSERT INTO snapshots.{table} SELECT * FROM saved")
    await connection.execute("DROP TABLE saved")


async def test_the_columns_are_all_there_are(service: Service) -> None:
    """A new column has to be listed above, or left out on purpose."""
    left_out = {("snapshots", "project_id"), ("snapshots", "execution_id")}
    left_out |= {("keyframes", "project_id"), ("keyframes", "execution_id")}
    left_out |= {("effects", "project_id"), ("effects", "execution_id"), ("effects", "sequence")}
    async with service.rows() as connection:
        rows = await connection.fetch(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'snapshots' AND table_name IN ('snapshots', 'keyframes', 'effects')"
        )
    found = {(row["table_name"], row["column_name"]) for row in rows}
    assert found == {each for each in COLUMNS if each[0] != "executions"} | left_out


async def test_reading_damaged_states_fails_plainly(service: Service, databases: Databases) -> None:
    execution_id = await _recorded(service)
    connection = await superuser(await databases.superuser_url(service.database_url))
    await connection.execute("UPDATE snapshots.snapshots SET delta = '\\x00' WHERE sequence = 30")
    await connection.close()
    cold = running_service(service.database_url, project_id=service.project_id)
    async with cold as other:
        told = await refused(other.get(execution_id, 30))
        assert told.reason == "DATA_LOSS"
