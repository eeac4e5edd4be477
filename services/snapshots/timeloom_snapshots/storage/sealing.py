"""Packing deltas into segments, and unpacking them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_snapshots.model import ExecutionStatus

SELECT_CANDIDATES: Final = f"""
SELECT project_id, id
FROM executions
WHERE delete_time IS NULL
    AND (
        snapshot_count - greatest(sealed_sequence, shared_count) >= $1
        OR (
            snapshot_count > greatest(sealed_sequence, shared_count)
            AND (
                update_time < now() - $3::interval
                OR (status <> {ExecutionStatus.RUNNING.value} AND update_time < now() - $2::interval)
            )
        )
    )
ORDER BY project_id, id
LIMIT $4
"""  # noqa: S608 - a constant

# Who verifies or forks the execution, or records into it, is not held up: another time, then.
LOCK: Final = f"""
SELECT
    greatest(sealed_sequence, shared_count) AS sealed_sequence,
    snapshot_count,
    update_time < now() - $4::interval
        OR (status <> {ExecutionStatus.RUNNING.value} AND update_time < now() - $3::interval) AS is_quiet
FROM executions
WHERE project_id = $1 AND id = $2 AND delete_time IS NULL
FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - a constant

SELECT_UNSEALED: Final = """
SELECT
    snapshots.sequence, snapshots.base_sequence, snapshots.dictionary_id, snapshots.state_bytes,
    snapshots.stored_bytes, snapshots.checksum, snapshots.delta, snapshots.bridge,
    octet_length(keyframes.state) AS keyframe_bytes,
    (
        SELECT max(sealed_snapshots.sequence)
        FROM sealed_snapshots
        WHERE sealed_snapshots.project_id = $1
            AND sealed_snapshots.execution_id = $2
            AND sealed_snapshots.sequence < snapshots.sequence
    ) AS sealed_before
FROM ONLY snapshots
LEFT JOIN keyframes USING (project_id, execution_id, sequence)
WHERE project_id = $1 AND execution_id = $2 AND sequence > $3 AND sequence <= $4
ORDER BY sequence
LIMIT $5
"""

# The columns that stay as they are when a snapshot moves between the two tables.
_LASTING: Final = """
    project_id, execution_id, create_time, sequence, parent_sequence, base_sequence, state_bytes, kind,
    state_hash, chain_hash, step_name, label, key, tags, metadata, marked_label, marked_tags,
    parent_chain_hash
"""

_NEW: Final = """
unnest($3::integer[], $4::smallint[], $5::integer[], $6::integer[], $7::bytea[], $8::bytea[])
    AS new (sequence, dictionary_id, stored_bytes, checksum, delta, bridge)
"""

_MOVE: Final = f"""
WITH gone AS (
    DELETE FROM {{source}}
    WHERE project_id = $1 AND execution_id = $2 AND sequence = ANY($3::integer[])
    RETURNING *
)
INSERT INTO {{target}} ({_LASTING}, dictionary_id, stored_bytes, checksum, delta, bridge)
SELECT {{lasting}}, new.dictionary_id, new.stored_bytes, new.checksum, new.delta, new.bridge
FROM gone
JOIN {_NEW} USING (sequence)
ORDER BY gone.sequence
"""  # noqa: S608 - a constant

_GONE: Final = ", ".join(f"gone.{column.strip()}" for column in _LASTING.split(","))

SEAL: Final = _MOVE.format(source="ONLY snapshots", target="sealed_snapshots", lasting=_GONE)
UNSEAL: Final = _MOVE.format(source="sealed_snapshots", target="snapshots", lasting=_GONE)

SELECT_KEYFRAME: Final = """
SELECT sequence, dictionary_id, checksum, state
FROM ONLY keyframes
WHERE project_id = $1 AND execution_id = $2 AND sequence = $3
"""

