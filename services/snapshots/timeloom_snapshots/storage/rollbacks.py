"""Rollbacks: moves of heads, and what lies on the way that is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_snapshots.model import Effect, EffectEntry, Execution, HeadMove
from timeloom_snapshots.sequence_ranges import SequenceRange
from timeloom_snapshots.storage.executions import COLUMNS, execution_of

# An execution that had ended runs again: that it succeeded, and how, is not true any more.
MOVE_HEAD: Final = f"""
UPDATE executions
SET
    head_sequence = $3,
    status = 1,
    output = NULL,
    error = NULL,
    end_time = NULL,
    update_time = greatest(update_time, now())
WHERE project_id = $1 AND id = $2
RETURNING {COLUMNS}
"""  # noqa: S608 - a constant

INSERT: Final = """
INSERT INTO head_moves (project_id, execution_id, number, from_sequence, to_sequence, create_time, reason)
SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, now(), $5
FROM head_moves
WHERE project_id = $1 AND execution_id = $2
RETURNING number, from_sequence, to_sequence, reason, create_time
"""

SELECT_MANY: Final = """
SELECT number, from_sequence, to_sequence, reason, create_time
FROM head_moves
WHERE project_id = $1 AND execution_id = $2 AND number > $3
ORDER BY number
LIMIT $4
"""

SELECT_EFFECTS: Final = """
SELECT sequence, key, ordinal, kind, name, document_bytes, create_time
FROM unnest($3::integer[], $4::integer[]) AS way (first_sequence, last_sequence)
CROSS JOIN LATERAL effects_of($1, $2, way.first_sequence, way.last_sequence)
ORDER BY sequence, ordinal
LIMIT $5
"""


async def move_head(
    connection: Connection, project_id: UUID, execution: Execution, to_sequence: int, *, reason: str
) -> tuple[Execution, HeadMove]:
    """Moves the head of an execution, which is locked, and lets it run if it had ended."""
    row = await connection.fetchrow(
        INSERT, project_id, execution.id, execution.head_sequence, to_sequence, reason
    )
    assert row is not None, "it inserts one row"
    moved = await connection.fetchrow(MOVE_HEAD, project_id, execution.id, to_sequence)
    assert moved is not None, "the row is locked"
    return execution_of(moved), HeadMove(**row)


async def select_moves(
    connection: Connection, project_id: UUID, execution_id: UUID, *, after_number: int, limit: int
) -> list[HeadMove]:
    """Returns the moves of an execution's head, oldest first, after one of them."""
    rows = await connection.fetch(SELECT_MANY, project_id, execution_id, after_number, limit)
    return [HeadMove(**row) for row in rows]


async def select_effects(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    ranges: Sequence[SequenceRange],
    *,
    limit: int,
) -> list[EffectEntry]:
    """Returns the effects of snapshots, in order, without their documents."""
    firsts, lasts = [each.first for each in ranges], [each.last for each in ranges]
    rows = await connection.fetch(SELECT_EFFECTS, project_id, execution_id, firsts, lasts, limit)
    return [
        EffectEntry(
            sequence=row["sequence"],
            effect=Effect(
                key=row["key"],
                ordinal=row["ordinal"],
                kind=row["kind"],
                name=row["name"],
                request=None,
                response=None,
                document_bytes=row["document_bytes"],
                create_time=row["create_time"],
            ),
        )
        for row in rows
    ]
