"""Scalars and enums, from JSON and from the text of a path or query.

The rules are those of proto3 JSON, without the leniency that hides mistakes: a number of 32
bits is a JSON number (one of 64 bits also a string, as it is written), `null` is not a way
to leave a field out, and an enum is named, by its short name or its full one.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from timeloom_gateway.contracts import is_json
from timeloom_gateway.transcoding.violations import Invalid

JsonReader = Callable[[msgspec.Raw], Any]
TextReader = Callable[[str], Any]

_BITS: Final[Mapping[int, tuple[int, int]]] = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_SINGLE = struct.Struct("<f")
_FLOAT_NAMES: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_INTEGER_DIGITS_MAX = 20

_string = msgspec.json.Decoder(str)
_boolean = msgspec.json.Decoder(bool)
_number = msgspec.json.Decoder(int | float)
_number_or_string = msgspec.json.Decoder(int | float | str)


def is_wide(field: FieldDescriptor) -> bool:
    """Whether an integer has 64 bits, so that JSON writes it as a string."""
    return field.cpp_type in (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)


def integer_range(field: FieldDescriptor) -> tuple[int, int] | None:
    """The smallest and the greatest value of an integer field; None for other types."""
    return _BITS.get(field.cpp_type)


def short_names(enum: EnumDescriptor) -> Mapping[str, str]:
    """The name that REST shows for each of an enum's names: without the enum's own name in front."""
    prefix = _upper_snake(enum.name) + "_"
    return {value.name: value.name.removeprefix(prefix) for value in enum.values}


def as_single(value: float) -> float:
    """The nearest 32-bit number; OverflowError if there is none."""
    nearest: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return nearest


def json_reader(field: FieldDescriptor) -> JsonReader:
    """Reads one value of a scalar or enum field from its JSON."""
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return _bytes_reader(field) if field.type == FieldDescriptor.TYPE_BYTES else read_string
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _read_boolean
    if field.enum_type is not None:
        return _enum_reader(field.enum_type)
    if field.cpp_type in _BITS:
        return _integer_reader(field)
    return _float_reader(field)


def text_reader(field: FieldDescriptor) -> TextReader:
    """Reads one value of a scalar or enum field from the text of a path or query."""
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return _bytes_from_text(field) if field.type == FieldDescriptor.TYPE_BYTES else str
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _boolean_from_text
    if field.enum_type is not None:
        return _enum_from_text(field.enum_type)
    if field.cpp_type in _BITS:
        low, high = _BITS[field.cpp_type]
        return lambda text: _integer(text, low, high)
    return lambda text: _float(text, single=field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT)


def read_string(raw: msgspec.Raw) -> str:
    """Reads a JSON string."""
    try:
        return _string.decode(raw)
    except msgspec.ValidationError:
        raise Invalid.value("must be a string") from None


def _read_boolean(raw: msgspec.Raw) -> bool:
    try:
        return _boolean.decode(raw)
    except msgspec.ValidationError:
        raise Invalid.value("must be true or false") from None


def _boolean_from_text(text: str) -> bool:
    if text not in ("true", "false"):
        raise Invalid.value("must be true or false")
    return text == "true"


def _integer_reader(field: FieldDescriptor) -> JsonReader:
    low, high = _BITS[field.cpp_type]
    decoder: msgspec.json.Decoder[Any] = _number_or_string if is_wide(field) else _number

    def read(raw: msgspec.Raw) -> int:
        try:
            value = decoder.decode(raw)
        except msgspec.ValidationError:
            raise _not_an_integer(low, high) from None
        if type(value) is int and low <= value <= high:
            return value
        if isinstance(value, float) and value.is_integer() and low <= value <= high:
            return int(value)
        if isinstance(value, str):
            return _integer(value, low, high)
        raise _not_an_integer(low, high)

    return read


def _integer(text: str, low: int, high: int) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _INTEGER_DIGITS_MAX:
        raise _not_an_integer(low, high)
    value = int(text)
    if not low <= value <= high:
        raise _not_an_integer(low, high)
    return value


def _not_an_integer(low: int, high: int) -> Invalid:
    return Invalid.value(f"must be an integer from {low} to {high}")


def _float_reader(field: FieldDescriptor) -> JsonReader:
    single = field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT

    def read(raw: msgspec.Raw) -> float:
        try:
            value = _number_or_string.decode(raw)
            return _FLOAT_NAMES[value] if isinstance(value, str) else _bounded(float(value), single=single)
        except (msgspec.ValidationError, KeyError, OverflowError):
            raise Invalid.value("must be a number") from None

    return read


def _float(text: str, *, single: bool) -> float:
    if text in _FLOAT_NAMES:
        return _FLOAT_NAMES[text]
    try:
        value = msgspec.json.decode(text, type=float)
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise Invalid.value("must be a number") from None
    return _bounded(value, single=single)


def _bounded(value: float, *, single: bool) -> float:
    try:
        return as_single(value) if single else value
    except OverflowError:
        raise Invalid.value("is out of the range of a 32-bit number") from None


def _enum_reader(enum: EnumDescriptor) -> JsonReader:
    from_text = _enum_from_text(enum)

    def read(raw: msgspec.Raw) -> int:
        try:
            name = _string.decode(raw)
        except msgspec.ValidationError:
            raise Invalid.value("must be a name, as a string") from None
        return from_text(name)

    return read


def _enum_from_text(enum: EnumDescriptor) -> Callable[[str], int]:
    numbers = {value.name: value.number for value in enum.values}
    shown = short_names(enum)
    for name, number in list(numbers.items()):
        numbers.setdefault(shown[name], number)
    allowed = ", ".join(shown.values())

    def read(text: str) -> int:
        try:
            return numbers[text]
        except KeyError:
            raise Invalid.value(f"must be one of {allowed}") from None

    return read


def _bytes_reader(field: FieldDescriptor) -> JsonReader:
    if is_json(field):
        return bytes
    return lambda raw: _base64(read_string(raw))


def _bytes_from_text(field: FieldDescriptor) -> TextReader:
    return _document if is_json(field) else _base64


def _document(text: str) -> bytes:
    try:
        return bytes(msgspec.json.decode(text, type=msgspec.Raw))
    except (msgspec.DecodeError, RecursionError):
        raise Invalid.value("must be a JSON document") from None


def _base64(text: str) -> bytes:
    """Decodes the standard and the URL-safe alphabet, with or without padding."""
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid.value("must be bytes in base64") from None


def _upper_snake(name: str) -> str:
    """`ExecutionStatus` -> `EXECUTION_STATUS`."""
    pieces: list[str] = []
    for position, character in enumerate(name):
        starts_word = character.isupper() and position > 0
        after_lower = starts_word and not name[position - 1].isupper()
        before_lower = starts_word and position + 1 < len(name) and name[position + 1].islower()
        if after_lower or before_lower:
            pieces.append("_")
        pieces.append(character.upper())
    return "".join(pieces)
