"""The one interceptor: everything that happens around a call before and after its servicer.

In order: request id, trace, admission, deadline, identity, scope, validation, the servicer, and at the end
the one mapping of errors, the counts and the span. Each interceptor that grpc.aio passes a call through costs
it again, even one that does nothing; so this one is no `ServerInterceptor` but wraps every method's handler
once, before the server starts, and a call pays for the checks alone.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from timeloom_platform import failures, ids
from timeloom_platform.acting import AgentBinders
from timeloom_platform.authentication import Authenticator
from timeloom_platform.calls import REQUEST_ID_METADATA
from timeloom_platform.contract import ContractError, MethodContract, methods_of
from timeloom_platform.errors import UnimplementedError
from timeloom_platform.guard import Gate, Guard
from timeloom_platform.metrics import RpcMetrics
from timeloom_platform.telemetry import Tracing
from timeloom_platform.validation import RequestValidator

_Behaviour = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a server takes on at once, and how long a call may last whose caller does not say.

    Attributes:
        calls: Unary calls being served; one more is refused with OVERLOADED.
        streams: Calls in which either side streams; they may live for hours, mostly idle.
        timeout_seconds: For a unary call without a deadline, if its method names none either.
    """

    calls: int = 1_000
    streams: int = 10_000
    timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceBinding:
    """A service of the contract and what serves it.

    Attributes:
        add: The generated `add_…Servicer_to_server`, or a function like it.
        servicer: Its methods are coroutines or asynchronous generators.
        descriptor: The service in the contract.
        opaque: Its messages pass as bytes: a proxy's, whose target validates them.
    """

    add: Callable[[Any, Any], None]
    servicer: Any
    descriptor: ServiceDescriptor
    opaque: bool = False


