"""The conflict policies that projects have set."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_workspace.sync.policies import DEFAULT_POLICIES, Policy

SELECT: Final = "SELECT record_table, policy FROM sync_policies WHERE project_id = $1"

UPSERT: Final = """
INSERT INTO sync_policies (project_id, record_table, policy, update_time)
VALUES ($1, $2, $3, clock_timestamp())
ON CONFLICT (project_id, record_table) DO UPDATE
SET policy = excluded.policy, update_time = excluded.update_time
"""


async def select(connection: Connection, project_id: UUID) -> dict[str, Policy]:
    """Returns the policies of all tables."""
    rows = await connection.fetch(SELECT, project_id)
    return {**DEFAULT_POLICIES, **{row["record_table"]: Policy[row["policy"]] for row in rows}}


async def upsert(connection: Connection, project_id: UUID, table: str, policy: Policy) -> None:
    """Sets the policy of a table."""
    await connection.execute(UPSERT, project_id, table, policy.name)
