"""The end of memories: they go with their versions and vectors, and a note is left for the replicas."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_memory.storage import changes
from timeloom_platform.database import Connection

_PURGE: Final = f"""
WITH change AS ({changes.NEXT}),
gone AS (
    DELETE FROM memories WHERE project_id = $1 AND id = ANY($3::uuid[]) RETURNING id, number, namespace
),
gone_versions AS (DELETE FROM memory_versions WHERE project_id = $1 AND memory_id = ANY($3::uuid[])),
gone_vectors AS (DELETE FROM memory_vectors WHERE project_id = $1 AND memory_id = ANY($3::uuid[])),
gone_usage AS (DELETE FROM memory_usage WHERE project_id = $1 AND memory_id = ANY($3::uuid[]))
INSERT INTO purged_memories (project_id, memory_id, number, namespace, sequence, purge_time)
SELECT $1, gone.id, gone.number, gone.namespace, change.sequence, change.time
FROM gone, change
ON CONFLICT (project_id, memory_id) DO UPDATE
SET
    number = excluded.number,
    namespace = excluded.namespace,
    sequence = excluded.sequence,
    purge_time = excluded.purge_time
RETURNING memory_id, namespace, sequence
"""  # noqa: S608 - constants

_LOCK_DUE: Final = """
SELECT m.id
FROM memories AS m
LEFT JOIN memory_policies AS p ON p.project_id = m.project_id
WHERE
    m.project_id = $1
    AND (
        m.delete_time < now() - make_interval(days => coalesce(p.purge_deleted_after_days, $2))
        OR m.expire_time < now() - make_interval(days => p.purge_expired_after_days)
    )
ORDER BY m.id
LIMIT $3
FOR UPDATE OF m SKIP LOCKED
"""

_LOCK_NAMESPACE: Final = """
SELECT id FROM memories WHERE project_id = $1 AND namespace = $2 ORDER BY id LIMIT $3 FOR UPDATE
"""

# Of all projects, for the system's role.
_SELECT_PROJECTS: Final = """
SELECT DISTINCT m.project_id
FROM memories AS m
LEFT JOIN memory_policies AS p ON p.project_id = m.project_id
WHERE
    m.delete_time < now() - make_interval(days => coalesce(p.purge_deleted_after_days, $1))
    OR m.expire_time < now() - make_interval(days => p.purge_expired_after_days)
LIMIT $2
"""

_FORGET: Final = "DELETE FROM purged_memories WHERE purge_time < now() - $1::interval"

_TRY_LOCK: Final = """
SELECT pg_try_advisory_xact_lock(hashtextextended('timeloom purge of ' || current_schema(), 0))
"""


class Purged(Struct, frozen=True):
    """What is left of a memory."""

    memory_id: UUID
    namespace: str
    sequence: int


async def purge(connection: Connection, project_id: UUID, memory_ids: Sequence[UUID]) -> list[Purged]:
    """Removes memories, with all that belongs to them, as one change.

    It takes the project's place in the order of changes: what else the transaction does comes before it.
    """
    rows = await connection.fetch(_PURGE, project_id, 1, memory_ids)
    return [Purged(*row) for row in rows]


async def lock_due(
    connection: Connection, project_id: UUID, *, deleted_after_days: int, limit: int
) -> list[UUID]:
    """Returns memories that are to be purged by the project's policy, or after so many days without one."""
    return [row["id"] for row in await connection.fetch(_LOCK_DUE, project_id, deleted_after_days, limit)]


async def lock_namespace(connection: Connection, project_id: UUID, namespace: str, limit: int) -> list[UUID]:
    """Returns memories of a namespace, and keeps others from changing them."""
    return [row["id"] for row in await connection.fetch(_LOCK_NAMESPACE, project_id, namespace, limit)]


async def select_projects(connection: Connection, *, deleted_after_days: int, limit: int) -> list[UUID]:
    """Returns projects that have something to purge."""
    rows = await connection.fetch(_SELECT_PROJECTS, deleted_after_days, limit)
    return [row["project_id"] for row in rows]


async def forget(connection: Connection, after: timedelta) -> None:
    """Removes the notes of what was purged that long ago."""
    await connection.execute(_FORGET, after)


async def try_lock(connection: Connection) -> bool:
    """Tells whether this is the only one that purges, until the transaction ends."""
    row = await connection.fetchrow(_TRY_LOCK)
    return bool(row and row[0])
