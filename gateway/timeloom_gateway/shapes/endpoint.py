"""`/v1/shape` and `/v1/health`: shapes over ElectricSQL's HTTP protocol.

Clients that wait for the next change of a shape ask the same: one call is made for all of them, so that a
change is read, written and sent from one service to the other once, however many clients there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from timeloom.workspace.v1 import shapes_service_pb2
from timeloom_gateway.contracts import Contracts, Method
from timeloom_gateway.security.gatekeeper import BEARER, Gatekeeper, require_scope
from timeloom_gateway.web.errors import MethodNotAllowedError
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_gateway.web.readers import Reader, until_left
from timeloom_platform.auth import Scope
from timeloom_platform.errors import InvalidFieldError, UnavailableError
from timeloom_platform.web.bodies import ClientGoneError, read_body
from timeloom_platform.web.messages import Receive, Reply, Request, Send

SHAPE_PATH: Final = "/v1/shape"
HEALTH_PATH: Final = "/v1/health"
SERVICE: Final = "timeloom.workspace.v1.ShapesService"

BODY_BYTES_MAX: Final = 1024 * 1024
QUERY_FIELDS_MAX: Final = 1000
ANSWER_SECONDS_MAX: Final = 180.0
"""A first snapshot may take long; live answers and streams of events end much sooner by themselves."""
STALLED_SECONDS_MAX: Final = 30.0
"""A client that takes nothing for so long is let go; it can resume."""
LIVE_SHARE: Final = 0.05
"""What waiting for a change counts in its caller's rate: all who wait ask again with each change, at the
same time, and one call answers them."""

_METHODS: Final = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")
_PASSED_ON: Final = ("if-none-match", "accept")
_KEY_PARAMETER: Final = "secret"
"""The parameter in which the protocol's clients may bring their key."""

ReadShapeRequest = shapes_service_pb2.ReadShapeRequest
ReadShapeResponse = shapes_service_pb2.ReadShapeResponse
Call = Callable[[ReadShapeRequest], Any]


def method_of(contracts: Contracts) -> Method | None:
    """The method that answers; None in a house without shapes."""
    for service in contracts.services:
        if service.name == SERVICE:
            return service.methods[0]
    return None


