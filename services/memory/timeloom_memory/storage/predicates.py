"""Which memories are meant: conditions of statements, put together from constants and bound parameters.

A condition speaks of `m`, which has the columns of `memories`: the table itself, or the versions that were
current at some time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from msgspec import Struct

from timeloom_memory.model import MemoryFilter

_CURRENT: Final = "memories AS m"

# What is asked as of a time is asked of the versions that were known then.
_AS_OF: Final = """(
    SELECT (jsonb_populate_record(NULL::memories, document)).*
    FROM memory_versions
    WHERE project_id = $1 AND known_from <= {time} AND (known_to IS NULL OR known_to > {time})
) AS m"""

_BELOW: Final = """m.namespace IN (
    SELECT name
    FROM namespaces
    JOIN unnest({prefixes}::text[]) AS wanted (prefix)
        ON name = prefix OR starts_with(name, prefix || '/')
    WHERE project_id = $1
)"""


# Each id is looked up by itself; what has a limit is not joined. Joined, PostgreSQL may read a project as a
# whole while it has no statistics of a table, as of a new one or right after an import.
_ONE_BY_ONE: Final = """
SELECT found.*
FROM unnest({ids}::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT {columns} FROM {source} {joins} WHERE m.id = wanted.id AND {condition} LIMIT 1
) AS found
"""

# What was known at some time has to be put together first, and is read once for all ids.
_TOGETHER: Final = """
SELECT {columns} FROM {source} {joins} WHERE m.id = ANY({ids}::uuid[]) AND {condition}
"""


class Parameters:
    """The parameters of a statement that is being put together. The first one is always the project."""

    def __init__(self, project_id: UUID, *values: object) -> None:
        self.values: list[Any] = [project_id, *values]

    def add(self, value: object) -> str:
        """Binds a value and returns its place, such as `$3`."""
        self.values.append(value)
        return f"${len(self.values)}"


class Scope(Protocol):
    """What a caller may see."""

    def readable_sql(self, parameters: Parameters) -> str:
        """Returns the condition on `m` that a memory may be read."""
        ...


class Selection(Struct, frozen=True):
    """What follows FROM and WHERE."""

    source: str
    condition: str

    def lookup(self, columns: str, *, ids: str, joins: str = "") -> str:
        """Returns the statement that reads those of some memories that fulfil the condition.

        Args:
            columns: Of `m` and what is joined.
            ids: The place of the parameter with the ids, each of them once.
            joins: What is joined to `m`, one row at most to each.
        """
        form = _ONE_BY_ONE if self.source == _CURRENT else _TOGETHER
        return form.format(
            columns=columns, source=self.source, joins=joins, condition=self.condition, ids=ids
        )


def matching(
    wanted: MemoryFilter, *, namespaces: Sequence[str] = (), scope: Scope | None, parameters: Parameters
) -> Selection:
    """Returns where the memories of a filter are found, and the condition that they fulfil.

    Args:
        wanted: The filter.
        namespaces: Only in these and what is below them; anywhere if empty.
        scope: What the caller may read; None for the service's own work, which may read everything.
        parameters: Of the statement, whose first one is the project; those of the condition are added.
    """
    now = "now()" if wanted.as_of is None else parameters.add(wanted.as_of)
    source = _CURRENT if wanted.as_of is None else _AS_OF.format(time=now)
    conditions = ["m.project_id = $1", *_states(wanted, now, parameters), *_values(wanted, parameters)]
    if namespaces:
        conditions.append(_BELOW.format(prefixes=parameters.add(list(namespaces))))
    if scope is not None:
        conditions.append(f"({scope.readable_sql(parameters)})")
    return Selection(source, " AND ".join(conditions))


def _states(wanted: MemoryFilter, now: str, parameters: Parameters) -> list[str]:
    """What has ended, in one way or the other, is found only by who asks for it."""
    conditions: list[str] = []
    if not wanted.include_deleted:
        conditions.append("m.delete_time IS NULL")
    if not wanted.include_archived:
        conditions.append("NOT m.archived")
    if not wanted.include_expired:
        conditions.append(f"(m.expire_time IS NULL OR m.expire_time > {now})")
    if wanted.valid_at is not None or not wanted.include_superseded:
        time = now if wanted.valid_at is None else parameters.add(wanted.valid_at)
        conditions.append(f"m.valid_from <= {time} AND (m.valid_to IS NULL OR m.valid_to > {time})")
    return conditions


def _values(wanted: MemoryFilter, parameters: Parameters) -> list[str]:
    return [
        condition.format(parameters.add(list(value) if isinstance(value, tuple) else value))
        for condition, value in (
            ("m.id = ANY({}::uuid[])", wanted.memory_ids),
            ("m.kind = ANY({}::smallint[])", wanted.kinds),
            ("m.tags @> {}::text[]", wanted.tags),
            ("m.tags && {}::text[]", wanted.any_tags),
            ("m.agent_id = ANY({}::text[])", wanted.agent_ids),
            ("m.session_id = ANY({}::text[])", wanted.session_ids),
            ("m.cluster_id = ANY({}::uuid[])", wanted.cluster_ids),
            ("m.metadata @> {}::jsonb", wanted.metadata),
            ("m.occur_time >= {}", wanted.occur_after),
            ("m.occur_time < {}", wanted.occur_before),
            ("m.importance >= {}", wanted.importance_min),
            ("m.confidence >= {}", wanted.confidence_min),
        )
        if value
    ]
