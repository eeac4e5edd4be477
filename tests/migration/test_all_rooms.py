"""The migrations of all rooms, found in the sources: a new room is covered by being there."""

import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from timeloom_platform.testing.databases import Rooms

REPOSITORY = Path(__file__).parents[2]
SOURCES = ("platform", "services/*", "gateway")

TABLES = """
SELECT
    relname,
    relrowsecurity AND relforcerowsecurity AS is_protected,
    (SELECT array_agg(format('%s: %s', polname, polroles::regrole[]) ORDER BY polname)
     FROM pg_policy WHERE polrelid = pg_class.oid) AS policies,
    (SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
     WHERE indrelid = pg_class.oid AND indisprimary) AS key_begins_with,
    has_table_privilege($2, pg_class.oid, 'SELECT, INSERT, UPDATE, DELETE') AS is_reachable
FROM pg_class
WHERE relnamespace = $1::text::regnamespace AND relkind IN ('r', 'p')
"""

# What a room keeps of itself, and of no project: only its housekeeping sees it.
HOUSEKEEPING = {("workflows", "engines")}

UNPROTECTED_FUNCTIONS = """
SELECT proname FROM pg_proc WHERE pronamespace = $1::text::regnamespace AND prosecdef
"""


def rooms_in_the_sources() -> Rooms:
    """Schema -> package, which by convention is named `timeloom_<room>` or ends with `.<room>`."""
    folders = [
        folder
        for source in SOURCES
        for folder in REPOSITORY.glob(f"{source}/timeloom_*/**/migrations")
        if any(folder.glob("*.sql"))
    ]
    packages = [_package(folder.parent) for folder in folders]
    return {
        package.rpartition(".")[2].removeprefix("timeloom_"): package
        for package in sorted(packages)
        if package != "timeloom_platform"
    }


def _package(folder: Path) -> str:
    parts = [folder.name]
    while not folder.name.startswith("timeloom_"):
        folder = folder.parent
        parts.insert(0, folder.name)
    return ".".join(parts)


@pytest.fixture
def rooms() -> Rooms:
    return rooms_in_the_sources()


def test_the_rooms_are_found() -> None:
    assert {"identity", "snapshots"} <= rooms_in_the_sources().keys()


async def test_every_table_of_every_room_shows_a_project_its_own_rows_only(
    database_url: str, rooms: Rooms
) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for room in rooms:
            tables = {row["relname"]: row for row in await connection.fetch(TABLES, room, f"timeloom_{room}")}
            # The runner's own: it holds nothing of a project, and the room's roles cannot reach it.
            migrations = tables.pop("schema_migrations")
            assert not migrations["is_reachable"]
            assert {"outbox", "outbox_dead_letters", "processed_events"} < tables.keys(), room
            for name, table in tables.items():
                assert table["is_protected"], f"{room}.{name}"
                if (room, name) in HOUSEKEEPING:
                    assert table["policies"] == [f"housekeeping: {{timeloom_{room}_system}}"]
                    assert not table["is_reachable"]
                    continue
                assert table["key_begins_with"] == "project_id", f"{room}.{name}"
                assert table["policies"] == [
                    f"all_projects: {{timeloom_{room}_system}}",
                    f"own_project: {{timeloom_{room}}}",
                ], f"{room}.{name}"
    finally:
        await connection.close()


async def test_no_function_of_a_room_runs_with_its_owners_rights(database_url: str, rooms: Rooms) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for room in rooms:
            assert await connection.fetch(UNPROTECTED_FUNCTIONS, room) == []
    finally:
        await connection.close()


async def test_the_rooms_roles_see_no_other_room(database_url: str, rooms: Rooms) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        reachable = {
            (room, other): await connection.fetchval(
                "SELECT has_schema_privilege($1, $2, 'USAGE')", role, other
            )
            for room in rooms
            for role in (f"timeloom_{room}", f"timeloom_{room}_system")
            for other in rooms
        }
    finally:
        await connection.close()
    assert reachable == {(room, other): room == other for room, other in reachable}


def test_squawk_finds_nothing_to_say() -> None:
    files = [str(file) for source in SOURCES for file in REPOSITORY.glob(f"{source}/**/migrations/*.sql")]
    squawk = Path(sys.executable).with_name("squawk")

    report = subprocess.run(
        [squawk, "--config", ".squawk.toml", *files],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )

    assert report.returncode == 0, report.stdout
