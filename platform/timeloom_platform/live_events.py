"""Events of telemetry as they are committed, for many followers at once.

What came last of a project is held once, in a ring that one subscription fills: a message is decoded once,
and what a filter leaves of it is made once for all who have that filter. Whoever begins before the ring, or
falls behind it, catches up by a subscription of its own, and harms nobody.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from nats.js.api import StreamState

from timeloom.events.v1 import events_pb2
from timeloom.observability.v1.observability_pb2 import Event, EventFilter
from timeloom_platform.bus import Delivery, require_kept, subject_filter
from timeloom_platform.bus.streams import TELEMETRY
from timeloom_platform.bus.subjects import TELEMETRY_TOPIC
from timeloom_platform.event_filters import Condition, matcher

RING_BYTES_MAX: Final = 4 * 1024 * 1024
RING_MESSAGES_MAX: Final = 1_024

T = TypeVar("T")


class TelemetrySource(Protocol):
    """What is needed of the bus."""

    async def stream_state(self, stream: str = TELEMETRY) -> StreamState:
        """The first and last positions that a stream keeps."""
        ...

    def subscribe_ordered(
        self, subject_filters: Sequence[str], *, start_sequence: int | None = None
    ) -> AsyncGenerator[Delivery]:
        """Every message of the filters in order, each once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Generic[T]):
    """What a message holds for a follower.

    Attributes:
        position: Whoever resumes after it misses nothing.
        content: What was made of the events that the filter means.
        skipped_count: How many such events before them were left out.
    """

    position: int
    content: T
    skipped_count: int


