"""What a search asks PostgreSQL: where to look, what a filter leaves, and what memories are like by now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from timeloom_memory.model import Matrix, MemoryFilter, Part
from timeloom_memory.storage import vectors
from timeloom_memory.storage.memories import JOIN_USAGE
from timeloom_memory.storage.predicates import Parameters, Scope, Selection, matching
from timeloom_memory.storage.texts import TEXTS_PER_PAGE, StoredText
from timeloom_platform.database import Connection

_GROUND: Final = "SELECT * FROM search_ground($1, $2)"

_NUMBERS: Final = "SELECT m.id, m.number FROM {source} WHERE {condition} LIMIT {limit}"

_STANDING: Final = """
    m.id, m.importance, m.occur_time, m.create_time,
    coalesce(u.access_count, 0) AS access_count, coalesce(u.recent, '{}') AS recent
"""

_TEXTS: Final = """
SELECT m.id, m.number, m.namespace, m.content, m.context FROM {source} WHERE {condition}
"""

# The inner product of vectors of unit length is their cosine; pgvector's operator returns its negative.
_COSINES: Final = """
SELECT m.id, v.part, -(v.vector OPERATOR(public.<#>) {vector}::public.vector) AS cosine
FROM {source}
JOIN memory_vectors AS v
    ON v.project_id = m.project_id AND v.memory_id = m.id AND v.content_version = m.content_version
    AND v.model = m.embedding_model
WHERE
    {condition} AND m.embedding_model = {model} AND m.dimension = {dimension}
    AND v.part = ANY({parts}::smallint[])
ORDER BY cosine DESC, m.id, v.part
LIMIT {limit}
"""


class Place(Struct, frozen=True):
    """A namespace to look into, and the models that it has vectors of, with their dimensions."""

    namespace: str
    dimensions: dict[str, int]


class Ground(Struct, frozen=True):
    """How far a project's changes have come, how its memories fade, and where to look."""

    sequence: int
    decay_model: int
    half_life_days: float
    places: Sequence[Place]


class Standing(Struct, frozen=True):
    """What a memory is like besides its text."""

    memory_id: UUID
    importance: float
    occur_time: datetime
    create_time: datetime
    access_count: int
    recent: Sequence[datetime]


class Asked(Struct, frozen=True, kw_only=True):
    """Which memories a search is about, and who asks.

    Attributes:
        namespaces: In these and what is below them; everywhere if empty.
    """

    project_id: UUID
    wanted: MemoryFilter
    namespaces: Sequence[str]
    scope: Scope

    def selection(self, parameters: Parameters) -> Selection:
        """Returns where they are found, and the condition that they fulfil."""
        return matching(self.wanted, namespaces=self.namespaces, scope=self.scope, parameters=parameters)


async def ground(
    fetchrow: Callable[..., Awaitable[asyncpg.Record | None]], project_id: UUID, prefixes: Sequence[str]
) -> Ground:
    """Returns what a search begins with.

    Args:
        fetchrow: Of a transaction, or a call that is a transaction by itself.
        project_id: The project.
        prefixes: The namespaces with these names and all that are below them; all if there are no names.
    """
    row = await fetchrow(_GROUND, project_id, list(prefixes))
    assert row is not None, "the function returns a row"
    found: dict[str, Place] = {}
    for name, model, dimension in zip(row["names"], row["models"], row["dimensions"], strict=True):
        place = found.setdefault(name, Place(name, {}))
        if model is not None:
            place.dimensions[model] = dimension
    return Ground(row["sequence"], row["decay_model"], row["half_life_days"], list(found.values()))


async def numbers(connection: Connection, asked: Asked, *, limit: int) -> dict[UUID, int]:
    """Returns which memories are meant, with their numbers: at most so many."""
    parameters = Parameters(asked.project_id)
    selection = asked.selection(parameters)
    statement = _NUMBERS.format(
        source=selection.source, condition=selection.condition, limit=parameters.add(limit)
    )
    rows = await connection.fetch(statement, *parameters.values)
    return {row["id"]: row["number"] for row in rows}


async def standings(connection: Connection, asked: Asked, memory_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """Returns those of the memories that are meant and may be read, as they are by now.

    They must come from the namespaces that are meant, which they never leave: asked for these again,
    PostgreSQL may read a namespace as a whole.
    """
    parameters = Parameters(asked.project_id)
    selection = matching(asked.wanted, scope=asked.scope, parameters=parameters)
    statement = selection.lookup(_STANDING, ids=parameters.add(memory_ids), joins=JOIN_USAGE)
    return {row["id"]: Standing(*row) for row in await connection.fetch(statement, *parameters.values)}


async def text_pages(connection: Connection, asked: Asked) -> AsyncIterator[list[StoredText]]:
    """Reads the texts of all memories that are meant, as the filter means them, a page at a time."""
    parameters = Parameters(asked.project_id)
    selection = asked.selection(parameters)
    statement = _TEXTS.format(source=selection.source, condition=selection.condition)
    page: list[StoredText] = []
    async for row in connection.cursor(statement, *parameters.values, prefetch=TEXTS_PER_PAGE):
        page.append(StoredText(*row))
        if len(page) == TEXTS_PER_PAGE:
            yield page
            page = []
    if page:
        yield page


async def cosines(
    connection: Connection, asked: Asked, *, parts: Sequence[Part], model: str, vector: Matrix, limit: int
) -> list[tuple[UUID, int, float]]:
    """Compares a vector, a matrix of one row, with all memories that are meant.

    Returns:
        Ids, parts and cosines; at most so many of the highest.
    """
    parameters = Parameters(asked.project_id)
    selection = asked.selection(parameters)
    statement = _COSINES.format(
        source=selection.source,
        condition=selection.condition,
        vector=parameters.add(vectors.encoded(vector)[0]),
        model=parameters.add(model),
        dimension=parameters.add(vector.shape[1]),
        parts=parameters.add([int(part) for part in parts]),
        limit=parameters.add(limit * len(parts)),
    )
    rows = await connection.fetch(statement, *parameters.values)
    return [(row["id"], row["part"], row["cosine"]) for row in rows]
