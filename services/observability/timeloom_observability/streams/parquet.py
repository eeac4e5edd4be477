"""Apache Parquet, as much of it as a flat table needs: plain values under gzip, one page a column of a group.

The format is that of https://parquet.apache.org/docs/file-format/. A library would take more memory than the
service has.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from typing import Any, Final, Generic, TypeVar

from timeloom_observability.streams.compact import I64, Structure, structure, varint

GROUP_ROWS_MAX: Final = 10_000
GROUP_BYTES: Final = 4 * 1024 * 1024
"""A group of rows is written when its values take so much."""

_MAGIC: Final = b"PAR1"
_VERSION: Final = 1
_OPTIONAL: Final = 1
_REPEATED: Final = 2
_DATA_PAGE: Final = 0
_PLAIN: Final = 0
_RLE: Final = 3
_GZIP: Final = 2
_GZIP_LEVEL: Final = 3

T = TypeVar("T")


class Kind(Enum):
    """What a column holds: the numbers of Parquet's type, and of what it means (none if negative)."""

    TEXT = (6, 0)
    TEXTS = (6, 0, "repeated")
    INTEGER = (2, -1)
    TIME = (2, 10)
    NUMBER = (5, -1)

    @property
    def type(self) -> int:
        """How values are stored."""
        return int(self.value[0])

    @property
    def meaning(self) -> int:
        """What they mean."""
        return int(self.value[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[T]):
    """A column.

    Attributes:
        name: What it is called.
        kind: What it holds.
        read: Its value of a row: bytes of a text, a sequence of them, a number, microseconds, or None.
    """

    name: str
    kind: Kind
    read: Callable[[T], Any]


@dataclass(slots=True, kw_only=True)
class ParquetWriter(Generic[T]):
    """Writes rows as a file, group by group."""

    columns: Sequence[Column[T]]
    group_rows_max: int = GROUP_ROWS_MAX
    _rows: list[T] = field(default_factory=list[T])
    _size_bytes: int = 0
    _offset: int = 0
    _row_count: int = 0
    _groups: list[Structure] = field(default_factory=list[Structure])

    def add(self, row: T, size_bytes: int) -> bytes:
        """Takes a row of about this size, and returns what of the file is ready."""
        self._rows.append(row)
        self._size_bytes += size_bytes
        if len(self._rows) < self.group_rows_max and self._size_bytes < GROUP_BYTES:
            return b""
        return self._group()

    def finish(self) -> bytes:
        """Returns the rest of the file."""
        rest = self._group() if self._rows else self._begin()
        root: Structure = {4: "rows", 5: len(self.columns)}
        footer = structure(
            {
                1: _VERSION,
                2: [root, *map(_schema, self.columns)],
                3: I64(self._row_count),
                4: self._groups,
                6: "timeloom",
            }
        )
        return rest + footer + struct.pack("<I", len(footer)) + _MAGIC

    def _begin(self) -> bytes:
        if self._offset:
            return b""
        self._offset = len(_MAGIC)
        return _MAGIC

    def _group(self) -> bytes:
        written = [self._begin()]
        chunks: list[Structure] = []
        for column in self.columns:
            data, chunk = _chunk(column, [column.read(row) for row in self._rows], self._offset)
            written.append(data)
            chunks.append(chunk)
            self._offset += len(data)
        size_bytes = sum(map(len, written))
        self._groups.append({1: chunks, 2: I64(size_bytes), 3: I64(len(self._rows))})
        self._row_count += len(self._rows)
        self._rows, self._size_bytes = [], 0
        return b"".join(written)


def _schema(column: Column[T]) -> Structure:
    repetition = _REPEATED if column.kind is Kind.TEXTS else _OPTIONAL
    described: Structure = {1: column.kind.type, 3: repetition, 4: column.name}
    return described if column.kind.meaning < 0 else {**described, 6: column.kind.meaning}


def _chunk(column: Column[T], values: Sequence[Any], offset: int) -> tuple[bytes, Structure]:
    """Returns a column of a group, and what the footer says of it."""
    count, body = _body(column.kind, values)
    packed = gzip.compress(body, _GZIP_LEVEL, mtime=0)
    head = structure(
        {
            1: _DATA_PAGE,
            2: len(body),
            3: len(packed),
            5: {1: count, 2: _PLAIN, 3: _RLE, 4: _RLE},
        }
    )
    data = head + packed
    described: Structure = {
        1: column.kind.type,
        2: [_PLAIN, _RLE],
        3: [column.name],
        4: _GZIP,
        5: I64(count),
        6: I64(len(head) + len(body)),
        7: I64(len(data)),
        9: I64(offset),
    }
    return data, {2: I64(offset), 3: described}


def _body(kind: Kind, values: Sequence[Any]) -> tuple[int, bytes]:
    """Returns how many entries a page has, and the page: which values are there, and these."""
    if kind is not Kind.TEXTS:
        present = [value for value in values if value is not None]
        return len(values), _levels([int(value is not None) for value in values]) + _plain(kind, present)
    # A row without texts is one entry, without a value; each text after the first belongs to the same row.
    repetitions = [int(place > 0) for texts in values for place in range(len(texts) or 1)]
    definitions = [int(bool(texts)) for texts in values for _ in range(len(texts) or 1)]
    texts = [text for row in values for text in row]
    return len(repetitions), _levels(repetitions) + _levels(definitions) + _plain(kind, texts)


def _levels(levels: Sequence[int]) -> bytes:
    """Returns zeros and ones as runs of the same."""
    runs = b"".join(varint(sum(1 for _ in run) << 1) + bytes([level]) for level, run in groupby(levels))
    return struct.pack("<I", len(runs)) + runs


def _plain(kind: Kind, values: Sequence[Any]) -> bytes:
    match kind:
        case Kind.TEXT | Kind.TEXTS:
            return b"".join(struct.pack("<I", len(value)) + value for value in values)
        case Kind.NUMBER:
            return struct.pack(f"<{len(values)}d", *values)
        case _:
            return struct.pack(f"<{len(values)}q", *values)
