"""Processes are killed while a migration writes, and while it is taken back: it comes to the same."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import msgspec
import pytest

from tests.helpers.browser_exports import BrowserExport, browser_export
from tests.helpers.stack import StackProcess

pytestmark = [pytest.mark.fault, pytest.mark.timeout(280)]

VICTIMS = ("migration", "workflows", "postgres")
LIMIT_SECONDS = 120.0
# What tells when something was written, and not what.
TIMES = "ARRAY['create_time', 'update_time', 'clock', 'field_clocks', 'version']"
TABLES = ("tasks", "environments", "preferences", "agent_sessions")


@pytest.fixture
def stack(scratch_directory: Path) -> Iterator[StackProcess]:
    stack = StackProcess(scratch_directory / "data")
    yield stack
    stack.end()


class Migrations:
    """Calls the stack over REST, and goes on calling while it recovers."""

    def __init__(self, stack: StackProcess) -> None:
        self._stack = stack
        self.answers: list[str] = []

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Calls until there is an answer."""
        headers = {"Authorization": f"Bearer {self._stack.credentials['apiKey']}"}
        deadline = time.monotonic() + LIMIT_SECONDS
        while True:
            try:
                answer = httpx.request(
                    method,
                    f"{self._stack.http_url}/api/migration{path}",
                    headers=headers,
                    json=body,
                    timeout=60,
                    trust_env=False,
                )
            except httpx.TransportError:
                answer = None
            if answer is not None:
                self.answers.append(answer.text)
                if answer.is_success:
                    return answer.json()
                assert answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR, answer.text
            assert time.monotonic() < deadline, answer and answer.text
            time.sleep(0.2)

    def upload(self, made: BrowserExport) -> str:
        """Uploads an export, and returns the migration's id."""
        export = made.export
        migration_id = str(uuid4())
        self.call(
            "POST",
            "",
            {
                "migrationId": migration_id,
                "formatVersion": 1,
                "source": {"origin": export.source.origin, "app": export.source.app, "userId": "ada"},
                "recordCount": len(export.records),
                "sha256": export.sha256,
            },
        )
        for first_index, part in export.parts():
            body = {"firstIndex": first_index, "records": msgspec.json.decode(part)}
            self.call("POST", f"/{migration_id}/records", body)
        return migration_id

    def until(self, migration_id: str, *statuses: str, done: int = 0, below: float = 0.0) -> Any:
        """Waits until a migration has a status, so many of its items are done, or its progress has fallen."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while True:
            found = self.call("GET", f"/{migration_id}")
            status = found["status"]
            if status in statuses or (done and found.get("counts", {}).get("done", 0) >= done):
                return found
            if found["progress"] < below:
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.05)


def kill_in_turn(stack: StackProcess) -> None:
    """Kills each of the victims, and waits until it is back."""
    for name in VICTIMS:
        before = stack.state()["processes"][name]
        os.kill(before["pid"], signal.SIGKILL)
        stack.wait_for(partial(is_back, name, before["restarts"]))


def is_back(name: str, restarts: int, state: dict[str, Any]) -> bool:
    """Returns whether a process runs again, and everything with it."""
    return bool(state.get("ready")) and state["processes"][name]["restarts"] > restarts


def contents(stack: StackProcess, *, exactly: bool) -> dict[str, list[str]]:
    """Returns what the database holds: to the last byte, or without the times of writing."""

    async def read() -> dict[str, list[str]]:
        connection = await asyncpg.connect(stack.database_url())
        try:
            shown = "to_jsonb(t)" if exactly else f"to_jsonb(t) - {TIMES}"
            found = {
                table: await connection.fetch(
                    f"SELECT ({shown})::text FROM workspace.{table} AS t ORDER BY 1"
                )
                for table in TABLES
            }
            memories = "SELECT id::text || content FROM memory.memories ORDER BY 1"
            found["memories"] = await connection.fetch(memories)
            return {name: [row[0] for row in rows] for name, rows in found.items()}
        finally:
            await connection.close()

    return asyncio.run(read())


def test_a_migration_and_its_rollback_survive_kill_9_of_everything(stack: StackProcess) -> None:
    made = browser_export(
        task_count=60,
        message_count=1_000,
        environment_count=8,
        memory_count=1_500,
        dimension=64,
        queue_time=datetime.now(UTC) - timedelta(days=1),
    )
    migrations = Migrations(stack.up())
    before = contents(stack, exactly=True)
    migration_id = migrations.upload(made)

    migrations.call("POST", f"/{migration_id}/start", {})
    assert migrations.until(migration_id, "SUCCEEDED", "FAILED", done=1)["status"] == "RUNNING"
    kill_in_turn(stack)
    killed = migrations.until(migration_id, "SUCCEEDED", "FAILED")
    assert (killed["status"], killed.get("error", "")) == ("SUCCEEDED", "")
    assert killed["progress"] == 1
    assert killed["counts"]["done"] == sum(
        count for name, count in killed["counts"].items() if name != "done"
    )
    after_kills = contents(stack, exactly=False)
    assert len(after_kills["memories"]) == made.created["memories"]

    migrations.call("POST", f"/{migration_id}/rollback", {})
    halfway = migrations.until(migration_id, "ROLLED_BACK", below=1.0)
    assert halfway["status"] == "ROLLING_BACK"
    kill_in_turn(stack)
    migrations.until(migration_id, "ROLLED_BACK")
    assert migrations.call("GET", f"/{migration_id}/conflicts")["conflicts"] == []
    assert contents(stack, exactly=True) == before

    migrations.call("POST", f"/{migration_id}/start", {})
    undisturbed = migrations.until(migration_id, "SUCCEEDED", "FAILED")
    assert undisturbed["status"] == "SUCCEEDED"
    assert contents(stack, exactly=False) == after_kills

    told = "".join(migrations.answers) + "".join(
        file.read_text(errors="replace") for file in stack.data_dir.rglob("*.log")
    )
    assert [each for each in made.secrets if each in told] == []
