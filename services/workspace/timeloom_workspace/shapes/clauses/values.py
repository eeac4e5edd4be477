"""PostgreSQL's values: from the texts that it writes, and from those that clients write.

Both readers know only forms that PostgreSQL reads in the same way, and values of a type compare as PostgreSQL
compares them (texts by their code points, as under the collation "C").
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import total_ordering
from typing import Any, Final

from timeloom_workspace.shapes.clauses import arrays, moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """A type whose values can be compared.

    Attributes:
        name: As PostgreSQL names it in a cast.
        family: Types of one family can be compared with each other.
        rank: Among numbers, the one with the higher rank is what both become.
        read: The value of a text; ValueError if it is none.
        element: Of an array, the type of its elements.
    """

    name: str
    family: str
    read: Callable[[str], Any]
    rank: int = 0
    element: Type | None = None

    @property
    def is_number(self) -> bool:
        """Whether it is a number."""
        return self.family == "number"

    @property
    def is_text(self) -> bool:
        """Whether it is a text."""
        return self.family == "text"


_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,30}", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_BLANKS: Final = " \t\n\r\f\v"
_NUMBER_CHARACTERS_MAX: Final = 1000
# PostgreSQL's numbers are exact: no calculation takes place here, and none may round.
_EXACT: Final = Context(prec=20_000, Emax=999_999, Emin=-999_999)
_TRUE: Final = frozenset({"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"})
_FALSE: Final = frozenset({"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"})
_SPECIAL: Final = {"nan": "nan", "infinity": "inf", "-infinity": "-inf", "inf": "inf", "-inf": "-inf"}


@total_ordering
class _NotANumber:
    """PostgreSQL's NaN: equal to itself, and greater than every number."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _NotANumber)

    def __gt__(self, other: object) -> bool:
        return not isinstance(other, _NotANumber)

    def __hash__(self) -> int:
        return 0


NOT_A_NUMBER: Final = _NotANumber()


def _read_text(text: str) -> str:
    if "\0" in text:
        raise ValueError("text must not contain the character U+0000")
    return text


def _read_uuid(text: str) -> str:
    lowered = text.lower()
    if not _UUID.fullmatch(lowered):
        raise ValueError(f'invalid input syntax for type uuid: "{text}"')
    return lowered


def _read_bool(text: str) -> bool:
    lowered = text.strip(_BLANKS).lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError(f'invalid input syntax for type boolean: "{text}"')


def _integer_reader(name: str, bits: int) -> Callable[[str], int]:
    limit = 1 << (bits - 1)

    def read(text: str) -> int:
        stripped = text.strip(_BLANKS)
        if not _INTEGER.fullmatch(stripped):
            raise ValueError(f'invalid input syntax for type {name}: "{text}"')
        value = int(stripped)
        if not -limit <= value < limit:
            raise ValueError(f'value "{text}" is out of range for type {name}')
        return value

    return read


def _read_numeric(text: str) -> Any:
    stripped = text.strip(_BLANKS)
    special = _SPECIAL.get(stripped.lower())
    if special is not None:
        return NOT_A_NUMBER if special == "nan" else Decimal(special)
    if len(stripped) > _NUMBER_CHARACTERS_MAX or not _NUMBER.fullmatch(stripped):
        raise ValueError(f'invalid input syntax for type numeric: "{text[:100]}"')
    return _EXACT.create_decimal(stripped)


def _stored_numeric(text: str) -> Any:
    return NOT_A_NUMBER if text == "NaN" else _EXACT.create_decimal(text)


def _read_float(text: str) -> Any:
    stripped = text.strip(_BLANKS)
    special = _SPECIAL.get(stripped.lower())
    if special is not None:
        return NOT_A_NUMBER if special == "nan" else float(special)
    if len(stripped) > _NUMBER_CHARACTERS_MAX or not _NUMBER.fullmatch(stripped):
        raise ValueError(f'invalid input syntax for type double precision: "{text[:100]}"')
    value = float(stripped)
    if value in (float("inf"), float("-inf")) or (value == 0 and Decimal(stripped) != 0):
        raise ValueError(f'"{text[:100]}" is out of range for type double precision')
    return value


def _read_real(text: str) -> Any:
    value = _read_float(text)
    if value is NOT_A_NUMBER:
        return value
    try:
        rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        raise ValueError(f'"{text[:100]}" is out of range for type real') from None
    if rounded == 0 and value != 0:
        raise ValueError(f'"{text[:100]}" is out of range for type real')
    return rounded


TEXT: Final = Type(name="text", family="text", read=_read_text)
UUID: Final = Type(name="uuid", family="uuid", read=_read_uuid)
BOOLEAN: Final = Type(name="boolean", family="boolean", read=_read_bool)
SMALLINT: Final = Type(name="smallint", family="number", read=_integer_reader("smallint", 16), rank=1)
INTEGER: Final = Type(name="integer", family="number", read=_integer_reader("integer", 32), rank=2)
BIGINT: Final = Type(name="bigint", family="number", read=_integer_reader("bigint", 64), rank=3)
NUMERIC: Final = Type(name="numeric", family="number", read=_read_numeric, rank=4)
REAL: Final = Type(name="real", family="number", read=_read_real, rank=5)
DOUBLE: Final = Type(name="double precision", family="number", read=_read_float, rank=6)
TIMESTAMPTZ: Final = Type(name="timestamptz", family="timestamptz", read=moments.read_timestamptz)
TIMESTAMP: Final = Type(name="timestamp", family="timestamp", read=moments.read_timestamp)
DATE: Final = Type(name="date", family="date", read=moments.read_date)

_BY_NAME: Final[Mapping[str, Type]] = {
    "text": TEXT,
    "varchar": TEXT,
    "uuid": UUID,
    "bool": BOOLEAN,
    "boolean": BOOLEAN,
    "int2": SMALLINT,
    "smallint": SMALLINT,
    "int4": INTEGER,
    "int": INTEGER,
    "integer": INTEGER,
    "int8": BIGINT,
    "bigint": BIGINT,
    "numeric": NUMERIC,
    "decimal": NUMERIC,
    "float4": REAL,
    "real": REAL,
    "float8": DOUBLE,
    "float": DOUBLE,
    "timestamptz": TIMESTAMPTZ,
    "timestamp": TIMESTAMP,
    "date": DATE,
}


def type_named(name: str) -> Type | None:
    """The type of a name, as casts and the catalogue have it; None if its values cannot be compared."""
    return _BY_NAME.get(name)


def array_of(element: Type) -> Type:
    """The type of arrays of an element."""

    def read(text: str) -> arrays.Array:
        return arrays.read(text, element.read)

    return Type(name=f"{element.name}[]", family=f"{element.family}[]", read=read, element=element)


def stored_reader(kind: Type) -> Callable[[str], Any]:
    """Reads what PostgreSQL itself wrote, for which no bound holds."""
    if kind is NUMERIC:
        return _stored_numeric
    if kind is DOUBLE:
        return lambda text: NOT_A_NUMBER if text == "NaN" else float(text)
    return kind.read


def as_double(value: Any) -> Any:
    """A number as a double, as PostgreSQL makes one of it."""
    return value if value is NOT_A_NUMBER else float(value)
