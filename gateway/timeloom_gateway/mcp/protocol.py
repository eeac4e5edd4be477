"""The tools and the transport of `/mcp`. Only their first caller loads this: it takes 30 MB."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from mcp.server.mcpserver import Context
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from timeloom.aio import AsyncTimeloom
from timeloom.aio.memory import AsyncMemories
from timeloom.mcp import memory_server
from timeloom_platform.web.messages import Receive, Request, Send

AGENT_HEADER: Final = "timeloom-agent"
BODY_BYTES_MAX: Final = 1024 * 1024
CLIENTS_MAX: Final = 64
"""For how many API keys a connection is kept."""


class McpProtocol:
    """Answers those who were admitted, each with what its own API key may do."""

    def __init__(self, grpc_address: str) -> None:
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
        """Serves for the block, which one task must begin and end."""
        async with self._manager.run():
            try:
                yield
            finally:
                await self._clients.close()

    async def handle(self, request: Request, receive: Receive, send: Send) -> None:
        """Answers one message of the protocol."""
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
