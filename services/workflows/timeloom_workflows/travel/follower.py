"""Follows the executions of all projects on the bus, and has them recorded: late rather than never.

The replicas share one durable consumer. Whatever arrives while others are recorded waits together, and an
execution that got on several times meanwhile is recorded once. When the snapshots service is away, the bus
keeps what was not recorded; the engine never waits for any of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import nats.errors
import structlog
from google.protobuf.message import DecodeError
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from timeloom.events.v1 import events_pb2
from timeloom_platform.bus import Bus
from timeloom_platform.bus.pull import PullBrokenError
from timeloom_platform.bus.streams import EVENTS
from timeloom_platform.bus.subjects import ANY_SEGMENT, subject_filter
from timeloom_platform.database import map_database_error
from timeloom_platform.errors import OverloadedError, UnavailableError
from timeloom_workflows.events import EXECUTION_TOPICS
from timeloom_workflows.travel.recorder import Recorder

CONSUMER: Final = "workflows-time-travel"
BATCH: Final = 256
"""Messages that are settled together."""

CONCURRENCY: Final = 4
"""Executions that are recorded at once."""

LOOK_SECONDS: Final = 0.001
LAG_SECONDS: Final = 0.01
COURTESY: Final = 4
COURTESY_SECONDS_MAX: Final = 1.0
"""A process that answers later than `LAG_SECONDS` is busy: recording waits so many times longer."""

COLLECT_SECONDS: Final = 0.05
"""How long is waited for more: an execution that hurries is recorded in larger steps."""

ACK_WAIT_SECONDS: Final = 120.0
REPLICAS_MAX: Final = 8
OUTAGE_RETRY_SECONDS: Final = 1.0
DELIVERIES_MAX: Final = 5
"""How often an execution that cannot be recorded is tried, if that is nobody's outage."""

Key = tuple[UUID, UUID]

logger = structlog.get_logger(__name__)


class Follower:
    """Has executions recorded when the bus tells that they got on."""

    def __init__(self, bus: Bus, recorder: Recorder) -> None:
        self._bus = bus
        self._recorder = recorder
        self._arrived: asyncio.Queue[Msg] = asyncio.Queue(BATCH)

    async def run(self) -> None:
        """Follows until cancelled, through failures of the bus, the database and the snapshots service."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pull())
            tasks.create_task(self._settle_all())

    async def _pull(self) -> None:
        while True:
            try:
                await self._bus.ensure_consumer(EVENTS, _configuration())
                async with self._bus.pull(stream=EVENTS, consumer=CONSUMER) as pull:
                    while True:
                        await self._arrived.put(await pull.next(batch=BATCH))
            except (PullBrokenError, UnavailableError) as error:
                logger.debug("time travel begins again", error=error)
                await asyncio.sleep(OUTAGE_RETRY_SECONDS)

    async def _settle_all(self) -> None:
        while True:
            messages = [await self._arrived.get()]
            await asyncio.sleep(COLLECT_SECONDS)
            while not self._arrived.empty() and len(messages) < BATCH:
                messages.append(self._arrived.get_nowait())
            await self._settle(messages)

    async def _settle(self, messages: Sequence[Msg]) -> None:
        """Records the executions that messages tell of, and acknowledges those that are done with."""
        grouped: dict[Key | None, list[Msg]] = {}
        for message in messages:
            grouped.setdefault(_key(message), []).append(message)
        slots = asyncio.Semaphore(CONCURRENCY)

        async def settle_one(key: Key | None, told: Sequence[Msg]) -> None:
            async with slots:
                await _give_way()
                if key is None or await self._is_done_with(key, told):
                    await _acknowledge(told)

        async with asyncio.TaskGroup() as tasks:
            for key, told in grouped.items():
                tasks.create_task(settle_one(key, told))

    async def _is_done_with(self, key: Key, told: Sequence[Msg]) -> bool:
        """Records an execution, waiting out the outages of others; says whether its messages may go."""
        project_id, execution_id = key
        while True:
            try:
                await self._recorder.record(project_id, execution_id)
            except Exception as error:
                # Whatever one execution's recording raises must not stop the others.
                if _is_outage(error):
                    for message in told:
                        await _still_at_it(message)
                    await asyncio.sleep(OUTAGE_RETRY_SECONDS)
                    continue
                deliveries = max(message.metadata.num_delivered for message in told)
                logger.warning(
                    "execution not recorded for time travel",
                    execution_id=str(execution_id),
                    delivery=deliveries,
                    exc_info=error,
                )
                if deliveries < DELIVERIES_MAX:
                    await _give_back(told)
                    return False
            return True


async def _give_way() -> None:
    """Leaves the process to the engine, as long as that has much to do."""
    clock = asyncio.get_running_loop().time
    began = clock()
    await asyncio.sleep(LOOK_SECONDS)
    lag = clock() - began - LOOK_SECONDS
    if lag > LAG_SECONDS:
        await asyncio.sleep(min(lag * COURTESY, COURTESY_SECONDS_MAX))


def _configuration() -> ConsumerConfig:
    return ConsumerConfig(
        name=CONSUMER,
        durable_name=CONSUMER,
        filter_subjects=[subject_filter(ANY_SEGMENT, EXECUTION_TOPICS)],
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_SECONDS,
        max_ack_pending=BATCH * REPLICAS_MAX,
        max_deliver=-1,
    )


def _key(message: Msg) -> Key | None:
    try:
        event = events_pb2.Event.FromString(message.data)
        if event.WhichOneof("payload") != "workflow_execution_changed":
            return None
        return UUID(event.project_id), UUID(event.workflow_execution_changed.execution_id)
    except (DecodeError, ValueError):
        # Nobody can read it, and it would come for ever.
        return None


async def _acknowledge(messages: Sequence[Msg]) -> None:
    for message in messages:
        try:
            await message.ack()
        except nats.errors.Error:
            # It comes again, and finds that all is recorded.
            return


async def _still_at_it(message: Msg) -> None:
    try:
        await message.in_progress()
    except nats.errors.Error:
        # Others may have it then.
        return


async def _give_back(messages: Sequence[Msg]) -> None:
    for message in messages:
        try:
            await message.nak(delay=OUTAGE_RETRY_SECONDS)
        except nats.errors.Error:
            return


def _is_outage(error: Exception) -> bool:
    told = error if isinstance(error, UnavailableError | OverloadedError) else map_database_error(error)
    return isinstance(told, UnavailableError | OverloadedError)
