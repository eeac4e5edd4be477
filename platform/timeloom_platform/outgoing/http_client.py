"""HTTP to hosts that a project names: bounded in time and size, and only to where we may connect.

It stands on httpcore rather than on a client of httpx, because only there the connection itself is ours to
make: the address that is connected to is the one that was checked. Redirects are answers like any other,
proxies of the environment are not used, and answers are asked for uncompressed, so that the bound on their
size holds.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

import httpcore
import httpx
from msgspec import Struct

from timeloom_platform.outgoing.addresses import Addresses
from timeloom_platform.outgoing.errors import InvalidRequestError, OutgoingError

CONNECTIONS_MAX: Final = 512
IDLE_CONNECTIONS_MAX: Final = 64
IDLE_SECONDS: Final = 30.0
CONNECT_SECONDS_MAX: Final = 10.0
URL_LENGTH_MAX: Final = 16_384

_SCHEMES: Final = frozenset({"http", "https"})
# Whose values this client decides, so that nobody can make one request look like two.
_OWN_HEADERS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "upgrade", "te"}
)

Headers = Sequence[tuple[str, str]]


class HttpAnswer(Struct, frozen=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def retry_after_seconds(self) -> float | None:
        """When to come back, as the answer says; None if it says nothing."""
        value = self.headers.get("retry-after", "").strip()
        if value.isdecimal():
            return float(value)
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        return max(((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds(), 0.0)


class HttpClient:
    """Keeps connections; closed by its owner."""

    def __init__(
        self, addresses: Addresses, *, user_agent: str, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        """Take its habits.

        Args:
            addresses: What may be connected to.
            user_agent: What it calls itself.
            ssl_context: Which certificates are believed; the usual ones if None.
        """
        self._defaults = (("user-agent", user_agent), ("accept", "*/*"))
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context or httpx.create_ssl_context(),
            max_connections=CONNECTIONS_MAX,
            max_keepalive_connections=IDLE_CONNECTIONS_MAX,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=_CheckedBackend(addresses),
        )

    async def request(
        self,
        method: str,
        url: httpx.URL,
        *,
        headers: Headers = (),
        content: bytes = b"",
        timeout_seconds: float,
        answer_bytes_max: int,
    ) -> HttpAnswer:
        """Make a request and return its answer, whatever its status.

        Raises:
            OutgoingError: The host cannot be reached, says nothing in time, or says too much.
        """
        waits: dict[str, float] = dict.fromkeys(("read", "write", "pool"), timeout_seconds)
        waits["connect"] = min(timeout_seconds, CONNECT_SECONDS_MAX)
        try:
            async with self._answering(method, url, headers, content, waits) as answer:
                body = await _bounded(answer.aiter_stream(), answer_bytes_max)
        except httpcore.TimeoutException:
            raise OutgoingError("TimeoutError", f"{_named(method, url)} was not answered in time") from None
        except (httpcore.ProxyError, httpcore.UnsupportedProtocol):
            raise InvalidRequestError(f"{_named(method, url)} cannot be asked") from None
        except httpcore.LocalProtocolError as error:
            raise InvalidRequestError(f"{_named(method, url)} is no proper request: {error}") from None
        except (httpcore.NetworkError, httpcore.RemoteProtocolError) as error:
            reason = str(error) or type(error).__name__
            raise OutgoingError("ConnectionError", f"{_named(method, url)} failed: {reason}") from None
        told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        return HttpAnswer(answer.status, told, body)

    async def close(self) -> None:
        """Close its connections."""
        await self._pool.aclose()

    @asynccontextmanager
    async def _answering(
        self, method: str, url: httpx.URL, headers: Headers, content: bytes, waits: Mapping[str, float]
    ) -> AsyncGenerator[httpcore.Response]:
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        async with self._pool.stream(
            method,
            target,
            headers=_encoded(url, [*_missing(self._defaults, headers), *headers], content),
            content=content,
            extensions={"timeout": dict(waits)},
        ) as answer:
            yield answer


def parsed_url(text: str, query: Sequence[tuple[str, str]] = ()) -> httpx.URL:
    """Return a URL of HTTP, with more parameters in its query.

    Raises:
        InvalidRequestError: It is not one.
    """
    if len(text) > URL_LENGTH_MAX:
        raise InvalidRequestError(f"`url` must have at most {URL_LENGTH_MAX:,} characters")
    try:
        url = httpx.URL(text)
        url = url.copy_merge_params(httpx.QueryParams(list(query))) if query else url
    except (httpx.InvalidURL, UnicodeError):
        raise InvalidRequestError("`url` is not a URL") from None
    if url.scheme not in _SCHEMES or not url.host:
        raise InvalidRequestError("`url` must begin with http:// or https:// and name a host")
    if url.userinfo:
        raise InvalidRequestError("`url` must have no user and no password: give the header `Authorization`")
    return url


def _encoded(url: httpx.URL, headers: Headers, content: bytes) -> list[tuple[bytes, bytes]]:
    for name, _ in headers:
        if name in _OWN_HEADERS:
            raise InvalidRequestError(f"The header `{name}` cannot be given")
    own = [("host", url.netloc.decode("ascii")), ("accept-encoding", "identity")]
    if content:
        own.append(("content-length", str(len(content))))
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in (*own, *headers)]


def _missing(defaults: Headers, headers: Headers) -> Headers:
    given = {name for name, _ in headers}
    return [(name, value) for name, value in defaults if name not in given]


async def _bounded(chunks: AsyncIterator[bytes], bytes_max: int) -> bytes:
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > bytes_max:
            raise OutgoingError(
                "AnswerTooLargeError", f"The answer has more than {bytes_max:,} bytes", is_final=True
            )
    return bytes(content)


def _named(method: str, url: httpx.URL) -> str:
    """Return what was asked, without the query: it may hold what nobody should read."""
    return f"{method} {url.scheme}://{url.netloc.decode('ascii')}{url.path}"


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were looked up and checked."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._inner: httpcore.AsyncNetworkBackend = cast("Any", httpcore.AnyIOBackend)()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in await self._addresses.lookup(host, port):
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None, "a lookup finds at least one address"
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        del path, timeout, socket_options
        raise httpcore.UnsupportedProtocol("no sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
