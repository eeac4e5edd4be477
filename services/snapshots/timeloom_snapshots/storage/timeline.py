"""Everything that happened in an execution, by time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from timeloom_platform.database import Connection
from timeloom_snapshots.model import (
    Effect,
    EffectEntry,
    ExecutionStatus,
    ForkEntry,
    HeadMove,
    Snapshot,
    StatusEntry,
)
from timeloom_snapshots.storage import effects
from timeloom_snapshots.storage.snapshots import FROM_LINEAGE, SLIM_COLUMNS, snapshot_of

TimelineItem = Snapshot | EffectEntry | HeadMove | ForkEntry | StatusEntry
"""Something that happened."""


class Source(IntEnum):
    """Where entries come from; those of the same time stand in this order."""

    BEGIN = 0
    EFFECT = 1
    SNAPSHOT = 2
    HEAD_MOVE = 3
    FORK = 4
    END = 5


# An entry is told by its source and three columns, which mean something else in each. Forks are found by the
# lines that they have to their origin.
_PAGE: Final = f"""
WITH entries (time, source, sequence, number, name, metadata_bytes) AS (
    SELECT create_time, {Source.BEGIN}, 0, 0, '', 0
    FROM executions
    WHERE project_id = $1 AND id = $2
    UNION ALL
    SELECT end_time, {Source.END}, 0, 0, '', 0
    FROM executions
    WHERE project_id = $1 AND id = $2 AND end_time IS NOT NULL
    UNION ALL
    SELECT create_time, {Source.SNAPSHOT}, sequence, 0, '', coalesce(octet_length(metadata), 0)
    {FROM_LINEAGE}
    UNION ALL
    SELECT create_time, {Source.EFFECT}, sequence, ordinal, key, 0
    FROM effects_of($1, $2, 1, 2147483647)
    UNION ALL
    SELECT create_time, {Source.HEAD_MOVE}, to_sequence, number, '', 0
    FROM head_moves
    WHERE project_id = $1 AND execution_id = $2
    UNION ALL
    SELECT forks.create_time, {Source.FORK}, forks.forked_from_sequence, 0, forks.id::text, 0
    FROM lineages
    JOIN executions AS forks ON forks.project_id = $1 AND forks.id = lineages.execution_id
    WHERE lineages.project_id = $1
        AND lineages.owner_id = $2
        AND forks.forked_from_execution_id = $2
        AND forks.delete_time IS NULL
)
SELECT time, source, sequence, number, name, metadata_bytes
FROM entries
WHERE $3::timestamptz IS NULL OR (time, source, sequence, number, name) {{comparison}} ($3, $4, $5, $6, $7)
ORDER BY
    time {{direction}}, source {{direction}}, sequence {{direction}}, number {{direction}}, name {{direction}}
