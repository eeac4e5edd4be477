"""JSON as it is kept: what PostgreSQL's `jsonb` takes, whatever was sent."""

from __future__ import annotations

import re
from typing import Any, Final, TypeGuard

import msgspec

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


def decoded(text: str | bytes) -> Any:
    """Returns what a JSON document says.

    Raises:
        ValueError: It is no JSON, or nested too deep.
    """
    try:
        return _DECODER.decode(text)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def document_in(value: Any) -> tuple[bytes, Any]:
    """Returns a value as JSON, and what is in it: a text that is a JSON object or array counts as that."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return storable(value.encode()), decoded(value)
        except ValueError:
            pass
    return encoded(value), value
