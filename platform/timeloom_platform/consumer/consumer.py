"""A durable consumer.

The bus delivers each event at least once. A handler runs in a transaction that also notes the event's id in
`processed_events`: a repeated delivery finds it there and changes nothing. Events of one subject are handled
one after the other, and a failing one is tried again before its successors, so that within one process a
handler sees a topic in order; replicas share the events between them, and their handlers must not mind.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import nats.errors
import structlog
from google.protobuf.message import DecodeError
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from timeloom.events.v1 import events_pb2
from timeloom_platform import dead_letters
from timeloom_platform.bus import Bus, MessageRefusedError
from timeloom_platform.bus.pull import PullBrokenError
from timeloom_platform.bus.streams import EVENTS
from timeloom_platform.bus.subjects import widest
from timeloom_platform.consumer import ledger
from timeloom_platform.consumer.counts import ConsumerCounts
from timeloom_platform.database import Connection, Database, map_database_error
from timeloom_platform.errors import OverloadedError, UnavailableError
from timeloom_platform.telemetry import Tracing

IN_FLIGHT_MAX = 256
REPLICAS_MAX = 8
HANDLER_SECONDS_MAX = 60.0
ACK_WAIT_SECONDS = 30.0
OUTAGE_RETRY_SECONDS = 0.5
# A process that dies takes all that was in flight with it: only what was there every time is to blame.
DELIVERIES_PER_ATTEMPT_MAX = 4

# Longer than the bus keeps its events: what it can still deliver is still remembered.
LEDGER_AGE_MAX = timedelta(days=14)
LEDGER_INTERVAL_SECONDS = 3_600.0
LEDGER_BATCH = 10_000

Handler = Callable[[Connection, events_pb2.Event], Awaitable[None]]

logger = structlog.get_logger(__name__)


class PoisonEventError(Exception):
    """Raised by a handler for an event that no repetition will help; it goes to the dead letters at once."""


class Consumer:
    """Handles the events of some subjects."""

    def __init__(
        self,
        bus: Bus,
        database: Database,
        *,
        durable: str,
        subjects: Sequence[str],
        handler: Handler,
        max_deliver: int = 5,
        backoff: Sequence[float] = (0.2, 1.0, 5.0, 15.0),
        concurrency: int = 4,
        ack_wait_seconds: float = ACK_WAIT_SECONDS,
        tracing: Tracing | None = None,
        wants: Callable[[events_pb2.Event], bool] | None = None,
    ) -> None:
        """Prepare; nothing is consumed before `run`.

        Args:
            bus: Where the events come from.
            database: The room's; the handler's transactions are the event's project's.
            durable: The consumer's name on the bus and in the ledger: letters, digits, `-`.
            subjects: What `subject_filter` made.
            handler: Applies one event within the transaction that it is given.
            max_deliver: How often an event is tried before it goes to the dead letters.
            backoff: Seconds between the attempts; the last one repeats.
            concurrency: How many handlers run at once.
            ack_wait_seconds: How long after the last word from a process its events go to another.
            tracing: Where the handlers' spans go, unless it is where the bus has them go.
            wants: Which events are handled; the others cost no transaction. All are if it is None.
        """
        self.counts = ConsumerCounts(consumer=durable)
        self._bus = bus
        self._database = database
        self._durable = durable
        self._subjects = widest((*subjects, dead_letters.redrive_filter(durable)))
        self._handler = handler
        self._wants = wants
        self._max_deliver = max_deliver
        self._backoff = tuple(backoff) or (0.0,)
        self._ack_wait_seconds = ack_wait_seconds
        self._slots = asyncio.Semaphore(concurrency)
        self._tracing = tracing or bus.tracing
        self._lanes: dict[str, deque[Msg]] = {}
        self._in_flight: set[str] = set()
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def run(self) -> None:
        """Consume until cancelled, through failures of the database and of the bus."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_in_flight())
                tasks.create_task(self._forget_old())
                await self._consume(tasks)
        finally:
            await self._give_back()

    async def _consume(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            try:
                await self._bus.ensure_consumer(EVENTS, self._configuration())
                async with self._bus.pull(stream=EVENTS, consumer=self._durable) as pull:
                    while True:
                        await self._has_room.wait()
                        message = await pull.next(batch=IN_FLIGHT_MAX - len(self._in_flight))
                        self._dispatch(message, tasks)
            except (PullBrokenError, UnavailableError) as error:
                logger.debug("consumer begins again", consumer=self._durable, error=error)
                await asyncio.sleep(OUTAGE_RETRY_SECONDS)

    def _configuration(self) -> ConsumerConfig:
        return ConsumerConfig(
            name=self._durable,
            durable_name=self._durable,
            filter_subjects=self._subjects,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self._ack_wait_seconds,
            max_ack_pending=IN_FLIGHT_MAX * REPLICAS_MAX,
            # We count ourselves, and keep what we give up together with the reason.
            max_deliver=-1,
        )

    def _dispatch(self, message: Msg, tasks: asyncio.TaskGroup) -> None:
        self.counts.pending = message.metadata.num_pending
        self._in_flight.add(message.reply)
        if len(self._in_flight) >= IN_FLIGHT_MAX:
            self._has_room.clear()
        lane = self._lanes.get(message.subject)
        if lane is not None:
            lane.append(message)
            return
        self._lanes[message.subject] = deque([message])
        tasks.create_task(self._run_lane(message.subject))

    async def _run_lane(self, subject: str) -> None:
        lane = self._lanes[subject]
        while lane:
            await self._settle(lane[0])
            self._in_flight.discard(lane.popleft().reply)
            self._has_room.set()
        del self._lanes[subject]

    async def _settle(self, message: Msg) -> None:
        """Handle the event or give it up; either way it is done with afterwards."""
        delivered = message.metadata.num_delivered
        if delivered > DELIVERIES_PER_ATTEMPT_MAX * self._max_deliver:
            await self._bury(message, f"delivered {delivered} times and never settled", delivered)
            return
        attempt = min(delivered, self._max_deliver)
        while True:
            try:
                async with self._slots:
                    await self._handle(message)
            except PoisonEventError as error:
                await self._bury(message, str(error), attempt)
                return
            except Exception as error:  # noqa: BLE001 - whatever a handler raises must not stop the others
                if _is_outage(error):
                    await asyncio.sleep(OUTAGE_RETRY_SECONDS)
                    continue
                self._note_failure(message, attempt, error)
                if attempt >= self._max_deliver:
                    await self._bury(message, f"{type(error).__name__}: {error}", attempt)
                    return
                await asyncio.sleep(self._backoff[min(attempt, len(self._backoff)) - 1])
                attempt += 1
            else:
                await self._acknowledge(message)
                return

    async def _handle(self, message: Msg) -> None:
        event = _parse(message)
        if self._wants is not None and not self._wants(event):
            return
        with self._tracing.span(
            "handle event",
            kind="consumer",
            attributes={"messaging.system": "nats", "messaging.consumer.group.name": self._durable},
            traceparent=event.traceparent,
        ):
            async with (
                asyncio.timeout(HANDLER_SECONDS_MAX),
                self._database.transaction(event.project_id) as connection,
            ):
                is_new = await ledger.claim(
                    connection, event.project_id, consumer=self._durable, event_id=event.id
                )
                if is_new:
                    await self._handler(connection, event)
        self.counts.handled += is_new
        self.counts.repeated += not is_new

    def _note_failure(self, message: Msg, attempt: int, error: Exception) -> None:
        self.counts.failed += 1
        logger.warning(
            "event not handled",
            consumer=self._durable,
            subject=message.subject,
            sequence=message.metadata.sequence.stream,
            attempt=attempt,
            exc_info=error,
        )

    async def _bury(self, message: Msg, reason: str, attempts: int) -> None:
        payload = message.data
        while True:
            try:
                await dead_letters.bury(
                    self._bus,
                    consumer=self._durable,
                    subject=message.subject,
                    payload=payload,
                    reason=reason,
                    attempts=attempts,
                    source_sequence=message.metadata.sequence.stream,
                )
                break
            except UnavailableError:
                await asyncio.sleep(OUTAGE_RETRY_SECONDS)
            except MessageRefusedError:
                # With the reason added it is more than the bus takes: the reason is worth more.
                payload = b""
        self.counts.buried += 1
        logger.error(
            "event moved to the dead letters", consumer=self._durable, subject=message.subject, reason=reason
        )
        await self._acknowledge(message)

    async def _acknowledge(self, message: Msg) -> None:
        try:
            await message.ack()
        except nats.errors.Error:
            # It comes again, and the ledger recognises it.
            return

    async def _keep_in_flight(self) -> None:
        """Tell the bus in time that we are still at it, so that it gives our events to nobody else."""
        while True:
            await asyncio.sleep(self._ack_wait_seconds / 3)
            await self._tell_all(Msg.Ack.Progress)

    async def _give_back(self) -> None:
        """Let others have at once what we did not finish."""
        await self._tell_all(Msg.Ack.Nak)

    async def _tell_all(self, verdict: bytes) -> None:
        try:
            for reply in list(self._in_flight):
                await self._bus.send(reply, verdict)
        except UnavailableError:
            # Without a word from us it comes again after the ack's deadline.
            return

    async def _forget_old(self) -> None:
        while True:
            try:
                while await self._forget_some() == LEDGER_BATCH:
                    pass
            except Exception as error:  # noqa: BLE001 - old entries may wait for the next time
                logger.warning("ledger of events not trimmed", consumer=self._durable, error=error)
            await asyncio.sleep(LEDGER_INTERVAL_SECONDS)

    async def _forget_some(self) -> int:
        async with self._database.system_transaction() as connection:
            return await ledger.forget(connection, age=LEDGER_AGE_MAX, rows_max=LEDGER_BATCH)


def _parse(message: Msg) -> events_pb2.Event:
    try:
        return events_pb2.Event.FromString(message.data)
    except DecodeError as error:
        raise PoisonEventError("not an event") from error


def _is_outage(error: Exception) -> bool:
    """Whether the failure says nothing about the event: something that everybody needs is away."""
    told = error if isinstance(error, UnavailableError | OverloadedError) else map_database_error(error)
    return isinstance(told, UnavailableError | OverloadedError)
