"""What the service tells the others. Texts and vectors are read where they are kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from timeloom.events.v1 import events_pb2
from timeloom.memory.v1 import memory_pb2
from timeloom_memory import limits
from timeloom_memory.model import Change, Memory


def memories_changed(memories: Iterable[Memory], change: Change) -> list[events_pb2.Event]:
    """Tells that memories were created or changed, for each of their namespaces."""
    changed: dict[str, list[Memory]] = defaultdict(list)
    for memory in memories:
        changed[memory.namespace].append(memory)
    return [
        namespace_changed(
            namespace,
            sequence=max(memory.sequence for memory in some),
            memory_ids=[memory.id for memory in some],
            change=change,
        )
        for namespace, some in changed.items()
    ]


def namespace_changed(
    namespace: str, *, sequence: int, memory_ids: list[UUID], change: Change
) -> events_pb2.Event:
    """Tells that something changed in a namespace, and to which memories unless they are too many."""
    event = events_pb2.Event(topic=f"memory/{namespace}")
    event.memories_changed.namespace = namespace
    event.memories_changed.sequence = sequence
    event.memories_changed.change = memory_pb2.MemoryChange.ValueType(change)
    if len(memory_ids) <= limits.NAMED_MEMORIES_MAX:
        event.memories_changed.memory_ids.extend(map(str, memory_ids))
    return event
