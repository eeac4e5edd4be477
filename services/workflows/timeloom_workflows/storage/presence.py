"""Workers that are connected, to whichever replica."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_workflows.storage.system import SystemConnection

SAY: Final = """
INSERT INTO connected_workers (project_id, worker_id, replica, valid_until)
SELECT project_id, worker_id, $1, clock_timestamp() + $4 * interval '1 second'
FROM unnest($2::uuid[], $3::text[]) AS connected (project_id, worker_id)
ON CONFLICT (project_id, worker_id, replica) DO UPDATE SET valid_until = excluded.valid_until
"""

FORGET: Final = "DELETE FROM connected_workers WHERE valid_until < clock_timestamp()"

SELECT_ELSEWHERE: Final = """
SELECT DISTINCT worker_id
FROM connected_workers
WHERE project_id = $1 AND replica <> $2 AND valid_until > clock_timestamp()
"""


async def say(
    connection: SystemConnection, replica: UUID, workers: Sequence[tuple[UUID, str]], *, seconds: float
) -> None:
    """Says for so many seconds which workers, by project and id, are connected to a replica."""
    project_ids = [project_id for project_id, _ in workers]
    await connection.fetch(SAY, replica, project_ids, [worker_id for _, worker_id in workers], seconds)


async def forget(connection: SystemConnection) -> None:
    """Forgets what no longer holds."""
    await connection.fetch(FORGET)


async def select_elsewhere(connection: Connection, project_id: UUID, replica: UUID) -> list[str]:
    """Returns the ids of a project's workers that are connected to other replicas."""
    rows = await connection.fetch(SELECT_ELSEWHERE, project_id, replica)
    return [row["worker_id"] for row in rows]
