"""The table of scores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from timeloom_observability.model import EPOCH, Score, ScoreSource
from timeloom_platform.database import Connection

_MICROSECOND: Final = timedelta(microseconds=1)
_COLUMNS: Final = (
    "id, name, value, label, comment, source, trace_id, span_id, execution_id, session_id, author_id,"
    " metadata, create_time"
)

# What stands already has its place in lists, and keeps it. What says the same changes nothing.
UPSERT: Final = f"""
INSERT INTO scores AS kept (project_id, {_COLUMNS})
SELECT $1, incoming.*
FROM unnest(
    $2::uuid [], $3::text [], $4::float8 [], $5::text [], $6::text [], $7::smallint [], $8::bytea [],
    $9::bytea [], $10::uuid [], $11::text [], $12::text [], $13::text [], $14::timestamptz []
) AS incoming (id)
ORDER BY incoming.id
ON CONFLICT (project_id, id) DO UPDATE SET
    name = excluded.name,
    value = excluded.value,
    label = excluded.label,
    comment = excluded.comment,
    source = excluded.source,
    trace_id = excluded.trace_id,
    span_id = excluded.span_id,
    execution_id = excluded.execution_id,
    session_id = excluded.session_id,
    author_id = excluded.author_id,
    metadata = excluded.metadata
WHERE
    (
        kept.name, kept.value, kept.label, kept.comment, kept.source, kept.trace_id, kept.span_id,
        kept.execution_id, kept.session_id, kept.author_id, kept.metadata
    ) IS DISTINCT FROM (
        excluded.name, excluded.value, excluded.label, excluded.comment, excluded.source, excluded.trace_id,
        excluded.span_id, excluded.execution_id, excluded.session_id, excluded.author_id, excluded.metadata
    )
RETURNING {_COLUMNS}
"""

SELECT: Final = f"SELECT {_COLUMNS} FROM scores WHERE project_id = $1 AND id = $2"

_SELECT_PAGE: Final = f"""
SELECT {_COLUMNS}
FROM scores
WHERE {{conditions}}
ORDER BY create_time DESC, id DESC
LIMIT $2
"""

SELECT_OF_TRACE: Final = f"""
SELECT {_COLUMNS}
FROM scores
WHERE project_id = $1 AND trace_id = $2
ORDER BY create_time, id
LIMIT $3
"""

DELETE: Final = "DELETE FROM scores WHERE project_id = $1 AND id = $2 RETURNING id"


class Wanted(Struct, frozen=True, kw_only=True):
    """Which scores a list shows; what is empty lets all through."""

    name: str = ""
    trace_id: str = ""
    execution_id: UUID | None = None
    session_id: str = ""
    source: ScoreSource | None = None


async def upsert(connection: Connection, project_id: UUID, scores: Sequence[Score]) -> list[Score]:
    """Writes scores, each id once, and returns those that say something new."""
    columns = [list(column) for column in zip(*map(_row, scores), strict=True)]
    return [_score(row) for row in await connection.fetch(UPSERT, project_id, *columns)]


async def select(connection: Connection, project_id: UUID, score_id: UUID) -> Score | None:
    """Returns a score; None if there is none of this id."""
    row = await connection.fetchrow(SELECT, project_id, score_id)
    return _score(row) if row else None


async def select_page(
    connection: Connection,
    project_id: UUID,
    wanted: Wanted,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Score]:
    """Returns scores, the newest first."""
    parameters: list[Any] = [project_id, limit]
    conditions = ["project_id = $1"]
    for column, value in (
        ("name", wanted.name),
        ("trace_id", bytes.fromhex(wanted.trace_id)),
        ("execution_id", wanted.execution_id),
        ("session_id", wanted.session_id),
        ("source", wanted.source),
    ):
        if value:
            parameters.append(value)
            conditions.append(f"{column} = ${len(parameters)}")
    if after is not None:
        parameters += after
        conditions.append(f"(create_time, id) < (${len(parameters) - 1}, ${len(parameters)})")
    statement = _SELECT_PAGE.format(conditions=" AND ".join(conditions))
    return [_score(row) for row in await connection.fetch(statement, *parameters)]


async def scores_of_trace(
    connection: Connection, project_id: UUID, trace_id: str, *, limit: int
) -> list[Score]:
    """Returns the scores of a trace and of the spans in it, the oldest first."""
    rows = await connection.fetch(SELECT_OF_TRACE, project_id, bytes.fromhex(trace_id), limit)
    return [_score(row) for row in rows]


async def delete(connection: Connection, project_id: UUID, score_id: UUID) -> bool:
    """Deletes a score; False if there is none of this id."""
    return await connection.fetchval(DELETE, project_id, score_id) is not None


def _row(score: Score) -> tuple[Any, ...]:
    return (
        score.id,
        score.name,
        score.value,
        score.label,
        score.comment,
        score.source,
        bytes.fromhex(score.trace_id) or None,
        bytes.fromhex(score.span_id) or None,
        score.execution_id,
        score.session_id,
        score.author_id,
        score.metadata.decode(),
        score.create_time,
    )


def _score(row: asyncpg.Record) -> Score:
    return Score(
        id=row["id"],
        name=row["name"],
        value=row["value"],
        label=row["label"],
        comment=row["comment"],
        source=ScoreSource(row["source"]),
        trace_id=(row["trace_id"] or b"").hex(),
        span_id=(row["span_id"] or b"").hex(),
        execution_id=row["execution_id"],
        session_id=row["session_id"],
        author_id=row["author_id"],
        metadata=row["metadata"].encode(),
        create_ns=(row["create_time"] - EPOCH) // _MICROSECOND * 1_000,
    )
