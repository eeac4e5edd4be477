"""Looking for events by words, as the room's system role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from timeloom_observability.filtering import Conditions
from timeloom_platform.database import Connection

SELECT_BLOCKS: Final = """
SELECT number
FROM event_blocks
WHERE project_id = $1
    AND ($2::uuid IS NULL OR last_event_id >= $2)
    AND ($3::uuid IS NULL OR first_event_id < $3)
ORDER BY last_event_id DESC
LIMIT $4
"""

# The project is compared in a form that no index knows, or the planner might read all of it: what is asked
# names it, or its blocks. What is found is looked up row by row, for nobody can tell how much it is.
SELECT_CANDIDATES: Final = """
WITH found AS MATERIALIZED (
    SELECT event_id FROM event_words WHERE words @@ {asked}::tsquery AND (project_id = $1) IS TRUE
),
matched AS MATERIALIZED (
    SELECT event_id
    FROM found
    WHERE ({after}::uuid IS NULL OR event_id >= {after}) AND ({before}::uuid IS NULL OR event_id < {before})
    ORDER BY event_id DESC
    LIMIT {matched_max}
),
newest AS MATERIALIZED (
    SELECT matched.event_id FROM matched {rows} ORDER BY matched.event_id DESC LIMIT {limit}
)
SELECT (SELECT count(*) FROM found) AS matched, worthy.event_id, worthy.worth
FROM (SELECT 1) AS once
LEFT JOIN (
    SELECT newest.event_id, ts_rank(kept.words, {ranked}::tsquery, 1) AS worth
    FROM newest
    CROSS JOIN LATERAL (
        SELECT words FROM event_words WHERE project_id = $1 AND event_id = newest.event_id LIMIT 1
    ) AS kept
) AS worthy ON TRUE
"""

ROWS_OF_FOUND: Final = """
CROSS JOIN LATERAL (
    SELECT FROM events WHERE {where} AND events.id = matched.event_id LIMIT 1
) AS meant
"""

# Where words stand is in no index, and looking at all that have them would take as long as there are many.
EXACT_OF_FOUND: Final = """
CROSS JOIN LATERAL (
    SELECT
    FROM event_words
    WHERE project_id = $1 AND event_id = matched.event_id AND words @@ {ranked}::tsquery
    LIMIT 1
) AS exact
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which ids: from one on, and before another; None is no bound."""

    after: UUID | None = None
    before: UUID | None = None


async def select_blocks(connection: Connection, project_id: UUID, span: Span, limit: int) -> list[int]:
    """Returns the blocks that may have events of a span, the newest first."""
    rows = await connection.fetch(SELECT_BLOCKS, project_id, span.after, span.before, limit)
    return [row["number"] for row in rows]


async def select_candidates(
    connection: Connection,
    conditions: Conditions,
    *,
    asked: str,
    ranked: str,
    span: Span,
    limit: int,
    matched_max: int,
    reads_rows: bool,
    reads_places: bool,
) -> tuple[int, dict[UUID, float]]:
    """Returns how many events have what is asked for, and the newest with what their words are worth.

    Args:
        connection: As the system role.
        conditions: Of one project's events; more is added to their parameters.
        asked: A `tsquery` that names the project, or blocks of it.
        ranked: What must hold in the end, and what worth is reckoned by.
        span: Which ids.
        limit: At most so many.
        matched_max: Of those that have what is asked for, at most so many are looked at.
        reads_rows: Whether the conditions are looked at; otherwise `asked` says all that they do.
        reads_places: Whether `ranked` is looked at; likewise.
    """
    arguments = Conditions(arguments=conditions.arguments[: None if reads_rows else 1])
    names = {"asked": arguments.argument(asked), "ranked": arguments.argument(ranked)}
    looks = EXACT_OF_FOUND.format(**names) if reads_places else ""
    statement = SELECT_CANDIDATES.format(
        rows=looks + (ROWS_OF_FOUND.format(where=conditions.where) if reads_rows else ""),
        **names,
        after=arguments.argument(span.after),
        before=arguments.argument(span.before),
        limit=arguments.argument(limit),
        matched_max=arguments.argument(matched_max),
    )
    rows = await connection.fetch(statement, *arguments.arguments)
    return rows[0]["matched"], {row["event_id"]: row["worth"] for row in rows if row["event_id"]}


def each_of(expressions: Sequence[str]) -> str:
    """Returns a `tsquery` that holds where all of these hold."""
    return " & ".join(f"({each})" for each in expressions)
