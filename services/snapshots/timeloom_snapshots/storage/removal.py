"""Deleting snapshots, storing anew what those need that stay, and what is known of the deleted ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_snapshots import keyframes, sequence_ranges
from timeloom_snapshots.removal import Placed
from timeloom_snapshots.sequence_ranges import SequenceRange

_LAYOUT: Final = """
SELECT snapshots.sequence, snapshots.base_sequence
FROM lineage_of($1, $2) AS line
JOIN snapshots
    ON snapshots.project_id = $1
    AND snapshots.execution_id = line.owner_id
    AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
"""

SELECT_LAYOUT: Final = f"""
{_LAYOUT}
WHERE snapshots.sequence BETWEEN (
    SELECT base_sequence
    FROM snapshots
    WHERE project_id = $1 AND execution_id = $2 AND sequence = $3
) AND $4
ORDER BY snapshots.sequence
"""  # noqa: S608 - a constant

SELECT_LAYOUT_AFTER: Final = f"""
{_LAYOUT}
WHERE snapshots.sequence > $3
ORDER BY snapshots.sequence
LIMIT {keyframes.STEPS_MAX}
"""

SELECT_ROWS: Final = """
SELECT sequence, dictionary_id, state_bytes, stored_bytes, state_hash, delta, bridge
FROM snapshots
WHERE project_id = $1 AND execution_id = $2 AND sequence = ANY($3::integer[])
ORDER BY sequence
"""

REWRITE: Final = """
UPDATE snapshots
SET
    base_sequence = new.base_sequence,
    dictionary_id = new.dictionary_id,
    stored_bytes = new.stored_bytes,
    checksum = new.checksum,
    delta = new.delta,
    bridge = new.bridge
FROM unnest(
    $3::integer[], $4::integer[], $5::smallint[], $6::integer[], $7::integer[], $8::bytea[], $9::bytea[]
) AS new (sequence, base_sequence, dictionary_id, stored_bytes, checksum, delta, bridge)
WHERE snapshots.project_id = $1 AND snapshots.execution_id = $2 AND snapshots.sequence = new.sequence
"""

MOVE: Final = """
UPDATE snapshots
SET base_sequence = $3, checksum = new.checksum
FROM unnest($4::integer[], $5::integer[]) AS new (sequence, checksum)
WHERE snapshots.project_id = $1 AND snapshots.execution_id = $2 AND snapshots.sequence = new.sequence
"""

INSERT_KEYFRAME: Final = """
INSERT INTO keyframes (project_id, execution_id, sequence, dictionary_id, checksum, state)
VALUES ($1, $2, $3, $4, $5, $6)
"""

# Who adds effects to a snapshot has locked its row: they must be there before all effects are deleted.
LOCK_ROWS: Final = """
SELECT FROM snapshots
WHERE project_id = $1 AND execution_id = $2 AND sequence = ANY($3::integer[])
FOR UPDATE
"""

KEEP_PARENT_HASHES: Final = """
UPDATE snapshots
SET parent_chain_hash = parents.chain_hash
FROM snapshots AS parents
WHERE snapshots.project_id = $1
    AND snapshots.execution_id = $2
    AND snapshots.sequence > $4
    AND NOT snapshots.sequence = ANY($3::integer[])
    AND parents.project_id = $1
    AND parents.execution_id = $2
    AND parents.sequence = snapshots.parent_sequence
    AND parents.sequence = ANY($3::integer[])
"""

DELETE: Final = """
WITH effects_gone AS (
    DELETE FROM effects WHERE project_id = $1 AND execution_id = $2 AND sequence = ANY($3::integer[])
),
keyframes_gone AS (
    DELETE FROM keyframes WHERE project_id = $1 AND execution_id = $2 AND sequence = ANY($3::integer[])
),
turns_kept AS (
    INSERT INTO deleted_turns (project_id, execution_id, sequence, parent_sequence)
    SELECT project_id, execution_id, sequence, parent_sequence
    FROM snapshots
    WHERE project_id = $1 AND execution_id = $2 AND sequence = ANY($3::integer[])
        AND parent_sequence <> sequence - 1
),
noted AS (
    UPDATE executions
    SET last_deleted_sequence = greatest(last_deleted_sequence, $4)
    WHERE project_id = $1 AND id = $2
)
DELETE FROM snapshots WHERE project_id = $1 AND execution_id = $2 AND sequence = ANY($3::integer[])
"""

SELECT_DELETED: Final = """
SELECT deleted_snapshots.first_sequence, deleted_snapshots.last_sequence
FROM lineage_of($1, $2) AS line
JOIN deleted_snapshots
    ON deleted_snapshots.project_id = $1
    AND deleted_snapshots.execution_id = line.owner_id
    AND deleted_snapshots.first_sequence BETWEEN line.first_sequence AND line.last_sequence
ORDER BY deleted_snapshots.first_sequence
"""

SELECT_DELETED_TURNS: Final = """
SELECT deleted_turns.sequence, deleted_turns.parent_sequence
FROM lineage_of($1, $2) AS line
JOIN deleted_turns
    ON deleted_turns.project_id = $1
    AND deleted_turns.execution_id = line.owner_id
    AND deleted_turns.sequence BETWEEN line.first_sequence AND line.last_sequence
