"""The HTTP server: uvicorn on httptools and uvloop, in an event loop that others share."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

import structlog
import uvicorn

from timeloom_platform.web.connections import BoundedHttpProtocol

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 75
PING_SECONDS = 20.0
DRAIN_SECONDS_MAX = 5
SETTLE_SECONDS = 0.1

_logger = structlog.get_logger(__name__)


class HttpServer:
    """Serves one ASGI application on one address."""

    def __init__(
        self,
        application: Any,
        *,
        host: str,
        port: int,
        trusted_proxies: str = "",
        socket_message_bytes_max: int = 0,
    ) -> None:
        """Prepares the server; nothing listens yet.

        Args:
            application: By ASGI.
            host: An address of this host.
            port: Port 0 takes a free one.
            trusted_proxies: Whose word on clients' addresses is taken, separated by commas.
            socket_message_bytes_max: The largest message of a WebSocket; 0 if there are none.
        """
        self._host = host
        self._port = port
        self._server = _QuietServer(
            uvicorn.Config(
                application,
                http=BoundedHttpProtocol,
                ws="websockets-sansio" if socket_message_bytes_max else "none",
                ws_max_size=socket_message_bytes_max,
                ws_ping_interval=PING_SECONDS,
                ws_ping_timeout=PING_SECONDS,
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=bool(trusted_proxies),
                forwarded_allow_ips=trusted_proxies or None,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=DRAIN_SECONDS_MAX,
            )
        )
        self._listener: socket.socket | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Listens and returns the address; OSError if it is taken or not ours."""
        listener = self._listener = _listen(self._host, self._port)
        address = f"{self._host}:{listener.getsockname()[1]}"
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        _logger.info("serving", address=address)
        return address

    async def stop(self) -> None:
        """Takes no more connections, lets running requests finish for a bounded time, and closes."""
        serving, self._serving = self._serving, None
        if serving is None:
            return
        listener, self._listener = self._listener, None
        # Before its first turn in the event loop uvicorn has no servers.
        servers = getattr(self._server, "servers", ())
        if listener is not None and servers:
            await self._accept_waiting(listener)
            for listening in servers:
                listening.close()
        # Who has just connected is about to send a request; uvicorn would close such a connection at once.
        await asyncio.sleep(SETTLE_SECONDS)
        self._server.should_exit = True
        await serving

    async def _accept_waiting(self, listener: socket.socket) -> None:
        """Serves those who have connected and were not accepted yet: the system would reset them."""
        loop = asyncio.get_running_loop()
        config, state = self._server.config, self._server.server_state
        waiting: list[socket.socket] = []
        with suppress(BlockingIOError):
            while len(waiting) < BACKLOG:
                waiting.append(listener.accept()[0])
        for connection in waiting:
            await loop.connect_accepted_socket(
                lambda: BoundedHttpProtocol(config=config, server_state=state, app_state={}), connection
            )


class _QuietServer(uvicorn.Server):
    """Leaves signals to the process, which has more than this server to stop."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Captures none."""
        yield


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - socket has it so
    except OSError:
        listener.close()
        raise
    return listener
