"""The part that hears what our own services commit."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom.events.v1 import events_pb2
from timeloom_observability.hearing import storage
from timeloom_observability.hearing.changes import EXECUTING, change_of, is_heard
from timeloom_observability.ingesting import Batch, Ingestor
from timeloom_observability.model import Event
from timeloom_observability.parts import Part, Surroundings
from timeloom_platform.bus import Bus, subject_filter
from timeloom_platform.consumer import Consumer, PoisonEventError
from timeloom_platform.database import Connection, Database

CONSUMER: Final = "observability-changes"
TOPICS: Final = (
    "executions/*",
    "workflows/executions/*",
    "memory/>",
    "migration/*",
    "alerts",
    "scores",
)
CHANGE_BYTES: Final = 4_096
"""What a change takes while it waits to be committed, roughly."""


class Hearing:
    """Takes what is told as events.

    That an execution is as it was is told, too, where something else of it changed: this is left out. What is
    delivered twice has the same id.
    """

    def __init__(self, database: Database, ingestor: Ingestor) -> None:
        self._database = database
        self._ingestor = ingestor

    async def run(self, bus: Bus) -> None:
        """Hears until it is cancelled."""
        consumer = Consumer(
            bus,
            self._database,
            durable=CONSUMER,
            subjects=[subject_filter("*", topic) for topic in TOPICS],
            handler=self.take,
            wants=is_heard,
        )
        await consumer.run()

    async def take(self, connection: Connection, fact: events_pb2.Event) -> None:
        """Commits what a fact says, before the transaction that notes that it was handled."""
        try:
            project_id = UUID(fact.project_id)
            change = change_of(project_id, fact)
        except ValueError as error:
            raise PoisonEventError(f"it names what cannot be: {error}") from error
        if change is None or await _is_known(connection, project_id, change):
            return
        await self._ingestor.take(project_id, Batch(events=[change]), size_bytes=CHANGE_BYTES)


async def _is_known(connection: Connection, project_id: UUID, change: Event) -> bool:
    """Whether the last that was heard of an execution is the same."""
    if change.execution_id is None or change.service_name not in EXECUTING:
        return False
    last = await storage.select_last_name(connection, project_id, change.execution_id, change.service_name)
    return last == change.name


def hearing(surroundings: Surroundings, ingestor: Ingestor) -> Part:
    """Puts the part together."""
    return Part(listeners=[Hearing(surroundings.database, ingestor).run])
