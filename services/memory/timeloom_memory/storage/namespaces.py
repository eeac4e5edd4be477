"""Namespaces, and the models that they hold vectors of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_memory.model import Namespace
from timeloom_memory.storage.predicates import Parameters
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

# Whoever deletes a namespace or changes its model waits, and whoever writes to it does not.
_KEEP: Final = """
SELECT name, embedding_model
FROM namespaces
WHERE project_id = $1 AND name = ANY($2::text[])
ORDER BY name
FOR KEY SHARE
"""

_INSERT_MODELS: Final = """
INSERT INTO namespace_models (project_id, namespace, model, dimension)
SELECT $1, namespace, model, dimension
FROM unnest($2::text[], $3::text[], $4::integer[]) AS wanted (namespace, model, dimension)
ORDER BY namespace, model
ON CONFLICT (project_id, namespace, model) DO NOTHING
RETURNING namespace
"""

_COLUMNS: Final = """
    n.name,
    n.description,
    n.embedding_model,
    coalesce(counted.memory_count, 0)::integer AS memory_count,
    coalesce(counted.sequence, 0) AS sequence,
    n.version,
    n.create_time,
    n.update_time
"""

_COUNTED: Final = """
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE m.delete_time IS NULL) AS memory_count, max(m.sequence) AS sequence
        FROM memories AS m
        WHERE m.project_id = n.project_id AND m.namespace = n.name
    ) AS counted
"""

_SELECT: Final = f"""
SELECT {_COLUMNS} FROM namespaces AS n {_COUNTED} WHERE n.project_id = $1 AND n.name = $2
"""  # noqa: S608 - constants

_LOCK: Final = "SELECT name FROM namespaces WHERE project_id = $1 AND name = $2 FOR UPDATE"

_DESCRIBE: Final = """
UPDATE namespaces
SET description = $3, version = version + 1, update_time = greatest(update_time, now())
WHERE project_id = $1 AND name = $2
"""

_DELETE: Final = """
WITH models AS (DELETE FROM namespace_models WHERE project_id = $1 AND namespace = $2),
grants AS (DELETE FROM grants WHERE project_id = $1 AND namespace = $2),
clusters AS (DELETE FROM clusters WHERE project_id = $1 AND namespace = $2),
proposals AS (DELETE FROM proposals WHERE project_id = $1 AND namespace = $2)
DELETE FROM namespaces WHERE project_id = $1 AND name = $2
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


async def keep(connection: Connection, project_id: UUID, names: Sequence[str]) -> dict[str, str]:
    """Keeps others from deleting namespaces or changing their models, and returns these models."""
    rows = await connection.fetch(_KEEP, project_id, names)
    return {row["name"]: row["embedding_model"] for row in rows}


async def insert_models(
    connection: Connection, project_id: UUID, dimensions: Sequence[tuple[str, str, int]]
) -> int:
    """Notes the dimensions of models in namespaces; returns how many of them were not there."""
    namespaces, models, numbers = zip(*dimensions, strict=True)
    rows = await connection.fetch(_INSERT_MODELS, project_id, list(namespaces), list(models), list(numbers))
    return len(rows)


async def select(connection: Connection, project_id: UUID, name: str) -> Namespace | None:
    """Returns a namespace; None if there is none."""
    row = await connection.fetchrow(_SELECT, project_id, name)
    return None if row is None else Namespace(**dict(row))


async def select_page(
    connection: Connection, parameters: Parameters, *, readable: str, prefix: str, after: str, limit: int
) -> list[Namespace]:
    """Returns namespaces by name, beginning after one: those that fulfil a condition on `n`.

    Args:
        connection: To read by.
        parameters: Of the condition, whose first one is the project; more are added.
        readable: The condition.
        prefix: Only this one and those below it; all if empty.
        after: Only those whose names come later.
        limit: How many at most.
    """
    below = parameters.add(prefix)
    # Only constants of this package and numbers of parameters are put together here.
    statement = f"""
        SELECT {_COLUMNS}
        FROM (
            SELECT n.*
            FROM namespaces AS n
            WHERE
                n.project_id = $1
                AND n.name > {parameters.add(after)}
                AND ({below} = '' OR n.name = {below} OR starts_with(n.name, {below} || '/'))
                AND ({readable})
            ORDER BY n.name
            LIMIT {parameters.add(limit)}
        ) AS n
        {_COUNTED}
        ORDER BY n.name
    """  # noqa: S608 - see above
    rows = await connection.fetch(statement, *parameters.values)
    return [Namespace(**dict(row)) for row in rows]


async def lock(connection: Connection, project_id: UUID, name: str) -> bool:
    """Keeps others from changing, deleting and writing to a namespace; false if there is none."""
    return await connection.fetchrow(_LOCK, project_id, name) is not None


async def describe(connection: Connection, project_id: UUID, name: str, description: str) -> None:
    """Gives a namespace another description."""
    await connection.execute(_DESCRIBE, project_id, name, description)


async def delete(connection: Connection, project_id: UUID, name: str) -> None:
    """Removes a namespace, whose memories have to go in the same transaction."""
    await connection.execute(_DELETE, project_id, name)
