r"""Canonical JSON: one sequence of bytes for one value.

The form, in full:

- UTF-8 without white space; strings hold no escapes but those that JSON demands, control characters as
  ``\u00xx`` or their short escape.
- The members of an object are sorted by the code points of their names; no name occurs twice.
- Integers are written exactly, whatever their size (up to ``MAX_INTEGER_DIGITS`` digits). ``-0`` is the
  integer 0.
- Floats are 64-bit and written in the shortest form that reads back to the same bits, always with a ``.`` or
  an ``e``, so that ``1.0`` stays apart from ``1``; ``-0.0`` keeps its sign. NaN and the infinities are
  refused.
- Lone surrogates are refused, and so is nesting deeper than ``MAX_DEPTH``.

RFC 8785 (JCS) is the model, but not to the letter. It turns every number into a double, which would change
what was
recorded: ``9007199254740993`` would become another number, and ``1.0`` an integer. It also sorts names by
UTF-16 code units, an order that no UTF-8 implementation has at hand. Where a document holds only integers
below 2**53 in magnitude and names within the Basic Multilingual Plane, the two forms are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final

import msgspec

from timeloom.state import pointer
from timeloom.state._kinds import is_list, is_object, kind_of

MAX_DEPTH: Final = 256
"""How many objects and lists may stand within one another."""

MAX_INTEGER_DIGITS: Final = 4300
"""How long an integer may be: what Python converts without a quadratic cost."""

_MAX_INTEGER_BITS: Final = 14_284  # 10**4300 has 14,285 bits
_ESCAPED_COLONS: Final = (b"\\u003a", b"\\u003A")

encode_trusted: Final = msgspec.json.Encoder(order="deterministic").encode
"""Encodes a value that `decode` or `normalize` returned; nothing is checked again."""

decode_trusted: Final[Callable[[bytes], Any]] = msgspec.json.Decoder().decode
"""Decodes bytes that `encode` returned; nothing but the syntax is checked."""


class CanonicalError(ValueError):
    """The value or document cannot be put into canonical form.

    Attributes:
        path: where the offence lies, as keys and indexes from the root.
        problem: what is wrong there.
    """

    def __init__(self, problem: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(problem, path)
        self.problem = problem
        self.path = path

    def __str__(self) -> str:
        return f"{self.problem} (at {pointer.format_path(self.path)})" if self.path else self.problem

    def within(self, key: str | int) -> CanonicalError:
        """Returns the same error as its container sees it."""
        return type(self)(self.problem, (key, *self.path))


def encode(value: Any) -> bytes:
    """Encodes a value of Python.

    Raises:
        CanonicalError: it, or something in it, has no canonical form.
    """
    return encode_trusted(normalize(value))


def decode(data: bytes) -> Any:
    """Decodes a JSON document, canonical or not, that may come from anywhere.

    Raises:
        CanonicalError: it is not JSON, or has no canonical form.
    """
    try:
        value = decode_trusted(data)
        refuse_duplicate_names(data, encode_trusted(value))
    except RecursionError:
        raise CanonicalError(_TOO_DEEP) from None
    except UnicodeDecodeError as error:
        raise CanonicalError(f"a string is not UTF-8: {error.reason}") from None
    except msgspec.DecodeError as error:
        raise CanonicalError(str(error)) from None
    if may_be_too_deep(data) and depth_of(value) > MAX_DEPTH:
        raise CanonicalError(_TOO_DEEP)
    return value


def normalize(value: Any, *, default: Callable[[Any], Any] | None = None, max_depth: int = MAX_DEPTH) -> Any:
    """Returns a deep copy of nothing but JSON types: tuples become lists, enums their values.

    Args:
        value: what to copy; it is left as it is.
        default: turns a value of any other type into one of JSON's, as in `json.dumps`.
        max_depth: how deep it may be.

    Raises:
        CanonicalError: it, or something in it, has no canonical form; the error names the place.
    """
    try:
        return _copy(value, max_depth, default)
    except RecursionError:
        raise CanonicalError(_TOO_DEEP) from None


def depth_of(value: Any) -> int:
    """Counts the levels of objects and lists in a value; none in a plain one. Stops above `MAX_DEPTH`."""
    level: list[Any] = [value] if kind_of(value) is dict or kind_of(value) is list else []
    depth = 0
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            item
            for container in level
            for item in (container.values() if kind_of(container) is dict else container)
            if kind_of(item) is dict or kind_of(item) is list
        ]
    return depth


def may_be_too_deep(data: bytes) -> bool:
    """Tells quickly, and on the safe side, whether a document might be nested deeper than `MAX_DEPTH`."""
    return data.count(b"[") + data.count(b"{") > MAX_DEPTH


def refuse_duplicate_names(data: bytes, encoded: bytes) -> None:
    """Refuses a document in which an object has a name twice.

    A decoder drops the first of two equal names. What is encoded again then lacks at least the colon after
    it, and nothing but an escaped colon adds one; so counting finds every duplicate at the speed of memory.

    Args:
        data: the document as it came.
        encoded: the canonical form of what was decoded from it.

    Raises:
        CanonicalError: a name occurs twice in one object.
    """
    if len(data) == len(encoded) and data == encoded:
        return
    if any(escaped in data for escaped in _ESCAPED_COLONS):
        _decode_pairs(data)
    elif data.count(b":") != encoded.count(b":"):
        raise CanonicalError("an object has the same name twice")


_TOO_DEEP: Final = f"the document is nested deeper than {MAX_DEPTH} levels"


def _decode_pairs(data: bytes) -> None:
    """The slow way to find duplicates, for documents with escaped colons."""
    import json  # noqa: PLC0415 - needed for next to no document

    def collect(pairs: list[tuple[str, object]]) -> object:
        if len({name for name, _ in pairs}) != len(pairs):
            raise CanonicalError("an object has the same name twice")
        return None

    json.loads(data, object_pairs_hook=collect)


def _copy(value: Any, room: int, default: Callable[[Any], Any] | None) -> Any:  # noqa: PLR0911 - a case a type
    kind = kind_of(value)
    if kind is str:
        return value if value.isascii() else _checked_text(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return _checked_integer(value)
    if kind is float:
        return _checked_float(value)
    if kind is dict:
        return _copy_object(value, room, default)
    if kind is list or kind is tuple:
        return _copy_list(value, room, default)
    return _copy_unusual(value, room, default)


def _copy_object(value: Mapping[Any, Any], room: int, default: Callable[[Any], Any] | None) -> dict[str, Any]:
    if room <= 0:
        raise CanonicalError(_TOO_DEEP)
    result: dict[str, Any] = {}
    name: Any = ""
    try:
        for name, item in value.items():
            result[checked_name(name)] = _copy(item, room - 1, default)
    except CanonicalError as error:
        raise error.within(name if isinstance(name, str) else repr(name)) from None
    return result


def _copy_list(value: Sequence[Any], room: int, default: Callable[[Any], Any] | None) -> list[Any]:
    if room <= 0:
        raise CanonicalError(_TOO_DEEP)
    result: list[Any] = []
    try:
        for item in value:
            result.append(_copy(item, room - 1, default))  # noqa: PERF401 - its length tells where an error lies
    except CanonicalError as error:
        raise error.within(len(result)) from None
    return result


def _copy_unusual(value: Any, room: int, default: Callable[[Any], Any] | None) -> Any:  # noqa: PLR0911 - as above
    if isinstance(value, Enum):
        return _copy(value.value, room, default)
    if isinstance(value, str):
        return _checked_text(str.__str__(value))
    if isinstance(value, int):
        return _checked_integer(int(value))
    if isinstance(value, float):
        return _checked_float(float(value))
    if is_object(value):
        return _copy_object(value, room, default)
    if is_list(value):
        return _copy_list(value, room, default)
    if default is not None and room > 0:
        return _copy(default(value), room - 1, default)
    raise CanonicalError(f"a value of type {type(value).__name__} has no form in JSON")


def checked_name(name: Any) -> str:
    """Returns an object's name as a plain string.

    Raises:
        CanonicalError: it is no string, or not one that UTF-8 can hold.
    """
    if kind_of(name) is str:
        return name if name.isascii() else _checked_text(name)
    if isinstance(name, Enum):
        return checked_name(name.value)
    if isinstance(name, str):
        return _checked_text(str.__str__(name))
    raise CanonicalError(f"the name of a member is a {type(name).__name__}, not a string")


def _checked_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise CanonicalError("a string holds a lone surrogate") from None
    return text


def _checked_integer(number: int) -> int:
    if number.bit_length() > _MAX_INTEGER_BITS:
        raise CanonicalError(f"an integer has more than {MAX_INTEGER_DIGITS} digits")
    return number


def _checked_float(number: float) -> float:
    if not math.isfinite(number):
        raise CanonicalError(f"{number} is no number in JSON")
    return number
