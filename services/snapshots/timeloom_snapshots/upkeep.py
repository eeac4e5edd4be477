"""What the service does by itself, in the background: sealing, and pruning by the projects' policies."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from timeloom_snapshots.retention import Retention
from timeloom_snapshots.sealing import Sealer

SEALING_SECONDS: Final = 30.0
"""Between two looks whether there is something to seal."""

SEALING_PAUSE_SECONDS: Final = 0.5
"""Between two rounds while there is more to seal: recording goes first."""

RETENTION_SECONDS: Final = 3600.0
"""Between two rounds in which the projects' policies are applied."""

JITTER: Final = 0.1
"""Replicas that were started together must not go on working together."""

logger = structlog.get_logger(__name__)


class Upkeep:
    """Seals and prunes until it is cancelled, through failures of the database.

    Any number of replicas may run it: each execution is sealed by one at a time, and one at a time prunes.
    """

    def __init__(
        self,
        *,
        sealer: Sealer,
        retention: Retention,
        sealing_seconds: float = SEALING_SECONDS,
        retention_seconds: float = RETENTION_SECONDS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._sealer = sealer
        self._retention = retention
        self._sealing_seconds = sealing_seconds
        self._retention_seconds = retention_seconds
        self._sleep = sleep

    async def run(self) -> None:
        """Works until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._seal())
            tasks.create_task(self._prune())

    async def _seal(self) -> None:
        while True:
            await self._sleep(_around(self._sealing_seconds))
            while await self._try("not sealed", self._sealer.seal_due):
                await self._sleep(SEALING_PAUSE_SECONDS)

    async def _prune(self) -> None:
        while True:
            await self._sleep(_around(self._retention_seconds))
            await self._try("policies not applied", self._retention.apply_all)

    async def _try(self, failure: str, work: Callable[[], Awaitable[int]]) -> int:
        try:
            return await work()
        except Exception as error:
            logger.warning(failure, exc_info=error)
            return 0


def _around(seconds: float) -> float:
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
