"""What is kept of records that were deleted, so that a write which was under way finds out."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection

# What the record's own user wrote goes with it: a record of the same id that comes later is another one.
BURY: Final = """
WITH forgotten AS (
    DELETE FROM owner_writes WHERE project_id = $1 AND record_table = $2 AND record_id = $3
)
INSERT INTO tombstones (
    project_id, record_table, record_id, record_values, field_clocks, clock, delete_clock,
    user_id, user_clock, create_time
)
VALUES ($1, $2, $3, '{}', '{}', $4, $4, '', '', clock_timestamp())
ON CONFLICT (project_id, record_table, record_id) DO UPDATE
SET
    record_values = '{}',
    field_clocks = '{}',
    clock = excluded.clock,
    delete_clock = excluded.delete_clock,
    user_id = '',
    user_clock = '',
    create_time = excluded.create_time
"""

REMOVE: Final = "DELETE FROM tombstones WHERE project_id = $1 AND record_table = $2 AND record_id = $3"


async def bury(connection: Connection, project_id: UUID, table: str, record_id: UUID, clock: str) -> None:
    """Notes that a record was deleted for good, in the transaction that deletes it."""
    await connection.execute(BURY, project_id, table, record_id, clock)


async def remove(connection: Connection, project_id: UUID, table: str, record_id: UUID) -> None:
    """Forgets a deletion, in the transaction that makes the record anew."""
    await connection.execute(REMOVE, project_id, table, record_id)
