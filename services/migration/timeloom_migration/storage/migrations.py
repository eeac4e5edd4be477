"""The rows of migrations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from timeloom_migration.lifecycle import Goal, Phase, Status
from timeloom_migration.model import Counts, Migration, Overview, Source, Verification
from timeloom_migration.planning.model import Action, Resolution, SecretPolicy
from timeloom_platform.database import Connection

_COLUMNS: Final = """
project_id, id, status, phase, goal, origin, app, app_version, user_agent, user_id, conflict_resolution,
secret_policy, sha256, record_count, received_record_count, received_bytes, item_count, position, progress,
error, runs, driven, restarts, workflow_execution_id, verification, version, create_time, update_time,
start_time, end_time
"""

_INSERT: Final = f"""
INSERT INTO migrations ({_COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
    $22, $23, $24, $25, $26, $27, $28, $29, $30)
ON CONFLICT (project_id, id) DO NOTHING
RETURNING id
"""  # noqa: S608 - constants

_SELECT: Final = f"SELECT {_COLUMNS} FROM migrations WHERE project_id = $1 AND id = $2"  # noqa: S608 - constants

_LOCK: Final = f"{_SELECT} FOR UPDATE"

_SELECT_PAGE: Final = f"""
SELECT {_COLUMNS} FROM migrations
WHERE
    project_id = $1
    AND ($2::timestamptz IS NULL OR (create_time, id) < ($2, $3))
    AND (cardinality($4::text []) = 0 OR status = ANY($4))
ORDER BY create_time DESC, id DESC
LIMIT $5
"""  # noqa: S608 - constants

_UPDATE: Final = """
UPDATE migrations SET
    status = $3, phase = $4, goal = $5, conflict_resolution = $6, received_record_count = $7,
    received_bytes = $8, item_count = $9, position = $10, progress = $11, error = $12, runs = $13,
    driven = $14, restarts = $15, workflow_execution_id = $16, verification = $17, version = $18,
    update_time = $19, start_time = $20, end_time = $21
WHERE project_id = $1 AND id = $2
"""

_DELETE: Final = """
WITH
gone_records AS (DELETE FROM records WHERE project_id = $1 AND migration_id = $2),
gone_secrets AS (DELETE FROM record_secrets WHERE project_id = $1 AND migration_id = $2),
gone_items AS (DELETE FROM items WHERE project_id = $1 AND migration_id = $2),
gone_conflicts AS (DELETE FROM conflicts WHERE project_id = $1 AND migration_id = $2)
DELETE FROM migrations WHERE project_id = $1 AND id = $2
"""

_COUNT: Final = """
SELECT migration_id, action, count(*)::integer AS items, (count(*) FILTER (WHERE stage = 4))::integer AS done
FROM items
WHERE project_id = $1 AND migration_id = ANY($2::uuid []) AND action <> ''
GROUP BY migration_id, action
"""

_COUNT_OPEN: Final = """
SELECT migration_id, count(*)::integer AS conflicts FROM conflicts
WHERE project_id = $1 AND migration_id = ANY($2::uuid []) AND resolution = '' AND NOT from_rollback
GROUP BY migration_id
"""

_UNDRIVEN: Final = f"""
SELECT {_COLUMNS} FROM migrations
WHERE phase <> 0 AND status <> 'PAUSED' AND (NOT driven OR update_time < $1)
ORDER BY update_time
LIMIT $2
"""  # noqa: S608 - constants


async def insert(connection: Connection, migration: Migration) -> bool:
    """Makes a migration; tells whether there was none of this id."""
    return await connection.fetchval(_INSERT, *_values(migration)) is not None


async def select(connection: Connection, project_id: UUID, migration_id: UUID) -> Migration | None:
    """Returns a migration."""
    row = await connection.fetchrow(_SELECT, project_id, migration_id)
    return _migration(row) if row else None


async def lock(connection: Connection, project_id: UUID, migration_id: UUID) -> Migration | None:
    """Returns a migration that nobody else changes until the transaction ends."""
    row = await connection.fetchrow(_LOCK, project_id, migration_id)
    return _migration(row) if row else None


async def select_page(
    connection: Connection,
    project_id: UUID,
    *,
    before: tuple[datetime, UUID] | None,
    statuses: Sequence[Status],
    limit: int,
) -> list[Migration]:
    """Returns migrations, newest first."""
    time, own_id = before or (None, None)
    rows = await connection.fetch(_SELECT_PAGE, project_id, time, own_id, list(statuses), limit)
    return [_migration(row) for row in rows]


async def update(connection: Connection, migration: Migration, *, now: datetime) -> Migration:
    """Writes a locked migration as its next version, and returns it."""
    new = replace(migration, version=migration.version + 1, update_time=max(now, migration.update_time))
    await connection.execute(
        _UPDATE,
        new.project_id,
        new.id,
        new.status,
        new.phase,
        new.goal,
        new.conflict_resolution,
        new.received_record_count,
        new.received_bytes,
        new.item_count,
        new.position,
        new.progress,
        new.error,
        new.runs,
        new.driven,
        new.restarts,
        new.workflow_execution_id,
        _verification_text(new.verification),
        new.version,
        new.update_time,
        new.start_time,
        new.end_time,
    )
    return new


async def delete(connection: Connection, project_id: UUID, migration_id: UUID) -> None:
    """Deletes a migration with all that is kept of it."""
    await connection.execute(_DELETE, project_id, migration_id)


async def counted(connection: Connection, migrations: Sequence[Migration]) -> list[Overview]:
    """Returns migrations of one project with how many items they have, and how many conflicts are open."""
    if not migrations:
        return []
    project_id, ids = migrations[0].project_id, [each.id for each in migrations]
    by_action: dict[UUID, dict[Action, int]] = defaultdict(dict)
    done: dict[UUID, int] = defaultdict(int)
    for row in await connection.fetch(_COUNT, project_id, ids):
        by_action[row["migration_id"]][Action(row["action"])] = row["items"]
        done[row["migration_id"]] += row["done"]
    rows = await connection.fetch(_COUNT_OPEN, project_id, ids)
    open_counts = {row["migration_id"]: row["conflicts"] for row in rows}
    return [
        Overview(
            migration=each,
            counts=Counts(by_action=by_action[each.id], done=done[each.id]),
            open_conflict_count=open_counts.get(each.id, 0),
        )
        for each in migrations
    ]


async def select_undriven(connection: Connection, *, idle_since: datetime, limit: int) -> list[Migration]:
    """Returns migrations of all projects that work but whom nobody drives."""
    return [_migration(row) for row in await connection.fetch(_UNDRIVEN, idle_since, limit)]


def _values(migration: Migration) -> tuple[object, ...]:
    source = migration.source
    return (
        migration.project_id,
        migration.id,
        migration.status,
        migration.phase,
        migration.goal,
        source.origin,
        source.app,
        source.app_version,
        source.user_agent,
        source.user_id,
        migration.conflict_resolution,
        migration.secret_policy,
        migration.sha256,
        migration.record_count,
        migration.received_record_count,
        migration.received_bytes,
        migration.item_count,
        migration.position,
        migration.progress,
        migration.error,
        migration.runs,
        migration.driven,
        migration.restarts,
        migration.workflow_execution_id,
        _verification_text(migration.verification),
        migration.version,
        migration.create_time,
        migration.update_time,
        migration.start_time,
        migration.end_time,
    )


def _verification_text(verification: Verification | None) -> str | None:
    return None if verification is None else msgspec.json.encode(verification).decode()


def _migration(row: asyncpg.Record) -> Migration:
    text = row["verification"]
    return Migration(
        project_id=row["project_id"],
        id=row["id"],
        status=Status(row["status"]),
        phase=Phase(row["phase"]),
        goal=Goal(row["goal"]),
        source=Source(
            origin=row["origin"],
            app=row["app"],
            app_version=row["app_version"],
            user_agent=row["user_agent"],
            user_id=row["user_id"],
        ),
        conflict_resolution=Resolution(row["conflict_resolution"]),
        secret_policy=SecretPolicy(row["secret_policy"]),
        sha256=row["sha256"],
        record_count=row["record_count"],
        received_record_count=row["received_record_count"],
        received_bytes=row["received_bytes"],
        item_count=row["item_count"],
        position=row["position"],
        progress=row["progress"],
        error=row["error"],
        runs=row["runs"],
        driven=row["driven"],
        restarts=row["restarts"],
        workflow_execution_id=row["workflow_execution_id"],
        verification=None if text is None else msgspec.json.decode(text, type=Verification),
        version=row["version"],
        create_time=row["create_time"],
        update_time=row["update_time"],
        start_time=row["start_time"],
        end_time=row["end_time"],
    )
