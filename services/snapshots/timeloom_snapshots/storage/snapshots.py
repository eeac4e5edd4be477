"""Snapshots without their states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_platform.database import Connection
from timeloom_snapshots import limits
from timeloom_snapshots.model import Snapshot
from timeloom_snapshots.storage import effects

# Label and tags are those that were given last.
PAGE_COLUMNS: Final = """
    sequence, parent_sequence, kind, step_name,
    coalesce(marked_label, label) AS label, key, coalesce(marked_tags, tags) AS tags,
    state_hash, chain_hash, state_bytes, stored_bytes, create_time
"""
SLIM_COLUMNS: Final = f"{PAGE_COLUMNS}, metadata"

# All snapshots of an execution, those that it shares among them.
FROM_LINEAGE: Final = """
FROM lineage_of($1, $2) AS line
JOIN snapshots
    ON snapshots.project_id = $1
    AND snapshots.execution_id = line.owner_id
    AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
"""

# Of every line no more than a page, in the order of its index. Large metadata is measured here and read by a
# statement of its own.
_PAGE: Final = f"""
SELECT page.*
FROM lineage_of($1, $2) AS line
CROSS JOIN LATERAL (
    SELECT
        {PAGE_COLUMNS},
        coalesce(octet_length(metadata), 0) AS metadata_bytes,
        CASE WHEN octet_length(metadata) <= {limits.INLINE_METADATA_BYTES_MAX} THEN metadata END AS metadata
    FROM snapshots
    WHERE project_id = $1 AND execution_id = line.owner_id AND sequence > $3 AND sequence < $4
        AND sequence BETWEEN line.first_sequence AND line.last_sequence
        AND ($5::smallint[] IS NULL OR kind = ANY($5))
        AND ($6::text IS NULL OR $6 = ANY(coalesce(marked_tags, tags)))
    ORDER BY sequence {{0}}
    LIMIT $7
) AS page
ORDER BY page.sequence {{0}}
LIMIT $7
"""  # noqa: S608 - a constant

SELECT_ASCENDING: Final = _PAGE.format("ASC")
SELECT_DESCENDING: Final = _PAGE.format("DESC")

SELECT_METADATA: Final = f"""
SELECT sequence, metadata
{FROM_LINEAGE}
WHERE sequence = ANY($3::integer[])
"""

SELECT_ONE: Final = f"""
SELECT {SLIM_COLUMNS}
{FROM_LINEAGE}
WHERE sequence = $3
"""

SELECT_KEYED: Final = f"""
SELECT wanted.execution_id AS wanted_id, {SLIM_COLUMNS}
FROM unnest($2::uuid[], $3::text[]) AS wanted (execution_id, wanted_key)
CROSS JOIN LATERAL lineage_of($1, wanted.execution_id) AS line
JOIN snapshots
    ON snapshots.project_id = $1
    AND snapshots.execution_id = line.owner_id
    AND snapshots.key = wanted.wanted_key
    AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFilter:
    """Which snapshots are wanted, and in which order; what is empty does not restrict them."""

    after_sequence: int = 0
    before_sequence: int = 0
    kinds: tuple[int, ...] = ()
    tag: str = ""
    descending: bool = False
    with_effects: bool = False

    def beginning_after(self, position: Sequence[object] | None) -> SnapshotFilter:
        """Returns the filter for what follows a position: the last sequence on the page before."""
        if not position:
            return self
        last = position[0]
        assert isinstance(last, int)
        return replace(self, before_sequence=last) if self.descending else replace(self, after_sequence=last)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotPage:
    """Some snapshots in order, and whether others follow."""

    snapshots: Sequence[Snapshot]
    has_more: bool


async def select_page(
    connection: Connection, project_id: UUID, execution_id: UUID, wanted: SnapshotFilter, limit: int
) -> SnapshotPage:
    """Returns as many snapshots as the limit says; less, but at least one, if their metadata is large."""
    rows = await connection.fetch(
        SELECT_DESCENDING if wanted.descending else SELECT_ASCENDING,
        project_id,
        execution_id,
        wanted.after_sequence,
        wanted.before_sequence or limits.SEQUENCE_MAX,
        wanted.kinds or None,
        wanted.tag or None,
        limit + 1,
    )
    if not rows:
        return SnapshotPage(snapshots=(), has_more=False)
    totals = accumulate(row["metadata_bytes"] for row in rows[:limit])
    fitting = max(sum(total <= limits.PAGE_BYTES_MAX for total in totals), 1)
    has_more, rows = fitting < len(rows), rows[:fitting]
    metadata = await _large_metadata(connection, project_id, execution_id, rows)
    ends = (rows[0]["sequence"], rows[-1]["sequence"])
    counts = await effects.count(connection, project_id, execution_id, first=min(ends), last=max(ends))
    found = [
        snapshot_of(
            execution_id,
            row,
            effect_count=counts.get(row["sequence"], 0),
            metadata=metadata.get(row["sequence"], row["metadata"]),
        )
        for row in rows
    ]
    return SnapshotPage(snapshots=found, has_more=has_more)


async def _large_metadata(
    connection: Connection, project_id: UUID, execution_id: UUID, rows: Sequence[asyncpg.Record]
) -> dict[int, str]:
    sequences = [row["sequence"] for row in rows if row["metadata_bytes"] > limits.INLINE_METADATA_BYTES_MAX]
    if not sequences:
        return {}
    found = await connection.fetch(SELECT_METADATA, project_id, execution_id, sequences)
    return {row["sequence"]: row["metadata"] for row in found}


async def select_keyed(
    connection: Connection, project_id: UUID, keys: Sequence[tuple[UUID, str]]
) -> dict[tuple[UUID, str], Snapshot]:
    """Returns those snapshots, of any executions, that have one of the keys."""
    ids, names = zip(*keys, strict=True)
    found: dict[tuple[UUID, str], Snapshot] = {}
    for row in await connection.fetch(SELECT_KEYED, project_id, ids, names):
        execution_id, sequence = UUID(bytes=row["wanted_id"].bytes), row["sequence"]
        counts = await effects.count(connection, project_id, execution_id, first=sequence, last=sequence)
        found[execution_id, row["key"]] = snapshot_of(
            execution_id, row, effect_count=counts.get(sequence, 0), metadata=row["metadata"]
        )
    return found


async def select_one(
    connection: Connection, project_id: UUID, execution_id: UUID, sequence: int
) -> Snapshot | None:
    """Returns a snapshot; None if there is none."""
    row = await connection.fetchrow(SELECT_ONE, project_id, execution_id, sequence)
    if row is None:
        return None
    counts = await effects.count(connection, project_id, execution_id, first=sequence, last=sequence)
    return snapshot_of(execution_id, row, effect_count=counts.get(sequence, 0), metadata=row["metadata"])


def snapshot_of(
    execution_id: UUID, row: asyncpg.Record, *, effect_count: int, metadata: str | None
) -> Snapshot:
    """Makes a snapshot from a row that has the columns of a page."""
    return Snapshot(
        execution_id=execution_id,
        sequence=row["sequence"],
        parent_sequence=row["parent_sequence"],
        kind=row["kind"],
        step_name=row["step_name"],
        label=row["label"] or "",
        key=row["key"] or "",
        tags=tuple(row["tags"] or ()),
        metadata=metadata,
        state_hash=row["state_hash"],
        chain_hash=row["chain_hash"],
        state_bytes=row["state_bytes"],
        stored_bytes=row["stored_bytes"],
        effect_count=effect_count,
        create_time=row["create_time"],
    )
