"""From events that arrived to events that can be found by words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from timeloom_observability.search.texts import COLUMNS
from timeloom_platform.database import Connection, NewConnection

BLOCK_EVENTS: Final = 2_048
"""A block that has so many is full."""

DOCUMENTS: Final = "left(events.input, {length}) AS input, left(events.output, {length}) AS output"
"""The beginnings of what went in and came out."""

_READ: Final = ", ".join(f"events.{name}" for name in COLUMNS)

INSERT_ARRIVAL: Final = "INSERT INTO event_arrivals (project_id, event_ids) VALUES ($1, $2)"

TAKE_ARRIVALS: Final = """
DELETE FROM event_arrivals AS taken
USING (
    SELECT project_id, position FROM event_arrivals ORDER BY position LIMIT $1 FOR UPDATE SKIP LOCKED
) AS oldest
WHERE taken.project_id = oldest.project_id AND taken.position = oldest.position
RETURNING taken.project_id, taken.event_ids
"""

SELECT_EVENTS: Final = f"""
SELECT {_READ}, {DOCUMENTS.format(length="$3")}
FROM events
WHERE events.project_id = $1 AND events.id = ANY ($2::uuid [])
"""  # noqa: S608 - constants

INSERT_WORDS: Final = """
INSERT INTO event_words (project_id, event_id, words)
SELECT $1, found.event_id, found.words
FROM unnest($2::uuid [], $3::tsvector []) AS found (event_id, words)
ON CONFLICT DO NOTHING
"""

SELECT_OPEN_BLOCK: Final = """
SELECT number
FROM event_blocks
WHERE project_id = $1 AND is_open
ORDER BY number DESC
LIMIT 1
FOR UPDATE SKIP LOCKED
"""

INSERT_BLOCK: Final = """
INSERT INTO event_blocks (project_id, event_count, is_open, first_event_id, last_event_id)
VALUES ($1, 0, true, $2, $2)
RETURNING number
"""

GROW_BLOCK: Final = """
UPDATE event_blocks SET
    event_count = event_count + $3,
    is_open = event_count + $3 < $4,
    first_event_id = least(first_event_id, $5),
    last_event_id = greatest(last_event_id, $6)
WHERE project_id = $1 AND number = $2
"""


async def prepare(connection: NewConnection) -> None:
    """Teaches a new connection to take documents and vectors in the binary form in which they are made."""
    for name, schema in (("tsvector", "pg_catalog"), ("halfvec", "public")):
        await connection.set_type_codec(
            name, schema=schema, encoder=_as_it_is, decoder=_as_it_is, format="binary"
        )


async def insert_arrival(connection: Connection, project_id: UUID, event_ids: Sequence[UUID]) -> None:
    """Notes that events are to be made findable."""
    await connection.execute(INSERT_ARRIVAL, project_id, event_ids)


async def take_arrivals(connection: Connection, limit: int) -> dict[UUID, list[UUID]]:
    """Takes what arrived first and nobody else works on, by projects; all have it again without a commit."""
    taken: dict[UUID, list[UUID]] = {}
    for row in await connection.fetch(TAKE_ARRIVALS, limit):
        taken.setdefault(row["project_id"], []).extend(row["event_ids"])
    return taken


async def select_events(
    connection: Connection, project_id: UUID, event_ids: Sequence[UUID], *, length: int
) -> list[asyncpg.Record]:
    """Returns those of some events that are there, with so many characters of their inputs and outputs."""
    return await connection.fetch(SELECT_EVENTS, project_id, event_ids, length)


async def open_block(connection: Connection, project_id: UUID, event_id: UUID) -> int:
    """Returns the number of a block that nobody else adds to as long as the transaction lasts."""
    number = await connection.fetchval(SELECT_OPEN_BLOCK, project_id)
    if number is None:
        number = await connection.fetchval(INSERT_BLOCK, project_id, event_id)
    return int(number)


async def insert_words(
    connection: Connection, project_id: UUID, block: int, documents: dict[UUID, bytes]
) -> None:
    """Makes events findable, as a part of an open block."""
    await connection.execute(INSERT_WORDS, project_id, list(documents), list(documents.values()))
    await connection.execute(
        GROW_BLOCK, project_id, block, len(documents), BLOCK_EVENTS, min(documents), max(documents)
    )


def _as_it_is(form: Any) -> Any:
    return form
