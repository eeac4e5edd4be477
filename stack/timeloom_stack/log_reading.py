"""Log files read back: the end of several as one stream, and what is appended to them."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from timeloom_stack.log_lines import LogLine, parse

FOLLOW_INTERVAL_SECONDS = 0.2
_TAIL_BYTES_MAX = 1024 * 1024
_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLine:
    """A line with the service that wrote it; `raw` is as it stands in the file."""

    service: str
    raw: str
    line: LogLine


def tail(files: Sequence[Path], *, lines_max: int) -> list[ServiceLine]:
    """The newest lines of all files together, in the order of their times."""
    timed: list[tuple[datetime, ServiceLine]] = []
    for file in files:
        last = _BEGINNING
        for each in _last_lines(file, lines_max):
            # A line without a time, such as a traceback's, stays with the line before it.
            last = each.line.time or last
            timed.append((last, each))
    timed.sort(key=lambda pair: pair[0])
    return [each for _, each in timed][-lines_max:] if lines_max else []


class Follower:
    """Reads what is appended to files, through their rotation."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._positions = {file: _Position.at_end(file) for file in files}

    def follow(self) -> Iterator[ServiceLine]:
        """Yields new lines for ever, within a moment of their being written."""
        while True:
            yield from self.read_new()
            time.sleep(FOLLOW_INTERVAL_SECONDS)

    def read_new(self) -> Iterator[ServiceLine]:
        """Yields what came since the last time."""
        for file, position in self._positions.items():
            for line in position.read(file):
                yield _service_line(file, line)


@dataclass(slots=True)
class _Position:
    """How far a file has been read; another file under its name begins anew."""

    inode: int
    offset: int
    unfinished: bytes = b""

    @classmethod
    def at_end(cls, file: Path) -> "_Position":
        try:
            status = file.stat()
        except FileNotFoundError:
            return cls(inode=0, offset=0)
        return cls(inode=status.st_ino, offset=status.st_size)

    def read(self, file: Path) -> list[str]:
        try:
            with file.open("rb") as opened:
                inode = os.fstat(opened.fileno()).st_ino
                if inode != self.inode:
                    self.inode, self.offset = inode, 0
                opened.seek(self.offset)
                data = opened.read(_TAIL_BYTES_MAX)
        except FileNotFoundError:
            return []
        self.offset += len(data)
        *lines, self.unfinished = (self.unfinished + data).split(b"\n")
        return [line.decode(errors="replace") for line in lines]


def _last_lines(file: Path, lines_max: int) -> list[ServiceLine]:
    with file.open("rb") as opened:
        size = opened.seek(0, os.SEEK_END)
        opened.seek(max(0, size - _TAIL_BYTES_MAX))
        lines = opened.read().decode(errors="replace").splitlines()
    return [_service_line(file, line) for line in lines[-lines_max:]]


def _service_line(file: Path, raw: str) -> ServiceLine:
    return ServiceLine(service=file.stem, raw=raw, line=parse(file.stem, raw))
