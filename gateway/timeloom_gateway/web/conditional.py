"""Etags in headers (RFC 9110, 13): `If-Match` guards a change, `If-None-Match` spares an answer."""

from __future__ import annotations

from timeloom_gateway.web.messages import Request
from timeloom_platform.errors import InvalidFieldError

_ETAG_CHARACTERS_MAX = 100


def if_match(request: Request) -> str:
    """The etag that the resource must have; empty if any will do."""
    text = request.header(b"if-match")
    if text in ("", "*"):
        return ""
    etag = _unquote(text)
    if etag is None:
        raise InvalidFieldError.of("If-Match", 'must be one etag in quotes, such as "3f2a", or *')
    return etag


def is_known(request: Request, etag: str) -> bool:
    """Whether the client has the resource of this etag already."""
    text = request.header(b"if-none-match")
    return bool(text and etag) and (text == "*" or any(_unquote(part) == etag for part in text.split(",")))


def quoted(etag: str) -> str:
    """An etag as the header shows it."""
    return f'"{etag}"'


def _unquote(text: str) -> str | None:
    """The etag within the quotes, weak or strong; None if it is malformed."""
    text = text.strip().removeprefix("W/")
    inner = text[1:-1]
    well_formed = len(text) >= 2 and text[0] == text[-1] == '"' and '"' not in inner
    return inner if well_formed and inner.isascii() and len(inner) <= _ETAG_CHARACTERS_MAX else None
