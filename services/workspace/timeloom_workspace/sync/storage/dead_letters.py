"""Mutations that cannot be applied."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_platform.database import Connection
from timeloom_platform.errors import OverloadedError
from timeloom_workspace.sync.limits import DEAD_LETTERS_MAX
from timeloom_workspace.sync.model import DeadLetter, Mutation

_MUTATION: Final = "mutation_id, record_table, operation, record_id, value, clock, base_clock, user_id"
_COLUMNS: Final = f"id, client_id, {_MUTATION}, reason, awaits_record, attempts, create_time"

INSERT: Final = f"""
INSERT INTO mutation_dead_letters (project_id, {_COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, clock_timestamp())
"""  # noqa: S608 - constants

COUNT: Final = (
    "SELECT count(*) FROM (SELECT FROM mutation_dead_letters WHERE project_id = $1 LIMIT $2) AS counted"
)

SELECT_PAGE: Final = f"""
SELECT {_COLUMNS}
FROM mutation_dead_letters
WHERE
    project_id = $1
    AND ($2 = '' OR client_id = $2)
    AND ($3 = '' OR record_table = $3)
    AND ($4::timestamptz IS NULL OR (create_time, id) < ($4, $5::uuid))
ORDER BY create_time DESC, id DESC
LIMIT $6
"""  # noqa: S608 - constants

LOCK: Final = f"SELECT {_COLUMNS} FROM mutation_dead_letters WHERE project_id = $1 AND id = $2 FOR UPDATE"  # noqa: S608 - constants

LOCK_AWAITING: Final = f"""
SELECT {_COLUMNS}
FROM mutation_dead_letters
WHERE project_id = $1 AND record_table = $2 AND record_id = $3 AND awaits_record
ORDER BY clock
LIMIT $4
FOR UPDATE
"""  # noqa: S608 - constants

UPDATE: Final = """
UPDATE mutation_dead_letters
SET value = $3, reason = $4, awaits_record = $5, attempts = attempts + 1
WHERE project_id = $1 AND id = $2
"""

DELETE: Final = "DELETE FROM mutation_dead_letters WHERE project_id = $1 AND id = $2 RETURNING id"


async def insert(
    connection: Connection,
    project_id: UUID,
    letter_id: UUID,
    *,
    client_id: str,
    mutation: Mutation,
    reason: str,
    awaits_record: bool,
) -> None:
    """Keeps a mutation that cannot be applied.

    Raises:
        OverloadedError: The project has too many.
    """
    if await connection.fetchval(COUNT, project_id, DEAD_LETTERS_MAX) >= DEAD_LETTERS_MAX:
        raise OverloadedError(
            f"The project has {DEAD_LETTERS_MAX} dead letters: redrive or discard some of them."
        )
    await connection.execute(
        INSERT,
        project_id,
        letter_id,
        client_id,
        mutation.id,
        _storable(mutation.table),
        mutation.operation,
        _storable(mutation.record_id),
        mutation.value,
        _storable(mutation.clock),
        _storable(mutation.base_clock),
        _storable(mutation.user_id),
        reason,
        awaits_record,
    )


async def select_page(
    connection: Connection,
    project_id: UUID,
    *,
    client_id: str,
    table: str,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[DeadLetter]:
    """Returns mutations that cannot be applied, the newest first."""
    create_time, letter_id = after or (None, None)
    rows = await connection.fetch(SELECT_PAGE, project_id, client_id, table, create_time, letter_id, limit)
    return [_letter_of(row) for row in rows]


async def lock(connection: Connection, project_id: UUID, letter_id: UUID) -> DeadLetter | None:
    """Returns a dead letter that nobody else changes before the transaction ends; None if there is none."""
    row = await connection.fetchrow(LOCK, project_id, letter_id)
    return _letter_of(row) if row else None


async def lock_awaiting(
    connection: Connection, project_id: UUID, table: str, record_id: UUID, *, limit: int
) -> list[DeadLetter]:
    """Returns the mutations that came before their record, in the order in which they were made."""
    rows = await connection.fetch(LOCK_AWAITING, project_id, table, str(record_id), limit)
    return [_letter_of(row) for row in rows]


async def update(
    connection: Connection,
    project_id: UUID,
    letter_id: UUID,
    *,
    value: bytes | None,
    reason: str,
    awaits_record: bool,
) -> None:
    """Notes that a locked mutation could not be applied once more."""
    await connection.execute(UPDATE, project_id, letter_id, value, reason, awaits_record)


async def delete(connection: Connection, project_id: UUID, letter_id: UUID) -> bool:
    """Deletes a dead letter; False if there is none."""
    return await connection.fetchval(DELETE, project_id, letter_id) is not None


def _storable(text: str) -> str:
    """Returns a text without the one character that PostgreSQL keeps in none."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _letter_of(row: asyncpg.Record) -> DeadLetter:
    return DeadLetter(
        id=row["id"],
        client_id=row["client_id"],
        mutation=Mutation(
            id=row["mutation_id"],
            table=row["record_table"],
            operation=row["operation"],
            record_id=row["record_id"],
            value=row["value"],
            clock=row["clock"],
            base_clock=row["base_clock"],
            user_id=row["user_id"],
        ),
        reason=row["reason"],
        awaits_record=row["awaits_record"],
        attempts=row["attempts"],
        create_time=row["create_time"],
    )
