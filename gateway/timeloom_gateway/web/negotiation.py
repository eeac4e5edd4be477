"""Media types: what a request's body is, and what the client wants back (RFC 9110, 12)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from timeloom_gateway.web.errors import NotAcceptableError, UnsupportedMediaTypeError
from timeloom_platform.web.messages import Request

JSON = "application/json"
EVENT_STREAM = "text/event-stream"
NDJSON = "application/x-ndjson"
OCTET_STREAM = "application/octet-stream"
ANY_TYPE = "*/*"

_ACCEPT_CHARACTERS_MAX = 1000


def require_json(request: Request) -> None:
    """UnsupportedMediaTypeError unless the body is JSON, by its type or for the lack of one."""
    content_type = request.header(b"content-type")
    if content_type != JSON and content_type and not _is_json(content_type):
        raise UnsupportedMediaTypeError(f"The body must be {JSON}; it is {content_type[:100]}.")
    _refuse_encoding(request)


def require_file(request: Request, media_type: str) -> None:
    """UnsupportedMediaTypeError unless the body is such a file, or plain bytes, or has no type."""
    content_type = request.header(b"content-type")
    if content_type.partition(";")[0].strip().lower() not in ("", media_type, OCTET_STREAM):
        raise UnsupportedMediaTypeError(
            f"The body must be {media_type} or {OCTET_STREAM}; it is {content_type[:100]}."
        )
    _refuse_encoding(request)


def _refuse_encoding(request: Request) -> None:
    encoding = request.header(b"content-encoding")
    if encoding and encoding.lower() != "identity":
        raise UnsupportedMediaTypeError(f"The body must not be compressed; it is {encoding[:100]}.")


def choose(request: Request, offers: Sequence[str]) -> str:
    """The offer that the client likes best, the first of equals; NotAcceptableError if it likes none."""
    accept = request.header(b"accept")
    if not accept or accept in ("*/*", offers[0]):
        return offers[0]
    chosen = _choose(accept[:_ACCEPT_CHARACTERS_MAX], tuple(offers))
    if not chosen:
        raise NotAcceptableError(f"This route answers {' or '.join(offers)}.")
    return chosen


@lru_cache(maxsize=256)
def _is_json(content_type: str) -> bool:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    kind, _, subtype = media_type.partition("/")
    charsets = [each.partition("=")[2].strip('"') for each in parameters if each.startswith("charset=")]
    is_json = kind == "application" and (subtype == "json" or subtype.endswith("+json"))
    return is_json and all(charset in ("utf-8", "utf8") for charset in charsets)


@lru_cache(maxsize=256)
def _choose(accept: str, offers: tuple[str, ...]) -> str:
    ranges = [_parse_range(part) for part in accept.split(",")]
    best, best_quality = "", 0.0
    for offer in offers:
        # The most specific range that fits decides; browsers send several.
        fitting = [(specificity, quality) for media, specificity, quality in ranges if _fits(media, offer)]
        quality = max(fitting)[1] if fitting else 0.0
        if quality > best_quality:
            best, best_quality = offer, quality
    return best


def _parse_range(text: str) -> tuple[str, int, float]:
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = min(max(float(value), 0.0), 1.0)
            except ValueError:
                quality = 0.0
    specificity = 2 - media.count("*")
    return media, specificity, quality


def _fits(media: str, offer: str) -> bool:
    return media in ("*/*", offer) or (media.endswith("/*") and offer.startswith(media[:-1]))
