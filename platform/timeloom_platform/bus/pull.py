"""Messages pulled from a JetStream consumer, with an early notice when nothing will come any more."""

import asyncio
import json
from collections.abc import Callable
from typing import Self

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import Header, StatusCode

from timeloom_platform.bus.cancellation import heed_cancellation

HEARTBEAT_SECONDS = 2.0
SILENCE_SECONDS_MAX = 5.0
RECEIVE_INTERVAL_SECONDS = 1.0
EXPIRY_SECONDS = 30.0

_NANOSECONDS = 1_000_000_000
_REQUEST_IS_OVER = frozenset({StatusCode.NO_MESSAGES, StatusCode.REQUEST_TIMEOUT})


class PullBrokenError(Exception):
    """The consumer is gone, or the connection was lost in between: messages may have been, too."""


class Pull:
    """One pull request after the other on one consumer; the server sends what was asked for and no more."""

    def __init__(
        self, client: Client, *, stream: str, consumer: str, connection_epoch: Callable[[], int]
    ) -> None:
        self._client = client
        self._request_subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._connection_epoch = connection_epoch
        self._epoch = connection_epoch()
        self._inbox = client.new_inbox()
        self._subscription: Subscription | None = None
        self._requested = 0

    async def __aenter__(self) -> Self:
        self._subscription = await self._client.subscribe(self._inbox)  # pyright: ignore[reportUnknownMemberType] - a bare Future
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            if self._subscription is not None:
                await self._subscription.unsubscribe()
        except nats.errors.Error:
            # The connection is gone, and the subscription with it.
            return

    async def next(self, *, batch: int) -> Msg:
        """Wait for the next message.

        Args:
            batch: How many to ask for when all of the last request have come.

        Raises:
            PullBrokenError: Begin again with another consumer, or another pull.
        """
        clock = asyncio.get_running_loop().time
        heard_from = clock()
        while True:
            if self._epoch != self._connection_epoch():
                raise PullBrokenError("the connection was lost in between")
            if self._requested == 0:
                await self._request(batch)
            message = await self._receive()
            heed_cancellation()
            if message is None:
                if clock() - heard_from > SILENCE_SECONDS_MAX:
                    raise PullBrokenError("the server has fallen silent")
                continue
            heard_from = clock()
            status = message.headers.get(Header.STATUS) if message.headers and not message.data else None
            if status is None:
                self._requested -= 1
                return message
            self._note(status, message)

    async def _request(self, batch: int) -> None:
        request = {
            "batch": batch,
            "expires": int(EXPIRY_SECONDS * _NANOSECONDS),
            "idle_heartbeat": int(HEARTBEAT_SECONDS * _NANOSECONDS),
        }
        try:
            await self._client.publish(self._request_subject, json.dumps(request).encode(), reply=self._inbox)
        except nats.errors.Error as error:
            raise PullBrokenError("the connection is lost") from error
        self._requested = batch

    async def _receive(self) -> Msg | None:
        assert self._subscription is not None, "a pull is used as a context manager"
        try:
            return await self._subscription.next_msg(timeout=RECEIVE_INTERVAL_SECONDS)
        except nats.errors.TimeoutError:
            return None
        except nats.errors.Error as error:
            raise PullBrokenError("the connection is lost") from error

    def _note(self, status: str, message: Msg) -> None:
        if status == StatusCode.CONTROL_MESSAGE:
            return
        if status in _REQUEST_IS_OVER:
            self._requested = 0
            return
        description = (message.headers or {}).get(Header.DESCRIPTION, "")
        raise PullBrokenError(f"the server answered {status} {description}".rstrip())
