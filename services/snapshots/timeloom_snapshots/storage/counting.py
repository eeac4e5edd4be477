"""How many executions there are of each status, agent and tag, and how long they took."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_snapshots import limits
from timeloom_snapshots.model import ExecutionStatus
from timeloom_snapshots.storage.executions import DURATION_MS, ExecutionFilter

# Each row is looked at once.
COUNT: Final = f"""
WITH looked_at AS MATERIALIZED (
    SELECT
        status,
        agent_id,
        tags,
        {DURATION_MS} AS duration_ms
    FROM executions
    WHERE
        project_id = $1
        AND delete_time IS NULL
        AND ($2 = '' OR agent_id = $2)
        AND ($3 = '' OR session_id = $3)
        AND ($4 = '' OR strpos(lower(name), lower($4)) > 0)
        AND ($5::timestamptz IS NULL OR create_time >= $5)
        AND ($6::timestamptz IS NULL OR create_time < $6)
    ORDER BY create_time DESC, id DESC
    LIMIT $12
),

matched AS MATERIALIZED (
    SELECT
        status,
        agent_id,
        tags,
        width_bucket(duration_ms::float8, $13::float8[]) AS bin,
        duration_ms IS NOT NULL AS has_ended,
        cardinality($7::smallint[]) = 0 OR status = ANY($7) AS by_status,
        cardinality($8::text[]) = 0 OR agent_id = ANY($8) AS by_agent,
        tags @> $9::text[] AS by_tags,
        ($10::float8 = 0 OR coalesce(duration_ms >= $10, false))
        AND ($11::float8 = 0 OR coalesce(duration_ms < $11, false)) AS by_duration
    FROM looked_at
)

SELECT 'looked_at' AS field, '' AS value, count(*) AS count FROM looked_at
UNION ALL
SELECT 'count', '', count(*) FROM matched WHERE by_status AND by_agent AND by_tags AND by_duration
UNION ALL
SELECT 'status', status::text, count(*)
FROM matched
WHERE by_agent AND by_tags AND by_duration
GROUP BY status
UNION ALL
SELECT 'agent_id', agent_id, count(*)
FROM matched
WHERE by_status AND by_tags AND by_duration
GROUP BY agent_id
UNION ALL
SELECT 'tag', tag, count(*)
FROM matched, unnest(tags) AS tag
WHERE by_status AND by_agent AND by_tags AND by_duration
GROUP BY tag
UNION ALL
SELECT 'bin', bin::text, count(*)
FROM matched
WHERE has_ended AND by_status AND by_agent AND by_tags
GROUP BY bin
"""  # noqa: S608 - a constant

_BEGINNINGS: Final = tuple(float(2**exponent) for exponent in range(41))
"""Where the bins of durations begin, after the one of less than a millisecond; the last at 34 years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetCounts:
    """The most frequent values of a field, and how many others there are."""

    field: str
    values: tuple[tuple[str, int], ...]
    other_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationCount:
    """How many executions took at least, and less than, so many milliseconds."""

    ms_min: float
    ms_max: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionCounts:
    """How many executions a filter means, and of what they are."""

    count: int
    facets: tuple[FacetCounts, ...]
    durations: tuple[DurationCount, ...]
    is_cut: bool


async def count(
    connection: Connection, project_id: UUID, wanted: ExecutionFilter, *, value_limit: int
) -> ExecutionCounts:
    """Counts the newest executions; what a field itself is filtered by does not narrow its own counts."""
    rows = await connection.fetch(
        COUNT,
        project_id,
        wanted.agent_id,
        wanted.session_id,
        wanted.name_contains,
        wanted.created_after,
        wanted.created_before,
        wanted.statuses,
        wanted.agent_ids,
        wanted.tags,
        wanted.duration_ms_min,
        wanted.duration_ms_max,
        limits.COUNTED_EXECUTIONS_MAX,
        _BEGINNINGS,
    )
    counted: dict[str, Counter[str]] = {}
    for row in rows:
        counted.setdefault(row["field"], Counter())[row["value"]] = row["count"]
    none = Counter[str]()
    statuses = Counter(
        {ExecutionStatus(int(value)).name: n for value, n in counted.get("status", none).items()}
    )
    fields = {
        "status": statuses,
        "agent_id": counted.get("agent_id", none),
        "tag": counted.get("tag", none),
    }
    return ExecutionCounts(
        count=counted["count"][""],
        facets=tuple(_facet(field, values, value_limit) for field, values in fields.items()),
        durations=_durations(counted.get("bin", none)),
        is_cut=counted["looked_at"][""] >= limits.COUNTED_EXECUTIONS_MAX,
    )


def _facet(field: str, values: Counter[str], limit: int) -> FacetCounts:
    in_order = sorted(values.items(), key=lambda each: (-each[1], each[0]))
    return FacetCounts(field=field, values=tuple(in_order[:limit]), other_count=max(0, len(in_order) - limit))


def _durations(counted: Counter[str]) -> tuple[DurationCount, ...]:
    counts = {int(each): number for each, number in counted.items()}
    if not counts:
        return ()
    edges = (0.0, *_BEGINNINGS, 2 * _BEGINNINGS[-1])
    return tuple(
        DurationCount(ms_min=edges[each], ms_max=edges[each + 1], count=counts.get(each, 0))
        for each in range(min(counts), max(counts) + 1)
    )
