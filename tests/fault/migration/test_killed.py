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

pytestmark = [pytest.mark.fault, pytest.mark.timeout(500)]

LIMIT_SECONDS = 120.0
# What tells when something was written, and not what.
TIMES = "ARRAY['create_time', 'update_time', 'clock', 'field_clocks', 'version']"
RECORDS = ("tasks", "environments", "preferences", "agent_sessions")
# All that a rollback puts back, with what remembers records that are not there.
TABLES = {
    "workspace": (*RECORDS, "environment_secrets", "tombstones", "owner_writes"),
    "memory": ("memories", "memory_versions", "memory_vectors"),
}


@pytest.fixture
def stack(scratch_directory: Path) -> Iterator[StackProcess]:
    stack = StackProcess(scratch_directory / "data")
    yield stack
    stack.end()


class Migrations:
    """Calls the stack over REST, and goes on calling while it recovers.

    Attributes:
        answers: All that it was told.
        progress: What it was told of the progress, since somebody forgot it.
    """

    def __init__(self, stack: StackProcess) -> None:
        self._stack = stack
        self.answers: list[str] = []
        self.progress: list[float] = []

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Calls until there is an answer."""
        headers = {"Authorization": f"Bearer {self._stack.credentials['apiKey']}"}
        deadline = time.monotonic() + LIMIT_SECONDS
        while True:
            try:
                answer = httpx.request(
                    method,
                    f"{self._stack.http_url}/api{path}",
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
            "/migration",
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
            self.call("POST", f"/migration/{migration_id}/records", body)
        return migration_id

    def until(self, migration_id: str, *statuses: str, done: int = 0, below: float = 0.0) -> Any:
        """Waits until a migration has a status, so many of its items are done, or its progress has fallen."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while True:
            found = self.call("GET", f"/migration/{migration_id}")
            self.progress.append(found["progress"])
            status = found["status"]
            if status in statuses or (done and found.get("counts", {}).get("done", 0) >= done):
                return found
            if found["progress"] < below:
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.05)


def kill(stack: StackProcess, name: str) -> None:
    """Kills a process, and waits until it is back."""
    before = stack.state()["processes"][name]
    os.kill(before["pid"], signal.SIGKILL)
    stack.wait_for(partial(is_back, name, before["restarts"]))


def is_back(name: str, restarts: int, state: dict[str, Any]) -> bool:
    """Returns whether a process runs again, and everything with it."""
    return bool(state.get("ready")) and state["processes"][name]["restarts"] > restarts


def rows(stack: StackProcess, statements: dict[str, str]) -> dict[str, list[str]]:
    """Returns what statements find."""

    async def read() -> dict[str, list[str]]:
        connection = await asyncpg.connect(stack.database_url())
        try:
            return {
                name: [row[0] for row in await connection.fetch(each)] for name, each in statements.items()
            }
        finally:
            await connection.close()

    return asyncio.run(read())


def bytes_of(stack: StackProcess) -> dict[str, list[str]]:
    """Returns what the database holds, to the last byte."""
    return rows(
        stack,
        {
            table: f"SELECT t::text FROM {room}.{table} AS t ORDER BY 1"
            for room, tables in TABLES.items()
            for table in tables
        },
    )


def meaning_of(stack: StackProcess) -> dict[str, list[str]]:
    """Returns what the database holds, however often and whenever it was written."""
    statements = {
        table: f"SELECT (to_jsonb(t) - {TIMES})::text FROM workspace.{table} AS t ORDER BY 1"
        for table in RECORDS
    }
    memories = """
    SELECT concat_ws(' ', m.id, m.namespace, m.key, m.content, m.metadata, v.vector)
    FROM memory.memories AS m LEFT JOIN memory.memory_vectors AS v ON v.memory_id = m.id
    ORDER BY 1
    """
    return rows(stack, {**statements, "memories": memories})


