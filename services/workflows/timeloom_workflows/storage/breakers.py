"""Circuit breakers in the database, where all replicas share them."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_workflows.breakers import Breaker

_SELECT: Final = """
SELECT now.time AS now, failure_count, window_time, open_until, trial_until
FROM (SELECT clock_timestamp() AS time) AS now
LEFT JOIN circuit_breakers ON project_id = $1 AND name = $2
"""

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('circuit breaker ' || $1 || ' ' || $2, 0))"

_PUT: Final = """
INSERT INTO circuit_breakers (project_id, name, failure_count, window_time, open_until, trial_until)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (project_id, name) DO UPDATE SET
    failure_count = excluded.failure_count,
    window_time = excluded.window_time,
    open_until = excluded.open_until,
    trial_until = excluded.trial_until
"""

_DELETE: Final = "DELETE FROM circuit_breakers WHERE project_id = $1 AND name = $2"


async def select(connection: Connection, project_id: UUID, name: str) -> tuple[Breaker | None, datetime]:
    """Return a breaker, or None if it has seen no failures, and the database's time."""
    row = await connection.fetchrow(_SELECT, project_id, name)
    assert row is not None, "there is always a time"
    if row["failure_count"] is None:
        return None, row["now"]
    breaker = Breaker(
        failure_count=row["failure_count"],
        window_time=row["window_time"],
        open_until=row["open_until"],
        trial_until=row["trial_until"],
    )
    return breaker, row["now"]


async def lock(connection: Connection, project_id: UUID, name: str) -> None:
    """Make all who change the breaker wait for the transaction's end, whether it has a row or not."""
    await connection.execute(_LOCK, str(project_id), name)


async def put(connection: Connection, project_id: UUID, name: str, breaker: Breaker) -> None:
    """Keep a breaker."""
    await connection.execute(
        _PUT,
        project_id,
        name,
        breaker.failure_count,
        breaker.window_time,
        breaker.open_until,
        breaker.trial_until,
    )


async def delete(connection: Connection, project_id: UUID, name: str) -> None:
    """Forget what a breaker has seen: it is closed."""
    await connection.execute(_DELETE, project_id, name)
