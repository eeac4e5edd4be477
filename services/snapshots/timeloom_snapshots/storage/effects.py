"""The effects of snapshots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

# The time is that of the statement, which waited for the forks that are being made: see LOCK_EXECUTION.
INSERT: Final = f"""
INSERT INTO effects (project_id, {_COLUMNS}, record_time)
SELECT $1, new.*, clock_timestamp() FROM unnest($2::new_effect[]) AS new
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
    response = excluded.response,
    record_time = excluded.record_time
"""

# What is about to be replaced becomes the own of those forks that have had it from here.
LEAVE_TO_FORKS: Final = f"""
INSERT INTO effects (project_id, {_COLUMNS}, record_time)
SELECT
    $1, line.execution_id, sequence, ordinal, create_time, checksum, document_bytes, kind, dictionary_id, key,
    name, request, response, record_time
FROM lineages AS line
CROSS JOIN LATERAL effects_of($1, line.execution_id, $3, $3) AS seen
WHERE line.project_id = $1
    AND line.owner_id = $2
    AND line.last_sequence >= $3
    AND seen.execution_id = $2
    AND seen.key = ANY($4::text[])
"""  # noqa: S608 - a constant

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

# Effects are recorded before an execution is forked or after: the times of both tell what a fork has.
# Recording snapshots waits for neither: no fork shares a snapshot before it is there with its effects.
LOCK_EXECUTION: Final = """
SELECT pg_advisory_xact_lock_shared(hashtextextended(id::text, 0))
FROM executions
WHERE project_id = $1 AND id = $2
FOR KEY SHARE
"""

AWAIT_RECORDERS: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))"

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


async def insert(connection: Connection, project_id: UUID, rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts what `row` made."""
    if rows:
        await connection.execute(INSERT, project_id, rows)


async def replace(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    sequence: int,
    rows: Mapping[str, tuple[Any, ...]],
) -> None:
    """Inserts what `row` made of a snapshot's effects, by their keys; forks keep what it replaces."""
    if rows:
        await connection.execute(LEAVE_TO_FORKS, project_id, execution_id, sequence, list(rows))
        await connection.execute(UPSERT, project_id, list(rows.values()))


async def await_recorders(connection: Connection, execution_id: UUID) -> None:
    """Lets nobody add effects to the snapshots of an execution before the transaction ends."""
    await connection.execute(AWAIT_RECORDERS, str(execution_id))


async def lock_snapshot(connection: Connection, project_id: UUID, execution_id: UUID, sequence: int) -> bool:
    """Makes the caller the only one to add effects to a snapshot; False if there is none."""
    await connection.execute(LOCK_EXECUTION, project_id, execution_id)
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
