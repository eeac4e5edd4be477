"""An index in memory beside PostgreSQL, and what both are asked to agree on."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import numpy as np
import numpy.typing as npt

from timeloom_memory.index.indexing import Indexing
from timeloom_memory.index.shard import Tuning
from timeloom_memory.model import CUSTOM_MODEL, Part
from timeloom_memory.storage import shards
from timeloom_memory.storage.shards import ShardKey
from timeloom_platform.database import Database

Matrix = npt.NDArray[np.float32]

NAMESPACE = "project"
TOLERANCE = 1e-5
SMALL = Tuning(flat_rows_max=40, merge_rows=8, exact_rows_max=8, dead_share_max=0.2)
"""A graph from a few dozen vectors on."""


def unit_vectors(count: int, *, dimension: int, seed: int = 0) -> Matrix:
    """Makes vectors of unit length that look in all directions."""
    vectors = np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def key_of(project_id: UUID, *, dimension: int, namespace: str = NAMESPACE) -> ShardKey:
    """Names the shard of the vectors that callers give."""
    return ShardKey(
        project_id=project_id,
        namespace=namespace,
        model=CUSTOM_MODEL,
        dimension=dimension,
        part=Part.CONTENT,
    )


async def nearest(
    indexing: Indexing,
    project_id: UUID,
    query: Matrix,
    *,
    limit: int = 10,
    min_sequence: int = 0,
    namespaces: Sequence[str] = (NAMESPACE,),
    among: Sequence[int] | None = None,
) -> list[tuple[UUID, float]]:
    """Searches in an index."""
    (found,) = await indexing.vectors.search(
        project_id,
        namespaces,
        CUSTOM_MODEL,
        query.reshape(1, -1),
        limit=limit,
        min_sequence=min_sequence,
        among=among,
    )
    return found


async def stored(database: Database, key: ShardKey) -> dict[bytes, tuple[int, bytes]]:
    """Returns the number and the vector of each memory of a shard, as PostgreSQL has them."""
    rows: dict[bytes, tuple[int, bytes]] = {}
    async with database.transaction(str(key.project_id)) as connection:
        async for page in shards.pages(connection, key):
            rows |= {
                memory_id: (int(number), vector.tobytes())
                for memory_id, number, vector in zip(page.ids, page.numbers, page.matrix, strict=True)
            }
    return rows


def held(indexing: Indexing, key: ShardKey) -> dict[bytes, tuple[int, bytes]]:
    """Returns the same as the index has it; it must be in memory."""
    found = indexing.vectors.holdings.peek(key)
    assert found is not None, "it is in memory"
    rows: dict[bytes, tuple[int, bytes]] = {}
    for memory_id, number in found.shard.labels().items():
        vector = found.shard.vector_of(memory_id)
        assert vector is not None, "it has a number"
        rows[memory_id] = (number, vector.tobytes())
    return rows
