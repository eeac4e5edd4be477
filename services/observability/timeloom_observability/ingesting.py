"""From what has arrived to what is committed: requests that wait together go together.

A request is answered once its transaction is committed, and not before. What comes again has the ids that it
had, and changes nothing, so that whoever is not answered sends it again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from timeloom_observability.ids import day_of
from timeloom_observability.metering import tallied
from timeloom_observability.model import EPOCH, Event, MetricPoint, Score
from timeloom_observability.registry import SeriesRegistry
from timeloom_observability.storage import ingest
from timeloom_observability.storage.partitions import Partitions
from timeloom_observability.summaries import sessions_of, summarised
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Telemetry that is committed together.

    Attributes:
        receive_time: When its events were committed; companions are told.
    """

    events: Sequence[Event] = ()
    scores: Sequence[Score] = ()
    points: Sequence[MetricPoint] = ()
    receive_time: datetime = EPOCH

    def __bool__(self) -> bool:
        return bool(self.events or self.scores or self.points)


@dataclass(slots=True, eq=False, kw_only=True)
class _Arrival:
    """What one request brought.

    Attributes:
        size_bytes: What it takes while it waits.
        done: Set when it is committed, or to the reason why it is not.
    """

    project_id: UUID
    batch: Batch
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
            self.event_count + len(arrival.batch.events) <= GROUP_EVENTS_MAX
            and self.size_bytes + arrival.size_bytes <= GROUP_BYTES_MAX
        )

    def add(self, arrival: _Arrival) -> None:
        """Takes an arrival in."""
        self.arrivals.append(arrival)
        self.event_count += len(arrival.batch.events)
        self.size_bytes += arrival.size_bytes


class Companion(Protocol):
    """Does its own part of a commit, in the same transaction."""

    async def write(self, connection: Connection, project_id: UUID, batch: Batch) -> None:
        """Writes what a batch means to it.

        Args:
            connection: In the transaction of the project.
            project_id: Whose the batch is.
            batch: Its events were not there before; its scores and points may have been.
        """
        ...


class Ingestor:
    """Commits what arrives.

    Args:
        database: Of its own, with a connection for each lane, prepared by `ingest.prepare`.
        partitions: Makes those of events.
        companions: What else is written with each batch, in this order.
        clock: The time.
    """

    def __init__(
        self,
        *,
        database: Database,
        partitions: Partitions,
        companions: Sequence[Companion],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._partitions = partitions
        self._companions = companions
        self._clock = clock
        self._series = SeriesRegistry()
        self._waiting: deque[_Arrival] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._is_closing = False

    async def take(self, project_id: UUID, batch: Batch, *, size_bytes: int) -> None:
        """Returns when a batch is committed.

        Args:
            project_id: Whose it is.
            batch: What a request brought.
            size_bytes: What it takes in memory, roughly.

        Raises:
            UnavailableError: There is too much to be written already, or nothing can be written now.
        """
        if not batch:
            return
        if self._is_closing or (self._waiting and self._waiting_bytes + size_bytes > WAITING_BYTES_MAX):
            raise UnavailableError(
                "More telemetry arrives than can be written.", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        arrival = _Arrival(
            project_id=project_id,
            batch=batch,
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
        batches = [arrival.batch for arrival in group.arrivals]
        events = {event.id: event for batch in batches for event in batch.events}
        await self._partitions.make({day_of(each) for each in events})
        series = await self._series.of(self._database, project_id, tallied(events.values()))
        receive_time = self._clock()
        async with self._database.transaction(str(project_id)) as connection:
            new_ids = await ingest.insert_events(connection, project_id, list(events.values()), receive_time)
            new = [event for event in events.values() if event.id in new_ids]
            if new:
                resources = {ingest.resource_id(each.resource): each.resource.decode() for each in new}
                await ingest.insert_resources(connection, project_id, resources)
                traces = summarised(new).values()
                await ingest.upsert_traces(connection, project_id, traces, receive_time)
                await ingest.upsert_sessions(connection, project_id, sessions_of(traces))
                tallies = series.folded(tallied(new))
                await ingest.insert_tallies(connection, project_id, tallies, series.ids)
            written = Batch(
                events=new,
                scores=list({each.id: each for batch in batches for each in batch.scores}.values()),
                points=list({each.id: each for batch in batches for each in batch.points}.values()),
                receive_time=receive_time,
            )
            for companion in self._companions:
                await companion.write(connection, project_id, written)
