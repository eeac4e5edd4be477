"""The use cases of upkeep, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from timeloom_memory.embedding.embedders import Embedders
from timeloom_memory.index.indexing import Indexing
from timeloom_memory.memories import Memories
from timeloom_memory.preparing import Preparation
from timeloom_memory.upkeep.archive import Archive
from timeloom_memory.upkeep.fading import Fading
from timeloom_memory.upkeep.listing import ClusterList
from timeloom_memory.upkeep.merging import Merging
from timeloom_memory.upkeep.proposals import Proposals
from timeloom_memory.upkeep.stats import Statistics
from timeloom_memory.upkeep.summaries import ClusterSummaries
from timeloom_memory.upkeep.summarizing import LanguageModel, Summarizing, Tokenizer
from timeloom_memory.upkeep.tending import Tending
from timeloom_memory.writing import Writer
from timeloom_platform.database import Database
from timeloom_platform.ids import uuid7
from timeloom_platform.pagination import Cursors


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What becomes of memories over time.

    Attributes:
        fading: Somebody has to run it.
    """

    archive: Archive
    fading: Fading
    merging: Merging
    proposals: Proposals
    clusters: ClusterList
    summarizing: Summarizing
    tending: Tending
    statistics: Statistics

    @classmethod
    def of(
        cls,
        *,
        database: Database,
        cursors: Cursors,
        clock: Callable[[], datetime],
        embedders: Embedders,
        tokenizer: Tokenizer,
        indexing: Indexing,
        preparation: Preparation,
        writer: Writer,
        memories: Memories,
        language_model: LanguageModel | None,
    ) -> Self:
        """Puts the use cases together."""
        archive = Archive(database=database, clock=clock)
        merging = Merging(database=database, preparation=preparation, new_id=uuid7)
        proposals = Proposals(database=database, merging=merging, cursors=cursors)
        return cls(
            archive=archive,
            fading=Fading(database=database, archive=archive),
            merging=merging,
            proposals=proposals,
            clusters=ClusterList(database=database, cursors=cursors),
            summarizing=Summarizing(
                database=database,
                embedders=embedders,
                tokenizer=tokenizer,
                writer=writer,
                model=language_model,
                new_id=uuid7,
            ),
            tending=Tending(
                database=database,
                archive=archive,
                proposals=proposals,
                summaries=ClusterSummaries(database=database, memories=memories, writer=writer, new_id=uuid7),
                tokenizer=tokenizer,
                clock=clock,
            ),
            statistics=Statistics(database=database, embedders=embedders, indexing=indexing),
        )
