"""requests on the tape, at its adapters: below redirects, authentication and cookies, above the network."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from email.message import Message
from typing import Any, cast

import requests
import requests.adapters
from urllib3 import HTTPHeaderDict, HTTPResponse

from timeloom.replay import tape
from timeloom.replay.hooks import HTTP, Patch, hooked
from timeloom.replay.http.messages import Reply, question
from timeloom.replay.outcomes import Failure, Value


def patches() -> list[Patch]:
    """Return what is replaced in requests."""
    return [Patch(owner=requests.adapters.HTTPAdapter, name="send", replacement=_send)]


def _send(original: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
    def send(adapter: Any, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        on = hooked(HTTP)
        if on is None:
            return original(adapter, request, *args, **kwargs)
        call = on.begin(_question(request))
        if call.outcome is not None:
            return _recalled(adapter, request, call)
        try:
            with tape.happening(call):
                response = original(adapter, request, *args, **kwargs)
        except Exception as error:
            call.keep(Failure.of(error))
            raise
        response.raw = _Copy(call, response)
        return response

    return send


def _question(request: requests.PreparedRequest) -> tape.Question:
    body: Any = request.body
    if hasattr(body, "read"):
        # A file is read to its end for the question, and sent from memory.
        request.body = body = body.read()
    elif body is not None and not isinstance(body, str | bytes):
        request.body = body = b"".join(part.encode() if isinstance(part, str) else part for part in body)
    return question(
        method=request.method or "GET",
        url=request.url or "",
        headers=[(str(name), _text(value)) for name, value in request.headers.items()],
        body=body.encode() if isinstance(body, str) else body,
    )


def _recalled(adapter: Any, request: requests.PreparedRequest, call: tape.Call) -> requests.Response:
    if isinstance(call.outcome, Failure):
        raise call.outcome.exception()
    assert isinstance(call.outcome, Value), "an HTTP call is answered by a response"
    reply = Reply.of(call.outcome.value)
    raw = HTTPResponse(
        body=io.BytesIO(reply.body),
        headers=HTTPHeaderDict(list(reply.headers)),
        status=reply.status,
        reason=reply.reason,
        preload_content=False,
        original_response=cast("Any", _Head(reply)),
    )
    response: requests.Response = adapter.build_response(request, raw)
    return response


class _Head:
    """The standard library's response, as far as cookies are taken from it."""

    def __init__(self, reply: Reply) -> None:
        self.msg = Message()
        for name, value in reply.headers:
            self.msg[name] = value

    def isclosed(self) -> bool:
        """Nothing is open."""
        return True

    def close(self) -> None:
        """Do nothing: nothing is open."""


class _Copy:
    """urllib3's response, copied as it is read; in all else it is that response."""

    def __init__(self, call: tape.Call, response: requests.Response) -> None:
        self._source = response.raw
        self._call = call
        self._response = response
        self._parts: list[bytes] = []
        self._is_kept = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def stream(self, amt: int = 2**16, decode_content: bool | None = None) -> Iterator[bytes]:  # noqa: FBT001 - urllib3's signature
        """Yield the body in parts, as `requests` reads it."""
        for part in self._source.stream(amt, decode_content=decode_content):
            self._parts.append(part)
            yield part
        self._keep(complete=True)

    def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:  # noqa: FBT001 - as above
        """Return the next part of the body."""
        part: bytes = self._source.read(amt, decode_content=decode_content)
        if part:
            self._parts.append(part)
        if amt is None or (not part and amt):
            self._keep(complete=True)
        return part

    def close(self) -> None:
        """Leave the rest unread."""
        self._keep(complete=False)
        self._source.close()

    def release_conn(self) -> None:
        """Give the connection back; whoever does has read what it wants."""
        self._keep(complete=self._source.isclosed())
        self._source.release_conn()

    def _keep(self, *, complete: bool) -> None:
        if self._is_kept:
            return
        self._is_kept = True
        self._call.keep(
            Value(
                Reply(
                    status=self._response.status_code,
                    reason=self._response.reason or "",
                    headers=tuple(self._source.headers.items()),
                    body=b"".join(self._parts),
                    chunks=tuple(len(part) for part in self._parts),
                    complete=complete,
                ).document()
            )
        )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
