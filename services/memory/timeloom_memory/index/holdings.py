"""The shards that are in memory, in the order of their use, and what they take together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from timeloom_memory.index.gate import Gate
from timeloom_memory.index.shard import Shard
from timeloom_memory.storage.shards import ShardKey


@dataclass(eq=False, slots=True, kw_only=True)
class Held:
    """A shard in memory, with the gate that whoever uses it passes."""

    key: ShardKey
    shard: Shard
    gate: Gate = field(default_factory=Gate)
    size_bytes: int = 0
    saved_rows: int = 0


class Holdings:
    """At most so many bytes of shards; the one that was not used for longest gives way."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.size_bytes = 0
        self._by_key: OrderedDict[ShardKey, Held] = OrderedDict()
        self._by_namespace: dict[tuple[UUID, str], dict[ShardKey, Held]] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, key: ShardKey) -> Held | None:
        """Returns a shard and counts it as used; None if it is not here."""
        held = self._by_key.get(key)
        if held is not None:
            self._by_key.move_to_end(key)
        return held

    def peek(self, key: ShardKey) -> Held | None:
        """Returns a shard without counting it as used; None if it is not here."""
        return self._by_key.get(key)

    def of(self, project_id: UUID, namespace: str) -> Sequence[Held]:
        """Returns the shards of a namespace that are here."""
        return tuple(self._by_namespace.get((project_id, namespace), {}).values())

    def add(self, held: Held) -> None:
        """Keeps a shard."""
        self._by_key[held.key] = held
        self._by_namespace.setdefault((held.key.project_id, held.key.namespace), {})[held.key] = held
        self.weigh(held)

    def weigh(self, held: Held) -> None:
        """Takes into account that a shard has another size than before."""
        if self._by_key.get(held.key) is not held:
            return
        size_bytes = held.shard.size_bytes
        self.size_bytes += size_bytes - held.size_bytes
        held.size_bytes = size_bytes
        while self.size_bytes > self.limit_bytes:
            self.discard(next(iter(self._by_key)))

    def discard(self, key: ShardKey) -> None:
        """Forgets a shard, if it is here."""
        held = self._by_key.pop(key, None)
        if held is None:
            return
        self.size_bytes -= held.size_bytes
        siblings = self._by_namespace[key.project_id, key.namespace]
        del siblings[key]
        if not siblings:
            del self._by_namespace[key.project_id, key.namespace]

    def drop(self, project_id: UUID, namespace: str | None) -> None:
        """Forgets the shards of a namespace, or of a whole project."""
        for key in [key for key in self._by_key if belongs(key, project_id, namespace)]:
            self.discard(key)


def belongs(key: ShardKey, project_id: UUID, namespace: str | None) -> bool:
    """Whether a shard is one of a namespace, or of a project if none is named."""
    return key.project_id == project_id and namespace in (None, key.namespace)
