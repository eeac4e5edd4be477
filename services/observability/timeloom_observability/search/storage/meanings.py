"""What events mean: texts, their vectors, and the nearest of them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_observability.filtering import Conditions
from timeloom_platform.database import Connection

DIMENSION_INDEXED: Final = 384
"""Of the vectors that have an index: those of the built-in model."""

USES_MAX: Final = 10
"""Of the events that say one text, so many are found by its meaning: the newest ones."""

USES_LOOKED_AT_MAX: Final = 100
"""Of them so many are looked at, if a filter leaves some out."""

_PROJECTS_MAX: Final = 1_000

# The row is locked even where nothing changes, so that nobody lets go of what is about to be said again.
INSERT_MEANINGS: Final = """
INSERT INTO event_meanings AS kept (project_id, id, last_day, text, model)
SELECT $1, said.id, said.day, said.text, ''
FROM unnest($2::uuid [], $3::date [], $4::text []) AS said (id, day, text)
ORDER BY said.id
ON CONFLICT (project_id, id) DO UPDATE SET last_day = excluded.last_day
WHERE kept.last_day < excluded.last_day
"""

INSERT_USES: Final = """
INSERT INTO event_meaning_uses (project_id, meaning_id, event_id)
SELECT $1, said.meaning_id, said.event_id
FROM unnest($2::uuid [], $3::uuid []) AS said (meaning_id, event_id)
ON CONFLICT DO NOTHING
"""

SELECT_PROJECTS: Final = """
WITH RECURSIVE waiting AS (
    (SELECT project_id FROM event_meanings WHERE model = $1 ORDER BY project_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT following.project_id
        FROM event_meanings AS following
        WHERE following.model = $1 AND following.project_id > waiting.project_id
        ORDER BY following.project_id
        LIMIT 1
    )
    FROM waiting
    WHERE waiting.project_id IS NOT NULL
)
SELECT project_id FROM waiting WHERE project_id IS NOT NULL LIMIT $2
"""

SELECT_OTHER_MODELS: Final = """
(SELECT model FROM event_meanings WHERE model > '' AND model < $1 LIMIT 1)
UNION ALL
(SELECT model FROM event_meanings WHERE model > $1 LIMIT 1)
"""

TAKE_MEANINGS: Final = """
SELECT id, text
FROM event_meanings
WHERE model = $2 AND project_id = $1
ORDER BY position DESC
LIMIT $3
FOR UPDATE SKIP LOCKED
"""

UPDATE_VECTORS: Final = """
UPDATE event_meanings AS kept SET model = $2, vector = made.vector
FROM unnest($3::uuid [], $4::public.halfvec []) AS made (id, vector)
WHERE kept.project_id = $1 AND kept.id = made.id
"""

COUNT_MEANINGS: Final = """
SELECT count(*)
FROM (SELECT FROM event_meanings WHERE model = $2 AND project_id = $1 LIMIT $3) AS counted
"""

BE_THOROUGH: Final = """
SELECT
    set_config('hnsw.ef_search', $1, true),
    set_config('hnsw.iterative_scan', 'relaxed_order', true),
    set_config('hnsw.max_scan_tuples', $2, true)
