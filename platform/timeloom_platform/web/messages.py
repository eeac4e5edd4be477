"""A request's head and an answer, as thin as ASGI allows: they are made for every request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from timeloom_platform.errors import InvalidFieldError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Endpoint = Callable[["Request", Receive, Send], Awaitable[None]]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Request:
    """The head of an HTTP request or of a WebSocket's handshake."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.method: str = scope.get("method", "GET")
        self.path: str = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
        self.query: str = scope["query_string"].decode("latin-1")
        self.id = ""
        self.route = ""
        """The template of the path, once it is known: what metrics count by."""
        self.answer_headers: list[tuple[bytes, bytes]] = []
        """What the answer says besides, whatever it is: such as the state of a rate limit."""
        self._headers: Mapping[bytes, bytes] = dict(scope["headers"])

    def header(self, name: bytes) -> str:
        """A header's value by its lower-case name; empty if it is absent."""
        value = self._headers.get(name)
        return value.decode("latin-1") if value is not None else ""

    def optional_header(self, name: bytes) -> str | None:
        """A header's value by its lower-case name; None if it is absent, which an empty one is not."""
        value = self._headers.get(name)
        return value.decode("latin-1") if value is not None else None

    @property
    def client_address(self) -> str:
        """The address of the peer, or of the client that a trusted proxy names."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    @property
    def origin_of_host(self) -> str:
        """The origin that this request was made to, as a browser would name it."""
        scheme = {"ws": "http", "wss": "https"}.get(self.scope["scheme"], self.scope["scheme"])
        return f"{scheme}://{self.header(b'host')}"

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """The cookies (RFC 6265, 5.4); one of another program that is malformed does not spoil ours."""
        pairs = (pair.partition("=") for pair in self.header(b"cookie").split(";"))
        return {name.strip(): value.strip() for name, _, value in pairs}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    async def send(self, send: Send) -> None:
        """Sends it."""
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        if self.body:
            headers.append((b"content-type", self.content_type.encode("latin-1")))
        if self.status not in (204, 304):
            headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def number_header(request: Request, name: str, *, above: float, at_most: float) -> float | None:
    """A header's number; None if it is absent. InvalidFieldError if it is none, or out of bounds."""
    text = request.optional_header(name.lower().encode())
    if text is None:
        return None
    try:
        value = float(text) if text.isascii() else above
    except ValueError:
        value = above
    if not above < value <= at_most:
        raise InvalidFieldError.of(name, f"must be a number above {above:g} and at most {at_most:g}")
    return value