class GuardedHandlers(grpc.GenericRpcHandler):
    """The methods of all bindings, each within its guard; what is neither there nor public does not exist."""

    def __init__(
        self,
        *,
        bindings: Sequence[ServiceBinding],
        public_services: frozenset[str],
        authenticator: Authenticator,
        metrics: RpcMetrics,
        tracing: Tracing,
        limits: Limits,
    ) -> None:
        """Wrap the handlers of the bindings.

        Args:
            bindings: What to serve.
            public_services: Those that are no part of the contract, and are served beside: health.
            authenticator: Finds out who calls.
            metrics: Counts the calls.
            tracing: Records the sampled ones.
            limits: Refuses those too many.

        Raises:
            ContractError: A method names no scope, is not served as its contract says, or not async; or a
                rule does not fit its field.
        """
        self._public_prefixes = tuple(f"/{name}/" for name in public_services)
        calls_gate, streams_gate = Gate(limits.calls), Gate(limits.streams)
        validator, binders = RequestValidator(), AgentBinders()
        self._handlers: dict[str, Any] = {}
        for binding in bindings:
            methods = methods_of([binding.descriptor])
            served = _served_handlers(binding)
            for path, method in methods.items():
                guard = Guard(
                    method=method,
                    authenticator=authenticator,
                    check=None if binding.opaque else validator.compile(method.request),
                    bind=None if binding.opaque else binders.compile(method.request),
                    counts=metrics.of(method),
                    tracing=tracing,
                    gate=streams_gate if method.streams else calls_gate,
                    timeout_seconds=_timeout_seconds(method, limits),
                )
                self._handlers[path] = _guarded_handler(served(path), guard)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Return the handler of the method (gRPC's interface); None for the services beside."""
        path = handler_call_details.method
        handler = self._handlers.get(path)
        if handler is not None:
            return handler
        return None if path.startswith(self._public_prefixes) else _UNKNOWN_METHOD


def _timeout_seconds(method: MethodContract, limits: Limits) -> float | None:
    return None if method.streams else method.timeout_seconds or limits.timeout_seconds


class _Collector:
    """Stands in for a server, so that a binding's handlers can be had before they are served."""

    def __init__(self) -> None:
        self.generic: list[Any] = []

    def add_generic_rpc_handlers(self, handlers: Iterable[Any]) -> None:
        self.generic.extend(handlers)

    def add_registered_method_handlers(self, service_name: str, method_handlers: Mapping[str, Any]) -> None:
        """Ignore them: the same come as generic handlers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lookup:
    """The part of a call that a handler is looked up by."""

    method: str
    invocation_metadata: tuple[tuple[str, str], ...] = ()


def _served_handlers(binding: ServiceBinding) -> Callable[[str], Any]:
    collector = _Collector()
    binding.add(binding.servicer, collector)

    def served(path: str) -> Any:
        for generic in collector.generic:
            handler = generic.service(_Lookup(method=path))
            if handler is not None:
                return handler
        raise ContractError(f"{path} is in the contract, but not served")

    return served


def _guarded_handler(inner: Any, guard: Guard) -> Any:
    kind = (inner.request_streaming, inner.response_streaming)
    if kind != (guard.method.streams_requests, guard.method.streams_responses):
        raise ContractError(f"{guard.method.path} is not served as the kind of call that its contract says")
    behaviour, make_handler = {
        (False, False): (inner.unary_unary, grpc.unary_unary_rpc_method_handler),
        (False, True): (inner.unary_stream, grpc.unary_stream_rpc_method_handler),
        (True, False): (inner.stream_unary, grpc.stream_unary_rpc_method_handler),
        (True, True): (inner.stream_stream, grpc.stream_stream_rpc_method_handler),
    }[kind]
    if inspect.isasyncgenfunction(behaviour):
        wrapped: _Behaviour = _around_generator(guard, behaviour)
    elif inspect.iscoroutinefunction(behaviour):
        wrapped = _around_coroutine(guard, behaviour)
    else:
        raise ContractError(f"the servicer's {guard.method.name} is not async")
    return make_handler(
        wrapped,
        request_deserializer=inner.request_deserializer,
        response_serializer=inner.response_serializer,
    )


def _around_coroutine(guard: Guard, behaviour: _Behaviour) -> _Behaviour:
    """Guard a method that returns its response, or writes its responses to the context."""

    async def handle(request: Any, context: Any) -> Any:
        call = guard.begin(context)
        try:
            limit_seconds = await guard.admit(call)
            checked = guard.checked(request)
            if limit_seconds is None:
                response = await behaviour(checked, context)
            else:
                async with asyncio.timeout(limit_seconds):
                    response = await behaviour(checked, context)
        except asyncio.CancelledError:
            guard.end_early(call)
            raise
        except Exception as error:  # noqa: BLE001 - the boundary of a call: any error becomes a status
            await guard.fail(call, error)
        guard.end(call)
        return response

    return handle


def _around_generator(guard: Guard, behaviour: _Behaviour) -> _Behaviour:
    """Guard a method that yields its responses."""

    async def handle(request: Any, context: Any) -> AsyncIterator[Any]:
        call = guard.begin(context)
        try:
            await guard.admit(call)
            # Closed here, in the call's own task, and not by the garbage collector in some other.
            async with aclosing(behaviour(guard.checked(request), context)) as responses:
                async for response in responses:
                    yield response
        except (asyncio.CancelledError, GeneratorExit):
            guard.end_early(call)
            raise
        except Exception as error:  # noqa: BLE001 - the boundary of a call: any error becomes a status
            await guard.fail(call, error)
        guard.end(call)

    return handle


async def _unknown_method(_requests: Any, context: Any) -> None:
    metadata: dict[str, Any] = dict(context.invocation_metadata() or ())
    failure = UnimplementedError("There is no such method.")
    await context.abort(
        failures.status_code(failure),
        failures.message_of(failure),
        trailing_metadata=(
            (REQUEST_ID_METADATA, ids.request_id(metadata.get(REQUEST_ID_METADATA, ""))),
            (failures.STATUS_DETAILS_METADATA, failures.status_details(failure)),
        ),
    )


def _make_unknown_method() -> Any:
    # On the wire a call of any kind is a stream of messages each way, so that this answers all four.
    return cast("Any", grpc.stream_stream_rpc_method_handler(_unknown_method))


_UNKNOWN_METHOD = _make_unknown_method()
