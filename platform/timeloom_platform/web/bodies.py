"""Reading a request's body within a limit."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from timeloom_platform.errors import InvalidFieldError, TimeloomError, TooLargeError
from timeloom_platform.web.messages import Receive, Request

DISCARDED_BYTES_MAX: Final = 256 * 1024 * 1024
DISCARD_SECONDS_MAX: Final = 10.0
PART_BYTES_MAX: Final = 256 * 1024
STALLED_SECONDS_MAX: Final = 30.0
"""A body that is read in parts and of which nothing more arrives for so long is given up."""


class ClientGoneError(TimeloomError):
    """The client closed the connection before its request was complete: nobody is there to be answered."""

    status = "CANCELLED"


async def read_body(request: Request, receive: Receive, *, limit_bytes: int) -> bytes:
    """The body; TooLargeError names the limit. More than the limit is never held.

    Most clients read an answer only after they have sent their request, so what is too
    much is read and thrown away, within bounds, before the refusal is sent.
    """
    announced = _announced_bytes(request)
    if announced is not None and announced > limit_bytes:
        await _discard(receive)
        raise _too_large(limit_bytes)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError("The client went away.")
        chunk = message.get("body", b"")
        size += len(chunk)
        is_complete = not message.get("more_body", False)
        if size > limit_bytes:
            chunks.clear()
            if not is_complete:
                await _discard(receive)
            raise _too_large(limit_bytes)
        chunks.append(chunk)
        if is_complete:
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class BodyTimeoutError(TimeloomError):
    """The body stopped arriving before it was complete."""

    status = "DEADLINE_EXCEEDED"
    reason = "BODY_TIMEOUT"


class BodyParts:
    """A body in parts of at most PART_BYTES_MAX; little more than one of them is held."""

    def __init__(self, request: Request, receive: Receive, *, limit_bytes: int) -> None:
        self._request = request
        self._receive = receive
        self._limit_bytes = limit_bytes
        self._held = bytearray()
        self._size = 0
        self._is_complete = False

    async def next(self) -> bytes | None:
        """The next part; None when there is no more.

        Raises:
            TooLargeError: The body is larger than the limit, which shows before its end.
            BodyTimeoutError: It stopped arriving.
            ClientGoneError: The client went away.
        """
        if not self._size and (_announced_bytes(self._request) or 0) > self._limit_bytes:
            raise await self._refusal()
        while len(self._held) < PART_BYTES_MAX and not self._is_complete:
            chunk = await self._next_chunk()
            self._size += len(chunk)
            if self._size > self._limit_bytes:
                raise await self._refusal()
            self._held += chunk
        part = bytes(self._held[:PART_BYTES_MAX])
        del self._held[:PART_BYTES_MAX]
        return part or None

    async def discard(self) -> None:
        """Reads and throws away what is left, within bounds, so that its client comes to read the answer."""
        if not self._is_complete:
            await _discard(self._receive)

    async def _refusal(self) -> TooLargeError:
        await self.discard()
        return _too_large(self._limit_bytes)

    async def _next_chunk(self) -> bytes:
        try:
            async with asyncio.timeout(STALLED_SECONDS_MAX):
                message = await self._receive()
        except TimeoutError:
            raise BodyTimeoutError(f"Nothing of the body arrived for {STALLED_SECONDS_MAX:g} s.") from None
        if message["type"] == "http.disconnect":
            raise ClientGoneError("The client went away.")
        self._is_complete = not message.get("more_body", False)
        return bytes(message.get("body", b""))


def _announced_bytes(request: Request) -> int | None:
    text = request.header(b"content-length")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise InvalidFieldError.of("Content-Length", "must be a number of bytes")
    return int(text)


async def _discard(receive: Receive) -> None:
    discarded = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS_MAX):
            while discarded < DISCARDED_BYTES_MAX:
                message = await receive()
                discarded += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return


def _too_large(limit_bytes: int) -> TooLargeError:
    return TooLargeError(
        f"The body is larger than {limit_bytes} bytes.", metadata={"limitBytes": str(limit_bytes)}
    )