SEAL_KEYFRAME: Final = """
WITH gone AS (
    DELETE FROM ONLY keyframes
    WHERE project_id = $1 AND execution_id = $2 AND sequence = $3
)
INSERT INTO sealed_keyframes (project_id, execution_id, sequence, dictionary_id, checksum, state)
VALUES ($1, $2, $3, $4, $5, $6)
"""

INSERT_SEGMENT: Final = """
INSERT INTO segments (project_id, execution_id, first_sequence, last_sequence, checksum, content)
VALUES ($1, $2, $3, $4, $5, $6)
"""

NOTE_SEALED: Final = """
UPDATE executions
SET sealed_sequence = greatest(sealed_sequence, $3)
WHERE project_id = $1 AND id = $2
"""

NOTE_UNSEALED: Final = """
UPDATE executions
SET sealed_sequence = least(sealed_sequence, $3 - 1)
WHERE project_id = $1 AND id = $2
"""

SELECT_SEGMENTS: Final = """
SELECT first_sequence, last_sequence, checksum, content
FROM segments
WHERE project_id = $1 AND execution_id = $2 AND first_sequence <= $4 AND last_sequence >= $3
ORDER BY first_sequence
"""

DELETE_SEGMENTS: Final = """
DELETE FROM segments
WHERE project_id = $1 AND execution_id = $2 AND first_sequence = ANY($3::integer[])
"""

SELECT_SEALED: Final = """
SELECT
    sealed_snapshots.sequence, base_sequence, sealed_snapshots.dictionary_id, state_bytes, stored_bytes,
    sealed_snapshots.checksum, delta, bridge, octet_length(keyframes.state) AS keyframe_bytes
FROM sealed_snapshots
LEFT JOIN keyframes USING (project_id, execution_id, sequence)
WHERE project_id = $1 AND execution_id = $2 AND sequence BETWEEN $3 AND $4
ORDER BY sequence
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingRules:
    """When snapshots are sealed.

    Attributes:
        recent_count: So many of the newest snapshots of a running execution are left.
        quiet: How long after its end an execution is sealed as a whole,
        idle: or after the last change of one that has not ended.
    """

    recent_count: int
    quiet: timedelta
    idle: timedelta


class Locked(NamedTuple):
    """An execution that is locked; `is_quiet` if nothing more is expected to come."""

    sealed_sequence: int
    snapshot_count: int
    is_quiet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStep:
    """What is stored of a snapshot's delta; that is None where it lies in a segment.

    Attributes:
        sealed_before: Of one that is not sealed, the last before it that is.
    """

    sequence: int
    base_sequence: int
    dictionary_id: int
    state_bytes: int
    stored_bytes: int
    checksum: int
    delta: bytes | None
    bridge: bytes | None
    keyframe_bytes: int | None
    sealed_before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStep:
    """How it is stored after the move."""

    sequence: int
    dictionary_id: int
    stored_bytes: int
    checksum: int
    delta: bytes | None
    bridge: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKeyframe:
    """A snapshot's whole state, compressed."""

    sequence: int
    dictionary_id: int
    checksum: int
    state: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSegment:
    """A segment as it is stored."""

    first_sequence: int
    last_sequence: int
    checksum: int
    content: bytes


async def select_candidates(
    connection: Connection, rules: SealingRules, *, due_count: int, limit: int
) -> list[tuple[UUID, UUID]]:
    """Returns executions, of all projects, that have something to seal."""
    rows = await connection.fetch(SELECT_CANDIDATES, due_count, rules.quiet, rules.idle, limit)
    return [(UUID(bytes=row["project_id"].bytes), UUID(bytes=row["id"].bytes)) for row in rows]


async def lock(
    connection: Connection, project_id: UUID, execution_id: UUID, rules: SealingRules
) -> Locked | None:
    """Locks an execution; None if it is gone, or somebody else works on it."""
    row = await connection.fetchrow(LOCK, project_id, execution_id, rules.quiet, rules.idle)
    if row is None:
        return None
    return Locked(row["sealed_sequence"], row["snapshot_count"], bool(row["is_quiet"]))


