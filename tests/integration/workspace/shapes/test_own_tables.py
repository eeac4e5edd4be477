"""Shapes of tables that an installation has besides ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest_asyncio

from tests.integration.workspace.shapes.conftest import Got, ServeShapes, Shapes

NOTES = """
CREATE TABLE app."notes of x_y.1" (id integer PRIMARY KEY, title text NOT NULL, paid boolean);
INSERT INTO app."notes of x_y.1" VALUES (1, 'one', true)
"""
NAME = 'app."notes of x_y.1"'


@pytest_asyncio.fixture
async def owner(database_url: str) -> AsyncIterator[Any]:
    """Works as the database role of the service, which owns the tables that it makes."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE SCHEMA app; CREATE SCHEMA elsewhere; CREATE SCHEMA hidden")
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def own(serve: ServeShapes, owner: Any) -> AsyncIterator[Shapes]:
    del owner
    async with serve(schemas=("app", "elsewhere", "public"), allows_deletion=True) as served:
        yield served


async def next_of(shapes: Shapes, got: Got, table: str, **fields: str) -> Got:
    return await shapes.ask(table=table, offset=got.offset, handle=got.handle, live="true", **fields)


async def changes_of(shapes: Shapes, got: Got, table: str, count: int, **fields: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            got = await next_of(shapes, got, table, **fields)
            assert got.status == 200, got.body
            found += got.changes
    return found


async def until_refused(shapes: Shapes, got: Got, table: str, status: int) -> Got:
    """The answer to whoever goes on with a shape that can no longer be gone on with."""
    async with asyncio.timeout(20):
        while (answer := await next_of(shapes, got, table)).status == 200:
            got = answer
    assert answer.status == status, answer.body
    return answer


async def fetched(shapes: Shapes, table: str) -> Got:
    """What a client gets who begins, and begins anew for as long as it is told to."""
    handle = ""
    async with asyncio.timeout(20):
        while (got := await shapes.ask(table=table, offset="-1", handle=handle)).status != 200:
            assert got.status in (409, 503), got.body
            handle = got.handle if got.status == 409 else handle
    return got


def reason(got: Got) -> str:
    assert got.status == 400, got.body
    return str(got.document["errors"]["table"][0])


async def test_a_table_that_is_made_later_is_followed_from_its_first_shape(own: Shapes, owner: Any) -> None:
    await own.ask(offset="-1")  # the log is followed already
    await owner.execute(NOTES)
    first = await own.ask(table=NAME, offset="-1")
    assert first.changes == [
        {
            "key": '"app"."notes of x_y.1"/"1"',
            "value": {"id": "1", "title": "one", "paid": "true"},
            "headers": {"operation": "insert", "relation": ["app", "notes of x_y.1"]},
        }
    ]
    await owner.execute("""UPDATE app."notes of x_y.1" SET paid = false; DELETE FROM app."notes of x_y.1" """)
    update, delete = await changes_of(own, first, NAME, 2)
    assert (update["value"], delete["value"]) == ({"id": "1", "paid": "false"}, {"id": "1"})


async def test_rows_of_a_table_with_projects_are_the_callers_alone(own: Shapes, owner: Any) -> None:
    await owner.execute("CREATE TABLE app.bills (project_id uuid, id int, PRIMARY KEY (project_id, id))")
    mine, theirs = own.project_id, uuid4()
    for number, project_id in enumerate((mine, theirs, None)):
        if project_id is not None:
            await owner.execute("INSERT INTO app.bills VALUES ($1, $2)", project_id, number)
    first = await own.ask(table="app.bills", offset="-1", where="id >= 0")
    assert [change["value"] for change in first.changes] == [{"id": "0"}]
    await owner.execute("INSERT INTO app.bills VALUES ($1, 10)", theirs)
    await owner.execute("UPDATE app.bills SET project_id = $1 WHERE id = 10", mine)
    await owner.execute("UPDATE app.bills SET project_id = $1 WHERE id = 0", theirs)
    changes = await changes_of(own, first, "app.bills", 2, where="id >= 0")
    assert [(each["headers"]["operation"], each["value"]) for each in changes] == [
        ("insert", {"id": "10"}),
        ("delete", {"id": "0"}),
    ]


async def test_a_row_of_no_project_is_nobodys(own: Shapes, owner: Any) -> None:
    await owner.execute("CREATE TABLE app.notes (id int PRIMARY KEY, project_id uuid)")
    await owner.execute("INSERT INTO app.notes VALUES (1)")
    first = await own.ask(table="app.notes", offset="-1")
    assert first.changes == []
    await owner.execute("UPDATE app.notes SET project_id = $1", own.project_id)
    await owner.execute("UPDATE app.notes SET project_id = NULL")
    changes = await changes_of(own, first, "app.notes", 2)
    assert [change["headers"]["operation"] for change in changes] == ["insert", "delete"]


async def test_a_table_without_projects_is_one_shape_for_all(own: Shapes, owner: Any) -> None:
    await owner.execute(NOTES)
    first = await own.ask(table=NAME, offset="-1")
    own.project_id = uuid4()
    assert (await own.ask(table=NAME, offset="-1")).handle == first.handle


async def test_a_bare_name_is_ours_then_that_of_public_then_the_only_one(own: Shapes, owner: Any) -> None:
    await own.execute("CREATE TABLE public.tasks (id int); CREATE TABLE public.notes (a int PRIMARY KEY)")
    await own.execute("GRANT SELECT ON public.notes TO timeloom")
    await own.execute("ALTER TABLE public.notes REPLICA IDENTITY FULL")
    await own.execute("ALTER PUBLICATION timeloom_shapes_own ADD TABLE public.notes")
    await owner.execute(
        "CREATE TABLE app.notes (b int PRIMARY KEY); CREATE TABLE app.only (c int PRIMARY KEY)"
    )
    await owner.execute("CREATE TABLE app.twice (d int); CREATE TABLE elsewhere.twice (d int)")
    assert '"title"' in (await own.ask(table="tasks", offset="-1")).headers["electric-schema"]
    assert '"a"' in (await own.ask(table="notes", offset="-1")).headers["electric-schema"]
    assert '"c"' in (await own.ask(table="ONLY", offset="-1")).headers["electric-schema"]
    assert "name the schema" in reason(await own.ask(table="twice", offset="-1"))
    assert (await own.ask(table="elsewhere.twice", offset="-1")).status == 200


UNFIT = """
CREATE TABLE hidden.notes (id int);
CREATE TABLE app.Notes (id int);
CREATE VIEW app.seen AS SELECT 1 AS id;
CREATE TABLE app.parted (id int) PARTITION BY LIST (id);
CREATE UNLOGGED TABLE app.quick (id int);
CREATE TABLE app.made (id int, twice int GENERATED ALWAYS AS (id * 2));
CREATE TABLE app.kept (id int);
ALTER TABLE app.kept ENABLE ROW LEVEL SECURITY
"""
REFUSED = {
    "hidden.notes": "no shape of a table",
    "workspace.sync_mutations": "no shape of a table",
    "pg_catalog.pg_authid": "no shape of a table",
    "app.missing": "no shape of a table",
    'app."Notes"': "no shape of a table",
    'app."notes': "double quotes",
    "app.notes; DROP TABLE app.notes": "double quotes",
    "app.seen": "ordinary table",
    "app.parted": "ordinary table",
    "app.quick": "ordinary table",
    "app.made": "generated columns",
    "app.kept": "row-level security",
}


async def test_what_cannot_be_followed_is_refused_with_the_reason(own: Shapes, owner: Any) -> None:
    await owner.execute(UNFIT)
    reasons = {table: reason(await own.ask(table=table, offset="-1")) for table in REFUSED}
    assert [table for table, expected in REFUSED.items() if expected not in reasons[table]] == []


async def test_a_table_of_another_owner_says_what_has_to_be_done(own: Shapes) -> None:
    await own.execute("CREATE TABLE app.theirs (id int PRIMARY KEY)")
    assert "grant it SELECT" in reason(await own.ask(table="app.theirs", offset="-1"))
    await own.execute("GRANT SELECT ON app.theirs TO timeloom")
    refused = reason(await own.ask(table="app.theirs", offset="-1"))
    await own.execute(refused.partition("run: ")[2])
    assert (await own.ask(table="app.theirs", offset="-1")).status == 200


async def test_a_table_in_use_is_tried_again_later(own: Shapes, owner: Any) -> None:
    await owner.execute(NOTES)
    async with own.connection.transaction():
        await own.execute("""UPDATE app."notes of x_y.1" SET title = 'two' """)
        busy = await own.ask(table=NAME, offset="-1")
    assert (busy.status, busy.headers["retry-after"]) == (503, "5")
    assert [each["value"]["title"] for each in (await own.ask(table=NAME, offset="-1")).changes] == ["two"]


CHANGED = (
    "ALTER TABLE app.notes RENAME COLUMN title TO name",
    "ALTER TABLE app.notes ADD COLUMN more int",
    "ALTER TABLE app.notes ALTER COLUMN name TYPE varchar(9)",
    "TRUNCATE app.notes",
    "DROP TABLE app.notes; CREATE TABLE app.notes (id int PRIMARY KEY, title text)",
)


async def test_a_table_that_is_no_longer_the_same_has_to_be_fetched_anew(own: Shapes, owner: Any) -> None:
    await owner.execute("CREATE TABLE app.notes (id int PRIMARY KEY, title text)")
    for number, statement in enumerate(CHANGED):
        first = await fetched(own, "app.notes")
        await owner.execute(statement)
        refused = await until_refused(own, first, "app.notes", 409)
        assert refused.document == [{"headers": {"control": "must-refetch"}}]
        await owner.execute("INSERT INTO app.notes (id) VALUES ($1)", number)
        again = await fetched(own, "app.notes")
        changes = again.changes or await changes_of(own, again, "app.notes", 1)
        assert str(number) in [change["value"]["id"] for change in changes]


async def test_a_table_that_was_dropped_is_no_table_any_more(own: Shapes, owner: Any) -> None:
    await owner.execute(NOTES)
    first = await own.ask(table=NAME, offset="-1")
    await owner.execute("""DROP TABLE app."notes of x_y.1" """)
    assert "no shape of a table" in reason(await until_refused(own, first, NAME, 400))


async def test_a_new_table_of_the_same_name_with_projects_shows_nobody_anothers_rows(
    own: Shapes, owner: Any
) -> None:
    await owner.execute("CREATE TABLE app.notes (id int PRIMARY KEY)")
    first = await own.ask(table="app.notes", offset="-1")
    async with owner.transaction():
        await owner.execute("DROP TABLE app.notes")
        await owner.execute("CREATE TABLE app.notes (id int PRIMARY KEY, project_id uuid)")
        await owner.execute("ALTER TABLE app.notes REPLICA IDENTITY FULL")
        await owner.execute("ALTER PUBLICATION timeloom_shapes_own ADD TABLE app.notes")
    await owner.execute("INSERT INTO app.notes VALUES (1, $1)", uuid4())
    got = first
    async with asyncio.timeout(20):
        while got.status == 200:
            got = await next_of(own, got, "app.notes")
            assert b'"key"' not in got.body
    assert got.status == 409


async def test_snapshot_and_log_write_values_alike(own: Shapes, owner: Any) -> None:
    await owner.execute("""
        CREATE TYPE app.mood AS ENUM ('sad', 'ok');
        CREATE TYPE app.pair AS (a int, b text);
        CREATE DOMAIN app.count AS int CHECK (VALUE > 0);
        CREATE TABLE app.kinds (
            id int, sent char(5), address inet, net cidr, mood app.mood, moods app.mood[], pair app.pair,
            number app.count, numbers app.count[], flags boolean[], doubles float8[], document json,
            documents jsonb[], took interval, data bytea, bits bit(3), times timestamptz[], cash numeric(9, 2)
        )
    """)
    row = """(
        1, 'ab', '10.0.0.1', '10.0.0.0/8', 'ok', '{sad,ok}', '(1,"a b")', 3, '{1,2}', '{t,f,NULL}',
        '{Infinity,-Infinity,NaN,0.1}', '{"a":  1}', array['{"b": [1]}']::jsonb[], '1 day 2 hours', 'ab',
        '101', '{2026-01-02 03:04:05.678+00}', 1.5
    )"""
    await owner.execute(f"INSERT INTO app.kinds VALUES {row}")
    first = await own.ask(table="app.kinds", offset="-1")
    await owner.execute(f"INSERT INTO app.kinds VALUES {row}")
    (change,) = await changes_of(own, first, "app.kinds", 1)
    (before,) = first.changes
    assert change["value"] == before["value"]
    assert change["key"] == before["key"]
    assert (before["value"]["address"], before["value"]["mood"]) == ("10.0.0.1", "ok")


async def test_without_schemas_nothing_but_ours_can_be_asked_for(shapes: Shapes, owner: Any) -> None:
    await owner.execute(NOTES)
    assert "no shape of a table" in reason(await shapes.ask(table=NAME, offset="-1"))


async def test_a_shape_of_an_own_table_can_be_deleted_by_its_name(own: Shapes, owner: Any) -> None:
    await owner.execute(NOTES)
    first = await own.ask(table=NAME, offset="-1")
    assert (await own.get(method="DELETE", table=NAME)).status == 202
    assert (await next_of(own, first, NAME)).status == 409
