"""A log file for each service, bounded in size."""

import os
from pathlib import Path
from typing import BinaryIO

FILE_BYTES_MAX = 10 * 1024 * 1024
FILES_KEPT = 3


class LogFile:
    """Appends lines; when the file is full it becomes `.1`, `.1` becomes `.2`, and the oldest goes.

    Lines are handed to the kernel at once: what a process wrote before a crash is in the file.
    """

    def __init__(self, path: Path, *, bytes_max: int = FILE_BYTES_MAX, kept: int = FILES_KEPT) -> None:
        self._path = path
        self._bytes_max = bytes_max
        self._kept = kept
        self._file: BinaryIO = self._open()
        self._bytes = path.stat().st_size

    def write(self, data: bytes) -> None:
        """Appends whole lines."""
        try:
            if self._bytes and self._bytes + len(data) > self._bytes_max:
                self._rotate()
            self._file.write(data)
        except OSError:
            # A full disk loses lines of the log, not the services that write them.
            return
        self._bytes += len(data)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _open(self) -> BinaryIO:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "ab", buffering=0)

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self._kept - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))
        self._file = self._open()
        self._bytes = 0

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
