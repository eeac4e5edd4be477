"""Runs of deltas, and the bases that they begin at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection

SELECT_RUN: Final = """
SELECT delta, dictionary_id
FROM run_of($1, $2, $3, $4)
"""

SELECT_BASE: Final = """
SELECT
    coalesce(keyframes.state, snapshots.delta) AS content,
    coalesce(keyframes.dictionary_id, snapshots.dictionary_id) AS dictionary_id,
    keyframes.state IS NOT NULL AS is_keyframe
FROM lineage_of($1, $2) AS line
JOIN snapshots
    ON snapshots.project_id = $1
    AND snapshots.execution_id = line.owner_id
    AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
LEFT JOIN keyframes USING (project_id, execution_id, sequence)
WHERE snapshots.sequence = $3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBase:
    """The whole state, or a delta that sets the root, at which a run begins; compressed."""

    content: bytes
    dictionary_id: int
    is_keyframe: bool


async def select_run(
    connection: Connection, project_id: UUID, execution_id: UUID, *, after: int, last: int
) -> Sequence[tuple[bytes, int]]:
    """Returns what leads from a snapshot to another: deltas and segments, compressed, with dictionaries."""
    rows = await connection.fetch(SELECT_RUN, project_id, execution_id, after, last)
    return [(row["delta"], row["dictionary_id"]) for row in rows]


async def select_base(
    connection: Connection, project_id: UUID, execution_id: UUID, sequence: int
) -> StoredBase | None:
    """Returns what a run begins at; None if there is no such snapshot."""
    row = await connection.fetchrow(SELECT_BASE, project_id, execution_id, sequence)
    return StoredBase(**row) if row else None
