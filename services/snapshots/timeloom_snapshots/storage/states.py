"""Reading states: a base and the deltas since, in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_platform.database import Connection
from timeloom_snapshots.model import Snapshot
from timeloom_snapshots.storage.snapshots import SLIM_COLUMNS, snapshot_of

# What the caller has at hand, known by chain hashes, is not read again: neither the base nor, if it is the
# very state that is wanted, anything but the facts.
_SELECT: Final = f"""
SELECT
    {SLIM_COLUMNS},
    base.sequence AS base_sequence,
    base.chain_hash AS base_chain_hash,
    CASE
        WHEN snapshots.chain_hash = ANY($4::bytea[]) OR base.chain_hash = ANY($4::bytea[]) THEN NULL
        WHEN keyframes.state IS NULL THEN base.delta
        ELSE keyframes.state
    END AS base,
    octet_length(coalesce(keyframes.state, base.delta)) AS base_bytes,
    coalesce(keyframes.dictionary_id, base.dictionary_id) AS base_dictionary_id,
    keyframes.state IS NOT NULL AS is_keyframe,
    CASE WHEN NOT snapshots.chain_hash = ANY($4::bytea[]) THEN since.deltas END AS deltas,
    since.delta_bytes,
    since.dictionary_ids,
    (
        SELECT count(*)::integer
        FROM effects
        WHERE effects.project_id = $1 AND effects.execution_id = $2 AND effects.sequence = snapshots.sequence
    ) AS effect_count
FROM snapshots
JOIN snapshots AS base
    ON base.project_id = $1 AND base.execution_id = $2 AND base.sequence = snapshots.base_sequence
LEFT JOIN keyframes
    ON keyframes.project_id = $1 AND keyframes.execution_id = $2 AND keyframes.sequence = base.sequence
CROSS JOIN LATERAL (
    SELECT
        array_agg(each.delta ORDER BY each.sequence) AS deltas,
        array_agg(each.dictionary_id ORDER BY each.sequence) AS dictionary_ids,
        coalesce(sum(octet_length(each.delta)), 0)::integer AS delta_bytes
    FROM snapshots AS each
    WHERE each.project_id = $1 AND each.execution_id = $2
        AND each.sequence > snapshots.base_sequence AND each.sequence <= snapshots.sequence
) AS since
WHERE snapshots.project_id = $1 AND snapshots.execution_id = $2
"""  # noqa: S608 - a constant

SELECT_BY_SEQUENCE: Final = f"{_SELECT} AND snapshots.sequence = $3"

SELECT_BY_KEY: Final = f"{_SELECT} AND snapshots.key = $3"

SELECT_HEAD: Final = f"""
{_SELECT}
    AND snapshots.sequence = (
        SELECT head_sequence
        FROM executions
        WHERE executions.project_id = $1 AND executions.id = $2 AND $3::integer = 0
    )
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """A snapshot, and what its state is made from.

    Attributes:
        base_sequence: The sequence of the base.
        base_chain_hash: By which the base's state is known.
        base: The base's whole state or, if it is no keyframe, its delta, which sets the root; compressed.
            None if the caller has it, or has the state that is wanted.
        deltas: With their dictionaries' ids, compressed; none if the caller has the state that is wanted.
        delta_bytes: What the deltas since the base take, also of those that were not read.
    """

    snapshot: Snapshot
    base_sequence: int
    base_chain_hash: bytes
    base: bytes | None
    base_bytes: int
    base_dictionary_id: int
    is_keyframe: bool
    deltas: Sequence[tuple[bytes, int]]
    delta_bytes: int


async def select(
    connection: Connection, project_id: UUID, execution_id: UUID, wanted: int | str, *, known: Sequence[bytes]
) -> StoredState | None:
    """Returns what a state is made from; None if there is no such snapshot.

    Args:
        connection: Bound to the project.
        project_id: The project.
        execution_id: The execution.
        wanted: The snapshot's sequence, zero for the head, or its key.
        known: The chain hashes of snapshots whose states the caller has.
    """
    statement = SELECT_BY_KEY if isinstance(wanted, str) else SELECT_BY_SEQUENCE if wanted else SELECT_HEAD
    row = await connection.fetchrow(statement, project_id, execution_id, wanted, known)
    return _stored_state(execution_id, row) if row else None


def _stored_state(execution_id: UUID, row: asyncpg.Record) -> StoredState:
    return StoredState(
        snapshot=snapshot_of(execution_id, row, effect_count=row["effect_count"], metadata=row["metadata"]),
        base_sequence=row["base_sequence"],
        base_chain_hash=row["base_chain_hash"],
        base=row["base"],
        base_bytes=row["base_bytes"],
        base_dictionary_id=row["base_dictionary_id"],
        is_keyframe=row["is_keyframe"],
        deltas=list(zip(row["deltas"] or (), row["dictionary_ids"] or (), strict=False)),
        delta_bytes=row["delta_bytes"],
    )
