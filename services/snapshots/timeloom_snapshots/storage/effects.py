"""The effects of snapshots."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from timeloom_platform.database import Connection
from timeloom_snapshots import checksums
from timeloom_snapshots.model import Effect

_COLUMNS: Final = """
    execution_id, sequence, ordinal, create_time, checksum, document_bytes, kind, dictionary_id, key, name,
    request, response
"""

INSERT: Final = f"""
INSERT INTO effects (project_id, {_COLUMNS}, record_time)
SELECT $1, new.*, clock_timestamp() FROM unnest($2::new_effect[]) AS new
"""  # noqa: S608 - a constant

RECORD: Final = "SELECT * FROM record_effects($1, $2, $3, $4, $5, $6, $7)"

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

AWAIT_RECORDERS: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))"

LOCK_SNAPSHOT: Final = "SELECT lock_snapshot($1, $2, $3)"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEffect:
    """An effect whose documents are compressed, and what is needed to read it."""

    sequence: int
    dictionary_id: int
    checksum: int
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Whether effects were added, and those that their snapshot had before, without their documents."""

    is_done: bool
    known: Sequence[Effect]


async def insert(connection: Connection, project_id: UUID, rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts what `row` made."""
    if rows:
        await connection.execute(INSERT, project_id, rows)


async def record(
    fetchrow: Callable[..., Awaitable[asyncpg.Record | None]],
    project_id: UUID,
    execution_id: UUID,
    sequence: int,
    rows: Sequence[tuple[Any, ...]],
    *,
    seen: Sequence[Effect],
    replaces: bool,
) -> Recorded | None:
    """Adds effects to a snapshot if it has those that were seen; None if there is no snapshot.

    Args:
        fetchrow: Of a transaction, or a call that is a transaction by itself. Whoever asks again within a
            transaction is the only one to add effects to the snapshot, and will have seen what there is.
        project_id: The project.
        execution_id: The execution.
        sequence: The snapshot's.
        rows: What `row` made.
        seen: The effects that the new ones were numbered after.
        replaces: Effects of the same keys are replaced; forks keep them.
    """
    seen_bytes = sum(effect.document_bytes for effect in seen)
    found = await fetchrow(RECORD, project_id, execution_id, sequence, len(seen), seen_bytes, rows, replaces)
    assert found is not None, "the function returns a row"
    if not found["is_there"]:
        return None
    columns = [found[name] for name in ("keys", "ordinals", "kinds", "names", "sizes", "create_times")]
    known = [
        Effect(
            key=key,
            ordinal=ordinal,
            kind=kind,
            name=name,
            request=None,
            response=None,
            document_bytes=size,
            create_time=create_time,
        )
        for key, ordinal, kind, name, size, create_time in zip(*columns, strict=True)
    ]
    return Recorded(is_done=found["is_recorded"], known=known)


async def await_recorders(connection: Connection, execution_id: UUID) -> None:
    """Lets nobody add effects to the snapshots of an execution before the transaction ends."""
    await connection.execute(AWAIT_RECORDERS, str(execution_id))


async def lock_snapshot(connection: Connection, project_id: UUID, execution_id: UUID, sequence: int) -> bool:
    """Makes the caller the only one to add effects to a snapshot or to mark it; False if there is none."""
    return bool(await connection.fetchval(LOCK_SNAPSHOT, project_id, execution_id, sequence))


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
