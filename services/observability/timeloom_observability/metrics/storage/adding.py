"""Adding what ingesting has appended to the rows that are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from timeloom_observability.sketches import packed, unpacked
from timeloom_platform.database import Connection

COMPACT_BYTES: Final = 2_048
"""A sketch that has grown so long by joining is packed anew."""

SELECT_PROJECTS: Final = "SELECT DISTINCT project_id FROM metric_deltas LIMIT $1"

TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('timeloom metrics of ' || $1, 0))"

# One statement: what is taken away is what is added, whoever reads meanwhile and wherever this is cut off.
ADD_DELTAS: Final = """
WITH taken AS (
    DELETE FROM metric_deltas
    WHERE
        project_id = $1
        AND position IN (
            SELECT position FROM metric_deltas WHERE project_id = $1 ORDER BY position LIMIT $2
        )
    RETURNING *
),

added AS (
    INSERT INTO metric_rows AS kept (
        project_id,
        resolution,
        time,
        series_id,
        count,
        duration_ns_sum,
        duration_ns_max,
        input_tokens,
        output_tokens,
        total_tokens,
        cost,
        sketch
    )
    SELECT
        $1,
        lengths.seconds,
        date_bin(make_interval(secs => lengths.seconds), taken.time, 'epoch'),
        taken.series_id,
        sum(taken.count),
        sum(taken.duration_ns_sum),
        max(taken.duration_ns_max),
        sum(taken.input_tokens),
        sum(taken.output_tokens),
        sum(taken.total_tokens),
        sum(taken.cost),
        string_agg(taken.sketch, '')
    FROM taken
    CROSS JOIN unnest($3::integer []) AS lengths (seconds)
    GROUP BY 2, 3, 4
    ORDER BY 2, 3, 4
    ON CONFLICT (project_id, resolution, time, series_id) DO UPDATE SET
        count = kept.count + excluded.count,
        duration_ns_sum = kept.duration_ns_sum + excluded.duration_ns_sum,
        duration_ns_max = greatest(kept.duration_ns_max, excluded.duration_ns_max),
        input_tokens = kept.input_tokens + excluded.input_tokens,
        output_tokens = kept.output_tokens + excluded.output_tokens,
        total_tokens = kept.total_tokens + excluded.total_tokens,
        cost = kept.cost + excluded.cost,
        sketch = kept.sketch || excluded.sketch
    RETURNING resolution, time, series_id, sketch
)

SELECT
    (SELECT count(*) FROM taken) AS taken_count,
    long.resolution,
    long.time,
    long.series_id,
    long.sketch
FROM (SELECT) AS one
LEFT JOIN added AS long ON octet_length(long.sketch) >= $4
"""

REPLACE_SKETCHES: Final = """
UPDATE metric_rows AS kept
SET sketch = packed.sketch
FROM unnest($2::integer [], $3::timestamptz [], $4::integer [], $5::bytea [])
    AS packed (resolution, time, series_id, sketch)
WHERE
    kept.project_id = $1
    AND kept.resolution = packed.resolution
    AND kept.time = packed.time
    AND kept.series_id = packed.series_id
"""


async def select_projects(connection: Connection, limit: int) -> list[UUID]:
    """Returns projects that have something to be added; the connection sees all of them."""
    return [row["project_id"] for row in await connection.fetch(SELECT_PROJECTS, limit)]


async def try_lock(connection: Connection, project_id: UUID) -> bool:
    """Returns whether nobody else adds to this project's rows; until the end of the transaction."""
    return bool(await connection.fetchval(TRY_LOCK, str(project_id)))


async def add_deltas(
    connection: Connection, project_id: UUID, *, limit: int, resolutions: Sequence[int]
) -> int:
    """Adds what was appended first to the rows of all lengths, and returns how many deltas that were.

    Args:
        connection: In a transaction of the project.
        project_id: Whose they are.
        limit: No more deltas than that.
        resolutions: The lengths of rows.
    """
    rows = await connection.fetch(ADD_DELTAS, project_id, limit, list(resolutions), COMPACT_BYTES)
    long = [row for row in rows if row["sketch"] is not None]
    if long:
        await connection.execute(
            REPLACE_SKETCHES,
            project_id,
            [row["resolution"] for row in long],
            [row["time"] for row in long],
            [row["series_id"] for row in long],
            [packed(unpacked(row["sketch"])) for row in long],
        )
    return int(rows[0]["taken_count"])
