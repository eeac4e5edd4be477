"""Rules, and whose turn it is to check them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from timeloom_observability.alerts.model import Action, Comparison, Rule
from timeloom_platform.database import Connection

COLUMNS: Final = """
    id, name, description, enabled, metric, filter, group_by, window_seconds, comparison, threshold,
    recovery_threshold, for_seconds, event_count_min, severity, actions, version, create_time, update_time,
    check_time, check_error
"""

# Whoever creates a rule waits for those who create others of the project, so that they are counted.
LOCK_PROJECT: Final = "SELECT pg_advisory_xact_lock(hashtextextended('alert rules ' || $1::text, 0))"

COUNT: Final = "SELECT count(*) FROM alert_rules WHERE project_id = $1"

INSERT: Final = f"""
INSERT INTO alert_rules (
    project_id, id, name, description, enabled, metric, filter, group_by, window_seconds, comparison,
    threshold, recovery_threshold, for_seconds, event_count_min, severity, actions, version, create_time,
    update_time, next_check_time
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1, clock_timestamp(),
    clock_timestamp(), clock_timestamp()
)
RETURNING {COLUMNS}
"""  # noqa: S608 - constants

UPDATE: Final = f"""
UPDATE alert_rules
SET
    name = $3, description = $4, enabled = $5, metric = $6, filter = $7, group_by = $8, window_seconds = $9,
    comparison = $10, threshold = $11, recovery_threshold = $12, for_seconds = $13, event_count_min = $14,
    severity = $15, actions = $16, version = version + 1, update_time = clock_timestamp(),
    next_check_time = clock_timestamp(), check_error = ''
WHERE project_id = $1 AND id = $2
RETURNING {COLUMNS}
"""  # noqa: S608 - constants

SELECT: Final = f"SELECT {COLUMNS} FROM alert_rules WHERE project_id = $1 AND id = $2"  # noqa: S608 - constants

LOCK: Final = f"{SELECT} FOR NO KEY UPDATE"

DELETE: Final = "DELETE FROM alert_rules WHERE project_id = $1 AND id = $2 RETURNING id"

SELECT_PAGE: Final = f"""
SELECT {COLUMNS}
FROM alert_rules
WHERE project_id = $1 AND ($2::text IS NULL OR (name, id) > ($2, $3))
ORDER BY name, id
LIMIT $4
"""  # noqa: S608 - constants

TAKE_DUE: Final = f"""
WITH due AS MATERIALIZED (
    SELECT project_id, id
    FROM alert_rules
    WHERE enabled AND next_check_time <= clock_timestamp()
    ORDER BY next_check_time
    LIMIT $1
    FOR NO KEY UPDATE SKIP LOCKED
)

