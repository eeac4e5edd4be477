"""What agents found out about memories."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from timeloom_memory.sharing.model import Evidence, Stance
from timeloom_platform.database import Connection

_NAMES: Final = "id, memory_id, agent_id, stance, note, evidence_memory_id, create_time"

_COUNT: Final = "SELECT count(*) FROM evidence WHERE project_id = $1 AND memory_id = $2"

# Later than all that was said of the memory before, whatever the clock does.
_INSERT: Final = f"""
INSERT INTO evidence (project_id, {_NAMES})
SELECT
    $1, $2, $3, $4, $5, $6, $7,
    greatest(clock_timestamp(), max(e.create_time) + interval '1 microsecond')
FROM evidence AS e
WHERE e.project_id = $1 AND e.memory_id = $3
RETURNING {_NAMES}
"""  # noqa: S608 - constants

# The last word of each agent counts.
_SELECT_VOICES: Final = """
SELECT
    count(*) FILTER (WHERE stance = 1) AS confirming,
    count(*) FILTER (WHERE stance = 2) AS contradicting
FROM (
    SELECT DISTINCT ON (agent_id) stance
    FROM evidence
    WHERE project_id = $1 AND memory_id = $2
    ORDER BY agent_id, create_time DESC, id DESC
) AS last
"""

_SELECT_PRIOR: Final = """
SELECT (document ->> 'confidence')::double precision AS confidence
FROM memory_versions
WHERE project_id = $1 AND memory_id = $2
ORDER BY version
LIMIT 1
"""

_SELECT_PAGE: Final = f"""
SELECT {_NAMES}
FROM evidence
WHERE
    project_id = $1 AND memory_id = $2
    AND ($3::timestamptz IS NULL OR (create_time, id) < ($3, $4::uuid))
ORDER BY create_time DESC, id DESC
LIMIT $5
"""  # noqa: S608 - constants


class Voices(Struct, frozen=True):
    """How many agents confirm a memory, and how many contradict it."""

    confirming: int
    contradicting: int


async def count(connection: Connection, project_id: UUID, memory_id: UUID) -> int:
    """Returns how much has been said about a memory."""
    return int(await connection.fetchval(_COUNT, project_id, memory_id))


async def insert(connection: Connection, project_id: UUID, evidence: Evidence) -> Evidence:
    """Inserts what an agent found out about a memory, which is locked, as the last word so far."""
    row = await connection.fetchrow(
        _INSERT,
        project_id,
        evidence.id,
        evidence.memory_id,
        evidence.agent_id,
        int(evidence.stance),
        evidence.note,
        evidence.evidence_memory_id,
    )
    assert row is not None, "the statement returns a row"
    return _evidence(row)


async def voices(connection: Connection, project_id: UUID, memory_id: UUID) -> Voices:
    """Returns how many agents confirm and contradict a memory by their last words."""
    row = await connection.fetchrow(_SELECT_VOICES, project_id, memory_id)
    assert row is not None, "the statement returns a row"
    return Voices(*row)


async def prior(connection: Connection, project_id: UUID, memory_id: UUID) -> float:
    """Returns the confidence that a memory began with."""
    return float(await connection.fetchval(_SELECT_PRIOR, project_id, memory_id))


async def select_page(
    connection: Connection,
    project_id: UUID,
    memory_id: UUID,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Evidence]:
    """Returns what was said about a memory, newest first."""
    time, evidence_id = after or (None, None)
    rows = await connection.fetch(_SELECT_PAGE, project_id, memory_id, time, evidence_id, limit)
    return [_evidence(row) for row in rows]


def _evidence(row: asyncpg.Record) -> Evidence:
    return Evidence(
        id=row["id"],
        memory_id=row["memory_id"],
        agent_id=row["agent_id"],
        stance=Stance(row["stance"]),
        note=row["note"],
        evidence_memory_id=row["evidence_memory_id"],
        create_time=row["create_time"],
    )
