"""The two sides of a synchronisation, and what was settled between them before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_memory.model import Memory, MemoryFilter
from timeloom_memory.sharing.reconciliation import Settlement
from timeloom_memory.sharing.scope import Scope
from timeloom_memory.storage.memories import COLUMNS, JOIN_USAGE, USAGE, memory_of
from timeloom_memory.storage.predicates import Parameters, matching
from timeloom_platform.database import Connection

# Two synchronisations of one project do not write at once: neither would see what the other has settled.
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('memory-sync/' || $1::text, 0))"

_SELECT_SETTLEMENTS: Final = """
SELECT s.source_id, s.target_id, s.policy, s.source_hash, s.target_hash
FROM sync_settlements AS s
JOIN memories AS one ON one.project_id = s.project_id AND one.id = s.source_id
JOIN memories AS other ON other.project_id = s.project_id AND other.id = s.target_id
WHERE
    s.project_id = $1
    AND (
        (
            one.namespace = $2 AND ($3 = '' OR one.session_id = $3)
            AND other.namespace = $4 AND ($5 = '' OR other.session_id = $5)
        )
        OR (
            one.namespace = $4 AND ($5 = '' OR one.session_id = $5)
            AND other.namespace = $2 AND ($3 = '' OR other.session_id = $3)
        )
    )
"""

# Who has taken a memory's place in the end. A chain of successors has no circle, for each is younger.
_SELECT_HEIRS: Final = """
WITH RECURSIVE heirs AS (
    SELECT id AS first, id, superseded_by
    FROM memories
    WHERE project_id = $1 AND id = ANY($2::uuid[]) AND superseded_by IS NOT NULL
    UNION ALL
    SELECT h.first, m.id, m.superseded_by
    FROM heirs AS h
    JOIN memories AS m ON m.project_id = $1 AND m.id = h.superseded_by
)
SELECT first, id FROM heirs WHERE superseded_by IS NULL
"""

_UPSERT: Final = """
INSERT INTO sync_settlements (project_id, source_id, target_id, policy, source_hash, target_hash)
SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::bytea[], $6::bytea[])
ON CONFLICT (project_id, source_id, target_id) DO UPDATE
SET
    policy = excluded.policy,
    source_hash = excluded.source_hash,
    target_hash = excluded.target_hash
"""

# Nobody purges them before the transaction ends; changing them is nobody's harm.
_KEEP: Final = """
SELECT id FROM memories WHERE project_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR KEY SHARE
"""


async def lock(connection: Connection, project_id: UUID) -> None:
    """Waits until no other synchronisation of the project is being written, and holds the others back."""
    await connection.execute(_LOCK, str(project_id))


async def select_side(
    connection: Connection,
    project_id: UUID,
    *,
    namespace: str,
    session_id: str,
    scope: Scope,
    limit: int,
) -> list[Memory]:
    """Returns what holds in a namespace, or in one session there, oldest first; at most so many."""
    parameters = Parameters(project_id)
    wanted = MemoryFilter(session_ids=(session_id,) if session_id else ())
    selection = matching(wanted, scope=scope, parameters=parameters)
    # Only constants of this package and numbers of parameters are put together here.
    statement = f"""
        SELECT {COLUMNS}, {USAGE}
        FROM {selection.source}
        {JOIN_USAGE}
        WHERE {selection.condition} AND m.namespace = {parameters.add(namespace)}
        ORDER BY m.create_time, m.id
        LIMIT {parameters.add(limit)}
    """  # noqa: S608 - see above
    return [memory_of(row) for row in await connection.fetch(statement, *parameters.values)]


async def select_settlements(
    connection: Connection, project_id: UUID, one: tuple[str, str], other: tuple[str, str]
) -> list[Settlement]:
    """Returns what was settled between two sides, each a namespace and a session, in either direction."""
    rows = await connection.fetch(_SELECT_SETTLEMENTS, project_id, *one, *other)
    return [_settlement(row) for row in rows]


async def select_heirs(
    connection: Connection, project_id: UUID, memory_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """Returns who has taken the place of memories in the end, for those whose place was taken."""
    rows = await connection.fetch(_SELECT_HEIRS, project_id, list(memory_ids))
    return {row["first"]: row["id"] for row in rows}


async def keep(connection: Connection, project_id: UUID, memory_ids: Iterable[UUID]) -> int:
    """Keeps others from purging memories; returns how many of them there are."""
    return len(await connection.fetch(_KEEP, project_id, list(memory_ids)))


async def upsert_settlements(
    connection: Connection, project_id: UUID, settlements: Sequence[Settlement]
) -> None:
    """Notes what is settled."""
    await connection.execute(
        _UPSERT,
        project_id,
        [each.source_id for each in settlements],
        [each.target_id for each in settlements],
        [each.policy for each in settlements],
        [each.source_hash for each in settlements],
        [each.target_hash for each in settlements],
    )


def _settlement(row: asyncpg.Record) -> Settlement:
    return Settlement(
        row["source_id"], row["target_id"], row["policy"], row["source_hash"], row["target_hash"]
    )
