"""What begins workflows and holds them back, put together from its parts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from timeloom_platform.bus import Bus
from timeloom_platform.consumer import Consumer
from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_workflows.control.changing import Changing
from timeloom_workflows.control.controls import Controls
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.flow.admission import FlowAdmission
from timeloom_workflows.flow.sweeping import FlowSweeps
from timeloom_workflows.starting.versions import Versions
from timeloom_workflows.triggers.beginning import Beginnings
from timeloom_workflows.triggers.committed import CONSUMER, SUBJECTS, CommittedEvents
from timeloom_workflows.triggers.firing import Schedules
from timeloom_workflows.triggers.listing import Listing
from timeloom_workflows.triggers.publishing import Events
from timeloom_workflows.triggers.signatures import WebhookSecrets
from timeloom_workflows.triggers.waking import Waking
from timeloom_workflows.triggers.webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggering:
    """Events, schedules, webhooks, and the flow of what they begin."""

    events: Events
    waking: Waking
    webhooks: Webhooks
    listing: Listing
    schedules: Schedules
    flow: FlowSweeps
    committed: CommittedEvents
    database: Database

    @classmethod
    def assembled(
        cls,
        *,
        database: Database,
        cursors: Cursors,
        clock: Callable[[], datetime],
        engine: Engine,
        versions: Versions,
        admission: FlowAdmission,
        controls: Controls,
        secrets: WebhookSecrets,
    ) -> Self:
        """Puts it together."""
        beginnings = Beginnings(engine=engine, versions=versions, database=database, admission=admission)
        waking = Waking(database=database, changing=Changing(database=database, engine=engine))
        events = Events(database=database, cursors=cursors, beginnings=beginnings, waking=waking)
        return cls(
            events=events,
            waking=waking,
            webhooks=Webhooks(database=database, beginnings=beginnings, secrets=secrets, clock=clock),
            listing=Listing(database=database, cursors=cursors),
            schedules=Schedules(database=database, beginnings=beginnings),
            flow=FlowSweeps(engine=engine, database=database, controls=controls, collected=beginnings),
            committed=CommittedEvents(database=database, events=events),
            database=database,
        )

    async def run(self) -> None:
        """Fires schedules, hands out slots, and does what was left to be done, until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.schedules.run())
            tasks.create_task(self.flow.run())
            tasks.create_task(self.events.run())

    async def listen(self, bus: Bus) -> None:
        """Takes what other services have committed, until it is cancelled."""
        consumer = Consumer(
            bus, self.database, durable=CONSUMER, subjects=SUBJECTS, handler=self.committed.take
        )
        await consumer.run()
