"""The one interceptor: everything that happens around a call before and after its servicer.

One and not several, because each that grpc.aio passes a call through costs it again. A method's handler is
wrapped once, when it is first called; from then on a call pays for a dictionary, a few context variables
and the checks themselves. In order: request id, trace, admission, deadline, identity, scope, validation,
the servicer, and at the end the one mapping of errors, metrics and the span.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

from timeloom_platform import failures, ids
from timeloom_platform.authentication import Authenticator
from timeloom_platform.contract import ContractError, MethodContract
from timeloom_platform.errors import UnimplementedError
from timeloom_platform.guard import REQUEST_ID_METADATA, Gate, Guard
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


class RpcInterceptor(grpc.aio.ServerInterceptor):
    """Guards every method of the contract; what is neither there nor public does not exist."""

    def __init__(
        self,
        *,
        methods: Mapping[str, MethodContract],
        opaque_services: frozenset[str],
        public_services: frozenset[str],
        authenticator: Authenticator,
        metrics: RpcMetrics,
        tracing: Tracing,
        limits: Limits,
    ) -> None:
        """Prepare to guard the methods.

        Args:
            methods: By path.
            opaque_services: Those whose messages pass as bytes, to be validated by whoever they are for.
            public_services: Those that are no part of the contract: health and reflection.
            authenticator: Finds out who calls.
            metrics: Counts the calls.
            tracing: Records the sampled ones.
            limits: Refuses those too many.
        """
        validator = RequestValidator()
        validator.prepare(each.request for each in methods.values() if each.service not in opaque_services)
        calls_gate, streams_gate = Gate(limits.calls), Gate(limits.streams)
        self._public_services = public_services
        self._guards = {
            path: Guard(
                method=method,
                authenticator=authenticator,
                validator=None if method.service in opaque_services else validator,
                counts=metrics.of(method),
                tracing=tracing,
                gate=streams_gate if method.streams else calls_gate,
                timeout_seconds=None if method.streams else method.timeout_seconds or limits.timeout_seconds,
            )
            for path, method in methods.items()
        }
        self._handlers: dict[str, Any] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Return the guarded handler of the method (grpc.aio's interface)."""
        path = handler_call_details.method
        handler = self._handlers.get(path)
        if handler is None:
            inner = await continuation(handler_call_details)
            if inner is None:
                return _UNKNOWN_METHOD
            handler = self._handlers[path] = self._guarded(path, inner)
        return handler

    def _guarded(self, path: str, inner: Any) -> Any:
        if path[1:].rpartition("/")[0] in self._public_services:
            return inner
        guard = self._guards.get(path)
        if guard is None:
            raise ContractError(f"{path} is served, but no contract describes it")
        return _guarded_handler(inner, guard)


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
            checked = guard.checked_request(request)
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
            async for response in behaviour(guard.checked_request(request), context):
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
    return grpc.stream_stream_rpc_method_handler(_unknown_method)


_UNKNOWN_METHOD = _make_unknown_method()
