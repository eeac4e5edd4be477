"""All rows of an execution, for files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from timeloom_platform.database import Connection
from timeloom_snapshots import limits
from timeloom_snapshots.model import Execution
from timeloom_snapshots.storage.executions import COLUMNS, execution_of
from timeloom_snapshots.storage.sealing import StoredSegment

_SNAPSHOTS: Final = """
FROM lineage_of($1, $2) AS line
JOIN snapshots
    ON snapshots.project_id = $1
    AND snapshots.execution_id = line.owner_id
    AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
"""

# Lengths are known without reading what they are of.
SELECT_PAGE: Final = f"""
SELECT *
FROM (
    SELECT
        snapshots.execution_id AS owner_id, snapshots.sequence, snapshots.parent_sequence,
        snapshots.base_sequence, snapshots.create_time, snapshots.kind, snapshots.dictionary_id,
        snapshots.state_bytes, snapshots.stored_bytes, snapshots.checksum, snapshots.state_hash,
        snapshots.chain_hash, snapshots.parent_chain_hash, snapshots.step_name, snapshots.label,
        snapshots.key, snapshots.tags, snapshots.metadata, snapshots.marked_label, snapshots.marked_tags,
        snapshots.delta, snapshots.bridge,
        sum(coalesce(octet_length(snapshots.delta), 0) + coalesce(octet_length(snapshots.metadata), 0))
            OVER (ORDER BY snapshots.sequence)
            - coalesce(octet_length(snapshots.delta), 0) - coalesce(octet_length(snapshots.metadata), 0)
            AS bytes_before
    {_SNAPSHOTS}
    WHERE snapshots.sequence > $3 AND snapshots.sequence <= $4
    ORDER BY snapshots.sequence
    LIMIT $5
) AS page
WHERE bytes_before < {limits.FILE_PAGE_BYTES}
ORDER BY sequence
"""  # noqa: S608 - a constant

SELECT_SEGMENTS: Final = """
SELECT segments.first_sequence, segments.last_sequence, segments.checksum, segments.content
FROM lineage_of($1, $2) AS line
JOIN segments
    ON segments.project_id = $1
    AND segments.execution_id = line.owner_id
    AND segments.first_sequence <= least(line.last_sequence, $4)
    AND segments.last_sequence >= greatest(line.first_sequence, $3)
