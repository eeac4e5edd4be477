"""Memories in their current versions, and the two statements by which all of their changes are made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from timeloom_memory import limits
from timeloom_memory.model import Change, Memory, MemoryFilter
from timeloom_memory.storage import changes
from timeloom_memory.storage.predicates import Parameters, Scope, matching
from timeloom_platform.database import Connection

_NAMES: Final = tuple(
    name for name in Memory.__struct_fields__ if name not in {"access_count", "last_access_time"}
)

COLUMNS: Final = ", ".join(f"m.{name}" for name in _NAMES)
USAGE: Final = "coalesce(u.access_count, 0) AS access_count, u.last_access_time"
JOIN_USAGE: Final = "LEFT JOIN memory_usage AS u ON u.project_id = m.project_id AND u.memory_id = m.id"

_INSERTED: Final = ", ".join(name for name in _NAMES if name != "number")

# The rows of a batch are told apart by microseconds, so that what was given first is the older one.
_INSERT: Final = f"""
WITH change AS ({changes.NEXT}),
wanted AS (
    SELECT
        given.*,
        change.sequence AS place,
        change.time - ($2 - ordinality) * interval '1 microsecond' AS time
    FROM
        json_populate_recordset(NULL::memories, $3::json) WITH ORDINALITY AS given,
        change
    ORDER BY ordinality
),
inserted AS (
    INSERT INTO memories (project_id, {_INSERTED})
    SELECT
        $1, id, namespace, key, agent_id, session_id, kind, content, context, metadata, tags, importance,
        confidence, coalesce(occur_time, time), coalesce(valid_from, least(occur_time, time)), valid_to,
        expire_time, archived, NULL, NULL, supersedes, source_ids, 1, 1, place, time, time, NULL,
        embedding_model, dimension
    FROM wanted
    ON CONFLICT DO NOTHING
    RETURNING *
),
opened AS (
    INSERT INTO memory_versions (
        project_id, memory_id, version, change, reason, agent_id, known_from, document
    )
    SELECT project_id, id, version, $4, $5, $6, create_time, to_jsonb(inserted)
    FROM inserted
)
SELECT id, number, sequence, create_time, occur_time, valid_from FROM inserted
"""  # noqa: S608 - constants

_UPDATE: Final = f"""
WITH change AS ({changes.NEXT}),
updated AS (
    UPDATE memories AS m
    SET
        key = wanted.key,
        agent_id = wanted.agent_id,
        session_id = wanted.session_id,
        kind = wanted.kind,
        content = wanted.content,
        context = wanted.context,
        metadata = wanted.metadata,
        tags = wanted.tags,
        importance = wanted.importance,
        confidence = wanted.confidence,
        occur_time = wanted.occur_time,
        valid_from = wanted.valid_from,
        valid_to = wanted.valid_to,
        expire_time = wanted.expire_time,
        archived = wanted.archived,
        cluster_id = wanted.cluster_id,
        superseded_by = wanted.superseded_by,
        source_ids = wanted.source_ids,
        embedding_model = wanted.embedding_model,
        dimension = wanted.dimension,
        delete_time = CASE
            WHEN wanted.delete_time IS NOT NULL THEN coalesce(m.delete_time, change.time)
        END,
        version = m.version + 1,
        {{numbering}}
        sequence = change.sequence,
        update_time = change.time
    FROM json_populate_recordset(NULL::memories, $3::json) AS wanted, change
    WHERE m.project_id = $1 AND m.id = wanted.id
    RETURNING m.*
),
closed AS (
    UPDATE memory_versions AS v
    SET known_to = updated.update_time
    FROM updated
    WHERE v.project_id = $1 AND v.memory_id = updated.id AND v.version = updated.version - 1
),
opened AS (
    INSERT INTO memory_versions (
        project_id, memory_id, version, change, reason, agent_id, known_from, document
    )
    SELECT project_id, id, version, $4, $5, $6, update_time, to_jsonb(updated)
    FROM updated
)
SELECT id, number, version, content_version, sequence, update_time, delete_time FROM updated
"""  # noqa: S608 - constants

_UPDATE_STATE: Final = _UPDATE.format(numbering="")
_UPDATE_CONTENT: Final = _UPDATE.format(
    numbering="number = DEFAULT, content_version = m.content_version + 1,"
)

# One by one in the order of the ids, so that two who lock the same wait for each other in no circle.
_LOCK: Final = f"""
SELECT found.*
FROM (SELECT DISTINCT id FROM unnest($2::uuid[]) AS given (id) ORDER BY id) AS wanted
CROSS JOIN LATERAL (
    SELECT {COLUMNS}, {USAGE}
    FROM memories AS m
    {JOIN_USAGE}
    WHERE m.project_id = $1 AND m.id = wanted.id
    LIMIT 1
    FOR NO KEY UPDATE OF m
) AS found
"""  # noqa: S608 - constants

# A key is looked up by itself (what has a limit is not joined): a table without statistics, as a new one is,
# would be read as a whole.
_SELECT_KEYS: Final = """
SELECT wanted.namespace, wanted.key, found.id
FROM unnest($2::text[], $3::text[]) AS wanted (namespace, key)
CROSS JOIN LATERAL (
    SELECT m.id
    FROM memories AS m
    WHERE
        m.project_id = $1 AND m.namespace = wanted.namespace AND m.key = wanted.key
        AND m.key <> '' AND m.delete_time IS NULL
    LIMIT 1
) AS found
"""

_SELECT_PREVIOUS: Final = """
SELECT wanted.namespace, wanted.session_id, previous.content
FROM unnest($2::text[], $3::text[]) AS wanted (namespace, session_id)
CROSS JOIN LATERAL (
    SELECT m.content
    FROM memories AS m
    WHERE
        m.project_id = $1 AND m.namespace = wanted.namespace AND m.session_id = wanted.session_id
        AND m.session_id <> '' AND m.delete_time IS NULL
    ORDER BY m.create_time DESC
    LIMIT 1
) AS previous
"""


ANY_STATE: Final = MemoryFilter(
    include_superseded=True, include_archived=True, include_expired=True, include_deleted=True
)
"""The filter that all memories fulfil, in whatever state they are."""

DELETED: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""A `delete_time` that says no more than that there is one: `write` notes the time of the change."""


