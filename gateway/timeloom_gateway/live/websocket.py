"""`/api/ws`: one WebSocket, many subscriptions, each resumable from the position of its last event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Final

import msgspec
import structlog

from timeloom_gateway.live import protocol
from timeloom_gateway.live.feed import Feed, filters_of, parse_position
from timeloom_gateway.problems import Problems
from timeloom_gateway.security.gatekeeper import Gatekeeper, is_same_origin
from timeloom_gateway.transcoding.rest import StreamItem
from timeloom_gateway.web.errors import CsrfRejectedError
from timeloom_gateway.web.messages import Receive, Request, Send
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_platform.auth import Identity
from timeloom_platform.errors import (
    AlreadyExistsError,
    InvalidFieldError,
    NotFoundError,
    RateLimitedError,
    TimeloomError,
    UnauthenticatedError,
)

AUTHENTICATION_SECONDS_MAX: Final = 10.0
SEND_SECONDS_MAX: Final = 30.0
CLOSE_SECONDS_MAX: Final = 5.0
RECHECK_SECONDS: Final = 60.0

_logger = structlog.get_logger(__name__)


class WebSocketEndpoint:
    """Serves the WebSockets."""

    def __init__(
        self,
        *,
        feed: Feed,
        gatekeeper: Gatekeeper,
        problems: Problems,
        metrics: HttpMetrics,
    ) -> None:
        self._feed = feed
        self._gatekeeper = gatekeeper
        self._problems = problems
        self._metrics = metrics

    async def __call__(self, request: Request, receive: Receive, send: Send) -> None:
        """Serves one connection until its client leaves, is too slow, or loses its credentials."""
        if (await receive())["type"] != "websocket.connect":
            return
        has_session = self._gatekeeper.has_session(request)
        if has_session and not is_same_origin(request):
            raise CsrfRejectedError("This WebSocket comes from another origin.")
        has_credentials = has_session or bool(request.header(b"authorization"))
        identity = await self._gatekeeper.admit(request) if has_credentials else None
        self._metrics.admit_live_client()
        connection = _Connection(request, receive, send, self._problems)
        try:
            await send({"type": "websocket.accept"})
            await self._converse(connection, request, identity)
        except _Closed:
            pass
        except _TooSlowError as error:
            await connection.close(protocol.CLOSE_TOO_SLOW, error.reason)
        except TimeloomError as error:
            await connection.send_problem(error)
            await connection.close(_close_code(error), error.message[:100])
        finally:
            self._metrics.live_clients -= 1

    async def _converse(self, connection: _Connection, request: Request, identity: Identity | None) -> None:
        if identity is None:
            api_key = await connection.receive_api_key()
            identity = await self._gatekeeper.admit_api_key(request, api_key)
        else:
            api_key = ""
        await connection.send("ready", projectId=identity.project_id, scope=identity.scope.name)
        subscriptions = _Subscriptions(connection, self._feed, identity.project_id)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._recheck(request, api_key))
                subscriptions.tasks = tasks
                await subscriptions.serve()
        except ExceptionGroup as group:
            # Not `except*`: early versions of Python 3.11 wrap what is raised there into a group again.
            expected, others = group.split((_Closed, _TooSlowError, TimeloomError))
            if expected is None or others is not None:
                raise
            raise expected.exceptions[0] from None

    async def _recheck(self, request: Request, api_key: str) -> None:
        """Ends the connection when its key is revoked or its session over."""
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            if api_key:
                await self._gatekeeper.admit_api_key(request, api_key)
            elif not await self._gatekeeper.is_still_admitted(request):
                raise UnauthenticatedError("The credentials are no longer good.")


class _Closed(Exception):  # noqa: N818  # not an error: the client has left
    """The connection is closed."""


class _TooSlowError(Exception):
    """The client does not take what is sent to it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Connection:
    """Sends and receives whole messages; one at a time is sent."""

    def __init__(self, request: Request, receive: Receive, send: Send, problems: Problems) -> None:
        self._request = request
        self._receive = receive
        self._send = send
        self._problems = problems
        self._sending = asyncio.Lock()
        self.last_position = ""

    async def receive(self) -> protocol.ClientMessage:
        """The client's next message."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            raise _Closed
        return protocol.parse(message.get("text") or message.get("bytes") or b"")

    async def receive_api_key(self) -> str:
        """The key of the first message, which has to be `authenticate`."""
        try:
            async with asyncio.timeout(AUTHENTICATION_SECONDS_MAX):
                message = await self.receive()
        except TimeoutError:
            raise UnauthenticatedError("No credentials came in time.") from None
        if not isinstance(message, protocol.Authenticate):
            raise UnauthenticatedError('The first message must be {"type":"authenticate","apiKey":"tl_…"}.')
        return message.api_key

    async def send(self, message_type: str, /, **members: object) -> None:
        """Sends a message, or raises _TooSlowError."""
        text = protocol.encode(message_type, **members)
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX), self._sending:
                await self._send({"type": "websocket.send", "text": text})
        except TimeoutError:
            raise _TooSlowError(f"too slow; resume after {self.last_position}") from None
        except (OSError, RuntimeError):
            # The peer has gone while the message was on its way.
            raise _Closed from None

    async def send_event(self, subscription_id: str, item: StreamItem) -> None:
        """Sends an event, and remembers how far the client has come."""
        await self.send(
            "event",
            id=subscription_id,
            position=item.position,
            kind=item.event,
            event=msgspec.Raw(item.body),
        )
        self.last_position = item.position

    async def send_problem(self, error: Exception, *, subscription_id: str = "") -> None:
        """Tells what went wrong, with a subscription or with the last message."""
        problem = msgspec.Raw(self._problems.of(error).body(self._request.id))
        with suppress(_Closed, _TooSlowError):
            if subscription_id:
                await self.send("error", id=subscription_id, problem=problem)
            else:
                await self.send("error", problem=problem)

    async def close(self, code: int, reason: str) -> None:
        """Closes the connection, if there still is one."""
        with suppress(OSError, RuntimeError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})


class _Subscriptions:
    """The subscriptions of one connection, each a task of its group."""

    tasks: asyncio.TaskGroup

    def __init__(self, connection: _Connection, feed: Feed, project_id: str) -> None:
        self._connection = connection
        self._feed = feed
        self._project_id = project_id
        self._running: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Answers messages until the connection closes."""
        while True:
            try:
                await self._answer(await self._connection.receive())
            except TimeloomError as error:
                await self._connection.send_problem(error)

    async def _answer(self, message: protocol.ClientMessage) -> None:
        match message:
            case protocol.Subscribe():
                await self._subscribe(message)
            case protocol.Unsubscribe():
                await self._unsubscribe(message)
            case protocol.Ping():
                await self._connection.send("pong")
            case protocol.Authenticate():
                raise InvalidFieldError.of("type", "must not be authenticate: this connection is already")

    async def _subscribe(self, message: protocol.Subscribe) -> None:
        if message.id in self._running:
            raise AlreadyExistsError(f"There is a subscription {message.id} already.")
        if len(self._running) >= protocol.SUBSCRIPTIONS_MAX:
            raise RateLimitedError(f"A connection has at most {protocol.SUBSCRIPTIONS_MAX} subscriptions.")
        filters_of(self._project_id, message.topic)
        position = parse_position(message.position) if message.position else await self._feed.position()
        await self._connection.send("subscribed", id=message.id, topic=message.topic, position=str(position))
        items = self._feed.follow(self._project_id, [message.topic], position=position)
        self._running[message.id] = self.tasks.create_task(self._pass_on(message.id, items))

    async def _unsubscribe(self, message: protocol.Unsubscribe) -> None:
        task = self._running.pop(message.id, None)
        if task is None:
            raise NotFoundError(f"There is no subscription {message.id}.")
        task.cancel()
        await asyncio.wait({task})
        await self._connection.send("unsubscribed", id=message.id)

    async def _pass_on(self, subscription_id: str, items: AsyncGenerator[StreamItem]) -> None:
        try:
            async with aclosing(items):
                async for item in items:
                    await self._connection.send_event(subscription_id, item)
        except (_Closed, _TooSlowError):
            raise
        except Exception as error:  # noqa: BLE001 - the boundary of a subscription; the others go on
            self._running.pop(subscription_id, None)
            await self._connection.send_problem(error, subscription_id=subscription_id)


def _close_code(error: TimeloomError) -> int:
    if error.status == "UNAUTHENTICATED":
        return protocol.CLOSE_UNAUTHENTICATED
    return protocol.CLOSE_RATE_LIMITED if isinstance(error, RateLimitedError) else protocol.CLOSE_FORBIDDEN
