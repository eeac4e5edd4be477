"""Vectors of texts that were written lately."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection

_SELECT: Final = """
SELECT text_hash, vector
FROM embedding_cache
WHERE project_id = $1 AND model = $2 AND text_hash = ANY($3::bytea[])
"""

_INSERT: Final = """
INSERT INTO embedding_cache (project_id, model, text_hash, vector, create_time)
SELECT $1, $2, text_hash, vector, now()
FROM unnest($3::bytea[], $4::bytea[]) AS made (text_hash, vector)
ORDER BY text_hash
ON CONFLICT (project_id, model, text_hash) DO NOTHING
"""

_DELETE_OLD: Final = "DELETE FROM embedding_cache WHERE create_time < now() - $1::interval"

_DELETE_SURPLUS: Final = """
DELETE FROM embedding_cache AS c
USING (
    SELECT project_id, create_time
    FROM (
        SELECT
            project_id,
            create_time,
            row_number() OVER (PARTITION BY project_id ORDER BY create_time DESC) AS place
        FROM embedding_cache
    ) AS ranked
    WHERE place = $1
) AS last_kept
WHERE c.project_id = last_kept.project_id AND c.create_time < last_kept.create_time
"""


async def select(
    connection: Connection, project_id: UUID, model: str, hashes: Sequence[bytes]
) -> dict[bytes, bytes]:
    """Returns the vectors that are kept, in float32, by the hashes of their texts."""
    rows = await connection.fetch(_SELECT, project_id, model, hashes)
    return {row["text_hash"]: row["vector"] for row in rows}


async def insert(connection: Connection, project_id: UUID, model: str, vectors: dict[bytes, bytes]) -> None:
    """Keeps vectors by the hashes of their texts."""
    await connection.execute(_INSERT, project_id, model, list(vectors), list(vectors.values()))


async def trim(connection: Connection, *, age: timedelta, rows_max: int) -> None:
    """Deletes what is older, and what is more than a project may have, of all projects."""
    await connection.execute(_DELETE_OLD, age)
    await connection.execute(_DELETE_SURPLUS, rows_max)
