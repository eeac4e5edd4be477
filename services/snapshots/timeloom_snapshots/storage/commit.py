"""Writing a group of snapshots: one statement moves the heads and inserts the rows, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from timeloom_platform import outbox
from timeloom_platform.database import Connection
from timeloom_snapshots import checksums
from timeloom_snapshots.model import NewSnapshot, Snapshot, Stored
from timeloom_snapshots.storage import effects

# One statement, because a round trip costs more than what it does. Rows are locked in the order of their ids,
# so that two replicas never wait for one another. If a head is not where it should be, nothing is inserted.
COMMIT: Final = f"""
WITH locked AS MATERIALIZED (
    SELECT id
    FROM executions
    WHERE project_id = $1 AND id = ANY($2::uuid[])
    ORDER BY id
    FOR NO KEY UPDATE
),
moved AS (
    UPDATE executions
    SET
        head_sequence = move.head,
        snapshot_count = move.head,
        update_time = greatest(executions.update_time, now())
    FROM unnest($2::uuid[], $3::timestamptz[], $4::integer[], $5::integer[], $6::integer[])
        AS move (id, create_time, old_head, old_count, head)
    WHERE executions.project_id = $1
        AND executions.id = move.id
        AND executions.create_time = move.create_time
        AND executions.head_sequence = move.old_head
        AND executions.snapshot_count = move.old_count
        AND executions.status = 1
        AND (SELECT count(*) FROM locked) > 0
    RETURNING executions.id
),
recorded AS (
    INSERT INTO snapshots (
        project_id, execution_id, create_time, sequence, parent_sequence, base_sequence, state_bytes,
        stored_bytes, checksum, kind, dictionary_id, state_hash, chain_hash, step_name, label, key, tags,
        metadata, delta
    )
    SELECT
        $1, execution_id, create_time, sequence, parent_sequence, base_sequence, state_bytes,
        stored_bytes, checksum, kind, dictionary_id, state_hash, chain_hash, step_name, label, key,
        tags::text[], metadata, delta
    FROM unnest(
        $7::uuid[], $8::timestamptz[], $9::integer[], $10::integer[], $11::integer[], $12::integer[],
        $13::integer[], $14::integer[], $15::smallint[], $16::smallint[], $17::bytea[], $18::bytea[],
        $19::text[], $20::text[], $21::text[], $22::text[], $23::text[], $24::bytea[]
    ) AS new (
        execution_id, create_time, sequence, parent_sequence, base_sequence, state_bytes,
        stored_bytes, checksum, kind, dictionary_id, state_hash, chain_hash, step_name, label, key, tags,
        metadata, delta
    )
    WHERE (SELECT count(*) FROM moved) = cardinality($2::uuid[])
),
told AS (
    INSERT INTO outbox (project_id, batch)
    SELECT $1, $25
    WHERE (SELECT count(*) FROM moved) = cardinality($2::uuid[])
)
SELECT id, ({outbox.CALL_RELAY}) AS called FROM moved
"""  # noqa: S608 - constants

INSERT_KEYFRAMES: Final = """
INSERT INTO keyframes (project_id, execution_id, sequence, dictionary_id, checksum, state)
SELECT $1, execution_id, sequence, dictionary_id, checksum, state
FROM unnest($2::uuid[], $3::integer[], $4::smallint[], $5::integer[], $6::bytea[])
    AS new (execution_id, sequence, dictionary_id, checksum, state)
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
    connection: Connection,
    project_id: UUID,
    *,
    moves: Sequence[Move],
    new: Sequence[NewSnapshot],
    events: bytes,
) -> None:
    """Moves the heads, inserts the snapshots, and tells of them.

    Args:
        connection: Within a transaction of the project.
        project_id: The project.
        moves: What happens to the heads.
        new: The snapshots.
        events: The row of the outbox that tells of all this.

    Raises:
        HeadMovedError: A head is not where it should be; the transaction must not commit.
    """
    ids = [move.execution_id for move in moves]
    moved = await connection.fetch(
        COMMIT,
        project_id,
        ids,
        [move.execution_create_time for move in moves],
        [move.old_head for move in moves],
        [move.old_count for move in moves],
        [move.head for move in moves],
        *zip(*[_row(each.snapshot, each.stored) for each in new], strict=True),
        events,
    )
    if len(moved) != len(ids):
        raise HeadMovedError(frozenset(ids) - {UUID(bytes=row["id"].bytes) for row in moved})
    await _insert_keyframes(connection, project_id, new)
    await effects.insert(
        connection,
        project_id,
        [
            (each.snapshot.execution_id, each.snapshot.sequence, each.stored)
            for each in new
            if each.stored.effects
        ],
    )


async def _insert_keyframes(connection: Connection, project_id: UUID, new: Sequence[NewSnapshot]) -> None:
    rows = [
        (
            each.snapshot.execution_id,
            each.snapshot.sequence,
            each.stored.dictionary_id,
            checksums.of_keyframe(
                sequence=each.snapshot.sequence,
                dictionary_id=each.stored.dictionary_id,
                state=each.stored.keyframe,
            ),
            each.stored.keyframe,
        )
        for each in new
        if each.stored.keyframe is not None
    ]
    if rows:
        await connection.execute(INSERT_KEYFRAMES, project_id, *zip(*rows, strict=True))


def _row(snapshot: Snapshot, stored: Stored) -> tuple[Any, ...]:
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
        array_literal(snapshot.tags) if snapshot.tags else None,
        snapshot.metadata,
        stored.delta,
    )


def array_literal(texts: Sequence[str]) -> str:
    """Writes an array as PostgreSQL reads it: unnest would flatten an array of arrays."""
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"
