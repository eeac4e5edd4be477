"""Notes which traces are to become executions, when something of them arrives."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

from timeloom_observability.ids import execution_of
from timeloom_observability.ingesting import Batch
from timeloom_observability.model import EventType
from timeloom_observability.travel import storage
from timeloom_platform.database import Connection

QUIET_SECONDS: Final = 2.0
"""For so long nothing must have come of a trace whose root is there."""


class Arrivals:
    """Takes part in the commits of telemetry, and wakes whoever makes executions of traces."""

    def __init__(self, *, quiet_seconds: float) -> None:
        self.arrived = asyncio.Event()
        self.quiet = timedelta(seconds=quiet_seconds)

    async def write(self, connection: Connection, project_id: UUID, batch: Batch) -> None:
        """Notes the traces of a batch that have an agent's work in them, and their root."""
        trace_ids = {each.trace_id for each in batch.events if each.type is EventType.SPAN}
        trace_ids.discard("")
        if trace_ids:
            executions = {each: execution_of(project_id, each) for each in trace_ids}
            await storage.mark(connection, project_id, executions, quiet=self.quiet)
            self.arrived.set()
