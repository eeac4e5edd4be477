"""Teams and their agents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_memory.sharing.model import Team
from timeloom_platform.database import Connection

_UPSERT: Final = """
INSERT INTO teams (project_id, id, update_time) VALUES ($1, $2, now())
ON CONFLICT (project_id, id) DO UPDATE SET update_time = now()
RETURNING update_time
"""

_COUNT: Final = "SELECT count(*) FROM teams WHERE project_id = $1 AND id <> $2"

_DELETE_AGENTS: Final = """
DELETE FROM team_agents WHERE project_id = $1 AND team_id = $2 AND agent_id <> ALL($3::text[])
"""

_INSERT_AGENTS: Final = """
INSERT INTO team_agents (project_id, team_id, agent_id)
SELECT $1, $2, agent_id FROM unnest($3::text[]) AS wanted (agent_id)
ON CONFLICT DO NOTHING
"""

_SELECT_CROWDED: Final = """
SELECT agent_id
FROM team_agents
WHERE project_id = $1 AND agent_id = ANY($2::text[])
GROUP BY agent_id
HAVING count(*) > $3
ORDER BY agent_id
LIMIT 1
"""

_SELECT_PAGE: Final = """
SELECT
    t.id,
    t.update_time,
    ARRAY(
        SELECT a.agent_id
        FROM team_agents AS a
        WHERE a.project_id = t.project_id AND a.team_id = t.id
        ORDER BY a.agent_id
    ) AS agent_ids
FROM teams AS t
WHERE
    t.project_id = $1
    AND t.id > $3
    AND (
        $2 = ''
        OR EXISTS (
            SELECT FROM team_agents AS a
            WHERE a.project_id = t.project_id AND a.team_id = t.id AND a.agent_id = $2
        )
    )
ORDER BY t.id
LIMIT $4
"""

_DELETE: Final = "DELETE FROM teams WHERE project_id = $1 AND id = $2 RETURNING id"


async def count_others(connection: Connection, project_id: UUID, team_id: str) -> int:
    """Returns how many teams there are besides this one."""
    return int(await connection.fetchval(_COUNT, project_id, team_id))


async def write(connection: Connection, project_id: UUID, team_id: str, agent_ids: Sequence[str]) -> Team:
    """Makes a team of these agents and of no others."""
    update_time = await connection.fetchval(_UPSERT, project_id, team_id)
    await connection.execute(_DELETE_AGENTS, project_id, team_id, agent_ids)
    await connection.execute(_INSERT_AGENTS, project_id, team_id, agent_ids)
    return Team(id=team_id, agent_ids=tuple(sorted(agent_ids)), update_time=update_time)


async def crowded_agent(
    connection: Connection, project_id: UUID, agent_ids: Sequence[str], teams_max: int
) -> str | None:
    """Returns one of the agents that belongs to more teams than so many; None if there is none."""
    row = await connection.fetchrow(_SELECT_CROWDED, project_id, agent_ids, teams_max)
    return None if row is None else str(row["agent_id"])


async def select_page(
    connection: Connection, project_id: UUID, *, agent_id: str, after: str, limit: int
) -> list[Team]:
    """Returns teams by id; only those that an agent belongs to, if one is given."""
    rows = await connection.fetch(_SELECT_PAGE, project_id, agent_id, after, limit)
    return [_team(row) for row in rows]


async def delete(connection: Connection, project_id: UUID, team_id: str) -> bool:
    """Deletes a team; returns whether there was one."""
    return await connection.fetchrow(_DELETE, project_id, team_id) is not None


def _team(row: asyncpg.Record) -> Team:
    return Team(id=row["id"], agent_ids=tuple(row["agent_ids"]), update_time=row["update_time"])
