"""PostgreSQL's logical replication messages (its manual, 54.9), as version 1 of `pgoutput` sends them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias


class Unchanged(Enum):
    """A value that was not sent, because it is stored apart and did not change."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED
Value: TypeAlias = "str | Unchanged | None"
Values: TypeAlias = tuple[Value, ...]


class DecodeError(Exception):
    """The bytes are not a message that PostgreSQL sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """A transaction begins. They come one after the other, in the order of their commits.

    Attributes:
        lsn: Of its commit record.
        xid: The transaction's id, 32 bits of it.
    """

    lsn: int
    xid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """The transaction that began last is whole.

    Attributes:
        lsn: Of its commit record.
        end_lsn: Where the commit record ends.
    """

    lsn: int
    end_lsn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What the following messages mean by an id.

    Attributes:
        id: The table's.
        schema: The table's.
        name: The table's.
        columns: In the order of the values.
        is_full: Whether old rows come whole (`REPLICA IDENTITY FULL`).
    """

    id: int
    schema: str
    name: str
    columns: Sequence[str]
    is_full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """A new row."""

    relation_id: int
    new: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A changed row; `old` is None where the table sends no old rows and the key is the same."""

    relation_id: int
    old: Values | None
    new: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """A row that is gone; of a table that sends no old rows only the key is known."""

    relation_id: int
    old: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate:
    """Tables that were emptied."""

    relation_ids: Sequence[int]


Message: TypeAlias = Begin | Commit | Relation | Insert | Update | Delete | Truncate

_FULL = ord("f")
_INT16 = struct.Struct("!h")
_INT32 = struct.Struct("!i")
_UINT32 = struct.Struct("!I")
_BEGIN = struct.Struct("!QqI")
_COMMIT = struct.Struct("!BQQq")


def decode(data: bytes) -> Message | None:
    """The message; None if it is one that says nothing of rows (an origin, a type, a text).

    Raises:
        DecodeError: It is not whole, or of an unknown kind.
    """
    if not data:
        raise DecodeError("an empty message")
    try:
        return _decode(data)
    except (struct.error, IndexError, ValueError) as error:
        raise DecodeError(f"a broken message of kind {data[:1]!r}") from error


def _decode(data: bytes) -> Message | None:  # noqa: PLR0911 - a case for each kind
    match data[:1]:
        case b"I":
            _expect(data, 5, b"N")
            return Insert(relation_id=_UINT32.unpack_from(data, 1)[0], new=_tuple(data, 6)[0])
        case b"U":
            return _update(data)
        case b"D":
            _expect(data, 5, b"KO")
            return Delete(relation_id=_UINT32.unpack_from(data, 1)[0], old=_tuple(data, 6)[0])
        case b"B":
            lsn, _, xid = _BEGIN.unpack_from(data, 1)
            return Begin(lsn=lsn, xid=xid)
        case b"C":
            _, lsn, end_lsn, _ = _COMMIT.unpack_from(data, 1)
            return Commit(lsn=lsn, end_lsn=end_lsn)
        case b"R":
            return _relation(data)
        case b"T":
            count = _INT32.unpack_from(data, 1)[0]
            return Truncate(relation_ids=struct.unpack_from(f"!{count}I", data, 6))
        case b"O" | b"Y" | b"M":
            return None
        case kind:
            raise DecodeError(f"an unknown kind of message: {kind!r}")


def _update(data: bytes) -> Update:
    relation_id = _UINT32.unpack_from(data, 1)[0]
    position, old = 5, None
    if data[5:6] in (b"K", b"O"):
        old, position = _tuple(data, 6)
    _expect(data, position, b"N")
    new, _ = _tuple(data, position + 1)
    return Update(relation_id=relation_id, old=old, new=new)


def _relation(data: bytes) -> Relation:
    relation_id = _UINT32.unpack_from(data, 1)[0]
    schema, position = _string(data, 5)
    name, position = _string(data, position)
    is_full = data[position] == _FULL
    count = _INT16.unpack_from(data, position + 1)[0]
    position += 3
    columns: list[str] = []
    for _ in range(count):
        column, position = _string(data, position + 1)
        columns.append(column)
        position += 8
    # A schema that every search finds is sent as an empty name.
    return Relation(
        id=relation_id, schema=schema or "pg_catalog", name=name, columns=tuple(columns), is_full=is_full
    )


def _tuple(data: bytes, position: int) -> tuple[Values, int]:
    count = _INT16.unpack_from(data, position)[0]
    position += 2
    values: list[Value] = []
    for _ in range(count):
        kind = data[position]
        position += 1
        if kind == 0x74:  # t: a text
            length = _INT32.unpack_from(data, position)[0]
            position += 4
            if length < 0 or position + length > len(data):
                raise DecodeError("a value that is cut off")
            values.append(data[position : position + length].decode())
            position += length
        elif kind == 0x6E:  # n: null
            values.append(None)
        elif kind == 0x75:  # u: stored apart, and unchanged
            values.append(UNCHANGED)
        else:
            raise DecodeError(f"a value of an unknown kind: {kind}")
    return tuple(values), position


def _string(data: bytes, position: int) -> tuple[str, int]:
    end = data.index(0, position)
    return data[position:end].decode(), end + 1


def _expect(data: bytes, position: int, kinds: bytes) -> None:
    if data[position] not in kinds:
        raise DecodeError(f"a row of an unknown kind: {data[position]}")
