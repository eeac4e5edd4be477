"""The throw-away servers that all other tests stand on."""

from pathlib import Path

import asyncpg
import nats
import pytest

from timeloom_platform.embedded.errors import EmbeddedError, NotReadyError
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import THROW_AWAY_SETTINGS, EmbeddedPostgres
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


async def test_an_interrupted_first_start_is_begun_anew(scratch_directory: Path) -> None:
    unfinished = scratch_directory / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(scratch_directory / "postgres", settings=THROW_AWAY_SETTINGS)
    await server.start()
    await server.stop()
    assert not unfinished.exists()


async def test_a_folder_with_other_files_is_left_alone(scratch_directory: Path) -> None:
    precious = scratch_directory / "postgres" / "precious"
    precious.parent.mkdir()
    precious.write_text("mine")
    with pytest.raises(EmbeddedError, match="holds files, but no PostgreSQL cluster"):
        await EmbeddedPostgres(scratch_directory / "postgres").start()
    assert precious.read_text() == "mine"


async def test_the_cluster_of_another_version_is_left_alone(scratch_directory: Path) -> None:
    version_file = scratch_directory / "postgres" / "PG_VERSION"
    version_file.parent.mkdir()
    version_file.write_text("17\n")
    with pytest.raises(EmbeddedError, match="of PostgreSQL 17, and this is 18"):
        await EmbeddedPostgres(scratch_directory / "postgres").start()
    assert version_file.read_text() == "17\n"


async def test_a_server_that_cannot_start_shows_the_end_of_its_log(scratch_directory: Path) -> None:
    server = EmbeddedPostgres(scratch_directory / "postgres", settings={"shared_buffers": "much"})
    with pytest.raises(NotReadyError, match='invalid value for parameter "shared_buffers": "much"'):
        await server.start()
