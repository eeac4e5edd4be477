"""Notes of executions that their parents do not wait for any more."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom_workflows.storage.system import SystemConnection

SELECT: Final = "SELECT project_id, execution_id FROM orphans ORDER BY project_id, execution_id LIMIT $1"
FORGET: Final = "DELETE FROM orphans WHERE project_id = $1 AND execution_id = $2"


async def select(connection: SystemConnection, *, limit: int) -> list[tuple[UUID, UUID]]:
    """Returns the projects and ids of so many of them."""
    rows = await connection.fetch(SELECT, limit)
    return [(row["project_id"], row["execution_id"]) for row in rows]


async def forget(connection: SystemConnection, project_id: UUID, execution_id: UUID) -> None:
    """Forgets one that is cancelled, or has ended."""
    await connection.fetch(FORGET, project_id, execution_id)
