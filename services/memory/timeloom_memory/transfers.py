"""Many memories read at once, and removed: for migrations, which see whatever the project has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from timeloom_memory.etags import etag_of
from timeloom_memory.model import Memory
from timeloom_memory.policies import purge_and_tell
from timeloom_memory.storage import memories as storage
from timeloom_memory.storage import vectors
from timeloom_platform.database import Connection, Database


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryName:
    """A memory that may be there: what has the key in the namespace, or else the id."""

    id: UUID
    namespace: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMemory:
    """A memory as it is, with its vector if that was asked for and it has one."""

    memory: Memory
    vector: Sequence[float] = ()


class MemoryTransfers:
    """Reads and removes the memories of projects."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def read(
        self, project_id: UUID, names: Sequence[MemoryName], *, include_vectors: bool
    ) -> list[FoundMemory | None]:
        """Returns what is there, in the order of the names."""
        keys = list(dict.fromkeys((each.namespace, each.key) for each in names if each.key))
        async with self._database.reading(str(project_id)) as connection:
            holders = await storage.select_keys(connection, project_id, keys) if keys else {}
            ids = [holders.get((each.namespace, each.key), each.id) for each in names]
            kept = await storage.select(connection, project_id, ids, scope=None)
            found = await _vectors(connection, project_id, kept.values()) if include_vectors else {}
        return [
            FoundMemory(memory=kept[each], vector=found.get(each, ())) if each in kept else None
            for each in ids
        ]

    async def purge(self, project_id: UUID, etags: Mapping[UUID, str]) -> list[UUID]:
        """Removes memories that still have these etags, for good; returns those that have others and stay."""
        async with self._database.transaction(str(project_id)) as connection:
            locked = await storage.lock(connection, project_id, list(etags))
            unchanged = [each.id for each in locked if etag_of(each) == etags[each.id]]
            await purge_and_tell(connection, project_id, unchanged)
        gone = set(unchanged)
        return [each.id for each in locked if each.id not in gone]


async def _vectors(
    connection: Connection, project_id: UUID, memories: Iterable[Memory]
) -> dict[UUID, Sequence[float]]:
    """Returns the vectors of those memories that have one."""
    of_dimension: dict[int, list[UUID]] = defaultdict(list)
    for each in memories:
        if each.dimension:
            of_dimension[each.dimension].append(each.id)
    found: dict[UUID, Sequence[float]] = {}
    for dimension, ids in of_dimension.items():
        forms = await vectors.select(connection, project_id, ids)
        matrix = vectors.decoded(list(forms.values()), dimension)
        found.update(zip(forms, matrix.tolist(), strict=True))
    return found
