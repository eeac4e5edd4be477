"""The REST endpoint: every route of the contracts, through one path.

In order: route, credentials, scope, rate, media types, body, message, call, answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from timeloom_gateway.backends import Backends
from timeloom_gateway.idempotency.keys import Idempotency, fingerprint_of, key_of
from timeloom_gateway.problems import PROBLEM_JSON, Problems
from timeloom_gateway.security.gatekeeper import Gatekeeper, require_scope
from timeloom_gateway.sockets.calls import CallSockets
from timeloom_gateway.transcoding.forms import Form
from timeloom_gateway.transcoding.rest import Answer, Route, StreamItem
from timeloom_gateway.transcoding.routing import Match, Router
from timeloom_gateway.web import conditional
from timeloom_gateway.web.edge import log_problem
from timeloom_gateway.web.errors import MethodNotAllowedError, RouteNotFoundError, UpgradeRequiredError
from timeloom_gateway.web.files import FileRelay
from timeloom_gateway.web.negotiation import JSON, choose, require_json
from timeloom_gateway.web.operations import Found, Operation
from timeloom_gateway.web.streams import StreamRelay
from timeloom_platform import calls
from timeloom_platform.auth import Identity
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.web.bodies import read_body
from timeloom_platform.web.messages import Receive, Reply, Request, Send, number_header

REQUEST_TIMEOUT_SECONDS_MAX = 600.0


class Api:
    """Serves the contracts over HTTP."""

    def __init__(
        self,
        *,
        routes: Sequence[Route],
        backends: Backends,
        gatekeeper: Gatekeeper,
        idempotency: Idempotency,
        relay: StreamRelay,
        files: FileRelay,
        sockets: CallSockets,
        problems: Problems,
        body_bytes_max: int,
    ) -> None:
        self._router: Router[Operation] = Router()
        for route in routes:
            operation = Operation(route=route, call=backends.callable_for(route.method))
            self._router.add(route.binding.http_method, route.request.template, operation)
        self._gatekeeper = gatekeeper
        self._idempotency = idempotency
        self._relay = relay
        self._files = files
        self._sockets = sockets
        self._problems = problems
        self._body_bytes_max = body_bytes_max

    async def __call__(self, request: Request, receive: Receive, send: Send) -> None:
        """Serves a request whose path is not one of the protocol routes."""
        found = self._match(request)
        if isinstance(found, Reply):
            await found.send(send)
            return
        operation, route = found.target, found.target.route
        request.route = route.binding.template
        if route.form is Form.SOCKET:
            raise UpgradeRequiredError("This route is a WebSocket.")
        if route.is_public:
            identity = self._gatekeeper.admit_anybody(request)
        else:
            identity = await self._gatekeeper.admit(request)
            require_scope(identity, route.method.contract.scope, route.method.name)
        calls.begin_call(request_id=request.id, timeout_seconds=_timeout_seconds(request))
        match route.form:
            case Form.CALL:
                reply = await self._answer(operation, found.values, request, receive, identity)
                await reply.send(send)
            case Form.EVENTS:
                await self._stream(operation, found.values, request, receive, send)
            case Form.UPLOAD:
                reply = await self._upload(found, request, receive)
                await reply.send(send)
            case Form.DOWNLOAD:
                await self._download(found, request, receive, send)

    async def open_socket(self, request: Request, receive: Receive, send: Send) -> None:
        """Serves the WebSocket of a method that streams both ways."""
        found = self._match(request)
        if isinstance(found, Reply) or found.target.route.form is not Form.SOCKET:
            raise RouteNotFoundError("There is no such WebSocket; /docs shows those that there are.")
        route = found.target.route
        request.route = route.binding.template
        calls.begin_call(request_id=request.id, timeout_seconds=_timeout_seconds(request))
        await self._sockets.serve(found, request, receive, send)

    def _match(self, request: Request) -> Found | Reply:
        method = "GET" if request.method == "HEAD" else request.method
        try:
            found = self._router.match(method, request.path)
        except UnicodeDecodeError:
            raise InvalidFieldError.of("path", "must be percent-encoded UTF-8") from None
        if isinstance(found, Match):
            return found
        if not found.allowed_methods:
            raise RouteNotFoundError("There is no such route; /docs shows those that there are.")
        head = ("HEAD",) if "GET" in found.allowed_methods else ()
        allowed = (*found.allowed_methods, *head, "OPTIONS")
        if request.method == "OPTIONS":
            return Reply(status=204, headers={"allow": ", ".join(allowed)})
        raise MethodNotAllowedError(allowed)

    async def _answer(
        self,
        operation: Operation,
        values: tuple[str, ...],
        request: Request,
        receive: Receive,
        identity: Identity,
    ) -> Reply:
        choose(request, (JSON,))
        body = await self._body(operation.route, request, receive)
        # Who is nobody has no answers that could be kept for him.
        key = "" if operation.route.is_public else key_of(request)
        if not key:
            return await self._call(operation, values, request, body)

        async def execute() -> Reply:
            try:
                return await self._call(operation, values, request, body)
            except Exception as error:  # noqa: BLE001 - what is answered is recorded, failures too
                return self._problem_reply(request, error)

        return await self._idempotency.once(
            identity.project_id,
            key,
            fingerprint_of(request, body, agent_id=identity.agent_id),
            execute,
            shows_secret=operation.route.response.shows_secret,
        )

    async def _body(self, route: Route, request: Request, receive: Receive) -> bytes:
        if not route.binding.body:
            return b""
        body = await read_body(request, receive, limit_bytes=self._body_bytes_max)
        if body:
            require_json(request)
        return body

    async def _call(
        self, operation: Operation, values: tuple[str, ...], request: Request, body: bytes
    ) -> Reply:
        route = operation.route
        message = route.request.read(
            values=values,
            query=request.query,
            body=body,
            etag=conditional.if_match(request) if route.request.takes_etag else "",
            headers={name: request.header(name.encode()) for name in route.request.headers},
        )
        return _reply(request, route.response.write(await operation.call(message.SerializeToString())))

    async def _stream(
        self,
        operation: Operation,
        values: tuple[str, ...],
        request: Request,
        receive: Receive,
        send: Send,
    ) -> None:
        route = operation.route
        message = route.request.read(
            values=values,
            query=request.query,
            body=await self._body(route, request, receive),
            last_event_id=request.optional_header(b"last-event-id"),
        )
        items = _items(route, operation.call, message.SerializeToString())
        await self._relay.relay(
            request,
            receive,
            send,
            items,
            explain=lambda error: self._problem_reply(request, error).body,
            is_admitted=lambda: self._gatekeeper.is_still_admitted(request),
        )

    async def _upload(self, found: Found, request: Request, receive: Receive) -> Reply:
        route = found.target.route
        choose(request, (JSON,))
        if request.optional_header(b"idempotency-key") is not None:
            raise InvalidFieldError.of("Idempotency-Key", "is not taken by uploads, which are not kept")
        first = route.request.read(values=found.values, query=request.query, body=b"")
        response = await self._files.upload(found.target, first, request, receive)
        return _reply(request, route.response.write(response))

    async def _download(self, found: Found, request: Request, receive: Receive, send: Send) -> None:
        route = found.target.route
        body = await self._body(route, request, receive)
        message = route.request.read(values=found.values, query=request.query, body=body)
        await self._files.download(found, message, request, receive, send)

    def _problem_reply(self, request: Request, error: Exception) -> Reply:
        problem = self._problems.of(error)
        log_problem(request, problem, error)
        headers = problem.headers()
        del headers["content-type"]
        body = problem.body(request.id)
        return Reply(status=problem.status, body=body, content_type=PROBLEM_JSON, headers=headers)


_NO_STORE = {"cache-control": "no-store"}


def _timeout_seconds(request: Request) -> float | None:
    return number_header(request, "Request-Timeout", above=0, at_most=REQUEST_TIMEOUT_SECONDS_MAX)


def _reply(request: Request, answer: Answer) -> Reply:
    if not answer.etag:
        return Reply(body=answer.body, headers=_NO_STORE)
    headers = {**_NO_STORE, "etag": conditional.quoted(answer.etag)}
    if request.method in ("GET", "HEAD") and conditional.is_known(request, answer.etag):
        return Reply(status=304, headers=headers)
    return Reply(body=answer.body, headers=headers)


async def _items(route: Route, begin_call: Any, data: bytes) -> AsyncIterator[StreamItem]:
    """The items of a stream; the call is cancelled when nobody wants more of them."""
    call = begin_call(data)
    try:
        async for response in call:
            yield route.response.write_item(response)
    finally:
        call.cancel()
