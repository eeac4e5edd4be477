"""Signals: in the order in which they came, until a step takes them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Connection
from timeloom_workflows.storage.rows import bytes_of, text_of

INSERT: Final = """
INSERT INTO signals (project_id, execution_id, id, name, data, step_id, create_time)
VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())
"""

EXISTS: Final = """
SELECT EXISTS (SELECT FROM signals WHERE project_id = $1 AND execution_id = $2 AND id = $3 AND id <> '')
"""

COUNT_PENDING: Final = """
SELECT count(*) FROM (
    SELECT FROM signals WHERE project_id = $1 AND execution_id = $2 AND step_id IS NULL LIMIT $3
) AS pending
"""

SELECT_PENDING: Final = """
SELECT number, name, data
FROM signals
WHERE project_id = $1 AND execution_id = $2 AND step_id IS NULL AND name = ANY($3::text[])
ORDER BY number
LIMIT $4
"""

TAKE: Final = """
UPDATE signals SET step_id = $4 WHERE project_id = $1 AND execution_id = $2 AND number = $3
"""


class PendingSignal(Struct, frozen=True):
    """A signal that no step has taken."""

    number: int
    name: str
    data: bytes | None


async def insert(
    connection: Connection,
    project_id: UUID,
    execution_id: UUID,
    *,
    signal_id: str,
    name: str,
    data: bytes | None,
    step_id: str | None,
) -> None:
    """Keeps a signal, with the step that took it."""
    await connection.execute(INSERT, project_id, execution_id, signal_id, name, text_of(data), step_id)


async def exists(connection: Connection, project_id: UUID, execution_id: UUID, signal_id: str) -> bool:
    """Whether a signal with this id has come before."""
    return bool(await connection.fetchval(EXISTS, project_id, execution_id, signal_id))


async def count_pending(connection: Connection, project_id: UUID, execution_id: UUID, *, limit: int) -> int:
    """Counts the signals that no step has taken, up to a limit."""
    return int(await connection.fetchval(COUNT_PENDING, project_id, execution_id, limit))


async def select_pending(
    connection: Connection, project_id: UUID, execution_id: UUID, *, names: list[str], limit: int
) -> list[PendingSignal]:
    """Returns the oldest signals of these names that no step has taken."""
    rows = await connection.fetch(SELECT_PENDING, project_id, execution_id, names, limit)
    return [PendingSignal(row["number"], row["name"], bytes_of(row["data"])) for row in rows]


async def take(
    connection: Connection, project_id: UUID, execution_id: UUID, number: int, *, step_id: str
) -> None:
    """Gives a signal to a step."""
    await connection.execute(TAKE, project_id, execution_id, number, step_id)
