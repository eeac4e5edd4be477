"""Letting go of what events are found by, once the events are gone."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom_observability.ids import day_of
from timeloom_platform.database import Connection

DELETE_WORDS: Final = """
DELETE FROM event_words
WHERE project_id = $1 AND event_id IN (
    SELECT event_id FROM event_words WHERE project_id = $1 AND event_id < $2 ORDER BY event_id LIMIT $3
)
"""

DELETE_USES: Final = """
DELETE FROM event_meaning_uses
WHERE project_id = $1 AND event_id IN (
    SELECT event_id FROM event_meaning_uses WHERE project_id = $1 AND event_id < $2 ORDER BY event_id LIMIT $3
)
"""

DELETE_MEANINGS: Final = """
DELETE FROM event_meanings
WHERE project_id = $1 AND last_day < $2 AND id IN (
    SELECT id FROM event_meanings WHERE project_id = $1 AND last_day < $2 LIMIT $3
)
"""

DELETE_BLOCKS: Final = """
DELETE FROM event_blocks WHERE project_id = $1 AND last_event_id < $2 AND NOT is_open
"""


async def forget(connection: Connection, project_id: UUID, first_kept_id: UUID, *, limit: int) -> int:
    """Lets go of a part of what the events before one were found by.

    Args:
        connection: In a transaction of the project, or of the room itself.
        project_id: Whose they are.
        first_kept_id: The first id of a day; what says the same on that day or later stays.
        limit: At most so many rows of each table.

    Returns:
        How many rows went; zero if there are none left.
    """
    day = day_of(first_kept_id)
    gone = [
        await connection.execute(DELETE_WORDS, project_id, first_kept_id, limit),
        await connection.execute(DELETE_USES, project_id, first_kept_id, limit),
        await connection.execute(DELETE_MEANINGS, project_id, day, limit),
        await connection.execute(DELETE_BLOCKS, project_id, first_kept_id),
    ]
    return sum(int(each.removeprefix("DELETE ")) for each in gone)
