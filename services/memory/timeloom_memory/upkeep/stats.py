"""Statistics: what memories there are, and how this replica's index and models are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from timeloom_memory.embedding.embedders import Embedders, ModelUse
from timeloom_memory.index.holdings import Held
from timeloom_memory.index.indexing import Indexing
from timeloom_memory.sharing.access import Access
from timeloom_memory.storage import changes, stats
from timeloom_memory.storage.stats import Counted, Totals
from timeloom_platform.database import Database

NAMED_MAX: Final = 1000
"""The kinds, agents, namespaces and shards that are counted one by one; those with the most of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What there is.

    Attributes:
        counts: By kind, agent and namespace.
        shards: Those that are in this replica's memory.
        models: By their names, as they were used in this process.
        sequence: That of the project's last change.
        index_sequence: Up to which change the shards are.
    """

    totals: Totals
    counts: Sequence[Counted]
    shards: Sequence[Held]
    models: Mapping[str, ModelUse]
    sequence: int
    index_sequence: int


class Statistics:
    """Counts."""

    def __init__(self, *, database: Database, embedders: Embedders, indexing: Indexing) -> None:
        self._database = database
        self._embedders = embedders
        self._indexing = indexing

    async def get(self, project_id: UUID, namespaces: Sequence[str], *, as_agent_id: str) -> Stats:
        """Returns the statistics of namespaces with what is below them; of all that may be read if none."""
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            totals = await stats.totals(connection, project_id, namespaces=namespaces, scope=scope)
            counts = await stats.counts(
                connection, project_id, namespaces=namespaces, scope=scope, limit=NAMED_MAX
            )
            sequence = await changes.current(connection, project_id)
        homes = [each.name for each in counts if each.dimension == "namespace" and scope.may_read(each.name)]
        held = [shard for home in homes for shard in self._indexing.vectors.holdings.of(project_id, home)]
        return Stats(
            totals=totals,
            counts=counts,
            shards=held[:NAMED_MAX],
            models=self._embedders.use(),
            sequence=sequence,
            index_sequence=self._indexing.vectors.sequence(project_id),
        )
