"""The gRPC front: every service on one port, with one place that checks credentials.

IdentityService is served by this process. Calls of the other services pass as bytes: the
platform's interceptor authenticates them once and checks their scope, and an internal token
vouches for the caller on the way on. Deadlines, cancellation, metadata and the details of
errors pass through.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

from timeloom.final_status import CALL_OVER, FinalStatus
from timeloom_gateway.backends import Backends
from timeloom_gateway.contracts import Contracts, Method, Service
from timeloom_gateway.rooms import OWN_ROOM
from timeloom_platform.auth import API_KEY_METADATA, INTERNAL_TOKEN_METADATA
from timeloom_platform.channel import REQUEST_ID_METADATA
from timeloom_platform.server import ServiceBinding
from timeloom_platform.telemetry import TRACEPARENT_METADATA

# Credentials end here; the channel adds what it knows itself, and gRPC its own headers.
_KEPT_BACK = frozenset(
    {API_KEY_METADATA, INTERNAL_TOKEN_METADATA, REQUEST_ID_METADATA, TRACEPARENT_METADATA, "user-agent"}
)
_RESERVED_PREFIX = "grpc-"


def proxied_services(contracts: Contracts, backends: Backends) -> list[ServiceBinding]:
    """Bindings for every service that another process serves."""
    import_stubs(contracts)
    return [
        ServiceBinding(
            add=_adder(service),
            servicer={
                method.name: _handler(method, backends.callable_for(method)) for method in service.methods
            },
            descriptor=contracts.pool.FindServiceByName(service.name),
            opaque=True,
        )
        for service in contracts.services
        if service.room != OWN_ROOM
    ]


def import_stubs(contracts: Contracts) -> None:
    """Registers the contracts where gRPC's reflection looks for them: in the generated modules."""
    for name in contracts.file_names:
        if name.startswith("timeloom/"):
            importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")


def _adder(service: Service) -> Any:
    def add(handlers: dict[str, Any], server: grpc.aio.Server) -> None:
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.name, handlers),))

    return add


def _handler(method: Method, call: Any) -> Any:
    make: dict[tuple[bool, bool], Any] = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    contract = method.contract
    begin = _begin_with_stream if contract.streams_requests else _begin
    forward = _many_answers(call, begin) if contract.streams_responses else _one_answer(call, begin)
    return make[contract.streams_requests, contract.streams_responses](forward)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forwarded:
    """A call that goes on to a service, and what there is besides if its client streams."""

    call: Any
    status: FinalStatus | None = None
    requests: asyncio.Task[None] | None = None

    async def failure(self, error: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError | None:
        """The error with which the service ended the call; None if it succeeded."""
        return error if self.status is None else await self.status.of(error)

    def end(self) -> None:
        """Lets go of everything that is still under way."""
        self.call.cancel()
        if self.requests is not None:
            self.requests.cancel()


_Begin = Callable[[Any, Any, Any], _Forwarded]


def _begin(call: Any, request: Any, context: Any) -> _Forwarded:
    return _Forwarded(call=call(request, metadata=_passed_on(context)))


def _begin_with_stream(call: Any, requests: Any, context: Any) -> _Forwarded:
    begun = call(metadata=_passed_on(context))
    # Not left to gRPC, which cancels a call whose requests cannot be ended because it is over.
    passing = asyncio.create_task(_pass_requests(begun, requests))
    return _Forwarded(call=begun, status=FinalStatus(begun), requests=passing)


async def _pass_requests(call: Any, requests: AsyncIterator[bytes]) -> None:
    with suppress(*CALL_OVER):
        async for request in requests:
            await call.write(request)
        await call.done_writing()


def _one_answer(call: Any, begin: _Begin) -> Any:
    async def forward(request: Any, context: Any) -> Any:
        forwarded = begin(call, request, context)
        try:
            response = await forwarded.call
            context.set_trailing_metadata(tuple(await forwarded.call.trailing_metadata()))
        except grpc.aio.AioRpcError as error:
            return await _abort(context, await forwarded.failure(error) or error)
        finally:
            forwarded.end()
        return response

    return forward


def _many_answers(call: Any, begin: _Begin) -> Any:
    async def forward(request: Any, context: Any) -> AsyncIterator[bytes]:
        forwarded = begin(call, request, context)
        try:
            async for response in forwarded.call:
                yield response
            context.set_trailing_metadata(tuple(await forwarded.call.trailing_metadata()))
        except grpc.aio.AioRpcError as error:
            failure = await forwarded.failure(error)
            if failure is not None:
                await _abort(context, failure)
        finally:
            forwarded.end()

    return forward


def _passed_on(context: Any) -> Sequence[tuple[str, str | bytes]]:
    return [
        (key, value)
        for key, value in context.invocation_metadata() or ()
        if key not in _KEPT_BACK and not key.startswith(_RESERVED_PREFIX)
    ]


async def _abort(context: Any, error: grpc.aio.AioRpcError) -> None:
    await context.abort(
        error.code(), error.details() or "", trailing_metadata=tuple(error.trailing_metadata() or ())
    )
