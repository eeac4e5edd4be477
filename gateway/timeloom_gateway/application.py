"""The gateway's HTTP side, put together: from contracts and collaborators to one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from timeloom_gateway.backends import Backends
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.idempotency.keys import Idempotency
from timeloom_gateway.live.feed import Feed
from timeloom_gateway.live.stream import EventStream
from timeloom_gateway.live.websocket import WebSocketEndpoint
from timeloom_gateway.mcp import endpoint as mcp_endpoint
from timeloom_gateway.mcp.endpoint import McpEndpoint
from timeloom_gateway.openapi import document
from timeloom_gateway.pages.assets import asset, shared_asset
from timeloom_gateway.pages.console import Console
from timeloom_gateway.problems import Problems
from timeloom_gateway.security.cookies import Cookies
from timeloom_gateway.security.endpoints import SessionEndpoints
from timeloom_gateway.security.gatekeeper import Gatekeeper
from timeloom_gateway.security.sessions import SessionKeeper
from timeloom_gateway.settings import GatewaySettings
from timeloom_gateway.shapes import endpoint as shapes
from timeloom_gateway.shapes.endpoint import ShapeEndpoint
from timeloom_gateway.sockets.calls import CallSockets
from timeloom_gateway.sockets.reception import Reception
from timeloom_gateway.transcoding.rest import compile_routes
from timeloom_gateway.web.api import Api
from timeloom_gateway.web.dispatch import Dispatcher
from timeloom_gateway.web.edge import Edge
from timeloom_gateway.web.errors import MethodNotAllowedError
from timeloom_gateway.web.files import FileRelay
from timeloom_gateway.web.health import Health
from timeloom_gateway.web.limits import Rate, RateLimiter
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_gateway.web.streams import StreamRelay
from timeloom_platform.auth import InternalTokens
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.telemetry import Tracing
from timeloom_platform.web.cors import Cors
from timeloom_platform.web.messages import Endpoint, Receive, Reply, Request, Send

_CORS_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_CORS_REQUEST_HEADERS: Final = (
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "last-event-id",
    "request-timeout",
    "traceparent",
    "x-request-id",
)
_CORS_EXPOSED: Final = (
    "etag",
    "idempotency-replayed",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "x-request-id",
    # What clients of shapes read.
    "electric-cursor",
    "electric-handle",
    "electric-offset",
    "electric-schema",
    "electric-up-to-date",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collaborators:
    """What the HTTP side stands on."""

    contracts: Contracts
    backends: Backends
    authenticator: CallAuthenticator
    tokens: InternalTokens
    sessions: SessionKeeper
    idempotency: Idempotency
    feed: Feed
    health: Health
    metrics: HttpMetrics
    tracing: Tracing
    closing: asyncio.Event
    grpc_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The ASGI application, and what of it has to run while it serves."""

    edge: Edge
    mcp: McpEndpoint


def build_application(settings: GatewaySettings, parts: Collaborators) -> Application:
    """Puts the application together."""
    problems = Problems(parts.contracts)
    routes = list(compile_routes(parts.contracts))
    relay = StreamRelay(metrics=parts.metrics, closing=parts.closing)
    cookies = Cookies(is_secure=settings.secure_cookies)
    gatekeeper = _gatekeeper(settings, parts, cookies)
    reception = Reception(gatekeeper=gatekeeper, problems=problems, metrics=parts.metrics)
    api = Api(
        routes=routes,
        backends=parts.backends,
        gatekeeper=gatekeeper,
        idempotency=parts.idempotency,
        relay=relay,
        files=FileRelay(
            upload_bytes_max=settings.limits.upload_bytes_max,
            is_admitted=gatekeeper.is_still_admitted,
        ),
        sockets=CallSockets(reception),
        problems=problems,
        body_bytes_max=settings.limits.body_bytes_max,
    )
    openapi = document.build(parts.contracts, routes, problems.reasons)
    stream = EventStream(feed=parts.feed, gatekeeper=gatekeeper, relay=relay, problems=problems)
    mcp = McpEndpoint(gatekeeper=gatekeeper, grpc_address=parts.grpc_address)
    dispatcher = Dispatcher(
        protocol={
            **_auth_routes(parts, gatekeeper, cookies),
            **_pages(openapi),
            "/healthz": parts.health.live,
            "/readyz": parts.health.ready,
            "/api/stream": stream,
            mcp_endpoint.PATH: mcp,
            **_shape_routes(settings, parts, gatekeeper),
        },
        api=api,
        api_roots={route.request.template.segments[0] for route in routes},
        sockets={"/api/ws": WebSocketEndpoint(feed=parts.feed, reception=reception, problems=problems)},
        api_socket=api.open_socket,
        fallback=Console(settings.console_dir),
    )
    edge = Edge(
        dispatcher,
        problems=problems,
        cors=Cors(
            settings.cors_origins,
            methods=_CORS_METHODS,
            request_headers=_CORS_REQUEST_HEADERS,
            exposed=_CORS_EXPOSED,
        ),
        metrics=parts.metrics,
        tracing=parts.tracing,
        closing=parts.closing,
        is_secure=settings.secure_cookies,
        logs_access=settings.access_log,
    )
    return Application(edge=edge, mcp=mcp)


def _gatekeeper(settings: GatewaySettings, parts: Collaborators, cookies: Cookies) -> Gatekeeper:
    limits = settings.limits
    return Gatekeeper(
        keys=parts.authenticator,
        sessions=parts.sessions,
        cookies=cookies,
        calls=RateLimiter(Rate(per_second=limits.rate_per_second, burst=limits.rate_burst), name="calls"),
        failures=RateLimiter(
            Rate(per_second=limits.failure_rate_per_second, burst=limits.failure_burst), name="failures"
        ),
    )


def _auth_routes(parts: Collaborators, gatekeeper: Gatekeeper, cookies: Cookies) -> Mapping[str, Endpoint]:
    endpoints = SessionEndpoints(
        tokens=parts.tokens, sessions=parts.sessions, gatekeeper=gatekeeper, cookies=cookies
    )
    return {
        "/auth/links": endpoints.create_link,
        "/auth/start": endpoints.start,
        "/auth/session": endpoints.session,
    }


def _shape_routes(
    settings: GatewaySettings, parts: Collaborators, gatekeeper: Gatekeeper
) -> Mapping[str, Endpoint]:
    method = shapes.method_of(parts.contracts)
    if method is None:
        return {}
    endpoint = ShapeEndpoint(
        call=shapes.caller(parts.backends.callable_for, method),
        gatekeeper=gatekeeper,
        metrics=parts.metrics,
        closing=parts.closing,
        anonymous_key=settings.shapes_anonymous_key,
    )
    return {shapes.SHAPE_PATH: endpoint, shapes.HEALTH_PATH: shapes.health}


def _pages(openapi: Mapping[str, Any]) -> Mapping[str, Endpoint]:
    description = Reply(body=msgspec.json.encode(openapi), headers={"cache-control": "no-cache"})
    return {
        "/openapi.json": _fixed(description),
        "/docs": _fixed(asset("docs.html")),
        "/docs/docs.css": _fixed(asset("docs.css")),
        "/docs/docs.js": _fixed(asset("docs.js")),
        "/docs/theme.css": _fixed(asset("theme.css")),
        "/migrate.js": _fixed(shared_asset("migrate.js")),
    }


def _fixed(reply: Reply) -> Endpoint:
    async def serve(request: Request, _receive: Receive, send: Send) -> None:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowedError(("GET", "HEAD"))
        await reply.send(send)

    return serve
