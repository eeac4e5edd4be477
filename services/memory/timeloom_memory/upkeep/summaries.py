"""The summaries of clusters: one memory a cluster, whose successors take its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from timeloom_memory.memories import Memories
from timeloom_memory.model import Memory
from timeloom_memory.preparing import NewMemory
from timeloom_memory.storage import memories as storage
from timeloom_memory.upkeep.summarizing import summary_memory
from timeloom_memory.writing import Writer
from timeloom_platform.database import Database


class ClusterSummaries:
    """Remembers what clusters say in short, under a key that is made from the cluster's id."""

    def __init__(
        self, *, database: Database, memories: Memories, writer: Writer, new_id: Callable[[], UUID]
    ) -> None:
        self._database = database
        self._memories = memories
        self._writer = writer
        self._new_id = new_id

    async def keep(
        self, project_id: UUID, namespace: str, cluster_id: UUID, text: str, source_ids: Sequence[UUID]
    ) -> None:
        """Remembers a summary, in the place of the cluster's last one unless that says the same."""
        key = f"summary/{cluster_id}"
        new = summary_memory(self._new_id(), namespace, text, source_ids, key=key)
        async with self._database.transaction(str(project_id)) as connection:
            keys = await storage.select_keys(connection, project_id, [(namespace, key)])
            last = await storage.select(connection, project_id, list(keys.values()), scope=None)
        before = next(iter(last.values()), None)
        if before is None:
            await self._writer.create(project_id, [new], as_agent_id="")
        elif before.content != text:

            def replacement(_: Memory) -> NewMemory:
                return new

            await self._memories.supersede(
                project_id,
                before.id,
                replacement,
                valid_from=None,
                etag="",
                reason="summarised anew",
                as_agent_id="",
            )
