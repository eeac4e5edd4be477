"""Which agent says or wants something, where a request names it twice."""

from __future__ import annotations

from timeloom_memory import names
from timeloom_platform.errors import InvalidFieldError, PermissionDeniedError


def speaker(agent_id: str, *, as_agent_id: str) -> str:
    """Returns the agent that is meant: the one that is named, or else the one that acts.

    Raises:
        InvalidFieldError: There is none, or no agent can have that id.
        PermissionDeniedError: One agent acts for another.
    """
    if not (agent_id or as_agent_id):
        raise InvalidFieldError.of("agentId", "must be given by whoever acts as no agent")
    if agent_id and as_agent_id and agent_id != as_agent_id:
        raise PermissionDeniedError(f"The agent {as_agent_id} may not act for {agent_id}.")
    return names.checked_id(agent_id or as_agent_id, "agentId" if agent_id else "asAgentId")
