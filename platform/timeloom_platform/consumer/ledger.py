"""Which events a consumer has handled already."""

from __future__ import annotations

from datetime import timedelta

from timeloom_platform.database import Connection

CLAIM = """
INSERT INTO processed_events (project_id, consumer, event_id) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING
RETURNING TRUE
"""

FORGET = """
DELETE FROM processed_events
WHERE ctid = ANY(ARRAY(SELECT ctid FROM processed_events WHERE process_time < now() - $1::interval LIMIT $2))
"""


async def claim(connection: Connection, project_id: str, *, consumer: str, event_id: str) -> bool:
    """Note the event as handled when the transaction commits; False if it was handled before.

    While another replica is handling the same event, this waits for the outcome.
    """
    return bool(await connection.fetchval(CLAIM, project_id, consumer, event_id))


async def forget(connection: Connection, *, age: timedelta, rows_max: int) -> int:
    """Delete old entries and return how many; they must be older than the bus keeps its events."""
    return int((await connection.execute(FORGET, age, rows_max)).rpartition(" ")[2])
