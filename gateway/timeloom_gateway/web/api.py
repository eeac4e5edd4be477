"""The REST endpoint: every route of the contracts, through one path.

In order: route, credentials, scope, rate, media types, body, message, call, answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from timeloom_gateway.backends import Backends
from timeloom_gateway.idempotency.keys import Idempotency, fingerprint_of, key_of
from timeloom_gateway.problems import PROBLEM_JSON, Problems
from timeloom_gateway.security.gatekeeper import Gatekeeper
from timeloom_gateway.transcoding.rest import Route, StreamItem
from timeloom_gateway.transcoding.routing import Match, Router
from timeloom_gateway.web import conditional
from timeloom_gateway.web.bodies import read_body
from timeloom_gateway.web.edge import log_problem
from timeloom_gateway.web.errors import MethodNotAllowedError, RouteNotFoundError
from timeloom_gateway.web.messages import Receive, Reply, Request, Send, number_header
from timeloom_gateway.web.negotiation import JSON, choose, require_json
from timeloom_gateway.web.streams import StreamRelay
from timeloom_platform import calls
from timeloom_platform.auth import Identity, Scope
from timeloom_platform.errors import InvalidFieldError, MissingScopeError

REQUEST_TIMEOUT_SECONDS_MAX = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operation:
    """A route with the call that it makes."""

    route: Route
    call: Any


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
        problems: Problems,
        body_bytes_max: int,
    ) -> None:
        self._router: Router[_Operation] = Router()
        for route in routes:
            operation = _Operation(route=route, call=backends.callable_for(route.method))
            self._router.add(route.binding.http_method, route.request.template, operation)
        self._gatekeeper = gatekeeper
        self._idempotency = idempotency
        self._relay = relay
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
        identity = await self._gatekeeper.admit(request)
        require_scope(identity, route.method.contract.scope, route.method.name)
        timeout = number_header(request, "Request-Timeout", above=0, at_most=REQUEST_TIMEOUT_SECONDS_MAX)
        calls.begin_call(request_id=request.id, timeout_seconds=timeout)
        if route.method.contract.streams_responses:
            await self._stream(operation, found.values, request, receive, send)
        else:
            reply = await self._answer(operation, found.values, request, receive, identity)
            await reply.send(send)

    def _match(self, request: Request) -> Match[_Operation] | Reply:
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
        operation: _Operation,
        values: tuple[str, ...],
        request: Request,
        receive: Receive,
        identity: Identity,
    ) -> Reply:
        choose(request, (JSON,))
        body = await self._body(operation.route, request, receive)
        key = key_of(request)
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
            fingerprint_of(request, body),
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
        self, operation: _Operation, values: tuple[str, ...], request: Request, body: bytes
    ) -> Reply:
        route = operation.route
        message = route.request.read(
            values=values,
            query=request.query,
            body=body,
            etag=conditional.if_match(request) if route.request.takes_etag else "",
        )
        answer = route.response.write(await operation.call(message.SerializeToString()))
        if not answer.etag:
            return Reply(body=answer.body, headers=_NO_STORE)
        headers = {**_NO_STORE, "etag": conditional.quoted(answer.etag)}
        if request.method in ("GET", "HEAD") and conditional.is_known(request, answer.etag):
            return Reply(status=304, headers=headers)
        return Reply(body=answer.body, headers=headers)

    async def _stream(
        self,
        operation: _Operation,
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
        items = _items(route, operation.call(message.SerializeToString()))
        await self._relay.relay(
            request,
            receive,
            send,
            items,
            explain=lambda error: self._problem_reply(request, error).body,
            is_admitted=lambda: self._gatekeeper.is_still_admitted(request),
        )

    def _problem_reply(self, request: Request, error: Exception) -> Reply:
        problem = self._problems.of(error)
        log_problem(request, problem, error)
        headers = problem.headers()
        del headers["content-type"]
        body = problem.body(request.id)
        return Reply(status=problem.status, body=body, content_type=PROBLEM_JSON, headers=headers)


_NO_STORE = {"cache-control": "no-store"}


def require_scope(identity: Identity, needed: Scope, name: str) -> None:
    """Refuses early what the service would refuse anyway; MissingScopeError names both scopes."""
    if not identity.scope.allows(needed):
        raise MissingScopeError(
            f"{name} needs the scope {needed.name}; these credentials have {identity.scope.name}.",
            metadata={"neededScope": needed.name, "scope": identity.scope.name},
        )


async def _items(route: Route, call: Any) -> AsyncIterator[StreamItem]:
    """The items of a stream; the call is cancelled when nobody wants more of them."""
    try:
        async for data in call:
            yield route.response.write_item(data)
    finally:
        call.cancel()
