"""Whatever happens while a shape begins and is read, its clients end with what the table holds."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import UUID

import asyncpg

from tests.integration.workspace.shapes.conftest import Got, ServeShapes, Shapes
from timeloom_platform.testing import eventually
from timeloom_workspace.shapes.limits import ShapeLimits

COLUMNS = "id,title,status"


class Client:
    """Follows a shape as clients do; it refuses what comes twice or out of order."""

    def __init__(self, shapes: Shapes, **fields: str) -> None:
        self._shapes = shapes
        self._fields = {"columns": COLUMNS, **fields}
        self._handle: str = ""
        self._offset: str = "-1"
        self.rows: dict[str, dict[str, Any]] = {}
        self.refetches = 0

    def turn_to(self, shapes: Shapes) -> None:
        """Goes on with what it has at the service that came after."""
        self._shapes = shapes

    async def step(self, *, live: bool = False) -> Got:
        position = {"offset": self._offset} | ({"handle": self._handle} if self._handle else {})
        waiting = {"live": "true"} if live and self._offset != "-1" else {}
        got = await self._shapes.ask(**self._fields, **position, **waiting)
        if got.status == 409:
            self._handle, self._offset, self.rows = got.handle, "-1", {}
            self.refetches += 1
        elif got.status == 200:
            self._handle, self._offset = got.handle, got.offset
            for message in got.changes:
                self._apply(message)
        else:
            assert got.status == 503, got.body
            await asyncio.sleep(0.1)
        return got

    def _apply(self, message: dict[str, Any]) -> None:
        key, operation = message["key"], message["headers"]["operation"]
        if operation == "insert":
            assert key not in self.rows, "inserted twice"
            self.rows[key] = message["value"]
        elif operation == "update":
            self.rows[key].update(message["value"])
        else:
            del self.rows[key]

    async def until_equal(self, expected: list[dict[str, Any]]) -> None:
        async with asyncio.timeout(30):
            while sorted(self.rows.values(), key=str) != sorted(expected, key=str):
                await self.step(live=True)


async def rows_of(shapes: Shapes, where: str = "true") -> list[dict[str, Any]]:
    found = await shapes.connection.fetch(
        f"SELECT id::text, title, status FROM workspace.tasks WHERE project_id = $1 AND {where}",
        shapes.project_id,
    )
    return [dict(row) for row in found]


async def write(url: str, project_id: UUID, seed: int, stop: asyncio.Event) -> None:
    """Inserts, updates and deletes in transactions of several changes, some of which are rolled back."""
    chance = random.Random(seed)
    connection = await asyncpg.connect(url)
    writer = Shapes(engine=None, answers=None, connection=connection, project_id=project_id)  # type: ignore[arg-type]
    own: list[UUID] = []
    try:
        while not stop.is_set():
            transaction = connection.transaction()
            await transaction.start()
            made = [await writer.insert(f"{seed}-{chance.random()}") for _ in range(chance.randint(1, 4))]
            for task_id in chance.sample(own, min(len(own), 3)):
                status = chance.choice(("PENDING", "COMPLETED"))
                await writer.execute("UPDATE workspace.tasks SET status = $2 WHERE id = $1", task_id, status)
            gone = chance.sample(own, min(len(own), 1))
            await writer.execute("DELETE FROM workspace.tasks WHERE id = ANY($1)", gone)
            await asyncio.sleep(chance.random() / 200)
            if chance.random() < 0.2:
                await transaction.rollback()
            else:
                await transaction.commit()
                own = [task_id for task_id in own if task_id not in gone] + made
    finally:
        await connection.close()


async def test_nothing_is_missed_or_doubled_while_shapes_begin_under_writes(
    shapes: Shapes, databases: Any, database_url: str
) -> None:
    url = await databases.superuser_url(database_url)
    stop = asyncio.Event()
    writers = [asyncio.create_task(write(url, shapes.project_id, seed, stop)) for seed in range(3)]
    wheres = ["true", "status = 'COMPLETED'", "title > '1'", "status <> 'PENDING' AND title LIKE '%5%'"]
    clients: list[tuple[Client, str]] = []
    for number in range(12):
        # Each is a shape of its own, that begins in the midst of the writing.
        where = f"({wheres[number % 4]}) AND title <> '{number}'"
        client = Client(shapes, where=where)
        clients.append((client, where))
        await client.step()
        await asyncio.sleep(0.05)
    stop.set()
    await asyncio.gather(*writers)
    for client, where in clients:
        await client.until_equal(await rows_of(shapes, where))
        assert client.refetches == 0
    assert len(await rows_of(shapes)) > 10


async def test_who_lost_the_log_begins_anew(shapes: Shapes) -> None:
    await shapes.insert("before")
    client = Client(shapes)
    await client.until_equal(await rows_of(shapes))
    ended = await shapes.connection.fetchval(
        "SELECT count(pg_terminate_backend(active_pid)) FROM pg_replication_slots"
        " WHERE database = current_database() AND active_pid IS NOT NULL"
    )
    assert ended == 1
    await shapes.insert("meanwhile")
    await client.until_equal(await rows_of(shapes))
    assert client.refetches >= 1


async def test_a_restart_of_the_service_leaves_no_slot_and_clients_begin_anew(serve: ServeShapes) -> None:
    async with serve() as shapes:
        task_id = await shapes.insert("one")
        client = Client(shapes)
        await client.until_equal(await rows_of(shapes))
    async with serve() as again:
        again.project_id = shapes.project_id

        async def no_slot() -> bool:
            slots = "SELECT count(*) FROM pg_replication_slots WHERE database = current_database()"
            return bool(await again.connection.fetchval(slots) == 0)

        await eventually(no_slot)
        await again.execute("UPDATE workspace.tasks SET title = 'two' WHERE id = $1", task_id)
        client.turn_to(again)
        await client.until_equal(await rows_of(again))
        assert client.refetches == 1


async def test_shapes_that_nobody_reads_make_room(serve: ServeShapes) -> None:
    async with serve(limits=ShapeLimits(poll_seconds=0.02, live_seconds=1, shapes_max=3)) as shapes:
        first = await shapes.ask(offset="-1", where="version = 0")
        for number in range(1, 5):
            assert (await shapes.ask(offset="-1", where=f"version = {number}")).status == 200
        refused = await shapes.ask(offset="0_0", handle=first.handle, where="version = 0")
        assert refused.status == 409


async def test_a_shape_that_takes_too_much_disk_is_begun_anew(serve: ServeShapes) -> None:
    limits = ShapeLimits(poll_seconds=0.02, live_seconds=1, disk_bytes_max=20_000)
    async with serve(limits=limits) as shapes:
        client = Client(shapes)
        await client.step()
        for _ in range(30):
            await shapes.insert("x" * 1000)
        await client.until_equal(await rows_of(shapes))
        await shapes.engine.keep_house(0.0)
        assert (await client.step()).status == 409
        await client.until_equal(await rows_of(shapes))
