r"""Canonical JSON by RFC 8785 (JCS): what a browser and this client hash alike.

The names of an object are sorted by their UTF-16 code units, strings hold no escapes but those that JSON
demands, and numbers are 64-bit floats, written as ECMAScript writes them: ``1.0`` and ``1`` are the same.
`timeloom.state.canonical` is another form, which keeps what was recorded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from timeloom.state._kinds import is_list, is_object, kind_of

MAX_DEPTH: Final = 128
"""How many objects and lists may stand within one another."""

_SAFE_INTEGER: Final = 2**53
_EXPONENT_FIXED_MAX: Final = 21
_EXPONENT_FIXED_MIN: Final = -6
_TOO_DEEP: Final = f"it is nested deeper than {MAX_DEPTH} levels"


class UnrepresentableError(ValueError):
    """The value has no canonical form; the message says why and never what it contains."""


def encode(value: Any) -> bytes:
    """Return the canonical form of a value that a JSON decoder returned.

    Raises:
        UnrepresentableError: A number is no double, a string has a lone surrogate, or it is too deep.
    """
    parts: list[str] = []
    _write(value, parts.append, MAX_DEPTH)
    try:
        return "".join(parts).encode()
    except UnicodeEncodeError:
        raise UnrepresentableError("a string holds a lone surrogate") from None


def number(value: float) -> str:
    """Return a number as ECMAScript writes it (ECMA-262, Number::toString).

    Raises:
        UnrepresentableError: It is not finite, or an integer that no 64-bit float is.
    """
    if kind_of(value) is int:
        return str(value) if -_SAFE_INTEGER < value < _SAFE_INTEGER else _large_integer(int(value))
    if not math.isfinite(value):
        raise UnrepresentableError("a number is not finite")
    return _float(value)


def _write(value: Any, put: Any, room: int) -> None:
    kind = kind_of(value)
    if kind is str:
        put(json.dumps(value, ensure_ascii=False))
    elif value is None:
        put("null")
    elif kind is bool:
        put("true" if value else "false")
    elif kind is int or kind is float:
        put(number(value))
    elif is_object(value):
        _write_object(value, put, room)
    elif is_list(value):
        _write_list(value, put, room)
    else:
        raise UnrepresentableError(f"a value of type {type(value).__name__} has no form in JSON")


def _write_object(value: Mapping[str, Any], put: Any, room: int) -> None:
    if room <= 0:
        raise UnrepresentableError(_TOO_DEEP)
    separator = "{"
    for name in sorted(value, key=_units):
        put(f"{separator}{json.dumps(name, ensure_ascii=False)}:")
        _write(value[name], put, room - 1)
        separator = ","
    put("}" if value else "{}")


def _write_list(value: Sequence[Any], put: Any, room: int) -> None:
    if room <= 0:
        raise UnrepresentableError(_TOO_DEEP)
    separator = "["
    for item in value:
        put(separator)
        _write(item, put, room - 1)
        separator = ","
    put("]" if value else "[]")


def _units(name: Any) -> bytes:
    if kind_of(name) is not str:
        raise UnrepresentableError(f"the name of a member is a {type(name).__name__}, not a string")
    return str(name).encode("utf-16-be", "surrogatepass")


def _large_integer(value: int) -> str:
    """Return an integer beyond 2**53, if it is a 64-bit float or what ECMAScript writes for one."""
    try:
        written = _float(float(value))
    except OverflowError:
        raise UnrepresentableError("an integer is larger than a 64-bit float") from None
    if value not in (int(float(value)), int(Decimal(written))):
        raise UnrepresentableError("an integer is none that a 64-bit float can hold")
    return written


def _float(value: float) -> str:
    if value == 0:
        return "0"
    sign, digits, point = _digits(value)
    count = len(digits)
    if count <= point <= _EXPONENT_FIXED_MAX:
        return f"{sign}{digits}{'0' * (point - count)}"
    if 0 < point <= _EXPONENT_FIXED_MAX:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if _EXPONENT_FIXED_MIN < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    exponent = f"e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return f"{sign}{digits[0]}{'.' if count > 1 else ''}{digits[1:]}{exponent}"


def _digits(value: float) -> tuple[str, str, int]:
    """Return a number's sign, its shortest digits, and where the point stands after the first of them."""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    leading = len(whole + fraction) - len(digits)
    point = len(whole) - leading + int(exponent or "0")
    return ("-" if value < 0 else ""), digits.rstrip("0"), point
