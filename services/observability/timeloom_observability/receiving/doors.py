"""Both doors together, for as long as the service runs."""

from __future__ import annotations

import asyncio
from typing import Final

from timeloom_observability.parts import OtlpGround
from timeloom_observability.receiving.counts import DoorCounts
from timeloom_observability.receiving.grpc_door import GrpcDoor
from timeloom_observability.receiving.http_door import HttpDoor
from timeloom_observability.receiving.intake import Intake

GRACE_SECONDS: Final = 5.0
"""How long requests that are there may take when the service leaves."""


class Doors:
    """Opens what the ground names.

    Args:
        ground: Where OpenTelemetry is taken.
        intake: Takes requests in.
        counts: Counts them.
    """

    def __init__(self, ground: OtlpGround, *, intake: Intake, counts: DoorCounts) -> None:
        self._intake = intake
        self._grpc = (
            GrpcDoor(ground.grpc_listen, intake=intake, counts=counts) if ground.grpc_listen else None
        )
        self._http = (
            HttpDoor(ground.http_listen, cors_origins=ground.cors_origins, intake=intake, counts=counts)
            if ground.http_listen
            else None
        )

    async def run(self) -> None:
        """Takes telemetry until it is cancelled.

        Raises:
            OSError: An address is taken or not ours.
        """
        try:
            if self._grpc is not None:
                await self._grpc.start()
            if self._http is not None:
                await self._http.start()
            await asyncio.get_running_loop().create_future()
        finally:
            await self.close()

    async def close(self) -> None:
        """Takes no more requests, and returns when those that are there are answered."""
        async with asyncio.TaskGroup() as tasks:
            if self._grpc is not None:
                tasks.create_task(self._grpc.stop(GRACE_SECONDS))
            if self._http is not None:
                tasks.create_task(self._http.stop())
        self._intake.close()
