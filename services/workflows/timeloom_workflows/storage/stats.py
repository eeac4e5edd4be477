"""Counts, durations and failure rates: one statement for executions, and one for steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Connection
from timeloom_workflows import limits
from timeloom_workflows.storage.rows import Row

_WINDOW: Final = """
    project_id = $1
    AND create_time >= coalesce($3, now() - interval '1 day')
    AND create_time < coalesce($4, 'infinity'::timestamptz)
    AND ($2::text[] = '{}' OR workflow_id = ANY($2))
"""

_DURATIONS: Final = """
    percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration_ms)
        FILTER (WHERE succeeded) AS durations_ms,
    percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY queue_ms) AS queues_ms
"""

EXECUTIONS: Final = f"""
WITH measured AS (
    SELECT
        workflow_id,
        CASE WHEN $5 THEN workflow_version ELSE 0 END AS workflow_version,
        status,
        waiting_for,
        retry_count,
        status = 4 AS succeeded,
        (extract(EPOCH FROM end_time - start_time) * 1000)::float8 AS duration_ms,
        (extract(EPOCH FROM start_time - create_time) * 1000)::float8 AS queue_ms
    FROM executions
    WHERE {_WINDOW}
)
SELECT
    grouping(workflow_id) = 1 AS is_total,
    coalesce(workflow_id, '') AS workflow_id,
    coalesce(workflow_version, 0) AS workflow_version,
    '' AS step_id,
    count(*) FILTER (WHERE status = 1) AS pending,
    count(*) FILTER (WHERE status = 2 AND waiting_for = 0) AS running,
    count(*) FILTER (WHERE status = 2 AND waiting_for <> 0) AS waiting,
    count(*) FILTER (WHERE status = 3) AS paused,
    count(*) FILTER (WHERE status = 4) AS succeeded,
    count(*) FILTER (WHERE status = 5) AS failed,
    count(*) FILTER (WHERE status = 6) AS cancelled,
    coalesce(sum(retry_count), 0) AS retries,
    {_DURATIONS}
FROM measured
GROUP BY GROUPING SETS ((), (workflow_id, workflow_version))
ORDER BY is_total DESC, workflow_id, workflow_version
LIMIT $6
"""  # noqa: S608 - constants

# A step's id begins with the places of what it is within, and ends with a number if its name was used before.
STEPS: Final = f"""
WITH chosen AS (
    SELECT id, workflow_id, CASE WHEN $5 THEN workflow_version ELSE 0 END AS workflow_version
    FROM executions
    WHERE {_WINDOW}
), measured AS (
    SELECT
        workflow_id,
        workflow_version,
        regexp_replace(regexp_replace(steps.id, '^.*\\[\\d+\\]\\.', ''), ':\\d+$', '') AS step_id,
        status,
        greatest(attempt - 1, 0) AS retry_count,
        status = 5 AS succeeded,
        (extract(EPOCH FROM end_time - start_time) * 1000)::float8 AS duration_ms,
        (extract(EPOCH FROM start_time - create_time) * 1000)::float8 AS queue_ms
    FROM chosen
    CROSS JOIN LATERAL (
        SELECT steps.id, status, attempt, create_time, start_time, end_time
        FROM steps
        WHERE project_id = $1 AND execution_id = chosen.id
    ) AS steps
)
SELECT
    false AS is_total,
    workflow_id,
    workflow_version,
    step_id,
    count(*) FILTER (WHERE status = 1) AS pending,
    count(*) FILTER (WHERE status = 2) AS running,
    count(*) FILTER (WHERE status IN (3, 4)) AS waiting,
    0 AS paused,
    count(*) FILTER (WHERE status = 5) AS succeeded,
    count(*) FILTER (WHERE status = 6) AS failed,
    count(*) FILTER (WHERE status = 7) AS cancelled,
    sum(retry_count) AS retries,
    {_DURATIONS}
FROM measured
GROUP BY workflow_id, workflow_version, step_id
ORDER BY workflow_id, workflow_version, step_id
LIMIT $6
"""  # noqa: S608 - constants


class StatsFilter(Struct, frozen=True, kw_only=True):
    """Whose executions are counted; those of the last day if no time is given."""

    workflow_ids: tuple[str, ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    by_version: bool = False


class StatsLine(Struct, frozen=True, kw_only=True):
    """How executions or steps of one kind went. Durations are zero if none ended."""

    workflow_id: str
    workflow_version: int
    step_id: str
    pending: int
    running: int
    waiting: int
    paused: int
    succeeded: int
    failed: int
    cancelled: int
    retries: int
    duration_p50_ms: float
    duration_p95_ms: float
    duration_p99_ms: float
    queue_p50_ms: float
    queue_p99_ms: float

    @property
    def failure_rate(self) -> float:
        """Failed among those that ended."""
        ended = self.succeeded + self.failed + self.cancelled
        return self.failed / ended if ended else 0.0


async def select_executions(
    connection: Connection, project_id: UUID, wanted: StatsFilter
) -> tuple[StatsLine, list[StatsLine]]:
    """Returns a line for all executions together, and one for each workflow or version."""
    total, *lines = await connection.fetch(EXECUTIONS, *_arguments(project_id, wanted))
    return _line_of(total), [_line_of(row) for row in lines]


async def select_steps(connection: Connection, project_id: UUID, wanted: StatsFilter) -> list[StatsLine]:
    """Returns a line for each step of each workflow or version."""
    return [_line_of(row) for row in await connection.fetch(STEPS, *_arguments(project_id, wanted))]


def _arguments(project_id: UUID, wanted: StatsFilter) -> tuple[object, ...]:
    return (
        project_id,
        wanted.workflow_ids,
        wanted.created_after,
        wanted.created_before,
        wanted.by_version,
        limits.STATS_LINES_MAX + 1,
    )


def _line_of(row: Row) -> StatsLine:
    durations: Sequence[float | None] = row["durations_ms"] or (None, None, None)
    queues: Sequence[float | None] = row["queues_ms"] or (None, None)
    return StatsLine(
        workflow_id=row["workflow_id"],
        workflow_version=row["workflow_version"],
        step_id=row["step_id"],
        pending=row["pending"],
        running=row["running"],
        waiting=row["waiting"],
        paused=row["paused"],
        succeeded=row["succeeded"],
        failed=row["failed"],
        cancelled=row["cancelled"],
        retries=int(row["retries"]),
        duration_p50_ms=durations[0] or 0.0,
        duration_p95_ms=durations[1] or 0.0,
        duration_p99_ms=durations[2] or 0.0,
        queue_p50_ms=queues[0] or 0.0,
        queue_p99_ms=queues[1] or 0.0,
    )
