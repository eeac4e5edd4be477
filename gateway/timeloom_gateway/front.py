"""The gRPC front: every service on one port, with one place that checks credentials.

IdentityService is served by this process. Calls of the other services pass as bytes: the
platform's interceptor authenticates them once and checks their scope, and an internal token
vouches for the caller on the way on. Deadlines, cancellation, metadata and the details of
errors pass through.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import grpc.aio

from timeloom_gateway.backends import Backends
from timeloom_gateway.contracts import Contracts, Method, Service
from timeloom_gateway.rooms import OWN_ROOM
from timeloom_platform.auth import API_KEY_METADATA, INTERNAL_TOKEN_METADATA
from timeloom_platform.channel import REQUEST_ID_METADATA
from timeloom_platform.final_status import FinalStatus
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
    begin = _begun(call, contract.streams_requests)
    forward = _many_answers(begin) if contract.streams_responses else _one_answer(begin)
    return make[contract.streams_requests, contract.streams_responses](forward)


def _begun(call: Any, streams_requests: bool) -> Any:  # noqa: FBT001 - a private function
    def begin(request: Any, context: Any) -> tuple[Any, FinalStatus | None]:
        calling = call(request, metadata=_passed_on(context))
        return calling, FinalStatus(calling) if streams_requests else None

    return begin


def _one_answer(begin: Any) -> Any:
    async def forward(request: Any, context: Any) -> Any:
        calling, status = begin(request, context)
        try:
            response = await calling
            context.set_trailing_metadata(tuple(await calling.trailing_metadata()))
        except grpc.aio.AioRpcError as error:
            return await _abort(context, error if status is None else await status.of(error) or error)
        return response

    return forward


def _many_answers(begin: Any) -> Any:
    async def forward(request: Any, context: Any) -> AsyncIterator[bytes]:
        calling, status = begin(request, context)
        try:
            async for response in calling:
                yield response
            context.set_trailing_metadata(tuple(await calling.trailing_metadata()))
        except grpc.aio.AioRpcError as error:
            failure = error if status is None else await status.of(error)
            if failure is not None:
                await _abort(context, failure)
        finally:
            calling.cancel()

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
