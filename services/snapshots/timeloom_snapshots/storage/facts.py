"""The facts of many snapshots by which executions are searched and compared: small, and without documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_snapshots.facts import Fact

_COLUMNS: Final = "sequence, parent_sequence, kind, step_name, state_hash, state_bytes, create_time"

_FROM_LINEAGE: Final = f"""
SELECT {_COLUMNS}
FROM lineage_of($1, $2) AS line
JOIN snapshots
    ON snapshots.project_id = $1
    AND snapshots.execution_id = line.owner_id
    AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
"""  # noqa: S608 - a constant

SELECT_UP_TO: Final = f"""
{_FROM_LINEAGE}
WHERE snapshots.sequence <= $3
ORDER BY snapshots.sequence
LIMIT $4
"""

SELECT_SOME: Final = f"""
{_FROM_LINEAGE}
WHERE snapshots.sequence = ANY($3::integer[])
ORDER BY snapshots.sequence
"""


async def select_up_to(
    connection: Connection, project_id: UUID, execution_id: UUID, *, last: int, limit: int
) -> list[Fact]:
    """Returns the first snapshots of an execution, up to a sequence, in order."""
    rows = await connection.fetch(SELECT_UP_TO, project_id, execution_id, last, limit)
    return [Fact(*row) for row in rows]


async def select_some(
    connection: Connection, project_id: UUID, execution_id: UUID, sequences: Sequence[int]
) -> dict[int, Fact]:
    """Returns some snapshots of an execution, those that are there, by their sequences."""
    rows = await connection.fetch(SELECT_SOME, project_id, execution_id, sequences)
    return {row["sequence"]: Fact(*row) for row in rows}
