"""Reading states: one that is stored whole or that the caller has, and the deltas since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from timeloom_platform.database import Connection, Database
from timeloom_snapshots.model import Snapshot
from timeloom_snapshots.storage.snapshots import snapshot_of

READ_STATE: Final = "SELECT * FROM read_state($1, $2, $3, $4, $5, $6)"

# Of one that is sealed, what it takes of its segment.
SELECT_DELTA_BYTES: Final = """
SELECT coalesce(sum(coalesce(octet_length(snapshots.delta), snapshots.stored_bytes)), 0)::integer
FROM lineage_of($1, $2) AS line
JOIN snapshots
    ON snapshots.project_id = $1
    AND snapshots.execution_id = line.owner_id
    AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
WHERE snapshots.sequence > $3 AND snapshots.sequence <= $4
"""


class Known(NamedTuple):
    """A snapshot whose state the caller has; its chain hash proves that it is the same one."""

    sequence: int
    chain_hash: bytes


NOTHING_KNOWN: Final = Known(0, b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """A snapshot, and what its state is made from.

    Attributes:
        base_sequence: The snapshot's base.
        base_bytes: What the base takes, compressed.
        start: Where the deltas begin: the base, or what the caller has if that is nearer.
        base: The base's whole state or, if it is no keyframe, its delta, which sets the root; compressed.
            None if the deltas begin at what the caller has.
        deltas: With their dictionaries' ids, compressed.
    """

    snapshot: Snapshot
    base_sequence: int
    base_bytes: int
    start: Known
    base: bytes | None
    base_dictionary_id: int
    is_keyframe: bool
    deltas: Sequence[tuple[bytes, int]]


async def select(
    database: Database, project_id: UUID, execution_id: UUID, wanted: int | str, *, known: Known
) -> StoredState | None:
    """Returns what a state is made from; None if there is no such snapshot.

    Args:
        database: The room's.
        project_id: The project.
        execution_id: The execution.
        wanted: The snapshot's sequence, zero for the head, or its key.
        known: A snapshot whose state the caller has, to begin there if it is on the way.
    """
    sequence, key = (0, wanted) if isinstance(wanted, str) else (wanted, "")
    row = await database.call(READ_STATE, project_id, execution_id, sequence, key, *known)
    return _stored_state(execution_id, row) if row else None


async def select_delta_bytes(
    connection: Connection, project_id: UUID, execution_id: UUID, *, after: int, last: int
) -> int:
    """Returns what the deltas of a run take, compressed."""
    size: int = await connection.fetchval(SELECT_DELTA_BYTES, project_id, execution_id, after, last)
    return size


def _stored_state(execution_id: UUID, row: asyncpg.Record) -> StoredState:
    return StoredState(
        snapshot=snapshot_of(execution_id, row, effect_count=row["effect_count"], metadata=row["metadata"]),
        base_sequence=row["base_sequence"],
        base_bytes=row["base_bytes"],
        start=Known(row["start_sequence"], row["start_chain_hash"]),
        base=row["base"],
        base_dictionary_id=row["base_dictionary_id"],
        is_keyframe=row["is_keyframe"],
        deltas=list(zip(row["deltas"] or (), row["dictionary_ids"] or (), strict=True)),
    )
