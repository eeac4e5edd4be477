"""What other replicas tell this one's engine over the bus: hints, which may come late, twice or never."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Final
from uuid import UUID

import structlog

from timeloom.events.v1 import events_pb2
from timeloom_platform.bus import Bus, subject_filter
from timeloom_platform.errors import TimeloomError
from timeloom_workflows import events
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.engine.leases import Lease
from timeloom_workflows.model import Status

LOOK_SECONDS: Final = 1.0
"""How often an engine that is alone looks whether it still is, and one that cannot listen tries again."""

logger = structlog.get_logger(__name__)


class Listening:
    """Wakes the engine by what others commit. An engine that is alone has committed everything itself."""

    def __init__(self, engine: Engine, lease: Lease) -> None:
        self._engine = engine
        self._lease = lease

    async def run(self, bus: Bus) -> None:
        """Listens, as long as there are other engines, until it is cancelled."""
        while True:
            if self._lease.living_engines > 1:
                try:
                    await self._listen(bus)
                except TimeloomError as error:
                    logger.debug("no hints from the bus", error=error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _listen(self, bus: Bus) -> None:
        everything = subject_filter("*", events.EXECUTION_TOPICS)
        async with aclosing(bus.subscribe_ordered([everything])) as deliveries:
            async for delivery in deliveries:
                if delivery.event.HasField("workflow_execution_changed"):
                    self._take(delivery.event.workflow_execution_changed)
                if self._lease.living_engines == 1:
                    return

    def _take(self, changed: events_pb2.WorkflowExecutionChanged) -> None:
        status, execution_id = Status(changed.status), UUID(changed.execution_id)
        self._engine.told_changed(execution_id)
        if status.has_ended:
            self._engine.waiters.tell(execution_id)
        elif changed.has_inbox:
            self._engine.poke(execution_id)
            self._engine.queue_grew.set()
        elif status is Status.PENDING:
            self._engine.queue_grew.set()
