"""A real HTTP server that answers as a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the server was asked."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What it answers; nothing at all if `is_silent`."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    is_silent: bool = False

    @staticmethod
    def of(value: Any, *, status: int = 200) -> Answer:
        """Return one that is JSON."""
        headers = {"content-type": "application/json"}
        return Answer(status=status, headers=headers, body=json.dumps(value).encode())


Handler = Callable[[Request], Answer]


@dataclass(kw_only=True)
class HttpServer:
    """The server.

    Attributes:
        handler: What it answers; may be exchanged.
        before: What it waits for before it does.
        requests: All that it was asked.
        connections: How often somebody connected.
    """

    handler: Handler
    before: Callable[[Request], Awaitable[None]] | None = None
    url: str = ""
    requests: list[Request] = field(default_factory=list[Request])
    connections: int = 0
    _open: dict[asyncio.StreamWriter, asyncio.Event] = field(
        default_factory=dict[asyncio.StreamWriter, asyncio.Event]
    )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        ended = self._open[writer] = asyncio.Event()
        try:
            while (request := await _read(reader)) is not None:
                self.requests.append(request)
                if self.before is not None:
                    await self.before(request)
                answer = self.handler(request)
                if answer.is_silent:
                    await reader.read()
                    return
                head = {"content-length": str(len(answer.body)), **answer.headers}
                lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
                body = b"" if request.method == "HEAD" else answer.body
                writer.write(f"HTTP/1.1 {answer.status} Told\r\n{lines}\r\n".encode() + body)
                await writer.drain()
        except ConnectionError:
            pass  # the client left
        finally:
            writer.close()
            self._open.pop(writer)
            ended.set()

    async def hang_up(self) -> None:
        """Close all connections."""
        left = dict(self._open)
        for writer, ended in left.items():
            writer.transport.abort()
            await ended.wait()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *rest = head.strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return Request(method=method, target=target, headers=headers, body=body)


@asynccontextmanager
async def http_server(
    handler: Handler, *, before: Callable[[Request], Awaitable[None]] | None = None
) -> AsyncGenerator[HttpServer]:
    """Serve on a free loopback port; its name is `localhost`, so that settings can let it through or not."""
    state = HttpServer(handler=handler, before=before)
    server = await asyncio.start_server(state.serve, "127.0.0.1", 0)
    async with server:
        state.url = f"http://localhost:{server.sockets[0].getsockname()[1]}"
        try:
            yield state
        finally:
            await state.hang_up()
