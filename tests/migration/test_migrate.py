"""The migration runner, on rooms whose files a test writes."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from timeloom_platform import migrate as migrate_module
from timeloom_platform.database import Database
from timeloom_platform.migrate import MigrationError, migrate

ROOM = "drafts"

TABLE = """
CREATE TABLE drafts (project_id uuid NOT NULL, id uuid NOT NULL, body text, PRIMARY KEY (project_id, id));
SELECT protect_table('drafts');
"""
INDEX = """-- no transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS drafts_body ON drafts (project_id, body);
"""


class Package:
    """A package that only has migrations."""

    def __init__(self, folder: Path) -> None:
        self.name = f"drafts_{uuid4().hex}"
        self._migrations = folder / self.name / "migrations"
        self._migrations.mkdir(parents=True)
        (folder / self.name / "__init__.py").touch()

    def write(self, files: Mapping[str, str]) -> None:
        for name, sql in files.items():
            (self._migrations / name).write_text(sql)

    def rename(self, old: str, new: str) -> None:
        (self._migrations / old).rename(self._migrations / new)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    monkeypatch.syspath_prepend(tmp_path)
    return Package(tmp_path)


async def apply(url: str, package: Package) -> int:
    return await migrate(url, room=ROOM, package=package.name)


async def fetchval(url: str, statement: str, *arguments: object) -> object:
    connection = await asyncpg.connect(url, server_settings={"search_path": ROOM})
    try:
        return await connection.fetchval(statement, *arguments)
    finally:
        await connection.close()


async def ledger(url: str, package: Package) -> object:
    return await fetchval(
        url, "SELECT array_agg(name ORDER BY number) FROM schema_migrations WHERE package = $1", package.name
    )


async def test_files_are_applied_once_and_in_order(database_url: str, package: Package) -> None:
    package.write({"0002_index.sql": INDEX, "0001_table.sql": TABLE})

    first = await apply(database_url, package)
    second = await apply(database_url, package)

    platform_files = len(migrate_module.read_migrations(migrate_module.PLATFORM_PACKAGE))
    assert (first, second) == (platform_files + 2, 0)
    assert await ledger(database_url, package) == ["0001_table.sql", "0002_index.sql"]
    assert await fetchval(database_url, "SELECT to_regclass('drafts_body') IS NOT NULL")


async def test_an_applied_file_that_was_edited_is_refused(database_url: str, package: Package) -> None:
    package.write({"0001_table.sql": TABLE})
    await apply(database_url, package)

    package.write({"0001_table.sql": TABLE + "-- a small improvement\n", "0002_index.sql": INDEX})

    with pytest.raises(MigrationError, match=r"0001_table\.sql was edited"):
        await apply(database_url, package)
    assert await ledger(database_url, package) == ["0001_table.sql"]


async def test_an_applied_file_that_was_renamed_is_refused(database_url: str, package: Package) -> None:
    package.write({"0001_table.sql": TABLE})
    await apply(database_url, package)

    package.rename("0001_table.sql", "0001_drafts.sql")

    with pytest.raises(MigrationError, match=r"0001_drafts\.sql was edited"):
        await apply(database_url, package)


async def test_a_number_before_those_applied_is_refused(database_url: str, package: Package) -> None:
    package.write({"0001_table.sql": TABLE, "0003_index.sql": INDEX})
    await apply(database_url, package)

    package.write({"0002_late.sql": "ALTER TABLE drafts ADD COLUMN late text;"})

    with pytest.raises(MigrationError, match=r"0002_late\.sql .* numbered before"):
        await apply(database_url, package)


async def test_an_older_replica_starts_beside_a_newer_schema(database_url: str, package: Package) -> None:
    package.write({"0001_table.sql": TABLE})
    await apply(database_url, package)
    newer = (
        "INSERT INTO schema_migrations (package, number, name, checksum) VALUES ($1, 2, '0002_new.sql', '')"
    )
    await fetchval(database_url, newer, package.name)

    assert await apply(database_url, package) == 0


async def test_a_failing_file_leaves_nothing_behind(database_url: str, package: Package) -> None:
    package.write({"0001_table.sql": TABLE, "0002_broken.sql": "CREATE TABLE half (id int); SELECT 1 / 0;"})

    with pytest.raises(asyncpg.DivisionByZeroError):
        await apply(database_url, package)

    assert await ledger(database_url, package) == ["0001_table.sql"]
    assert await fetchval(database_url, "SELECT to_regclass('half') IS NULL")


async def test_an_index_whose_making_was_interrupted_is_made_again(
    database_url: str, package: Package
) -> None:
    unique = INDEX.replace("CREATE INDEX", "CREATE UNIQUE INDEX")
    package.write({"0001_table.sql": TABLE})
    await apply(database_url, package)
    await _insert_twins(database_url)
    package.write({"0002_index.sql": unique})
    with pytest.raises(asyncpg.UniqueViolationError):
        await apply(database_url, package)
    validity = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'drafts_body'::regclass"
    assert await fetchval(database_url, validity) is False

    await _delete_all(database_url)
    await apply(database_url, package)

    assert await fetchval(database_url, validity) is True


async def _insert_twins(url: str) -> None:
    project_id = str(uuid4())
    database = await Database.connect(url, room=ROOM)
    async with database.transaction(project_id) as connection:
        for _ in range(2):
            await connection.execute("INSERT INTO drafts VALUES ($1, $2, 'twin')", project_id, uuid4())
    await database.close()


async def _delete_all(url: str) -> None:
    database = await Database.connect(url, room=ROOM)
    async with database.system_transaction() as connection:
        await connection.execute("DELETE FROM drafts")
    await database.close()


async def test_several_starters_at_once_apply_each_file_once(database_url: str, package: Package) -> None:
    """Also an index made concurrently, which would deadlock with starters that wait inside a lock."""
    package.write({"0001_table.sql": TABLE, "0002_index.sql": INDEX})

    applied = await asyncio.gather(*[apply(database_url, package) for _ in range(4)])

    assert sorted(applied) == [0, 0, 0, max(applied)]
    assert await ledger(database_url, package) == ["0001_table.sql", "0002_index.sql"]


async def test_a_starter_does_not_wait_for_ever(
    database_url: str, package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate_module, "LOCK_ATTEMPTS", 3)
    package.write({"0001_table.sql": TABLE})
    holder = await asyncpg.connect(database_url)
    try:
        await holder.execute("SELECT pg_advisory_lock(hashtextextended('timeloom migrations of drafts', 0))")
        with pytest.raises(MigrationError, match="another migrator"):
            await apply(database_url, package)
    finally:
        await holder.close()


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"1_table.sql": TABLE}, "not named"),
        ({"0001_Table.sql": TABLE}, "not named"),
        ({"0001_table.sql": TABLE, "0001_other.sql": TABLE}, "same number"),
    ],
)
async def test_files_that_are_not_numbered_properly_are_refused(
    package: Package, files: Mapping[str, str], complaint: str
) -> None:
    package.write(files)

    with pytest.raises(MigrationError, match=complaint):
        migrate_module.read_migrations(package.name)


@pytest.mark.parametrize("room", ["Drafts", "drafts; DROP SCHEMA public", "", "1drafts", "d" * 40])
async def test_a_room_has_a_plain_name(package: Package, room: str) -> None:
    with pytest.raises(MigrationError, match="not the name of a room"):
        await migrate("postgresql://unused", room=room, package=package.name)


async def test_a_table_whose_key_does_not_begin_with_the_project_is_refused(
    database_url: str, package: Package
) -> None:
    package.write(
        {
            "0001_open.sql": """
            CREATE TABLE open_house (id uuid PRIMARY KEY, project_id uuid NOT NULL);
            SELECT protect_table('open_house');
            """
        }
    )

    with pytest.raises(asyncpg.RaiseError, match="does not begin with project_id"):
        await apply(database_url, package)