def without(held: dict[str, list[str]], *changed: str) -> dict[str, list[str]]:
    """Returns rows but for those of what somebody changed."""
    return {
        table: [row for row in some if not any(each in row for each in changed)]
        for table, some in held.items()
    }


def seed(migrations: Migrations) -> None:
    """Has something there that the export has, too, and that is overwritten."""
    environment = {"name": "env 3", "githubOrganization": "here before", "secrets": {"KEY": "shh-before"}}
    migrations.call("POST", "/environments", environment)
    migrations.call("POST", "/preferences", {"key": "theme", "value": "light", "userId": "ada"})


def first(migrations: Migrations, migration_id: str, family: str) -> str:
    """Returns the id of the first resource of a family that a migration created."""
    query = f"actions=MIGRATION_ACTION_CREATE&families=RECORD_FAMILY_{family}&pageSize=1"
    found = migrations.call("GET", f"/migration/{migration_id}/plan?{query}")
    return str(found["items"][0]["targetId"])


def test_a_whole_browser_comes_over_and_goes_back_whatever_is_killed(stack: StackProcess) -> None:
    made = browser_export(queue_time=datetime.now(UTC) - timedelta(days=1))
    migrations = Migrations(stack.up())
    seed(migrations)
    before = bytes_of(stack)
    migration_id = migrations.upload(made)
    path = f"/migration/{migration_id}"

    migrations.call("POST", f"{path}/plan", {"conflictResolution": "OVERWRITE"})
    planned = migrations.until(migration_id, "PLANNED", "FAILED")
    assert planned["counts"]["overwrite"] == 2
    assert bytes_of(stack) == before

    migrations.call("POST", f"{path}/start", {})
    for victim, done in (("migration", 1), ("workspace", 300), ("postgres", 1_500)):
        migrations.until(migration_id, "SUCCEEDED", "FAILED", done=done)
        kill(stack, victim)
    migrated = migrations.until(migration_id, "SUCCEEDED", "FAILED")
    assert (migrated["status"], migrated.get("error", ""), migrated["progress"]) == ("SUCCEEDED", "", 1)
    assert migrations.progress == sorted(migrations.progress)
    assert migrations.call("POST", f"{path}/verify", {})["ok"] is True
    expected = meaning_of(stack)
    # The queue of the app that was offline makes one more task, and one more preference.
    assert {name: len(some) for name, some in expected.items()} == {
        **{name: made.created[name] for name in ("environments", "agent_sessions", "memories")},
        "tasks": made.created["tasks"] + 1,
        "preferences": made.created["preferences"] + 1,
    }

    task_id, memory_id = (first(migrations, migration_id, family) for family in ("TASKS", "MEMORIES"))
    migrations.call("PATCH", f"/tasks/{task_id}", {"title": "mine"})
    migrations.call("PATCH", f"/agent-memory/{memory_id}", {"importance": 1.5})
    migrations.call("POST", f"{path}/rollback", {})
    for victim in ("migration", "workflows", "postgres"):
        kill(stack, victim)
    migrations.until(migration_id, "ROLLED_BACK")
    conflicts = migrations.call("GET", f"{path}/conflicts?pageSize=1000")["conflicts"]
    assert {each["item"]["targetId"] for each in conflicts} == {task_id, memory_id}
    kept = bytes_of(stack)
    assert (without(kept, task_id, memory_id), kept == before) == (before, False)
    for each in conflicts:
        decision = {"conflictId": each["id"], "resolution": "OVERWRITE"}
        migrations.call("POST", f"{path}/conflicts:resolve", decision)
    assert bytes_of(stack) == before

    migrations.call("POST", f"{path}/start", {})
    undisturbed = migrations.until(migration_id, "SUCCEEDED", "FAILED")
    assert undisturbed["status"] == "SUCCEEDED"
    assert meaning_of(stack) == expected

    told = "".join(migrations.answers) + "".join(
        file.read_text(errors="replace") for file in stack.data_dir.rglob("*.log")
    )
    assert [each for each in (*made.secrets, "shh-before") if each in told] == []
