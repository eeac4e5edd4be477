"""httpx on the tape, at its transports: below redirects, authentication and cookies, above the network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx

from timeloom.replay import tape
from timeloom.replay.hooks import HTTP, Patch, hooked
from timeloom.replay.http.messages import Reply, question
from timeloom.replay.outcomes import Failure, Value


def patches() -> list[Patch]:
    """Return what is replaced in httpx."""
    return [
        Patch(owner=httpx.HTTPTransport, name="handle_request", replacement=_handle),
        Patch(owner=httpx.AsyncHTTPTransport, name="handle_async_request", replacement=_handle_async),
    ]


def _handle(original: Callable[..., httpx.Response]) -> Callable[..., httpx.Response]:
    def handle_request(transport: Any, request: httpx.Request) -> httpx.Response:
        on = hooked(HTTP)
        if on is None:
            return original(transport, request)
        call = on.begin(_question(request, request.read()))
        if call.outcome is not None:
            return _recalled(call)
        try:
            with tape.happening(call):
                response = original(transport, request)
        except Exception as error:
            call.keep(Failure.of(error))
            raise
        response.stream = _Copy(call, response)
        return response

    return handle_request


def _handle_async(original: Callable[..., Awaitable[httpx.Response]]) -> Callable[..., Any]:
    async def handle_async_request(transport: Any, request: httpx.Request) -> httpx.Response:
        on = hooked(HTTP)
        if on is None:
            return await original(transport, request)
        call = on.begin(_question(request, await request.aread()))
        if call.outcome is not None:
            return _recalled(call)
        try:
            with tape.happening(call):
                response = await original(transport, request)
        except Exception as error:
            call.keep(Failure.of(error))
            raise
        response.stream = _AsyncCopy(call, response)
        return response

    return handle_async_request


def _question(request: httpx.Request, body: bytes) -> tape.Question:
    return question(
        method=request.method, url=str(request.url), headers=request.headers.multi_items(), body=body
    )


def _recalled(call: tape.Call) -> httpx.Response:
    if isinstance(call.outcome, Failure):
        raise call.outcome.exception()
    assert isinstance(call.outcome, Value), "an HTTP call is answered by a response"
    reply = Reply.of(call.outcome.value)
    return httpx.Response(
        reply.status,
        headers=list(reply.headers),
        stream=_Parts(reply.parts()),
        extensions={"reason_phrase": reply.reason.encode("ascii", "replace"), "http_version": b"HTTP/1.1"},
    )


class _Parts(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that was recorded."""

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part


class _Kept:
    """What has come of a body, to be kept when it ends or its reader leaves."""

    def __init__(self, call: tape.Call, response: httpx.Response) -> None:
        self._call = call
        self._response = response
        self._parts: list[bytes] = []
        self._is_kept = False

    def add(self, part: bytes) -> bytes:
        self._parts.append(part)
        return part

    def keep(self, *, complete: bool) -> None:
        if self._is_kept:
            return
        self._is_kept = True
        response = self._response
        packed = b"".join(self._parts)
        encoded = "content-encoding" in response.headers
        body = (
            httpx.Response(200, headers=response.headers, content=packed).content
            if encoded and complete
            else packed
        )
        self._call.keep(
            Value(
                Reply(
                    status=response.status_code,
                    reason=response.reason_phrase,
                    headers=tuple(response.headers.multi_items()),
                    body=body,
                    chunks=() if encoded else tuple(len(part) for part in self._parts),
                    complete=complete,
                ).document()
            )
        )


class _Copy(httpx.SyncByteStream):
    """A body on its way from the network, copied as it passes."""

    def __init__(self, call: tape.Call, response: httpx.Response) -> None:
        assert isinstance(response.stream, httpx.SyncByteStream)
        self._source = response.stream
        self._kept = _Kept(call, response)

    def __iter__(self) -> Iterator[bytes]:
        for part in self._source:
            yield self._kept.add(part)
        self._kept.keep(complete=True)

    def close(self) -> None:
        self._kept.keep(complete=False)
        self._source.close()


class _AsyncCopy(httpx.AsyncByteStream):
    """A body on its way from the network, copied as it passes."""

    def __init__(self, call: tape.Call, response: httpx.Response) -> None:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        self._source = response.stream
        self._kept = _Kept(call, response)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._source:
            yield self._kept.add(part)
        self._kept.keep(complete=True)

    async def aclose(self) -> None:
        self._kept.keep(complete=False)
        await self._source.aclose()
