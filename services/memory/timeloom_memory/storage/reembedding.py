"""Vectors by another model, beside those that are in use, and the change from one model to the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_memory.model import Change
from timeloom_memory.storage import changes
from timeloom_platform.database import Connection

SWITCH_TIMEOUT_SECONDS: Final = 300
"""For a namespace of a million memories; others take far less."""

# $3 is the model that the namespace had. Vectors of other models were given by their writers, and stay,
# unless the namespace had no model at all.
_MEANT: Final = "m.project_id = $1 AND m.namespace = $2 AND ($3 = '' OR m.embedding_model IN ($3, ''))"

_HAS_VECTOR: Final = """EXISTS (
    SELECT FROM memory_vectors AS v
    WHERE
        v.project_id = m.project_id AND v.memory_id = m.id AND v.content_version = m.content_version
        AND v.model = $4 AND v.part = 0
)"""

_COUNT: Final = f"""
SELECT count(*) FROM memories AS m WHERE {_MEANT} AND m.embedding_model <> $4
"""  # noqa: S608 - constants

_SELECT_MISSING: Final = f"""
SELECT m.id, m.content_version, m.content, m.context, m.create_time
FROM memories AS m
WHERE
    {_MEANT} AND m.embedding_model <> $4 AND (m.create_time, m.id) > ($5, $6) AND NOT {_HAS_VECTOR}
ORDER BY m.create_time, m.id
LIMIT $7
"""  # noqa: S608 - constants

_KEEP: Final = "SELECT id FROM memories WHERE project_id = $1 AND id = ANY($2::uuid[]) FOR KEY SHARE"

_LOCK_NAMESPACE: Final = (
    "SELECT embedding_model FROM namespaces WHERE project_id = $1 AND name = $2 FOR UPDATE"
)

_LOCK_MEMORIES: Final = """
SELECT count(*)
FROM (SELECT FROM memories WHERE project_id = $1 AND namespace = $2 FOR NO KEY UPDATE) AS locked
"""

_SWITCH_MEMORIES: Final = f"""
WITH change AS ({changes.NEXT}),
updated AS (
    UPDATE memories AS m
    SET
        embedding_model = $5,
        dimension = $6,
        number = DEFAULT,
        version = m.version + 1,
        sequence = change.sequence,
        update_time = change.time
    FROM change
    WHERE
        m.project_id = $1 AND m.namespace = $3 AND ($4 = '' OR m.embedding_model IN ($4, ''))
        AND m.embedding_model <> $5
    RETURNING m.*
),
closed AS (
    UPDATE memory_versions AS v
    SET known_to = updated.update_time
    FROM updated
    WHERE v.project_id = $1 AND v.memory_id = updated.id AND v.version = updated.version - 1
),
opened AS (
    INSERT INTO memory_versions (
        project_id, memory_id, version, change, reason, agent_id, known_from, document
    )
    SELECT project_id, id, version, $7, '', $8, update_time, to_jsonb(updated)
    FROM updated
)
SELECT (SELECT sequence FROM change), (SELECT count(*) FROM updated) AS count
"""  # noqa: S608 - constants

_SWITCH_NAMESPACE: Final = """
UPDATE namespaces
SET embedding_model = $3, sequence = $4, version = version + 1, update_time = now()
WHERE project_id = $1 AND name = $2
"""

# What a version of a memory stands for is kept: it came from this model before.
_DELETE_UNUSED: Final = """
DELETE FROM memory_vectors
WHERE (project_id, memory_id, content_version, model, part) IN (
    SELECT v.project_id, v.memory_id, v.content_version, v.model, v.part
    FROM memories AS m
    JOIN memory_vectors AS v ON v.project_id = m.project_id AND v.memory_id = m.id
    WHERE
        m.project_id = $1 AND m.namespace = $2 AND v.model = $3
        AND NOT EXISTS (
            SELECT FROM memory_versions AS d
            WHERE
                d.project_id = $1 AND d.memory_id = m.id AND d.document ->> 'embedding_model' = $3
                AND (d.document ->> 'content_version')::integer = v.content_version
        )
    LIMIT $4
)
"""


class Models(Struct, frozen=True, kw_only=True):
    """A namespace, the model that it has, and the one that it is to have."""

    namespace: str
    old: str
    new: str


class Text(Struct, frozen=True):
    """A memory whose vector is missing."""

    memory_id: UUID
    content_version: int
    content: str
    context: str
    create_time: datetime


class Switched(Struct, frozen=True):
    """The change by which a namespace took another model."""

    sequence: int
    count: int


async def count(connection: Connection, project_id: UUID, models: Models) -> int:
    """Returns how many memories are to have a vector by the new model."""
    return int(await connection.fetchval(_COUNT, project_id, models.namespace, models.old, models.new))


async def select_missing(
    connection: Connection,
    project_id: UUID,
    models: Models,
    *,
    after: tuple[datetime, UUID],
    limit: int,
) -> list[Text]:
    """Returns memories that have no vector by the new model yet, in the order in which they were created."""
    rows = await connection.fetch(
        _SELECT_MISSING, project_id, models.namespace, models.old, models.new, *after, limit
    )
    return [Text(*row) for row in rows]


async def keep(connection: Connection, project_id: UUID, memory_ids: Sequence[UUID]) -> set[UUID]:
    """Keeps others from purging memories before the transaction ends; returns those that there are."""
    return {row["id"] for row in await connection.fetch(_KEEP, project_id, memory_ids)}


async def lock_namespace(connection: Connection, project_id: UUID, namespace: str) -> str | None:
    """Keeps others from writing to a namespace, and returns its model; None if there is no such namespace."""
    await connection.execute(f"SET LOCAL statement_timeout = '{SWITCH_TIMEOUT_SECONDS}s'")
    row = await connection.fetchrow(_LOCK_NAMESPACE, project_id, namespace)
    if row is None:
        return None
    await connection.execute(_LOCK_MEMORIES, project_id, namespace, timeout=SWITCH_TIMEOUT_SECONDS)
    return str(row["embedding_model"])


async def switch(
    connection: Connection, project_id: UUID, models: Models, *, dimension: int, agent_id: str
) -> Switched:
    """Has a locked namespace and its memories use the new model, as one change; all vectors are there."""
    row = await connection.fetchrow(
        _SWITCH_MEMORIES,
        project_id,
        1,
        models.namespace,
        models.old,
        models.new,
        dimension,
        int(Change.EMBEDDED),
        agent_id,
        timeout=SWITCH_TIMEOUT_SECONDS,
    )
    assert row is not None, "the statement returns a row"
    switched = Switched(row["sequence"], row["count"])
    await connection.execute(_SWITCH_NAMESPACE, project_id, models.namespace, models.new, switched.sequence)
    return switched


async def delete_unused(
    connection: Connection, project_id: UUID, *, namespace: str, model: str, limit: int
) -> int:
    """Deletes vectors of a model that no version of a memory came from; returns how many."""
    outcome = await connection.execute(_DELETE_UNUSED, project_id, namespace, model, limit)
    return int(outcome.rpartition(" ")[2])
