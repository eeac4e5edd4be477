"""Letting go of what a project no longer keeps, some rows at a time.

Each statement takes a project, a time before which everything goes, and how many rows at most. What a row
says of its time is looked at again when the row is deleted: meanwhile it may have been changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from timeloom_observability.ids import first_id
from timeloom_platform.database import Connection

ROWS_MAX: Final = 5_000
"""How many rows of a table one transaction deletes at most."""

SEEN_LAG: Final = timedelta(days=3)
"""What is kept of a resource says once a day that it was seen, and events may begin two days ahead."""

TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('timeloom forgets telemetry', 0))"

EVENTS: Final = """
DELETE FROM events
WHERE project_id = $1 AND id < $2
AND id = ANY(ARRAY(SELECT id FROM events WHERE project_id = $1 AND id < $2 ORDER BY id LIMIT $3))
"""

_OLD: Final = """
DELETE FROM {table}
WHERE project_id = $1 AND {condition}
AND ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE project_id = $1 AND {condition} LIMIT $3))
"""

TRACES: Final = _OLD.format(table="traces", condition="start_time < $2 AND end_time < $2")
SESSIONS: Final = _OLD.format(table="sessions", condition="last_time < $2")
METRIC_ROWS: Final = _OLD.format(table="metric_rows", condition="time < $2")
# Those of executions stay as long as these do.
SCORES: Final = _OLD.format(table="scores", condition="create_time < $2 AND execution_id IS NULL")
RESOURCES: Final = _OLD.format(table="resources", condition="seen_time < $2")

DATED: Final[Sequence[tuple[str, timedelta]]] = (
    (TRACES, timedelta()),
    (SESSIONS, timedelta()),
    (METRIC_ROWS, timedelta()),
    (SCORES, timedelta()),
    (RESOURCES, SEEN_LAG),
)
"""What goes with a project's events, and how much later."""


async def try_lock(connection: Connection) -> bool:
    """Whether nobody else is forgetting, or begins to before the transaction ends."""
    is_locked: bool = await connection.fetchval(TRY_LOCK)
    return is_locked


async def forget(connection: Connection, project_id: UUID, before: datetime) -> bool:
    """Deletes some of what a project's telemetry before a time left; returns whether there may be more.

    Args:
        connection: In a transaction over all projects.
        project_id: Whose telemetry it is.
        before: The beginning of a day.
    """
    deleted = [await connection.execute(EVENTS, project_id, first_id(before), ROWS_MAX)]
    for statement, lag in DATED:
        deleted.append(await connection.execute(statement, project_id, before - lag, ROWS_MAX))
    return any(int(status.rpartition(" ")[2]) >= ROWS_MAX for status in deleted)
