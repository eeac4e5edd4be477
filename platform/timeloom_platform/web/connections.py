"""Connections as uvicorn makes them, with bounds on the head of a request: its size and its time."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX: Final = 64 * 1024
HEAD_SECONDS_MAX: Final = 10.0

ABORT_EXTENSION: Final = "timeloom.http.abort"
"""In a request's scope: `abort` drops its connection at once, without an end to the answer."""

_NO_LINGER: Final = struct.pack("ii", 1, 0)
_TOO_LARGE: Final = "The head of the request is too large."


class BoundedHttpProtocol(HttpToolsProtocol):
    """Closes a connection that does not bring the whole head of its request in time, or within size."""

    _head_bytes = 0
    _is_in_head = True
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Starts the time of the first head."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the time."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts what belongs to a head."""
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX and not self._ends_head(data):
                self.send_400_response(_TOO_LARGE)
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begins a head."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT_EXTENSION: {"abort": self._abort}}
        if not self._is_in_head:
            self._expect_head()

    def on_headers_complete(self) -> None:
        """Ends a head."""
        self._stop_timer()
        self._is_in_head = False
        self._head_bytes = 0
        super().on_headers_complete()

    @staticmethod
    def _ends_head(data: bytes) -> bool:
        """Whether the head ends early in these bytes, so that it is a body that makes them many."""
        return b"\r\n\r\n" in data[:HEAD_BYTES_MAX]

    def _expect_head(self) -> None:
        self._stop_timer()
        self._is_in_head = True
        self._head_bytes = 0
        self._head_timer = asyncio.get_running_loop().call_later(HEAD_SECONDS_MAX, self._give_up)

    def _abort(self) -> None:
        """Resets the connection: an end of it that is quiet could be taken for the end of the answer."""
        connection: socket.socket = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
