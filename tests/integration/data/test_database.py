"""The pool: its limits, and what a caller is told when PostgreSQL is away."""

import asyncio
import time
from contextlib import suppress

import asyncpg
import pytest

from tests.helpers.notes_room import ROOM
from timeloom_platform import database as database_module
from timeloom_platform.database import Database, map_database_error
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.errors import (
    ConflictError,
    DeadlineExceededError,
    OverloadedError,
    UnavailableError,
)
from timeloom_platform.migrate import migrate
from timeloom_platform.testing.databases import Rooms

INSERT = "INSERT INTO notes (project_id, body) VALUES ($1, $2)"


async def run(database: Database, project_id: str, *statements: str) -> None:
    async with database.transaction(project_id) as connection:
        for statement in statements:
            await connection.execute(statement)


async def test_a_failed_transaction_leaves_nothing_behind(database: Database, project_id: str) -> None:
    insert = f"INSERT INTO notes (project_id, body) VALUES ('{project_id}', 'lost')"
    with pytest.raises(asyncpg.DivisionByZeroError):
        await run(database, project_id, insert, "SELECT 1 / 0")

    async with database.transaction(project_id) as connection:
        assert await connection.fetchval("SELECT count(*) FROM notes") == 0


async def test_an_error_that_is_swallowed_does_not_pass_for_a_commit(
    database: Database, project_id: str
) -> None:
    async def fail_and_go_on() -> None:
        async with database.transaction(project_id) as connection:
            with suppress(asyncpg.DivisionByZeroError):
                await connection.execute("SELECT 1 / 0")

    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await fail_and_go_on()


async def test_a_project_that_is_no_uuid_reaches_no_statement(database: Database) -> None:
    with pytest.raises(ValueError, match="UUID"):
        async with database.transaction("'; DROP TABLE notes; --"):
            pass


async def test_a_cancelled_transaction_gives_its_connection_back(database_url: str, project_id: str) -> None:
    database = await Database.connect(database_url, room=ROOM, pool_size=1)
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), database.transaction(project_id) as connection:
                await connection.execute("SELECT pg_sleep(30)")
        async with database.transaction(project_id) as connection:
            assert await connection.fetchval("SELECT 1") == 1
    finally:
        await database.close()


async def test_a_cancelled_reader_gives_its_connection_back(database_url: str, project_id: str) -> None:
    database = await Database.connect(database_url, room=ROOM, pool_size=1)
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), database.reading(project_id) as connection:
                await connection.execute("SELECT pg_sleep(30)")
        async with database.reading(project_id) as connection:
            assert await connection.fetchval("SELECT 1") == 1
    finally:
        await database.close()


async def test_a_pool_that_stays_exhausted_says_so(
    database_url: str, project_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await Database.connect(database_url, room=ROOM, pool_size=1)
    try:
        async with database.transaction(project_id):
            monkeypatch.setattr(database_module, "ACQUIRE_TIMEOUT_SECONDS", 0.2)
            with pytest.raises(OverloadedError) as caught:
                async with database.transaction(project_id):
                    pass
        assert caught.value.retry_after_seconds == database_module.RETRY_AFTER_SECONDS
    finally:
        await database.close()


async def test_connecting_to_nothing_is_unavailable() -> None:
    with pytest.raises(UnavailableError):
        await Database.connect("postgresql://timeloom:x@127.0.0.1:1/timeloom", room=ROOM)


async def test_a_statement_that_takes_too_long_is_a_deadline_exceeded(
    database: Database, project_id: str
) -> None:
    with pytest.raises(asyncpg.QueryCanceledError) as caught:
        await run(database, project_id, "SET LOCAL statement_timeout = 50", "SELECT pg_sleep(30)")

    assert isinstance(map_database_error(caught.value), DeadlineExceededError)


async def test_a_row_that_stays_locked_is_a_conflict_to_try_again(
    database: Database, project_id: str
) -> None:
    async with database.transaction(project_id) as connection:
        await connection.execute(INSERT, project_id, "contended")

    lock = "SELECT body FROM notes FOR UPDATE"
    async with database.transaction(project_id) as first:
        await first.execute(lock)
        with pytest.raises(asyncpg.LockNotAvailableError) as caught:
            await run(database, project_id, "SET LOCAL lock_timeout = 50", lock)

    mapped = map_database_error(caught.value)
    assert isinstance(mapped, ConflictError)
    assert mapped.retry_after_seconds is not None


async def test_transactions_wait_for_a_postgresql_that_restarts(
    private_postgres: EmbeddedPostgres, rooms: Rooms, project_id: str
) -> None:
    await migrate(private_postgres.url, room=ROOM, package=rooms[ROOM])
    database = await Database.connect(private_postgres.url, room=ROOM, pool_size=4)
    try:
        await asyncio.gather(*[_use(database, project_id) for _ in range(4)])
        await private_postgres.kill()
        restart = asyncio.create_task(private_postgres.start())
        await asyncio.gather(*[_use(database, project_id) for _ in range(8)])
        await restart
        await database.ping()
    finally:
        await database.close()


async def test_a_postgresql_that_stays_away_is_unavailable_in_time(
    private_postgres: EmbeddedPostgres, rooms: Rooms, project_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_time_seconds = database_module.ACQUIRE_TIMEOUT_SECONDS
    monkeypatch.setattr(database_module, "ACQUIRE_TIMEOUT_SECONDS", 0.5)
    await migrate(private_postgres.url, room=ROOM, package=rooms[ROOM])
    database = await Database.connect(private_postgres.url, room=ROOM)
    try:
        await private_postgres.kill()
        began = time.monotonic()
        with pytest.raises(UnavailableError):
            await _use(database, project_id)
        assert time.monotonic() - began < in_time_seconds
        with pytest.raises(UnavailableError):
            await database.ping()
    finally:
        await database.close()


async def test_a_connection_lost_within_a_transaction_is_unavailable(
    private_postgres: EmbeddedPostgres, rooms: Rooms, project_id: str
) -> None:
    await migrate(private_postgres.url, room=ROOM, package=rooms[ROOM])
    database = await Database.connect(private_postgres.url, room=ROOM)
    try:
        # Which of the driver's errors it is depends on the moment.
        driver_errors = asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError
        with pytest.raises(driver_errors) as caught:
            await _lose(private_postgres, database, project_id)
        assert isinstance(map_database_error(caught.value), UnavailableError)
    finally:
        await database.close()


async def _lose(server: EmbeddedPostgres, database: Database, project_id: str) -> None:
    async with database.transaction(project_id) as connection:
        await server.kill()
        # A server process may outlive its postmaster for a statement, but not for a wait.
        await connection.execute("SELECT pg_sleep(10)")


async def _use(database: Database, project_id: str) -> None:
    async with database.transaction(project_id) as connection:
        await connection.execute(INSERT, project_id, "kept")
