"""What was committed, told to those who follow it live: summaries, in the transaction that commits them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from timeloom.events.v1 import events_pb2
from timeloom_observability.ingesting import Batch
from timeloom_observability.model import Event
from timeloom_observability.showing import fields_of
from timeloom_platform import outbox
from timeloom_platform.bus.subjects import TELEMETRY_TOPIC
from timeloom_platform.database import Connection
from timeloom_platform.times import timestamp

CHUNK_BYTES: Final = 256 * 1024
"""About so much goes in one message; a summary takes less than half of that."""


class Telling:
    """Tells of the events of a commit."""

    async def write(self, connection: Connection, project_id: UUID, batch: Batch) -> None:
        """Tells of the batch's events when the transaction commits."""
        if batch.events:
            facts = _facts(batch.events, batch.receive_time)
            await outbox.enqueue(connection, str(project_id), facts)


def merged(earlier: events_pb2.Event, later: events_pb2.Event) -> events_pb2.Event | None:
    """Returns one message for two, if both tell of events and are small enough."""
    if not (earlier.HasField("events_recorded") and later.HasField("events_recorded")):
        return None
    if earlier.ByteSize() + later.ByteSize() > CHUNK_BYTES:
        return None
    earlier.events_recorded.MergeFrom(later.events_recorded)
    earlier.id = later.id
    return earlier


def _facts(events: Sequence[Event], receive_time: datetime) -> Iterator[events_pb2.Event]:
    """Yields messages that tell of events, each of a bounded size."""
    received = timestamp(receive_time)
    fact, size_bytes = events_pb2.Event(topic=TELEMETRY_TOPIC), 0
    for event in events:
        size_bytes += fact.events_recorded.events.add(**fields_of(event, received)).ByteSize()
        if size_bytes >= CHUNK_BYTES:
            yield fact
            fact, size_bytes = events_pb2.Event(topic=TELEMETRY_TOPIC), 0
    if size_bytes:
        yield fact
