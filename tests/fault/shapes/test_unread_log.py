"""A service that stands still reads no changes: the log of the database must not fill the disk meanwhile."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.helpers.shape_reader import ShapeReader, reading
from tests.helpers.shape_writer import Writer
from tests.helpers.stack import StackProcess
from timeloom_platform.embedded.postgres import SETTINGS, EmbeddedPostgres
from timeloom_platform.testing import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

MEBIBYTE = 1024 * 1024
KEPT = 32
ROUNDS, ROUND = 12, 16
WAL_SETTINGS = {
    "max_slot_wal_keep_size": f"{KEPT}MB",
    "max_wal_size": f"{2 * KEPT}MB",
    "min_wal_size": f"{KEPT}MB",
}
# What a slot may hold back, what a checkpoint lets lie around, and the segment that is written.
WAL_BYTES_MAX = 5 * KEPT * MEBIBYTE
ARRIVAL_LIMIT_SECONDS = 60.0
TASKS = 10


@asynccontextmanager
async def _stack_on(postgres: EmbeddedPostgres, directory: Path) -> AsyncIterator[StackProcess]:
    stack = StackProcess(directory / "data", settings={"TIMELOOM_DATABASE_URL": postgres.url})
    try:
        yield stack.up()
    finally:
        stack.end()


async def _write_much(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Lets the database's log grow by several times of what a slot may hold back."""
    for _ in range(ROUNDS):
        await connection.execute(
            "SELECT pg_logical_emit_message(false, 'test', repeat(gen_random_uuid()::text, 29000))"
            f" FROM generate_series(1, {ROUND})"
        )
        await connection.execute("SELECT pg_switch_wal()")
        await connection.execute("CHECKPOINT")


def test_the_embedded_postgres_has_such_a_bound() -> None:
    assert SETTINGS["max_slot_wal_keep_size"] == "1GB"


async def test_an_unread_log_is_given_up_and_clients_fetch_anew(scratch_directory: Path) -> None:
    postgres = EmbeddedPostgres(scratch_directory / "postgres", settings=WAL_SETTINGS)
    await postgres.start()
    connection = await asyncpg.connect(postgres.url_of("timeloom", superuser=True))
    try:
        async with _stack_on(postgres, scratch_directory) as stack:
            await _give_up_and_recover(stack, connection)
    finally:
        await connection.close()
        await postgres.stop()


async def _give_up_and_recover(stack: StackProcess, connection: asyncpg.Connection[asyncpg.Record]) -> None:
    headers = {"Authorization": f"Bearer {stack.credentials['apiKey']}"}
    async with httpx.AsyncClient(base_url=stack.http_url, headers=headers, trust_env=False) as client:
        writer = Writer(client=client, session_id=f"session-{uuid.uuid4()}", seed=1)
        for number in range(TASKS):
            await writer.create(f"task {number}")
        shape = {"table": "tasks", "where": "session_id = $1", "params[1]": writer.session_id}
        reader = ShapeReader(client=client, shape=shape)
        async with reading([reader]):
            await eventually(lambda: len(reader.copy.rows) == TASKS, timeout_seconds=ARRIVAL_LIMIT_SECONDS)
            workspace = stack.state()["processes"]["workspace"]["pid"]
            os.kill(workspace, signal.SIGSTOP)
            try:
                await _write_much(connection)
                await connection.execute(
                    "UPDATE workspace.tasks SET title = 'meanwhile', version = version + 1 "
                    "WHERE session_id = $1",
                    writer.session_id,
                )
                await _check_disk(connection)
            finally:
                os.kill(workspace, signal.SIGCONT)
            told = {("meanwhile",)}
            await eventually(
                lambda: reader.copy.contents("title") == told,
                timeout_seconds=ARRIVAL_LIMIT_SECONDS,
                describe="what was written meanwhile",
            )
            last = await writer.create("the last one")
            await eventually(
                lambda: any(row["id"] == last for row in reader.copy.rows.values()),
                timeout_seconds=ARRIVAL_LIMIT_SECONDS,
                describe="what was written after it",
            )
            assert reader.copy.problems == []
            assert reader.copy.refetches >= 1


async def _check_disk(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    size = await connection.fetchval("SELECT sum(size)::bigint FROM pg_ls_waldir()")
    assert ROUNDS * ROUND * MEBIBYTE > WAL_BYTES_MAX
    assert size < WAL_BYTES_MAX
