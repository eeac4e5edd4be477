"""The events of topics, from the bus, as clients receive them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final, Protocol

import msgspec

from timeloom.events.v1 import events_pb2
from timeloom.observability.v1.observability_pb2 import Event, EventFilter
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.live.filters import EventTopics, is_telemetry
from timeloom_gateway.transcoding.rest import StreamItem
from timeloom_gateway.transcoding.writing import Writers
from timeloom_platform.bus import subject_filter
from timeloom_platform.bus.live import Delivery
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.live_events import LiveEvents, TelemetrySource

POSITION_MAX = 2**63 - 2

_PAYLOAD: Final = "payload"
_EVENTS_RECORDED: Final = "eventsRecorded"


class EventSource(TelemetrySource, Protocol):
    """What the gateway needs of the bus."""

    async def last_sequence(self) -> int:
        """The position of the newest event of all but telemetry; 0 if there never was one."""
        ...


class Selection(Protocol):
    """Topics of a project that are followed together."""

    async def position(self) -> int:
        """The position of the newest event: whoever follows from there misses nothing that comes."""
        ...

    def follow(self, position: int) -> AsyncGenerator[StreamItem]:
        """Every event of the topics after the position, as it is committed.

        Raises:
            PositionDroppedError: The position is no longer kept.
        """
        ...


class Feed:
    """Follows topics for one project at a time."""

    def __init__(self, source: EventSource, contracts: Contracts) -> None:
        self._source = source
        self._items = _Items(contracts)
        self._telemetry = LiveEvents(source, self._items.telemetry)
        self._event_topics = EventTopics(contracts)

    def select(self, project_id: str, topics: Sequence[str]) -> Selection:
        """Returns what a client is going to follow.

        Raises:
            InvalidFieldError: One of them is not a topic, or cannot be followed together with the others.
            MalformedJsonError: A filter in it is not JSON.
        """
        if not any(map(is_telemetry, topics)):
            filters = [each for topic in topics for each in filters_of(project_id, topic)]
            return _Facts(source=self._source, items=self._items, filters=filters)
        if len(topics) > 1:
            raise InvalidFieldError.of(
                "topic", "must be the only one if it is events: they have other positions"
            )
        event_filter = self._event_topics.filter_of(topics[0])
        return _Telemetry(live=self._telemetry, project_id=project_id, event_filter=event_filter)


class _Facts:
    """What the services tell, by subjects."""

    def __init__(self, *, source: EventSource, items: _Items, filters: Sequence[str]) -> None:
        self._source = source
        self._items = items
        self._filters = filters

    async def position(self) -> int:
        return await self._source.last_sequence()

    async def follow(self, position: int) -> AsyncGenerator[StreamItem]:
        deliveries = self._source.subscribe_ordered(self._filters, start_sequence=position + 1)
        async with aclosing(deliveries):
            async for delivery in deliveries:
                yield self._items.fact(delivery)


class _Telemetry:
    """Events of telemetry, by a filter."""

    def __init__(self, *, live: LiveEvents[bytes], project_id: str, event_filter: EventFilter) -> None:
        self._live = live
        self._project_id = project_id
        self._filter = event_filter

    async def position(self) -> int:
        return await self._live.position()

    async def follow(self, position: int) -> AsyncGenerator[StreamItem]:
        messages = self._live.follow(self._project_id, self._filter, position=position)
        async with aclosing(messages):
            async for told in messages:
                yield StreamItem(body=told.content, event=_EVENTS_RECORDED, position=str(told.position))


class _Items:
    """Writes events as REST shows them."""

    def __init__(self, contracts: Contracts) -> None:
        fact = contracts.message_type(events_pb2.Event.DESCRIPTOR.full_name)
        writers = Writers(contracts.pool)
        self._write = writers.message(fact).write
        self._write_event = writers.message(contracts.message_type(Event.DESCRIPTOR.full_name)).write
        self._names = {field.name: field.json_name for field in fact.oneofs_by_name[_PAYLOAD].fields}

    def fact(self, delivery: Delivery) -> StreamItem:
        """Returns what a service told."""
        event: events_pb2.Event = delivery.event
        kind = event.WhichOneof(_PAYLOAD)
        return StreamItem(
            body=msgspec.json.encode(self._write(event)),
            event=self._names[kind] if kind else "event",
            position=str(delivery.sequence),
        )

    def telemetry(self, fact: events_pb2.Event, events: Sequence[Event]) -> bytes:
        """Returns what was told of telemetry, with these of its events alone."""
        head = events_pb2.Event(id=fact.id, project_id=fact.project_id, topic=fact.topic)
        head.create_time.CopyFrom(fact.create_time)
        shown = {"events": [self._write_event(event) for event in events]}
        return msgspec.json.encode({**self._write(head), _EVENTS_RECORDED: shown})


def filters_of(project_id: str, topic: str) -> list[str]:
    """The subjects of a topic and of all topics below it; a topic may have `*` for any one segment.

    Raises:
        InvalidFieldError: It is not a topic.
    """
    try:
        exact = subject_filter(project_id, topic)
        return [exact] if topic.endswith(">") else [exact, subject_filter(project_id, f"{topic}/>")]
    except ValueError as error:
        raise InvalidFieldError.of("topic", f"must be a topic such as executions: {error}") from None


def parse_position(text: str) -> int:
    """A position as events carry it; InvalidFieldError if it is none."""
    if not (text.isascii() and text.isdigit()) or int(text[:20]) > POSITION_MAX:
        raise InvalidFieldError.of("position", "must be the position of an event")
    return int(text)
