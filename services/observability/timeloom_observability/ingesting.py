"""From what has arrived to what is committed: requests that wait together go together.

A request is answered once its transaction is committed, and not before. What comes again has the ids that it
had, and changes nothing, so that whoever is not answered sends it again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Protocol
from uuid import UUID

from timeloom_observability.ids import day_of
from timeloom_observability.metering import STEP_SECONDS, tallied
from timeloom_observability.model import Event
from timeloom_observability.registry import SeriesRegistry
from timeloom_observability.storage import ingest, partitions
from timeloom_observability.summaries import summarised
from timeloom_platform.database import Connection, Database, map_database_error
from timeloom_platform.errors import TimeloomError, UnavailableError

WAITING_BYTES_MAX: Final = 64 * 1024 * 1024
"""What may wait to be committed; whoever comes then is told to come again."""
GROUP_EVENTS_MAX: Final = 4_096
GROUP_BYTES_MAX: Final = 16 * 1024 * 1024
LANES: Final = 2
"""So many transactions at a time: while PostgreSQL writes one, the next is made ready."""
RETRY_AFTER_SECONDS: Final = 1.0
"""When to come again; clients add their own random part."""


@dataclass(slots=True, eq=False, kw_only=True)
class _Arrival:
    """What one request brought.

    Attributes:
        size_bytes: What it takes while it waits.
        done: Set when it is committed, or to the reason why it is not.
    """

    project_id: UUID
    events: Sequence[Event]
    size_bytes: int
    done: asyncio.Future[None]


@dataclass(slots=True, kw_only=True)
class _Group:
    """Arrivals of one project that are committed together."""

    project_id: UUID
    arrivals: list[_Arrival] = field(default_factory=list[_Arrival])
    event_count: int = 0
    size_bytes: int = 0

    def has_room_for(self, arrival: _Arrival) -> bool:
        """Whether it may be added; the first one always may."""
        return not self.arrivals or (
            self.event_count + len(arrival.events) <= GROUP_EVENTS_MAX
            and self.size_bytes + arrival.size_bytes <= GROUP_BYTES_MAX
        )

    def add(self, arrival: _Arrival) -> None:
        """Takes an arrival in."""
        self.arrivals.append(arrival)
        self.event_count += len(arrival.events)
        self.size_bytes += arrival.size_bytes


class Teller(Protocol):
    """Tells the others of events, in the transaction that writes them."""

    async def tell(self, connection: Connection, project_id: UUID, events: Sequence[Event]) -> None:
        """Tells of events that were not there before."""
        ...


class Ingestor:
    """Commits what arrives.

    Args:
        database: Whose connections are prepared by `prepare`.
        teller: Tells the others.
        clock: The time.
    """

    def __init__(self, *, database: Database, teller: Teller, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._teller = teller
        self._clock = clock
        self._series = SeriesRegistry()
        self._waiting: deque[_Arrival] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._is_closing = False
        self._partitions: set[str] = set()

    async def take(self, project_id: UUID, events: Sequence[Event], *, size_bytes: int) -> None:
        """Returns when events are committed.

        Args:
            project_id: Whose they are.
            events: What a request brought.
            size_bytes: What they take in memory, roughly.

        Raises:
            UnavailableError: There is too much to be written already, or nothing can be written now.
        """
        if not events:
            return
        if self._is_closing or (self._waiting and self._waiting_bytes + size_bytes > WAITING_BYTES_MAX):
            raise UnavailableError(
                "More telemetry arrives than can be written.", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        arrival = _Arrival(
            project_id=project_id,
            events=events,
            size_bytes=size_bytes,
            done=asyncio.get_running_loop().create_future(),
        )
        self._waiting.append(arrival)
        self._waiting_bytes += size_bytes
        self._arrived.set()
        await arrival.done

    async def run(self) -> None:
        """Commits what arrives, until it is cancelled."""
        lanes = asyncio.Semaphore(LANES)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._arrived.wait()
                await lanes.acquire()
                group = self._next_group()
                if group is None:
                    lanes.release()
                    continue
                task = tasks.create_task(self._commit(group))
                task.add_done_callback(lambda _: lanes.release())

    async def close(self) -> None:
        """Takes nothing more, and returns when what waits is committed."""
        self._is_closing = True
        await asyncio.gather(*(each.done for each in self._waiting), return_exceptions=True)

    def _next_group(self) -> _Group | None:
        """What waits longest, with all of the same project that fits beside it."""
        if not self._waiting:
            self._arrived.clear()
            return None
        group = _Group(project_id=self._waiting[0].project_id)
        left: deque[_Arrival] = deque()
        for arrival in self._waiting:
            if arrival.project_id == group.project_id and group.has_room_for(arrival):
                group.add(arrival)
            else:
                left.append(arrival)
        self._waiting = left
        self._waiting_bytes -= group.size_bytes
        if not left:
            self._arrived.clear()
        return group

    async def _commit(self, group: _Group) -> None:
        try:
            await self._write(group)
        except Exception as error:  # noqa: BLE001
            # Whatever it is, whoever sent it learns of it, and sends it again if that may help.
            reason = error if isinstance(error, TimeloomError) else map_database_error(error) or error
            for arrival in group.arrivals:
                if not arrival.done.done():
                    arrival.done.set_exception(reason)
        else:
            for arrival in group.arrivals:
                if not arrival.done.done():
                    arrival.done.set_result(None)

    async def _write(self, group: _Group) -> None:
        project_id = group.project_id
        events = {event.id: event for arrival in group.arrivals for event in arrival.events}
        await self._make_partitions({day_of(each) for each in events})
        series = await self._series.of(self._database, project_id, tallied(events.values()))
        receive_time = self._clock()
        async with self._database.transaction(str(project_id)) as connection:
            new_ids = await ingest.insert_events(connection, project_id, list(events.values()), receive_time)
            new = [event for event in events.values() if event.id in new_ids]
            if not new:
                return
            resources = {ingest.resource_id(each.resource): each.resource.decode() for each in new}
            await ingest.insert_resources(connection, project_id, resources)
            await ingest.upsert_traces(connection, project_id, summarised(new).values(), receive_time)
            await ingest.insert_tallies(
                connection, project_id, series.folded(tallied(new)), series.ids, STEP_SECONDS
            )
            await self._teller.tell(connection, project_id, new)

    async def _make_partitions(self, days: set[date]) -> None:
        missing = {day for day in days if partitions.partition_of(day) not in self._partitions}
        if missing:
            async with self._database.system_transaction() as connection:
                for day in sorted(missing):
                    await partitions.make(connection, day)
            self._partitions |= {partitions.partition_of(day) for day in missing}
