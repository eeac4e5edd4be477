"""Tables that are written all the time: their shapes remember what they have; the log does not say it."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.integration.workspace.shapes.conftest import ServeShapes, Shapes
from tests.integration.workspace.shapes.test_consistency import Client
from timeloom_platform.testing import eventually
from timeloom_platform.testing.databases import Rooms
from timeloom_workspace.assembly import PACKAGE, ROOM
from timeloom_workspace.shapes.limits import ShapeLimits
from timeloom_workspace.shapes.registered import EXECUTIONS as EXECUTIONS_TABLE


@dataclass(frozen=True, kw_only=True)
class Hot:
    """A table, and what happens to its rows.

    Attributes:
        name: What clients call it.
        insert: Of a row of a project with an id; its word is the first one.
        word: The column of the word that changes.
        words: From and to which.
        change: Makes it change.
        work: What is written all the time, and is nobody's business.
        gone: Deletes a row, or makes it as good as deleted.
    """

    name: str
    insert: str
    word: str
    words: tuple[str, str]
    change: str
    work: str
    gone: str


EXECUTIONS = Hot(
    name="executions",
    insert="""
        INSERT INTO snapshots.executions (
            project_id, id, create_time, update_time, status, agent_id, session_id, name, trace_id, tags,
            input
        ) VALUES ($1, $2, now(), now(), 1, 'an agent', '', 'a run', '', '{}', repeat('x', 10000))
    """,
    word="status",
    words=("RUNNING", "SUCCEEDED"),
    change="UPDATE snapshots.executions SET status = 2, output = '1' WHERE id = $1",
    work="""
        UPDATE snapshots.executions
        SET head_sequence = head_sequence + 1, snapshot_count = snapshot_count + 1, update_time = now()
        WHERE id = $1
    """,
    # Forks need what it shares: the row stays.
    gone="UPDATE snapshots.executions SET delete_time = now() WHERE id = $1",
)
WORKFLOW_EXECUTIONS = Hot(
    name="workflow_executions",
    insert="""
        INSERT INTO workflows.executions (
            project_id, id, workflow_id, workflow_version, kind, status, stage, priority, trigger, ready_time,
            create_time, update_time, tags, input
        ) VALUES ($1, $2, 'a workflow', 1, 1, 1, 1, 0, 1, now(), now(), now(), '{}', repeat('x', 10000))
    """,
    word="status",
    words=("PENDING", "RUNNING"),
    change="UPDATE workflows.executions SET status = 2, stage = 2 WHERE id = $1",
    work="""
        UPDATE workflows.executions
        SET step_count = step_count + 1, history_length = history_length + 1, token = token + 1
        WHERE id = $1
    """,
    gone="DELETE FROM workflows.executions WHERE id = $1",
)
MEMORIES = Hot(
    name="memories",
    insert="""
        INSERT INTO memory.memories (
            project_id, id, namespace, key, agent_id, session_id, kind, content, context, tags, importance,
            confidence, occur_time, valid_from, archived, source_ids, version, content_version, sequence,
            create_time, update_time, embedding_model, dimension
        ) VALUES (
            $1, $2, 'project', '', '', '', 1, repeat('x', 10000), '', '{}', 5, 1, now(), now(), false, '{}',
            1, 1, 1, now(), now(), '', 0
        )
    """,
    word="kind",
    words=("CONVERSATION", "KNOWLEDGE"),
    change="UPDATE memory.memories SET kind = 7 WHERE id = $1",
    work="UPDATE memory.memories SET sequence = sequence + 1, embedding_model = 'another' WHERE id = $1",
    gone="DELETE FROM memory.memories WHERE id = $1",
)


@pytest.fixture
def rooms() -> Rooms:
    return {
        ROOM: PACKAGE,
        "snapshots": "timeloom_snapshots",
        "workflows": "timeloom_workflows",
        "memory": "timeloom_memory",
    }


@dataclass
class Told:
    """What a client is told, in order."""

    shapes: Shapes
    fields: dict[str, str]
    position: dict[str, str] = field(default_factory=lambda: {"offset": "-1"})

    async def rows(self) -> list[dict[str, Any]]:
        got = await self.shapes.ask(**self.fields, **self.position)
        assert got.status == 200, got.body
        self.position = {"offset": got.offset, "handle": got.handle, "live": "true"}
        return [change["value"] for change in got.changes]

    async def next(self) -> list[tuple[str, dict[str, Any]]]:
        """The next changes: what happened, and what is told of the row."""
        async with asyncio.timeout(20):
            while True:
                got = await self.shapes.ask(**self.fields, **self.position)
                assert got.status == 200, got.body
                self.position["offset"] = got.offset
                if got.changes:
                    return [(each["headers"]["operation"], each["value"]) for each in got.changes]


@pytest.mark.parametrize("hot", [EXECUTIONS, WORKFLOW_EXECUTIONS, MEMORIES], ids=lambda hot: hot.name)
async def test_a_row_comes_changes_and_goes_and_work_on_it_is_not_told(shapes: Shapes, hot: Hot) -> None:
    before, after = hot.words
    there, mine, theirs = uuid4(), uuid4(), uuid4()
    await shapes.execute(hot.insert, shapes.project_id, there)
    told = Told(shapes, {"table": hot.name, "columns": f"id,{hot.word},create_time"})
    rows = await told.rows()
    assert [(row["id"], row[hot.word]) for row in rows] == [(str(there), before)]

    await shapes.execute(hot.insert, uuid4(), theirs)
    await shapes.execute(hot.insert, shapes.project_id, mine)
    [(operation, row)] = await told.next()
    assert (operation, row["id"], row[hot.word]) == ("insert", str(mine), before)

    for row_id in (theirs, there, mine):
        await shapes.execute(hot.work, row_id)
    for row_id in (theirs, there):
        await shapes.execute(hot.change, row_id)
    assert await told.next() == [("update", {"id": str(there), hot.word: after})]

    for row_id in (theirs, there):
        await shapes.execute(hot.gone, row_id)
    assert await told.next() == [("delete", {"id": str(there)})]


@pytest.mark.parametrize("hot", [EXECUTIONS, WORKFLOW_EXECUTIONS, MEMORIES], ids=lambda hot: hot.name)
async def test_rows_move_into_a_clause_about_words_and_out_of_it(shapes: Shapes, hot: Hot) -> None:
    before, after = hot.words
    row_id = uuid4()
    await shapes.execute(hot.insert, shapes.project_id, row_id)
    fields = {"table": hot.name, "columns": f"id,{hot.word}", "params[1]": after, "where": f"{hot.word} = $1"}
    late = Told(shapes, fields)
    early = Told(shapes, fields | {"params[1]": before})
    assert await late.rows() == []
    assert await early.rows() == [{"id": str(row_id), hot.word: before}]
    await shapes.execute(hot.work, row_id)
    await shapes.execute(hot.change, row_id)
    assert await late.next() == [("insert", {"id": str(row_id), hot.word: after})]
    assert await early.next() == [("delete", {"id": str(row_id)})]
    [row] = (await shapes.ask(**fields, offset="-1", subset__order_by=hot.word)).document["data"]
    assert row["value"] == {"id": str(row_id), hot.word: after}


@pytest.mark.parametrize("hot", [EXECUTIONS, WORKFLOW_EXECUTIONS, MEMORIES], ids=lambda hot: hot.name)
async def test_what_only_old_rows_could_say_is_refused(shapes: Shapes, hot: Hot) -> None:
    refused = await shapes.ask(table=hot.name, offset="-1", replica="full")
    assert (refused.status, list(refused.document["errors"])) == (400, ["replica"])


async def test_without_its_rows_a_shape_still_knows_which_there_are(shapes: Shapes) -> None:
    execution_id = uuid4()
    await shapes.execute(EXECUTIONS.insert, shapes.project_id, execution_id)
    told = Told(shapes, {"table": "executions", "columns": "id,status", "log": "changes_only"})
    assert await told.rows() == []
    await shapes.execute(EXECUTIONS.change, execution_id)
    assert await told.next() == [("update", {"id": str(execution_id), "status": "SUCCEEDED"})]


async def test_documents_and_heads_are_no_columns(shapes: Shapes) -> None:
    not_shown = {"executions": "head_sequence", "workflow_executions": "input", "memories": "content"}
    for table, column in not_shown.items():
        refused = await shapes.ask(table=table, offset="-1", columns=f"id,{column}")
        assert (refused.status, list(refused.document["errors"])) == (400, ["columns"])


async def test_who_is_bound_to_an_agent_gets_no_shape_of_memories(shapes: Shapes) -> None:
    shapes.agent_id = "researcher"
    refused = await shapes.ask(table="memories", offset="-1")
    assert refused.status == 403
    assert "bound to the agent researcher" in refused.document["message"]
    assert (await shapes.ask(table="memory.memories", offset="-1")).status == 403
    assert (await shapes.ask(table="executions", offset="-1")).status == 200


async def test_a_shape_with_too_many_rows_is_refused_and_one_that_gets_them_begun_anew(
    serve: ServeShapes,
) -> None:
    limits = ShapeLimits(poll_seconds=0.02, live_seconds=1, members_max=3)
    async with serve(limits=limits) as shapes:
        for _ in range(3):
            await shapes.execute(EXECUTIONS.insert, shapes.project_id, uuid4())
        fields = {"table": "executions"}
        first = await shapes.ask(**fields, offset="-1")
        assert first.status == 200
        await shapes.execute(EXECUTIONS.insert, shapes.project_id, uuid4())

        async def is_refused() -> bool:
            return (await shapes.ask(**fields, offset="-1")).status == 400

        await eventually(is_refused)
        assert "larger than shapes may be" in (await shapes.ask(**fields, offset="-1")).body.decode()
        assert (await shapes.ask(**fields, where="status = 'FAILED'", offset="-1")).status == 200


async def test_who_writes_a_table_is_outlasted_and_who_comes_after_is_not_waited_for(
    shapes: Shapes, databases: Any, database_url: str
) -> None:
    first = await asyncpg.connect(await databases.superuser_url(database_url))
    try:
        writing = first.transaction()
        await writing.start()
        await first.execute(EXECUTIONS.insert, shapes.project_id, uuid4())
        outlasting = asyncio.create_task(shapes.engine.snapshots.outlast_writers(EXECUTIONS_TABLE.relation))
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND query LIKE '%virtualtransaction = ANY%' AND pid <> pg_backend_pid()"
        )

        async def is_waited_for() -> bool:
            return bool(await shapes.connection.fetchval(waiting))

        await eventually(is_waited_for)
        async with shapes.connection.transaction():
            await shapes.execute(EXECUTIONS.insert, shapes.project_id, uuid4())
            assert not outlasting.done()
            await writing.commit()
            async with asyncio.timeout(10):
                await outlasting
    finally:
        await first.close()


async def work(shapes: Shapes, chance: random.Random, own: list[UUID]) -> None:
    """Writes executions as agents do."""
    for _ in range(60):
        if len(own) < 20 or chance.random() < 0.2:
            own.append(uuid4())
            await shapes.execute(EXECUTIONS.insert, shapes.project_id, own[-1])
        statement = chance.choice([EXECUTIONS.work, EXECUTIONS.change, EXECUTIONS.gone])
        await shapes.execute(statement, chance.choice(own))


async def test_a_table_that_is_now_told_of_and_now_not_misses_nothing(shapes: Shapes) -> None:
    """Its changes are asked for only while there is a shape of it; each shape begins under writes."""
    # A shape of another table keeps the slot.
    await Told(shapes, {"table": "tasks"}).rows()
    follower = shapes.engine.follower
    chance, own = random.Random(5), list[UUID]()
    for number in range(15):
        where = f"status = 'RUNNING' AND name <> '{number}'"
        client = Client(shapes, table="executions", columns="id,status", where=where)
        writing = asyncio.create_task(work(shapes, chance, own))
        handle = (await client.step()).handle
        await writing
        rows = await shapes.connection.fetch(
            "SELECT id::text, 'RUNNING' AS status FROM snapshots.executions"
            " WHERE project_id = $1 AND status = 1 AND delete_time IS NULL",
            shapes.project_id,
        )
        await client.until_equal([dict(row) for row in rows])
        assert client.refetches == 0
        shape = shapes.engine.by_handle(handle)
        assert shape is not None
        shapes.engine.give_up(shape)
        await eventually(lambda: not follower.knows_all_of(EXECUTIONS_TABLE))
