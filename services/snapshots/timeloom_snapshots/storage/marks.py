"""Marks: the label and tags that a snapshot is given after it was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection

# A snapshot that is shared is marked for all who share it. What is as it was recorded needs no mark.
UPDATE: Final = """
UPDATE snapshots
SET
    marked_label = CASE
        WHEN $4::text IS NULL THEN marked_label
        WHEN $4 = coalesce(label, '') THEN NULL
        ELSE $4
    END,
    marked_tags = CASE
        WHEN $5::text[] IS NULL THEN marked_tags
        WHEN $5 = coalesce(tags, '{}') THEN NULL
        ELSE $5
    END
FROM lineage_of($1, $2) AS line
WHERE snapshots.project_id = $1
    AND snapshots.execution_id = line.owner_id
    AND snapshots.sequence = $3
    AND $3 BETWEEN line.first_sequence AND line.last_sequence
"""


async def update(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    sequence: int,
    *,
    label: str | None,
    tags: Sequence[str] | None,
) -> None:
    """Gives a snapshot another label or other tags, or both; None leaves them as they are."""
    await connection.execute(UPDATE, project_id, execution_id, sequence, label, tags)
