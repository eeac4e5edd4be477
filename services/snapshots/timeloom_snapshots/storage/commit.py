"""Writing a group of snapshots: one call moves the heads and inserts the rows, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from timeloom_platform.database import Connection, Database
from timeloom_snapshots import checksums
from timeloom_snapshots.model import NewSnapshot, Snapshot, Stored
from timeloom_snapshots.storage import effects

# One call, which is a transaction by itself: a round trip costs more than all that this one does.
RECORD_GROUP: Final = """
SELECT record_group(
    $1, $2::moved_head[], $3::new_snapshot[], $4::new_keyframe[], $5::new_effect[], $6
) AS lost
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a group does to one execution's head.

    Attributes:
        execution_create_time: Tells the execution from a later one of the same id.
        old_head: Where it stood; somebody else was faster if it stands elsewhere.
        old_count: How many snapshots it had.
        head: Where it stands then: the newest snapshot.
    """

    execution_id: UUID
    execution_create_time: datetime
    old_head: int
    old_count: int
    head: int


class HeadMovedError(Exception):
    """Executions are gone, have ended, or stand elsewhere than expected; nothing was written."""

    def __init__(self, execution_ids: frozenset[UUID]) -> None:
        super().__init__(f"{len(execution_ids)} heads moved")
        self.execution_ids = execution_ids


async def commit(
    database: Database,
    project_id: UUID,
    *,
    moves: Sequence[Move],
    new: Sequence[NewSnapshot],
    events: bytes,
) -> None:
    """Moves the heads, inserts the snapshots, tells of them, and commits.

    Args:
        database: The room's.
        project_id: The project.
        moves: What happens to the heads.
        new: The snapshots.
        events: The row of the outbox that tells of all this.

    Raises:
        HeadMovedError: A head is not where it should be; nothing was written.
    """
    row = await database.call(RECORD_GROUP, *_arguments(project_id, moves, new, events))
    _refuse_lost(row["lost"] if row else ())


async def commit_within(
    connection: Connection,
    project_id: UUID,
    *,
    moves: Sequence[Move],
    new: Sequence[NewSnapshot],
    events: bytes,
) -> None:
    """Does what `commit` does, but within a transaction of the caller's, who commits it.

    Raises:
        HeadMovedError: A head is not where it should be; nothing was written.
    """
    _refuse_lost(await connection.fetchval(RECORD_GROUP, *_arguments(project_id, moves, new, events)))


def _refuse_lost(lost: Sequence[UUID]) -> None:
    if lost:
        raise HeadMovedError(frozenset(UUID(bytes=each.bytes) for each in lost))


def _arguments(
    project_id: UUID, moves: Sequence[Move], new: Sequence[NewSnapshot], events: bytes
) -> Sequence[object]:
    return (
        project_id,
        [
            (each.execution_id, each.execution_create_time, each.old_head, each.old_count, each.head)
            for each in moves
        ],
        [_snapshot_row(each.snapshot, each.stored) for each in new],
        [_keyframe_row(each, each.stored.keyframe) for each in new if each.stored.keyframe is not None],
        [
            effects.row(each.snapshot.execution_id, each.snapshot.sequence, each.stored.dictionary_id, effect)
            for each in new
            for effect in each.stored.effects
        ],
        events,
    )


def _keyframe_row(new: NewSnapshot, state: bytes) -> tuple[Any, ...]:
    sequence, dictionary_id = new.snapshot.sequence, new.stored.dictionary_id
    checksum = checksums.of_keyframe(sequence=sequence, dictionary_id=dictionary_id, state=state)
    return (new.snapshot.execution_id, sequence, dictionary_id, checksum, state)


def _snapshot_row(snapshot: Snapshot, stored: Stored) -> tuple[Any, ...]:
    return (
        snapshot.execution_id,
        snapshot.create_time,
        snapshot.sequence,
        snapshot.parent_sequence,
        stored.base_sequence,
        snapshot.state_bytes,
        snapshot.stored_bytes,
        checksums.of_snapshot(
            base_sequence=stored.base_sequence,
            dictionary_id=stored.dictionary_id,
            state_bytes=snapshot.state_bytes,
            stored_bytes=snapshot.stored_bytes,
            delta=stored.delta,
        ),
        snapshot.kind,
        stored.dictionary_id,
        snapshot.state_hash,
        snapshot.chain_hash,
        snapshot.step_name,
        snapshot.label or None,
        snapshot.key or None,
        snapshot.tags or None,
        snapshot.metadata,
        stored.delta,
    )
