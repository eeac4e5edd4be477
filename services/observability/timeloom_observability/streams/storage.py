"""Reading events in the order in which they happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from timeloom_observability.filtering import Conditions
from timeloom_observability.showing import WHOLE, Row
from timeloom_platform.database import Connection

SELECT_SIZES: Final = """
SELECT
    events.id,
    coalesce(pg_column_size(events.input), 0) + coalesce(pg_column_size(events.output), 0)
    + pg_column_size(events.attributes) AS size_bytes
FROM events
WHERE {where}
ORDER BY events.id
LIMIT {limit}
"""

SELECT_WHOLE: Final = f"""
SELECT {WHOLE}
FROM events
LEFT JOIN resources ON resources.project_id = events.project_id AND resources.id = events.resource_id
WHERE events.project_id = $1 AND events.id = ANY($2::uuid[])
ORDER BY events.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """An event, and what it takes as it is stored."""

    id: UUID
    size_bytes: int


async def select_sizes(
    connection: Connection, conditions: Conditions, *, after: UUID | None, limit: int
) -> list[Sized]:
    """Returns the first events of the conditions after one of them, oldest first."""
    texts, arguments = list(conditions.texts), list(conditions.arguments)
    if after is not None:
        arguments.append(after)
        texts.append(f"events.id > ${len(arguments)}")
    arguments.append(limit)
    statement = SELECT_SIZES.format(where=" AND ".join(texts), limit=f"${len(arguments)}")
    return [Sized(**row) for row in await connection.fetch(statement, *arguments)]


async def select_whole(connection: Connection, project_id: UUID, event_ids: list[UUID]) -> list[Row]:
    """Returns all that is known of events, oldest first; those that are gone by now are not among them."""
    return await connection.fetch(SELECT_WHOLE, project_id, event_ids)
