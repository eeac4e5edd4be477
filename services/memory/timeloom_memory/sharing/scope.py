"""What somebody may read and write, as a value; and the same as a condition of SQL."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

from timeloom_memory import names
from timeloom_memory.names import OwnerKind
from timeloom_platform.errors import NotFoundError, PermissionDeniedError


class Permission(IntEnum):
    """What a grant allows; writing contains reading. The numbers are those of the contract."""

    READ = 1
    WRITE = 2


class Parameters(Protocol):
    """The parameters of a statement that is being put together."""

    def add(self, value: object) -> str:
        """Binds a value and returns its place, such as `$3`."""
        ...


class Scope(Struct, frozen=True, kw_only=True):
    """What an agent may do, or the project itself, which may do everything.

    It is read within the transaction that acts on it, and holds no longer than that.

    Attributes:
        agent_id: The agent; empty for the project itself.
        team_ids: The teams that the agent belongs to.
        roots: Namespaces that are open to the agent with all below them: its own, its teams', and those that
            were shared with it. What belongs to the whole project is open without being named.
        memories: Single memories that were shared with it.
    """

    agent_id: str = ""
    team_ids: frozenset[str] = frozenset()
    roots: Mapping[str, Permission] = {}
    memories: Mapping[UUID, Permission] = {}

    @property
    def is_everything(self) -> bool:
        """Whether it is the project itself, which may everything."""
        return not self.agent_id

    @property
    def principals(self) -> list[str]:
        """Those whose grants the agent has."""
        return [names.PROJECT, names.agent(self.agent_id), *map(names.team, self.team_ids)]

    def may_read(self, namespace: str) -> bool:
        """Tells whether all memories of the namespace may be read."""
        return self._permission(namespace) is not None

    def may_write(self, namespace: str) -> bool:
        """Tells whether memories may be written to the namespace, and all that are there may be changed."""
        return self._permission(namespace) is Permission.WRITE

    def may_read_memory(self, namespace: str, memory_id: UUID) -> bool:
        """Tells whether this memory of the namespace may be read."""
        return memory_id in self.memories or self.may_read(namespace)

    def may_write_memory(self, namespace: str, memory_id: UUID) -> bool:
        """Tells whether this memory of the namespace may be changed."""
        return self.memories.get(memory_id) is Permission.WRITE or self.may_write(namespace)

    def owns(self, namespace: str) -> bool:
        """Tells whether the namespace belongs to the agent, to one of its teams, or to the whole project."""
        owner = names.owner_of(namespace)
        return (
            self.is_everything
            or owner.kind is OwnerKind.PROJECT
            or (owner.kind is OwnerKind.AGENT and owner.id == self.agent_id)
            or (owner.kind is OwnerKind.TEAM and owner.id in self.team_ids)
        )

    def require_write(self, namespace: str) -> None:
        """Passes if memories may be written to the namespace.

        Raises:
            PermissionDeniedError: They may not. Whether the namespace exists is not told.
        """
        if not self.may_write(namespace):
            raise PermissionDeniedError(f"The agent {self.agent_id} may not write to {namespace}.")

    def require_read_memory(self, namespace: str, memory_id: UUID) -> None:
        """Passes if the memory may be read.

        Raises:
            NotFoundError: It may not: whether it exists is not told.
        """
        if not self.may_read_memory(namespace, memory_id):
            raise NotFoundError(f"There is no memory {memory_id}.")

    def require_write_memory(self, namespace: str, memory_id: UUID) -> None:
        """Passes if the memory may be changed.

        Raises:
            NotFoundError: It may not even be read.
            PermissionDeniedError: It may be read only.
        """
        self.require_read_memory(namespace, memory_id)
        if not self.may_write_memory(namespace, memory_id):
            raise PermissionDeniedError(f"The agent {self.agent_id} may read the memory {memory_id} only.")

    def readable_sql(self, parameters: Parameters) -> str:
        """Returns the condition that the memory `m` may be read, and binds its parameters."""
        return self._memories_sql(parameters, needed=Permission.READ)

    def writable_sql(self, parameters: Parameters) -> str:
        """Returns the condition that the memory `m` may be changed, and binds its parameters."""
        return self._memories_sql(parameters, needed=Permission.WRITE)

    def namespaces_sql(self, parameters: Parameters, column: str = "name") -> str:
        """Returns the condition that the namespace whose name the column holds may be read."""
        if self.is_everything:
            return "TRUE"
        return _OPEN.format(namespace=column, roots=parameters.add(list(self.roots)))

    def owned_sql(self, parameters: Parameters, column: str) -> str:
        """Returns the condition that the namespace whose name the column holds is owned, as `owns` says."""
        if self.is_everything:
            return "TRUE"
        own = [names.agent(self.agent_id), *map(names.team, self.team_ids)]
        return f"({_OPEN.format(namespace=column, roots=parameters.add(own))})"

    def _memories_sql(self, parameters: Parameters, *, needed: Permission) -> str:
        if self.is_everything:
            return "TRUE"
        roots = [root for root, held in self.roots.items() if held >= needed]
        memories = [memory_id for memory_id, held in self.memories.items() if held >= needed]
        condition = _OPEN.format(namespace="m.namespace", roots=parameters.add(roots))
        return f"{condition} OR m.id = ANY({parameters.add(memories)}::uuid[])" if memories else condition

    def _permission(self, namespace: str) -> Permission | None:
        """Returns the most that is allowed in the namespace; None if nothing is."""
        if self.is_everything or names.owner_of(namespace).kind is OwnerKind.PROJECT:
            return Permission.WRITE
        held = [self.roots[each] for each in names.upwards(namespace) if each in self.roots]
        return max(held, default=None)


EVERYTHING: Final = Scope()
"""What the project itself may do."""

_OPEN: Final = """NOT (starts_with({namespace}, 'agent/') OR starts_with({namespace}, 'team/'))
    OR EXISTS (
        SELECT FROM unnest({roots}::text[]) AS root
        WHERE {namespace} = root OR starts_with({namespace}, root || '/')
    )"""
