"""The cookies of a session: one that only the server reads, and one for the console's own scripts."""

from __future__ import annotations

from timeloom_gateway.security.sessions import COOKIE_SECONDS, OpenSession
from timeloom_platform.web.messages import Request


class Cookies:
    """Names and attributes of the cookies; `__Host-` binds them to HTTPS and to this very host."""

    def __init__(self, *, is_secure: bool) -> None:
        prefix = "__Host-" if is_secure else ""
        self._session_name = f"{prefix}timeloom_session"
        self._csrf_name = f"{prefix}timeloom_csrf"
        self._attributes = f"Path=/; SameSite=Strict{'; Secure' if is_secure else ''}"

    def session_of(self, request: Request) -> str:
        """The session cookie; empty if the request has none."""
        return request.cookies.get(self._session_name, "")

    def csrf_of(self, request: Request) -> str:
        """The cookie that the page's script repeats in the header `X-CSRF-Token`."""
        return request.cookies.get(self._csrf_name, "")

    def set_headers(self, opened: OpenSession) -> list[tuple[bytes, bytes]]:
        """Gives the browser both cookies."""
        lifetime = f"Max-Age={COOKIE_SECONDS}"
        return [
            _set_cookie(
                f"{self._session_name}={opened.new_cookie}; {self._attributes}; {lifetime}; HttpOnly"
            ),
            _set_cookie(f"{self._csrf_name}={opened.csrf_token}; {self._attributes}; {lifetime}"),
        ]

    def clear_headers(self) -> list[tuple[bytes, bytes]]:
        """Takes both cookies away."""
        return [
            _set_cookie(f"{name}=; {self._attributes}; Max-Age=0")
            for name in (self._session_name, self._csrf_name)
        ]


def _set_cookie(text: str) -> tuple[bytes, bytes]:
    return b"set-cookie", text.encode("ascii")
