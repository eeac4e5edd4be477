# ruff: noqa: N802 - a servicer's methods are shaped and named by its contract
"""A service with one method of each of the four kinds, and what drives it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import grpc
import grpc.aio

from tests.helpers.contracts import add_contract, message_class
from timeloom_platform.auth import Identity, InternalTokens, Scope, current_identity
from timeloom_platform.calls import current_request_id, remaining_seconds
from timeloom_platform.server import ServiceBinding
from timeloom_platform.telemetry import outgoing_traceparent

_METHOD = """
method {{
  name: "{name}" input_type: ".timeloom.test.v1.EchoRequest" output_type: ".timeloom.test.v1.EchoResponse"
  client_streaming: {client} server_streaming: {server}
  options {{ [timeloom.type.v1.scope]: {scope} {options} }}
}}
"""

FILE = add_contract(
    "echo",
    """
    message_type {
      name: "EchoRequest"
      field { name: "text" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL
              options { [timeloom.type.v1.rules] { required: true max_length: 100000000 } } }
      field { name: "page_size" number: 2 type: TYPE_UINT32 label: LABEL_OPTIONAL
              options { [timeloom.type.v1.rules] { max: 10 } } }
    }
    message_type {
      name: "EchoResponse"
      field { name: "text" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    }
    service {
      name: "EchoService"
    """
    + _METHOD.format(
        name="Unary",
        client="false",
        server="false",
        scope="SCOPE_READ",
        options="idempotency_level: NO_SIDE_EFFECTS",
    )
    + _METHOD.format(
        name="Quick",
        client="false",
        server="false",
        scope="SCOPE_READ",
        options="[timeloom.type.v1.timeout_seconds]: 1",
    )
    + _METHOD.format(name="Down", client="false", server="true", scope="SCOPE_READ", options="")
    + _METHOD.format(name="Up", client="true", server="false", scope="SCOPE_WRITE", options="")
    + _METHOD.format(name="Both", client="true", server="true", scope="SCOPE_WRITE", options="")
    + _METHOD.format(name="Manage", client="false", server="false", scope="SCOPE_ADMIN", options="")
    + _METHOD.format(name="Internal", client="false", server="false", scope="SCOPE_INTERNAL", options="")
    + _METHOD.format(name="Open", client="false", server="false", scope="SCOPE_PUBLIC", options="")
    + "}",
)
SERVICE = FILE.services_by_name["EchoService"]
EchoRequest = message_class(FILE, "EchoRequest")
EchoResponse = message_class(FILE, "EchoResponse")

SECRET = "a secret of this test, of 32 bytes or more"
TOKENS = InternalTokens(SECRET)
PROJECT = "0199aaaa-0000-7000-8000-000000000001"

_MAKERS: dict[tuple[bool, bool], Callable[..., Any]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


class Echo:
    """Says what it was told, and what it knows of the call; `raise`, `abort` and `wait` it does."""

    def __init__(self) -> None:
        self.failure: Exception = ValueError("the text of a defect")
        self.called = 0
        self.waiting = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.release = asyncio.Event()

    async def answer(self, text: str, context: Any) -> Any:
        self.called += 1
        if text == "abort":
            await context.abort(grpc.StatusCode.OUT_OF_RANGE, "by the servicer")
        if text == "raise":
            raise self.failure
        if text == "wait":
            self.waiting.set()
            try:
                await self.release.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        known = {
            "identity": lambda: repr(current_identity()),
            "request id": current_request_id,
            "deadline": lambda: str(remaining_seconds()),
            "traceparent": outgoing_traceparent,
        }
        return EchoResponse(text=known[text]() if text in known else text)

    async def Unary(self, request: Any, context: Any) -> Any:
        return await self.answer(request.text, context)

    Quick = Manage = Internal = Open = Unary

    async def Down(self, request: Any, context: Any) -> AsyncIterator[Any]:
        for word in request.text.split(","):
            yield await self.answer(word, context)

    async def Up(self, requests: AsyncIterator[Any], context: Any) -> Any:
        return EchoResponse(
            text=",".join([(await self.answer(each.text, context)).text async for each in requests])
        )

    async def Both(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        async for each in requests:
            yield await self.answer(each.text, context)


def raw_handlers(servicer: Any) -> dict[str, Any]:
    """Return a handler for each method that the servicer has, of messages as bytes."""
    return {
        method.name: _MAKERS[method.client_streaming, method.server_streaming](getattr(servicer, method.name))
        for method in SERVICE.methods
        if hasattr(servicer, method.name)
    }


def add_echo(servicer: Any, server: grpc.aio.Server) -> None:
    """Register the servicer, as generated code would."""
    handlers = {
        name: handler._replace(
            request_deserializer=EchoRequest.FromString, response_serializer=EchoResponse.SerializeToString
        )
        for name, handler in raw_handlers(servicer).items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.full_name, handlers),))


def echo_binding(echo: Any) -> ServiceBinding:
    """Bind the servicer to its contract."""
    return ServiceBinding(add=add_echo, servicer=echo, descriptor=SERVICE)


def token_metadata(scope: Scope = Scope.WRITE, project_id: str = PROJECT) -> tuple[tuple[str, str], ...]:
    """Return the metadata of a call that another service makes for a caller of the scope."""
    token = TOKENS.mint(Identity(project_id=project_id, scope=scope))
    return (("x-timeloom-identity", token),)


class EchoStub:
    """The client's side."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = SERVICE.methods_by_name[name]
        maker: Any = {
            (False, False): self._channel.unary_unary,
            (False, True): self._channel.unary_stream,
            (True, False): self._channel.stream_unary,
            (True, True): self._channel.stream_stream,
        }[method.client_streaming, method.server_streaming]
        call: Callable[..., Any] = maker(
            f"/{SERVICE.full_name}/{name}",
            request_serializer=EchoRequest.SerializeToString,
            response_deserializer=EchoResponse.FromString,
        )
        return call


async def requests(*texts: str) -> AsyncIterator[Any]:
    """Yield a request for each text."""
    for text in texts:
        yield EchoRequest(text=text)


# How to make one call of each kind, with the same words in and the same words out.
async def call_unary(stub: EchoStub, text: str, **options: Any) -> str:
    return str((await stub.Unary(EchoRequest(text=text), **options)).text)


async def call_down(stub: EchoStub, text: str, **options: Any) -> str:
    return ",".join([each.text async for each in stub.Down(EchoRequest(text=text), **options)])


async def call_up(stub: EchoStub, text: str, **options: Any) -> str:
    return str((await stub.Up(requests(text), **options)).text)


async def call_both(stub: EchoStub, text: str, **options: Any) -> str:
    return ",".join([each.text async for each in stub.Both(requests(text), **options)])


KINDS: dict[str, Callable[..., Coroutine[Any, Any, str]]] = {
    "Unary": call_unary,
    "Down": call_down,
    "Up": call_up,
    "Both": call_both,
}
