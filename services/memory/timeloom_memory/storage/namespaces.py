"""Namespaces, and the models that they hold vectors of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Connection

_SELECT_HOMES: Final = """
SELECT
    n.name,
    n.embedding_model,
    array_agg(m.model) FILTER (WHERE m.model IS NOT NULL) AS models,
    array_agg(m.dimension) FILTER (WHERE m.model IS NOT NULL) AS dimensions
FROM namespaces AS n
LEFT JOIN namespace_models AS m ON m.project_id = n.project_id AND m.namespace = n.name
WHERE n.project_id = $1 AND n.name = ANY($2::text[])
GROUP BY n.name, n.embedding_model
"""

_INSERT: Final = """
INSERT INTO namespaces (project_id, name, description, embedding_model, create_time, update_time)
SELECT $1, name, $4, model, now(), now()
FROM unnest($2::text[], $3::text[]) AS wanted (name, model)
ORDER BY name
ON CONFLICT (project_id, name) DO NOTHING
RETURNING name
"""

# Whoever deletes a namespace waits, and whoever writes to it does not.
_KEEP: Final = """
SELECT name FROM namespaces WHERE project_id = $1 AND name = ANY($2::text[]) ORDER BY name FOR KEY SHARE
"""

_INSERT_MODELS: Final = """
INSERT INTO namespace_models (project_id, namespace, model, dimension)
SELECT $1, namespace, model, dimension
FROM unnest($2::text[], $3::text[], $4::integer[]) AS wanted (namespace, model, dimension)
ORDER BY namespace, model
ON CONFLICT (project_id, namespace, model) DO NOTHING
RETURNING namespace
"""


class Home(Struct, frozen=True, kw_only=True):
    """What writing to a namespace has to know of it.

    Attributes:
        dimensions: Those of the models that it holds vectors of.
    """

    name: str
    embedding_model: str
    dimensions: dict[str, int]


async def select_homes(connection: Connection, project_id: UUID, names: Sequence[str]) -> dict[str, Home]:
    """Returns those of the namespaces that there are."""
    rows = await connection.fetch(_SELECT_HOMES, project_id, names)
    return {
        row["name"]: Home(
            name=row["name"],
            embedding_model=row["embedding_model"],
            dimensions=dict(zip(row["models"] or (), row["dimensions"] or (), strict=True)),
        )
        for row in rows
    }


async def insert(
    connection: Connection, project_id: UUID, models: dict[str, str], *, description: str = ""
) -> set[str]:
    """Makes namespaces with their embedding models; returns those that were not there."""
    rows = await connection.fetch(_INSERT, project_id, list(models), list(models.values()), description)
    return {row["name"] for row in rows}


async def keep(connection: Connection, project_id: UUID, names: Sequence[str]) -> set[str]:
    """Keeps others from deleting namespaces; returns those that there are."""
    return {row["name"] for row in await connection.fetch(_KEEP, project_id, names)}


async def insert_models(
    connection: Connection, project_id: UUID, dimensions: Sequence[tuple[str, str, int]]
) -> int:
    """Notes the dimensions of models in namespaces; returns how many of them were not there."""
    namespaces, models, numbers = zip(*dimensions, strict=True)
    rows = await connection.fetch(_INSERT_MODELS, project_id, list(namespaces), list(models), list(numbers))
    return len(rows)
