"""What a policy takes from executions, or somebody who names snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_snapshots.model import ExecutionStatus
from timeloom_snapshots.policies import RetentionPolicy

# Forks and verifications wait for it, too, which lock the execution's key only.
LOCK: Final = """
SELECT head_sequence
FROM executions
WHERE project_id = $1 AND id = $2 AND delete_time IS NULL
FOR UPDATE
"""

SELECT_SHARED_THROUGH: Final = """
SELECT greatest(
    (SELECT shared_count FROM executions WHERE project_id = $1 AND id = $2),
    (SELECT max(last_sequence) FROM lineages WHERE project_id = $1 AND owner_id = $2)
)
"""

SELECT_PRESENT: Final = """
SELECT sequence
FROM snapshots
WHERE project_id = $1 AND execution_id = $2 AND sequence = ANY($3::integer[])
ORDER BY sequence
"""

# Those that a policy lets go, of executions that are locked or, for a dry run, of which it is only told.
_GOING: Final = """
SELECT placed.sequence, placed.stored_bytes
FROM (
    SELECT
        sequence, stored_bytes, kind, create_time,
        coalesce(marked_label, label, '') <> '' OR cardinality(coalesce(marked_tags, tags)) > 0 AS is_tagged,
        row_number() OVER (ORDER BY sequence DESC) AS place
    FROM snapshots
    WHERE snapshots.project_id = $1 AND snapshots.execution_id = executions.id
) AS placed
WHERE placed.sequence <> executions.head_sequence
    AND placed.sequence > executions.shared_count
    AND placed.sequence > coalesce(
        (
            SELECT max(lineages.last_sequence)
            FROM lineages
            WHERE lineages.project_id = $1 AND lineages.owner_id = executions.id
        ),
        0
    )
    AND placed.place > $2
    AND NOT ($3 AND coalesce(placed.is_tagged, FALSE))
    AND ($4::timestamptz IS NULL OR placed.create_time < $4)
    AND NOT placed.kind = ANY($5::smallint[])
"""

# A snapshot takes what is stored of it and of its effects.
SELECT_GOING: Final = f"""
SELECT
    going.sequence,
    going.stored_bytes + (
        SELECT coalesce(sum(coalesce(octet_length(request), 0) + coalesce(octet_length(response), 0)), 0)
        FROM effects
        WHERE effects.project_id = $1 AND execution_id = executions.id AND effects.sequence = going.sequence
    )::bigint AS stored_bytes
FROM executions
CROSS JOIN LATERAL ({_GOING}) AS going
WHERE executions.project_id = $1 AND executions.id = $6 AND executions.delete_time IS NULL AND $7
ORDER BY going.sequence
LIMIT $8
"""  # noqa: S608 - a constant

SELECT_LOSSES: Final = f"""
WITH page AS MATERIALIZED (
    SELECT *
    FROM executions
    WHERE project_id = $1
        AND id > $6
        AND delete_time IS NULL
        AND (cardinality($9::uuid[]) = 0 OR id = ANY($9))
        AND ($10 = '' OR agent_id = $10)
        AND ($11 = '' OR session_id = $11)
    ORDER BY id
    LIMIT $12
)
SELECT
    executions.id,
    executions.status <> {ExecutionStatus.RUNNING.value} AND executions.end_time < $8 AS is_outlived,
    $7 AND EXISTS ({_GOING}) AS loses_snapshots
FROM page AS executions
ORDER BY executions.id
"""  # noqa: S608 - a constant

SELECT_WHOLE_SIZE: Final = """
SELECT
    count(*)::integer,
    coalesce(sum(stored_bytes), 0)::bigint
    + (
        SELECT coalesce(sum(coalesce(octet_length(request), 0) + coalesce(octet_length(response), 0)), 0)
        FROM effects
        WHERE project_id = $1 AND execution_id = $2
    )::bigint
FROM snapshots
WHERE project_id = $1 AND execution_id = $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoffs:
    """A policy at a moment: what is older than these times does not stay by its age."""

    policy: RetentionPolicy
    now: datetime

    @property
    def arguments(self) -> tuple[int, bool, datetime | None, tuple[int, ...]]:
        """The parameters $2 to $5 of the statements that ask for what goes."""
        young = self.policy.keep_younger_than
        return (
            self.policy.keep_last,
            self.policy.keep_tagged,
            None if young is None else self.now - young,
            self.policy.keep_kinds,
        )

    @property
    def ended_before(self) -> datetime | None:
        """Executions that ended before this are deleted; None if none are."""
        age = self.policy.delete_ended_after
        return None if age is None else self.now - age


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which executions are to be pruned; what is empty does not restrict them."""

    execution_ids: tuple[UUID, ...] = ()
    agent_id: str = ""
    session_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Whether a policy takes snapshots from an execution, or all of it."""

    execution_id: UUID
    is_outlived: bool
    loses_snapshots: bool


async def lock(connection: Connection, project_id: UUID, execution_id: UUID) -> int | None:
    """Returns the head of an execution that nobody else touches meanwhile; None if there is none."""
    head: int | None = await connection.fetchval(LOCK, project_id, execution_id)
    return head


async def select_shared_through(connection: Connection, project_id: UUID, execution_id: UUID) -> int:
    """Returns the last snapshot of an execution that is not its own, or not its own alone."""
    shared: int = await connection.fetchval(SELECT_SHARED_THROUGH, project_id, execution_id)
    return shared


async def select_present(
    connection: Connection, project_id: UUID, execution_id: UUID, sequences: Sequence[int]
) -> list[int]:
    """Returns those of the execution's own snapshots that are there, in order."""
    rows = await connection.fetch(SELECT_PRESENT, project_id, execution_id, sequences)
    return [row["sequence"] for row in rows]


async def select_going(
    connection: Connection, project_id: UUID, execution_id: UUID, cutoffs: Cutoffs, *, limit: int
) -> dict[int, int]:
    """Returns the first snapshots of an execution that a policy lets go, in order, with what they take."""
    rows = await connection.fetch(
        SELECT_GOING,
        project_id,
        *cutoffs.arguments,
        execution_id,
        cutoffs.policy.prunes_snapshots,
        limit,
    )
    return {row["sequence"]: row["stored_bytes"] for row in rows}


async def select_losses(
    connection: Connection, project_id: UUID, cutoffs: Cutoffs, scope: Scope, *, after: UUID, limit: int
) -> list[Losses]:
    """Returns what a policy takes from the next executions by id, also from those that lose nothing."""
    rows = await connection.fetch(
        SELECT_LOSSES,
        project_id,
        *cutoffs.arguments,
        after,
        cutoffs.policy.prunes_snapshots,
        cutoffs.ended_before,
        scope.execution_ids,
        scope.agent_id,
        scope.session_id,
        limit,
    )
    return [
        Losses(
            execution_id=UUID(bytes=row["id"].bytes),
            is_outlived=bool(row["is_outlived"]),
            loses_snapshots=row["loses_snapshots"],
        )
        for row in rows
    ]


async def select_whole_size(connection: Connection, project_id: UUID, execution_id: UUID) -> tuple[int, int]:
    """Returns how many snapshots of its own an execution has, and what they take."""
    row = await connection.fetchrow(SELECT_WHOLE_SIZE, project_id, execution_id)
    assert row is not None, "an aggregate has a row"
    return row[0], row[1]
