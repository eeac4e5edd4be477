"""How many memories there are, of what, in what states."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from timeloom_memory.storage.memories import ANY_STATE
from timeloom_memory.storage.predicates import Parameters, Scope, matching
from timeloom_platform.database import Connection


class Totals(Struct, frozen=True, kw_only=True):
    """Counts of memories by their states; what was deleted counts as nothing else."""

    memory_count: int
    archived_count: int
    superseded_count: int
    deleted_count: int
    version_count: int


class Counted(Struct, frozen=True):
    """How many memories have this kind, this agent or this namespace."""

    dimension: str
    name: str
    count: int


async def totals(
    connection: Connection, project_id: UUID, *, namespaces: Sequence[str], scope: Scope
) -> Totals:
    """Counts the memories that may be read, by their states."""
    parameters = Parameters(project_id)
    selection = matching(ANY_STATE, namespaces=namespaces, scope=scope, parameters=parameters)
    # Only constants of this package and numbers of parameters are put together here.
    statement = f"""
        SELECT
            count(*) FILTER (WHERE m.delete_time IS NULL) AS memory_count,
            count(*) FILTER (WHERE m.delete_time IS NULL AND m.archived) AS archived_count,
            count(*) FILTER (
                WHERE m.delete_time IS NULL AND m.superseded_by IS NOT NULL
            ) AS superseded_count,
            count(*) FILTER (WHERE m.delete_time IS NOT NULL) AS deleted_count,
            coalesce(sum(m.version), 0)::bigint AS version_count
        FROM {selection.source}
        WHERE {selection.condition}
    """  # noqa: S608 - see above
    row = await connection.fetchrow(statement, *parameters.values)
    assert row is not None, "the statement returns a row"
    return Totals(**dict(row))


async def counts(
    connection: Connection, project_id: UUID, *, namespaces: Sequence[str], scope: Scope, limit: int
) -> list[Counted]:
    """Counts the memories that may be read and were not deleted, by kind, agent and namespace, most first.

    Of each of these there are the `limit` most frequent.
    """
    parameters = Parameters(project_id)
    selection = matching(ANY_STATE, namespaces=namespaces, scope=scope, parameters=parameters)
    # Only constants of this package and numbers of parameters are put together here.
    statement = f"""
        SELECT dimension, name, count
        FROM (
            SELECT
                counted.*,
                row_number() OVER (PARTITION BY dimension ORDER BY count DESC, name) AS place
            FROM (
                SELECT
                    CASE
                        WHEN grouping(m.kind) = 0 THEN 'kind'
                        WHEN grouping(m.agent_id) = 0 THEN 'agent'
                        ELSE 'namespace'
                    END AS dimension,
                    coalesce(m.kind::text, m.agent_id, m.namespace) AS name,
                    count(*) AS count
                FROM {selection.source}
                WHERE {selection.condition} AND m.delete_time IS NULL
                GROUP BY GROUPING SETS ((m.kind), (m.agent_id), (m.namespace))
            ) AS counted
        ) AS placed
        WHERE place <= {parameters.add(limit)}
        ORDER BY dimension, place
    """  # noqa: S608 - see above
    rows = await connection.fetch(statement, *parameters.values)
    return [Counted(row["dimension"], row["name"], row["count"]) for row in rows]
