"""Who may do what. It is read in the transaction that acts on it: every replica sees a change at once."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Connection

_SELECT: Final = """
WITH mine AS (
    SELECT team_id
    FROM team_agents
    WHERE project_id = $1 AND agent_id = $2
)
SELECT team_id, NULL AS namespace, NULL AS memory_id, 0 AS permission
FROM mine
UNION ALL
SELECT NULL, namespace, memory_id, permission
FROM grants
WHERE
    project_id = $1
    AND principal = ANY(
        ARRAY['project', 'agent/' || $2::text] || ARRAY(SELECT 'team/' || team_id FROM mine)
    )
    AND (expire_time IS NULL OR expire_time > now())
"""


class Opening(Struct, frozen=True):
    """One thing that is open to an agent: a team that it belongs to, or a grant that holds."""

    team_id: str | None
    namespace: str | None
    memory_id: UUID | None
    permission: int


async def openings(connection: Connection, project_id: UUID, agent_id: str) -> list[Opening]:
    """Returns the teams of an agent, and all grants that it has by itself, by them, or with all agents."""
    return [Opening(*row) for row in await connection.fetch(_SELECT, project_id, agent_id)]
