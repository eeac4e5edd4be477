"""Executions one by one, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_workflows.model import Execution
from timeloom_workflows.storage.rows import EXECUTION_COLUMNS, execution_of

SELECT: Final = f"""
SELECT {EXECUTION_COLUMNS} FROM executions WHERE project_id = $1 AND id = $2
"""  # noqa: S608 - a constant

# One by one, by their keys: no statistics decide how they are found.
SELECT_ALL: Final = f"""
SELECT found.*
FROM unnest($2::uuid[]) AS wanted (wanted_id)
CROSS JOIN LATERAL (
    SELECT {EXECUTION_COLUMNS} FROM executions WHERE project_id = $1 AND id = wanted_id LIMIT 1
) AS found
"""  # noqa: S608 - a constant


async def select(connection: Connection, project_id: UUID, execution_id: UUID) -> Execution | None:
    """Returns an execution with its documents; None if there is none."""
    row = await connection.fetchrow(SELECT, project_id, execution_id)
    return execution_of(row) if row else None


async def select_all(
    connection: Connection, project_id: UUID, execution_ids: Sequence[UUID]
) -> dict[UUID, Execution]:
    """Returns those that there are, with their documents, by their ids."""
    rows = await connection.fetch(SELECT_ALL, project_id, execution_ids)
    return {row["id"]: execution_of(row) for row in rows}
