"""The index with all that it needs, put together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from timeloom_memory.index.following import Following
from timeloom_memory.index.loading import Loader
from timeloom_memory.index.settings import IndexSettings
from timeloom_memory.index.shard import Tuning
from timeloom_memory.index.vector_index import VectorIndex
from timeloom_memory.index.workers import Workers
from timeloom_platform.bus import Bus
from timeloom_platform.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexing:
    """What is in memory of PostgreSQL's memories, and what keeps it so."""

    following: Following
    vectors: VectorIndex
    workers: Workers

    @classmethod
    def of(cls, settings: IndexSettings, database: Database, *, tuning: Tuning | None = None) -> Self:
        """Makes an empty index; nothing is loaded before it is searched."""
        following, workers = Following(database), Workers()
        directory = Path(settings.index_directory) if settings.index_directory else None
        loader = Loader(
            database=database,
            workers=workers,
            tuning=tuning or settings.tuning,
            limit_bytes=settings.index_bytes,
            directory=directory,
        )
        vectors = VectorIndex(
            database=database,
            following=following,
            workers=workers,
            loader=loader,
            limit_bytes=settings.index_bytes,
        )
        return cls(following=following, vectors=vectors, workers=workers)

    async def run(self, bus: Bus) -> None:
        """Follows PostgreSQL and looks after shards, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.following.run(bus))
            tasks.create_task(self.vectors.maintenance.run())

    async def close(self) -> None:
        """Ends what is under way."""
        await self.vectors.close()
        self.workers.close()
