"""The effects of snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_snapshots import checksums
from timeloom_snapshots.model import Effect

_COLUMNS: Final = """
    execution_id, sequence, ordinal, create_time, checksum, document_bytes, kind, dictionary_id, key, name,
    request, response
"""

INSERT: Final = f"""
INSERT INTO effects (project_id, {_COLUMNS})
SELECT $1, new.* FROM unnest($2::new_effect[]) AS new
"""  # noqa: S608 - a constant

UPSERT: Final = f"""
{INSERT}
ON CONFLICT (project_id, execution_id, sequence, key) DO UPDATE
SET
    create_time = excluded.create_time,
    checksum = excluded.checksum,
    document_bytes = excluded.document_bytes,
    kind = excluded.kind,
    dictionary_id = excluded.dictionary_id,
    name = excluded.name,
    request = excluded.request,
    response = excluded.response
"""

SELECT_SLIM: Final = """
SELECT key, ordinal, kind, name, document_bytes, create_time
FROM effects_of($1, $2, $3, $3)
ORDER BY ordinal
"""

SELECT_WHOLE: Final = """
SELECT
    sequence, ordinal, create_time, checksum, document_bytes, kind, dictionary_id, key, name,
    request, response
FROM unnest($3::integer[]) AS wanted (wanted_sequence)
CROSS JOIN LATERAL effects_of($1, $2, wanted.wanted_sequence, wanted.wanted_sequence)
ORDER BY sequence, ordinal
"""

COUNT: Final = """
SELECT sequence, count(*)::integer AS number
FROM effects_of($1, $2, $3, $4)
GROUP BY sequence
"""

SIZES: Final = """
SELECT sequence, sum(document_bytes)::bigint AS size_bytes
FROM unnest($3::integer[]) AS wanted (wanted_sequence)
CROSS JOIN LATERAL effects_of($1, $2, wanted.wanted_sequence, wanted.wanted_sequence)
GROUP BY sequence
"""

# The snapshot's row is locked, so that two writers do not number their effects alike.
LOCK_SNAPSHOT: Final = """
SELECT TRUE
FROM lineage_of($1, $2) AS line
JOIN snapshots
    ON snapshots.project_id = $1
    AND snapshots.execution_id = line.owner_id
    AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
WHERE snapshots.sequence = $3
FOR NO KEY UPDATE OF snapshots
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEffect:
    """An effect whose documents are compressed, and what is needed to read it."""

    sequence: int
    dictionary_id: int
    checksum: int
    effect: Effect


async def insert(
    connection: Connection, project_id: UUID, rows: Sequence[tuple[Any, ...]], *, replace: bool = False
) -> None:
    """Inserts what `row` made; replaces effects that are there, if that is asked for."""
    if rows:
        await connection.execute(UPSERT if replace else INSERT, project_id, rows)


async def lock_snapshot(connection: Connection, project_id: UUID, execution_id: UUID, sequence: int) -> bool:
    """Makes the caller the only one to add effects to a snapshot; False if there is none."""
    is_locked = await connection.fetchval(LOCK_SNAPSHOT, project_id, execution_id, sequence)
    if not is_locked:
        # It may have been sealed while this waited for its row: then it has another one now.
        is_locked = await connection.fetchval(LOCK_SNAPSHOT, project_id, execution_id, sequence)
    return bool(is_locked)


async def select_slim(
    connection: Connection, project_id: UUID, execution_id: UUID, sequence: int
) -> list[Effect]:
    """Returns a snapshot's effects without their documents."""
    rows = await connection.fetch(SELECT_SLIM, project_id, execution_id, sequence)
    return [Effect(request=None, response=None, **row) for row in rows]


async def select_whole(
    connection: Connection, project_id: UUID, execution_id: UUID, sequences: Sequence[int]
) -> list[StoredEffect]:
    """Returns the effects of snapshots as they are stored, in order."""
    rows = await connection.fetch(SELECT_WHOLE, project_id, execution_id, sequences)
    return [
        StoredEffect(
            sequence=row["sequence"],
            dictionary_id=row["dictionary_id"],
            checksum=row["checksum"],
            effect=Effect(
                key=row["key"],
                ordinal=row["ordinal"],
                kind=row["kind"],
                name=row["name"],
                request=row["request"],
                response=row["response"],
                document_bytes=row["document_bytes"],
                create_time=row["create_time"],
            ),
        )
        for row in rows
    ]


async def sizes(
    connection: Connection, project_id: UUID, execution_id: UUID, sequences: Sequence[int]
) -> dict[int, int]:
    """Returns what the documents of snapshots' effects take, uncompressed."""
    rows = await connection.fetch(SIZES, project_id, execution_id, sequences)
    return {row["sequence"]: row["size_bytes"] for row in rows}


async def count(
    connection: Connection, project_id: UUID, execution_id: UUID, *, first: int, last: int
) -> dict[int, int]:
    """Returns how many effects the snapshots of a range have; those without any are left out."""
    rows = await connection.fetch(COUNT, project_id, execution_id, first, last)
    return {row["sequence"]: row["number"] for row in rows}


def row(execution_id: UUID, sequence: int, dictionary_id: int, effect: Effect) -> tuple[Any, ...]:
    """Returns an effect, whose documents are compressed, as it is inserted."""
    return (
        execution_id,
        sequence,
        effect.ordinal,
        effect.create_time,
        checksums.of_effect(effect, sequence=sequence, dictionary_id=dictionary_id),
        effect.document_bytes,
        effect.kind,
        dictionary_id,
        effect.key,
        effect.name,
        effect.request,
        effect.response,
    )
