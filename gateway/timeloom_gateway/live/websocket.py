"""`/api/ws`: one WebSocket, many subscriptions, each resumable from the position of its last event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from timeloom_gateway.live import protocol
from timeloom_gateway.live.feed import Feed, parse_position
from timeloom_gateway.live.topics import require_topic
from timeloom_gateway.problems import Problems
from timeloom_gateway.sockets.connection import Connection, ConnectionClosed, TooSlowError
from timeloom_gateway.sockets.protocol import Authenticate
from timeloom_gateway.sockets.reception import Reception, first_of
from timeloom_gateway.transcoding.rest import StreamItem
from timeloom_platform.auth import Identity
from timeloom_platform.errors import (
    AlreadyExistsError,
    InvalidFieldError,
    NotFoundError,
    RateLimitedError,
    TimeloomError,
)
from timeloom_platform.web.messages import Receive, Request, Send


class WebSocketEndpoint:
    """Serves the WebSockets."""

    def __init__(self, *, feed: Feed, reception: Reception, problems: Problems) -> None:
        self._feed = feed
        self._reception = reception
        self._problems = problems

    async def __call__(self, request: Request, receive: Receive, send: Send) -> None:
        """Serves one connection until its client leaves, is too slow, or loses its credentials."""
        await self._reception.serve(request, receive, send, self._converse, require=_admit_all)

    async def _converse(self, connection: Connection, identity: Identity) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                await _Subscriptions(connection, self._feed, identity, self._problems, tasks).serve()
        except ExceptionGroup as group:
            raise first_of(group) from None


def _admit_all(_identity: Identity) -> None:
    """Every scope contains that of looking at the project's events."""


class _Subscriptions:
    """The subscriptions of one connection, each a task of its group."""

    def __init__(
        self,
        connection: Connection,
        feed: Feed,
        identity: Identity,
        problems: Problems,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._connection = connection
        self._feed = feed
        self._identity = identity
        self._problems = problems
        self._tasks = tasks
        self._running: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Answers messages until the connection closes."""
        while True:
            about: dict[str, str] = {}
            try:
                message = protocol.parse(await self._connection.receive())
                about = protocol.about(message)
                await self._answer(message)
            except TimeloomError as error:
                await self._connection.tell_problem(self._problems.of(error), **about)

    async def _answer(self, message: protocol.ClientMessage) -> None:
        match message:
            case protocol.Subscribe():
                await self._subscribe(message)
            case protocol.Unsubscribe():
                await self._unsubscribe(message)
            case protocol.Ping():
                await self._connection.tell("pong")
            case Authenticate():
                raise InvalidFieldError.of("type", "must not be authenticate: this connection is already")

    async def _subscribe(self, message: protocol.Subscribe) -> None:
        if message.id in self._running:
            raise AlreadyExistsError(f"There is a subscription {message.id} already.")
        if len(self._running) >= protocol.SUBSCRIPTIONS_MAX:
            raise RateLimitedError(f"A connection has at most {protocol.SUBSCRIPTIONS_MAX} subscriptions.")
        require_topic(self._identity, message.topic)
        selection = self._feed.select(self._identity.project_id, [message.topic])
        position = parse_position(message.position) if message.position else await selection.position()
        await self._connection.tell("subscribed", id=message.id, topic=message.topic, position=str(position))
        following = self._pass_on(message.id, selection.follow(position))
        self._running[message.id] = self._tasks.create_task(following)

    async def _unsubscribe(self, message: protocol.Unsubscribe) -> None:
        task = self._running.pop(message.id, None)
        if task is None:
            raise NotFoundError(f"There is no subscription {message.id}.")
        task.cancel()
        await asyncio.wait({task})
        await self._connection.tell("unsubscribed", id=message.id)

    async def _pass_on(self, subscription_id: str, items: AsyncGenerator[StreamItem]) -> None:
        try:
            async with aclosing(items):
                async for item in items:
                    await self._send_event(subscription_id, item)
        except (ConnectionClosed, TooSlowError):
            raise
        except Exception as error:  # noqa: BLE001 - the boundary of a subscription; the others go on
            self._running.pop(subscription_id, None)
            await self._connection.tell_problem(self._problems.of(error), id=subscription_id)

    async def _send_event(self, subscription_id: str, item: StreamItem) -> None:
        """Sends an event, and remembers how far the client has come."""
        await self._connection.tell(
            "event",
            id=subscription_id,
            position=item.position,
            kind=item.event,
            event=msgspec.Raw(item.body),
        )
        self._connection.resume_hint = f"resume after {item.position}"
