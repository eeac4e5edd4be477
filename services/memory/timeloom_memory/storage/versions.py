"""What memories were: every version of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from timeloom_memory.model import Change, Memory, MemoryVersion
from timeloom_platform.database import Connection

# Each id is looked up by itself: see `predicates`. Asked for version 1, PostgreSQL may take the index of all
# new memories instead.
_SELECT_FIRST: Final = """
SELECT found.memory_id, found.namespace, found.content
FROM unnest($2::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT v.memory_id, v.document ->> 'namespace' AS namespace, v.document ->> 'content' AS content
    FROM memory_versions AS v
    WHERE v.project_id = $1 AND v.memory_id = wanted.id AND v.version < 2
    LIMIT 1
) AS found
"""

_SELECT_PAGE: Final = """
SELECT change, reason, agent_id, known_from, known_to, document, (document -> 'metadata')::text AS metadata
FROM memory_versions
WHERE project_id = $1 AND memory_id = $2 AND version < $3::bigint
ORDER BY version DESC
LIMIT $4
"""


async def select_first(
    connection: Connection, project_id: UUID, memory_ids: Sequence[UUID]
) -> dict[UUID, tuple[str, str]]:
    """Returns the namespaces and contents that memories were created with."""
    rows = await connection.fetch(_SELECT_FIRST, project_id, memory_ids)
    return {row["memory_id"]: (row["namespace"], row["content"]) for row in rows}


async def select_page(
    connection: Connection, project_id: UUID, memory_id: UUID, *, below: int, limit: int
) -> list[MemoryVersion]:
    """Returns versions of a memory, the newest first, beginning below a number."""
    rows = await connection.fetch(_SELECT_PAGE, project_id, memory_id, below, limit)
    return [_version_of(row) for row in rows]


def _version_of(row: asyncpg.Record) -> MemoryVersion:
    document: dict[str, Any] = msgspec.json.decode(row["document"])
    # As text, as a memory has it; what of the document a memory does not have is left out.
    document["metadata"] = None if row["metadata"] == "null" else row["metadata"]
    return MemoryVersion(
        memory=msgspec.convert(document, Memory),
        change=Change(row["change"]),
        reason=row["reason"],
        agent_id=row["agent_id"],
        known_from=row["known_from"],
        known_to=row["known_to"],
    )
