"""Server streams over HTTP: server-sent events (WHATWG HTML, 9.2) or newline-delimited JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from timeloom_gateway.transcoding.rest import StreamItem
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_gateway.web.negotiation import EVENT_STREAM, NDJSON, choose
from timeloom_gateway.web.readers import Reader, until_left
from timeloom_platform.web.bodies import ClientGoneError
from timeloom_platform.web.messages import Receive, Request, Send

KEEP_ALIVE_SECONDS: Final = 15.0
STALLED_SECONDS_MAX: Final = 30.0
"""A client that takes nothing for so long is let go; it can resume."""
FIRST_ITEM_SECONDS: Final = 0.25
"""How long the answer's head waits for a first item, so that an early failure has its own status."""
RETRY_MILLISECONDS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """How items look on the wire."""

    content_type: str
    opening: bytes
    keep_alive: bytes
    item: Callable[[StreamItem], bytes]
    error: Callable[[bytes], bytes]
    ending: bytes


def sse_item(item: StreamItem) -> bytes:
    """An event: its id is where to resume."""
    head = f"id: {item.position}\n" if item.position else ""
    return f"{head}event: {item.event}\ndata: ".encode() + item.body + b"\n\n"


def _sse_error(problem: bytes) -> bytes:
    return b"event: error\ndata: " + problem + b"\n\n"


def _ndjson_item(item: StreamItem) -> bytes:
    return item.body + b"\n"


def _ndjson_error(problem: bytes) -> bytes:
    return b'{"error":' + problem + b"}\n"


SSE: Final = Framing(
    content_type=EVENT_STREAM,
    opening=f"retry: {RETRY_MILLISECONDS}\n\n".encode(),
    keep_alive=b": keep-alive\n\n",
    item=sse_item,
    error=_sse_error,
    ending=b"event: end\ndata: {}\n\n",
)
LINES: Final = Framing(
    content_type=NDJSON,
    opening=b"",
    keep_alive=b"\n",
    item=_ndjson_item,
    error=_ndjson_error,
    ending=b"",
)


class StreamRelay:
    """Sends streams to clients until they end, the client leaves, or the gateway does."""

    def __init__(self, *, metrics: HttpMetrics, closing: asyncio.Event) -> None:
        self._metrics = metrics
        self._closing = closing

    async def relay(
        self,
        request: Request,
        receive: Receive,
        send: Send,
        items: AsyncIterator[StreamItem],
        *,
        explain: Callable[[Exception], bytes],
        is_admitted: Callable[[], Awaitable[bool]],
    ) -> None:
        """Sends the items. An error before the first one is raised; a later one is told in the stream.

        Args:
            request: Its `Accept` chooses the framing.
            receive: Tells when the client leaves.
            send: Where the answer goes.
            items: The stream; it is closed when the client leaves.
            explain: The problem document of an error.
            is_admitted: Whether the client's credentials are still good; asked every minute.
        """
        framing = LINES if choose(request, (EVENT_STREAM, NDJSON)) == NDJSON else SSE
        self._metrics.admit_live_client()
        leaving = asyncio.create_task(until_left(receive, is_admitted, closing=self._closing))
        reader = Reader(items, leaving)
        try:
            first = await reader.next(timeout_seconds=FIRST_ITEM_SECONDS)
            try:
                writer = _Writer(send, framing)
                await writer.open()
                if request.method != "HEAD":
                    await self._send_all(reader, writer, first, explain)
                await writer.close()
            except TimeoutError:
                raise ClientGoneError("The client takes nothing any more.") from None
        finally:
            self._metrics.live_clients -= 1
            await reader.close()

    @staticmethod
    async def _send_all(
        reader: Reader[StreamItem],
        writer: _Writer,
        first: StreamItem | None,
        explain: Callable[[Exception], bytes],
    ) -> None:
        item = first
        try:
            while not reader.is_over:
                if item is not None:
                    await writer.send(item)
                item = await reader.next(timeout_seconds=KEEP_ALIVE_SECONDS)
                if item is None and not reader.is_over:
                    await writer.keep_alive()
            if reader.has_ended:
                await writer.end()
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 - the head is sent: the stream itself has to tell
            await writer.fail(explain(error))


class _Writer:
    """Sends frames, each within a time."""

    def __init__(self, send: Send, framing: Framing) -> None:
        self._send = send
        self._framing = framing

    async def open(self) -> None:
        headers = [
            (b"content-type", self._framing.content_type.encode()),
            (b"cache-control", b"no-store"),
            # A proxy that buffers would hold events back.
            (b"x-accel-buffering", b"no"),
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._write(self._framing.opening)

    async def send(self, item: StreamItem) -> None:
        await self._write(self._framing.item(item))

    async def keep_alive(self) -> None:
        await self._write(self._framing.keep_alive)

    async def end(self) -> None:
        await self._write(self._framing.ending)

    async def fail(self, problem: bytes) -> None:
        await self._write(self._framing.error(problem))

    async def close(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, data: bytes) -> None:
        async with asyncio.timeout(STALLED_SECONDS_MAX):
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
