"""Reading states: one that is stored whole or that the caller has, and the deltas since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from timeloom_platform.database import Connection
from timeloom_snapshots.model import Snapshot
from timeloom_snapshots.storage.snapshots import SLIM_COLUMNS, snapshot_of

# OFFSET 0 keeps the planner from joining what is to be looked up by key: it has no statistics of an
# execution, and would read all of its snapshots.
_SELECT: Final = f"""
WITH wanted AS MATERIALIZED (
    SELECT {SLIM_COLUMNS}, base_sequence
    FROM snapshots
    WHERE project_id = $1 AND execution_id = $2 AND {{condition}}
)
SELECT
    {SLIM_COLUMNS},
    base_sequence,
    octet_length(coalesce(keyframe, base_delta)) AS base_bytes,
    coalesce(known_sequence, base_sequence) AS start_sequence,
    CASE WHEN known_sequence IS NULL THEN base_chain_hash ELSE $5 END AS start_chain_hash,
    CASE WHEN known_sequence IS NULL THEN coalesce(keyframe, base_delta) END AS base,
    coalesce(keyframe_dictionary_id, base_dictionary_id) AS base_dictionary_id,
    keyframe IS NOT NULL AS is_keyframe,
    deltas,
    dictionary_ids,
    effect_count
FROM wanted
CROSS JOIN LATERAL (
    SELECT chain_hash AS base_chain_hash, delta AS base_delta, dictionary_id AS base_dictionary_id
    FROM snapshots
    WHERE project_id = $1 AND execution_id = $2 AND sequence = wanted.base_sequence
    OFFSET 0
) AS base
LEFT JOIN LATERAL (
    SELECT state AS keyframe, dictionary_id AS keyframe_dictionary_id
    FROM keyframes
    WHERE project_id = $1 AND execution_id = $2 AND sequence = wanted.base_sequence
    OFFSET 0
) AS keyframe ON TRUE
LEFT JOIN LATERAL (
    SELECT sequence AS known_sequence
    FROM snapshots
    WHERE project_id = $1 AND execution_id = $2 AND sequence = $4 AND chain_hash = $5
        AND $4 BETWEEN wanted.base_sequence AND wanted.sequence
    OFFSET 0
) AS known ON TRUE
CROSS JOIN LATERAL (
    SELECT
        array_agg(delta ORDER BY sequence) AS deltas,
        array_agg(dictionary_id ORDER BY sequence) AS dictionary_ids
    FROM snapshots
    WHERE project_id = $1 AND execution_id = $2
        AND sequence > wanted.base_sequence AND sequence <= wanted.sequence
        AND sequence > coalesce(known_sequence, 0)
) AS since
CROSS JOIN LATERAL (
    SELECT count(*)::integer AS effect_count
    FROM effects
    WHERE project_id = $1 AND execution_id = $2 AND sequence = wanted.sequence
) AS counted
"""  # noqa: S608 - a constant

SELECT_BY_SEQUENCE: Final = _SELECT.format(condition="sequence = $3")

SELECT_BY_KEY: Final = _SELECT.format(condition="key = $3")

SELECT_HEAD: Final = _SELECT.format(
    condition="""sequence = (
        SELECT head_sequence FROM executions WHERE project_id = $1 AND id = $2 AND $3::integer = 0
    )"""
)

SELECT_DELTA_BYTES: Final = """
SELECT coalesce(sum(octet_length(delta)), 0)::integer
FROM snapshots
WHERE project_id = $1 AND execution_id = $2 AND sequence > $3 AND sequence <= $4
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
    connection: Connection, project_id: UUID, execution_id: UUID, wanted: int | str, *, known: Known
) -> StoredState | None:
    """Returns what a state is made from; None if there is no such snapshot.

    Args:
        connection: Bound to the project.
        project_id: The project.
        execution_id: The execution.
        wanted: The snapshot's sequence, zero for the head, or its key.
        known: A snapshot whose state the caller has, to begin there if it is on the way.
    """
    statement = SELECT_BY_KEY if isinstance(wanted, str) else SELECT_BY_SEQUENCE if wanted else SELECT_HEAD
    row = await connection.fetchrow(statement, project_id, execution_id, wanted, *known)
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
