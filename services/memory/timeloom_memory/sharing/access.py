"""From somebody's name to what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from timeloom_memory import names
from timeloom_memory.sharing.scope import EVERYTHING, Permission, Scope
from timeloom_memory.storage import access as storage
from timeloom_memory.storage.access import Opening
from timeloom_platform.database import Connection


class Access:
    """Says who may do what. Nothing is remembered: once a revocation commits, it holds for every replica."""

    @staticmethod
    async def of(connection: Connection, project_id: UUID, as_agent_id: str) -> Scope:
        """Returns what an agent may do, or the project itself if the agent is empty.

        Args:
            connection: Within the transaction that acts on the answer.
            project_id: The transaction's project.
            as_agent_id: As whom the caller acts.

        Raises:
            InvalidFieldError: No agent can have that id.
        """
        if not as_agent_id:
            return EVERYTHING
        names.checked_id(as_agent_id, "asAgentId")
        return scope_of(as_agent_id, await storage.openings(connection, project_id, as_agent_id))


def scope_of(agent_id: str, openings: Iterable[Opening]) -> Scope:
    """Returns the scope of an agent to which these are open, besides what is its own."""
    roots: dict[str, Permission] = {names.agent(agent_id): Permission.WRITE}
    memories: dict[UUID, Permission] = {}
    team_ids = set[str]()
    for each in openings:
        if each.team_id is not None:
            team_ids.add(each.team_id)
            roots[names.team(each.team_id)] = Permission.WRITE
        elif each.namespace is not None:
            roots[each.namespace] = max(
                Permission(each.permission), roots.get(each.namespace, Permission.READ)
            )
        elif each.memory_id is not None:
            held = memories.get(each.memory_id, Permission.READ)
            memories[each.memory_id] = max(Permission(each.permission), held)
    return Scope(agent_id=agent_id, team_ids=frozenset(team_ids), roots=roots, memories=memories)
