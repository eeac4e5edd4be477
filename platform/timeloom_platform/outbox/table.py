"""The outbox's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from timeloom_platform.database import Connection

# A notification makes commits wait for one another, which halves the throughput of 16 writers. While rows are
# waiting the relay is awake and looks again by itself, so that only the first one needs to call it.
CALL_RELAY = """
SELECT pg_notify('timeloom_outbox_' || current_schema(), '')
WHERE NOT EXISTS (SELECT FROM outbox WHERE project_id = $1)
"""

INSERT = f"""
WITH inserted AS (INSERT INTO outbox (project_id, batch) VALUES ($1, $2))
{CALL_RELAY}
"""  # noqa: S608 - constants

TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('timeloom outbox of ' || current_schema(), 0))"

SELECT_OLDEST = """
SELECT project_id, position, age_seconds, batch
FROM (
    SELECT
        project_id,
        position,
        extract(EPOCH FROM clock_timestamp() - create_time)::float8 AS age_seconds,
        batch,
        sum(octet_length(batch)) OVER (ORDER BY position) - octet_length(batch) AS bytes_before
    FROM (SELECT project_id, position, create_time, batch FROM outbox ORDER BY position LIMIT $1) AS oldest
) AS measured
WHERE bytes_before < $2
ORDER BY position
"""

DELETE = "DELETE FROM outbox WHERE position = ANY($1::bigint[])"

BURY = """
WITH dead AS (
    DELETE FROM outbox USING unnest($1::bigint[], $2::text[]) AS refused (position, reason)
    WHERE outbox.position = refused.position
    RETURNING outbox.project_id, outbox.position, outbox.create_time, refused.reason, outbox.batch
)
INSERT INTO outbox_dead_letters (project_id, position, create_time, reason, batch)
SELECT project_id, position, create_time, reason, batch FROM dead
"""

REDRIVE = """
WITH alive AS (DELETE FROM outbox_dead_letters RETURNING project_id, position, batch)
INSERT INTO outbox (project_id, batch) SELECT project_id, batch FROM alive ORDER BY position
"""

COUNT = "SELECT count(*) FROM (SELECT FROM outbox LIMIT $1) AS counted"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One transaction's events, not yet published."""

    project_id: UUID
    position: int
    age_seconds: float
    batch: bytes


def channel_of(room: str) -> str:
    """The channel on which a room's outbox calls its relay."""
    return f"timeloom_outbox_{room}"


async def insert(connection: Connection, project_id: str, batch: bytes) -> None:
    """Add a row, and call the relay if the project had none."""
    await connection.execute(INSERT, project_id, batch)


async def try_lock(connection: Connection) -> bool:
    """Become the only relay until the transaction ends; False if there is another."""
    return bool(await connection.fetchval(TRY_LOCK))


async def select_oldest(connection: Connection, *, rows_max: int, bytes_max: int) -> list[OutboxRow]:
    """The oldest rows, at least one and as many as the limits allow."""
    return [OutboxRow(**row) for row in await connection.fetch(SELECT_OLDEST, rows_max, bytes_max)]


async def delete(connection: Connection, positions: Sequence[int]) -> None:
    """Forget rows that are published."""
    await connection.execute(DELETE, positions)


async def bury(connection: Connection, reasons: Mapping[int, str]) -> None:
    """Move rows that can never be published to the dead letters."""
    await connection.execute(BURY, list(reasons), list(reasons.values()))


async def redrive(connection: Connection) -> int:
    """Move the project's dead letters back into the outbox, to be published after all; return how many."""
    return int((await connection.execute(REDRIVE)).rpartition(" ")[2])


async def count(connection: Connection, *, rows_max: int) -> int:
    """How many rows wait, at most `rows_max`."""
    return int(await connection.fetchval(COUNT, rows_max))
