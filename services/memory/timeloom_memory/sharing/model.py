"""What is shared with whom, who works together, and what agents think of memories."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from msgspec import Struct

from timeloom_memory.sharing.scope import Permission


class Grant(Struct, frozen=True, kw_only=True):
    """A permission that was given, on a namespace with everything below it or on one memory.

    Attributes:
        namespace: None if it is on a memory.
        memory_id: None if it is on a namespace.
        principal: `agent/<id>`, `team/<id>` or `project`.
        granted_by: An agent, or empty for the project itself.
    """

    id: UUID
    principal: str
    namespace: str | None
    memory_id: UUID | None
    permission: Permission
    granted_by: str
    create_time: datetime
    expire_time: datetime | None


class Team(Struct, frozen=True, kw_only=True):
    """Agents that share what is in `team/<id>`."""

    id: str
    agent_ids: tuple[str, ...]
    update_time: datetime


class Subscription(Struct, frozen=True, kw_only=True):
    """An agent's wish to learn of new memories. What is empty does not restrict them.

    Attributes:
        namespaces: These and what is below them.
        sequence: Up to which change of the project the agent has read.
    """

    id: UUID
    agent_id: str
    namespaces: tuple[str, ...]
    kinds: tuple[int, ...]
    tags: tuple[str, ...]
    sequence: int
    create_time: datetime


class Stance(IntEnum):
    """What an agent thinks of a memory. The numbers are those of the contract."""

    CONFIRMS = 1
    CONTRADICTS = 2


class Evidence(Struct, frozen=True, kw_only=True):
    """What an agent found out about a memory.

    Attributes:
        evidence_memory_id: The memory that shows it.
    """

    id: UUID
    memory_id: UUID
    agent_id: str
    stance: Stance
    note: str
    evidence_memory_id: UUID | None
    create_time: datetime
