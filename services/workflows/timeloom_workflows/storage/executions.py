"""Executions one by one, in the caller's transaction."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_workflows.model import Execution
from timeloom_workflows.storage.rows import EXECUTION_COLUMNS, execution_of

SELECT: Final = f"""
SELECT {EXECUTION_COLUMNS} FROM executions WHERE project_id = $1 AND id = $2
"""  # noqa: S608 - a constant


async def select(connection: Connection, project_id: UUID, execution_id: UUID) -> Execution | None:
    """Returns an execution with its documents; None if there is none."""
    row = await connection.fetchrow(SELECT, project_id, execution_id)
    return execution_of(row) if row else None
