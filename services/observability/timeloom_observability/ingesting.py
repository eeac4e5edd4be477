"""From what has arrived to what is committed: requests that wait together go together.

A request is answered once its transaction is committed, and not before. What comes again has the ids that it
had, and changes nothing, so that whoever is not answered sends it again.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import asyncpg
import structlog

from timeloom_observability.ids import day_of
from timeloom_observability.metering import tallied
from timeloom_observability.model import EPOCH, Event, MetricPoint, Score
from timeloom_observability.pace import Pace
from timeloom_observability.registry import SeriesRegistry
from timeloom_observability.storage import ingest
from timeloom_observability.storage.partitions import Partitions
from timeloom_observability.summaries import sessions_of, summarised
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import UnavailableError
from timeloom_platform.failures import failure_of

WAITING_BYTES_MAX: Final = 64 * 1024 * 1024
"""What may wait to be committed; whoever comes then is told to come again."""
PROJECT_WAITING_BYTES_MAX: Final = WAITING_BYTES_MAX // 2
"""What may wait of one project: there is room for others whatever it sends."""
GROUP_EVENTS_MAX: Final = 2_048
"""So many in one transaction. What brings more is committed in several, and answered after the last."""
GROUP_BYTES_MAX: Final = 16 * 1024 * 1024
LANES: Final = 2
"""So many transactions at a time: while PostgreSQL writes one, the next is made ready."""
RETRY_AFTER_SECONDS: Final = 1.0
"""When to come again; clients add their own random part."""

_TRANSIENT: Final = frozenset({"ABORTED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "UNAVAILABLE"})
"""Statuses of failures that are not about what was to be written."""

_logger = structlog.get_logger(__name__)


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

    def parts(self, records_max: int) -> Sequence[Batch]:
        """Returns it in batches of no more than so many records of a kind."""
        longest = max(len(self.events), len(self.scores), len(self.points))
        if longest <= records_max:
            return [self]
        return [
            Batch(
                events=self.events[first : first + records_max],
                scores=self.scores[first : first + records_max],
                points=self.points[first : first + records_max],
            )
            for first in range(0, longest, records_max)
        ]


@dataclass(slots=True, kw_only=True)
class IngestCounts:
    """What was counted.

    Attributes:
        commits: Transactions.
        events: Events that were not there before.
        refusals: Requests for which there was no room.
    """

    commits: int = 0
    events: int = 0
    refusals: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class _Arrival:
    """What one request brought, or a part of it.

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
        pace: Is told when something arrives.
    """

    def __init__(
        self,
        *,
        database: Database,
        partitions: Partitions,
        companions: Sequence[Companion],
        clock: Callable[[], datetime],
        pace: Pace,
    ) -> None:
        self._pace = pace
        self._database = database
        self._partitions = partitions
        self._companions = companions
        self._clock = clock
        self._series = SeriesRegistry()
        self._waiting: deque[_Arrival] = deque()
        self._waiting_bytes: Counter[UUID] = Counter()
        self._under_way: set[asyncio.Future[None]] = set()
        self._arrived = asyncio.Event()
        self._is_closing = False
        self.counts = IngestCounts()

    @property
    def waiting_bytes(self) -> int:
        """What waits to be committed."""
        return self._waiting_bytes.total()

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
        self._require_room(project_id, size_bytes)
        parts = batch.parts(GROUP_EVENTS_MAX)
        loop = asyncio.get_running_loop()
        dones: list[asyncio.Future[None]] = []
        for part in parts:
            arrival = _Arrival(
                project_id=project_id,
                batch=part,
                size_bytes=size_bytes // len(parts),
                done=loop.create_future(),
            )
            self._waiting.append(arrival)
            self._waiting_bytes[project_id] += arrival.size_bytes
            self._under_way.add(arrival.done)
            arrival.done.add_done_callback(self._under_way.discard)
            dones.append(arrival.done)
        self._arrived.set()
        with self._pace.arriving():
            await asyncio.gather(*dones)

    def _require_room(self, project_id: UUID, size_bytes: int) -> None:
        waiting, own = self._waiting_bytes.total(), self._waiting_bytes[project_id]
        if (
            self._is_closing
            or (waiting and waiting + size_bytes > WAITING_BYTES_MAX)
            or (own and own + size_bytes > PROJECT_WAITING_BYTES_MAX)
        ):
            self.counts.refusals += 1
            raise UnavailableError(
                "More telemetry arrives than can be written.", retry_after_seconds=RETRY_AFTER_SECONDS
            )

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
        await asyncio.gather(*self._under_way, return_exceptions=True)

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
        self._waiting_bytes[group.project_id] -= group.size_bytes
        if not self._waiting_bytes[group.project_id]:
            del self._waiting_bytes[group.project_id]
        if not left:
            self._arrived.clear()
        return group

    async def _commit(self, group: _Group) -> None:
        try:
            await self._write_somewhere(group)
        except Exception as error:  # noqa: BLE001
            # Whatever it is, whoever sent it learns of it, and sends it again if that may help.
            await self._tell(group, error)
        else:
            for arrival in group.arrivals:
                if not arrival.done.done():
                    arrival.done.set_result(None)

    async def _tell(self, group: _Group, error: Exception) -> None:
        reason = failure_of(error)
        if reason.status not in _TRANSIENT and len(group.arrivals) > 1:
            # One of them may be what PostgreSQL refuses; the others must not suffer from it.
            for arrival in group.arrivals:
                alone = _Group(project_id=group.project_id)
                alone.add(arrival)
                await self._commit(alone)
            return
        if reason.status not in _TRANSIENT:
            _logger.error("telemetry was not written", exc_info=error)
        for arrival in group.arrivals:
            if not arrival.done.done():
                arrival.done.set_exception(reason)

    async def _write_somewhere(self, group: _Group) -> None:
        try:
            await self._write(group)
        except asyncpg.CheckViolationError:
            # There is no partition: another replica has dropped one that was known here.
            self._partitions.forget()
            await self._write(group)

    async def _write(self, group: _Group) -> None:
        project_id = group.project_id
        batches = [arrival.batch for arrival in group.arrivals]
        events = {event.id: event for batch in batches for event in batch.events}
        await self._partitions.make({day_of(each) for each in events})
        tallies = tallied(events.values())
        series = await self._series.of(self._database, project_id, tallies)
        receive_time = self._clock()
        async with self._database.transaction(str(project_id)) as connection:
            new_ids = await ingest.insert_events(connection, project_id, list(events.values()), receive_time)
            new = [event for event in events.values() if event.id in new_ids]
            if new:
                resources = {each.resource for each in new}
                await ingest.insert_resources(connection, project_id, resources)
                traces = summarised(new).values()
                await ingest.upsert_traces(connection, project_id, traces, receive_time)
                await ingest.upsert_sessions(connection, project_id, sessions_of(traces))
                if len(new) < len(events):
                    tallies = tallied(new)
                await ingest.insert_tallies(connection, project_id, series.folded(tallies), series.ids)
            written = Batch(
                events=new,
                scores=list({each.id: each for batch in batches for each in batch.scores}.values()),
                points=list({each.id: each for batch in batches for each in batch.points}.values()),
                receive_time=receive_time,
            )
            for companion in self._companions:
                await companion.write(connection, project_id, written)
        self.counts.commits += 1
        self.counts.events += len(new)
