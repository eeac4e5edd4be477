"""What memories were before they were merged: their history says it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_memory.model import Change
from timeloom_platform.database import Connection

_SELECT_BEFORE: Final = f"""
SELECT DISTINCT ON (merged.memory_id)
    merged.memory_id,
    before.document ->> 'key' AS key,
    (before.document ->> 'valid_to')::timestamptz AS valid_to
FROM memory_versions AS merged
JOIN memory_versions AS before
    ON
        before.project_id = merged.project_id AND before.memory_id = merged.memory_id
        AND before.version = merged.version - 1
WHERE
    merged.project_id = $1 AND merged.memory_id = ANY($2::uuid[]) AND merged.change = {int(Change.MERGED)}
    AND merged.document ->> 'superseded_by' = $3
ORDER BY merged.memory_id, merged.version DESC
"""  # noqa: S608 - a constant


class Before(Struct, frozen=True):
    """What merging has taken from a memory."""

    memory_id: UUID
    key: str
    valid_to: datetime | None


async def select_before(
    connection: Connection, project_id: UUID, memory_ids: Sequence[UUID], merged_id: UUID
) -> dict[UUID, Before]:
    """Returns what memories had before they were merged into one."""
    rows = await connection.fetch(_SELECT_BEFORE, project_id, memory_ids, str(merged_id))
    return {row["memory_id"]: Before(*row) for row in rows}