LIMIT $8
"""  # noqa: S608 - a constant

SELECT_ASCENDING: Final = _PAGE.format(comparison=">", direction="ASC")
SELECT_DESCENDING: Final = _PAGE.format(comparison="<", direction="DESC")

SELECT_SNAPSHOTS: Final = f"""
SELECT {SLIM_COLUMNS}
{FROM_LINEAGE}
WHERE snapshots.sequence = ANY($3::integer[])
"""

SELECT_EFFECTS: Final = """
SELECT sequence, key, ordinal, effect.kind, effect.name, document_bytes, create_time
FROM unnest($3::integer[], $4::text[]) AS wanted (wanted_sequence, wanted_key)
CROSS JOIN LATERAL effects_of($1, $2, wanted_sequence, wanted_sequence) AS effect
WHERE effect.key = wanted_key
"""

SELECT_MOVES: Final = """
SELECT number, from_sequence, to_sequence, reason, create_time
FROM head_moves
WHERE project_id = $1 AND execution_id = $2 AND number = ANY($3::integer[])
"""

SELECT_NAMES: Final = """
SELECT id::text, name
FROM executions
WHERE project_id = $1 AND id = ANY($2::uuid[])
"""

SELECT_STATUS: Final = """
SELECT status FROM executions WHERE project_id = $1 AND id = $2
"""


class Place(NamedTuple):
    """Where an entry stands in a timeline."""

    time: datetime
    source: int
    sequence: int
    number: int
    name: str


class PlacedEntry(NamedTuple):
    """An entry that is not read yet, and what reading it brings in metadata."""

    place: Place
    metadata_bytes: int


async def select_places(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    *,
    after: Place | None,
    descending: bool,
    limit: int,
) -> list[PlacedEntry]:
    """Returns where the next entries stand, in order."""
    statement = SELECT_DESCENDING if descending else SELECT_ASCENDING
    rows = await connection.fetch(
        statement, project_id, execution_id, *(after or (None,) * len(Place._fields)), limit
    )
    return [PlacedEntry(Place(*list(row)[:-1]), row["metadata_bytes"]) for row in rows]


async def select_items(
    connection: Connection, project_id: UUID, execution_id: UUID, places: Sequence[Place]
) -> list[tuple[datetime, TimelineItem]]:
    """Returns what stands at some places; what is gone meanwhile is left out."""
    of: dict[int, list[Place]] = {source: [] for source in Source}
    for place in places:
        of[place.source].append(place)
    found: dict[Place, TimelineItem] = {}
    found.update(await _snapshots(connection, project_id, execution_id, of[Source.SNAPSHOT]))
    found.update(await _effects(connection, project_id, execution_id, of[Source.EFFECT]))
    found.update(await _moves(connection, project_id, execution_id, of[Source.HEAD_MOVE]))
    found.update(await _forks(connection, project_id, of[Source.FORK]))
    for place in of[Source.BEGIN]:
        found[place] = StatusEntry(status=ExecutionStatus.RUNNING)
    for place in of[Source.END]:
        status = await connection.fetchval(SELECT_STATUS, project_id, execution_id)
        found[place] = StatusEntry(status=ExecutionStatus(status))
    return [(place.time, found[place]) for place in places if place in found]


async def _snapshots(
    connection: Connection, project_id: UUID, execution_id: UUID, places: Sequence[Place]
) -> dict[Place, TimelineItem]:
    if not places:
        return {}
    sequences = [place.sequence for place in places]
    counts = await effects.count(
        connection, project_id, execution_id, first=min(sequences), last=max(sequences)
    )
    rows = await connection.fetch(SELECT_SNAPSHOTS, project_id, execution_id, sequences)
    found = {row["sequence"]: row for row in rows}
    return {
        place: snapshot_of(
            execution_id,
            found[place.sequence],
            effect_count=counts.get(place.sequence, 0),
            metadata=found[place.sequence]["metadata"],
        )
        for place in places
        if place.sequence in found
    }


async def _effects(
    connection: Connection, project_id: UUID, execution_id: UUID, places: Sequence[Place]
) -> dict[Place, TimelineItem]:
    if not places:
        return {}
    sequences, keys = [place.sequence for place in places], [place.name for place in places]
    rows = await connection.fetch(SELECT_EFFECTS, project_id, execution_id, sequences, keys)
    found = {(row["sequence"], row["key"]): _effect(row) for row in rows}
    return {
        place: found[place.sequence, place.name] for place in places if (place.sequence, place.name) in found
    }


async def _moves(
    connection: Connection, project_id: UUID, execution_id: UUID, places: Sequence[Place]
) -> dict[Place, TimelineItem]:
    if not places:
        return {}
    numbers = [place.number for place in places]
    rows = await connection.fetch(SELECT_MOVES, project_id, execution_id, numbers)
    found = {row["number"]: HeadMove(**row) for row in rows}
    return {place: found[place.number] for place in places if place.number in found}


async def _forks(
    connection: Connection, project_id: UUID, places: Sequence[Place]
) -> dict[Place, TimelineItem]:
    if not places:
        return {}
    rows = await connection.fetch(SELECT_NAMES, project_id, [UUID(place.name) for place in places])
    names = {row["id"]: row["name"] for row in rows}
    return {
        place: ForkEntry(sequence=place.sequence, execution_id=UUID(place.name), name=names[place.name])
        for place in places
        if place.name in names
    }


def _effect(row: asyncpg.Record) -> EffectEntry:
    return EffectEntry(
        sequence=row["sequence"],
        effect=Effect(
            key=row["key"],
            ordinal=row["ordinal"],
            kind=row["kind"],
            name=row["name"],
            request=None,
            response=None,
            document_bytes=row["document_bytes"],
            create_time=row["create_time"],
        ),
    )
