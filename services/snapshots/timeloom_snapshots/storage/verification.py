"""Everything that is stored of an execution's snapshots, for verification."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_platform.database import Connection
from timeloom_snapshots.model import Snapshot
from timeloom_snapshots.storage import effects
from timeloom_snapshots.storage.effects import StoredEffect
from timeloom_snapshots.storage.snapshots import snapshot_of

PAGE_LENGTH: Final = 256

# As it was recorded, without what it is marked with.
SELECT_PAGE: Final = """
SELECT
    snapshots.execution_id AS owner_id,
    snapshots.sequence, snapshots.parent_sequence, snapshots.kind, snapshots.step_name, snapshots.label,
    snapshots.key, snapshots.tags, snapshots.state_hash, snapshots.chain_hash, snapshots.state_bytes,
    snapshots.stored_bytes, snapshots.create_time, snapshots.metadata, snapshots.base_sequence,
    snapshots.dictionary_id, snapshots.checksum, snapshots.delta, snapshots.bridge,
    snapshots.parent_chain_hash AS kept_parent_chain_hash,
    (
        SELECT parents.chain_hash
        FROM lineage_of($1, $2) AS parent_line
        JOIN snapshots AS parents
            ON parents.project_id = $1
            AND parents.execution_id = parent_line.owner_id
            AND parents.sequence BETWEEN parent_line.first_sequence AND parent_line.last_sequence
        WHERE parents.sequence = snapshots.parent_sequence
    ) AS parent_chain_hash,
    keyframes.state AS keyframe,
    keyframes.dictionary_id AS keyframe_dictionary_id,
    keyframes.checksum AS keyframe_checksum
FROM lineage_of($1, $2) AS line
JOIN snapshots
    ON snapshots.project_id = $1
    AND snapshots.execution_id = line.owner_id
    AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
LEFT JOIN keyframes
    ON keyframes.project_id = $1
    AND keyframes.execution_id = line.owner_id
    AND keyframes.sequence = snapshots.sequence
WHERE snapshots.sequence > $3 AND snapshots.sequence <= $4
ORDER BY snapshots.sequence
LIMIT $5
"""

SELECT_SEGMENTS: Final = """
SELECT
    segments.execution_id AS owner_id, segments.first_sequence, segments.last_sequence,
    segments.checksum, segments.content,
    greatest(line.first_sequence, $3) AS first_wanted, least(line.last_sequence, $4) AS last_wanted
FROM lineage_of($1, $2) AS line
JOIN segments
    ON segments.project_id = $1
    AND segments.execution_id = line.owner_id
    AND segments.first_sequence <= least($4, line.last_sequence)
    AND segments.last_sequence >= greatest($3, line.first_sequence)
ORDER BY segments.first_sequence
"""

# Both as they are now, in one statement, for others may be recording.
SELECT_HAS_MORE: Final = """
SELECT EXISTS (
    SELECT
    FROM executions
    JOIN snapshots
        ON snapshots.project_id = $1
        AND snapshots.execution_id = executions.id
        AND snapshots.sequence > executions.snapshot_count
    WHERE executions.project_id = $1 AND executions.id = $2
)
"""

SELECT_STRAY_KEYFRAMES: Final = """
SELECT keyframes.execution_id AS owner_id, keyframes.sequence
FROM lineage_of($1, $2) AS line
JOIN keyframes
    ON keyframes.project_id = $1
    AND keyframes.execution_id = line.owner_id
    AND keyframes.sequence >= line.first_sequence
    AND keyframes.sequence <= line.last_sequence
