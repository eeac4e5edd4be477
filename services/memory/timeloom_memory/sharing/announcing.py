"""Agents are told that there is something new for them.

The announcement is a hint and holds no text: what is new, and whether the agent may still read it, it learns
by reading its subscription. It is made from the event of the change, away from whoever writes memories.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom.events.v1 import events_pb2
from timeloom.memory.v1 import memory_pb2
from timeloom_memory.sharing.access import Access
from timeloom_memory.sharing.model import Subscription
from timeloom_memory.storage import subscriptions as storage
from timeloom_platform import outbox
from timeloom_platform.database import Connection

TOPICS: Final = "memory/>"
"""The topics among which new memories are told of."""

CONSUMER: Final = "memory-announcer"


async def announce(connection: Connection, event: events_pb2.Event) -> None:
    """Tells the agents that subscribe to what an event tells of, and may read it."""
    changed = event.memories_changed
    is_new = changed.change == memory_pb2.MEMORY_CHANGE_CREATED
    if event.WhichOneof("payload") != "memories_changed" or not is_new:
        return
    project_id = UUID(event.project_id)
    waiting = await storage.select_waiting(
        connection, project_id, namespace=changed.namespace, sequence=changed.sequence
    )
    told: list[events_pb2.Event] = []
    for subscription in waiting:
        scope = await Access.of(connection, project_id, subscription.agent_id)
        if await storage.select_new(connection, project_id, subscription, scope=scope, limit=1):
            told.append(_announcement(subscription, changed.sequence))
    await outbox.enqueue(connection, event.project_id, told)


def _announcement(subscription: Subscription, sequence: int) -> events_pb2.Event:
    event = events_pb2.Event(topic=f"memory/agents/{subscription.agent_id}")
    event.memory_announced.subscription_id = str(subscription.id)
    event.memory_announced.agent_id = subscription.agent_id
    event.memory_announced.sequence = sequence
    return event
