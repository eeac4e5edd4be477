"""From where to where an execution can be read."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_platform.errors import NotFoundError

SELECT: Final = """
SELECT executions.head_sequence, coalesce(min(ends.first), 0), coalesce(max(ends.last), 0)
FROM executions
CROSS JOIN lineage_of($1, $2) AS line
CROSS JOIN LATERAL (
    SELECT
        (
            SELECT sequence
            FROM snapshots
            WHERE project_id = $1 AND execution_id = line.owner_id
                AND sequence BETWEEN line.first_sequence AND line.last_sequence
            ORDER BY sequence
            LIMIT 1
        ) AS first,
        (
            SELECT sequence
            FROM snapshots
            WHERE project_id = $1 AND execution_id = line.owner_id
                AND sequence BETWEEN line.first_sequence AND line.last_sequence
            ORDER BY sequence DESC
            LIMIT 1
        ) AS last
) AS ends
WHERE executions.project_id = $1 AND executions.id = $2
GROUP BY executions.head_sequence
"""


class Span(NamedTuple):
    """The snapshot that an execution stands on, its first and its newest one; zeros if it has none."""

    head: int
    first: int
    last: int


async def select(connection: Connection, project_id: UUID, execution_id: UUID) -> Span | None:
    """Returns an execution's span; None if there is no such execution."""
    row = await connection.fetchrow(SELECT, project_id, execution_id)
    return Span(*row) if row else None


async def required(connection: Connection, project_id: UUID, execution_id: UUID) -> Span:
    """Returns the span of an execution that has snapshots.

    Raises:
        NotFoundError: There is no such execution, or it has no snapshot yet.
    """
    span = await select(connection, project_id, execution_id)
    if span is None:
        raise NotFoundError(f"There is no execution {execution_id}.")
    if not span.last:
        raise NotFoundError(f"Execution {execution_id} has no snapshot yet.")
    return span