ORDER BY segments.first_sequence
"""

SELECT_KEYFRAME: Final = f"""
SELECT keyframes.state, keyframes.dictionary_id
{_SNAPSHOTS}
JOIN keyframes USING (project_id, execution_id, sequence)
WHERE snapshots.sequence = $3
"""

SELECT_EFFECT_SEQUENCES: Final = """
SELECT DISTINCT sequence
FROM effects_of($1, $2, $3, $4)
ORDER BY sequence
"""

INSERT_EXECUTION: Final = f"""
INSERT INTO executions (
    project_id, id, agent_id, session_id, name, status, head_sequence, snapshot_count, trace_id, tags, input,
    output, error, metadata, create_time, update_time, end_time, last_deleted_sequence
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT (project_id, id) DO NOTHING
RETURNING {COLUMNS}
"""  # noqa: S608 - a constant

INSERT_SNAPSHOTS: Final = """
INSERT INTO snapshots (
    project_id, execution_id, create_time, sequence, parent_sequence, base_sequence, state_bytes,
    stored_bytes, checksum, kind, dictionary_id, state_hash, chain_hash, step_name, label, key, tags,
    metadata, delta
)
SELECT $1, new.* FROM unnest($2::new_snapshot[]) AS new
"""

INSERT_KEYFRAMES: Final = """
INSERT INTO keyframes (project_id, execution_id, sequence, dictionary_id, checksum, state)
SELECT $1, new.* FROM unnest($2::new_keyframe[]) AS new
"""

# What few snapshots have.
COMPLETE_SNAPSHOT: Final = """
UPDATE snapshots
SET bridge = $4, parent_chain_hash = $5, marked_label = $6, marked_tags = $7
WHERE project_id = $1 AND execution_id = $2 AND sequence = $3
"""

INSERT_HEAD_MOVES: Final = """
INSERT INTO head_moves (project_id, execution_id, number, from_sequence, to_sequence, create_time, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeSnapshot:
    """All of a snapshot's row; its delta, and then its bridge, may lie in a segment."""

    owner_id: UUID
    sequence: int
    parent_sequence: int
    base_sequence: int
    create_time: datetime
    kind: int
    dictionary_id: int
    state_bytes: int
    stored_bytes: int
    checksum: int
    state_hash: bytes
    chain_hash: bytes
    parent_chain_hash: bytes | None
    step_name: str
    label: str | None
    key: str | None
    tags: Sequence[str] | None
    metadata: str | None
    marked_label: str | None
    marked_tags: Sequence[str] | None
    delta: bytes | None
    bridge: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What a snapshot has besides what is recorded with most."""

    sequence: int
    bridge: bytes | None
    parent_chain_hash: bytes | None
    marked_label: str | None
    marked_tags: Sequence[str] | None

    @property
    def is_empty(self) -> bool:
        """Whether it has none of it."""
        return (self.bridge, self.parent_chain_hash, self.marked_label, self.marked_tags) == (None,) * 4


async def select_page(
    connection: Connection, project_id: UUID, execution_id: UUID, *, after: int, last: int, limit: int
) -> list[WholeSnapshot]:
    """Returns the next snapshots of an execution, less than the limit if they are large."""
    rows = await connection.fetch(SELECT_PAGE, project_id, execution_id, after, last, limit)
    found: list[WholeSnapshot] = []
    for row in rows:
        values = dict(row)
        del values["bytes_before"]
        values["owner_id"] = UUID(bytes=row["owner_id"].bytes)
        found.append(WholeSnapshot(**values))
    return found


async def select_segments(
    connection: Connection, project_id: UUID, execution_id: UUID, *, first: int, last: int
) -> list[StoredSegment]:
    """Returns the segments that have something of a range, also those of executions that share theirs."""
    rows = await connection.fetch(SELECT_SEGMENTS, project_id, execution_id, first, last)
    return [StoredSegment(**row) for row in rows]


async def select_keyframe(
    connection: Connection, project_id: UUID, execution_id: UUID, sequence: int
) -> tuple[bytes, int] | None:
    """Returns a whole state, compressed, and its dictionary; None if there is none."""
    row = await connection.fetchrow(SELECT_KEYFRAME, project_id, execution_id, sequence)
    return (row["state"], row["dictionary_id"]) if row else None


async def select_effect_sequences(
    connection: Connection, project_id: UUID, execution_id: UUID, *, first: int, last: int
) -> list[int]:
    """Returns which snapshots of a range have effects."""
    rows = await connection.fetch(SELECT_EFFECT_SEQUENCES, project_id, execution_id, first, last)
    return [row["sequence"] for row in rows]


async def insert_execution(
    connection: Connection, project_id: UUID, execution: Execution, *, last_deleted_sequence: int
) -> Execution | None:
    """Inserts an execution as it is; None if its id is taken."""
    error = None if execution.error is None else msgspec.json.encode(execution.error).decode()
    row = await connection.fetchrow(
        INSERT_EXECUTION,
        project_id,
        execution.id,
        execution.agent_id,
        execution.session_id,
        execution.name,
        execution.status,
        execution.head_sequence,
        execution.snapshot_count,
        execution.trace_id,
        execution.tags,
        execution.input,
        execution.output,
        error,
        execution.metadata,
        execution.create_time,
        execution.update_time,
        execution.end_time,
        last_deleted_sequence,
    )
    return execution_of(row) if row else None


async def insert_snapshots(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    *,
    snapshots: Sequence[tuple[Any, ...]],
    keyframes: Sequence[tuple[Any, ...]],
    extras: Sequence[Extras],
) -> None:
    """Inserts rows as `commit` makes them, and what few of them have."""
    await connection.execute(INSERT_SNAPSHOTS, project_id, snapshots)
    if keyframes:
        await connection.execute(INSERT_KEYFRAMES, project_id, keyframes)
    if extras:
        await connection.executemany(
            COMPLETE_SNAPSHOT,
            [
                (
                    project_id,
                    execution_id,
                    each.sequence,
                    each.bridge,
                    each.parent_chain_hash,
                    each.marked_label,
                    each.marked_tags,
                )
                for each in extras
            ],
        )


async def insert_head_move(
    connection: Connection, project_id: UUID, execution_id: UUID, move: tuple[int, int, int, datetime, str]
) -> None:
    """Inserts a move of the head: its number, from where, to where, when, and why."""
    await connection.execute(INSERT_HEAD_MOVES, project_id, execution_id, *move)
