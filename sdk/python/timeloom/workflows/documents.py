"""Values of Python as JSON documents, and back.

What a step returns is what its JSON says: it is written, and read again as the type that the function's
return annotation names, before the workflow gets it. So it is the same in the first run as in all later ones.
Dataclasses, msgspec structs, pydantic models, datetimes (RFC 3339), UUIDs, enums, sets and bytes (base64)
may be written; where no annotation names such a type they come back as what JSON has for them.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any, Final, cast

import msgspec

Reader = Callable[[bytes], Any]

_decode: Final = msgspec.json.Decoder().decode


def _plain(value: Any) -> Any:
    dump: Callable[..., Any] | None = getattr(cast("Any", type(value)), "model_dump", None)
    if dump is not None:  # a pydantic model
        return dump(value, mode="json")
    raise TypeError(f"{_kind_of(value)} is nothing that JSON can say")


def _kind_of(value: Any) -> str:
    return str(cast("Any", type(value)).__name__)


def _shown(value: Any) -> Any:
    try:
        return _plain(value)
    except TypeError:
        return f"<{_kind_of(value)}>"


_encode: Final = msgspec.json.Encoder(enc_hook=_plain).encode
_encode_shown: Final = msgspec.json.Encoder(enc_hook=_shown).encode


def written(value: Any) -> bytes:
    """Return the JSON of a value; nothing for None.

    Raises:
        TypeError: JSON cannot say it.
    """
    if value is None:
        return b""
    try:
        return _encode(value)
    except (OverflowError, UnicodeEncodeError, RecursionError, msgspec.EncodeError) as error:
        raise TypeError(f"the value is not JSON: {error}") from error


def shown(value: Any) -> bytes:
    """Return the JSON of what a step was given, for people: what JSON cannot say is named."""
    try:
        return _encode_shown(value)
    except (TypeError, OverflowError, UnicodeEncodeError, RecursionError, msgspec.EncodeError):
        return b""


def parsed(document: bytes) -> Any:
    """Return the value of a JSON document; None if there is none."""
    return _decode(document) if document else None


def reader_of(annotation: Any) -> Reader:
    """Return how documents are read as a type; as plain JSON if it is none that can be read."""
    if annotation in (Any, None, type(None), inspect.Parameter.empty, object):
        return parsed
    validate = getattr(annotation, "model_validate_json", None)
    if validate is not None:
        return _lenient(validate)
    try:
        return _lenient(msgspec.json.Decoder(annotation).decode)
    except TypeError:
        return parsed


def _lenient(read: Reader) -> Reader:
    def reader(document: bytes) -> Any:
        if not document:
            return None
        try:
            return read(document)
        except ValueError:
            # An annotation that does not hold must not make a step fail that has done its work.
            return parsed(document)

    return reader


def schema_of(annotation: Any) -> dict[str, Any] | None:
    """Return the JSON Schema of a type; None if it is none with fields."""
    schema = getattr(annotation, "model_json_schema", None)
    if schema is not None:
        return cast("dict[str, Any]", schema())
    if not isinstance(annotation, type) or not _has_fields(annotation):
        return None
    try:
        return msgspec.json.schema(annotation)
    except TypeError:
        return None


def _has_fields(kind: type[Any]) -> bool:
    return (
        hasattr(kind, "__dataclass_fields__") or issubclass(kind, msgspec.Struct) or typing.is_typeddict(kind)
    )
