"""Loads a shard with a graph and saves it over and over: `python -m … URL PROJECT DIRECTORY DIMENSION`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from uuid import UUID

from tests.helpers.memory_index import SMALL, key_of, nearest, unit_vectors
from timeloom_memory.assembly import ROOM
from timeloom_memory.index.files import GraphFiles
from timeloom_memory.index.indexing import Indexing
from timeloom_memory.index.settings import IndexSettings
from timeloom_memory.storage import vectors
from timeloom_platform.database import Database


async def main(url: str, project_id: UUID, settings: IndexSettings, dimension: int) -> None:
    """Runs until it is killed."""
    database = await Database.connect(url, room=ROOM, prepare=vectors.prepare)
    indexing = Indexing.of(settings, database, tuning=SMALL)
    looking_after = asyncio.create_task(indexing.vectors.maintenance.run())
    await nearest(indexing, project_id, unit_vectors(1, dimension=dimension)[0])
    await indexing.vectors.maintenance.settled()
    looking_after.cancel()
    key = key_of(project_id, dimension=dimension)
    held = indexing.vectors.holdings.peek(key)
    assert held is not None
    assert held.shard.graph is not None
    files = GraphFiles(Path(settings.index_directory))
    while True:
        files.save(key, held.shard.graph, indexing.following.sequence(project_id))


if __name__ == "__main__":
    asyncio.run(
        main(sys.argv[1], UUID(sys.argv[2]), IndexSettings(index_directory=sys.argv[3]), int(sys.argv[4]))
    )
