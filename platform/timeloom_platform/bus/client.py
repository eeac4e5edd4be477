"""The connection to the bus: publish, look up, subscribe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Self, cast

import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, Header, StreamState

from timeloom.events.v1 import events_pb2
from timeloom_platform.bus.cancellation import heed_cancellation
from timeloom_platform.bus.live import Delivery, follow
from timeloom_platform.bus.pull import Pull
from timeloom_platform.bus.streams import EVENTS, ensure_streams, stream_of
from timeloom_platform.bus.subjects import subject_of
from timeloom_platform.errors import UnavailableError
from timeloom_platform.telemetry import Tracing

CONNECT_TIMEOUT_SECONDS = 5.0
RECONNECT_INTERVAL_SECONDS = 0.2
API_TIMEOUT_SECONDS = 2.0
PUBLISH_DEADLINE_SECONDS = 5.0
CLOSE_TIMEOUT_SECONDS = 2.0
PING_INTERVAL_SECONDS = 10

# Larger documents stay in PostgreSQL, and their events refer to them: NATS as it comes allows 1 MiB.
EVENT_BYTES_MAX = 960 * 1024

_MESSAGE_TOO_LARGE = 10054

logger = structlog.get_logger(__name__)


class MessageRefusedError(Exception):
    """The bus will never take this message: it is too large, or its subject is not one."""


class Bus:
    """A connection to the bus.

    Attributes:
        tracing: Records what becomes of events that come from it.
    """

    def __init__(self, *, replicas: int = 1, tracing: Tracing | None = None) -> None:
        self.tracing = tracing or Tracing.disabled()
        self._client = Client()
        self._replicas = replicas
        self._epoch = 0
        self._is_closing = False
        self.js = JetStreamContext(self._client, timeout=API_TIMEOUT_SECONDS)

    @classmethod
    async def connect(cls, url: str, *, name: str, replicas: int = 1, tracing: Tracing | None = None) -> Self:
        """Connect and make sure of the streams.

        Args:
            url: One address, or several of one cluster with commas between them.
            name: The process's, as NATS' own monitoring shows it.
            replicas: How many servers keep each message.
            tracing: Records the sampled ones of what is done with events.

        Raises:
            UnavailableError: NATS cannot be reached, or its JetStream is not ready, within the deadline.
        """
        bus = cls(replicas=replicas, tracing=tracing)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                await bus._open(url, name)
                await bus._ensure_streams_at_last()
        except (TimeoutError, OSError, nats.errors.Error) as error:
            await bus.close()
            raise UnavailableError("The event bus cannot be reached.") from error
        return bus

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection right now; if not, it is being made again."""
        return self._client.is_connected

    @property
    def connection_epoch(self) -> int:
        """How often the connection was lost: what was underway in an earlier epoch may be lost, too."""
        return self._epoch

    async def close(self) -> None:
        """Send what was acknowledged and close the connection."""
        self._is_closing = True
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                if self._client.is_connected:
                    await self._client.flush()
                await self._client.close()
        except (TimeoutError, nats.errors.Error) as error:
            logger.warning("bus not closed cleanly", error=error)

    async def ping(self) -> None:
        """Return when JetStream answers; raise UnavailableError when it does not."""
        try:
            await self.js.account_info()
        except nats.errors.Error as error:
            raise UnavailableError("The event bus cannot be reached.") from error

    async def ensure_streams(self) -> None:
        """Make the streams again if they are gone."""
        await ensure_streams(self.js, replicas=self._replicas)

    async def publish(
        self, event: events_pb2.Event, *, deadline_seconds: float = PUBLISH_DEADLINE_SECONDS
    ) -> None:
        """Publish an event and return when it is stored; a repetition within two minutes is stored once.

        For what belongs to no transaction; everything else goes through the outbox.

        Raises:
            MessageRefusedError: It is too large, or has no valid topic.
            UnavailableError: It was not acknowledged within the deadline; it may be stored all the same.
        """
        try:
            subject = subject_of(event)
        except ValueError as error:
            raise MessageRefusedError(str(error)) from error
        try:
            async with asyncio.timeout(deadline_seconds):
                while True:
                    try:
                        return await self.publish_once(
                            subject, event.SerializeToString(), message_id=event.id
                        )
                    except UnavailableError:
                        await asyncio.sleep(RECONNECT_INTERVAL_SECONDS)
        except TimeoutError as error:
            raise UnavailableError("The event bus did not take the event in time.") from error

    async def publish_once(
        self, subject: str, payload: bytes, *, message_id: str, headers: dict[str, str] | None = None
    ) -> None:
        """Try once to publish a message.

        Raises:
            MessageRefusedError: It can never be published.
            UnavailableError: It was not acknowledged; it may be stored all the same.
        """
        try:
            await self.js.publish(
                subject,
                payload,
                timeout=API_TIMEOUT_SECONDS,
                headers={**(headers or {}), Header.MSG_ID.value: message_id},
            )
        except (nats.errors.MaxPayloadError, nats.errors.BadSubjectError) as error:
            raise MessageRefusedError(str(error)) from error
        except nats.js.errors.APIError as error:
            if error.err_code == _MESSAGE_TOO_LARGE:
                raise MessageRefusedError(str(error)) from error
            raise _unacknowledged() from error
        except nats.js.errors.NoStreamResponseError as error:
            await self._restore_streams()
            raise _unacknowledged() from error
        except nats.errors.Error as error:
            raise _unacknowledged() from error

    async def last_message_id(self, subject: str) -> str | None:
        """The id of the newest message of a subject; None if there is none.

        Raises:
            UnavailableError: The bus does not answer.
        """
        try:
            message = await self.js.get_last_msg(stream_of(subject), subject, direct=True)
        except nats.js.errors.NotFoundError:
            return None
        except nats.errors.NoRespondersError as error:
            await self._restore_streams()
            raise _unacknowledged() from error
        except nats.errors.Error as error:
            raise _unacknowledged() from error
        headers = cast("dict[str, str]", message.headers or {})  # pyright: ignore[reportUnknownMemberType] - a bare Dict
        return headers.get(Header.MSG_ID.value)

    async def last_sequence(self, stream: str = EVENTS) -> int:
        """The position of the newest event of all that a stream keeps; 0 if there never was one.

        Raises:
            UnavailableError: The bus does not answer.
        """
        return (await self.stream_state(stream)).last_seq

    def subscribe_ordered(
        self, subject_filters: Sequence[str], *, start_sequence: int | None = None
    ) -> AsyncGenerator[Delivery]:
        """Every event of the filters in order, each once, through lost connections and restarts.

        Few events wait for a slow subscriber; the others stay in the stream.

        Args:
            subject_filters: What `subject_filter` made; all of one stream.
            start_sequence: The first position that is wanted; None begins with what comes from now on.

        Raises:
            PositionDroppedError: The next event that is wanted may have been dropped.
            UnavailableError: The bus does not answer when the subscription begins; later on it waits.
        """
        return follow(self, subject_filters, start_sequence)

    async def ensure_consumer(self, stream: str, config: ConsumerConfig) -> None:
        """Make a consumer, or bring its settings up to date.

        Raises:
            ValueError: Its settings are not valid, such as filters that overlap.
            UnavailableError: The bus does not answer, or has just had to make its streams again.
        """
        try:
            await self.js.add_consumer(stream, config)  # pyright: ignore[reportUnknownMemberType] - untyped extras
        except nats.js.errors.BadRequestError as error:
            raise ValueError(f"no valid consumer: {error.description}") from error
        except nats.js.errors.NotFoundError as error:
            await self._restore_streams()
            raise _unacknowledged() from error
        except nats.errors.Error as error:
            raise _unacknowledged() from error
        heed_cancellation()

    async def send(self, subject: str, payload: bytes) -> None:
        """Send a message that nobody stores, such as an acknowledgement.

        Raises:
            UnavailableError: There is no connection.
        """
        try:
            await self._client.publish(subject, payload)
        except nats.errors.Error as error:
            raise _unacknowledged() from error

    def pull(self, *, stream: str, consumer: str) -> Pull:
        """A pull on one consumer."""
        return Pull(
            self._client, stream=stream, consumer=consumer, connection_epoch=lambda: self.connection_epoch
        )

    async def stream_state(self, stream: str = EVENTS) -> StreamState:
        """The first and last positions of the events that are kept, and how many there are.

        Raises:
            UnavailableError: The bus does not answer.
        """
        try:
            state = (await self.js.stream_info(stream)).state
        except nats.js.errors.NotFoundError as error:
            await self._restore_streams()
            raise _unacknowledged() from error
        except nats.errors.Error as error:
            raise _unacknowledged() from error
        heed_cancellation()
        return state

    async def _open(self, url: str, name: str) -> None:
        await self._client.connect(
            url.split(","),
            name=name,
            connect_timeout=int(API_TIMEOUT_SECONDS),
            max_reconnect_attempts=-1,
            # The annotation asks for whole seconds; the client only adds it to a time.
            reconnect_time_wait=RECONNECT_INTERVAL_SECONDS,  # type: ignore[arg-type]
            ping_interval=PING_INTERVAL_SECONDS,
            # Without a connection a publication fails at once: its sender knows better when to try again.
            pending_size=0,
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnect,
            reconnected_cb=self._on_reconnect,
        )

    async def _ensure_streams_at_last(self) -> None:
        """Make the streams; a server that has only just started may refuse for a moment."""
        while True:
            try:
                return await self.ensure_streams()
            except (nats.js.errors.ServiceUnavailableError, nats.errors.TimeoutError):
                await asyncio.sleep(RECONNECT_INTERVAL_SECONDS)

    async def _restore_streams(self) -> None:
        """Make the streams again if that is possible right now; whoever needed them tries again anyway."""
        try:
            await self.ensure_streams()
        except nats.errors.Error as error:
            logger.warning("streams not made", error=error)

    async def _on_error(self, error: Exception) -> None:
        logger.debug("bus error", error=error)

    async def _on_disconnect(self) -> None:
        self._epoch += 1
        if not self._is_closing:
            logger.warning("bus connection lost")

    async def _on_reconnect(self) -> None:
        logger.info("bus connection made again")


def _unacknowledged() -> UnavailableError:
    return UnavailableError("The event bus did not answer.")