WHERE NOT EXISTS (
    SELECT
    FROM snapshots
    WHERE snapshots.project_id = $1
        AND snapshots.execution_id = keyframes.execution_id
        AND snapshots.sequence = keyframes.sequence
        AND snapshots.base_sequence = keyframes.sequence
)
ORDER BY keyframes.sequence
LIMIT $3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKeyframe:
    """A whole state, compressed."""

    state: bytes
    dictionary_id: int
    checksum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSnapshot:
    """A snapshot's row, its keyframe if there is one, and its effects.

    Attributes:
        owner_id: Whose row it is.
        parent_chain_hash: The parent's own; None if the parent is not there.
        kept_parent_chain_hash: What is kept of it in its place.
        delta: None if it lies in a segment.
        bridge: The delta from the snapshot that precedes it now, if another one went; likewise.
    """

    owner_id: UUID
    snapshot: Snapshot
    parent_chain_hash: bytes | None
    kept_parent_chain_hash: bytes | None
    base_sequence: int
    dictionary_id: int
    checksum: int
    delta: bytes | None
    bridge: bytes | None
    keyframe: StoredKeyframe | None
    effects: list[StoredEffect]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSegment:
    """A segment's row.

    Attributes:
        first_wanted: Of its snapshots, those of the page are from this one
        last_wanted: to this one: of a fork's origin, the fork does not have all.
    """

    owner_id: UUID
    first_sequence: int
    last_sequence: int
    checksum: int
    content: bytes
    first_wanted: int
    last_wanted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some snapshots in order, and the segments in which their deltas may lie."""

    snapshots: list[StoredSnapshot]
    segments: list[StoredSegment]


async def select_all(
    connection: Connection, project_id: UUID, execution_id: UUID, *, last: int
) -> AsyncGenerator[Page]:
    """Yields the snapshots of an execution up to one, in order, some at a time."""
    after = 0
    while True:
        rows = await connection.fetch(SELECT_PAGE, project_id, execution_id, after, last, PAGE_LENGTH)
        if not rows:
            return
        sequences = [row["sequence"] for row in rows]
        found = await effects.select_whole(connection, project_id, execution_id, sequences)
        effects_of = {
            sequence: list(group) for sequence, group in groupby(found, key=lambda each: each.sequence)
        }
        segments = await connection.fetch(
            SELECT_SEGMENTS, project_id, execution_id, sequences[0], sequences[-1]
        )
        yield Page(
            snapshots=[
                _stored_snapshot(execution_id, row, effects_of.get(row["sequence"], [])) for row in rows
            ],
            segments=[_stored_segment(row) for row in segments],
        )
        after = sequences[-1]


async def has_more(connection: Connection, project_id: UUID, execution_id: UUID) -> bool:
    """Tells whether an execution has snapshots that it does not count."""
    found: bool = await connection.fetchval(SELECT_HAS_MORE, project_id, execution_id)
    return found


async def select_stray_keyframes(
    connection: Connection, project_id: UUID, execution_id: UUID, *, limit: int
) -> list[tuple[UUID, int]]:
    """Returns keyframes that belong to no snapshot, or to one that is no base: whose they are, and where."""
    rows = await connection.fetch(SELECT_STRAY_KEYFRAMES, project_id, execution_id, limit)
    return [(UUID(bytes=row["owner_id"].bytes), row["sequence"]) for row in rows]


def _stored_segment(row: asyncpg.Record) -> StoredSegment:
    return StoredSegment(
        owner_id=UUID(bytes=row["owner_id"].bytes),
        first_sequence=row["first_sequence"],
        last_sequence=row["last_sequence"],
        checksum=row["checksum"],
        content=row["content"],
        first_wanted=row["first_wanted"],
        last_wanted=row["last_wanted"],
    )


def _stored_snapshot(
    execution_id: UUID, row: asyncpg.Record, stored_effects: list[StoredEffect]
) -> StoredSnapshot:
    keyframe = row["keyframe"] and StoredKeyframe(
        state=row["keyframe"],
        dictionary_id=row["keyframe_dictionary_id"],
        checksum=row["keyframe_checksum"],
    )
    return StoredSnapshot(
        owner_id=UUID(bytes=row["owner_id"].bytes),
        parent_chain_hash=row["parent_chain_hash"],
        kept_parent_chain_hash=row["kept_parent_chain_hash"],
        snapshot=snapshot_of(execution_id, row, effect_count=len(stored_effects), metadata=row["metadata"]),
        base_sequence=row["base_sequence"],
        dictionary_id=row["dictionary_id"],
        checksum=row["checksum"],
        delta=row["delta"],
        bridge=row["bridge"],
        keyframe=keyframe,
        effects=stored_effects,
    )
