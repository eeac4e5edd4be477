"""The way into every WebSocket: the handshake, credentials, and what becomes of errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from timeloom_gateway.problems import Problems
from timeloom_gateway.security.gatekeeper import Gatekeeper, is_same_origin
from timeloom_gateway.sockets import protocol
from timeloom_gateway.sockets.connection import Connection, ConnectionClosed, TooSlowError
from timeloom_gateway.web.edge import log_problem
from timeloom_gateway.web.errors import CsrfRejectedError
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_platform.auth import Identity
from timeloom_platform.errors import UnauthenticatedError
from timeloom_platform.web.messages import Receive, Request, Send

AUTHENTICATION_SECONDS_MAX: Final = 10.0
RECHECK_SECONDS: Final = 60.0

Converse = Callable[[Connection, Identity], Awaitable[None]]


class Reception:
    """Opens WebSockets, and closes them with what their conversation ends in."""

    def __init__(self, *, gatekeeper: Gatekeeper, problems: Problems, metrics: HttpMetrics) -> None:
        self._gatekeeper = gatekeeper
        self._problems = problems
        self._metrics = metrics

    async def serve(
        self,
        request: Request,
        receive: Receive,
        send: Send,
        converse: Converse,
        *,
        require: Callable[[Identity], None],
    ) -> None:
        """Serves one connection until its client leaves, is too slow, or loses its credentials.

        Args:
            request: The handshake.
            receive: Brings the client's messages.
            send: Takes the gateway's.
            converse: What the connection is for. When it returns, the connection is closed as done.
            require: Refuses who may not have such a conversation, by raising.
        """
        if (await receive())["type"] != "websocket.connect":
            return
        identity = await self._admit_handshake(request)
        if identity is not None:
            require(identity)
        self._metrics.admit_live_client()
        connection = Connection(request, receive, send)
        try:
            await send({"type": "websocket.accept"})
            await self._hold(connection, request, identity, converse, require)
            await connection.close(protocol.CLOSE_DONE)
        except ConnectionClosed:
            pass
        except TooSlowError as error:
            await connection.close(protocol.CLOSE_TOO_SLOW, error.reason)
        except Exception as error:  # noqa: BLE001 - the boundary of a connection: any error becomes a problem
            await self._fail(connection, request, error)
        finally:
            self._metrics.live_clients -= 1

    async def _admit_handshake(self, request: Request) -> Identity | None:
        """Who the handshake shows to be there; None if the first message has to."""
        has_session = self._gatekeeper.has_session(request)
        if has_session and not is_same_origin(request):
            raise CsrfRejectedError("This WebSocket comes from another origin.")
        has_credentials = has_session or bool(request.header(b"authorization"))
        return await self._gatekeeper.admit(request) if has_credentials else None

    async def _hold(
        self,
        connection: Connection,
        request: Request,
        identity: Identity | None,
        converse: Converse,
        require: Callable[[Identity], None],
    ) -> None:
        api_key = ""
        if identity is None:
            api_key = await _receive_api_key(connection)
            identity = await self._gatekeeper.admit_with(request, api_key)
            require(identity)
        await connection.tell("ready", projectId=identity.project_id, scope=identity.scope.name)
        try:
            async with asyncio.TaskGroup() as tasks:
                recheck = tasks.create_task(self._recheck(request, api_key))
                await converse(connection, identity)
                recheck.cancel()
        except ExceptionGroup as group:
            # Not `except*`: early versions of Python 3.11 wrap what is raised there into a group again.
            expected, others = group.split((ConnectionClosed, TooSlowError))
            raise first_of(others or expected or group) from None

    async def _recheck(self, request: Request, api_key: str) -> None:
        """Ends the connection when its key is revoked or its session over."""
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            if not await self._gatekeeper.is_still_admitted(request, api_key):
                raise UnauthenticatedError("The credentials are no longer good.")

    async def _fail(self, connection: Connection, request: Request, error: Exception) -> None:
        problem = self._problems.of(error)
        log_problem(request, problem, error)
        await connection.tell_problem(problem)
        await connection.close(protocol.close_code(problem), problem.detail)


async def _receive_api_key(connection: Connection) -> str:
    try:
        async with asyncio.timeout(AUTHENTICATION_SECONDS_MAX):
            return protocol.parse_api_key(await connection.receive())
    except TimeoutError:
        raise UnauthenticatedError("No credentials came in time.") from None


def first_of(group: BaseExceptionGroup[Exception]) -> Exception:
    """The first exception of a group, however deep it lies."""
    found: Exception | BaseExceptionGroup[Exception] = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
