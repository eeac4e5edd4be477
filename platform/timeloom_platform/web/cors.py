"""Cross-origin requests (the Fetch standard, 3.2): which web pages may call the API with an API key.

Cookies are never allowed across origins, so a page elsewhere cannot use the console's session.
"""

from __future__ import annotations

from collections.abc import Sequence

from timeloom_platform.web.messages import Reply, Request

PREFLIGHT_SECONDS = 600
ANY = "*"


class Cors:
    """Allows the origins of the settings; `*` allows every one.

    Args:
        origins: Separated by commas; none if empty.
        methods: That pages may call.
        request_headers: That they may send.
        exposed: The headers of answers that they may read.
    """

    def __init__(
        self,
        origins: str,
        *,
        methods: Sequence[str],
        request_headers: Sequence[str],
        exposed: Sequence[str] = (),
    ) -> None:
        self._origins = frozenset(origin.strip() for origin in origins.split(",") if origin.strip())
        self._exposed = ", ".join(exposed).encode()
        self._preflight = {
            "access-control-allow-methods": ", ".join(methods),
            "access-control-allow-headers": ", ".join(request_headers),
            "access-control-max-age": str(PREFLIGHT_SECONDS),
        }

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
            *([(b"access-control-expose-headers", self._exposed)] if self._exposed else []),
        ]

    def preflight(self, request: Request) -> Reply | None:
        """The answer to a browser that asks first; None if it does not."""
        asks = request.method == "OPTIONS" and request.header(b"access-control-request-method")
        if not asks or not self.allows(request.header(b"origin")):
            return None
        return Reply(status=204, headers=self._preflight)
