"""Rules are checked: each by one replica at a time, whichever has taken it.

A rule is taken by moving on when it is due; then its metric is measured, and then everything that follows is
committed together: alerts, whom they are told, and when the rule is due again. Whoever dies in between has
changed nothing, and the rule is due again when its lease is over. Whoever comes too late changes nothing,
either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from timeloom_observability.alerts import limits
from timeloom_observability.alerts.evaluating import Outcome, evaluate
from timeloom_observability.alerts.measuring import Meter, measured
from timeloom_observability.alerts.model import Measurement
from timeloom_observability.alerts.readings import readings
from timeloom_observability.alerts.storage import alerts as alerts_storage
from timeloom_observability.alerts.storage import rules as storage
from timeloom_observability.alerts.storage.rules import DueRule
from timeloom_observability.alerts.telling import keep
from timeloom_observability.alerts.waiting import due_again
from timeloom_platform.database import Connection, Database, map_database_error
from timeloom_platform.errors import TimeloomError
from timeloom_platform.ids import uuid7

CHECKS_AT_ONCE: Final = 2

logger = structlog.get_logger(__name__)


class Checks:
    """Checks what is due.

    Args:
        database: The room's.
        meter: Measures.
        told: Called when somebody is to be told something.
    """

    def __init__(self, database: Database, meter: Meter, *, told: Callable[[], None]) -> None:
        self._database = database
        self._meter = meter
        self._told = told
        self._changed = asyncio.Event()

    def rules_changed(self) -> None:
        """Looks at once: a rule is new, or another one than before."""
        self._changed.set()

    async def run(self) -> None:
        """Checks until it is cancelled, through failures of the database."""
        room = asyncio.Semaphore(CHECKS_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await room.acquire()
                due = await due_again(self._take, self._changed)
                task = tasks.create_task(self._check(due))
                task.add_done_callback(lambda _: room.release())

    async def _take(self) -> tuple[DueRule | None, float | None]:
        async with self._database.system_transaction() as connection:
            for due in await storage.take_due(connection, lease=limits.CHECK_LEASE, limit=1):
                return due, None
            return None, await storage.seconds_until_due(connection)

    async def _check(self, due: DueRule) -> None:
        try:
            await self.check(due)
        except Exception as error:
            # The boundary of one check. Whatever it is, the rule is due again when its lease is over.
            logger.warning("rule not checked", rule_id=str(due.rule.id), exc_info=error)

    async def check(self, due: DueRule) -> None:
        """Checks a rule that was taken.

        Raises:
            UnavailableError: Whether it was checked, nobody knows; if it was not, it is due again.
        """
        clock = asyncio.get_running_loop().time
        start = clock()
        found, problem = await self._measured(due)
        interval = max(
            limits.check_interval_seconds(due.rule.window_seconds), limits.CHECK_SHARE * (clock() - start)
        )
        outcome = Outcome()
        async with self._database.transaction(str(due.project_id)) as connection:
            if not await storage.lock_taken(connection, due):
                return
            if found is not None:
                outcome = await _apply(connection, due, *found)
                problem = _incomplete(found, outcome)
            await storage.checked(
                connection, due, error=problem, next_check_time=due.now + timedelta(seconds=interval)
            )
        if outcome.told:
            logger.info("alerts changed", rule_id=str(due.rule.id), count=len(outcome.told))
            self._told()

    async def _measured(self, due: DueRule) -> tuple[tuple[Measurement, Measurement | None] | None, str]:
        """Returns what was measured, or why nothing was."""
        try:
            async with asyncio.timeout(limits.CHECK_TIMEOUT_SECONDS):
                return await measured(self._meter, due.project_id, due.rule, at=due.now), ""
        except TimeoutError:
            return (
                None,
                f"Its metric could not be measured within {limits.CHECK_TIMEOUT_SECONDS:.0f} seconds.",
            )
        except Exception as error:
            # Whatever it is, whoever looks at the rule learns of it.
            told = error if isinstance(error, TimeloomError) else map_database_error(error)
            if told is None:
                logger.warning("metric not measured", rule_id=str(due.rule.id), exc_info=error)
                return None, "A defect kept its metric from being measured; the log has the details."
            return None, told.message[: limits.CHECK_ERROR_LENGTH_MAX]


async def _apply(
    connection: Connection, due: DueRule, now: Measurement, before: Measurement | None
) -> Outcome:
    """Commits what follows from what was measured."""
    standing = await alerts_storage.lock_open(connection, due.project_id, due.rule.id)
    known = readings(due.rule.condition, now, before, [each.group for each in standing])
    outcome = evaluate(due.rule, standing, known, now=due.now, new_id=uuid7)
    await keep(connection, due.project_id, due.rule, outcome, now=due.now)
    return outcome


def _incomplete(found: tuple[Measurement, Measurement | None], outcome: Outcome) -> str:
    """Returns what a check leaves out; an empty text if nothing."""
    if outcome.left_out:
        return (
            f"{outcome.left_out:,} groups have no alert: a rule has at most {limits.OPEN_ALERTS_MAX:,} that"
            " are not resolved."
        )
    if not all(each.is_whole for each in found if each is not None):
        return f"Only the {limits.GROUPS_MAX:,} groups with most events are looked at."
    return ""
