"""Whom an alert was told, and is still to be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from timeloom_observability.alerts.model import AlertStatus, Delivery
from timeloom_platform.database import Connection

COLUMNS: Final = """
    id, alert_id, rule_id, status, action_index, url, sealed_secret, body, attempt_count, create_time,
    deliver_time, error
"""

INSERT: Final = """
INSERT INTO alert_deliveries (
    project_id, id, alert_id, rule_id, status, action_index, url, sealed_secret, body, attempt_count,
    create_time, next_attempt_time, deliver_time
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""

SELECT_OF_ALERTS: Final = f"""
SELECT {COLUMNS}
FROM alert_deliveries
WHERE project_id = $1 AND alert_id = ANY ($2)
ORDER BY alert_id, status, action_index
"""  # noqa: S608 - constants

# An attempt counts before it is made, whatever becomes of who makes it. That an alert is resolved is told
# when nobody is to be told any more that it fires.
TAKE_DUE: Final = f"""
WITH due AS MATERIALIZED (
    SELECT project_id, id
    FROM alert_deliveries AS delivery
    WHERE
        next_attempt_time <= clock_timestamp()
        AND project_id <> ALL ($3)
        AND NOT EXISTS (
            SELECT
            FROM alert_deliveries AS earlier
            WHERE
                earlier.project_id = delivery.project_id
                AND earlier.alert_id = delivery.alert_id
                AND earlier.action_index = delivery.action_index
                AND earlier.status < delivery.status
                AND earlier.next_attempt_time IS NOT NULL
        )
    ORDER BY next_attempt_time
    LIMIT $1
    FOR NO KEY UPDATE SKIP LOCKED
)

UPDATE alert_deliveries AS delivery
SET next_attempt_time = clock_timestamp() + $2, attempt_count = attempt_count + 1
FROM due
WHERE delivery.project_id = due.project_id AND delivery.id = due.id
RETURNING delivery.project_id, next_attempt_time, clock_timestamp() AS now, delivery.{COLUMNS.strip()}
"""  # noqa: S608 - constants

SECONDS_UNTIL_DUE: Final = """
SELECT extract(EPOCH FROM min(next_attempt_time) - clock_timestamp())::float8
FROM alert_deliveries
WHERE next_attempt_time IS NOT NULL
"""

# Unless the attempt took so long that another one has begun.
ENDED: Final = """
UPDATE alert_deliveries
SET
    deliver_time = CASE WHEN $4 = '' THEN clock_timestamp() END,
    error = $4,
    next_attempt_time = clock_timestamp() + $5::interval
WHERE project_id = $1 AND id = $2 AND attempt_count = $3 AND deliver_time IS NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDelivery:
    """A delivery that is to be made now, counted already.

    Attributes:
        now: The database's time when it was taken.
    """

    project_id: UUID
    delivery: Delivery
    now: datetime


async def insert(connection: Connection, project_id: UUID, deliveries: Sequence[Delivery]) -> None:
    """Writes deliveries, those that are not made yet as due at once."""
    await connection.executemany(INSERT, [_values(project_id, each) for each in deliveries])


async def select_of_alerts(
    connection: Connection, project_id: UUID, alert_ids: Sequence[UUID]
) -> Mapping[UUID, Sequence[Delivery]]:
    """Returns the deliveries of alerts, in the order in which they are told."""
    found: dict[UUID, list[Delivery]] = {}
    for row in await connection.fetch(SELECT_OF_ALERTS, project_id, alert_ids):
        delivery = _delivery(row)
        found.setdefault(delivery.alert_id, []).append(delivery)
    return found


async def take_due(
    connection: Connection, *, lease: timedelta, busy: Sequence[UUID], limit: int
) -> Sequence[DueDelivery]:
    """Takes deliveries that are due, under the system role, so that nobody else makes them for a while.

    Args:
        connection: Sees all projects.
        lease: For how long.
        busy: Projects that have enough of them under way.
        limit: How many.
    """
    rows = await connection.fetch(TAKE_DUE, limit, lease, busy)
    return [
        DueDelivery(
            project_id=UUID(int=row["project_id"].int),
            delivery=_delivery(row),
            now=row["now"],
        )
        for row in rows
    ]


async def seconds_until_due(connection: Connection) -> float | None:
    """Returns when the next delivery is due, under the system role; None if there is none."""
    seconds: float | None = await connection.fetchval(SECONDS_UNTIL_DUE)
    return seconds


async def ended(
    connection: Connection, due: DueDelivery, *, error: str, again_after: timedelta | None
) -> None:
    """Notes how an attempt went; it was the last one if there is no time for another."""
    await connection.execute(
        ENDED, due.project_id, due.delivery.id, due.delivery.attempt_count, error, again_after
    )


def _values(project_id: UUID, delivery: Delivery) -> tuple[Any, ...]:
    return (
        project_id,
        delivery.id,
        delivery.alert_id,
        delivery.rule_id,
        delivery.status,
        delivery.action_index,
        delivery.url,
        delivery.sealed_secret,
        delivery.body,
        delivery.attempt_count,
        delivery.create_time,
        delivery.create_time if delivery.deliver_time is None else None,
        delivery.deliver_time,
    )


def _delivery(row: asyncpg.Record) -> Delivery:
    return Delivery(
        id=UUID(int=row["id"].int),
        alert_id=UUID(int=row["alert_id"].int),
        rule_id=UUID(int=row["rule_id"].int),
        status=AlertStatus(row["status"]),
        action_index=row["action_index"],
        url=row["url"],
        sealed_secret=row["sealed_secret"],
        body=row["body"],
        attempt_count=row["attempt_count"],
        create_time=row["create_time"],
        deliver_time=row["deliver_time"],
        error=row["error"],
    )
