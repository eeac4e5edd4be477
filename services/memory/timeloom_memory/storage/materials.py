"""Memories as upkeep reads them: what they say, how they are used, and their vectors."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from timeloom_memory.model import MemoryFilter, Part
from timeloom_memory.storage.predicates import Parameters, Scope, matching
from timeloom_platform.database import Connection

_COLUMNS: Final = """
    m.id, m.namespace, m.kind, m.content, m.importance, m.create_time, m.occur_time, m.archived, m.cluster_id,
    m.embedding_model, m.dimension, coalesce(u.access_count, 0) AS access_count,
    coalesce(u.recent, '{}') AS recent
"""


class Material(Struct, frozen=True, kw_only=True):
    """A memory that is looked at.

    Attributes:
        recent: When it was used last, oldest first.
        vector: That of its content in binary form; None if it has none.
    """

    id: UUID
    namespace: str
    kind: int
    content: str
    importance: float
    create_time: datetime
    occur_time: datetime
    archived: bool
    cluster_id: UUID | None
    embedding_model: str
    dimension: int
    access_count: int
    recent: tuple[datetime, ...]
    vector: bytes | None = None


class Trace(Struct, frozen=True, kw_only=True):
    """What decay goes by: a memory without what it says."""

    id: UUID
    namespace: str
    importance: float
    create_time: datetime
    access_count: int
    recent: tuple[datetime, ...]


async def select(
    connection: Connection,
    project_id: UUID,
    wanted: MemoryFilter,
    *,
    namespace: str,
    below: bool,
    scope: Scope | None,
    limit: int,
) -> list[Material]:
    """Returns memories with their vectors, newest first.

    Args:
        connection: To read by.
        project_id: Whose they are.
        wanted: What they have to fulfil.
        namespace: Where they live.
        below: Also those of the namespaces below it.
        scope: What the caller may read; None for everything.
        limit: How many, at most.
    """
    parameters = Parameters(project_id)
    selection = matching(wanted, namespaces=[namespace] if below else (), scope=scope, parameters=parameters)
    condition = selection.condition
    if not below:
        condition += f" AND m.namespace = {parameters.add(namespace)}"
    # Only constants of this package and numbers of parameters are put together here.
    statement = f"""
        SELECT {_COLUMNS}, v.vector
        FROM {selection.source}
        LEFT JOIN memory_usage AS u ON u.project_id = m.project_id AND u.memory_id = m.id
        LEFT JOIN memory_vectors AS v
            ON
                v.project_id = m.project_id AND v.memory_id = m.id AND v.content_version = m.content_version
                AND v.model = m.embedding_model AND v.part = {int(Part.CONTENT)}
        WHERE {condition}
        ORDER BY m.create_time DESC, m.id DESC
        LIMIT {parameters.add(limit)}
    """  # noqa: S608 - see above
    rows = await connection.fetch(statement, *parameters.values)
    return [Material(**_values(row)) for row in rows]


async def select_traces(
    connection: Connection,
    parameters: Parameters,
    *,
    source: str,
    condition: str,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Trace]:
    """Returns what decay goes by of memories, oldest first, beginning after one."""
    if after is not None:
        time, memory_id = (parameters.add(part) for part in after)
        condition = f"{condition} AND (m.create_time, m.id) > ({time}, {memory_id})"
    # Only constants of this package and numbers of parameters are put together here.
    statement = f"""
        SELECT
            m.id, m.namespace, m.importance, m.create_time, coalesce(u.access_count, 0) AS access_count,
            coalesce(u.recent, '{{}}') AS recent
        FROM {source}
        LEFT JOIN memory_usage AS u ON u.project_id = m.project_id AND u.memory_id = m.id
        WHERE {condition}
        ORDER BY m.create_time, m.id
        LIMIT {parameters.add(limit)}
    """  # noqa: S608 - see above
    rows = await connection.fetch(statement, *parameters.values)
    return [Trace(**_values(row)) for row in rows]


async def count(connection: Connection, project_id: UUID, wanted: MemoryFilter, *, namespace: str) -> int:
    """Returns how many memories of a namespace fulfil a filter."""
    parameters = Parameters(project_id)
    selection = matching(wanted, scope=None, parameters=parameters)
    # Only constants of this package and numbers of parameters are put together here.
    statement = f"""
        SELECT count(*) AS count
        FROM {selection.source}
        WHERE {selection.condition} AND m.namespace = {parameters.add(namespace)}
    """  # noqa: S608 - see above
    row = await connection.fetchrow(statement, *parameters.values)
    return 0 if row is None else int(row["count"])


def _values(row: Any) -> dict[str, Any]:
    values = dict(row)
    values["recent"] = tuple(values["recent"])
    return values
