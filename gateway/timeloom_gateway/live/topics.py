"""Which topics a caller may follow who is bound to an agent.

Events of memories say where something changed, and so they are for who may read there. Without asking
anybody, the gateway knows that of the agent's own namespaces and of those of the whole project. What a team
has and what was shared with the agent is announced to it, if it subscribes: the memory service checks each
time whether it may still read that.
"""

from __future__ import annotations

from typing import Final

from timeloom_platform.auth import Identity
from timeloom_platform.errors import PermissionDeniedError

_MEMORY: Final = "memory"
_WILDCARDS: Final = frozenset({"*", ">"})
_CLOSED: Final = frozenset({"agent", "agents", "jobs", "team"})


def require_topic(identity: Identity, topic: str) -> None:
    """Does nothing if the caller may follow the topic, with all that is below it.

    Raises:
        PermissionDeniedError: The caller is bound to an agent, and would learn of others' memories.
    """
    if identity.agent_id and not _is_open_to(identity.agent_id, topic.split("/")):
        raise PermissionDeniedError(
            f"These credentials are bound to the agent {identity.agent_id}: of memories they may follow"
            f" memory/agents/{identity.agent_id}, memory/agent/{identity.agent_id} and the project's."
        )


def _is_open_to(agent_id: str, segments: list[str]) -> bool:
    first = segments[0]
    if first in _WILDCARDS:
        return False
    if first != _MEMORY:
        return True
    below = segments[1:]
    if below[:2] in (["agents", agent_id], ["agent", agent_id]):
        return True
    return bool(below) and below[0] not in _WILDCARDS | _CLOSED
