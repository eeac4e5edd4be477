"""Grants."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_memory.sharing.model import Grant
from timeloom_memory.sharing.scope import Permission, Scope
from timeloom_memory.storage.predicates import Parameters
from timeloom_platform.database import Connection

_NAMES: Final = "id, principal, namespace, memory_id, permission, granted_by, create_time, expire_time"
_COLUMNS: Final = ", ".join(f"g.{name}" for name in _NAMES.split(", "))

_DELETE_EXPIRED: Final = """
DELETE FROM grants
WHERE project_id = $1 AND principal = $2 AND expire_time <= now()
"""

_COUNT_OTHERS: Final = """
SELECT count(*)
FROM grants
WHERE
    project_id = $1 AND principal = $2
    AND (namespace, memory_id) IS DISTINCT FROM ($3::text, $4::uuid)
"""

_UPSERT: Final = f"""
INSERT INTO grants AS g (project_id, {_NAMES})
VALUES ($1, $2, $3, $4, $5, $6, $7, now(), $8)
ON CONFLICT {{conflict}} DO UPDATE
SET
    permission = excluded.permission,
    granted_by = excluded.granted_by,
    expire_time = excluded.expire_time
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants

_UPSERT_NAMESPACE: Final = _UPSERT.format(
    conflict="(project_id, principal, namespace) WHERE namespace IS NOT NULL"
)
_UPSERT_MEMORY: Final = _UPSERT.format(
    conflict="(project_id, memory_id, principal) WHERE memory_id IS NOT NULL"
)

# A grant of a memory lies where the memory is.
_SOURCE: Final = f"""
SELECT {_COLUMNS}, coalesce(g.namespace, m.namespace) AS place
FROM grants AS g
LEFT JOIN memories AS m ON m.project_id = g.project_id AND m.id = g.memory_id
WHERE g.project_id = $1
"""  # noqa: S608 - constants

_LOCK: Final = f"{_SOURCE} AND g.id = $2 FOR UPDATE OF g"

_DELETE: Final = "DELETE FROM grants WHERE project_id = $1 AND id = $2"

_DELETE_OF: Final = "DELETE FROM grants WHERE project_id = $1 AND principal = $2"

_RELATED: Final = """(
    coalesce(g.namespace, m.namespace) = {namespace}
    OR starts_with(coalesce(g.namespace, m.namespace), {namespace} || '/')
    OR starts_with({namespace}, g.namespace || '/')
)"""


async def delete_expired(connection: Connection, project_id: UUID, principal: str) -> None:
    """Forgets the grants of a principal that have ended."""
    await connection.execute(_DELETE_EXPIRED, project_id, principal)


async def count_others(connection: Connection, project_id: UUID, grant: Grant) -> int:
    """Returns how many grants the principal has besides the one on the same."""
    return int(
        await connection.fetchval(
            _COUNT_OTHERS, project_id, grant.principal, grant.namespace, grant.memory_id
        )
    )


async def upsert(connection: Connection, project_id: UUID, grant: Grant) -> Grant:
    """Writes a grant; the one that the principal has on the same is changed, and keeps its id."""
    row = await connection.fetchrow(
        _UPSERT_MEMORY if grant.memory_id else _UPSERT_NAMESPACE,
        project_id,
        grant.id,
        grant.principal,
        grant.namespace,
        grant.memory_id,
        int(grant.permission),
        grant.granted_by,
        grant.expire_time,
    )
    assert row is not None, "the statement returns a row"
    return _grant(row)


async def lock(connection: Connection, project_id: UUID, grant_id: UUID) -> tuple[Grant, str] | None:
    """Returns a grant and the namespace that it is about; None if there is none."""
    row = await connection.fetchrow(_LOCK, project_id, grant_id)
    return (_grant(row), row["place"]) if row else None


async def delete(connection: Connection, project_id: UUID, grant_id: UUID) -> None:
    """Deletes a grant."""
    await connection.execute(_DELETE, project_id, grant_id)


async def delete_of(connection: Connection, project_id: UUID, principal: str) -> None:
    """Deletes all grants of a principal."""
    await connection.execute(_DELETE_OF, project_id, principal)


async def select_page(
    connection: Connection,
    project_id: UUID,
    *,
    scope: Scope,
    namespace: str,
    memory_id: UUID | None,
    principal: str,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Grant]:
    """Returns grants that hold and that the scope may know of, newest first."""
    parameters = Parameters(project_id)
    conditions = ["(g.expire_time IS NULL OR g.expire_time > now())"]
    if not scope.is_everything:
        owned = scope.owned_sql(parameters, "coalesce(g.namespace, m.namespace)")
        principals = parameters.add(scope.principals)
        conditions.append(f"(g.principal = ANY({principals}::text[]) OR {owned})")
    if namespace:
        conditions.append(_RELATED.format(namespace=f"{parameters.add(namespace)}::text"))
    if memory_id is not None:
        conditions.append(f"g.memory_id = {parameters.add(memory_id)}")
    if principal:
        conditions.append(f"g.principal = {parameters.add(principal)}")
    if after is not None:
        time, grant_id = (parameters.add(part) for part in after)
        conditions.append(f"(g.create_time, g.id) < ({time}, {grant_id})")
    # Only constants of this package and numbers of parameters are put together here.
    statement = f"""
        {_SOURCE} AND {" AND ".join(conditions)}
        ORDER BY g.create_time DESC, g.id DESC
        LIMIT {parameters.add(limit)}
    """
    return [_grant(row) for row in await connection.fetch(statement, *parameters.values)]


def _grant(row: asyncpg.Record) -> Grant:
    return Grant(
        id=row["id"],
        principal=row["principal"],
        namespace=row["namespace"],
        memory_id=row["memory_id"],
        permission=Permission(row["permission"]),
        granted_by=row["granted_by"],
        create_time=row["create_time"],
        expire_time=row["expire_time"],
    )
