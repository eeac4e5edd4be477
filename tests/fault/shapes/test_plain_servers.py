"""Servers that were there before, without logical replication: everything works but shapes, which say why."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from tests.helpers.stack import StackProcess
from timeloom import Timeloom
from timeloom.exports import Export
from timeloom.migrations import MigrationStatus
from timeloom.mutations import MutationQueue
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

ANSWER_LIMIT_SECONDS = 60.0
SHAPE = {"table": "tasks", "offset": "-1"}


async def test_a_stack_on_plain_servers_does_everything_but_shapes(scratch_directory: Path) -> None:
    postgres = EmbeddedPostgres(scratch_directory / "postgres", settings={"wal_level": "replica"})
    nats = EmbeddedNats(scratch_directory / "nats")
    await postgres.start()
    await nats.start()
    settings = {"TIMELOOM_DATABASE_URL": postgres.url, "TIMELOOM_NATS_URL": nats.url}
    stack = StackProcess(scratch_directory / "data", settings=settings)
    try:
        stack.up()
        assert not {"postgres", "nats"} & set(stack.state()["processes"])
        key, address = stack.credentials["apiKey"], stack.credentials["grpcAddress"]
        await asyncio.to_thread(_work, key, address)
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=stack.http_url, headers=headers, trust_env=False) as client:
            refused = await client.get("/v1/shape", params=SHAPE, timeout=ANSWER_LIMIT_SECONDS)
        assert refused.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert "it needs wal_level=logical" in refused.json()["message"]
    finally:
        stack.end()
        await nats.kill()
        await postgres.discard()


def _work(key: str, address: str) -> None:
    with Timeloom(api_key=key, grpc_address=address) as client:
        _write(client)
        _migrate(client)
        assert sorted(task.title for task in client.tasks.list()) == ["kept", "queued"]


def _write(client: Timeloom) -> None:
    queue = MutationQueue("laptop", user_id="ann")
    queue.insert("tasks", {"title": "queued", "userId": "ann"})
    assert [result.outcome for result in client.sync.send(queue)] == ["APPLIED"]


def _migrate(client: Timeloom) -> None:
    export = Export.of([("localStorage", "tasks", '[{"id": "1", "title": "kept"}]')])
    migration = client.migrations.upload(export)
    client.migrations.start(migration.id)
    migration = client.migrations.wait(migration.id)
    assert (migration.status, client.migrations.verify(migration.id).ok) == (MigrationStatus.SUCCEEDED, True)
