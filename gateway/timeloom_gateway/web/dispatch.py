"""Which endpoint serves a path: a protocol route, the contracts, or the console."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from timeloom_gateway.web.errors import MethodNotAllowedError, UpgradeRequiredError
from timeloom_platform.web.messages import Endpoint, Receive, Request, Send


class Dispatcher:
    """Sends a request to its endpoint."""

    def __init__(
        self,
        *,
        protocol: Mapping[str, Endpoint],
        api: Endpoint,
        api_roots: Collection[str],
        sockets: Mapping[str, Endpoint],
        api_socket: Endpoint,
        fallback: Endpoint,
    ) -> None:
        self._protocol = protocol
        self._api = api
        self._api_roots = frozenset(api_roots)
        self._sockets = sockets
        self._api_socket = api_socket
        self._fallback = fallback

    async def __call__(self, request: Request, receive: Receive, send: Send) -> None:
        """Serves the request."""
        if request.scope["type"] == "websocket":
            await self._serve_web_socket(request, receive, send)
            return
        endpoint = self._protocol.get(request.path)
        if endpoint is not None:
            request.route = request.path
            await endpoint(request, receive, send)
        elif request.path in self._sockets:
            request.route = request.path
            if request.method not in ("GET", "HEAD"):
                raise MethodNotAllowedError(("GET", "HEAD"))
            raise UpgradeRequiredError("This route is a WebSocket.")
        elif request.path[1:].partition("/")[0] in self._api_roots:
            await self._api(request, receive, send)
        else:
            await self._fallback(request, receive, send)

    async def _serve_web_socket(self, request: Request, receive: Receive, send: Send) -> None:
        endpoint = self._sockets.get(request.path)
        if endpoint is not None:
            request.route = request.path
            await endpoint(request, receive, send)
        else:
            await self._api_socket(request, receive, send)
