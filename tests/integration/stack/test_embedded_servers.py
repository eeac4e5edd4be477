"""The throw-away servers that all other tests stand on."""

import asyncpg
import nats
import pytest

from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.testing import Databases


async def test_each_database_is_fresh_and_carries_pgvector(databases: Databases) -> None:
    async with databases.fresh() as first, databases.fresh() as second:
        connection = await asyncpg.connect(first)
        await connection.execute("CREATE TABLE notes (embedding vector(3))")
        await connection.close()

        other = await asyncpg.connect(second)
        assert await other.fetchval("SELECT to_regclass('notes')") is None
        await other.close()


async def test_the_owner_is_no_superuser_and_may_make_roles(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        await connection.execute("CREATE ROLE timeloom_test_reader")
        await connection.execute("SET ROLE timeloom_test_reader")
        await connection.execute("RESET ROLE")
        await connection.execute("DROP ROLE timeloom_test_reader")
    finally:
        await connection.close()


async def test_a_wrong_password_is_refused(database_url: str) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(database_url, password="wrong")


async def test_nats_keeps_its_streams_when_it_is_killed(nats_server: EmbeddedNats) -> None:
    client = await nats.connect(nats_server.url)
    await client.jetstream().add_stream(name="KEPT", subjects=["kept.>"])
    await client.jetstream().publish("kept.one", b"1")
    await client.close()

    await nats_server.kill()
    await nats_server.start()

    client = await nats.connect(nats_server.url)
    assert (await client.jetstream().stream_info("KEPT")).state.messages == 1
    await client.close()


async def test_postgres_keeps_what_was_committed_when_it_is_killed(
    private_postgres: EmbeddedPostgres,
) -> None:
    connection = await asyncpg.connect(private_postgres.url)
    await connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
    await private_postgres.kill()
    await connection.close(timeout=1) if not connection.is_closed() else None
    await private_postgres.start()

    connection = await asyncpg.connect(private_postgres.url)
    assert await connection.fetchval("SELECT value FROM kept") == 1
    await connection.close()
