"""The engine with everything that keeps it running."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from timeloom_platform.bus import Bus
from timeloom_platform.database import Database
from timeloom_workflows.engine.claims import Claims
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.engine.leases import Lease
from timeloom_workflows.engine.listening import Listening
from timeloom_workflows.engine.sweeps import Sweeps
from timeloom_workflows.engine.takeover import Takeover
from timeloom_workflows.settings import EngineSettings
from timeloom_workflows.storage import claims
from timeloom_workflows.storage.system import SystemConnection


class EngineRuntime:
    """An engine, its lease, its claims and its sweeps.

    They have connections of their own, so that a lease is renewed, and what is due is found, however much is
    claimed and committed.
    """

    def __init__(self, database: Database, settings: EngineSettings, *, address: str = "") -> None:
        seconds = settings.engine_lease_seconds
        self.engine = Engine(database)
        self._connections: Sequence[SystemConnection] = [SystemConnection(database) for _ in range(3)]
        leasing, claiming, sweeping = self._connections
        self.lease = Lease(self.engine, leasing, address=address, seconds=seconds, clock=time.monotonic)
        self.takeover = Takeover(self.engine, leasing, lease_seconds=seconds)
        self.claims = Claims(self.engine, claiming)
        self.sweeps = Sweeps(self.engine, sweeping)
        self._listening = Listening(self.engine, self.lease)
        self._look_for_ends = partial(claims.select_ended, sweeping)

    async def listen(self, bus: Bus) -> None:
        """Takes hints from other replicas until it is cancelled."""
        await self._listening.run(bus)

    async def run(self) -> None:
        """Keeps the engine running until it is cancelled; then leaves what it owns to others at once."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.engine.committer.run())
                tasks.create_task(self.lease.run())
                tasks.create_task(self.takeover.run())
                tasks.create_task(self.claims.run())
                tasks.create_task(self.sweeps.run())
                tasks.create_task(self.engine.waiters.look(self._look_for_ends))
        finally:
            await self.lease.leave()
            for connection in self._connections:
                await connection.close()
