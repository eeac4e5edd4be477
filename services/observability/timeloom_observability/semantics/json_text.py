"""JSON as it is kept: what PostgreSQL's `jsonb` takes, whatever was sent."""

from __future__ import annotations

import re
from typing import Any, Final, TypeGuard

import msgspec

from timeloom_observability.limits import DOCUMENT_DEPTH_MAX

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder()
_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a value of JSON is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether a value of JSON is an array."""
    return isinstance(value, list)


def encoded(value: Any) -> bytes:
    """Returns a value as JSON."""
    return storable(_ENCODER.encode(value))


def storable(document: bytes) -> bytes:
    """Returns JSON without the one character that `jsonb` refuses."""
    return _NUL.sub(rb"\1\\ufffd", document) if b"\\u0000" in document else document


def decoded(text: str) -> Any:
    """Returns what a JSON document says.

    Raises:
        ValueError: It is no JSON, or nested too deep.
    """
    try:
        value = _DECODER.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if text.count("{") + text.count("[") > DOCUMENT_DEPTH_MAX and _is_too_deep(value):
        raise ValueError(f"nested more than {DOCUMENT_DEPTH_MAX} deep")
    return value


def value_in(document: bytes) -> Any:
    """Returns what is in JSON that is kept; what is nested too deep to be read is its text."""
    text = document.decode()
    try:
        return decoded(text)
    except ValueError:
        return text


def _is_too_deep(value: Any) -> bool:
    """Whether a value is nested more than may be, found level by level."""
    level = [value]
    for _ in range(DOCUMENT_DEPTH_MAX):
        level = [
            item
            for held in level
            if isinstance(held, dict | list)
            for item in (held.values() if isinstance(held, dict) else held)
        ]
        if not level:
            return False
    return any(isinstance(held, dict | list) for held in level)


def document_in(value: Any) -> tuple[bytes, Any]:
    """Returns a value as JSON, and what is in it: a text that is a JSON object or array counts as that."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return storable(value.encode()), decoded(value)
        except ValueError:
            pass
    return encoded(value), value