async def select_unsealed(
    connection: Connection, project_id: UUID, execution_id: UUID, *, after: int, last: int, limit: int
) -> list[StoredStep]:
    """Returns the first snapshots of an execution's own, in a range, that are not sealed."""
    rows = await connection.fetch(SELECT_UNSEALED, project_id, execution_id, after, last, limit)
    return [StoredStep(**row) for row in rows]


async def select_sealed(
    connection: Connection, project_id: UUID, execution_id: UUID, *, first: int, last: int
) -> list[StoredStep]:
    """Returns the sealed snapshots of a range."""
    rows = await connection.fetch(SELECT_SEALED, project_id, execution_id, first, last)
    return [StoredStep(**row) for row in rows]


async def seal(
    connection: Connection, project_id: UUID, execution_id: UUID, steps: Sequence[NewStep]
) -> None:
    """Moves snapshots to the sealed ones."""
    await _move(SEAL, connection, project_id, execution_id, steps)


async def unseal(
    connection: Connection, project_id: UUID, execution_id: UUID, steps: Sequence[NewStep]
) -> None:
    """Moves snapshots back."""
    await _move(UNSEAL, connection, project_id, execution_id, steps)


async def select_keyframe(
    connection: Connection, project_id: UUID, execution_id: UUID, sequence: int
) -> StoredKeyframe | None:
    """Returns a keyframe; None if there is none, or it is sealed already."""
    row = await connection.fetchrow(SELECT_KEYFRAME, project_id, execution_id, sequence)
    return StoredKeyframe(**row) if row else None


async def seal_keyframe(
    connection: Connection, project_id: UUID, execution_id: UUID, keyframe: StoredKeyframe
) -> None:
    """Moves a keyframe to the sealed ones, as it is from now on."""
    await connection.execute(
        SEAL_KEYFRAME,
        project_id,
        execution_id,
        keyframe.sequence,
        keyframe.dictionary_id,
        keyframe.checksum,
        keyframe.state,
    )


async def insert_segment(
    connection: Connection, project_id: UUID, execution_id: UUID, segment: StoredSegment
) -> None:
    """Stores a segment."""
    await connection.execute(
        INSERT_SEGMENT,
        project_id,
        execution_id,
        segment.first_sequence,
        segment.last_sequence,
        segment.checksum,
        segment.content,
    )


async def note_sealed(connection: Connection, project_id: UUID, execution_id: UUID, sequence: int) -> None:
    """Notes that nothing up to a snapshot has to be looked at again."""
    await connection.execute(NOTE_SEALED, project_id, execution_id, sequence)


async def note_unsealed(connection: Connection, project_id: UUID, execution_id: UUID, first: int) -> None:
    """Notes that a snapshot, and what comes after it, has to be looked at again."""
    await connection.execute(NOTE_UNSEALED, project_id, execution_id, first)


async def select_segments(
    connection: Connection, project_id: UUID, execution_id: UUID, *, first: int, last: int
) -> list[StoredSegment]:
    """Returns the segments that have something of a range, in order."""
    rows = await connection.fetch(SELECT_SEGMENTS, project_id, execution_id, first, last)
    return [StoredSegment(**row) for row in rows]


async def delete_segments(
    connection: Connection, project_id: UUID, execution_id: UUID, segments: Sequence[StoredSegment]
) -> None:
    """Deletes segments."""
    firsts = [segment.first_sequence for segment in segments]
    await connection.execute(DELETE_SEGMENTS, project_id, execution_id, firsts)


async def _move(
    statement: str, connection: Connection, project_id: UUID, execution_id: UUID, steps: Sequence[NewStep]
) -> None:
    if steps:
        await connection.execute(
            statement,
            project_id,
            execution_id,
            [step.sequence for step in steps],
            [step.dictionary_id for step in steps],
            [step.stored_bytes for step in steps],
            [step.checksum for step in steps],
            [step.delta for step in steps],
            [step.bridge for step in steps],
        )