ORDER BY deleted_turns.sequence
"""

INSERT_DELETED_TURNS: Final = """
INSERT INTO deleted_turns (project_id, execution_id, sequence, parent_sequence)
SELECT $1, $2, new.* FROM unnest($3::integer[], $4::integer[]) AS new
"""

TAKE_TOUCHED_RANGES: Final = """
DELETE FROM deleted_snapshots
WHERE project_id = $1 AND execution_id = $2 AND first_sequence <= $4 + 1 AND last_sequence >= $3 - 1
RETURNING first_sequence, last_sequence
"""

INSERT_RANGES: Final = """
INSERT INTO deleted_snapshots (project_id, execution_id, first_sequence, last_sequence)
SELECT $1, $2, new.* FROM unnest($3::integer[], $4::integer[]) AS new
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow:
    """What is stored of a snapshot that has to be stored anew; its delta may lie in a segment."""

    sequence: int
    dictionary_id: int
    state_bytes: int
    stored_bytes: int
    state_hash: bytes
    delta: bytes | None
    bridge: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRow:
    """How it is stored from now on."""

    sequence: int
    base_sequence: int
    dictionary_id: int
    stored_bytes: int
    checksum: int
    delta: bytes
    bridge: bytes | None


async def select_layout(
    connection: Connection, project_id: UUID, execution_id: UUID, *, first: int, last: int
) -> list[Placed]:
    """Returns the snapshots from the base of the first to the end of the run of the last."""
    rows = await connection.fetch(SELECT_LAYOUT, project_id, execution_id, first, last)
    after = await connection.fetch(SELECT_LAYOUT_AFTER, project_id, execution_id, last)
    rest = (row for row in after if row["base_sequence"] <= last)
    return [Placed(sequence=row["sequence"], base_sequence=row["base_sequence"]) for row in (*rows, *rest)]


async def select_rows(
    connection: Connection, project_id: UUID, execution_id: UUID, sequences: Sequence[int]
) -> list[StoredRow]:
    """Returns rows of the execution's own, in order."""
    rows = await connection.fetch(SELECT_ROWS, project_id, execution_id, sequences)
    return [StoredRow(**row) for row in rows]


async def rewrite(
    connection: Connection, project_id: UUID, execution_id: UUID, rows: Sequence[NewRow]
) -> None:
    """Stores rows anew."""
    if not rows:
        return
    await connection.execute(
        REWRITE,
        project_id,
        execution_id,
        [row.sequence for row in rows],
        [row.base_sequence for row in rows],
        [row.dictionary_id for row in rows],
        [row.stored_bytes for row in rows],
        [row.checksum for row in rows],
        [row.delta for row in rows],
        [row.bridge for row in rows],
    )


async def move(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    *,
    base_sequence: int,
    checksums: Sequence[tuple[int, int]],
) -> None:
    """Gives snapshots another base; each comes with its new checksum."""
    if checksums:
        sequences, values = zip(*checksums, strict=True)
        await connection.execute(MOVE, project_id, execution_id, base_sequence, sequences, values)


async def insert_keyframe(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    *,
    sequence: int,
    dictionary_id: int,
    checksum: int,
    state: bytes,
) -> None:
    """Stores a whole state, compressed."""
    await connection.execute(
        INSERT_KEYFRAME, project_id, execution_id, sequence, dictionary_id, checksum, state
    )


async def delete(
    connection: Connection, project_id: UUID, execution_id: UUID, sequences: Sequence[int]
) -> None:
    """Deletes snapshots with all that belongs to them, and notes that they were there."""
    await connection.execute(LOCK_ROWS, project_id, execution_id, sequences)
    await connection.execute(KEEP_PARENT_HASHES, project_id, execution_id, sequences, sequences[0])
    await connection.execute(DELETE, project_id, execution_id, sequences, sequences[-1])
    await note_deleted(connection, project_id, execution_id, sequence_ranges.of(sequences))


async def note_deleted(
    connection: Connection, project_id: UUID, execution_id: UUID, ranges: Sequence[SequenceRange]
) -> None:
    """Notes that snapshots were deleted."""
    if not ranges:
        return
    touched = await connection.fetch(
        TAKE_TOUCHED_RANGES, project_id, execution_id, ranges[0].first, ranges[-1].last
    )
    together = sequence_ranges.merged([*ranges, *(tuple(row.values()) for row in touched)])
    firsts, lasts = zip(*together, strict=True)
    await connection.execute(INSERT_RANGES, project_id, execution_id, firsts, lasts)


async def select_deleted(connection: Connection, project_id: UUID, execution_id: UUID) -> list[SequenceRange]:
    """Returns which snapshots of an execution, also of those that it shares, were deleted."""
    rows = await connection.fetch(SELECT_DELETED, project_id, execution_id)
    return sequence_ranges.merged((row[0], row[1]) for row in rows)


async def select_deleted_turns(
    connection: Connection, project_id: UUID, execution_id: UUID
) -> list[tuple[int, int]]:
    """Returns those of an execution's deleted snapshots that were not made from the one before, in order.

    Each comes with its parent.
    """
    rows = await connection.fetch(SELECT_DELETED_TURNS, project_id, execution_id)
    return [(row["sequence"], row["parent_sequence"]) for row in rows]


async def note_deleted_turns(
    connection: Connection, project_id: UUID, execution_id: UUID, turns: Sequence[tuple[int, int]]
) -> None:
    """Notes the parents of snapshots that were deleted."""
    if turns:
        sequences, parents = zip(*turns, strict=True)
        await connection.execute(INSERT_DELETED_TURNS, project_id, execution_id, sequences, parents)
