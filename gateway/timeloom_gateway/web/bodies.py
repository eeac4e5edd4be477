"""Reading a request's body within a limit."""

from __future__ import annotations

import asyncio

from timeloom_gateway.web.messages import Receive, Request
from timeloom_platform.errors import InvalidFieldError, TimeloomError, TooLargeError

DISCARDED_BYTES_MAX = 256 * 1024 * 1024
DISCARD_SECONDS_MAX = 10.0


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
        raise await _refusal(receive, limit_bytes)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError("The client went away.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit_bytes:
            chunks.clear()
            raise await _refusal(receive, limit_bytes)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _announced_bytes(request: Request) -> int | None:
    text = request.header(b"content-length")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise InvalidFieldError.of("Content-Length", "must be a number of bytes")
    return int(text)


async def _refusal(receive: Receive, limit_bytes: int) -> TooLargeError:
    try:
        async with asyncio.timeout(DISCARD_SECONDS_MAX):
            await _discard(receive)
    except TimeoutError:
        pass
    return TooLargeError(
        f"The body is larger than {limit_bytes} bytes.", metadata={"limitBytes": str(limit_bytes)}
    )


async def _discard(receive: Receive) -> None:
    discarded = 0
    while discarded < DISCARDED_BYTES_MAX:
        message = await receive()
        discarded += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
