"""The terminal, written to from a thread of its own: a paused or slow one must not hold up the services."""

import os
import queue
import sys
import threading
from typing import TextIO

import click

_LINES_WAITING_MAX = 10_000
_FLUSH_TIMEOUT_SECONDS = 1.0


class Console:
    """Prints lines in order; when too many wait, further ones are counted instead of kept."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._lines: queue.Queue[str | None] = queue.Queue(maxsize=_LINES_WAITING_MAX)
        self._skipped = 0
        self._thread = threading.Thread(target=self._print_all, name="console", daemon=True)
        self._thread.start()

    @property
    def has_colours(self) -> bool:
        """Whether a person is looking who has not asked for plain text (https://no-color.org)."""
        return self._stream.isatty() and not os.environ.get("NO_COLOR")

    def print(self, line: str) -> None:
        """Queues a line, its colours removed where nobody sees them; never blocks."""
        line = line if self.has_colours else click.unstyle(line)
        try:
            if self._skipped:
                self._lines.put_nowait(
                    f"… {self._skipped} lines were not shown here; they are in the log files"
                )
                self._skipped = 0
            self._lines.put_nowait(line)
        except queue.Full:
            self._skipped += 1

    def close(self) -> None:
        """Prints what waits, for a moment at most."""
        try:
            self._lines.put(None, timeout=_FLUSH_TIMEOUT_SECONDS)
        except queue.Full:
            return
        self._thread.join(timeout=_FLUSH_TIMEOUT_SECONDS)

    def _print_all(self) -> None:
        broken = False
        while (line := self._lines.get()) is not None:
            if broken:
                continue
            try:
                self._stream.write(line + "\n")
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):
                # The reader is gone (`timeloom up | head`): the files go on, and so do the services.
                broken = True