"""

# Adding zero keeps the planner from the index, which knows nothing of projects.
NEAREST_OF_ALL: Final = """
WITH nearest AS MATERIALIZED (
    SELECT kept.id, kept.vector OPERATOR(public.<#>) {vector}::public.halfvec AS distance
    FROM event_meanings AS kept
    WHERE kept.project_id = $1 AND kept.model = {model}
    ORDER BY (kept.vector OPERATOR(public.<#>) {vector}::public.halfvec) + 0
    LIMIT {limit}
)
"""

NEAREST_BY_INDEX: Final = f"""
WITH nearest AS MATERIALIZED (
    SELECT
        kept.id,
        kept.vector::public.halfvec({DIMENSION_INDEXED})
        OPERATOR(public.<#>) {{vector}}::public.halfvec({DIMENSION_INDEXED}) AS distance
    FROM event_meanings AS kept
    WHERE kept.project_id = $1
        AND kept.model = {{model}}
        AND public.vector_dims(kept.vector) = {DIMENSION_INDEXED}
    ORDER BY
        kept.vector::public.halfvec({DIMENSION_INDEXED})
        OPERATOR(public.<#>) {{vector}}::public.halfvec({DIMENSION_INDEXED})
    LIMIT {{limit}}
)
"""  # noqa: S608 - constants

NEAREST_OF_MEANT: Final = """
WITH meant AS MATERIALIZED (
    SELECT events.id FROM events WHERE {where} ORDER BY events.id DESC LIMIT {meant_limit}
),
nearest AS MATERIALIZED (
    SELECT kept.id, kept.vector OPERATOR(public.<#>) {vector}::public.halfvec AS distance
    FROM (
        SELECT DISTINCT said.meaning_id
        FROM meant
        CROSS JOIN LATERAL (
            SELECT meaning_id
            FROM event_meaning_uses
            WHERE project_id = $1 AND event_id = meant.id
            LIMIT 1
        ) AS said
    ) AS meanings
    CROSS JOIN LATERAL (
        SELECT id, model, vector
        FROM event_meanings
        WHERE project_id = $1 AND id = meanings.meaning_id
        LIMIT 1
    ) AS kept
    WHERE kept.model = {model}
    ORDER BY (kept.vector OPERATOR(public.<#>) {vector}::public.halfvec) + 0
    LIMIT {limit}
)
"""

EVENTS_OF_NEAREST: Final = """
SELECT uses.event_id, -nearest.distance AS similarity
FROM nearest
CROSS JOIN LATERAL (
    SELECT said.event_id
    FROM (
        SELECT event_id
        FROM event_meaning_uses
        WHERE project_id = $1 AND meaning_id = nearest.id
        ORDER BY event_id DESC
        LIMIT {looked_at_max}
    ) AS said
    CROSS JOIN LATERAL (
        SELECT FROM events WHERE {where} AND events.id = said.event_id LIMIT 1
    ) AS meant
    ORDER BY said.event_id DESC
    LIMIT {uses_max}
) AS uses
WHERE -nearest.distance >= {similarity_min}
"""


async def insert_meanings(
    connection: Connection, project_id: UUID, texts: Mapping[UUID, tuple[date, str]]
) -> None:
    """Notes what is said, by the ids of meanings: the newest day on which it is, and the text."""
    days, said = [day for day, _ in texts.values()], [text for _, text in texts.values()]
    await connection.execute(INSERT_MEANINGS, project_id, list(texts), days, said)


async def insert_uses(connection: Connection, project_id: UUID, uses: Mapping[UUID, UUID]) -> None:
    """Notes which events say what, the meanings by the events."""
    await connection.execute(INSERT_USES, project_id, list(uses.values()), list(uses))


async def select_projects(connection: Connection, model: str) -> list[UUID]:
    """Returns projects whose texts have a vector of a model; or none yet, if it is empty."""
    rows = await connection.fetch(SELECT_PROJECTS, model, _PROJECTS_MAX)
    return [row["project_id"] for row in rows]


async def select_other_models(connection: Connection, model: str) -> list[str]:
    """Returns some models, other than this one, of which there are vectors."""
    return [row["model"] for row in await connection.fetch(SELECT_OTHER_MODELS, model)]


async def take_meanings(
    connection: Connection, project_id: UUID, model: str, limit: int
) -> list[tuple[UUID, str]]:
    """Returns texts with vectors of a model, the newest first; no others work on them meanwhile."""
    rows = await connection.fetch(TAKE_MEANINGS, project_id, model, limit)
    return [(row["id"], row["text"]) for row in rows]


async def update_vectors(
    connection: Connection, project_id: UUID, model: str, vectors: Mapping[UUID, bytes]
) -> None:
    """Gives texts their vectors, each from `halves`."""
    await connection.execute(UPDATE_VECTORS, project_id, model, list(vectors), list(vectors.values()))


async def count_meanings(connection: Connection, project_id: UUID, model: str, limit: int) -> int:
    """Returns how many texts have a vector of a model, or none if it is empty; no more than the limit."""
    return int(await connection.fetchval(COUNT_MEANINGS, project_id, model, limit))


async def be_thorough(connection: Connection, *, breadth: int, rows_max: int) -> None:
    """Lets the rest of the transaction look at so many candidates at once, and at so many rows."""
    await connection.execute(BE_THOROUGH, str(breadth), str(rows_max))


async def select_nearest(
    connection: Connection,
    conditions: Conditions,
    nearest: str,
    *,
    model: str,
    vector: bytes,
    limit: int,
    similarity_min: float,
    meant_limit: int = 0,
) -> list[asyncpg.Record]:
    """Returns events with what their meanings have in common with a vector.

    Args:
        connection: As the system role.
        conditions: Of one project's events; more is added to their parameters.
        nearest: How to find the nearest meanings: one of the statements above.
        model: Whose vectors these are.
        vector: From `halves`.
        limit: At most so many meanings.
        similarity_min: What is less alike is left out.
        meant_limit: For `NEAREST_OF_MEANT`: of so many events, the newest ones.
    """
    arguments = Conditions(texts=conditions.texts, arguments=[*conditions.arguments])
    names = {
        "vector": arguments.argument(vector),
        "model": arguments.argument(model),
        "limit": arguments.argument(limit),
        "similarity_min": f"{arguments.argument(similarity_min)}::float8",
        "uses_max": str(USES_MAX),
        "looked_at_max": str(USES_LOOKED_AT_MAX),
        "where": conditions.where,
    }
    if nearest is NEAREST_OF_MEANT:
        names["meant_limit"] = arguments.argument(meant_limit)
    statement = (nearest + EVENTS_OF_NEAREST).format(**names)
    return await connection.fetch(statement, *arguments.arguments)


def halves(vectors: bytes, dimension: int) -> list[bytes]:
    """Returns vectors of numbers of four bytes as PostgreSQL takes those of two."""
    given, taken = struct.Struct(f"<{dimension}f"), struct.Struct(f">HH{dimension}e")
    return [taken.pack(dimension, 0, *numbers) for numbers in given.iter_unpack(vectors)]
