"""Forks: executions that share their first snapshots with others."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_snapshots.model import Execution
from timeloom_snapshots.storage.executions import COLUMNS, execution_of

# The lines are the origin's, as far as the fork shares them, and one for the origin itself. Its time is after
# the commits of all effects that the origin has, and before those that it will have.
INSERT: Final = f"""
WITH fork AS (
    INSERT INTO executions (
        project_id, id, agent_id, session_id, name, status, trace_id, tags, input, metadata,
        head_sequence, snapshot_count, shared_count, forked_from_execution_id, forked_from_sequence,
        fork_request_hash, create_time, update_time
    )
    VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $11, $11, $11, $10, $11, $12, now(), now())
    ON CONFLICT (project_id, id) DO NOTHING
    RETURNING *
),
lines AS (
    INSERT INTO lineages (
        project_id, execution_id, place, owner_id, first_sequence, last_sequence, fork_time
    )
    SELECT $1, $2, place, owner_id, first_sequence, least(last_sequence, $11), fork_time
    FROM fork
    CROSS JOIN lineages
    WHERE lineages.project_id = $1 AND lineages.execution_id = $10
    UNION ALL
    SELECT
        $1, $2,
        (SELECT count(*)::smallint FROM lineages WHERE lineages.project_id = $1 AND execution_id = $10),
        origin.id, origin.shared_count + 1, $11, clock_timestamp()
    FROM fork
    CROSS JOIN executions AS origin
    WHERE origin.project_id = $1 AND origin.id = $10
)
SELECT {COLUMNS} FROM fork
"""  # noqa: S608 - a constant

SELECT_REQUEST_HASH: Final = """
SELECT fork_request_hash FROM executions WHERE project_id = $1 AND id = $2 AND delete_time IS NULL
"""

DEPTH: Final = """
SELECT count(*)::integer FROM lineages WHERE project_id = $1 AND execution_id = $2
"""


async def insert(
    connection: Connection, project_id: UUID, fork: Execution, *, request_hash: bytes
) -> Execution | None:
    """Inserts a fork, which runs and stands on its last shared snapshot; None if its id is taken.

    Args:
        connection: In a transaction in which nobody deletes the origin.
        project_id: The project.
        fork: What it is forked from, and the fields that callers may edit.
        request_hash: Of the request that made it.
    """
    row = await connection.fetchrow(
        INSERT,
        project_id,
        fork.id,
        fork.agent_id,
        fork.session_id,
        fork.name,
        fork.trace_id,
        fork.tags,
        fork.input,
        fork.metadata,
        fork.forked_from_execution_id,
        fork.forked_from_sequence,
        request_hash,
    )
    return execution_of(row) if row else None


async def select_request_hash(connection: Connection, project_id: UUID, execution_id: UUID) -> bytes | None:
    """Returns the hash of the request that made a fork; None if there is no such fork."""
    found: bytes | None = await connection.fetchval(SELECT_REQUEST_HASH, project_id, execution_id)
    return found


async def depth(connection: Connection, project_id: UUID, execution_id: UUID) -> int:
    """Returns how many executions an execution goes back through; zero if it is no fork."""
    found: int = await connection.fetchval(DEPTH, project_id, execution_id)
    return found
