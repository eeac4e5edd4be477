"""Mutations that met records which had been changed since their writers saw them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from timeloom_platform.database import Connection
from timeloom_platform.errors import OverloadedError
from timeloom_workspace.sync.limits import OPEN_CONFLICTS_MAX
from timeloom_workspace.sync.model import Conflict, ConflictStatus, Mutation
from timeloom_workspace.sync.policies import Operation, Policy

_COLUMNS: Final = """
    id, status, policy, mutation, server_value, server_clock, fields, result, client_id, create_time,
    resolve_time
"""

INSERT: Final = """
INSERT INTO sync_conflicts (
    project_id, id, status, policy, record_table, record_id, mutation, server_value, server_clock, fields,
    result, client_id, create_time, resolve_time
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7::jsonb, $8::jsonb, $9, $10, $11::jsonb, $12, clock_timestamp(),
    CASE WHEN $3 = 'RESOLVED' THEN clock_timestamp() END
)
"""

COUNT_OPEN: Final = """
SELECT count(*)
FROM (SELECT FROM sync_conflicts WHERE project_id = $1 AND resolve_time IS NULL LIMIT $2) AS counted
"""

SELECT_PAGE: Final = f"""
SELECT {_COLUMNS}
FROM sync_conflicts
WHERE
    project_id = $1
    AND ($2 = '' OR status = $2)
    AND ($3 = '' OR record_table = $3)
    AND ($4::uuid IS NULL OR record_id = $4)
    AND ($5::timestamptz IS NULL OR (create_time, id) < ($5, $6::uuid))
ORDER BY create_time DESC, id DESC
LIMIT $7
"""  # noqa: S608 - constants

SELECT: Final = f"SELECT {_COLUMNS} FROM sync_conflicts WHERE project_id = $1 AND id = $2"  # noqa: S608 - constants
LOCK: Final = f"{SELECT} FOR UPDATE"

RESOLVE: Final = f"""
UPDATE sync_conflicts
SET status = 'RESOLVED', result = $3::jsonb, resolve_time = clock_timestamp()
WHERE project_id = $1 AND id = $2
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants


class _Json(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A mutation as REST shows it."""

    id: str
    table: str
    operation: str
    record_id: str
    clock: str
    value: Any = None
    base_clock: str = ""
    user_id: str = ""


async def insert(
    connection: Connection,
    project_id: UUID,
    conflict_id: UUID,
    *,
    status: ConflictStatus,
    policy: Policy,
    mutation: Mutation,
    server_value: bytes | None,
    server_clock: str,
    fields: tuple[str, ...],
    result: bytes | None,
    client_id: str,
) -> None:
    """Keeps a conflict.

    Raises:
        OverloadedError: It is open, and the project has too many to decide.
    """
    if status is ConflictStatus.OPEN:
        count = await connection.fetchval(COUNT_OPEN, project_id, OPEN_CONFLICTS_MAX)
        if count >= OPEN_CONFLICTS_MAX:
            raise OverloadedError(f"The project has {count} open conflicts: resolve some of them.")
    await connection.execute(
        INSERT,
        project_id,
        conflict_id,
        status.name,
        policy.name,
        mutation.table,
        UUID(mutation.record_id),
        _json_of(mutation),
        _text(server_value),
        server_clock,
        fields,
        _text(result),
        client_id,
    )


async def select_page(
    connection: Connection,
    project_id: UUID,
    *,
    status: ConflictStatus | None,
    table: str,
    record_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Conflict]:
    """Returns conflicts, the newest first."""
    create_time, conflict_id = after or (None, None)
    name = status.name if status else ""
    rows = await connection.fetch(
        SELECT_PAGE, project_id, name, table, record_id, create_time, conflict_id, limit
    )
    return [_conflict_of(row) for row in rows]


async def select(connection: Connection, project_id: UUID, conflict_id: UUID) -> Conflict | None:
    """Returns a conflict; None if there is none."""
    row = await connection.fetchrow(SELECT, project_id, conflict_id)
    return _conflict_of(row) if row else None


async def lock(connection: Connection, project_id: UUID, conflict_id: UUID) -> Conflict | None:
    """Returns a conflict that nobody else decides before the transaction ends; None if there is none."""
    row = await connection.fetchrow(LOCK, project_id, conflict_id)
    return _conflict_of(row) if row else None


async def resolve(
    connection: Connection, project_id: UUID, conflict_id: UUID, result: bytes | None
) -> Conflict:
    """Notes what a record has become by the decision of a locked conflict."""
    row = await connection.fetchrow(RESOLVE, project_id, conflict_id, _text(result))
    assert row is not None, "the row is locked"
    return _conflict_of(row)


def _text(document: bytes | None) -> str | None:
    return None if document is None else document.decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _json_of(mutation: Mutation) -> str:
    shown = _Json(
        id=mutation.id,
        table=mutation.table,
        operation=Operation(mutation.operation).name,
        record_id=mutation.record_id,
        clock=mutation.clock,
        value=None if mutation.value is None else msgspec.json.decode(mutation.value),
        base_clock=mutation.base_clock,
        user_id=mutation.user_id,
    )
    return msgspec.json.encode(shown).decode()


def _mutation_of(text: str) -> Mutation:
    shown = msgspec.json.decode(text, type=_Json)
    return Mutation(
        id=shown.id,
        table=shown.table,
        operation=Operation[shown.operation],
        record_id=shown.record_id,
        value=None if shown.value is None else msgspec.json.encode(shown.value),
        clock=shown.clock,
        base_clock=shown.base_clock,
        user_id=shown.user_id,
    )


def _conflict_of(row: asyncpg.Record) -> Conflict:
    values: dict[str, Any] = dict(row)
    return Conflict(
        id=UUID(int=values["id"].int),
        status=ConflictStatus[values["status"]],
        policy=Policy[values["policy"]],
        mutation=_mutation_of(values["mutation"]),
        server_value=_bytes(values["server_value"]),
        server_clock=values["server_clock"],
        fields=tuple(values["fields"]),
        result=_bytes(values["result"]),
        client_id=values["client_id"],
        create_time=values["create_time"],
        resolve_time=values["resolve_time"],
    )
