"""The texts of memories, as the keyword index takes them in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Connection

TEXTS_PER_PAGE: Final = 500

_COLUMNS: Final = "SELECT id, number, namespace, content, context FROM memories"

_SELECT_ALL: Final = (
    f"{_COLUMNS} WHERE project_id = $1 AND namespace = ANY($2::text[]) AND delete_time IS NULL"
)

# Each id is looked up by itself: see `predicates`.
_SELECT: Final = f"""
SELECT found.*
FROM unnest($2::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    {_COLUMNS} WHERE project_id = $1 AND memories.id = wanted.id AND delete_time IS NULL LIMIT 1
) AS found
"""  # noqa: S608 - constants


class StoredText(Struct, frozen=True):
    """The text of a memory that is not deleted."""

    memory_id: UUID
    number: int
    namespace: str
    content: str
    context: str


async def pages(
    connection: Connection, project_id: UUID, namespaces: Sequence[str]
) -> AsyncIterator[list[StoredText]]:
    """Reads all texts of namespaces, as they are when the reading begins, a page at a time."""
    page: list[StoredText] = []
    async for row in connection.cursor(_SELECT_ALL, project_id, namespaces, prefetch=TEXTS_PER_PAGE):
        page.append(StoredText(*row))
        if len(page) == TEXTS_PER_PAGE:
            yield page
            page = []
    if page:
        yield page


async def select(connection: Connection, project_id: UUID, memory_ids: Sequence[UUID]) -> list[StoredText]:
    """Returns the texts of those memories that are there and not deleted."""
    return [StoredText(*row) for row in await connection.fetch(_SELECT, project_id, memory_ids)]
