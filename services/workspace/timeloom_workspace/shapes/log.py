"""A shape's snapshot and log on disk.

Both are texts of JSON objects with commas between them, so that a part of a file, in brackets, is an answer.
What is where is known in memory: some bytes for each entry. Files belong to one run of the service: what they
hold can be had from PostgreSQL again, so nothing is flushed, and nothing is read after a restart.
"""

from __future__ import annotations

import contextlib
import os
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from timeloom_workspace.shapes.compaction import Kind, groups_of, merged
from timeloom_workspace.shapes.offsets import Offset

SEPARATOR: Final = b","


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A change of a row, ready to be sent.

    Attributes:
        offset: Its place.
        data: The protocol's message.
        kind: What happened to the row.
        key: The row's.
    """

    offset: Offset
    data: bytes
    kind: Kind
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A part of a snapshot or log.

    Attributes:
        body: Messages with commas between them.
        end: The place of the last.
        is_last: Whether there is nothing after it, yet.
    """

    body: bytes
    end: Offset
    is_last: bool


class _File:
    """A file that is appended to, and read from anywhere."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self.size = 0

    def append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, self.size)
            self.size += written
            view = view[written:]

    def read(self, start: int, end: int) -> bytes:
        parts: list[bytes] = []
        while start < end:
            part = os.pread(self._descriptor, end - start, start)
            if not part:
                raise OSError(f"{self._path.name} ends before it should")
            parts.append(part)
            start += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def remove(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()

    def replaces(self, other: _File) -> None:
        """Takes the place of another."""
        self._path.replace(other._path)
        os.close(other._descriptor)
        other._descriptor = -1
        self._path = other._path


class ShapeLog:
    """What a shape's clients are sent.

    Args:
        directory: Where its files are; made if missing.
        chunk_bytes: A slice ends when it is at least so large.
    """

    def __init__(self, directory: Path, *, chunk_bytes: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._chunk_bytes = chunk_bytes
        self._snapshot = _File(directory / "snapshot")
        self._log = _File(directory / "log")
        self._chunk_ends = array("Q")
        self._chunk_start = 0
        # Of each entry of the log: its place, the end of its text, what it is, and of which row (a hash).
        self._lsns = array("Q")
        self._operations = array("L")
        self._ends = array("Q")
        self._kinds = array("B")
        self._rows = array("q")
        self._pending = bytearray()

    @property
    def size_bytes(self) -> int:
        """What it takes on disk."""
        return self._snapshot.size + self._log.size

    @property
    def log_bytes(self) -> int:
        """What its log takes on disk, without the snapshot."""
        return self._log.size

    @property
    def snapshot_end(self) -> Offset:
        """The place of the snapshot's last chunk."""
        return Offset(0, max(len(self._chunk_ends) - 1, 0))

    @property
    def end(self) -> Offset:
        """The place of what is last."""
        if not self._lsns:
            return self.snapshot_end
        return Offset(self._lsns[-1], self._operations[-1])

    def add_rows(self, rows: Iterable[bytes]) -> None:
        """Appends rows to the snapshot."""
        pending = self._pending
        for row in rows:
            if self._snapshot.size + len(pending) > self._chunk_start:
                pending += SEPARATOR
            pending += row
            if self._snapshot.size + len(pending) - self._chunk_start >= self._chunk_bytes:
                self._end_chunk()
        self._flush()

    def end_snapshot(self) -> None:
        """Says that the snapshot is whole; an empty one is one chunk, too."""
        if self._snapshot.size > self._chunk_start or not self._chunk_ends:
            self._end_chunk()

    def _end_chunk(self) -> None:
        self._flush()
        self._chunk_ends.append(self._snapshot.size)
        self._chunk_start = self._snapshot.size

    def _flush(self) -> None:
        self._snapshot.append(bytes(self._pending))
        self._pending.clear()

    def append(self, entries: Sequence[Entry]) -> None:
        """Appends entries to the log, each after those before it."""
        data = bytearray()
        start = self._log.size
        for entry in entries:
            if start or data:
                data += SEPARATOR
            data += entry.data
            self._index(entry.offset, start + len(data), entry.kind, hash(entry.key))
        self._log.append(bytes(data))

    def _index(self, offset: Offset, end: int, kind: Kind, row: int) -> None:
        self._lsns.append(offset.lsn)
        self._operations.append(offset.operation)
        self._ends.append(end)
        self._kinds.append(kind)
        self._rows.append(row)

    def after(self, offset: Offset) -> Slice:
        """What follows a place, as far as one answer takes it."""
        if offset.lsn < 0:
            return self._chunk(0)
        if offset.is_in_snapshot and offset.operation < self.snapshot_end.operation:
            return self._chunk(offset.operation + 1)
        return self._entries(offset)

    def _chunk(self, number: int) -> Slice:
        start = self._chunk_ends[number - 1] if number else 0
        body = self._snapshot.read(start, self._chunk_ends[number])
        return Slice(body=body, end=Offset(0, number), is_last=False)

    def _entries(self, offset: Offset) -> Slice:
        first = self._first_after(offset)
        if first == len(self._lsns):
            return Slice(body=b"", end=max(offset, self.end), is_last=True)
        start = self._ends[first - 1] + len(SEPARATOR) if first else 0
        # The first entry with which the slice is large enough; or the last that there is.
        last = min(bisect_right(self._ends, start + self._chunk_bytes - 1, lo=first), len(self._ends) - 1)
        body = self._log.read(start, self._ends[last])
        end = Offset(self._lsns[last], self._operations[last])
        return Slice(body=body, end=end, is_last=last == len(self._ends) - 1)

    def _first_after(self, offset: Offset) -> int:
        if offset.is_in_snapshot:
            return 0
        index = bisect_right(self._lsns, offset.lsn)
        while (
            index and self._lsns[index - 1] == offset.lsn and self._operations[index - 1] > offset.operation
        ):
            index -= 1
        return index

    def compact(self) -> None:
        """Makes one update of several of the same row."""
        groups = groups_of(self._kinds, self._rows)
        if len(groups) == len(self._kinds):
            return
        old = self._lsns, self._operations, self._kinds, self._rows, self._ends
        texts = [self._merged_text(group) for group in groups]
        fresh = _File(self._directory / "compacted")
        self._lsns, self._operations = array("Q"), array("L")
        self._kinds, self._rows, self._ends = array("B"), array("q"), array("Q")
        for group, text in zip(groups, texts, strict=True):
            fresh.append(SEPARATOR + text if fresh.size else text)
            lsns, operations, kinds, rows, _ = old
            last = group[-1]
            self._index(Offset(lsns[last], operations[last]), fresh.size, Kind(kinds[last]), rows[last])
        fresh.replaces(self._log)
        self._log = fresh

    def _merged_text(self, group: Sequence[int]) -> bytes:
        texts = [self._text(index) for index in group]
        # Rows whose hashes are the same by chance: the text is that of several entries.
        return texts[0] if len(texts) == 1 else merged(texts) or SEPARATOR.join(texts)

    def _text(self, index: int) -> bytes:
        start = self._ends[index - 1] + len(SEPARATOR) if index else 0
        return self._log.read(start, self._ends[index])

    def remove(self) -> None:
        """Removes it from the disk."""
        self._snapshot.remove()
        self._log.remove()
        with contextlib.suppress(OSError):
            self._directory.rmdir()
