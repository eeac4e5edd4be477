"""Files over HTTP: up, as the body of a request, and down, as an answer; never held whole, either way.

Both go at the pace of the slower side. A download that cannot be finished ends with its connection, so that
no client takes what it has got for all there is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import grpc.aio
from google.protobuf.message import Message

from timeloom.final_status import CALL_OVER, FinalStatus
from timeloom_gateway.transcoding.files import DownloadParts, FilePart, UploadParts
from timeloom_gateway.web.negotiation import OCTET_STREAM, choose, require_file
from timeloom_gateway.web.operations import Found, Operation
from timeloom_gateway.web.readers import Reader, disconnected, until_left
from timeloom_platform.errors import DeadlineExceededError, OverloadedError
from timeloom_platform.web.bodies import BodyParts, ClientGoneError
from timeloom_platform.web.messages import Receive, Request, Send

TAKE_SECONDS_MAX: Final = 60.0
"""How long a service may leave a part of an upload waiting."""
FINISH_SECONDS_MAX: Final = 600.0
"""How long a service may take for its answer when it has all of an upload."""
STALLED_SECONDS_MAX: Final = 30.0
"""A client that takes nothing of a download for so long is let go."""
NAME_CHARACTERS_MAX: Final = 100

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class FileRelay:
    """Passes files between clients and services."""

    def __init__(self, *, upload_bytes_max: int, is_admitted: Callable[[Request], Awaitable[bool]]) -> None:
        self._upload_bytes_max = upload_bytes_max
        self._is_admitted = is_admitted

    async def upload(self, operation: Operation, first: Message, request: Request, receive: Receive) -> bytes:
        """Passes the request's body on in parts, and returns the response.

        Args:
            operation: Its route is an upload.
            first: The first request, as far as path and query say.
            request: The head of the request.
            receive: Brings its body.
        """
        upload = operation.route.upload
        assert upload is not None
        require_file(request, upload.media_type)
        body = BodyParts(request, receive, limit_bytes=self._upload_bytes_max)
        call = operation.call()
        status = FinalStatus(call)
        try:
            await _write_parts(call, upload, first, body)
            # A call that is over early has its reasons, and most clients read them only when all is sent.
            await body.discard()
            return await _response(call, receive)
        except grpc.aio.AioRpcError as error:
            raise await status.of(error) or error from None
        finally:
            call.cancel()

    async def download(
        self, found: Found, message: Message, request: Request, receive: Receive, send: Send
    ) -> None:
        """Sends the responses as one file. An error is raised, before the first response and after.

        Args:
            found: Its route is a download; the file is named as its service says, or after the path's last
                variable.
            message: The request of the call.
            request: The head of the request; its `Accept` may ask for plain bytes.
            receive: Tells when the client leaves.
            send: Where the file goes.
        """
        route = found.target.route
        assert route.download is not None
        if not route.download.is_told:
            choose(request, (route.download.media_type, OCTET_STREAM))
        leaving = asyncio.create_task(until_left(receive, lambda: self._is_admitted(request)))
        reader = Reader(_parts(route.download, found.target.call, message.SerializeToString()), leaving)
        try:
            part = await reader.next(timeout_seconds=None)
            if reader.is_over and not reader.has_ended:
                raise ClientGoneError("The client went away.")
            name = found.values[-1] if found.values else ""
            await send(_head(request, part or FilePart(data=b""), route.download, name))
            while part is not None and request.method != "HEAD":
                await _send_part(send, part.data)
                part = await reader.next(timeout_seconds=None)
            if reader.is_over and not reader.has_ended:
                raise ClientGoneError("The client went away.")
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await reader.close()


def file_name(text: str, media_type: str) -> str:
    """The name under which a client keeps a file: of harmless characters, ending as its media type does."""
    stem = _UNSAFE.sub("_", text.rpartition("/")[2])[:NAME_CHARACTERS_MAX].strip(".") or "file"
    return f"{stem}.{media_type.rpartition('/')[2].removeprefix('vnd.')}"


def _head(request: Request, first: FilePart, download: DownloadParts, text: str) -> dict[str, Any]:
    """The head of an answer: what the file is follows from its first part, or else from the contract."""
    media_type = first.media_type or download.media_type
    name = _UNSAFE.sub("_", first.file_name)[:NAME_CHARACTERS_MAX] or file_name(text, media_type)
    headers = [
        (b"content-type", choose(request, (media_type, OCTET_STREAM)).encode()),
        (b"content-disposition", f'attachment; filename="{name}"'.encode()),
        (b"cache-control", b"no-store"),
    ]
    return {"type": "http.response.start", "status": 200, "headers": headers}


async def _send_part(send: Send, part: bytes) -> None:
    try:
        async with asyncio.timeout(STALLED_SECONDS_MAX):
            await send({"type": "http.response.body", "body": part, "more_body": True})
    except TimeoutError:
        raise ClientGoneError("The client takes nothing any more.") from None


async def _parts(download: DownloadParts, begin_call: Any, data: bytes) -> AsyncIterator[FilePart]:
    """The parts of a download; the call is cancelled when nobody wants more of them."""
    call = begin_call(data)
    try:
        async for response in call:
            yield download.of(response)
    finally:
        call.cancel()


async def _write_parts(call: Any, upload: UploadParts, first: Message, body: BodyParts) -> None:
    """Writes the body in requests, of which there is one for an empty file, too; less if the call is over."""
    is_first = True
    try:
        while (part := await body.next()) is not None:
            await _write(call, upload.first(first, part) if is_first else upload.next(part))
            is_first = False
        if is_first:
            await _write(call, upload.first(first, b""))
        await call.done_writing()
    except CALL_OVER:
        return


async def _write(call: Any, request: bytes) -> None:
    try:
        async with asyncio.timeout(TAKE_SECONDS_MAX):
            await call.write(request)
    except TimeoutError:
        raise OverloadedError("The service does not take what is sent to it.") from None


async def _response(call: Any, receive: Receive) -> bytes:
    """The call's response, unless its client leaves before."""
    answering = asyncio.ensure_future(_await(call))
    leaving = asyncio.ensure_future(disconnected(receive))
    try:
        await asyncio.wait(
            {answering, leaving}, timeout=FINISH_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED
        )
        if answering.done():
            return answering.result()
        if leaving.done():
            raise ClientGoneError("The client went away.")
        raise DeadlineExceededError("The deadline passed before the answer was ready.")
    finally:
        answering.cancel()
        leaving.cancel()


async def _await(call: Any) -> bytes:
    return bytes(await call)
