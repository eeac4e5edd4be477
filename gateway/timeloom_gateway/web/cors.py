"""Cross-origin requests (the Fetch standard, 3.2): which web pages may call the API with an API key.

Cookies are never allowed across origins, so a page elsewhere cannot use the console's session.
"""

from __future__ import annotations

from collections.abc import Collection

from timeloom_gateway.web.messages import Reply, Request

PREFLIGHT_SECONDS = 600
ANY = "*"

_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_REQUEST_HEADERS = (
    "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, "
    "request-timeout, traceparent, x-request-id"
)
_EXPOSED = (
    "etag, idempotency-replayed, ratelimit, ratelimit-policy, retry-after, x-request-id, "
    # What clients of shapes read.
    "electric-cursor, electric-handle, electric-offset, electric-schema, electric-up-to-date"
)


class Cors:
    """Allows the origins of the settings; `*` allows every one."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origins)

    def allows(self, origin: str) -> bool:
        """Whether a page of this origin may read the answers."""
        return ANY in self._origins or origin in self._origins

    def headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        """What an answer says to the page that asked."""
        if not self._origins:
            return []
        origin = request.header(b"origin")
        if not origin or not self.allows(origin):
            return [(b"vary", b"origin")]
        return [
            (b"vary", b"origin"),
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", _EXPOSED.encode()),
        ]

    def preflight(self, request: Request) -> Reply | None:
        """The answer to a browser that asks first; None if it does not."""
        asks = request.method == "OPTIONS" and request.header(b"access-control-request-method")
        if not asks or not self.allows(request.header(b"origin")):
            return None
        headers = {
            "access-control-allow-methods": _METHODS,
            "access-control-allow-headers": _REQUEST_HEADERS,
            "access-control-max-age": str(PREFLIGHT_SECONDS),
        }
        return Reply(status=204, headers=headers)
