"""Parts of the stack are killed while clients read and an app writes: nothing missed, nothing twice."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid

import asyncpg
import httpx
import pytest

from tests.helpers.follower import following
from tests.helpers.shape_copies import ARRIVAL_LIMIT_SECONDS, all_are, more_changes
from tests.helpers.shape_reader import ShapeReader, reading
from tests.helpers.shape_writer import WORKED_ON, Writer, check
from tests.helpers.stack import StackProcess
from timeloom_platform.testing import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

WHERE = "session_id = $1"
READERS = 4
TASKS = 10

KILLS = (
    ("workspace", signal.SIGKILL),
    ("gateway", signal.SIGTERM),
    ("postgres", signal.SIGKILL),
    ("gateway", signal.SIGKILL),
    ("workspace", signal.SIGTERM),
)


def _readers(client: httpx.AsyncClient, session_id: str, where: str = WHERE) -> list[ShapeReader]:
    shape = {
        "table": "tasks",
        "where": where,
        "params[1]": session_id,
        "columns": "id,title,status,status_message,version",
    }
    return [
        ShapeReader(client=client, shape=shape, is_by_events=is_by_events)
        for is_by_events in (False, True)
        for _ in range(READERS)
    ]


async def _kill(stack: StackProcess, name: str, how: signal.Signals) -> None:
    before = stack.state()["processes"][name]
    os.kill(before["pid"], how)

    def is_back() -> bool:
        state = stack.state()
        return bool(state and state["ready"] and state["processes"][name]["restarts"] > before["restarts"])

    await eventually(is_back, timeout_seconds=ARRIVAL_LIMIT_SECONDS, describe=f"{name} is back")


async def test_readers_miss_nothing_whatever_is_killed(
    stack: StackProcess, client: httpx.AsyncClient
) -> None:
    writer = Writer(client=client, session_id=f"session-{uuid.uuid4()}", seed=1)
    whole = _readers(client, writer.session_id)
    moving = _readers(client, writer.session_id, f"{WHERE} AND status IN {WORKED_ON}")
    readers = [*whole, *moving]
    copies = [reader.copy for reader in readers]
    async with reading(readers), asyncio.TaskGroup() as group:
        writing = group.create_task(writer.run())
        await more_changes(copies)
        for name, how in KILLS:
            await _kill(stack, name, how)
            await more_changes(copies)
        writing.cancel()
        await asyncio.wait([writing])
        await check([each.copy for each in whole], writer, moving=[each.copy for each in moving])
    assert sum(reader.interruptions for reader in readers) > len(KILLS)


async def test_what_is_written_while_nobody_reads_the_log_arrives(
    stack: StackProcess, client: httpx.AsyncClient
) -> None:
    writer = Writer(client=client, session_id=f"session-{uuid.uuid4()}", seed=2)
    readers = _readers(client, writer.session_id)
    copies = [reader.copy for reader in readers]
    for number in range(TASKS):
        await writer.create(f"task {number}")
    connection = await asyncpg.connect(stack.database_url())
    try:
        async with reading(readers):
            await all_are(copies, lambda copy: len(copy.rows) == TASKS, "the tasks")
            workspace = stack.state()["processes"]["workspace"]
            os.kill(workspace["pid"], signal.SIGKILL)
            await connection.execute(
                "UPDATE workspace.tasks SET status_message = 'while away', version = version + 1 "
                "WHERE session_id = $1",
                writer.session_id,
            )
            told = {("while away",)}
            await all_are(copies, lambda copy: copy.contents("status_message") == told, "the changes")
            await check(copies, writer)
    finally:
        await connection.close()


async def test_the_official_client_misses_nothing_whatever_is_killed(
    stack: StackProcess, client: httpx.AsyncClient
) -> None:
    writer = Writer(client=client, session_id=f"session-{uuid.uuid4()}", seed=3)
    key = stack.credentials["apiKey"]
    async with following(stack.http_url, key, writer.session_id) as followers:
        copies = [follower.copy for follower in followers]
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(writer.run())
            await more_changes(copies)
            for name, how in KILLS[:3]:
                await _kill(stack, name, how)
                await more_changes(copies)
            writing.cancel()
            await asyncio.wait([writing])
            await check(copies, writer)
