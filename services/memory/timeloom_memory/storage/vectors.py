"""Vectors on their way to PostgreSQL and back, a matrix at a time.

`prepare` teaches a connection pgvector's own binary form, which is passed on as bytes: so a thousand vectors
cost one conversion of a matrix, and not one of each number.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import numpy as np
from msgspec import Struct

from timeloom_memory.model import Matrix, Memory, Part
from timeloom_platform.database import Connection

_HEADER: Final = struct.Struct(">hh")
_BIG_ENDIAN: Final = np.dtype(">f4")
_LITTLE_ENDIAN: Final = np.dtype("<f4")

_INSERT: Final = """
INSERT INTO memory_vectors (project_id, memory_id, content_version, model, part, vector)
SELECT $1, memory_id, content_version, $3, $4, vector
FROM unnest($2::uuid[], $5::integer[], $6::public.vector[]) AS given (memory_id, content_version, vector)
ORDER BY memory_id
ON CONFLICT (project_id, memory_id, content_version, model, part) DO UPDATE SET vector = excluded.vector
"""

# Each id is looked up by itself: see `predicates`.
_SELECT: Final = """
SELECT found.memory_id, found.vector
FROM unnest($2::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT v.memory_id, v.vector
    FROM memories AS m
    JOIN memory_vectors AS v
        ON v.project_id = m.project_id AND v.memory_id = m.id AND v.content_version = m.content_version
        AND v.model = m.embedding_model AND v.part = $3
    WHERE m.project_id = $1 AND m.id = wanted.id
    LIMIT 1
) AS found
"""

_SELECT_OF_VERSION: Final = """
SELECT vector
FROM memory_vectors
WHERE project_id = $1 AND memory_id = $2 AND content_version = $3 AND model = $4 AND part = 0
"""

_SELECT_OF_VERSIONS: Final = """
SELECT found.memory_id, found.vector
FROM unnest($2::uuid[], $3::integer[], $4::text[]) AS wanted (id, content_version, model)
CROSS JOIN LATERAL (
    SELECT v.memory_id, v.vector
    FROM memory_vectors AS v
    WHERE
        v.project_id = $1 AND v.memory_id = wanted.id AND v.content_version = wanted.content_version
        AND v.model = wanted.model AND v.part = 0
    LIMIT 1
) AS found
"""

_CARRY: Final = """
INSERT INTO memory_vectors (project_id, memory_id, content_version, model, part, vector)
SELECT project_id, memory_id, $3, model, part, vector
FROM memory_vectors
WHERE project_id = $1 AND memory_id = $2 AND content_version = $3 - 1
"""


class VectorRows(Struct, frozen=True, kw_only=True):
    """Vectors of one model and part, one a memory, in rows of unit length."""

    memory_ids: Sequence[UUID]
    content_versions: Sequence[int]
    model: str
    part: Part
    matrix: Matrix


async def prepare(connection: Connection) -> None:
    """Teaches a new connection to take and give vectors in pgvector's binary form."""
    await connection.set_type_codec(
        "vector", schema="public", encoder=_as_it_is, decoder=_as_it_is, format="binary"
    )


def encoded(matrix: Matrix) -> list[bytes]:
    """Returns the rows of a matrix in binary form."""
    count, dimension = matrix.shape
    size = _HEADER.size + _BIG_ENDIAN.itemsize * dimension
    form = np.empty((count, size), dtype=np.uint8)
    form[:, : _HEADER.size] = np.frombuffer(_HEADER.pack(dimension, 0), dtype=np.uint8)
    form[:, _HEADER.size :] = matrix.astype(_BIG_ENDIAN, order="C").view(np.uint8).reshape(count, -1)
    data = form.tobytes()
    return [data[start : start + size] for start in range(0, len(data), size)]


def decoded(rows: Sequence[bytes], dimension: int) -> Matrix:
    """Returns vectors in binary form, all of one dimension, as the rows of a matrix."""
    size = _HEADER.size + _BIG_ENDIAN.itemsize * dimension
    form = np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), size)
    numbers = np.ascontiguousarray(form[:, _HEADER.size :]).view(_BIG_ENDIAN)
    return numbers.astype(np.float32)


async def insert(connection: Connection, project_id: UUID, rows: VectorRows) -> None:
    """Writes vectors; those that are there are replaced."""
    await connection.execute(
        _INSERT,
        project_id,
        rows.memory_ids,
        rows.model,
        int(rows.part),
        rows.content_versions,
        encoded(rows.matrix),
    )


async def carry(connection: Connection, project_id: UUID, memory_id: UUID, *, content_version: int) -> None:
    """Gives a content version the vectors of the one before."""
    await connection.execute(_CARRY, project_id, memory_id, content_version)


async def select(
    connection: Connection, project_id: UUID, memory_ids: Sequence[UUID], *, part: Part = Part.CONTENT
) -> dict[UUID, bytes]:
    """Returns the current vectors of those memories that have one, in binary form."""
    rows = await connection.fetch(_SELECT, project_id, memory_ids, int(part))
    return {row["memory_id"]: row["vector"] for row in rows}


async def select_of_version(
    connection: Connection, project_id: UUID, memory_id: UUID, *, content_version: int, model: str
) -> bytes | None:
    """Returns the vector that a memory had in a content version, in binary form; None if it had none."""
    row = await connection.fetchrow(_SELECT_OF_VERSION, project_id, memory_id, content_version, model)
    return None if row is None else row["vector"]


async def select_page(connection: Connection, project_id: UUID, memories: Sequence[Memory]) -> bytes:
    """Returns the vectors that memories have in their versions, as the contract packs those of a page."""
    having = [each for each in memories if each.dimension]
    rows = await connection.fetch(
        _SELECT_OF_VERSIONS,
        project_id,
        [each.id for each in having],
        [each.content_version for each in having],
        [each.embedding_model for each in having],
    )
    forms = {row["memory_id"]: row["vector"] for row in rows}
    return b"".join(_packed(forms.get(each.id), each.dimension) for each in having)


def _packed(form: bytes | None, dimension: int) -> bytes:
    if form is None:
        return bytes(_LITTLE_ENDIAN.itemsize * dimension)
    return np.frombuffer(form, dtype=_BIG_ENDIAN, offset=_HEADER.size).astype(_LITTLE_ENDIAN).tobytes()


def _as_it_is(form: Any) -> Any:
    return form
