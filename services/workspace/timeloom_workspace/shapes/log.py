"""A shape's snapshot and log on disk.

Both are texts of JSON objects with commas between them, so that a part of a file, in brackets, is an answer.
What is where is known in memory: some bytes for each entry.
"""

from __future__ import annotations

import asyncio
import contextlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from timeloom_workspace.shapes.compaction import SEPARATOR, Kind, compacted
from timeloom_workspace.shapes.files import File, Index
from timeloom_workspace.shapes.offsets import Offset


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
        self._snapshot = File(directory / "snapshot")
        self._log = File(directory / "log")
        self._chunk_ends = array("Q")
        self._chunk_start = 0
        self._index = Index()
        self._is_removed = False
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
        return self._index.place(-1) if self._index else self.snapshot_end

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
            end = start + len(data)
            self._index.add(entry.offset, end=end, kind=entry.kind, row=hash(entry.key))
        self._log.append(bytes(data))

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
        index = self._index
        first = self._first_after(offset)
        if first == len(index):
            return Slice(body=b"", end=max(offset, self.end), is_last=True)
        start = index.start(first)
        # The first entry with which the slice is large enough; or the last that there is.
        last = min(bisect_right(index.ends, start + self._chunk_bytes - 1, lo=first), len(index) - 1)
        body = self._log.read(start, index.ends[last])
        return Slice(body=body, end=index.place(last), is_last=last == len(index) - 1)

    def _first_after(self, offset: Offset) -> int:
        if offset.is_in_snapshot:
            return 0
        index = self._index
        number = bisect_right(index.lsns, offset.lsn)
        while number and index.place(number - 1) > offset:
            number -= 1
        return number

    async def compact(self) -> None:
        """Makes one update of several of the same row, in a thread; what comes meanwhile stays after."""
        if not self._index:
            return
        before = self._index.copied()
        fresh = File(self._directory / "compacted")
        index = await asyncio.to_thread(compacted, self._log.mapped(), before, fresh)
        if self._is_removed or len(index) == len(before):
            fresh.remove()
            self._remove_directory()
            return
        self._add_since(before, index, fresh)
        fresh.replaces(self._log)
        self._log, self._index = fresh, index

    def _add_since(self, before: Index, index: Index, fresh: File) -> None:
        end = before.ends[-1]
        shift = fresh.size - end
        fresh.append(self._log.read(end, self._log.size))
        for number in range(len(before), len(self._index)):
            index.add(
                self._index.place(number),
                end=self._index.ends[number] + shift,
                kind=self._index.kinds[number],
                row=self._index.rows[number],
            )

    def remove(self) -> None:
        """Removes it from the disk."""
        self._is_removed = True
        self._snapshot.remove()
        self._log.remove()
        self._remove_directory()

    def _remove_directory(self) -> None:
        """Removes the directory, unless there is something in it."""
        with contextlib.suppress(OSError):
            self._directory.rmdir()
