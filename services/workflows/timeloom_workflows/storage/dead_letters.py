"""Work that was given up."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from timeloom_platform.database import Connection
from timeloom_workflows.model import Failure

COLUMNS: Final = "id, workflow_id, execution_id, step_id, event_id, error, create_time, redrive_time"

INSERT: Final = """
INSERT INTO dead_letters (project_id, id, workflow_id, execution_id, step_id, event_id, error, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
"""

SELECT_PAGE: Final = f"""
SELECT {COLUMNS}
FROM dead_letters
WHERE
    project_id = $1
    AND ($2 = '' OR workflow_id = $2)
    AND ($3 OR redrive_time IS NULL)
    AND ($4::timestamptz IS NULL OR (create_time, id) < ($4, $5::uuid))
ORDER BY create_time DESC, id DESC
LIMIT $6
"""  # noqa: S608 - constants

SELECT: Final = f"SELECT {COLUMNS} FROM dead_letters WHERE project_id = $1 AND id = $2"  # noqa: S608
LOCK: Final = f"{SELECT} FOR NO KEY UPDATE"

REDRIVE: Final = f"""
UPDATE dead_letters SET redrive_time = clock_timestamp() WHERE project_id = $1 AND id = $2 RETURNING {COLUMNS}
"""  # noqa: S608 - constants

# An event that is not handled, and whose time to be looked after has come, is what the sweep of events takes.
FORGET_HANDLING: Final = """
UPDATE events SET handle_time = NULL, attempts = 0, look_time = clock_timestamp()
WHERE project_id = $1 AND id = $2
RETURNING id
"""

DELETE: Final = "DELETE FROM dead_letters WHERE project_id = $1 AND id = $2 RETURNING id"


class DeadLetter(Struct, frozen=True, kw_only=True):
    """An execution that failed for good, or an event that could not be handled."""

    id: UUID
    workflow_id: str
    execution_id: UUID | None
    step_id: str
    event_id: str | None
    error: Failure
    create_time: datetime
    redrive_time: datetime | None


async def insert(
    connection: Connection,
    project_id: UUID,
    letter_id: UUID,
    *,
    error: Failure,
    workflow_id: str = "",
    execution_id: UUID | None = None,
    step_id: str = "",
    event_id: str | None = None,
) -> None:
    """Keeps work that is given up."""
    await connection.execute(
        INSERT,
        project_id,
        letter_id,
        workflow_id,
        execution_id,
        step_id,
        event_id,
        msgspec.json.encode(error).decode(),
    )


async def select_page(
    connection: Connection,
    project_id: UUID,
    *,
    workflow_id: str,
    with_redriven: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[DeadLetter]:
    """Returns what was given up, the newest first."""
    create_time, letter_id = after or (None, None)
    rows = await connection.fetch(
        SELECT_PAGE, project_id, workflow_id, with_redriven, create_time, letter_id, limit
    )
    return [_letter_of(dict(row)) for row in rows]


async def select(connection: Connection, project_id: UUID, letter_id: UUID) -> DeadLetter | None:
    """Returns a dead letter; None if there is none."""
    row = await connection.fetchrow(SELECT, project_id, letter_id)
    return _letter_of(dict(row)) if row else None


async def lock(connection: Connection, project_id: UUID, letter_id: UUID) -> DeadLetter | None:
    """Returns a dead letter that nobody else changes before the transaction ends; None if there is none."""
    row = await connection.fetchrow(LOCK, project_id, letter_id)
    return _letter_of(dict(row)) if row else None


async def redrive(connection: Connection, project_id: UUID, letter_id: UUID) -> DeadLetter:
    """Notes that a locked dead letter is tried again."""
    row = await connection.fetchrow(REDRIVE, project_id, letter_id)
    assert row is not None, "the row is locked"
    return _letter_of(dict(row))


async def forget_handling(connection: Connection, project_id: UUID, event_id: str) -> bool:
    """Lets an event be handled again; False if it is kept no longer."""
    return await connection.fetchval(FORGET_HANDLING, project_id, event_id) is not None


async def delete(connection: Connection, project_id: UUID, letter_id: UUID) -> bool:
    """Deletes a dead letter; False if there is none."""
    return await connection.fetchval(DELETE, project_id, letter_id) is not None


def _letter_of(values: dict[str, object]) -> DeadLetter:
    values["error"] = msgspec.json.decode(str(values["error"]), type=Failure)
    return DeadLetter(**values)  # type: ignore[arg-type]  # the columns are the fields
