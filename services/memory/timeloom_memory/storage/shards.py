"""What the index in memory is made of, and the same search done by PostgreSQL itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

import asyncpg
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from timeloom_memory.model import Matrix, Part
from timeloom_memory.storage import vectors
from timeloom_platform.database import Connection

VECTORS_PER_PAGE_FLOATS: Final = 256 * 1024
"""So many numbers of vectors are read at a time: a mebibyte of them."""

LABELS_PER_PAGE: Final = 4_096

_OF_SHARD: Final = """
FROM memories AS m
JOIN memory_vectors AS v
    ON v.project_id = m.project_id AND v.memory_id = m.id
    AND v.content_version = m.content_version AND v.model = m.embedding_model
WHERE
    m.project_id = $1 AND m.embedding_model = $3 AND m.dimension = $4
    AND m.delete_time IS NULL AND v.part = $5
"""

_COUNT: Final = f"SELECT count(*) {_OF_SHARD} AND m.namespace = $2"

_VECTORS: Final = f"SELECT m.number, m.id, v.vector {_OF_SHARD} AND m.namespace = $2"

_LABELS: Final = f"SELECT m.number, m.id {_OF_SHARD} AND m.namespace = $2"

# Each id is looked up by itself: see `predicates`.
_VECTORS_OF: Final = f"""
SELECT found.*
FROM unnest($6::uuid[]) AS wanted (id)
CROSS JOIN LATERAL ({_VECTORS} AND m.id = wanted.id LIMIT 1) AS found
"""  # noqa: S608 - constants

# The inner product of vectors of unit length is their cosine; pgvector's operator returns its negative.
_NEAREST: Final = f"""
SELECT m.id, -(v.vector OPERATOR(public.<#>) $6::public.vector) AS cosine
{_OF_SHARD} AND m.namespace = ANY($2::text[]) AND ($8::bigint[] IS NULL OR m.number = ANY($8))
ORDER BY v.vector OPERATOR(public.<#>) $6::public.vector, m.id
LIMIT $7
"""

# What has a limit is not joined, and so is looked up by itself.
_EXACT: Final = f"""
SELECT found.*
FROM unnest($6::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT m.id, v.vector {_OF_SHARD} AND m.namespace = ANY($2::text[]) AND m.id = wanted.id LIMIT 1
) AS found
"""  # noqa: S608 - a constant

# At most one vector a part: what has a limit is not joined, and so is looked up by itself.
_CURRENT: Final = f"""
SELECT found.*
FROM unnest($2::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT m.id, m.number, m.embedding_model, m.dimension, v.part, v.vector
    FROM memories AS m
    JOIN memory_vectors AS v
        ON v.project_id = m.project_id AND v.memory_id = m.id
        AND v.content_version = m.content_version AND v.model = m.embedding_model
    WHERE m.project_id = $1 AND m.id = wanted.id AND m.delete_time IS NULL
    LIMIT {len(Part)}
) AS found
"""  # noqa: S608 - constants

_LATEST: Final = "SELECT project_id, sequence FROM project_changes WHERE project_id = ANY($1::uuid[])"


class ShardKey(Struct, frozen=True, kw_only=True):
    """Which vectors belong together: only those of one model and dimension can be compared."""

    project_id: UUID
    namespace: str
    model: str
    dimension: int
    part: Part


class Page(Struct, frozen=True):
    """Some vectors of a shard, with what names them."""

    numbers: npt.NDArray[np.int64]
    ids: Sequence[bytes]
    matrix: Matrix


class CurrentVector(Struct, frozen=True):
    """A vector of a memory as it is now."""

    memory_id: UUID
    number: int
    model: str
    dimension: int
    part: int
    vector: bytes


async def count(connection: Connection, key: ShardKey) -> int:
    """Returns how many vectors a shard has."""
    return int(await connection.fetchval(_COUNT, *_parameters(key)))


async def pages(connection: Connection, key: ShardKey) -> AsyncIterator[Page]:
    """Reads all vectors of a shard, as they were when the reading began, a page at a time."""
    size = max(1, VECTORS_PER_PAGE_FLOATS // key.dimension)
    rows: list[asyncpg.Record] = []
    async for row in connection.cursor(_VECTORS, *_parameters(key), prefetch=size):
        rows.append(row)
        if len(rows) == size:
            yield _page(rows, key.dimension)
            rows = []
    if rows:
        yield _page(rows, key.dimension)


async def labels(connection: Connection, key: ShardKey) -> dict[bytes, int]:
    """Returns the number of each memory of a shard, by the bytes of its id."""
    numbers: dict[bytes, int] = {}
    async for row in connection.cursor(_LABELS, *_parameters(key), prefetch=LABELS_PER_PAGE):
        numbers[row["id"].bytes] = row["number"]
    return numbers


async def vectors_of(connection: Connection, key: ShardKey, memory_ids: Sequence[UUID]) -> Page | None:
    """Reads the vectors of some memories of a shard; None if there are none."""
    rows = await connection.fetch(_VECTORS_OF, *_parameters(key), memory_ids)
    return _page(rows, key.dimension) if rows else None


async def nearest(
    connection: Connection,
    key: ShardKey,
    namespaces: Sequence[str],
    vector: Matrix,
    *,
    limit: int,
    among: Sequence[int] | None,
) -> list[tuple[UUID, float]]:
    """Returns the memories whose vectors are most alike, with their cosines, by comparing all.

    The namespace of the key does not count; the vector is a matrix with one row.
    """
    project_id, _, *rest = _parameters(key)
    rows = await connection.fetch(
        _NEAREST, project_id, namespaces, *rest, vectors.encoded(vector)[0], limit, among
    )
    return [(row["id"], row["cosine"]) for row in rows]


async def exact(
    connection: Connection, key: ShardKey, namespaces: Sequence[str], memory_ids: Sequence[UUID]
) -> dict[UUID, Matrix]:
    """Returns some memories' own vectors; the namespace of the key does not count."""
    project_id, _, *rest = _parameters(key)
    rows = await connection.fetch(_EXACT, project_id, namespaces, *rest, memory_ids)
    if not rows:
        return {}
    matrix = vectors.decoded([row["vector"] for row in rows], key.dimension)
    return {row["id"]: vector for row, vector in zip(rows, matrix, strict=True)}


async def current(
    connection: Connection, project_id: UUID, memory_ids: Sequence[UUID]
) -> list[CurrentVector]:
    """Returns the vectors of memories as they are now, of all their parts."""
    return [CurrentVector(*row) for row in await connection.fetch(_CURRENT, project_id, memory_ids)]


async def latest(connection: Connection, project_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Returns the sequences of the last changes of projects, in a transaction of the system."""
    rows = await connection.fetch(_LATEST, project_ids)
    return {row["project_id"]: row["sequence"] for row in rows}


def _parameters(key: ShardKey) -> tuple[object, ...]:
    return key.project_id, key.namespace, key.model, key.dimension, int(key.part)


def _page(rows: Sequence[asyncpg.Record], dimension: int) -> Page:
    return Page(
        np.array([row["number"] for row in rows], dtype=np.int64),
        [row["id"].bytes for row in rows],
        vectors.decoded([row["vector"] for row in rows], dimension),
    )
