"""A transaction sees its project's rows and no others, whatever it asks for."""

from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.notes_room import ROOM
from timeloom_platform.database import Database

INSERT = "INSERT INTO notes (project_id, body) VALUES ($1, $2)"
ALL_BODIES = "SELECT body FROM notes ORDER BY body"

PROJECTS = [str(uuid4()) for _ in range(3)]


async def add(database: Database, project_id: str, body: str) -> None:
    async with database.transaction(project_id) as connection:
        await connection.execute(INSERT, project_id, body)


async def bodies(database: Database, project_id: str) -> list[str]:
    async with database.transaction(project_id) as connection:
        return [row["body"] for row in await connection.fetch(ALL_BODIES)]


async def test_a_project_sees_its_own_rows_only(database: Database) -> None:
    mine, theirs = str(uuid4()), str(uuid4())
    await add(database, mine, "mine")
    await add(database, theirs, "theirs")

    assert await bodies(database, mine) == ["mine"]
    assert await bodies(database, theirs) == ["theirs"]


async def test_who_only_reads_sees_the_same_and_writes_nothing(database: Database) -> None:
    mine, theirs = str(uuid4()), str(uuid4())
    await add(database, mine, "mine")
    await add(database, theirs, "theirs")
    async with database.reading(mine) as connection:
        assert [row["body"] for row in await connection.fetch("SELECT body FROM notes")] == ["mine"]
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("DELETE FROM notes")
    assert await bodies(database, mine) == ["mine"]


async def test_naming_another_project_in_a_statement_finds_nothing(database: Database) -> None:
    mine, theirs = str(uuid4()), str(uuid4())
    await add(database, theirs, "theirs")

    async with database.transaction(mine) as connection:
        found = await connection.fetch("SELECT body FROM notes WHERE project_id = $1", theirs)
        updated = await connection.execute("UPDATE notes SET body = 'stolen' WHERE project_id = $1", theirs)
        deleted = await connection.execute("DELETE FROM notes WHERE project_id = $1", theirs)

    assert (found, updated, deleted) == ([], "UPDATE 0", "DELETE 0")
    assert await bodies(database, theirs) == ["theirs"]


async def test_a_row_of_another_project_is_refused(database: Database) -> None:
    mine, theirs = str(uuid4()), str(uuid4())

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await add_as(database, mine, of=theirs)

    assert await bodies(database, theirs) == []


async def add_as(database: Database, project_id: str, *, of: str) -> None:
    async with database.transaction(project_id) as connection:
        await connection.execute(INSERT, of, "smuggled")


async def test_a_row_cannot_be_moved_to_another_project(database: Database) -> None:
    mine, theirs = str(uuid4()), str(uuid4())
    await add(database, mine, "mine")

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with database.transaction(mine) as connection:
            await connection.execute("UPDATE notes SET project_id = $1", theirs)


async def test_without_a_project_a_statement_is_an_error(database: Database, project_id: str) -> None:
    await add(database, project_id, "mine")
    connection = await database.open_connection()
    try:
        with pytest.raises(asyncpg.UndefinedObjectError, match=r"app\.project"):
            await connection.fetch(ALL_BODIES)
    finally:
        await connection.close()


async def test_a_connection_used_again_errors_rather_than_leaks(database_url: str, project_id: str) -> None:
    database = await Database.connect(database_url, room=ROOM, pool_size=1)
    await add(database, project_id, "mine")
    try:
        async with database._pool.acquire() as connection:
            with pytest.raises(asyncpg.InvalidTextRepresentationError):
                await connection.fetch(ALL_BODIES)
    finally:
        await database.close()


async def test_the_owner_of_the_tables_is_bound_too(
    database: Database, database_url: str, project_id: str
) -> None:
    await add(database, project_id, "mine")
    owner = await asyncpg.connect(database_url)
    try:
        assert await owner.fetch("SELECT body FROM notes.notes") == []
    finally:
        await owner.close()


async def test_the_system_sees_the_rows_of_all_projects(database: Database) -> None:
    for project_id in PROJECTS:
        await add(database, project_id, project_id)

    async with database.system_transaction() as connection:
        found = {row["body"] for row in await connection.fetch(ALL_BODIES)}
        role = await connection.fetchval("SELECT current_user")

    assert found == set(PROJECTS)
    assert role == "timeloom_notes_system"
    async with database.transaction(PROJECTS[0]) as connection:
        assert await connection.fetchval("SELECT current_user") == "timeloom_notes"


async def test_the_roles_may_neither_pass_by_the_policies_nor_change_tables(database: Database) -> None:
    async with database.system_transaction() as connection:
        roles = await connection.fetch(
            """
            SELECT rolsuper, rolbypassrls, rolcanlogin, rolcreaterole FROM pg_roles
            WHERE rolname IN ('timeloom_notes', 'timeloom_notes_system')
            """
        )
    assert [tuple(role) for role in roles] == [(False, False, False, False)] * 2

    for statement in ("ALTER TABLE notes DISABLE ROW LEVEL SECURITY", "TRUNCATE notes", "DROP TABLE notes"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.system_transaction() as connection:
                await connection.execute(statement)


step = st.tuples(st.sampled_from(PROJECTS), st.sampled_from(["add", "read", "fail"]), st.uuids().map(str))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(steps=st.lists(step, max_size=25))
async def test_any_sequence_of_work_leaves_every_project_with_its_own_rows(
    database_url: str, steps: list[tuple[str, str, str]]
) -> None:
    """On two connections, so that projects follow one another on each of them."""
    database = await Database.connect(database_url, room=ROOM, pool_size=2)
    try:
        async with database.system_transaction() as connection:
            await connection.execute("DELETE FROM notes")
        expected: dict[str, list[str]] = {project_id: [] for project_id in PROJECTS}
        for project_id, action, body in steps:
            if action == "add":
                await add(database, project_id, body)
                expected[project_id] = sorted([*expected[project_id], body])
            elif action == "fail":
                with pytest.raises(asyncpg.DivisionByZeroError):
                    await add_and_fail(database, project_id)
            assert await bodies(database, project_id) == expected[project_id]
        assert {each: await bodies(database, each) for each in PROJECTS} == expected
    finally:
        await database.close()


async def add_and_fail(database: Database, project_id: str) -> None:
    async with database.transaction(project_id) as connection:
        await connection.execute(INSERT, project_id, "rolled back")
        await connection.execute("SELECT 1 / 0")
