"""A pipe from a child process whose lifetime is ours, whoever else holds the other end."""

import asyncio
import os
from collections.abc import Callable

_CHUNK_BYTES = 65_536


class OutputPipe:
    """Calls `on_output` with what a process writes to `write_end`, from the event loop.

    asyncio's own pipes end when the last writer has closed them; a dead process may have left children behind
    that never do.
    """

    def __init__(self, on_output: Callable[[bytes], None]) -> None:
        self._on_output = on_output
        self._loop = asyncio.get_running_loop()
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._loop.add_reader(self._read_end, self._read)
        self._is_open = True

    def handed_over(self) -> None:
        """Closes our copy of the write end, once a child has its own (or will never have it)."""
        os.close(self.write_end)

    def close(self) -> None:
        """Takes what is still in the pipe, and closes it."""
        while self._is_open and self._read():
            pass
        self._end()

    def _read(self) -> bool:
        """Passes on one chunk; False if there is none now."""
        try:
            chunk = os.read(self._read_end, _CHUNK_BYTES)
        except BlockingIOError:
            return False
        if not chunk:
            self._end()
            return False
        self._on_output(chunk)
        return True

    def _end(self) -> None:
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._read_end)
            os.close(self._read_end)
