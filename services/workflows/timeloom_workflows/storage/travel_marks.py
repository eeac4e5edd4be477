"""How far executions are recorded for time travel, and which of them may have been missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, TypeAlias
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Connection
from timeloom_workflows.storage.system import SystemConnection

Key: TypeAlias = tuple[UUID, UUID]

# Whoever has seen more keeps its word.
MARK: Final = """
INSERT INTO travel_marks AS marks (project_id, execution_id, history_length)
SELECT $1, $2, $3
WHERE EXISTS (SELECT FROM executions WHERE project_id = $1 AND id = $2 FOR KEY SHARE)
ON CONFLICT (project_id, execution_id) DO UPDATE SET history_length = excluded.history_length
WHERE marks.history_length < excluded.history_length
"""

SELECT_PAGE: Final = """
WITH page AS MATERIALIZED (
    SELECT project_id, id, history_length, update_time
    FROM executions
    WHERE (project_id, id) > ($1, $2)
    ORDER BY project_id, id
    LIMIT $3
)
SELECT
    page.project_id,
    page.id,
    page.update_time < clock_timestamp() - $4::interval
    AND coalesce(marks.history_length, 0) < page.history_length AS is_behind
FROM page
LEFT JOIN LATERAL (
    SELECT history_length FROM travel_marks
    WHERE travel_marks.project_id = page.project_id AND travel_marks.execution_id = page.id
    LIMIT 1
) AS marks ON TRUE
ORDER BY page.project_id, page.id
"""


class Page(Struct, frozen=True, kw_only=True):
    """Executions in the order of their keys.

    Attributes:
        last: The last key of the page; None if there is nothing more.
        behind: Those that got on longer ago than they are recorded.
    """

    last: Key | None
    behind: Sequence[Key]


async def mark(connection: Connection, project_id: UUID, execution_id: UUID, *, history_length: int) -> None:
    """Notes that an execution is recorded so far; nothing if it is gone."""
    await connection.execute(MARK, project_id, execution_id, history_length)


async def select_page(connection: SystemConnection, *, after: Key, quiet: timedelta, limit: int) -> Page:
    """Looks at executions of all projects after a key.

    Args:
        connection: Over all projects.
        after: Where the page begins.
        quiet: What got on within this time is expected to be recorded by itself.
        limit: How many are looked at.
    """
    rows = await connection.fetch(SELECT_PAGE, *after, limit, quiet)
    keys = [(row["project_id"], row["id"]) for row in rows]
    return Page(
        last=keys[-1] if len(keys) == limit else None,
        behind=[key for key, row in zip(keys, rows, strict=True) if row["is_behind"]],
    )
