"""The events of topics, from the bus, as clients receive them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final, Protocol

import msgspec

from timeloom.events.v1 import events_pb2
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.transcoding.rest import StreamItem
from timeloom_gateway.transcoding.writing import Writers
from timeloom_platform.bus import subject_filter
from timeloom_platform.bus.live import Delivery
from timeloom_platform.errors import InvalidFieldError

POSITION_MAX = 2**63 - 2

_PAYLOAD: Final = "payload"


class EventSource(Protocol):
    """What the gateway needs of the bus."""

    async def last_sequence(self) -> int:
        """The position of the newest event of all; 0 if there never was one."""
        ...

    def subscribe_ordered(
        self, subject_filters: Sequence[str], *, start_sequence: int | None = None
    ) -> AsyncGenerator[Delivery]:
        """Every event of the filters in order, each once."""
        ...


class Feed:
    """Follows topics for one project at a time."""

    def __init__(self, source: EventSource, contracts: Contracts) -> None:
        self._source = source
        event = contracts.message_type("timeloom.events.v1.Event")
        self._write = Writers(contracts.pool).message(event).write
        self._names = {field.name: field.json_name for field in event.oneofs_by_name[_PAYLOAD].fields}

    async def position(self) -> int:
        """The position of the newest event: whoever follows from there misses nothing that comes."""
        return await self._source.last_sequence()

    async def follow(
        self, project_id: str, topics: Sequence[str], *, position: int
    ) -> AsyncGenerator[StreamItem]:
        """Every event of the topics after the position, as it is committed.

        Raises:
            PositionDroppedError: The position is no longer kept.
        """
        filters = [each for topic in topics for each in filters_of(project_id, topic)]
        deliveries = self._source.subscribe_ordered(filters, start_sequence=position + 1)
        async with aclosing(deliveries):
            async for delivery in deliveries:
                yield self._item(delivery)

    def _item(self, delivery: Delivery) -> StreamItem:
        event: events_pb2.Event = delivery.event
        kind = event.WhichOneof(_PAYLOAD)
        return StreamItem(
            body=msgspec.json.encode(self._write(event)),
            event=self._names[kind] if kind else "event",
            position=str(delivery.sequence),
        )


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
