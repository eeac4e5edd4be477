"""The clusters of namespaces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from timeloom_memory.storage import vectors
from timeloom_platform.database import Connection

_COLUMNS: Final = """
    id, namespace, name, terms, memory_count, silhouette, representative_ids, update_time
"""

_SELECT_PAGE: Final = f"""
SELECT {_COLUMNS}
FROM clusters
WHERE
    project_id = $1 AND namespace = $2
    AND ($3::integer IS NULL OR memory_count < $3 OR (memory_count = $3 AND id > $4))
ORDER BY memory_count DESC, id
LIMIT $5
"""  # noqa: S608 - a constant

_SELECT_CENTRES: Final = """
SELECT id, centre FROM clusters WHERE project_id = $1 AND namespace = $2 AND embedding_model = $3 ORDER BY id
"""

_DELETE_OTHERS: Final = """
DELETE FROM clusters WHERE project_id = $1 AND namespace = $2 AND id <> ALL($3::uuid[])
"""

_UPSERT: Final = """
INSERT INTO clusters (
    project_id, id, namespace, name, terms, memory_count, silhouette, representative_ids, embedding_model,
    centre, update_time
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now())
ON CONFLICT (project_id, id) DO UPDATE
SET
    name = excluded.name,
    terms = excluded.terms,
    memory_count = excluded.memory_count,
    silhouette = excluded.silhouette,
    representative_ids = excluded.representative_ids,
    embedding_model = excluded.embedding_model,
    centre = excluded.centre,
    update_time = excluded.update_time
"""


class Cluster(Struct, frozen=True, kw_only=True):
    """A group of memories that are about the same."""

    id: UUID
    namespace: str
    name: str
    terms: tuple[str, ...]
    memory_count: int
    silhouette: float
    representative_ids: tuple[UUID, ...]
    update_time: datetime


class NewCluster(Struct, frozen=True, kw_only=True):
    """A cluster that was found, with its centre, of unit length."""

    id: UUID
    name: str
    terms: Sequence[str]
    memory_count: int
    silhouette: float
    representative_ids: Sequence[UUID]
    centre: NDArray[np.float32]


async def replace_all(
    connection: Connection, project_id: UUID, namespace: str, found: Sequence[NewCluster], *, model: str
) -> None:
    """Writes the clusters of a namespace in the place of those that were there."""
    await connection.execute(_DELETE_OTHERS, project_id, namespace, [each.id for each in found])
    if not found:
        return
    centres = vectors.encoded(np.stack([each.centre for each in found]))
    rows = [
        (
            project_id,
            each.id,
            namespace,
            each.name,
            list(each.terms),
            each.memory_count,
            each.silhouette,
            list(each.representative_ids),
            model,
            centre,
        )
        for each, centre in zip(found, centres, strict=True)
    ]
    await connection.executemany(_UPSERT, rows)


async def select_page(
    connection: Connection, project_id: UUID, namespace: str, *, after: tuple[int, UUID] | None, limit: int
) -> list[Cluster]:
    """Returns clusters, largest first."""
    count, cluster_id = after or (None, None)
    rows = await connection.fetch(_SELECT_PAGE, project_id, namespace, count, cluster_id, limit)
    return [_cluster(row) for row in rows]


async def select_centres(
    connection: Connection, project_id: UUID, namespace: str, *, model: str, dimension: int
) -> list[tuple[UUID, NDArray[np.float32]]]:
    """Returns the centres of clusters of a model's vectors."""
    rows = await connection.fetch(_SELECT_CENTRES, project_id, namespace, model)
    return [(row["id"], vectors.decoded([row["centre"]], dimension)[0]) for row in rows]


def _cluster(row: Any) -> Cluster:
    values: dict[str, Any] = dict(row)
    for name in ("terms", "representative_ids"):
        values[name] = tuple(values[name])
    return Cluster(**values)
