"""What the service tells of records. What they say stays out of events: it is read where it is kept."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom.events.v1 import events_pb2

RECORD_IDS_MAX: Final = 100
"""How many records an event names; of more it says only that there are some."""


def topic_of(table: str) -> str:
    """Returns the topic that tells of a table."""
    return f"workspace/{table}"


def record_changed(table: str, record_id: UUID) -> events_pb2.Event:
    """Tells that a record was made, changed or deleted."""
    changed = events_pb2.WorkspaceRecordsChanged(table=table, record_ids=[str(record_id)])
    return events_pb2.Event(topic=topic_of(table), workspace_records_changed=changed)


def merged(earlier: events_pb2.Event, later: events_pb2.Event) -> events_pb2.Event | None:
    """Returns one event for two that tell of the same table; None for others."""
    before, after = earlier.workspace_records_changed, later.workspace_records_changed
    if not after.table or before.table != after.table:
        return None
    both = events_pb2.Event()
    both.CopyFrom(later)
    del both.workspace_records_changed.record_ids[:]
    if before.record_ids and after.record_ids:
        ids = list(dict.fromkeys([*before.record_ids, *after.record_ids]))
        if len(ids) <= RECORD_IDS_MAX:
            both.workspace_records_changed.record_ids.extend(ids)
    return both