UPDATE alert_rules AS rule
SET next_check_time = clock_timestamp() + $2
FROM due
WHERE rule.project_id = due.project_id AND rule.id = due.id
RETURNING rule.project_id, next_check_time, clock_timestamp() AS now, rule.{COLUMNS.strip()}
"""  # noqa: S608 - constants

SECONDS_UNTIL_DUE: Final = """
SELECT extract(EPOCH FROM min(next_check_time) - clock_timestamp())::float8 FROM alert_rules WHERE enabled
"""

# Nobody else has taken it meanwhile, and it is the rule that was checked.
LOCK_TAKEN: Final = """
SELECT id
FROM alert_rules
WHERE project_id = $1 AND id = $2 AND next_check_time = $3 AND version = $4
FOR NO KEY UPDATE
"""

CHECKED: Final = """
UPDATE alert_rules
SET check_time = $3, check_error = $4, next_check_time = $5
WHERE project_id = $1 AND id = $2
"""

_ACTIONS: Final = msgspec.json.Decoder(list[Action])


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRule:
    """A rule whose turn it is, taken until a time.

    Attributes:
        now: The database's time when it was taken.
    """

    project_id: UUID
    rule: Rule
    taken_until: datetime
    now: datetime


async def lock_project(connection: Connection, project_id: UUID) -> None:
    """Waits until nobody else creates a rule of the project."""
    await connection.execute(LOCK_PROJECT, str(project_id))


async def count(connection: Connection, project_id: UUID) -> int:
    """Returns how many rules a project has."""
    found: int = await connection.fetchval(COUNT, project_id)
    return found


async def insert(connection: Connection, project_id: UUID, rule: Rule) -> Rule:
    """Inserts a rule, and returns it as it is then."""
    row = await connection.fetchrow(INSERT, project_id, *_values(rule))
    assert row is not None, "an insertion returns its row"
    return _rule(row)


async def update(connection: Connection, project_id: UUID, rule: Rule) -> Rule:
    """Replaces a rule that is locked, and returns it as it is then."""
    row = await connection.fetchrow(UPDATE, project_id, *_values(rule))
    assert row is not None, "it is locked"
    return _rule(row)


async def select(connection: Connection, project_id: UUID, rule_id: UUID) -> Rule | None:
    """Returns a rule."""
    return _optional(await connection.fetchrow(SELECT, project_id, rule_id))


async def lock(connection: Connection, project_id: UUID, rule_id: UUID) -> Rule | None:
    """Returns a rule that nobody else changes or has checked until the transaction ends."""
    return _optional(await connection.fetchrow(LOCK, project_id, rule_id))


async def delete(connection: Connection, project_id: UUID, rule_id: UUID) -> bool:
    """Deletes a rule with its alerts, and tells whether there was one."""
    return await connection.fetchval(DELETE, project_id, rule_id) is not None


async def select_page(
    connection: Connection, project_id: UUID, *, after: tuple[str, UUID] | None, limit: int
) -> Sequence[Rule]:
    """Returns rules by name."""
    name, rule_id = after or (None, None)
    return [_rule(row) for row in await connection.fetch(SELECT_PAGE, project_id, name, rule_id, limit)]


async def take_due(connection: Connection, *, lease: timedelta, limit: int) -> Sequence[DueRule]:
    """Takes rules whose turn it is, under the system role, so that nobody else checks them for a while."""
    return [
        DueRule(
            project_id=UUID(int=row["project_id"].int),
            rule=_rule(row),
            taken_until=row["next_check_time"],
            now=row["now"],
        )
        for row in await connection.fetch(TAKE_DUE, limit, lease)
    ]


async def seconds_until_due(connection: Connection) -> float | None:
    """Returns when the next rule is due, under the system role; None if there is none."""
    seconds: float | None = await connection.fetchval(SECONDS_UNTIL_DUE)
    return seconds


async def lock_taken(connection: Connection, due: DueRule) -> bool:
    """Locks a rule that was taken, and tells whether it still is ours and as it was."""
    found = await connection.fetchval(
        LOCK_TAKEN, due.project_id, due.rule.id, due.taken_until, due.rule.version
    )
    return found is not None


async def checked(connection: Connection, due: DueRule, *, error: str, next_check_time: datetime) -> None:
    """Notes that a rule was checked, and when it is due again."""
    await connection.execute(CHECKED, due.project_id, due.rule.id, due.now, error, next_check_time)


def _values(rule: Rule) -> tuple[Any, ...]:
    return (
        rule.id,
        rule.name,
        rule.description,
        rule.enabled,
        rule.metric,
        rule.filter,
        list(rule.group_by),
        rule.window_seconds,
        rule.comparison,
        rule.threshold,
        rule.recovery_threshold,
        rule.for_seconds,
        rule.event_count_min,
        rule.severity,
        msgspec.json.encode(rule.actions).decode(),
    )


def _optional(row: asyncpg.Record | None) -> Rule | None:
    return None if row is None else _rule(row)


def _rule(row: asyncpg.Record) -> Rule:
    return Rule(
        id=UUID(int=row["id"].int),
        name=row["name"],
        description=row["description"],
        enabled=row["enabled"],
        metric=row["metric"],
        filter=row["filter"],
        group_by=tuple(row["group_by"]),
        window_seconds=row["window_seconds"],
        comparison=Comparison(row["comparison"]),
        threshold=row["threshold"],
        recovery_threshold=row["recovery_threshold"],
        for_seconds=row["for_seconds"],
        event_count_min=row["event_count_min"],
        severity=row["severity"],
        actions=_ACTIONS.decode(row["actions"]),
        version=row["version"],
        create_time=row["create_time"],
        update_time=row["update_time"],
        check_time=row["check_time"],
        check_error=row["check_error"],
    )
