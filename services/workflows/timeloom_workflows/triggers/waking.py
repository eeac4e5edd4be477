"""Events end the waits of steps, whichever of the two comes first.

A wait is registered by a commit, and then its driver looks back for events; an event is committed, and then
its publisher looks for waits. Whoever comes second sees the other. Both do it under the lock of the
execution's row, so that a wait takes one event, and waits that follow one another never take the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError
from timeloom_workflows.control.changing import Changing, LockedExecution
from timeloom_workflows.control.signals import end_wait, succeeded
from timeloom_workflows.control.transitions import Change, entry
from timeloom_workflows.limits import EVENT_LIFE
from timeloom_workflows.model import HistoryEntry, HistoryType, Step
from timeloom_workflows.storage import events as storage
from timeloom_workflows.storage.events import Event
from timeloom_workflows.triggers.conditions import matches
from timeloom_workflows.triggers.specs import Happening

STEPS_PER_PAGE: Final = 500
EVENTS_PER_PAGE: Final = 200

_FIRST_STEP: Final = (UUID(int=0), "")
_FIRST_EVENT: Final = (datetime.min.replace(tzinfo=UTC), "")


class Waking:
    """Brings events and waits together."""

    def __init__(self, *, database: Database, changing: Changing) -> None:
        self._database = database
        self._changing = changing

    async def wake(self, event: Event) -> Sequence[UUID]:
        """Ends all waits for an event, and returns the executions that go on."""
        woken: list[UUID] = []
        variable, after = happening_of(event).variable(), _FIRST_STEP
        while True:
            async with self._database.reading(str(event.project_id)) as connection:
                page = await storage.select_waiting(
                    connection, event.project_id, event.name, after=after, limit=STEPS_PER_PAGE
                )
            waiting = [step for step in page if await matches(step, variable)]
            for execution_id, steps in groupby(waiting, key=lambda step: step.execution_id):
                if await self._end(event, execution_id, list(steps)):
                    woken.append(execution_id)
            if len(page) < STEPS_PER_PAGE:
                return woken
            after = (page[-1].execution_id, page[-1].id)

    async def look_back(self, project_id: UUID, execution_id: UUID, step: Step) -> bool:
        """Ends a step that waits for an event which has come since its execution was created.

        A driver calls it after it has committed that the step waits.
        """
        name = step.waiting_name or ""
        async with self._changing.locked(project_id, execution_id) as locked:
            if locked.execution.status.has_ended:
                return False
            waiting = await storage.select_waiting_step(locked.connection, project_id, execution_id, step.id)
            if waiting is None:
                return False
            event = await self._earlier_event(locked, waiting, name)
            if event is None:
                return False
            await _give(locked, event, [waiting])
            return True

    async def _earlier_event(self, locked: LockedExecution, step: Step, name: str) -> Event | None:
        execution, after = locked.execution, _FIRST_EVENT
        taken: set[str] | None = None
        while True:
            page = await storage.select_since(
                locked.connection,
                execution.project_id,
                name,
                since=execution.create_time,
                life=EVENT_LIFE,
                after=after,
                limit=EVENTS_PER_PAGE,
            )
            if page and taken is None:
                taken = await storage.select_taken(
                    locked.connection, execution.project_id, execution.id, name
                )
            for event in page:
                if event.id not in (taken or ()) and await matches(step, happening_of(event).variable()):
                    return event
            if len(page) < EVENTS_PER_PAGE:
                return None
            after = (page[-1].create_time, page[-1].id)

    async def _end(self, event: Event, execution_id: UUID, steps: Sequence[Step]) -> bool:
        """Gives an event to steps of an execution, unless it is older than this or had it before."""
        try:
            async with self._changing.locked(event.project_id, execution_id) as locked:
                execution = locked.execution
                if execution.status.has_ended or event.create_time < execution.create_time:
                    return False
                taken = await storage.select_taken(
                    locked.connection, event.project_id, execution_id, event.name
                )
                if event.id in taken:
                    return False
                still = [
                    await storage.select_waiting_step(
                        locked.connection, event.project_id, execution_id, step.id
                    )
                    for step in steps
                ]
                waiting = [step for step in still if step is not None and step.waiting_name == event.name]
                if waiting:
                    await _give(locked, event, waiting)
                return bool(waiting)
        except NotFoundError:
            return False


async def _give(locked: LockedExecution, event: Event, steps: Sequence[Step]) -> None:
    # However many steps it ends, it is one thing that has come.
    execution = replace(locked.execution, inbox=locked.execution.inbox + 1)
    entries: list[HistoryEntry] = []
    for step in steps:
        execution, _ = await end_wait(locked, execution, step, output=happening_of(event).document())
        entries.append(entry(HistoryType.EVENT_RECEIVED, step_id=step.id, name=event.name, eventId=event.id))
        entries.append(succeeded(step))
    await locked.write(Change(execution, entries))


def happening_of(event: Event) -> Happening:
    """Returns an event as expressions and steps see it."""
    return Happening(id=event.id, name=event.name, data=event.data, occur_time=event.occur_time)
