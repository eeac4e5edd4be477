"""Bringing shards into memory: from PostgreSQL, and the graphs of large ones from their files."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from timeloom_memory.index.files import GraphFiles
from timeloom_memory.index.hnsw import Graph
from timeloom_memory.index.shard import BYTES_PER_ENTRY, Shard, Tuning
from timeloom_memory.index.workers import Workers
from timeloom_memory.storage import changes, shards
from timeloom_memory.storage.shards import ShardKey
from timeloom_platform.database import Connection, Database

MISSING_PER_PAGE: Final = 1_000

logger = structlog.get_logger(__name__)


class TooLargeError(Exception):
    """A shard alone would take more memory than all together may."""


class Loader:
    """Makes shards of what PostgreSQL has."""

    def __init__(
        self,
        *,
        database: Database,
        workers: Workers,
        tuning: Tuning,
        limit_bytes: int,
        directory: Path | None,
    ) -> None:
        """Load shards of at most `limit_bytes`; without a directory, graphs are not kept on disk."""
        self._database = database
        self._workers = workers
        self._tuning = tuning
        self._limit_bytes = limit_bytes
        self._files = GraphFiles(directory) if directory else None
        self._is_tidy = False

    async def load(self, key: ShardKey) -> Shard:
        """Returns a shard with everything that was committed when the call began; it may have more.

        Raises:
            TooLargeError: It would take too much memory.
            UnavailableError: PostgreSQL cannot be reached.
        """
        async with self._database.transaction(str(key.project_id)) as connection:
            sequence = await changes.current(connection, key.project_id)
            count = await shards.count(connection, key)
            if count * self._bytes_per_vector(key.dimension) > self._limit_bytes:
                raise TooLargeError
            shard = Shard(key.dimension, self._tuning)
            graph = await self._read_graph(key, sequence) if count > self._tuning.flat_rows_max else None
            if graph is None:
                async for page in shards.pages(connection, key):
                    shard.extend(page.numbers, page.ids, page.matrix)
            else:
                await self._complete(connection, key, shard, graph)
        logger.debug("shard loaded", rows=len(shard), with_graph=graph is not None)
        return shard

    async def save(self, key: ShardKey, graph: Graph, sequence: int) -> None:
        """Keeps a graph on disk, if there is a place for it; nobody may add to it meanwhile."""
        if self._files is None:
            return
        try:
            await self._tidy(self._files)
            await self._workers.run(self._files.save, key, graph, sequence)
        except OSError as error:
            # A full disk costs the next start time, and nobody an answer.
            logger.warning("graph not saved", error=error)

    def _bytes_per_vector(self, dimension: int) -> int:
        return dimension * (1 if self._tuning.is_quantized else 4) + BYTES_PER_ENTRY

    async def _read_graph(self, key: ShardKey, sequence: int) -> Graph | None:
        if self._files is None:
            return None
        await self._tidy(self._files)
        return await self._workers.run(
            self._files.load, key, is_quantized=self._tuning.is_quantized, sequence=sequence
        )

    async def _complete(self, connection: Connection, key: ShardKey, shard: Shard, graph: Graph) -> None:
        """Compares a graph from a file with PostgreSQL: drops what is not there, and adds what is missing."""
        numbers = await shards.labels(connection, key)
        await self._workers.run(shard.adopt, graph, numbers)
        missing = [UUID(bytes=memory_id) for memory_id in numbers if shard.number_of(memory_id) is None]
        for start in range(0, len(missing), MISSING_PER_PAGE):
            page = await shards.vectors_of(connection, key, missing[start : start + MISSING_PER_PAGE])
            if page is not None:
                shard.put(page.numbers, page.ids, page.matrix)

    async def _tidy(self, files: GraphFiles) -> None:
        if not self._is_tidy:
            await self._workers.run(files.tidy)
            self._is_tidy = True
