"""Teams: agents that share what is in `team/<id>`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from timeloom_memory import limits, names
from timeloom_memory.sharing.model import Team
from timeloom_memory.storage import grants
from timeloom_memory.storage import teams as storage
from timeloom_platform.database import Database
from timeloom_platform.errors import InvalidFieldError, NotFoundError
from timeloom_platform.pagination import Cursors, Page


class Teams:
    """Makes teams, and dissolves them."""

    def __init__(self, *, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def set(self, project_id: UUID, team_id: str, agent_ids: Sequence[str]) -> Team:
        """Says which agents a team has; makes the team if there is none.

        Raises:
            InvalidFieldError: An id cannot be one, or there would be too many teams.
        """
        names.checked_id(team_id, "teamId")
        for index, agent_id in enumerate(agent_ids):
            names.checked_id(agent_id, f"agentIds[{index}]")
        distinct = list(dict.fromkeys(agent_ids))
        async with self._database.transaction(str(project_id)) as connection:
            if await storage.count_others(connection, project_id, team_id) >= limits.TEAMS_MAX:
                raise InvalidFieldError.of("teamId", f"would be one of more than {limits.TEAMS_MAX} teams")
            team = await storage.write(connection, project_id, team_id, distinct)
            crowded = await storage.crowded_agent(connection, project_id, distinct, limits.TEAMS_OF_AGENT_MAX)
            if crowded is not None:
                raise InvalidFieldError.of(
                    "agentIds", f"has {crowded}, who would be in more than {limits.TEAMS_OF_AGENT_MAX} teams"
                )
        return team

    async def list_page(self, project_id: UUID, *, agent_id: str, page_token: str, limit: int) -> Page[Team]:
        """Lists teams by id; only those that an agent belongs to, if one is given."""
        listed = {"list": "teams", "project": str(project_id), "agent": agent_id}
        position = self._cursors.decode(page_token, of=listed)
        async with self._database.transaction(str(project_id)) as connection:
            found = await storage.select_page(
                connection,
                project_id,
                agent_id=agent_id,
                after=str(position[0]) if position else "",
                limit=limit + 1,
            )
        return self._cursors.page(found, limit=limit, of=listed, position=lambda last: [last.id])

    async def delete(self, project_id: UUID, team_id: str) -> None:
        """Dissolves a team, and takes back what was shared with it. The memories of `team/<id>` stay.

        Raises:
            NotFoundError: There is no such team.
        """
        async with self._database.transaction(str(project_id)) as connection:
            if not await storage.delete(connection, project_id, team_id):
                raise NotFoundError(f"There is no team {team_id}.")
            # A later team of the same name is another one.
            await grants.delete_of(connection, project_id, names.team(team_id))
