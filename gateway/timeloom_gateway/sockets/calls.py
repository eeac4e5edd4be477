"""Calls that stream both ways: each message of the client is a request, each response a message.

A client that closes its connection cleanly has ended its stream of requests: the service may finish what it
began. When the service ends the call, the connection is closed as done.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

import grpc.aio

from timeloom.final_status import CALL_OVER, FinalStatus
from timeloom_gateway.security.gatekeeper import require_scope
from timeloom_gateway.sockets.connection import Connection, ConnectionClosed
from timeloom_gateway.sockets.reception import Reception
from timeloom_gateway.transcoding.rest import Route
from timeloom_gateway.web.operations import Found
from timeloom_platform.errors import MalformedJsonError, OverloadedError
from timeloom_platform.web.messages import Receive, Request, Send

TAKE_SECONDS_MAX: Final = 15.0
"""How long a service may leave a request waiting. While one waits, none is read from the client."""
FINISH_SECONDS_MAX: Final = 5.0
"""How long a service may go on after its client has ended."""


class CallSockets:
    """Serves the routes whose methods stream both ways."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    async def serve(self, found: Found, request: Request, receive: Receive, send: Send) -> None:
        """Serves one connection.

        Args:
            found: What the path led to; the first request takes up the texts of the path's variables.
            request: The handshake.
            receive: Brings the client's messages.
            send: Takes the gateway's.

        Raises:
            InvalidFieldError: Path or query are wrong, so that no request could be right.
        """
        route, values = found.target.route, found.values
        route.request.read(values=values, query=request.query, body=b"")
        contract = route.method.contract
        await self._reception.serve(
            request,
            receive,
            send,
            lambda connection, _: _converse(route, found.target.call(), values, connection),
            require=lambda identity: require_scope(identity, contract.scope, contract.name),
        )


async def _converse(route: Route, call: Any, values: tuple[str, ...], connection: Connection) -> None:
    requests = asyncio.create_task(_pass_requests(route, call, values, connection))
    responses = asyncio.create_task(_pass_responses(route, call, FinalStatus(call), connection))
    try:
        await asyncio.wait({requests, responses}, return_when=asyncio.FIRST_COMPLETED)
        # A request that could not be written in time has cancelled the call: then it is the one to tell why.
        if requests.done() or responses.cancelled():
            await requests
            await asyncio.wait({responses}, timeout=FINISH_SECONDS_MAX)
        if responses.done():
            responses.result()
    finally:
        call.cancel()
        for task in (requests, responses):
            task.cancel()
        await asyncio.wait({requests, responses})


async def _pass_requests(route: Route, call: Any, values: tuple[str, ...], connection: Connection) -> None:
    """Passes on what the client sends, until it has closed its connection or the call has ended."""
    reader = route.request
    is_first = True
    try:
        while True:
            data = _bytes(await connection.receive())
            message = reader.read(values=values, query="", body=data) if is_first else reader.read_more(data)
            is_first = False
            await _write(call, message.SerializeToString())
    except ConnectionClosed as closed:
        if not closed.is_clean:
            raise
    except _CallOverError:
        return
    with suppress(*CALL_OVER):
        await call.done_writing()


async def _pass_responses(route: Route, call: Any, status: FinalStatus, connection: Connection) -> None:
    try:
        async for data in call:
            # Whether a call goes on whose client has closed, is for the requests' side to say.
            with suppress(ConnectionClosed):
                await connection.send(route.response.write_item(data).body.decode())
    except grpc.aio.AioRpcError as error:
        failure = await status.of(error)
        if failure is not None:
            raise failure from None


async def _write(call: Any, request: bytes) -> None:
    try:
        async with asyncio.timeout(TAKE_SECONDS_MAX):
            await call.write(request)
    except TimeoutError:
        raise OverloadedError("The service does not take what is sent to it.") from None
    except CALL_OVER:
        raise _CallOverError from None


def _bytes(message: str | bytes) -> bytes:
    if not message:
        raise MalformedJsonError("The message is empty.")
    return message.encode() if isinstance(message, str) else message


class _CallOverError(Exception):
    """The call has ended; its responses tell how."""
