"""Publishing events: committed first, and then everything is done that they bring about."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import structlog
from google.protobuf.timestamp_pb2 import Timestamp

from timeloom.events.v1 import events_pb2
from timeloom.workflows.v1 import workflows_pb2
from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database, map_database_error
from timeloom_platform.errors import (
    InvalidFieldError,
    MalformedJsonError,
    OverloadedError,
    TimeloomError,
    TooLargeError,
    UnavailableError,
)
from timeloom_platform.ids import uuid7
from timeloom_platform.pagination import Cursors, ListIdentity, Page
from timeloom_workflows.errors import refuse_nul
from timeloom_workflows.flow.sweeping import again_and_again
from timeloom_workflows.limits import EVENT_LIFE
from timeloom_workflows.model import Failure
from timeloom_workflows.storage import dead_letters
from timeloom_workflows.storage import events as storage
from timeloom_workflows.storage import triggers as triggers_storage
from timeloom_workflows.storage.events import Event, NewEvent
from timeloom_workflows.storage.system import SystemConnection
from timeloom_workflows.storage.triggers import Trigger
from timeloom_workflows.triggers.beginning import Beginnings
from timeloom_workflows.triggers.waking import Waking, happening_of

DATA_BYTES_MAX: Final = 256 * 1024
"""The data of one event: what is larger is kept elsewhere, and named."""

TRIGGERS_PER_EVENT_MAX: Final = 1_000
AT_ONCE: Final = 16
"""Events that one publisher handles at a time."""

TOLD_DATA_BYTES_MAX: Final = 16 * 1024
"""Live clients are sent the data of events up to this size."""

HANDLED_WITHIN: Final = timedelta(seconds=15)
"""What has not been handled by then is looked after by the sweep; so says the default of the table, too."""

LOOK_WAIT_MAX: Final = timedelta(minutes=5)
LOOKS_MAX: Final = 5
"""How often an event is looked after whose handling fails; then it is a dead letter."""

LEFT_SECONDS: Final = 0.1
LEFT_MAX: Final = 10_000

SWEEP_SECONDS: Final = 2.0
SWEEP_BATCH: Final = 100
EXPIRE_BATCH: Final = 5_000
TOPIC: Final = "workflows/events"

logger = structlog.get_logger(__name__)


class Events:
    """Publishes events, lists them, and handles those that others left behind."""

    def __init__(
        self, *, database: Database, cursors: Cursors, beginnings: Beginnings, waking: Waking
    ) -> None:
        self._database = database
        self._cursors = cursors
        self._beginnings = beginnings
        self._waking = waking
        self._connection = SystemConnection(database)
        self._handling = asyncio.Semaphore(AT_ONCE)
        self._left: dict[tuple[UUID, str], float] = {}

    async def publish(self, project_id: UUID, news: Sequence[NewEvent]) -> Sequence[Event]:
        """Publishes events and does what they bring about; returns them as they are then, in order.

        One that was published before with the same id changes nothing.

        Raises:
            InvalidFieldError: An event cannot be one.
            MalformedJsonError: The data of an event do not parse.
            TooLargeError: The data of an event are too large.
            UnavailableError: Whether they are published, nobody knows; their ids make them count once.
        """
        checked = [_checked(new, index) for index, new in enumerate(news)]
        first = {new.id: new for new in reversed(checked)}
        async with self._database.transaction(str(project_id)) as connection:
            new = await self.insert(connection, project_id, list(first.values()))
        try:
            await self.handle(project_id, new)
        except TimeloomError as error:
            # They are committed: a sweep does the rest, and a caller who tried again would publish them
            # twice.
            logger.warning("events not handled yet", events=len(new), error=error)
        async with self._database.reading(str(project_id)) as connection:
            found = {each.id: each for each in await storage.select(connection, project_id, list(first))}
        return [found[each.id] for each in checked if each.id in found]

    async def insert(
        self, connection: Connection, project_id: UUID, news: Sequence[NewEvent]
    ) -> Sequence[Event]:
        """Commits events with the word of them; returns those that are new, which are to be handled then."""
        # In the order of their ids, so that publishers of the same ones wait for one another in no circle.
        inserted = await storage.insert(connection, project_id, sorted(news, key=lambda each: each.id))
        await outbox.enqueue(connection, str(project_id), [_told(event) for event in inserted])
        return inserted

    async def handle(self, project_id: UUID, events: Sequence[Event]) -> None:
        """Begins what events begin, and wakes what waits for them. To do it twice does it once.

        What fails for a reason of its own holds up no other: the sweep has it until it is a dead letter.

        Raises:
            UnavailableError: Not all of it could be done: the database is away.
            OverloadedError: Not all of it could be done: too much waits already.
        """
        if not events:
            return
        async with self._database.reading(str(project_id)) as connection:
            triggers = await triggers_storage.select_by_events(
                connection, project_id, sorted({each.name for each in events}), limit=TRIGGERS_PER_EVENT_MAX
            )
        by_name: dict[str, list[Trigger]] = {}
        for trigger in triggers:
            by_name.setdefault(trigger.expression, []).append(trigger)
        outcomes = await asyncio.gather(
            *(self._look_after(event, by_name.get(event.name, [])) for event in events),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    def leave(self, event: Event) -> None:
        """Leaves an event to be handled as soon as the transaction is committed that has inserted it."""
        if len(self._left) < LEFT_MAX:
            self._left[event.project_id, event.id] = asyncio.get_running_loop().time()

    async def list_page(
        self,
        project_id: UUID,
        *,
        name: str,
        created_after: datetime | None,
        created_before: datetime | None,
        page_token: str,
        limit: int,
    ) -> Page[Event]:
        """Returns a page of events, newest first.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "events",
            "project": str(project_id),
            "name": name,
            "after": created_after.isoformat() if created_after else None,
            "before": created_before.isoformat() if created_before else None,
        }
        position = self._cursors.decode(page_token, of=identity)
        before = (datetime.fromisoformat(str(position[0])), str(position[1])) if position else None
        async with self._database.reading(str(project_id)) as connection:
            found = await storage.select_page(
                connection,
                project_id,
                name=name,
                created_after=created_after,
                created_before=created_before,
                before=before,
                limit=limit + 1,
            )
        return self._cursors.page(
            found, limit=limit, of=identity, position=lambda each: (each.create_time.isoformat(), each.id)
        )

    async def run(self) -> None:
        """Handles what publishers left behind, and lets old events go, until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(again_and_again(self._sweep))
                tasks.create_task(again_and_again(self._handle_left))
        finally:
            await self._connection.close()

    async def _sweep(self) -> None:
        await asyncio.sleep(SWEEP_SECONDS)
        taken = await storage.take_unhandled(
            self._connection, wait=HANDLED_WITHIN, wait_max=LOOK_WAIT_MAX, limit=SWEEP_BATCH
        )
        by_project: dict[UUID, list[Event]] = {}
        for event in taken:
            by_project.setdefault(event.project_id, []).append(event)
        for project_id, events in by_project.items():
            await self.handle(project_id, events)
        await storage.expire(self._connection, age=EVENT_LIFE, limit=EXPIRE_BATCH)

    async def _handle_left(self) -> None:
        await asyncio.sleep(LEFT_SECONDS)
        now = asyncio.get_running_loop().time()
        # What is not committed after so long was rolled back, or is found by the sweep.
        for key in [key for key, time in self._left.items() if now - time > HANDLED_WITHIN.total_seconds()]:
            del self._left[key]
        by_project: dict[UUID, list[str]] = {}
        for project_id, event_id in self._left:
            by_project.setdefault(project_id, []).append(event_id)
        for project_id, ids in by_project.items():
            async with self._database.reading(str(project_id)) as connection:
                found = await storage.select(connection, project_id, ids)
            for event in found:
                self._left.pop((project_id, event.id), None)
            await self.handle(project_id, [event for event in found if event.handle_time is None])

    async def _look_after(self, event: Event, triggers: Sequence[Trigger]) -> None:
        """Handles an event; gives it up if that has failed too often.

        Raises:
            UnavailableError: The database is away.
            OverloadedError: Too much waits already.
        """
        if event.attempts > LOOKS_MAX:
            # Whoever took it last was taken down with it.
            await self._give_up(event, _NEVER_ENDED)
            return
        try:
            async with self._handling:
                await self._handle(event, triggers)
        except Exception as error:
            # The boundary of one event: what is wrong with it must not keep others waiting.
            if (outage := _outage_of(error)) is not None:
                await self._forgive(event)
                raise outage from error
            logger.warning(
                "event not handled",
                event_id=event.id,
                name=event.name,
                attempt=event.attempts,
                exc_info=error,
            )
            if event.attempts >= LOOKS_MAX:
                await self._give_up(event, _failure_of(error))

    async def _handle(self, event: Event, triggers: Sequence[Trigger]) -> None:
        happening, started = happening_of(event), list[UUID]()
        problem: Exception | None = None
        for trigger in triggers:
            key = f"event/{trigger.number}/{event.id}"
            try:
                execution_id = await self._beginnings.try_to_begin(
                    trigger, happening, trigger_id=event.id, key=key
                )
            except Exception as error:
                # The boundary of one trigger: the others fire, and what waits for the event goes on.
                if _outage_of(error) is not None:
                    raise
                problem = error
                continue
            if execution_id is not None:
                started.append(execution_id)
        woken = await self._waking.wake(event)
        if problem is not None:
            raise problem
        async with self._database.transaction(str(event.project_id)) as connection:
            await storage.handled(connection, event, started=started, woken=woken)

    async def _forgive(self, event: Event) -> None:
        try:
            async with self._database.transaction(str(event.project_id)) as connection:
                await storage.forgive(connection, event)
        except TimeloomError:
            # It is away for this, too: one look of several counts that should not.
            return

    async def _give_up(self, event: Event, failure: Failure) -> None:
        async with self._database.transaction(str(event.project_id)) as connection:
            if await storage.give_up(connection, event):
                await dead_letters.insert(
                    connection, event.project_id, uuid7(), error=failure, event_id=event.id
                )
                logger.warning("event given up", event_id=event.id, name=event.name)


_NEVER_ENDED: Final = Failure(
    type="PoisonError", message="whoever handled it did not come to an end of it", is_final=True
)


def _outage_of(error: Exception) -> TimeloomError | None:
    """What is nobody's fault, and passes; None of any other error."""
    told = error if isinstance(error, TimeloomError) else map_database_error(error)
    return told if isinstance(told, UnavailableError | OverloadedError) else None