class LiveEvents(Generic[T]):
    """Follows the events of projects.

    Args:
        source: The bus.
        render: Makes what followers get of a message and those of its events that a filter means.
        ring_messages_max: So many messages of a project are held.
    """

    def __init__(
        self,
        source: TelemetrySource,
        render: Callable[[events_pb2.Event, Sequence[Event]], T],
        *,
        ring_messages_max: int = RING_MESSAGES_MAX,
    ) -> None:
        self._source = source
        self._render = render
        self._ring_messages_max = ring_messages_max
        self._rings: dict[str, _Ring[T]] = {}

    async def position(self) -> int:
        """The position of what came last: whoever follows from there misses nothing that comes."""
        return (await self._source.stream_state(TELEMETRY)).last_seq

    async def follow(
        self, project_id: str, event_filter: EventFilter, *, position: int, skips: bool = False
    ) -> AsyncGenerator[Told[T]]:
        """What comes after the position of the events that the filter means.

        Args:
            project_id: Whose events.
            event_filter: It asks for nothing that events are told without (`require_live`).
            position: Of the stream.
            skips: Whoever falls behind goes on with what is new, and is told how much that left out.

        Raises:
            PositionDroppedError: What comes after the position is no longer kept.
            UnavailableError: The bus does not answer.
        """
        view = _View(event_filter, self._render)
        state = await self._source.stream_state(TELEMETRY)
        require_kept(state, position + 1)
        # The first follower's own backlog is the beginning of the ring, if it may fit.
        start = position if state.last_seq - position <= self._ring_messages_max else state.last_seq
        skipped = 0
        is_late = False
        async with self._ring(project_id, start) as ring:
            while True:
                behind = self._missed(project_id, ring, position) if position < ring.start else None
                messages = behind or ring.after(position)
                async with aclosing(messages):
                    async for message in messages:
                        position = message.position
                        found = view.of(message)
                        if found is None:
                            continue
                        if skips and is_late and behind is not None:
                            skipped += found.count
                            continue
                        yield Told(position=position, content=found.content, skipped_count=skipped)
                        skipped = 0
                is_late = True

    @asynccontextmanager
    async def _ring(self, project_id: str, start: int) -> AsyncGenerator[_Ring[T]]:
        """Lends the ring of a project; it is filled while somebody has it."""
        ring = self._rings.get(project_id)
        if ring is None or ring.is_broken:
            ring = self._rings[project_id] = _Ring(start, self._ring_messages_max)
            ring.filling = asyncio.create_task(ring.fill(self._subscribe(project_id, start)))
        ring.follower_count += 1
        try:
            yield ring
        finally:
            ring.follower_count -= 1
            if ring.follower_count == 0:
                if self._rings.get(project_id) is ring:
                    del self._rings[project_id]
                await ring.close()

    async def _missed(self, project_id: str, ring: _Ring[T], position: int) -> AsyncGenerator[_Message[T]]:
        """What came after the position, until the ring has what follows."""
        deliveries = self._subscribe(project_id, position)
        async with aclosing(deliveries):
            async for delivery in deliveries:
                yield _Message(delivery)
                if delivery.sequence >= ring.start:
                    return

    def _subscribe(self, project_id: str, position: int) -> AsyncGenerator[Delivery]:
        subject = subject_filter(project_id, TELEMETRY_TOPIC)
        return self._source.subscribe_ordered([subject], start_sequence=position + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found(Generic[T]):
    """What a filter leaves of a message."""

    content: T
    count: int


class _Message(Generic[T]):
    """A message, and what filters left of it, by filter."""

    __slots__ = ("event", "found", "position")

    def __init__(self, delivery: Delivery) -> None:
        self.position, self.event = delivery
        self.found: dict[bytes, _Found[T] | None] = {}


class _View(Generic[T]):
    """What one filter leaves of messages."""

    def __init__(
        self, event_filter: EventFilter, render: Callable[[events_pb2.Event, Sequence[Event]], T]
    ) -> None:
        self._key = event_filter.SerializeToString(deterministic=True)
        self._matches: Condition = matcher(event_filter)
        self._render = render

    def of(self, message: _Message[T]) -> _Found[T] | None:
        """Returns what followers with this filter get of a message; None if it is nothing."""
        if self._key not in message.found:
            events = [each for each in message.event.events_recorded.events if self._matches(each)]
            message.found[self._key] = (
                _Found(content=self._render(message.event, events), count=len(events)) if events else None
            )
        return message.found[self._key]


@dataclass(slots=True, eq=False)
class _Ring(Generic[T]):
    """What came last of one project.

    Attributes:
        start: Everything after this position that is told of the project is here, or on its way.
        messages_max: So many messages are held.
        follower_count: The task that fills it ends with the last of them.
        filling: That task.
    """

    start: int
    messages_max: int
    follower_count: int = 0
    filling: asyncio.Task[None] | None = None
    _messages: deque[_Message[T]] = field(default_factory=deque["_Message[T]"])
    _sizes: deque[int] = field(default_factory=deque[int])
    _size_bytes: int = 0
    _failure: Exception | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_broken(self) -> bool:
        """Whether nothing fills it any more."""
        return self._failure is not None

    async def after(self, position: int) -> AsyncGenerator[_Message[T]]:
        """What comes after the position, until it is no longer here."""
        while position >= self.start:
            index = bisect_right(self._messages, position, key=lambda each: each.position)
            if index < len(self._messages):
                message = self._messages[index]
                position = message.position
                yield message
            elif self._failure is not None:
                raise self._failure
            else:
                await self._news.wait()

    async def fill(self, deliveries: AsyncGenerator[Delivery]) -> None:
        """Takes in what comes, until it is cancelled."""
        try:
            async with aclosing(deliveries):
                async for delivery in deliveries:
                    self._add(delivery)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait for what comes are told
            self._failure = error
            self._announce()

    async def close(self) -> None:
        """Ends the filling."""
        if self.filling is not None:
            self.filling.cancel()
            await asyncio.wait([self.filling])

    def _add(self, delivery: Delivery) -> None:
        size_bytes = delivery.event.ByteSize()
        self._messages.append(_Message(delivery))
        self._sizes.append(size_bytes)
        self._size_bytes += size_bytes
        while len(self._messages) > 1 and (
            self._size_bytes > RING_BYTES_MAX or len(self._messages) > self.messages_max
        ):
            self.start = self._messages.popleft().position
            self._size_bytes -= self._sizes.popleft()
        self._announce()

    def _announce(self) -> None:
        """Wakes those who wait; who comes later waits for the next time."""
        self._news.set()
        self._news = asyncio.Event()
