"""`/mcp`: memories over the Model Context Protocol, by its streamable HTTP transport.

Every request stands for itself: there are no sessions that somebody could guess or a restart could lose. It
acts by the API key that it carries, and for the agent that its header `Timeloom-Agent` names.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import Context
from importlib import import_module
from typing import TYPE_CHECKING, Final

from timeloom_gateway.security.gatekeeper import Gatekeeper, bearer_of
from timeloom_gateway.web.errors import MethodNotAllowedError
from timeloom_platform.web.messages import Receive, Request, Send

if TYPE_CHECKING:
    from timeloom_gateway.mcp.protocol import McpProtocol

PATH: Final = "/mcp"
METHODS: Final = ("POST",)


class McpEndpoint:
    """Serves tools to whoever shows an API key."""

    def __init__(self, *, gatekeeper: Gatekeeper, grpc_address: str) -> None:
        """Prepare; requests are served within `running`.

        Args:
            gatekeeper: Admits callers.
            grpc_address: The gateway's own gRPC front, through which the tools act with the caller's key.
        """
        self._gatekeeper = gatekeeper
        self._grpc_address = grpc_address
        self._closing = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._protocol: asyncio.Future[McpProtocol] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Serves for the block."""
        try:
            yield
        finally:
            self._closing.set()
            if self._serving is not None:
                await self._serving

    async def __call__(self, request: Request, receive: Receive, send: Send) -> None:
        """Answers one message of the protocol."""
        if request.method not in METHODS:
            raise MethodNotAllowedError(METHODS)
        bearer_of(request)  # a browser's cookie is not enough: what comes by itself must not remember
        await self._gatekeeper.admit(request)
        if self._protocol is None:
            self._protocol = asyncio.get_running_loop().create_future()
            # It goes on for others: it must know nothing of its first caller.
            self._serving = asyncio.create_task(self._serve(self._protocol), context=Context())
        # A caller that goes away must not take it from the others who wait.
        protocol = await asyncio.shield(self._protocol)
        await protocol.handle(request, receive, send)

    async def _serve(self, ready: asyncio.Future[McpProtocol]) -> None:
        """Loads the protocol and serves it; what it opens must be closed by the task that opened it."""
        try:
            protocol = await asyncio.to_thread(_load, self._grpc_address)
            async with protocol.running():
                ready.set_result(protocol)
                await self._closing.wait()
        except Exception as error:
            if ready.done():
                raise
            # Whoever waits for it hears of it; the next caller tries again.
            self._protocol = None
            ready.set_exception(error)


def _load(grpc_address: str) -> McpProtocol:
    module = import_module("timeloom_gateway.mcp.protocol")
    protocol: McpProtocol = module.McpProtocol(grpc_address)
    return protocol
