"""Files that belong to this package, read once."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from importlib.resources import files

from timeloom_platform.web.messages import Reply

HTML = "text/html; charset=utf-8"

_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_TYPES = {".html": HTML, ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


def asset(name: str) -> Reply:
    """The answer that shows a file of this package."""
    file = files("timeloom_gateway.pages").joinpath("static", name)
    return Reply(
        body=file.read_bytes(),
        content_type=_TYPES[name[name.rindex(".") :]],
        headers={"content-security-policy": _POLICY, "cache-control": "no-cache"},
    )


def shared_asset(name: str) -> Reply:
    """As `asset`, for pages of every origin, also those that are isolated from others."""
    reply = asset(name)
    return replace(reply, headers={**reply.headers, "cross-origin-resource-policy": "cross-origin"})


def notice(title: str, text: str, *, status: int = 200) -> Reply:
    """A small page that says one thing and leads to the documentation."""
    page = asset("notice.html")
    filled = page.body.decode().replace("{title}", escape(title)).replace("{text}", escape(text))
    return Reply(status=status, body=filled.encode(), content_type=HTML, headers=page.headers)
