"""Alerts are delivered to webhooks, at least once.

A delivery is taken by moving on when it is due, and counted before it is made. Whoever dies with it is
followed by somebody else when the lease is over.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from timeloom_observability.alerts import limits
from timeloom_observability.alerts.sealing import opened
from timeloom_observability.alerts.storage import deliveries as storage
from timeloom_observability.alerts.storage.deliveries import DueDelivery
from timeloom_observability.alerts.waiting import due_again
from timeloom_observability.alerts.webhooks import Failure, Webhooks
from timeloom_platform.database import Database
from timeloom_platform.errors import DataLossError, UnavailableError
from timeloom_platform.sealing import MasterKeys

DELIVERIES_AT_ONCE: Final = 8
DELIVERIES_AT_ONCE_PER_PROJECT: Final = 3
"""So that webhooks which do not answer keep no other project waiting."""

logger = structlog.get_logger(__name__)


class Deliveries:
    """Delivers what is due."""

    def __init__(self, database: Database, *, webhooks: Webhooks, master_keys: MasterKeys) -> None:
        self._database = database
        self._webhooks = webhooks
        self._master_keys = master_keys
        self._under_way: Counter[UUID] = Counter()
        self._changed = asyncio.Event()

    def told(self) -> None:
        """Looks at once: there is something to deliver."""
        self._changed.set()

    async def run(self) -> None:
        """Delivers until it is cancelled, through failures of the database."""
        room = asyncio.Semaphore(DELIVERIES_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    await room.acquire()
                    due = await due_again(self._take, self._changed)
                    self._under_way[due.project_id] += 1
                    task = tasks.create_task(self._deliver(due))
                    task.add_done_callback(lambda _: room.release())
        finally:
            await self._webhooks.close()

    async def _take(self) -> tuple[DueDelivery | None, float | None]:
        busy = [
            project_id
            for project_id, count in self._under_way.items()
            if count >= DELIVERIES_AT_ONCE_PER_PROJECT
        ]
        async with self._database.system_transaction() as connection:
            for due in await storage.take_due(connection, lease=limits.DELIVERY_LEASE, busy=busy, limit=1):
                return due, None
            return None, await storage.seconds_until_due(connection)

    async def _deliver(self, due: DueDelivery) -> None:
        try:
            await self._attempt(due)
        except Exception as error:
            # The boundary of one delivery. Whatever it is, it is due again when its lease is over.
            logger.warning("alert not delivered", delivery_id=str(due.delivery.id), exc_info=error)
        finally:
            self._under_way -= Counter([due.project_id])
            self._changed.set()

    async def _attempt(self, due: DueDelivery) -> None:
        failure = await self._call(due)
        again_after = None if failure is None else _again_after(due, failure)
        error = "" if failure is None else failure.reason[: limits.DELIVERY_ERROR_LENGTH_MAX]
        async with self._database.transaction(str(due.project_id)) as connection:
            await storage.ended(connection, due, error=error, again_after=again_after)
        if failure is not None and again_after is None:
            logger.info("delivery given up", delivery_id=str(due.delivery.id), reason=error)

    async def _call(self, due: DueDelivery) -> Failure | None:
        delivery = due.delivery
        assert delivery.url is not None, "an event is never due"
        if delivery.attempt_count > limits.DELIVERY_ATTEMPTS_MAX:
            return Failure(reason="Whoever delivered it last did not come to an end of it", is_final=True)
        try:
            async with self._database.transaction(str(due.project_id)) as connection:
                secret = await opened(
                    connection,
                    due.project_id,
                    delivery.rule_id,
                    delivery.sealed_secret,
                    master_keys=self._master_keys,
                )
        except DataLossError as error:
            return Failure(reason=error.message, is_final=True)
        except UnavailableError as error:
            return Failure(reason=error.message)
        return await self._webhooks.call(
            delivery.url, delivery.body.encode(), secret=secret, delivery_id=str(delivery.id)
        )


def _again_after(due: DueDelivery, failure: Failure) -> timedelta | None:
    """Returns when to try again; None if not."""
    delivery = due.delivery
    if (
        failure.is_final
        or delivery.attempt_count >= limits.DELIVERY_ATTEMPTS_MAX
        or due.now - delivery.create_time >= limits.DELIVERY_LIFE
    ):
        return None
    wait = max(limits.delivery_wait_seconds(delivery.attempt_count), failure.retry_after_seconds)
    return timedelta(seconds=min(wait, limits.DELIVERY_WAIT_SECONDS_MAX))
