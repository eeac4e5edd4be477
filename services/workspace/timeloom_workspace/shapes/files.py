"""Files of shapes, and what is where in them.

They belong to one run of the service: what they hold can be had from PostgreSQL again, so nothing is flushed,
and nothing is read after a restart.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from array import array
from pathlib import Path

from timeloom_workspace.shapes.offsets import Offset


class File:
    """A file that is appended to, and read from anywhere."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self.size = 0

    def append(self, data: bytes) -> None:
        """Writes at its end."""
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, self.size)
            self.size += written
            view = view[written:]

    def read(self, start: int, end: int) -> bytes:
        """What is between two places; OSError if it ends before."""
        parts: list[bytes] = []
        while start < end:
            part = os.pread(self._descriptor, end - start, start)
            if not part:
                raise OSError(f"{self._path.name} ends before it should")
            parts.append(part)
            start += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def mapped(self) -> mmap.mmap:
        """All of it as it is now, readable from any thread, also after it was removed."""
        return mmap.mmap(self._descriptor, self.size, access=mmap.ACCESS_READ)

    def remove(self) -> None:
        """Removes it from the disk, if it is still there."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()

    def replaces(self, other: File) -> None:
        """Takes the place of another."""
        self._path.replace(other._path)
        os.close(other._descriptor)
        other._descriptor = -1
        self._path = other._path


class Index:
    """Of each entry of a log: its place, the end of its text, what it is, and of which row (a hash)."""

    def __init__(self) -> None:
        self.lsns = array("Q")
        self.operations = array("L")
        self.ends = array("Q")
        self.kinds = array("B")
        self.rows = array("q")

    def __len__(self) -> int:
        return len(self.lsns)

    def add(self, offset: Offset, *, end: int, kind: int, row: int) -> None:
        """Appends an entry."""
        self.lsns.append(offset.lsn)
        self.operations.append(offset.operation)
        self.ends.append(end)
        self.kinds.append(kind)
        self.rows.append(row)

    def place(self, number: int) -> Offset:
        """The place of an entry."""
        return Offset(self.lsns[number], self.operations[number])

    def start(self, number: int) -> int:
        """Where an entry's text begins, after the separator before it."""
        return self.ends[number - 1] + 1 if number else 0

    def copied(self) -> Index:
        """What it is now."""
        copy = Index()
        copy.lsns, copy.operations, copy.ends = self.lsns[:], self.operations[:], self.ends[:]
        copy.kinds, copy.rows = self.kinds[:], self.rows[:]
        return copy
