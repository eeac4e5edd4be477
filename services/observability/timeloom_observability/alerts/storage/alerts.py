"""Alerts with what became of telling somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_observability.alerts.model import Alert, AlertStatus, Group, group_key
from timeloom_observability.alerts.storage import deliveries
from timeloom_platform.database import Connection

COLUMNS: Final = """
    alert.id, alert.rule_id, rule.name AS rule_name, alert.status, alert.severity, alert.group_values,
    alert.value, alert.last_value, alert.threshold, alert.pending_time, alert.fire_time, alert.resolve_time,
    alert.acknowledge_time, alert.seen_time
"""
FROM: Final = """
FROM alerts AS alert
INNER JOIN alert_rules AS rule ON rule.project_id = alert.project_id AND rule.id = alert.rule_id
"""

SELECT: Final = f"SELECT {COLUMNS} {FROM} WHERE alert.project_id = $1 AND alert.id = $2"

SELECT_OPEN: Final = f"""
SELECT {COLUMNS} {FROM}
WHERE alert.project_id = $1 AND alert.rule_id = $2 AND alert.status < 3
ORDER BY alert.id
FOR NO KEY UPDATE OF alert
"""

SELECT_PAGE: Final = f"""
SELECT {COLUMNS} {FROM}
WHERE
    alert.project_id = $1
    AND ($2::uuid IS NULL OR alert.rule_id = $2)
    AND (cardinality($3::integer []) = 0 OR alert.status = ANY ($3))
    AND ($4::uuid IS NULL OR alert.id < $4)
ORDER BY alert.id DESC
LIMIT $5
"""

PUT: Final = """
INSERT INTO alerts (
    project_id, id, rule_id, status, severity, group_values, group_key, value, last_value, threshold,
    pending_time, fire_time, resolve_time, seen_time
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (project_id, id) DO UPDATE SET
    status = excluded.status,
    severity = excluded.severity,
    value = excluded.value,
    last_value = excluded.last_value,
    threshold = excluded.threshold,
    fire_time = excluded.fire_time,
    resolve_time = excluded.resolve_time,
    seen_time = excluded.seen_time
"""

DELETE: Final = "DELETE FROM alerts WHERE project_id = $1 AND id = ANY ($2)"

ACKNOWLEDGE: Final = """
UPDATE alerts
SET acknowledge_time = coalesce(acknowledge_time, clock_timestamp())
WHERE project_id = $1 AND id = $2
RETURNING id
"""

# Ids are in the order of time, so that the newest come first.
FORGET: Final = """
DELETE FROM alerts
WHERE project_id = $1 AND rule_id = $2 AND status = 3 AND id <= (
    SELECT old.id
    FROM alerts AS old
    WHERE old.project_id = $1 AND old.rule_id = $2 AND old.status = 3
    ORDER BY old.id DESC
    OFFSET $3
    LIMIT 1
)
"""


async def select(connection: Connection, project_id: UUID, alert_id: UUID) -> Alert | None:
    """Returns an alert."""
    row = await connection.fetchrow(SELECT, project_id, alert_id)
    if row is None:
        return None
    (alert,) = await _told(connection, project_id, [row])
    return alert


async def select_page(
    connection: Connection,
    project_id: UUID,
    *,
    rule_id: UUID | None,
    statuses: Sequence[int],
    before: UUID | None,
    limit: int,
) -> Sequence[Alert]:
    """Returns alerts, newest first."""
    rows = await connection.fetch(SELECT_PAGE, project_id, rule_id, statuses, before, limit)
    return await _told(connection, project_id, rows)


async def lock_open(connection: Connection, project_id: UUID, rule_id: UUID) -> Sequence[Alert]:
    """Returns a rule's alerts that are not resolved, without their deliveries. The rule is locked."""
    return [_alert(row) for row in await connection.fetch(SELECT_OPEN, project_id, rule_id)]


async def put(connection: Connection, project_id: UUID, alerts: Sequence[Alert]) -> None:
    """Writes alerts as they are now."""
    await connection.executemany(
        PUT,
        [
            (
                project_id,
                each.id,
                each.rule_id,
                each.status,
                each.severity,
                list(each.group),
                group_key(each.group),
                each.value,
                each.last_value,
                each.threshold,
                each.pending_time,
                each.fire_time,
                each.resolve_time,
                each.seen_time,
            )
            for each in alerts
        ],
    )


async def delete(connection: Connection, project_id: UUID, alert_ids: Sequence[UUID]) -> None:
    """Deletes alerts that never fired."""
    await connection.execute(DELETE, project_id, alert_ids)


async def acknowledge(connection: Connection, project_id: UUID, alert_id: UUID) -> bool:
    """Notes that somebody has seen an alert, and tells whether there is one."""
    return await connection.fetchval(ACKNOWLEDGE, project_id, alert_id) is not None


async def forget(connection: Connection, project_id: UUID, rule_id: UUID, *, kept: int) -> None:
    """Lets a rule's resolved alerts go, but for the newest."""
    await connection.execute(FORGET, project_id, rule_id, kept)


async def _told(connection: Connection, project_id: UUID, rows: Sequence[asyncpg.Record]) -> Sequence[Alert]:
    told = await deliveries.select_of_alerts(connection, project_id, [row["id"] for row in rows])
    alerts = [_alert(row) for row in rows]
    return [replace(each, deliveries=told.get(each.id, ())) for each in alerts]


def _alert(row: asyncpg.Record) -> Alert:
    group: Group = tuple(row["group_values"])
    pending_time: datetime = row["pending_time"]
    return Alert(
        id=UUID(int=row["id"].int),
        rule_id=UUID(int=row["rule_id"].int),
        rule_name=row["rule_name"],
        status=AlertStatus(row["status"]),
        severity=row["severity"],
        group=group,
        value=row["value"],
        last_value=row["last_value"],
        threshold=row["threshold"],
        pending_time=pending_time,
        fire_time=row["fire_time"],
        resolve_time=row["resolve_time"],
        acknowledge_time=row["acknowledge_time"],
        seen_time=row["seen_time"],
    )
