"""What was heard last."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom_observability.model import EventType
from timeloom_platform.database import Connection

SELECT_LAST_NAME: Final = """
SELECT name
FROM events
WHERE project_id = $1 AND execution_id = $2 AND type = $3 AND service_name = $4
ORDER BY id DESC
LIMIT 1
"""


async def select_last_name(
    connection: Connection, project_id: UUID, execution_id: UUID, service_name: str
) -> str | None:
    """Returns what a service's last change of an execution is called; None if there was none."""
    name: str | None = await connection.fetchval(
        SELECT_LAST_NAME, project_id, execution_id, EventType.CHANGE, service_name
    )
    return name
