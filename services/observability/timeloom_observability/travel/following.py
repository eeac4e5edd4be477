"""Makes executions of the traces that are due, one after another and for ever: late rather than never.

What is to be done is in the database, so that any replica does it, and none is needed for it. Whoever takes a
trace on has it for a while; what is not done by then is taken on again.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from timeloom_observability.pace import Pace
from timeloom_observability.travel import storage
from timeloom_observability.travel.arrivals import Arrivals
from timeloom_observability.travel.model import Projection
from timeloom_observability.travel.projector import Projector
from timeloom_platform.database import Database, map_database_error
from timeloom_platform.errors import OverloadedError, UnavailableError

CONCURRENCY: Final = 4
"""Traces that are made executions of at once; each is held in memory."""

LEASE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 30.0
"""How often is looked for what a replica has left that is gone."""

LOOKS_IN_QUIET: Final = 4
"""So often is looked at most in the time that a trace has to be quiet."""

RETRY_SECONDS: Final = 2.0
RETRY_SECONDS_MAX: Final = 60.0
ATTEMPTS_MAX: Final = 10
"""How often a trace is tried that is refused, while nobody is away; if more of it comes, it begins anew."""

logger = structlog.get_logger(__name__)


class Follower:
    """Has traces made executions of when they are due."""

    def __init__(self, *, database: Database, projector: Projector, arrivals: Arrivals, pace: Pace) -> None:
        self._database = database
        self._pace = pace
        self._projector = projector
        self._arrivals = arrivals

    async def run(self) -> None:
        """Follows until cancelled, through failures of the database and the snapshots service."""
        quiet_seconds = self._arrivals.quiet.total_seconds()
        heard = False
        while True:
            try:
                seconds = await self.follow()
            except Exception as error:
                # The database may be away: there is another time.
                logger.warning("traces not looked at for time travel", exc_info=error)
                seconds = RETRY_SECONDS
            # However much arrives, it is not looked for it all the time.
            await asyncio.sleep(quiet_seconds / LOOKS_IN_QUIET)
            # What was heard of may not have been committed by now.
            heard = await self._hears(min(seconds, quiet_seconds) if heard else seconds)

    async def follow(self) -> float:
        """Does what is due; returns for how long nothing more will be, unless something arrives."""
        while True:
            await self._pace.calm()
            async with self._database.system_transaction() as connection:
                taken = await storage.take(
                    connection, limit=CONCURRENCY, lease=timedelta(seconds=LEASE_SECONDS)
                )
                left = None if taken else await storage.wait_of(connection)
            if not taken:
                return LOOK_SECONDS if left is None else min(max(left.total_seconds(), 0.0), LOOK_SECONDS)
            async with asyncio.TaskGroup() as tasks:
                for each in taken:
                    tasks.create_task(self._project(each))

    async def _hears(self, seconds: float) -> bool:
        """Waits until something arrives, but no longer than that; returns whether something did."""
        try:
            async with asyncio.timeout(seconds):
                await self._arrivals.arrived.wait()
        except TimeoutError:
            return False
        self._arrivals.arrived.clear()
        return True

    async def _project(self, projection: Projection) -> None:
        try:
            await self._projector.project(projection)
        except Exception as error:  # noqa: BLE001
            # Whatever one trace raises must not stop the others.
            told = error if isinstance(error, UnavailableError) else map_database_error(error)
            is_outage = isinstance(told, UnavailableError | OverloadedError)
            await self._put_off(projection, error, is_outage=is_outage)

    async def _put_off(self, projection: Projection, error: Exception, *, is_outage: bool) -> None:
        seconds = min(RETRY_SECONDS * 2 ** min(projection.attempts - 1, 8), RETRY_SECONDS_MAX)
        is_given_up = not is_outage and projection.attempts >= ATTEMPTS_MAX
        logger.warning(
            "trace not recorded for time travel",
            trace_id=projection.trace_id,
            attempt=projection.attempts,
            is_given_up=is_given_up,
            exc_info=None if is_outage else error,
        )
        try:
            async with self._database.transaction(str(projection.project_id)) as connection:
                if is_given_up:
                    await storage.finish(connection, projection, None)
                else:
                    await storage.delay(connection, projection, timedelta(seconds=seconds))
        except Exception as failure:
            # It is due again when the lease is over.
            logger.warning("trace not put off for time travel", exc_info=failure)
