"""Subscriptions, and the new memories that they are about."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_memory.model import MemoryFilter
from timeloom_memory.sharing.model import Subscription
from timeloom_memory.sharing.scope import Scope
from timeloom_memory.storage.predicates import Parameters, matching
from timeloom_platform.database import Connection

_NAMES: Final = "id, agent_id, namespaces, kinds, tags, sequence, create_time"

_COUNT: Final = "SELECT count(*) FROM subscriptions WHERE project_id = $1"

_INSERT: Final = f"""
INSERT INTO subscriptions (project_id, {_NAMES})
SELECT $1, $2, $3, $4, $5, $6, coalesce(max(c.sequence), 0), now()
FROM project_changes AS c
WHERE c.project_id = $1
RETURNING {_NAMES}
"""  # noqa: S608 - constants

_SELECT: Final = f"""
SELECT {_NAMES} FROM subscriptions WHERE project_id = $1 AND id = $2
"""  # noqa: S608 - constants

_SELECT_PAGE: Final = f"""
SELECT {_NAMES}
FROM subscriptions
WHERE
    project_id = $1
    AND ($2 = '' OR agent_id = $2)
    AND ($3::timestamptz IS NULL OR (create_time, id) < ($3, $4::uuid))
ORDER BY create_time DESC, id DESC
LIMIT $5
"""  # noqa: S608 - constants

# Those that may want to know of something new in a namespace.
_SELECT_WAITING: Final = f"""
SELECT {_NAMES}
FROM subscriptions
WHERE
    project_id = $1
    AND sequence < $3
    AND (
        namespaces = '{{}}'
        OR EXISTS (
            SELECT FROM unnest(namespaces) AS wanted
            WHERE wanted = $2 OR starts_with($2, wanted || '/')
        )
    )
ORDER BY id
"""  # noqa: S608 - constants

_ADVANCE: Final = f"""
UPDATE subscriptions SET sequence = greatest(sequence, $3)
WHERE project_id = $1 AND id = $2
RETURNING {_NAMES}
"""  # noqa: S608 - constants

_DELETE: Final = "DELETE FROM subscriptions WHERE project_id = $1 AND id = $2"


async def count(connection: Connection, project_id: UUID) -> int:
    """Returns how many subscriptions the project has."""
    return int(await connection.fetchval(_COUNT, project_id))


async def insert(connection: Connection, project_id: UUID, subscription: Subscription) -> Subscription:
    """Inserts a subscription that begins with what comes from now on."""
    row = await connection.fetchrow(
        _INSERT,
        project_id,
        subscription.id,
        subscription.agent_id,
        subscription.namespaces,
        subscription.kinds,
        subscription.tags,
    )
    assert row is not None, "the statement returns a row"
    return _subscription(row)


async def select(connection: Connection, project_id: UUID, subscription_id: UUID) -> Subscription | None:
    """Returns a subscription; None if there is none."""
    row = await connection.fetchrow(_SELECT, project_id, subscription_id)
    return _subscription(row) if row else None


async def select_page(
    connection: Connection,
    project_id: UUID,
    *,
    agent_id: str,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Subscription]:
    """Returns subscriptions, newest first; only those of an agent, if one is given."""
    time, subscription_id = after or (None, None)
    rows = await connection.fetch(_SELECT_PAGE, project_id, agent_id, time, subscription_id, limit)
    return [_subscription(row) for row in rows]


async def select_waiting(
    connection: Connection, project_id: UUID, *, namespace: str, sequence: int
) -> list[Subscription]:
    """Returns the subscriptions to what is in a namespace that were not read up to a sequence."""
    rows = await connection.fetch(_SELECT_WAITING, project_id, namespace, sequence)
    return [_subscription(row) for row in rows]


async def advance(
    connection: Connection, project_id: UUID, subscription_id: UUID, sequence: int
) -> Subscription:
    """Notes up to where an agent has read; a position never goes back."""
    row = await connection.fetchrow(_ADVANCE, project_id, subscription_id, sequence)
    assert row is not None, "the subscription was read in this transaction"
    return _subscription(row)


async def delete(connection: Connection, project_id: UUID, subscription_id: UUID) -> None:
    """Deletes a subscription."""
    await connection.execute(_DELETE, project_id, subscription_id)


async def select_new(
    connection: Connection, project_id: UUID, subscription: Subscription, *, scope: Scope, limit: int
) -> list[tuple[int, UUID]]:
    """Returns what was created after the subscription's position and may be read: sequences and ids.

    All that one change created comes together, so that there may be more than `limit`.
    """
    parameters = Parameters(project_id)
    wanted = MemoryFilter(kinds=subscription.kinds, any_tags=subscription.tags)
    selection = matching(wanted, namespaces=subscription.namespaces, scope=scope, parameters=parameters)
    position, number = parameters.add(subscription.sequence), parameters.add(limit)
    # Only constants of this package and numbers of parameters are put together here.
    statement = f"""
        SELECT (v.document ->> 'sequence')::bigint AS created, v.memory_id
        FROM memory_versions AS v
        JOIN {selection.source} ON m.project_id = v.project_id AND m.id = v.memory_id
        WHERE
            v.project_id = $1
            AND v.version = 1
            AND (v.document ->> 'sequence')::bigint > {position}
            AND {selection.condition}
        ORDER BY (v.document ->> 'sequence')::bigint
        FETCH FIRST {number} ROWS WITH TIES
    """  # noqa: S608 - see above
    rows = await connection.fetch(statement, *parameters.values)
    return [(row["created"], row["memory_id"]) for row in rows]


def _subscription(row: asyncpg.Record) -> Subscription:
    return Subscription(
        id=row["id"],
        agent_id=row["agent_id"],
        namespaces=tuple(row["namespaces"]),
        kinds=tuple(row["kinds"]),
        tags=tuple(row["tags"]),
        sequence=row["sequence"],
        create_time=row["create_time"],
    )
