"""A crowd of live clients on one shape, light enough that a test can hold a thousand of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from timeloom_platform.testing import eventually

_TOO_MANY_REQUESTS = 429
_CONNECT_LIMIT_SECONDS = 30.0
_AT_ONCE = 50
_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where in a shape a client is."""

    handle: str
    offset: str
    cursor: str = ""


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Clients that wait for changes, each on a connection of its own.

    Attributes:
        arrivals: For each text that was looked for, when each client had it.
        requests: How many requests were answered or begun.
    """

    http_url: str
    api_key: str
    shape: Mapping[str, str]
    size: int
    is_by_events: bool
    markers: tuple[bytes, ...]
    arrivals: dict[bytes, list[float]] = field(default_factory=dict[bytes, list[float]])
    requests: int = 0
    waiting: int = 0

    @asynccontextmanager
    async def waiting_from(self, position: Position) -> AsyncIterator[None]:
        """Lets all clients wait for changes after a position, and go on waiting."""
        self.arrivals = {marker: [] for marker in self.markers}
        begin = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._live(position, begin)) for _ in range(self.size)]
            yield
            for task in tasks:
                task.cancel()

    async def until_waiting(self, *, timeout_seconds: float) -> None:
        """Waits until all have asked; of events, until all have the head of the answer."""
        await eventually(lambda: self.waiting == self.size, timeout_seconds=timeout_seconds)

    async def until(self, marker: bytes, *, timeout_seconds: float) -> list[float]:
        """Waits until each client has had the text, and returns when they had."""
        arrivals = self.arrivals[marker]
        await eventually(lambda: len(arrivals) >= self.size, timeout_seconds=timeout_seconds)
        return arrivals

    async def _live(self, position: Position, begin: asyncio.Semaphore) -> None:
        place = urlsplit(self.http_url)
        async with begin, asyncio.timeout(_CONNECT_LIMIT_SECONDS):
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            self._ask(writer, position)
            self.waiting += not self.is_by_events
        try:
            while True:
                status, head = await self._head(reader)
                if status == _TOO_MANY_REQUESTS:
                    await self._body(reader, head)
                    await asyncio.sleep(float(head.get("retry-after", "1")))
                    self._ask(writer, position)
                    continue
                if self.is_by_events:
                    self.waiting += 1
                    await self._watch(reader)
                body = await self._body(reader, head)
                self._look(body, time.perf_counter())
                position = Position(
                    handle=head["electric-handle"],
                    offset=head["electric-offset"],
                    cursor=head.get("electric-cursor", ""),
                )
                self._ask(writer, position)
        finally:
            writer.close()

    def _ask(self, writer: asyncio.StreamWriter, position: Position) -> None:
        query = {
            **self.shape,
            "handle": position.handle,
            "offset": position.offset,
            "live": "true",
            **({"cursor": position.cursor} if position.cursor else {}),
            **({"live_sse": "true"} if self.is_by_events else {}),
        }
        writer.write(
            f"GET /v1/shape?{urlencode(query)} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {self.api_key}\r\n\r\n".encode()
        )
        self.requests += 1

    @staticmethod
    async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        assert status in {200, 204, _TOO_MANY_REQUESTS}, lines[0]
        pairs = (line.split(": ", 1) for line in lines[1:] if line)
        return status, {name.lower(): value for name, value in pairs}

    @staticmethod
    async def _body(reader: asyncio.StreamReader, head: Mapping[str, str]) -> bytes:
        if "content-length" in head:
            return await reader.readexactly(int(head["content-length"]))
        parts: list[bytes] = []
        while head.get("transfer-encoding") == "chunked":
            size = int(await reader.readuntil(b"\r\n"), 16)
            parts.append(await reader.readexactly(size))
            await reader.readexactly(2)
            if not size:
                break
        return b"".join(parts)

    async def _watch(self, reader: asyncio.StreamReader) -> None:
        """Looks at events as they come, until the server ends them."""
        kept = b""
        while part := await reader.read(_CHUNK_BYTES):
            now = time.perf_counter()
            kept += part
            # Only whole events: a text may come in two parts.
            whole, _, kept = kept.rpartition(b"\n")
            self._look(whole, now)
        raise ConnectionError("the server ended the events")

    def _look(self, text: bytes, now: float) -> None:
        for marker in self.markers:
            self.arrivals[marker] += [now] * text.count(marker)
