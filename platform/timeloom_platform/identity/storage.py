"""All SQL of projects and API keys; each function is given the transaction it works in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import asyncpg

from timeloom_platform.auth import Scope
from timeloom_platform.database import Connection
from timeloom_platform.identity.model import ApiKey, Project, StoredSecrets

_API_KEY_COLUMNS = (
    "project_id, api_key_id, name, scope, agent_id, expire_time, revoke_time, last_use_time, create_time"
)

_INSERT_PROJECT = """
INSERT INTO projects (project_id, name) VALUES ($1, $2)
ON CONFLICT (name) DO NOTHING
RETURNING project_id, name, create_time
"""

_SELECT_PROJECT = "SELECT project_id, name, create_time FROM projects WHERE project_id = $1"

_SELECT_PROJECTS = """
SELECT project_id, name, create_time FROM projects
WHERE $1::uuid IS NULL OR project_id > $1
ORDER BY project_id
LIMIT $2
"""

_INSERT_API_KEY = f"""
INSERT INTO api_keys (project_id, api_key_id, name, scope, secret_hash, expire_time, agent_id)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING {_API_KEY_COLUMNS}
"""

_SELECT_API_KEYS = f"""
SELECT {_API_KEY_COLUMNS} FROM api_keys
WHERE project_id = $1 AND ($2::timestamptz IS NULL OR (create_time, api_key_id) < ($2, $3::text))
ORDER BY create_time DESC, api_key_id DESC
LIMIT $4
"""

_SELECT_SECRETS = f"""
SELECT {_API_KEY_COLUMNS}, secret_hash, previous_secret_hash, previous_expire_time FROM api_keys
WHERE api_key_id = $1
"""

# With no grace the secret before is forgotten at once; the one before that always is.
_ROTATE_API_KEY = f"""
UPDATE api_keys SET
    previous_secret_hash = CASE WHEN $4::timestamptz IS NULL THEN NULL ELSE secret_hash END,
    previous_expire_time = $4,
    secret_hash = $3
WHERE project_id = $1 AND api_key_id = $2 AND revoke_time IS NULL
RETURNING {_API_KEY_COLUMNS}
"""

_REVOKE_API_KEY = f"""
UPDATE api_keys SET revoke_time = coalesce(revoke_time, $3)
WHERE project_id = $1 AND api_key_id = $2
RETURNING {_API_KEY_COLUMNS}
"""

_UPDATE_LAST_USES = """
UPDATE api_keys SET last_use_time = use.time
FROM unnest($1::text[], $2::timestamptz[]) AS use (api_key_id, time)
WHERE api_keys.api_key_id = use.api_key_id
  AND (api_keys.last_use_time IS NULL OR api_keys.last_use_time < use.time)
"""


async def insert_project(connection: Connection, *, project_id: str, name: str) -> Project | None:
    """Insert a project; None if the name is taken."""
    return _project_or_none(await connection.fetchrow(_INSERT_PROJECT, project_id, name))


async def select_project(connection: Connection, project_id: str) -> Project | None:
    """Return one project."""
    return _project_or_none(await connection.fetchrow(_SELECT_PROJECT, project_id))


async def select_projects(connection: Connection, *, after_id: str | None, limit: int) -> list[Project]:
    """Return projects of the installation, oldest first."""
    return [_project(row) for row in await connection.fetch(_SELECT_PROJECTS, after_id, limit)]


async def insert_api_key(
    connection: Connection,
    *,
    project_id: str,
    api_key_id: str,
    name: str,
    scope: Scope,
    secret_hash: bytes,
    expire_time: datetime | None,
    agent_id: str,
) -> ApiKey:
    """Insert a key."""
    row = await connection.fetchrow(
        _INSERT_API_KEY, project_id, api_key_id, name, int(scope), secret_hash, expire_time, agent_id
    )
    if row is None:
        raise RuntimeError("INSERT … RETURNING returned no row")
    return _api_key(row)


async def select_api_keys(
    connection: Connection, *, project_id: str, before: tuple[datetime, str] | None, limit: int
) -> list[ApiKey]:
    """Return a project's keys, newest first."""
    time, api_key_id = before or (None, None)
    rows = await connection.fetch(_SELECT_API_KEYS, project_id, time, api_key_id, limit)
    return [_api_key(row) for row in rows]


async def select_secrets(connection: Connection, api_key_id: str) -> StoredSecrets | None:
    """Return what is kept of a key of any project; needs a system transaction."""
    row = await connection.fetchrow(_SELECT_SECRETS, api_key_id)
    if row is None:
        return None
    return StoredSecrets(
        api_key=_api_key(row),
        secret_hash=row["secret_hash"],
        previous_secret_hash=row["previous_secret_hash"],
        previous_expire_time=row["previous_expire_time"],
    )


async def rotate_api_key(
    connection: Connection,
    *,
    project_id: str,
    api_key_id: str,
    secret_hash: bytes,
    previous_expire_time: datetime | None,
) -> ApiKey | None:
    """Give a key that was not revoked a new secret; None if there is none."""
    row = await connection.fetchrow(
        _ROTATE_API_KEY, project_id, api_key_id, secret_hash, previous_expire_time
    )
    return _api_key_or_none(row)


async def revoke_api_key(
    connection: Connection, *, project_id: str, api_key_id: str, revoke_time: datetime
) -> ApiKey | None:
    """Revoke a key, or leave it revoked; None if there is none."""
    return _api_key_or_none(await connection.fetchrow(_REVOKE_API_KEY, project_id, api_key_id, revoke_time))


async def update_last_uses(connection: Connection, uses: Mapping[str, datetime]) -> None:
    """Note when keys of any projects were last used; needs a system transaction."""
    await connection.execute(_UPDATE_LAST_USES, list(uses.keys()), list(uses.values()))


def _project_or_none(row: asyncpg.Record | None) -> Project | None:
    return None if row is None else _project(row)


def _project(row: asyncpg.Record) -> Project:
    return Project(project_id=str(row["project_id"]), name=row["name"], create_time=row["create_time"])


def _api_key_or_none(row: asyncpg.Record | None) -> ApiKey | None:
    return None if row is None else _api_key(row)


def _api_key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(
        api_key_id=row["api_key_id"],
        project_id=str(row["project_id"]),
        name=row["name"],
        scope=Scope(row["scope"]),
        agent_id=row["agent_id"],
        expire_time=row["expire_time"],
        revoke_time=row["revoke_time"],
        last_use_time=row["last_use_time"],
        create_time=row["create_time"],
    )
