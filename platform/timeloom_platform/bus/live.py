"""Following the stream live: every event in order, each once, from any position that is still kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import structlog
from google.protobuf.message import DecodeError
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamState

from timeloom.events.v1 import events_pb2
from timeloom_platform.bus.pull import PullBrokenError
from timeloom_platform.bus.streams import stream_of
from timeloom_platform.bus.subjects import disjoint, matches
from timeloom_platform.errors import TimeloomError, UnavailableError

if TYPE_CHECKING:  # the bus offers this as its method
    from timeloom_platform.bus.client import Bus

BATCH = 64
RETRY_SECONDS = 0.2
INACTIVE_SECONDS_MAX = 30.0

logger = structlog.get_logger(__name__)


class PositionDroppedError(TimeloomError):
    """The position to resume from is no longer kept: read the resource anew, then follow it from there."""

    status = "OUT_OF_RANGE"
    reason = "POSITION_DROPPED"


class Delivery(NamedTuple):
    """An event and its position in the stream, from which a subscriber resumes with `sequence + 1`."""

    sequence: int
    event: events_pb2.Event


async def follow(
    bus: Bus, subject_filters: Sequence[str], start_sequence: int | None
) -> AsyncGenerator[Delivery]:
    """Do what `Bus.subscribe_ordered` promises.

    The consumer lives in the server's memory and is not acknowledged. Whenever something may have been lost,
    a new one begins after the last event that arrived here.
    """
    (stream,) = {stream_of(each) for each in subject_filters}
    filters = disjoint(subject_filters)
    position = await bus.last_sequence(stream) + 1 if start_sequence is None else max(start_sequence, 1)
    require_kept(await bus.stream_state(stream), position)
    while True:
        try:
            require_kept(await bus.stream_state(stream), position)
            consumer = await _create_consumer(bus, stream, filters, position)
            async with aclosing(_pull(bus, stream, consumer)) as deliveries:
                async for subject, delivery in deliveries:
                    if any(matches(each, subject) for each in subject_filters):
                        yield delivery
                    position = delivery.sequence + 1
        except (PullBrokenError, UnavailableError) as error:
            logger.debug("live subscription begins again", position=position, error=error)
            await asyncio.sleep(RETRY_SECONDS)


def require_kept(state: StreamState, position: int) -> None:
    """Does nothing if a subscription may begin with this position.

    Raises:
        PositionDroppedError: What it begins with is no longer kept, or never was.
    """
    if not state.first_seq <= position <= state.last_seq + 1:
        raise PositionDroppedError(
            "The position to resume from is no longer kept.",
            metadata={"firstSequence": str(state.first_seq), "lastSequence": str(state.last_seq)},
        )


async def _create_consumer(bus: Bus, stream: str, filters: Sequence[str], position: int) -> str:
    name = f"live-{uuid4().hex}"
    config = ConsumerConfig(
        name=name,
        filter_subjects=list(filters),
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=position,
        ack_policy=AckPolicy.NONE,
        mem_storage=True,
        num_replicas=1,
        inactive_threshold=INACTIVE_SECONDS_MAX,
    )
    await bus.ensure_consumer(stream, config)
    return name


async def _pull(bus: Bus, stream: str, consumer: str) -> AsyncGenerator[tuple[str, Delivery]]:
    expected = 1
    async with bus.pull(stream=stream, consumer=consumer) as pull:
        while True:
            message = await pull.next(batch=BATCH)
            sequence = message.metadata.sequence
            if sequence.consumer != expected:
                raise PullBrokenError("an event was lost on its way")
            expected += 1
            event = _parse(message)
            if event is not None:
                yield message.subject, Delivery(sequence.stream, event)


def _parse(message: Msg) -> events_pb2.Event | None:
    try:
        return events_pb2.Event.FromString(message.data)
    except DecodeError:
        # Somebody else publishes to our subjects; live clients have no use for it.
        logger.warning("event does not parse", subject=message.subject)
        return None