class Order(Struct, frozen=True, kw_only=True):
    """The column by which memories are ordered, then by id, and the direction of both."""

    column: str = "create_time"
    descending: bool = True


class Draft(Struct, frozen=True, kw_only=True):
    """A memory on its way into the table. Its JSON is what the statement reads.

    Attributes:
        metadata: A JSON document.
        occur_time: When it is written if None.
        valid_from: When it happened if None, or when it is written if that is earlier.
    """

    id: UUID
    namespace: str
    key: str
    agent_id: str
    session_id: str
    kind: int
    content: str
    context: str
    metadata: Raw | None
    tags: Sequence[str]
    importance: float
    confidence: float
    occur_time: datetime | None
    valid_from: datetime | None
    valid_to: datetime | None
    expire_time: datetime | None
    archived: bool
    supersedes: UUID | None
    source_ids: Sequence[UUID]
    embedding_model: str
    dimension: int


class Inserted(Struct, frozen=True):
    """What the table has given to a new memory."""

    id: UUID
    number: int
    sequence: int
    create_time: datetime
    occur_time: datetime
    valid_from: datetime


class Reason(Struct, frozen=True, kw_only=True):
    """Why memories change.

    Attributes:
        words: What whoever changes them says.
        agent_id: The agent that changes them; empty if none does.
    """

    change: Change
    words: str = ""
    agent_id: str = ""


async def insert(
    connection: Connection, project_id: UUID, drafts: Sequence[Draft], reason: Reason
) -> list[Inserted]:
    """Inserts memories as one change, and their first versions; those whose id or key is taken are left out.

    It takes the project's place in the order of changes: what else the transaction does comes before it.
    """
    rows = await connection.fetch(
        _INSERT,
        project_id,
        len(drafts),
        msgspec.json.encode(drafts).decode(),
        int(reason.change),
        reason.words,
        reason.agent_id,
    )
    return [Inserted(*row) for row in rows]


async def write(
    connection: Connection,
    project_id: UUID,
    memories: Sequence[Memory],
    reason: Reason,
    *,
    new_content: bool = False,
) -> list[Memory]:
    """Writes memories that are locked as one change, each as a new version, and returns them as they are now.

    It takes the project's place in the order of changes: what else the transaction does comes before it.

    Args:
        connection: Within the transaction that has locked them.
        project_id: Whose they are.
        memories: With their new values. What the table counts is left to it: numbers, versions, sequences and
            times; of `delete_time` it is only asked whether there is one.
        reason: Why.
        new_content: Their contents, contexts or vectors are others than before. The vectors of their new
            content version have to be written in the same transaction.
    """
    rows = await connection.fetch(
        _UPDATE_CONTENT if new_content else _UPDATE_STATE,
        project_id,
        1,
        msgspec.json.encode([_row(memory) for memory in memories]).decode(),
        int(reason.change),
        reason.words,
        reason.agent_id,
    )
    counted = {row["id"]: dict(row) for row in rows}
    return [replace(memory, **{**counted[memory.id], "id": memory.id}) for memory in memories]


