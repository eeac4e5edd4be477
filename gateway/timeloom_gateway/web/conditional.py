"""Etags in headers (RFC 9110, 13): `If-Match` guards a change, `If-None-Match` spares an answer."""

from __future__ import annotations

from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.web.messages import Request

_HEADER_CHARACTERS_MAX = 100


def if_match(request: Request) -> str:
    """The etag that the resource must have; empty if any will do. Quotes may be left out."""
    text = request.optional_header(b"if-match")
    if text is None or text == "*":
        return ""
    etag = _unquote(text)
    if (
        not etag
        or len(text) > _HEADER_CHARACTERS_MAX
        or not all("!" <= character <= "~" for character in etag)
    ):
        raise InvalidFieldError.of("If-Match", 'must be one etag, such as "3f2a", or *')
    return etag


def is_known(request: Request, etag: str) -> bool:
    """Whether the client has the resource of this etag already."""
    text = request.header(b"if-none-match")
    return bool(text and etag) and (text == "*" or any(_unquote(part) == etag for part in text.split(",")))


def quoted(etag: str) -> str:
    """An etag as the header shows it."""
    return f'"{etag}"'


def _unquote(text: str) -> str:
    """The etag itself, weak or strong."""
    text = text.strip().removeprefix("W/")
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text
