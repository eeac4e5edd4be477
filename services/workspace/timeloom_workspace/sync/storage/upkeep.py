"""Letting go of what nobody can ask for any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from timeloom_platform.database import Connection
from timeloom_workspace.sync.limits import CONFLICT_LIFE, DECIDED_CONFLICTS_MAX, MEMORY

ROWS_MAX: Final = 5_000
"""How many rows a transaction deletes at most."""

_OLD: Final = """
DELETE FROM {table}
WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {time} < now() - $1::interval LIMIT $2))
"""

ANSWERS: Final = _OLD.format(table="mutation_answers", time="create_time")
TOMBSTONES: Final = _OLD.format(table="tombstones", time="create_time")
CONFLICTS: Final = _OLD.format(table="sync_conflicts", time="resolve_time")

TOO_MANY_CONFLICTS: Final = """
DELETE FROM sync_conflicts
WHERE
    ctid = ANY(ARRAY(
        SELECT ctid
        FROM (
            SELECT ctid, row_number() OVER (PARTITION BY project_id ORDER BY resolve_time DESC) AS place
            FROM sync_conflicts
            WHERE resolve_time IS NOT NULL
        ) AS decided
        WHERE place > $1
        LIMIT $2
    ))
"""


async def forget(connection: Connection) -> bool:
    """Deletes some of what is too old or too much, of all projects; returns whether there may be more."""
    lives: tuple[tuple[str, timedelta], ...] = (
        (ANSWERS, MEMORY),
        (TOMBSTONES, MEMORY),
        (CONFLICTS, CONFLICT_LIFE),
    )
    deleted = [_count(await connection.execute(statement, life, ROWS_MAX)) for statement, life in lives]
    deleted.append(_count(await connection.execute(TOO_MANY_CONFLICTS, DECIDED_CONFLICTS_MAX, ROWS_MAX)))
    return max(deleted) == ROWS_MAX


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])
