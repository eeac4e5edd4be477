"""The policies of projects."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_platform.database import Connection
from timeloom_snapshots.policies import RetentionPolicy

LOCK_KEY: Final = 7_104_882_215_001
"""The advisory lock of the replica that applies policies."""

_COLUMNS: Final = "keep_last, keep_tagged, keep_younger_than, keep_kinds, delete_ended_after"

SELECT: Final = f"SELECT {_COLUMNS}, update_time FROM retention_policies WHERE project_id = $1"  # noqa: S608 - a constant

SELECT_ALL: Final = f"SELECT {_COLUMNS}, project_id FROM retention_policies ORDER BY project_id"  # noqa: S608 - a constant

UPSERT: Final = f"""
INSERT INTO retention_policies (project_id, {_COLUMNS}, update_time)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (project_id) DO UPDATE
SET
    keep_last = excluded.keep_last,
    keep_tagged = excluded.keep_tagged,
    keep_younger_than = excluded.keep_younger_than,
    keep_kinds = excluded.keep_kinds,
    delete_ended_after = excluded.delete_ended_after,
    update_time = excluded.update_time
"""  # noqa: S608 - a constant

DELETE: Final = "DELETE FROM retention_policies WHERE project_id = $1"

TRY_LOCK: Final = "SELECT pg_try_advisory_lock($1)"


async def select(connection: Connection, project_id: UUID) -> tuple[RetentionPolicy, datetime] | None:
    """Returns a project's policy and when it was set; None if it has none."""
    row = await connection.fetchrow(SELECT, project_id)
    return (_policy(row), row["update_time"]) if row else None


async def select_all(connection: Connection) -> list[tuple[UUID, RetentionPolicy]]:
    """Returns the policies of all projects that have one."""
    rows = await connection.fetch(SELECT_ALL)
    return [(UUID(bytes=row["project_id"].bytes), _policy(row)) for row in rows]


async def upsert(
    connection: Connection, project_id: UUID, policy: RetentionPolicy, update_time: datetime
) -> None:
    """Sets a project's policy."""
    await connection.execute(
        UPSERT,
        project_id,
        policy.keep_last,
        policy.keep_tagged,
        policy.keep_younger_than,
        policy.keep_kinds,
        policy.delete_ended_after,
        update_time,
    )


async def delete(connection: Connection, project_id: UUID) -> None:
    """Takes a project's policy away."""
    await connection.execute(DELETE, project_id)


async def try_lock(connection: Connection) -> bool:
    """Makes the caller the only one to apply policies until it closes the connection; False if it is not."""
    return bool(await connection.fetchval(TRY_LOCK, LOCK_KEY))


def _policy(row: asyncpg.Record) -> RetentionPolicy:
    return RetentionPolicy(
        keep_last=row["keep_last"],
        keep_tagged=row["keep_tagged"],
        keep_younger_than=row["keep_younger_than"],
        keep_kinds=tuple(row["keep_kinds"]),
        delete_ended_after=row["delete_ended_after"],
    )
