"""Structures in the compact protocol of Apache Thrift, in which Parquet says what a file holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

_STOP: Final = b"\x00"
_I32: Final = 5
_I64: Final = 6
_BINARY: Final = 8
_LIST: Final = 9
_STRUCT: Final = 12
_SHORT_LIST_MAX: Final = 14


@dataclass(frozen=True, slots=True)
class I64:
    """A number of 64 bits; a plain one has 32."""

    value: int


Value: TypeAlias = "int | I64 | str | Structure | Sequence[int] | Sequence[str] | Sequence[Structure]"
Structure: TypeAlias = "dict[int, Value]"
"""Values by the numbers of their fields, in rising order."""


def structure(fields: Structure) -> bytes:
    """Returns a structure as bytes."""
    written = bytearray()
    before = 0
    for number, value in fields.items():
        kind, data = _value(value)
        written.append((number - before) << 4 | kind)
        written += data
        before = number
    return bytes(written) + _STOP


def varint(number: int) -> bytes:
    """Returns a number that is not negative, seven bits in a byte."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _value(value: Value) -> tuple[int, bytes]:
    match value:
        case int():
            return _I32, varint(value << 1)
        case I64():
            return _I64, varint(value.value << 1)
        case str():
            text = value.encode()
            return _BINARY, varint(len(text)) + text
        case dict():
            return _STRUCT, structure(value)
        case _:
            return _LIST, _list(value)


def _list(values: Sequence[int] | Sequence[str] | Sequence[Structure]) -> bytes:
    elements = [_value(value) for value in values]
    kind = elements[0][0] if elements else _STRUCT
    count = len(elements)
    head = bytes([count << 4 | kind]) if count <= _SHORT_LIST_MAX else bytes([0xF0 | kind]) + varint(count)
    return head + b"".join(data for _, data in elements)
