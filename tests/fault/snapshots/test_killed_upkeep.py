"""What seals and prunes is killed in the middle, while others record: nothing is lost but what was to go."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path
from uuid import UUID

import pytest

from tests.fault.snapshots import upkeep_process
from tests.fault.snapshots.recording_service import Running, Writer, working
from timeloom_platform.database import Database
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_snapshots.assembly import ROOM
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.verification import Verifications

pytestmark = [pytest.mark.fault, pytest.mark.timeout(180)]

KILLS = 12

SELECT_STORED = """
SELECT
    sequence, chain_hash,
    tableoid = 'sealed_snapshots'::regclass AS is_sealed
FROM snapshots
WHERE execution_id = $1
ORDER BY sequence
"""


async def _work_until(running: Running, postgres: EmbeddedPostgres, rng: random.Random) -> bool:
    """Lets a process seal and prune for a while, and kills it; returns whether that was in a round."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        upkeep_process.__name__,
        postgres.url,
        str(running.project_id),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()  # it has begun
    await running.until_more_is_acknowledged()
    await asyncio.sleep(rng.random() / 20)  # not always at the same point of a round
    process.kill()
    said = (await process.communicate())[0].decode().split()
    assert process.returncode == -9
    return not said or said[-1] == upkeep_process.BEGIN


async def _finish(database: Database, project_id: UUID) -> None:
    service = upkeep_process.service_over(database)
    while await upkeep_process.work_off(database, service, project_id):
        pass


async def _check(database: Database, project_id: UUID, writer: Writer) -> int:
    """Whatever is kept is there as it was acknowledged and proves itself; returns how many are sealed."""
    execution_id = UUID(writer.execution_id)
    async with database.transaction(str(project_id)) as connection:
        rows = await connection.fetch(SELECT_STORED, execution_id)
    acknowledged = {each.sequence: each.chain_hash for each in writer.acknowledged}
    kept = sorted(acknowledged)[-upkeep_process.KEEP_LAST :]
    assert [(row["sequence"], row["chain_hash"].hex()) for row in rows] == [
        (sequence, acknowledged[sequence]) for sequence in kept
    ]
    verifications = Verifications(database=database, codec=Codec.packaged())
    assert (await verifications.verify(project_id, execution_id)).problems == []
    return sum(row["is_sealed"] for row in rows)


async def test_sealing_and_pruning_survive_kills(
    tmp_path: Path, private_postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> None:
    rng = random.Random(2)
    async with working(tmp_path, private_postgres, nats_server) as running:
        in_a_round = [await _work_until(running, private_postgres, rng) for _ in range(KILLS)]
    assert any(in_a_round)
    database = await Database.connect(private_postgres.url, room=ROOM)
    try:
        await _finish(database, running.project_id)
        sealed = [await _check(database, running.project_id, writer) for writer in running.writers]
    finally:
        await database.close()
    assert all(sealed)