def caller(callable_for: Callable[[Method], Any], method: Method) -> Call:
    """What begins a call, bounded in time."""
    call = callable_for(method)
    return lambda request: call(request.SerializeToString(), timeout=ANSWER_SECONDS_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """An answer that is whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Caller:
    """Who asks, and how to answer; the key is empty if the request's headers say who it is."""

    request: Request
    receive: Receive
    send: Send
    api_key: str = field(repr=False)


class ShapeEndpoint:
    """Serves shapes to whoever may read.

    Args:
        call: Begins a call of ReadShape.
        gatekeeper: Admits callers.
        metrics: Bounds those who wait for changes.
        closing: Set when the gateway is about to leave.
        anonymous_key: The API key that those read with who bring none; empty if nobody may.
    """

    def __init__(
        self,
        *,
        call: Call,
        gatekeeper: Gatekeeper,
        metrics: HttpMetrics,
        closing: asyncio.Event,
        anonymous_key: str = "",
    ) -> None:
        self._call = call
        self._gatekeeper = gatekeeper
        self._metrics = metrics
        self._closing = closing
        self._anonymous_key = anonymous_key
        self._shared = _SharedAnswers(call)

    async def __call__(self, request: Request, receive: Receive, send: Send) -> None:
        """Answers a request for a shape."""
        if request.method not in _METHODS:
            raise MethodNotAllowedError(_METHODS)
        if request.method == "OPTIONS":
            await Reply(status=204, headers={"allow": ", ".join(_METHODS)}).send(send)
            return
        fields = _fields(request)
        is_live = fields.get("live") in ("true", "") and request.method == "GET"
        share = LIVE_SHARE if is_live else 1.0
        api_key = self._key_of(request, fields)
        if api_key:
            identity = await self._gatekeeper.admit_with(request, api_key, share=share)
        else:
            identity = await self._gatekeeper.admit(request, share=share)
        require_scope(identity, Scope.READ, "reading a shape")
        caller = _Caller(request=request, receive=receive, send=send, api_key=api_key)
        asked = await _asked(request, receive)
        if not is_live:
            await self._pass_on(asked, caller)
        elif fields.get("live_sse", fields.get("experimental_live_sse")) in ("true", ""):
            async with self._live_client():
                await self._pass_on(asked, caller)
        else:
            async with self._live_client():
                key = (identity.project_id, asked.SerializeToString(deterministic=True))
                await self._share(key, asked, caller)

    @asynccontextmanager
    async def _live_client(self) -> AsyncGenerator[None]:
        self._metrics.admit_live_client()
        try:
            yield
        finally:
            self._metrics.live_clients -= 1

    async def _share(self, key: tuple[str, bytes], asked: ReadShapeRequest, caller: _Caller) -> None:
        """Sends what one call answers to all who ask the same at the same time."""
        leaving = self._until_left(caller)
        answering = self._shared.join(key, asked)
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                raise self._unanswered()
            whole = answering.result()
        finally:
            self._shared.leave(key, answering)
            leaving.cancel()
        await _send_head(caller.send, whole.status, whole.headers, len(whole.body))
        await _send_part(caller.send, whole.body, is_last=True)

    async def _pass_on(self, asked: ReadShapeRequest, caller: _Caller) -> None:
        """Sends an answer as it comes."""
        send = caller.send
        reader = Reader(_responses(self._call(asked)), self._until_left(caller))
        try:
            first = await reader.next(timeout_seconds=None)
            if first is None:
                raise _nothing_came() if reader.has_ended else self._unanswered()
            await _send_head(send, first.head.status, first.head.headers, None)
            while (part := await reader.next(timeout_seconds=None)) is not None:
                if caller.request.method != "HEAD":
                    await _send_part(send, part.part, is_last=False)
            if not reader.has_ended and not _is_event_stream(first):
                raise ClientGoneError("The client went away.")
            await _send_part(send, b"", is_last=True)
        finally:
            await reader.close()

    def _until_left(self, caller: _Caller) -> asyncio.Task[None]:
        is_admitted = partial(self._gatekeeper.is_still_admitted, caller.request, caller.api_key)
        return asyncio.create_task(until_left(caller.receive, is_admitted, closing=self._closing))

    def _unanswered(self) -> Exception:
        """Why a client that waits gets no answer."""
        if self._closing.is_set():
            return UnavailableError("The gateway is stopping.", retry_after_seconds=1)
        return ClientGoneError("The client went away.")

    def _key_of(self, request: Request, fields: Mapping[str, str]) -> str:
        """The key that a request does not bring as a header; empty if its headers say who makes it."""
        authorization = request.header(b"authorization")
        is_ours = authorization[: len(BEARER)].lower() == BEARER
        if is_ours or (authorization and not self._anonymous_key):
            return ""
        if secret := fields.get(_KEY_PARAMETER):
            return secret
        return "" if self._gatekeeper.has_session(request) else self._anonymous_key


class _SharedAnswers:
    """One call for all who ask the same; it ends when nobody waits for it any more."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._waiting: dict[asyncio.Task[_Whole], int] = {}
        self._answers: dict[tuple[str, bytes], asyncio.Task[_Whole]] = {}

    def join(self, key: tuple[str, bytes], asked: ReadShapeRequest) -> asyncio.Task[_Whole]:
        """The answer to a request of a project, when it is there; whoever joins leaves."""
        task = self._answers.get(key)
        if task is None:
            task = self._answers[key] = asyncio.create_task(self._answer(key, asked))
        self._waiting[task] = self._waiting.get(task, 0) + 1
        return task

    def leave(self, key: tuple[str, bytes], task: asyncio.Task[_Whole]) -> None:
        """Says that somebody has the answer, or does not want it any more."""
        self._waiting[task] -= 1
        if self._waiting[task] == 0:
            del self._waiting[task]
            task.cancel()
            if self._answers.get(key) is task:
                del self._answers[key]

    async def _answer(self, key: tuple[str, bytes], asked: ReadShapeRequest) -> _Whole:
        head = None
        parts: list[bytes] = []
        try:
            async with aclosing(_responses(self._call(asked))) as responses:
                async for response in responses:
                    if head is None:
                        head = response.head
                    else:
                        parts.append(response.part)
        finally:
            # Who asks from now on asks for what comes after this answer.
            if self._answers.get(key) is asyncio.current_task():
                del self._answers[key]
        if head is None:
            raise _nothing_came()
        return _Whole(status=head.status, headers=dict(head.headers), body=b"".join(parts))


async def health(request: Request, receive: Receive, send: Send) -> None:
    """Answers as long as the gateway serves."""
    del receive
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowedError(("GET", "HEAD"))
    body = msgspec.json.encode({"status": "active"})
    await Reply(body=body, headers={"cache-control": "no-cache, no-store, must-revalidate"}).send(send)


async def _asked(request: Request, receive: Receive) -> ReadShapeRequest:
    body = await read_body(request, receive, limit_bytes=BODY_BYTES_MAX) if request.method == "POST" else b""
    headers = {name: request.header(name.encode()) for name in _PASSED_ON}
    return ReadShapeRequest(
        method="GET" if request.method == "HEAD" else request.method,
        query=_without_secret(request.query),
        body=body,
        headers={name: value for name, value in headers.items() if value},
    )


def _without_secret(query: str) -> str:
    """The query as it came, but for the key: no service, log or shared answer has a use for that."""
    parts = query.split("&")
    return "&".join(part for part in parts if unquote_plus(part.partition("=")[0]) != _KEY_PARAMETER)


def _fields(request: Request) -> Mapping[str, str]:
    try:
        return dict(parse_qsl(request.query, keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX))
    except ValueError:
        raise InvalidFieldError.of("query", f"has more than {QUERY_FIELDS_MAX} parameters") from None


async def _responses(call: Any) -> AsyncGenerator[ReadShapeResponse]:
    """The messages of a call; it is cancelled when nobody wants more of them."""
    try:
        async for data in call:
            yield ReadShapeResponse.FromString(data)
    finally:
        call.cancel()


def _nothing_came() -> UnavailableError:
    return UnavailableError("The service did not answer.", retry_after_seconds=1)


def _is_event_stream(first: ReadShapeResponse) -> bool:
    return first.head.headers.get("content-type", "").startswith("text/event-stream")


async def _send_head(send: Send, status: int, headers: Mapping[str, str], length: int | None) -> None:
    sent = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in headers.items()
        if name != "connection"
    ]
    if length is not None and status not in (204, 304):
        sent.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": status, "headers": sent})


async def _send_part(send: Send, part: bytes, *, is_last: bool) -> None:
    try:
        async with asyncio.timeout(STALLED_SECONDS_MAX):
            await send({"type": "http.response.body", "body": part, "more_body": not is_last})
    except TimeoutError:
        raise ClientGoneError("The client takes nothing any more.") from None
