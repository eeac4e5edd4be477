"""What other services have committed, as events for workflows: `timeloom/memory.changed` and the like.

An alert is an event of the names that its rule gives it.

Only those are kept that a workflow begins by or a step waits for when they come: what nobody asks for is far
more. Their ids are those of the committed events, so that one that the bus delivers twice counts once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from timeloom.events.v1 import events_pb2
from timeloom_platform.bus.subjects import subject_filter
from timeloom_platform.database import Connection, Database
from timeloom_workflows.storage import events as storage
from timeloom_workflows.storage.events import NewEvent
from timeloom_workflows.triggers.publishing import DATA_BYTES_MAX, Events

CONSUMER: Final = "workflow-triggers"
NAMES: Final[Mapping[str, str]] = {
    "execution_created": "timeloom/execution.created",
    "execution_updated": "timeloom/execution.updated",
    "execution_deleted": "timeloom/execution.deleted",
    "snapshots_recorded": "timeloom/snapshots.recorded",
    "snapshots_deleted": "timeloom/snapshots.deleted",
    "snapshot_updated": "timeloom/snapshot.updated",
    "memories_changed": "timeloom/memory.changed",
    "memory_job_updated": "timeloom/memory.job.updated",
}
"""The names of committed events. Those of workflows have none: they would begin themselves for ever."""

SUBJECTS: Final = tuple(subject_filter("*", topic) for topic in ("executions/*", "memory/>", "alerts"))


class CommittedEvents:
    """Publishes what other services have committed, where a workflow asks for it."""

    def __init__(self, *, database: Database, events: Events) -> None:
        self._database = database
        self._events = events

    async def take(self, connection: Connection, event: events_pb2.Event) -> None:
        """Keeps a committed event for workflows; it is handled when it is committed here, too."""
        project_id = UUID(event.project_id)
        wanted = [
            NewEvent(id=id_, name=name, data=_data_of(event), occur_time=event.create_time.ToDatetime())
            for id_, name in _names_of(event)
            if await storage.is_wanted(connection, project_id, name)
        ]
        for inserted in await self._events.insert(connection, project_id, wanted):
            self._events.leave(inserted)


def _names_of(event: events_pb2.Event) -> Sequence[tuple[str, str]]:
    """Returns the ids and the names that a committed event has for workflows."""
    if event.WhichOneof("payload") == "alert_changed":
        names = dict.fromkeys(event.alert_changed.event_names)
        return [(f"{event.id}/{name}", name) for name in names]
    name = NAMES.get(event.WhichOneof("payload") or "")
    return [] if name is None else [(event.id, name)]


def _data_of(event: events_pb2.Event) -> bytes | None:
    """The payload without the documents in it; nothing if it is too large."""
    payload: Message = getattr(event, event.WhichOneof("payload") or "")
    # What is zero is told, too: an expression that names it finds it.
    document: dict[str, Any] = MessageToDict(
        _without_documents(payload), always_print_fields_with_no_presence=True
    )
    # They are the names of the event itself.
    document.pop("eventNames", None)
    data = msgspec.json.encode(document)
    return data if len(data) <= DATA_BYTES_MAX else None


def _without_documents(message: Message) -> Message:
    """Returns a copy without fields of bytes: these are documents, to be read where they are."""
    copied = type(message)()
    copied.CopyFrom(message)
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_BYTES:
            copied.ClearField(field.name)
        elif field.message_type is not None and not field.is_repeated:
            getattr(copied, field.name).CopyFrom(_without_documents(value))
    return copied