def _failure_of(error: Exception) -> Failure:
    """What a dead letter says of an error: nothing of its text if it is a defect."""
    message = error.message if isinstance(error, TimeloomError) else "a defect; the log has its details"
    return Failure(type=type(error).__name__, message=message)


def _checked(new: NewEvent, index: int) -> NewEvent:
    place = f"events[{index}]"
    refuse_nul(f"{place}.id", new.id)
    if new.data is not None:
        if len(new.data) > DATA_BYTES_MAX:
            raise TooLargeError(
                f"{place}.data has {len(new.data):,} bytes; at most {DATA_BYTES_MAX:,} are allowed."
            )
        try:
            msgspec.json.decode(new.data)
        except msgspec.DecodeError:
            raise MalformedJsonError(f"{place}.data is not JSON.") from None
    if new.name.startswith("timeloom/"):
        raise InvalidFieldError.of(
            f"{place}.name", "must not begin with `timeloom/`: these are the server's own"
        )
    return new if new.id else msgspec.structs.replace(new, id=str(uuid7()))


def _told(event: Event) -> events_pb2.Event:
    told = events_pb2.Event(topic=TOPIC)
    published = told.workflow_event_published.event
    published.id, published.name = event.id, event.name
    if event.data is not None and len(event.data) <= TOLD_DATA_BYTES_MAX:
        published.data = event.data
    write_times(published, event)
    return told


def write_times(message: workflows_pb2.WorkflowEvent, event: Event) -> None:
    """Writes when an event happened, and when it was published."""
    occurred, created = Timestamp(), Timestamp()
    occurred.FromDatetime(event.occur_time)
    created.FromDatetime(event.create_time)
    message.occur_time.CopyFrom(occurred)
    message.create_time.CopyFrom(created)