async def lock(connection: Connection, project_id: UUID, memory_ids: Sequence[UUID]) -> list[Memory]:
    """Returns those of the memories that there are, by id, and keeps others from changing them."""
    return [memory_of(row) for row in await connection.fetch(_LOCK, project_id, memory_ids)]


async def select(
    connection: Connection,
    project_id: UUID,
    memory_ids: Sequence[UUID],
    *,
    scope: Scope | None,
    wanted: MemoryFilter | None = None,
) -> dict[UUID, Memory]:
    """Returns those of the memories that there are and that may be read, deleted ones and all others, too.

    Args:
        connection: To read by.
        project_id: Whose they are.
        memory_ids: Which.
        scope: What the caller may read; None for everything.
        wanted: What they have to fulfil besides; whatever state they are in if None.
    """
    parameters = Parameters(project_id)
    selection = matching(wanted or ANY_STATE, scope=scope, parameters=parameters)
    statement = selection.lookup(f"{COLUMNS}, {USAGE}", ids=parameters.add(memory_ids), joins=JOIN_USAGE)
    rows = await connection.fetch(statement, *parameters.values)
    return {row["id"]: memory_of(row) for row in rows}


async def select_page(
    connection: Connection,
    parameters: Parameters,
    *,
    source: str,
    condition: str,
    order: Order,
    after: tuple[object, UUID] | None,
    limit: int,
) -> tuple[list[Memory], bool]:
    """Returns a page of memories in order, as many as it takes, and whether more follow.

    It begins after a position: an ordering value and an id.
    """
    direction, comparison = ("DESC", "<") if order.descending else ("ASC", ">")
    if after is not None:
        value, memory_id = (parameters.add(part) for part in after)
        condition = f"{condition} AND (m.{order.column}, m.id) {comparison} ({value}, {memory_id})"
    # Only constants of this package and numbers of parameters are put together here.
    statement = f"""
        SELECT {", ".join(_NAMES)}, access_count, last_access_time, found_count
        FROM (
            SELECT
                page.*,
                count(*) OVER () AS found_count,
                row_number() OVER () AS place,
                sum(
                    octet_length(content) + octet_length(context) + coalesce(octet_length(metadata::text), 0)
                ) OVER (ROWS UNBOUNDED PRECEDING) AS page_bytes
            FROM (
                SELECT {COLUMNS}, {USAGE}
                FROM {source}
                {JOIN_USAGE}
                WHERE {condition}
                ORDER BY m.{order.column} {direction}, m.id {direction}
                LIMIT {parameters.add(limit + 1)}
            ) AS page
        ) AS measured
        WHERE
            place <= {parameters.add(limit)}
            AND (page_bytes <= {parameters.add(limits.PAGE_BYTES_MAX)} OR place = 1)
        ORDER BY place
    """  # noqa: S608 - see above
    rows = [dict(row) for row in await connection.fetch(statement, *parameters.values)]
    has_more = bool(rows) and rows[0]["found_count"] > len(rows)
    for row in rows:
        del row["found_count"]
    return [_memory(row) for row in rows], has_more


async def select_keys(
    connection: Connection, project_id: UUID, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], UUID]:
    """Returns which memories have these keys, by namespace and key."""
    namespaces, names = zip(*keys, strict=True)
    rows = await connection.fetch(_SELECT_KEYS, project_id, list(namespaces), list(names))
    return {(row["namespace"], row["key"]): row["id"] for row in rows}


async def select_previous(
    connection: Connection, project_id: UUID, sessions: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Returns what was last said in sessions, by namespace and session."""
    namespaces, session_ids = zip(*sessions, strict=True)
    rows = await connection.fetch(_SELECT_PREVIOUS, project_id, list(namespaces), list(session_ids))
    return {(row["namespace"], row["session_id"]): row["content"] for row in rows}


def memory_of(row: asyncpg.Record) -> Memory:
    """Makes a memory from a row that has its columns, and those of its usage or not."""
    return _memory(dict(row))


def _memory(values: dict[str, Any]) -> Memory:
    values["tags"] = tuple(values["tags"])
    values["source_ids"] = tuple(values["source_ids"])
    return Memory(**values)


def _row(memory: Memory) -> dict[str, Any]:
    """The memory as the statement reads it: its metadata as the document that they are."""
    row = msgspec.structs.asdict(memory)
    row["metadata"] = None if memory.metadata is None else Raw(memory.metadata.encode())
    return row
