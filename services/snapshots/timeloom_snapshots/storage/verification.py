"""Everything that is stored of an execution's snapshots, for verification."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_platform.database import Connection
from timeloom_snapshots.model import Snapshot
from timeloom_snapshots.storage import effects
from timeloom_snapshots.storage.effects import StoredEffect
from timeloom_snapshots.storage.snapshots import SLIM_COLUMNS, snapshot_of

PAGE: Final = 256

SELECT_PAGE: Final = f"""
SELECT
    {SLIM_COLUMNS}, base_sequence, snapshots.dictionary_id, snapshots.checksum, delta,
    keyframes.state AS keyframe,
    keyframes.dictionary_id AS keyframe_dictionary_id,
    keyframes.checksum AS keyframe_checksum
FROM snapshots
LEFT JOIN keyframes USING (project_id, execution_id, sequence)
WHERE project_id = $1 AND execution_id = $2 AND sequence > $3
ORDER BY sequence
LIMIT $4
"""  # noqa: S608 - a constant

SELECT_STRAY_KEYFRAMES: Final = """
SELECT sequence
FROM keyframes
WHERE project_id = $1 AND execution_id = $2 AND NOT EXISTS (
    SELECT
    FROM snapshots
    WHERE snapshots.project_id = $1 AND snapshots.execution_id = $2
        AND snapshots.sequence = keyframes.sequence
        AND snapshots.base_sequence = keyframes.sequence
)
ORDER BY sequence
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKeyframe:
    """A whole state, compressed."""

    state: bytes
    dictionary_id: int
    checksum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSnapshot:
    """A snapshot's row, its keyframe if there is one, and its effects."""

    snapshot: Snapshot
    base_sequence: int
    dictionary_id: int
    checksum: int
    delta: bytes
    keyframe: StoredKeyframe | None
    effects: list[StoredEffect]


async def select_all(
    connection: Connection, project_id: UUID, execution_id: UUID
) -> AsyncGenerator[StoredSnapshot]:
    """Yields the snapshots of an execution in order, reading some at a time."""
    last = 0
    while True:
        rows = await connection.fetch(SELECT_PAGE, project_id, execution_id, last, PAGE)
        if not rows:
            return
        sequences = [row["sequence"] for row in rows]
        found = await effects.select_whole(connection, project_id, execution_id, sequences)
        for row in rows:
            last = row["sequence"]
            yield _stored_snapshot(execution_id, row, [each for each in found if each.sequence == last])


async def select_stray_keyframes(connection: Connection, project_id: UUID, execution_id: UUID) -> list[int]:
    """Returns the sequences of keyframes that belong to no snapshot, or to one that is no base."""
    rows = await connection.fetch(SELECT_STRAY_KEYFRAMES, project_id, execution_id)
    return [row["sequence"] for row in rows]


def _stored_snapshot(
    execution_id: UUID, row: asyncpg.Record, stored_effects: list[StoredEffect]
) -> StoredSnapshot:
    keyframe = row["keyframe"] and StoredKeyframe(
        state=row["keyframe"],
        dictionary_id=row["keyframe_dictionary_id"],
        checksum=row["keyframe_checksum"],
    )
    return StoredSnapshot(
        snapshot=snapshot_of(execution_id, row, effect_count=len(stored_effects), metadata=row["metadata"]),
        base_sequence=row["base_sequence"],
        dictionary_id=row["dictionary_id"],
        checksum=row["checksum"],
        delta=row["delta"],
        keyframe=keyframe,
        effects=stored_effects,
    )
