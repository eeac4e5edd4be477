"""The service or PostgreSQL is killed amid group commits: what was acknowledged is there, and once."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest

from tests.fault.snapshots.recording_service import Running, working
from tests.fault.snapshots.service_process import service_process
from timeloom_platform.database import Database
from timeloom_platform.embedded.errors import NotReadyError
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.testing import eventually
from timeloom_snapshots.assembly import ROOM
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.verification import Verifications

T = TypeVar("T")

pytestmark = [pytest.mark.fault, pytest.mark.timeout(180)]

KILLS = 6


async def _has_started(postgres: EmbeddedPostgres) -> bool:
    """Starts it again; that fails while a process of the killed one is still there."""
    try:
        await postgres.start()
    except NotReadyError:
        return False
    return True


async def _check(running: Running, postgres: EmbeddedPostgres) -> None:
    """Everything acknowledged is there exactly as it was acknowledged, once, and every chain holds."""
    database = await Database.connect(postgres.url, room=ROOM)
    try:
        for writer in running.writers:
            execution_id = UUID(writer.execution_id)
            async with database.transaction(str(running.project_id)) as connection:
                rows = await connection.fetch(
                    "SELECT sequence, key, state_hash, chain_hash FROM snapshots WHERE execution_id = $1",
                    execution_id,
                )
            stored = {
                row["key"]: (row["sequence"], row["state_hash"].hex(), row["chain_hash"].hex())
                for row in rows
            }
            acknowledged = {
                each.key: (each.sequence, each.state_hash, each.chain_hash) for each in writer.acknowledged
            }
            assert len(stored) == len(rows)
            assert stored == acknowledged
            verifications = Verifications(database=database, codec=Codec.packaged())
            assert (await verifications.verify(running.project_id, execution_id)).problems == []
    finally:
        await database.close()


async def test_a_killed_service_keeps_every_acknowledged_snapshot(
    tmp_path: Path, private_postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> None:
    rng = random.Random(1)
    async with working(tmp_path, private_postgres, nats_server) as running:
        for _ in range(KILLS):
            await running.until_more_is_acknowledged()
            await asyncio.sleep(rng.random() / 100)  # not always at the same point of a commit
            await running.process.kill()
            await running.process.start()
        await running.until_more_is_acknowledged()
    await _check(running, private_postgres)


async def test_a_killed_database_keeps_every_acknowledged_snapshot(
    tmp_path: Path, private_postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> None:
    async with working(tmp_path, private_postgres, nats_server) as running:
        for _ in range(KILLS // 2):
            await running.until_more_is_acknowledged()
            await private_postgres.kill()
            await eventually(lambda: _has_started(private_postgres))
        await running.until_more_is_acknowledged()
    await _check(running, private_postgres)


async def test_recording_goes_on_without_the_bus(
    tmp_path: Path, private_postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> None:
    async with working(tmp_path, private_postgres, nats_server) as running:
        await running.until_more_is_acknowledged()
        await nats_server.kill()
        await running.until_more_is_acknowledged()
        await nats_server.start()
        await running.until_more_is_acknowledged()
    await _check(running, private_postgres)
    database = await Database.connect(private_postgres.url, room=ROOM)

    async def is_told() -> bool:
        async with database.system_transaction() as connection:
            return not await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)")

    running_again, _ = service_process(tmp_path, database_url=private_postgres.url, nats_url=nats_server.url)
    await running_again.start()
    try:
        await eventually(is_told)
    finally:
        await running_again.kill()
        await database.close()
