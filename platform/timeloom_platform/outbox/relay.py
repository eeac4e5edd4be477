"""Publishes what the outbox holds: everything that was committed, once, and each topic's events in order.

One relay of a room works at a time, under a lock that ends with its transaction; other replicas' relays wait.
A row is deleted in the transaction in which the bus acknowledged it. When that transaction fails, or the
relay is killed, the row is published again under the same message id: the bus drops it if that was less than
two minutes ago, and after any doubt the relay first asks it which event of a topic is the last one stored.

Within a topic an event is sent only when the one before it has been acknowledged; topics go side by side.

What was committed while nothing waited is published at once. Under load a round begins every `PACE_SECONDS`:
it costs as much for one row as for many, and events of one topic that can be merged travel as one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from timeloom_platform.bus import Bus
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import UnavailableError
from timeloom_platform.outbox import table
from timeloom_platform.outbox.counts import OutboxCounts
from timeloom_platform.outbox.publication import Merge, Publication, never_merge

PACE_SECONDS = 0.1
ROWS_MAX = 256
BYTES_MAX = 8 * 1024 * 1024
PUBLISH_SECONDS_MAX = 10.0

# After work, look again soon: a writer that saw rows waiting has not called us.
LINGER_SECONDS = 1.0
LINGER_INTERVAL_SECONDS = 0.05
POLL_INTERVAL_SECONDS = 1.0

RETRY_SECONDS_MIN = 0.1
RETRY_SECONDS_MAX = 1.0
LISTEN_RETRY_SECONDS = 0.5
CLOSE_TIMEOUT_SECONDS = 2.0

MEASURE_INTERVAL_SECONDS = 5.0
DEPTH_MAX = 100_000

logger = structlog.get_logger(__name__)


class OutboxRelay:
    """The relay of one room's outbox; `merge` knows which of the room's events can be told as one."""

    def __init__(self, database: Database, bus: Bus, *, merge: Merge = never_merge) -> None:
        self.counts = OutboxCounts(room=database.room)
        self._database = database
        self._bus = bus
        self._merge = merge
        self._wake = asyncio.Event()
        self._is_in_doubt = True
        self._is_failing = False
        self._measured_at = float("-inf")

    async def run(self) -> None:
        """Relay until cancelled, through failures of the database and of the bus."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._relay())

    async def relay_once(self) -> int:
        """Publish the oldest rows and return how many are settled; 0 also while another relay works.

        Raises:
            UnavailableError: The bus did not take all of them; those that it took are settled.
        """
        async with self._database.system_transaction() as connection:
            if not await table.try_lock(connection):
                self._is_in_doubt = True
                return 0
            # In doubt, all rows of the last round must be seen again, also behind older ones that came since.
            factor = 2 if self._is_in_doubt else 1
            rows = await table.select_oldest(
                connection, rows_max=factor * ROWS_MAX, bytes_max=factor * BYTES_MAX
            )
            await self._measure(connection, rows)
            if not rows:
                return 0
            publication = await self._publish(rows)
            await table.delete(connection, publication.published)
            if publication.refused:
                await table.bury(connection, publication.refused)
        self._note(publication)
        if not publication.is_complete:
            raise UnavailableError("The event bus did not take all events.")
        self._is_in_doubt = False
        return len(rows)

    async def _publish(self, rows: Sequence[table.OutboxRow]) -> Publication:
        publication = Publication(self._bus, rows, deadline_seconds=PUBLISH_SECONDS_MAX, merge=self._merge)
        if self._bus.is_connected:
            await publication.run(is_in_doubt=self._is_in_doubt)
        return publication

    def _note(self, publication: Publication) -> None:
        self.counts.published += publication.events_published
        self.counts.refused += len(publication.refused)
        for position, reason in publication.refused.items():
            logger.error(
                "outbox row moved to the dead letters",
                room=self._database.room,
                position=position,
                reason=reason,
            )

    async def _measure(self, connection: Connection, rows: Sequence[table.OutboxRow]) -> None:
        self.counts.lag_seconds = rows[0].age_seconds if rows else 0.0
        now = asyncio.get_running_loop().time()
        if now - self._measured_at >= MEASURE_INTERVAL_SECONDS:
            self._measured_at = now
            self.counts.depth = await table.count(connection, rows_max=DEPTH_MAX)

    async def _relay(self) -> None:
        clock = asyncio.get_running_loop().time
        retry_seconds = RETRY_SECONDS_MIN
        worked_at = clock()
        while True:
            self._wake.clear()
            try:
                settled = await self.relay_once()
            except Exception as error:  # noqa: BLE001 - the relay outlives whatever happens to its servers
                self._is_in_doubt = True
                self._log_failure(error)
                await asyncio.sleep(retry_seconds)
                retry_seconds = min(2 * retry_seconds, RETRY_SECONDS_MAX)
                continue
            self._log_recovery()
            retry_seconds = RETRY_SECONDS_MIN
            if settled:
                worked_at = clock()
                if settled < ROWS_MAX:
                    await asyncio.sleep(PACE_SECONDS)
            else:
                is_lingering = clock() - worked_at < LINGER_SECONDS
                await self._wait(LINGER_INTERVAL_SECONDS if is_lingering else POLL_INTERVAL_SECONDS)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _listen(self) -> None:
        """Wake up when the outbox calls; without a connection the relay still looks by itself."""
        while True:
            try:
                await self._listen_once()
            except Exception as error:  # noqa: BLE001 - as above
                logger.debug("outbox is not listened to", room=self._database.room, error=error)
            await asyncio.sleep(LISTEN_RETRY_SECONDS)

    async def _listen_once(self) -> None:
        connection = await self._database.open_connection()
        is_lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: is_lost.set())
            await connection.add_listener(table.channel_of(self._database.room), self._on_call)
            self._wake.set()
            await is_lost.wait()
        finally:
            await connection.close(timeout=CLOSE_TIMEOUT_SECONDS)

    def _on_call(self, _connection: Connection, _pid: int, _channel: str, _payload: object) -> None:
        self._wake.set()

    def _log_failure(self, error: Exception) -> None:
        if not self._is_failing:
            logger.warning("outbox is not relayed", room=self._database.room, exc_info=error)
        self._is_failing = True

    def _log_recovery(self) -> None:
        if self._is_failing:
            logger.info("outbox is relayed again", room=self._database.room)
        self._is_failing = False
