"""`/mcp`: memories over the Model Context Protocol, by its streamable HTTP transport.

Every request stands for itself: there are no sessions that somebody could guess or a restart could lose. It
acts by the API key that it carries, and for the agent that its header `Timeloom-Agent` names.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from mcp.server.mcpserver import Context
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from timeloom.aio import AsyncTimeloom
from timeloom.aio.memory import AsyncMemories
from timeloom.mcp import memory_server
from timeloom_gateway.security.gatekeeper import Gatekeeper, bearer_of
from timeloom_gateway.web.errors import MethodNotAllowedError
from timeloom_gateway.web.messages import Receive, Request, Send

PATH: Final = "/mcp"
METHODS: Final = ("POST",)
AGENT_HEADER: Final = "timeloom-agent"
BODY_BYTES_MAX: Final = 1024 * 1024
CLIENTS_MAX: Final = 64
"""For how many API keys a connection is kept."""


class McpEndpoint:
    """Serves tools to whoever shows an API key."""

    def __init__(self, *, gatekeeper: Gatekeeper, grpc_address: str) -> None:
        """Prepare; requests are served within `running`.

        Args:
            gatekeeper: Admits callers.
            grpc_address: The gateway's own gRPC front, through which the tools act with the caller's key.
        """
        self._gatekeeper = gatekeeper
        self._clients = _Clients(grpc_address)
        self._manager = StreamableHTTPSessionManager(
            # The manager takes the protocol's server, which the one with the tools does not show.
            memory_server(self._memories)._lowlevel_server,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            json_response=True,
            stateless=True,
            max_request_body_size=BODY_BYTES_MAX,
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Serves for the block."""
        is_ready, closing = asyncio.Event(), asyncio.Event()

        async def serve() -> None:
            # What the manager opens must be closed by the task that opened it.
            async with self._manager.run():
                is_ready.set()
                await closing.wait()

        serving = asyncio.create_task(serve())
        try:
            await is_ready.wait()
            yield
        finally:
            closing.set()
            await serving
            await self._clients.close()

    async def __call__(self, request: Request, receive: Receive, send: Send) -> None:
        """Answers one message of the protocol."""
        if request.method not in METHODS:
            raise MethodNotAllowedError(METHODS)
        bearer_of(request)  # a browser's cookie is not enough: what comes by itself must not remember
        await self._gatekeeper.admit(request)
        await self._manager.handle_request(request.scope, receive, send)

    def _memories(self, context: Context[Any, Any]) -> AsyncMemories:
        headers = context.headers or {}
        memories = self._clients.of(headers["authorization"].partition(" ")[2].strip()).memory
        agent_id = headers.get(AGENT_HEADER, "")
        return memories.as_agent(agent_id) if agent_id else memories


class _Clients:
    """Clients by API key. One that was not used for longest is let go, when its calls are over."""

    def __init__(self, grpc_address: str) -> None:
        self._grpc_address = grpc_address
        self._clients: OrderedDict[str, AsyncTimeloom] = OrderedDict()

    def of(self, api_key: str) -> AsyncTimeloom:
        client = self._clients.get(api_key)
        if client is None:
            client = AsyncTimeloom(api_key=api_key, grpc_address=self._grpc_address)
            self._clients[api_key] = client
            if len(self._clients) > CLIENTS_MAX:
                # Its channel closes with its last reference, which a call that is under way still holds.
                self._clients.popitem(last=False)
        self._clients.move_to_end(api_key)
        return client

    async def close(self) -> None:
        clients, self._clients = self._clients, OrderedDict()
        for client in clients.values():
            await client.close()
