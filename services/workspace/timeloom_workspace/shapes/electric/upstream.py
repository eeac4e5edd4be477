"""Electric over HTTP: what it answers, as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpcore
import structlog

from timeloom_workspace.shapes.answers import VARY, Answer
from timeloom_workspace.shapes.errors import ShapesUnavailableError

CONNECTIONS_MAX: Final = 1000
"""How many requests are under way at a time; each client that waits for a shape of its own has one."""
CONNECT_SECONDS_MAX: Final = 5.0
SILENCE_SECONDS_MAX: Final = 120.0
"""A first snapshot may take long to begin; whoever waits for changes hears something sooner."""
_TIMEOUTS: Final = {
    "connect": CONNECT_SECONDS_MAX,
    "pool": CONNECT_SECONDS_MAX,
    "write": CONNECT_SECONDS_MAX,
    "read": SILENCE_SECONDS_MAX,
}

_PATH: Final = "/v1/shape"
_PASSED_ON: Final = frozenset({200, 204, 304, 400, 409})
_KEPT: Final = frozenset({"content-type", "cache-control", "etag", "retry-after", "x-accel-buffering"})
_KEPT_PREFIX: Final = "electric-"
_BROKEN: Final = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError)
_logger = structlog.get_logger(__name__)


class Upstream:
    """Asks Electric.

    Args:
        url: Where it is.
        secret: What it wants to be told.
    """

    def __init__(self, url: str, secret: str) -> None:
        self._target = urlsplit(url).path.rstrip("/") + _PATH
        self._origin = httpcore.URL(url)
        self._secret = secret
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX
        )
        self._closing = asyncio.Event()

    def end_streams(self) -> None:
        """Lets everybody go who waits for changes."""
        self._closing.set()

    async def close(self) -> None:
        """Closes all connections."""
        await self._pool.aclose()

    @asynccontextmanager
    async def asked(
        self, fields: Sequence[tuple[str, str]], headers: Mapping[str, str], *, is_live: bool
    ) -> AsyncGenerator[Answer]:
        """What Electric answers; whoever waits for changes is let go when the service is about to leave.

        Raises:
            ShapesUnavailableError: It does not answer, or with what no client should see.
        """
        closing = asyncio.create_task(self._closing.wait() if is_live else asyncio.Event().wait())
        response: httpcore.Response | None = None
        try:
            response = await self._answered(fields, headers, closing)
            self._require(response)
            yield Answer(status=response.status, headers=_kept(response), parts=_parts(response, closing))
        finally:
            closing.cancel()
            if response is not None:
                with suppress(*_BROKEN):
                    await response.aclose()

    async def _answered(
        self, fields: Sequence[tuple[str, str]], headers: Mapping[str, str], closing: asyncio.Task[bool]
    ) -> httpcore.Response:
        query = urlencode([*fields, *([("secret", self._secret)] if self._secret else [])])
        request = httpcore.Request(
            "GET",
            httpcore.URL(
                scheme=self._origin.scheme,
                host=self._origin.host,
                port=self._origin.port,
                target=f"{self._target}?{query}",
            ),
            headers=[("host", self._host), ("accept-encoding", "identity"), *headers.items()],
            extensions={"timeout": _TIMEOUTS},
        )
        answering = asyncio.create_task(self._pool.handle_async_request(request))
        try:
            await asyncio.wait({answering, closing}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                raise ShapesUnavailableError("The service is stopping.")
            return answering.result()
        except _BROKEN as error:
            _logger.warning("Electric does not answer", error=type(error).__name__)
            raise ShapesUnavailableError("Electric does not answer.") from error
        finally:
            answering.cancel()

    @property
    def _host(self) -> str:
        host = self._origin.host.decode("ascii")
        return host if self._origin.port is None else f"{host}:{self._origin.port}"

    @staticmethod
    def _require(response: httpcore.Response) -> None:
        if response.status in _PASSED_ON:
            return
        if response.status not in (202, 429, 503):
            _logger.warning("Electric answers with an error", status=response.status)
        wait = dict(_named(response)).get("retry-after", "")
        seconds = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 4 else 1
        raise ShapesUnavailableError("Electric does not serve shapes now.", retry_after_seconds=seconds)


async def _parts(response: httpcore.Response, closing: asyncio.Task[bool]) -> AsyncGenerator[bytes]:
    """The body; one that would go on for ever ends with the service."""
    chunks: AsyncIterator[bytes] = response.aiter_stream()
    while True:
        coming: asyncio.Task[bytes] = asyncio.create_task(_next(chunks))
        try:
            await asyncio.wait({coming, closing}, return_when=asyncio.FIRST_COMPLETED)
            chunk = coming.result() if coming.done() else b""
        except _BROKEN as error:
            raise ShapesUnavailableError("Electric ended its answer before it was whole.") from error
        finally:
            coming.cancel()
        if not chunk:
            return
        yield chunk


async def _next(chunks: AsyncIterator[bytes]) -> bytes:
    """The next part that is not empty; an empty one at the end."""
    async for chunk in chunks:
        if chunk:
            return chunk
    return b""


def _named(response: httpcore.Response) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers]


def _kept(response: httpcore.Response) -> dict[str, str]:
    kept = {name: value for name, value in _named(response) if name in _KEPT or name.startswith(_KEPT_PREFIX)}
    return {**kept, "vary": VARY}
