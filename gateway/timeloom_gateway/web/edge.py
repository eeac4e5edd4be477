"""What surrounds every request, in one place and in this order.

Request id, trace, CORS, the endpoint, and at the end the one mapping of errors to problems,
security headers, metrics and the access log, which shows neither payload nor secret.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import grpc.aio
import structlog

from timeloom_gateway.problems import Problem, Problems
from timeloom_gateway.web.errors import MethodNotAllowedError, UpgradeRequiredError
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_gateway.web.readers import disconnected
from timeloom_platform import calls, ids
from timeloom_platform.telemetry import TRACEPARENT_METADATA, Tracing, end_span
from timeloom_platform.web.bodies import ClientGoneError
from timeloom_platform.web.connections import ABORT_EXTENSION
from timeloom_platform.web.cors import Cors
from timeloom_platform.web.messages import Message, Receive, Reply, Request, Scope, Send

CLIENT_CLOSED_REQUEST: Final = 499
"""What the log says of a request whose client did not wait for the answer."""

PROBES: Final = frozenset({"/healthz", "/readyz"})
"""Asked every second or two: always answered, and not worth a line in the log."""

_SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000")

_logger = structlog.get_logger(__name__)

Dispatch = Callable[[Request, Receive, Send], Awaitable[None]]


class Edge:
    """The gateway as an ASGI application."""

    def __init__(
        self,
        dispatch: Dispatch,
        *,
        problems: Problems,
        cors: Cors,
        metrics: HttpMetrics,
        tracing: Tracing,
        closing: asyncio.Event,
        is_secure: bool,
        logs_access: bool,
    ) -> None:
        self._dispatch = dispatch
        self._problems = problems
        self._cors = cors
        self._metrics = metrics
        self._tracing = tracing
        self._closing = closing
        self._logs_access = logs_access
        self._headers = [*_SECURITY_HEADERS, *([_STRICT_TRANSPORT] if is_secure else [])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves an HTTP request or a WebSocket (ASGI's interface)."""
        request = Request(scope)
        request.id = ids.request_id(request.header(b"x-request-id"))
        calls.begin_call(request_id=request.id, timeout_seconds=None)
        exchange = _Exchange(request, send, [*self._headers, (b"x-request-id", request.id.encode())])
        if self._closing.is_set():
            # A client that went on using this connection would soon find it closed.
            exchange.headers.append((b"connection", b"close"))
        self._metrics.in_flight += 1
        traceparent = request.header(TRACEPARENT_METADATA.encode())
        span = (
            self._tracing.start(request.method, kind="server", attributes={}, traceparent=traceparent)
            if (traceparent or request.path not in PROBES) and self._tracing.begin(traceparent)
            else None
        )
        try:
            await self._serve(request, receive, exchange)
        finally:
            self._metrics.in_flight -= 1
            self._account(request, exchange)
            if span is not None:
                span.update_name(f"{request.method} {request.route}")
                failed = "" if exchange.status < 500 else str(exchange.status)
                status: dict[str, str | int] = {
                    "http.route": request.route,
                    "http.response.status_code": exchange.status,
                }
                end_span(span, error_type=failed, attributes=status)

    async def _serve(self, request: Request, receive: Receive, exchange: _Exchange) -> None:
        try:
            exchange.headers.extend(self._cors.headers(request))
            preflight = self._cors.preflight(request)
            if preflight is not None:
                await preflight.send(exchange.send)
                return
            if request.path not in PROBES:
                self._metrics.require_room()
            await self._dispatch(request, receive, exchange.send)
        except ClientGoneError:
            exchange.status = CLIENT_CLOSED_REQUEST
            await _cut_off(request, receive, exchange)
        except Exception as error:  # noqa: BLE001 - the boundary of a request: any error becomes a problem
            await self._fail(request, receive, exchange, error)

    async def _fail(self, request: Request, receive: Receive, exchange: _Exchange, error: Exception) -> None:
        problem = self._problems.of(error)
        log_problem(request, problem, error)
        if not exchange.has_started:
            await _reply(problem, error, request.id).send(exchange.send)
            return
        exchange.status = problem.status
        await _cut_off(request, receive, exchange)

    def _account(self, request: Request, exchange: _Exchange) -> None:
        seconds = time.monotonic() - exchange.start_time
        self._metrics.count(request.method, request.route, exchange.status, seconds)
        if self._logs_access and request.path not in PROBES:
            _logger.info(
                "request",
                method=request.method,
                path=request.path,
                status=exchange.status,
                milliseconds=round(seconds * 1000, 1),
                client=request.client_address,
            )


def log_problem(request: Request, problem: Problem, error: Exception) -> None:
    """Logs what is not the client's fault; with a traceback where the fault lies in this process."""
    if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    is_own = not isinstance(error, grpc.aio.AioRpcError) and problem.reason.name == "INTERNAL"
    log = _logger.error if is_own else _logger.warning
    log(
        "request failed",
        route=request.route,
        status=problem.status,
        reason=problem.reason.name,
        exc_info=error if is_own else None,
    )


async def _cut_off(request: Request, receive: Receive, exchange: _Exchange) -> None:
    """Aborts the connection of an answer that has begun and cannot be finished: nobody takes it for whole."""
    extension = request.scope.get("extensions", {}).get(ABORT_EXTENSION)
    if exchange.has_started and extension is not None:
        extension["abort"]()
        await disconnected(receive)


def _reply(problem: Problem, error: Exception, request_id: str) -> Reply:
    headers = problem.headers()
    if isinstance(error, MethodNotAllowedError):
        headers["allow"] = error.allow
    if isinstance(error, UpgradeRequiredError):
        headers.update(upgrade="websocket", connection="upgrade")
    return Reply(
        status=problem.status,
        body=problem.body(request_id),
        content_type=headers.pop("content-type"),
        headers=headers,
    )


class _Exchange:
    """An answer on its way: adds the headers that every answer has, and remembers its status."""

    __slots__ = ("_request", "_send", "has_started", "headers", "start_time", "status")

    def __init__(self, request: Request, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._request = request
        self._send = send
        self.headers = headers
        self.has_started = False
        self.status = CLIENT_CLOSED_REQUEST
        self.start_time = time.monotonic()

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
            self.has_started = True
            message["headers"] = [*message["headers"], *self.headers, *self._request.answer_headers]
        if kind.startswith("http.response") and self._request.scope["type"] == "websocket":
            # A handshake that is refused gets an HTTP answer (ASGI's extension for it).
            message["type"] = f"websocket.{kind}"
        elif kind in ("websocket.accept", "websocket.close") and not self.has_started:
            self.has_started = True
            self.status = 101 if kind == "websocket.accept" else 403
        await self._send(message)
