"""Events on their way into the outbox."""

from __future__ import annotations

from collections.abc import Iterable

from timeloom.events.v1 import events_pb2
from timeloom_platform.bus import EVENT_BYTES_MAX, subject_of
from timeloom_platform.database import Connection
from timeloom_platform.ids import stamp_now, uuid7
from timeloom_platform.outbox import table
from timeloom_platform.telemetry import current_traceparent


async def enqueue(connection: Connection, project_id: str, events: Iterable[events_pb2.Event]) -> None:
    """Tell these events when, and only if, the connection's transaction commits.

    Events of one topic are published in the order in which they were enqueued. So that two transactions
    cannot overtake each other, enqueue after having locked the row of what changed.

    Args:
        connection: A connection within the transaction of the change.
        project_id: The transaction's project.
        events: Topic and payload; `id`, `create_time` and `traceparent` are filled in where they are missing.

    Raises:
        ValueError: An event has no valid topic, or is larger than the bus takes: a defect of the caller, who
            must leave documents out of events.
    """
    batch = batch_of(project_id, events)
    if batch:
        await table.insert(connection, project_id, batch)


def batch_of(project_id: str, events: Iterable[events_pb2.Event]) -> bytes:
    """Return the row that tells these events, for a statement that inserts it together with the change.

    Such a statement selects `CALL_RELAY`, too. Empty if there are no events.

    Raises:
        ValueError: As `enqueue` does.
    """
    batch = events_pb2.OutboxBatch(events=events)
    for event in batch.events:
        _complete(event, project_id)
        subject_of(event)
        if event.ByteSize() > EVENT_BYTES_MAX:
            raise ValueError(f"an event of {event.topic} has more than {EVENT_BYTES_MAX} bytes")
    return batch.SerializeToString()


def _complete(event: events_pb2.Event, project_id: str) -> None:
    event.project_id = project_id
    event.id = event.id or str(uuid7())
    event.traceparent = event.traceparent or current_traceparent()
    if not event.HasField("create_time"):
        stamp_now(event.create_time)
