"""Schedules fire: on one replica each time, whichever has the row.

The row is locked while its executions begin. Each has the time that it is for as its key, so that one who
dies between the beginning and the note of it is followed by somebody for whom it has begun already.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

import msgspec
import structlog

from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import ConflictError, TimeloomError
from timeloom_workflows.flow.sweeping import again_and_again
from timeloom_workflows.storage import triggers as storage
from timeloom_workflows.storage.system import SystemConnection
from timeloom_workflows.storage.triggers import DueTrigger
from timeloom_workflows.triggers import schedules
from timeloom_workflows.triggers.beginning import PROBLEM_LENGTH_MAX, REFUSALS, Beginnings
from timeloom_workflows.triggers.following import salt_of
from timeloom_workflows.triggers.specs import Happening, spec_of, time_text

DUE_BATCH: Final = 10
POLL_SECONDS: Final = 1.0
WAIT_SECONDS_MIN: Final = 0.02
EVENT_NAME: Final = "timeloom/cron"

logger = structlog.get_logger(__name__)


class Schedules:
    """Fires schedules until it is cancelled."""

    def __init__(self, *, database: Database, beginnings: Beginnings) -> None:
        self._connection = SystemConnection(database)
        self._beginnings = beginnings

    async def run(self) -> None:
        """Fires until it is cancelled."""
        try:
            await again_and_again(self._fire_due)
        finally:
            await self._connection.close()

    async def _fire_due(self) -> None:
        async with self._connection.turn() as connection, connection.transaction():
            due = await storage.take_due(connection, limit=DUE_BATCH)
            for each in due:
                await self._fire(connection, each)
            seconds = None if due else await storage.seconds_until_due(connection)
        if not due:
            wait = POLL_SECONDS if seconds is None else min(max(seconds, WAIT_SECONDS_MIN), POLL_SECONDS)
            await asyncio.sleep(wait)

    async def _fire(self, connection: Connection, due: DueTrigger) -> None:
        trigger = due.trigger
        assert trigger.next_fire_time is not None, "it is due"
        spec = spec_of(trigger.definition)
        firing = schedules.firing_of(spec, trigger.next_fire_time, due.now)
        problem = ""
        if firing.dropped:
            problem = f"{firing.dropped:,} times passed while nothing ran, and were let go."
        for time in firing.times:
            problem = await self._begin(due, time) or problem
        salt = salt_of(trigger.project_id, trigger.workflow_id)
        await storage.fired(
            connection,
            trigger,
            next_fire_time=firing.next_time,
            due_time=schedules.due_time(spec, firing.next_time, salt=salt),
            last_fire_time=firing.times[-1] if firing.times else None,
            problem=problem,
        )

    async def _begin(self, due: DueTrigger, time: datetime) -> str:
        """Begins what a schedule begins at a time; returns why not, or an empty text."""
        trigger = due.trigger
        text = time_text(time)
        happening = Happening(
            id=text, name=EVENT_NAME, data=msgspec.json.encode({"time": text}), occur_time=time
        )
        try:
            await self._beginnings.begin(
                trigger, happening, trigger_id=text, key=f"cron/{trigger.number}/{text}"
            )
        except (*REFUSALS, ConflictError) as error:
            logger.info("schedule did not fire", workflow_id=trigger.workflow_id, number=trigger.number)
            return error.args[0][:PROBLEM_LENGTH_MAX] if isinstance(error, TimeloomError) else str(error)
        return ""
