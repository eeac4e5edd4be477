"""JSON documents in records: taken in a form that PostgreSQL keeps, and patched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias, cast

import msgspec

from timeloom_platform.errors import InvalidFieldError, MalformedJsonError
from timeloom_workspace.records.tables import Field

DEPTH_MAX: Final = 100
"""How deeply lists and objects may lie in one another."""

NULL: Final = "null"

_Object: TypeAlias = dict[str, Any]
_KINDS: Final[dict[type, str]] = {dict: "a JSON object", list: "a JSON array"}


def parsed(name: str, raw: bytes | str) -> Any:
    """Reads JSON.

    Raises:
        MalformedJsonError: It is none.
        InvalidFieldError: It is nested too deeply to be read.
    """
    try:
        return msgspec.json.decode(raw)
    except RecursionError:
        raise _too_deep(name) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedJsonError(f"{name} is no JSON document: {_reason(error)}.") from None


def decoded(name: str, raw: bytes | str) -> Any:
    """Reads a document that is to be kept.

    Raises:
        MalformedJsonError: It is none.
        InvalidFieldError: It has what PostgreSQL does not keep.
    """
    value = parsed(name, raw)
    _check(name, value, depth=0, may_hold_nul="\\u0000" in raw if isinstance(raw, str) else b"\\u0000" in raw)
    return value


def encoded(name: str, value: object, *, kind: type, bytes_max: int) -> str:
    """Writes a document.

    Raises:
        InvalidFieldError: It is of another kind, or too large.
    """
    if not isinstance(value, kind):
        raise InvalidFieldError.of(name, f"must be {_KINDS[kind]}")
    text = msgspec.json.encode(value)
    if len(text) > bytes_max:
        raise InvalidFieldError.of(name, f"has {len(text)} bytes; at most {bytes_max} are allowed")
    return text.decode()


def patched(target: Any, patch: Any) -> Any:
    """Returns a value with a merge patch (RFC 7396) applied to it."""
    if not isinstance(patch, dict):
        return patch
    result: _Object = dict(cast("_Object", target)) if isinstance(target, dict) else {}
    for name, value in cast("_Object", patch).items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = patched(result.get(name), value)
    return result


def encoded_patched(field: Field, document: str | None, patch: object) -> str:
    """Returns a field's document with a merge patch applied to it.

    Raises:
        InvalidFieldError: What comes out is of another kind, or too large.
    """
    target = None if document is None else msgspec.json.decode(document)
    return encoded(field.json_name, patched(target, patch), kind=field.document, bytes_max=field.size_max)


def refuse_nul(name: str, text: str) -> None:
    """Refuses the one character that PostgreSQL keeps in no text.

    Raises:
        InvalidFieldError: The text has it.
    """
    if "\x00" in text:
        raise InvalidFieldError.of(name, "must not contain the character U+0000")


def _check(name: str, value: Any, *, depth: int, may_hold_nul: bool) -> None:
    if isinstance(value, str):
        if may_hold_nul:
            refuse_nul(name, value)
        return
    if not isinstance(value, dict | list):
        return
    if depth == DEPTH_MAX:
        raise _too_deep(name)
    if isinstance(value, dict) and may_hold_nul:
        for key in cast("_Object", value):
            refuse_nul(name, key)
    members = cast("Iterable[Any]", value.values() if isinstance(value, dict) else value)
    for each in members:
        # Most of a document is text and numbers: a call for each would cost more than reading it.
        if may_hold_nul or isinstance(each, dict | list):
            _check(name, each, depth=depth + 1, may_hold_nul=may_hold_nul)


def _too_deep(name: str) -> InvalidFieldError:
    return InvalidFieldError.of(name, f"is nested more than {DEPTH_MAX} levels deep")


def _reason(error: Exception) -> str:
    # What the decoder says of a character may quote it: only the place is told.
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(error).removeprefix("JSON is malformed: ").rstrip(".")
