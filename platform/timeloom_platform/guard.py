"""What surrounds each call of one method: checks before the servicer, the account of it afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
import grpc.aio
import structlog
from google.protobuf.message import Message

from timeloom_platform import calls, failures, ids
from timeloom_platform.acting import Binder
from timeloom_platform.auth import Scope, identity_or_none, set_identity
from timeloom_platform.authentication import Authenticator
from timeloom_platform.calls import REQUEST_ID_METADATA
from timeloom_platform.contract import MethodContract
from timeloom_platform.errors import MissingScopeError, OverloadedError, TimeloomError
from timeloom_platform.metrics import MethodCounts
from timeloom_platform.telemetry import TRACEPARENT_METADATA, Tracing, end_span, rpc_attributes

if TYPE_CHECKING:  # see telemetry
    from opentelemetry.trace import Span

_logger = structlog.get_logger(__name__)


class Gate:
    """Admits a limited number of calls at a time; more would only wait, and make all others wait longer."""

    __slots__ = ("in_flight", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_flight = 0

    def enter(self) -> None:
        """Admit a call, which has to leave.

        Raises:
            OverloadedError: So many are being served already.
        """
        if self.in_flight >= self.limit:
            raise OverloadedError(
                f"The service is serving {self.limit} calls already.",
                retry_after_seconds=failures.RETRY_AFTER_SECONDS,
            )
        self.in_flight += 1

    def leave(self) -> None:
        """Let the next one in."""
        self.in_flight -= 1


class Call:
    """One call while it is being served."""

    __slots__ = ("admitted", "context", "metadata", "request_id", "span", "start_time")

    def __init__(self, context: Any, metadata: Mapping[str, Any], request_id: str) -> None:
        self.context = context
        self.metadata = metadata
        self.request_id = request_id
        self.start_time = time.monotonic()
        self.admitted = False
        self.span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Guards one method.

    Attributes:
        method: What the contract says of it.
        authenticator: Finds out who calls.
        check: Checks a request against its rules; None if requests pass as bytes.
        bind: Makes a request act as the agent that its caller is bound to; None if requests name no agent or
            pass as bytes.
        counts: Counts the calls.
        tracing: Records the sampled ones.
        gate: Refuses those too many.
        timeout_seconds: How long a call without a deadline of its own may take; None for ever.
    """

    method: MethodContract
    authenticator: Authenticator
    check: Callable[[Message], None] | None
    bind: Binder | None
    counts: MethodCounts
    tracing: Tracing
    gate: Gate
    timeout_seconds: float | None

    def begin(self, context: Any) -> Call:
        """Take note of a call that arrives; it has to end or to fail."""
        metadata: dict[str, Any] = dict(context.invocation_metadata() or ())
        call = Call(context, metadata, ids.request_id(metadata.get(REQUEST_ID_METADATA, "")))
        context.set_trailing_metadata(((REQUEST_ID_METADATA, call.request_id),))
        self.counts.begin()
        traceparent = metadata.get(TRACEPARENT_METADATA, "")
        if self.tracing.begin(traceparent):
            call.span = self.tracing.start(
                self.method.path[1:],
                kind="server",
                attributes=rpc_attributes(self.method.path[1:]),
                traceparent=traceparent,
            )
        return call

    async def admit(self, call: Call) -> float | None:
        """Let the call through to its servicer, and return the time limit to apply to it.

        None if it has none, or if its caller set one, which gRPC itself enforces.

        Raises:
            TimeloomError: It may not pass.
        """
        self.gate.enter()
        call.admitted = True
        remaining: float | None = call.context.time_remaining()
        limit = self.timeout_seconds if remaining is None else None
        calls.begin_call(
            request_id=call.request_id, timeout_seconds=limit if remaining is None else remaining
        )
        needed = self.method.scope
        if needed is not Scope.PUBLIC:
            identity = await self.authenticator.authenticate(call.metadata)
            if not identity.scope.allows(needed):
                raise MissingScopeError(
                    f"{self.method.name} needs the scope {needed.name}; this key has {identity.scope.name}.",
                    metadata={"neededScope": needed.name, "scope": identity.scope.name},
                )
            if needed is not Scope.INTERNAL and not identity.project_id:
                raise MissingScopeError(f"{self.method.name} works on a project; the credentials name none.")
            set_identity(identity)
        return limit

    def checked(self, request: Any) -> Any:
        """Return the request, or the stream of them, that the servicer gets.

        Raises:
            InvalidFieldError: The request breaks its rules. Those of a stream are checked as they come.
            PermissionDeniedError: The caller is bound to another agent than the request names.
        """
        if self.check is None:
            return request
        if self.method.streams_requests:
            return self._checked_stream(request, self.check)
        self._check_one(request, self.check)
        return request

    async def _checked_stream(
        self, requests: AsyncIterator[Any], check: Callable[[Message], None]
    ) -> AsyncIterator[Any]:
        async for request in requests:
            self._check_one(request, check)
            yield request

    def _check_one(self, request: Message, check: Callable[[Message], None]) -> None:
        check(request)
        if self.bind is not None:
            identity = identity_or_none()
            if identity is not None and identity.agent_id:
                self.bind(request, identity.agent_id)

    def end(self, call: Call, code: str = "OK", *, failed: bool = False) -> None:
        """Account for the call's end with the name of its status."""
        if call.admitted:
            self.gate.leave()
        self.counts.end(code, time.monotonic() - call.start_time)
        if call.span is not None:
            end_span(
                call.span, error_type=code if failed else "", attributes={"rpc.response.status_code": code}
            )

    def end_early(self, call: Call) -> None:
        """Account for a call whose client has gone, or whose deadline has passed."""
        remaining = call.context.time_remaining()
        self.end(call, "DEADLINE_EXCEEDED" if remaining is not None and remaining <= 0 else "CANCELLED")

    async def fail(self, call: Call, error: Exception) -> NoReturn:
        """Account for a call that failed, and answer with the status of the error."""
        if isinstance(error, grpc.aio.AbortError):
            # The servicer has answered by itself, as proxies do; how, the context knows.
            code = call.context.code()
            name = code.name if isinstance(code, grpc.StatusCode) else "UNKNOWN"
            self.end(call, name, failed=name in failures.SERVER_FAULTS)
            raise error
        failure = failures.failure_of(error)
        faulty = failures.is_server_fault(failure)
        self._log(failure, error, faulty=faulty)
        self.end(call, failure.status, failed=faulty)
        await call.context.abort(
            failures.status_code(failure),
            failures.message_of(failure),
            trailing_metadata=(
                (REQUEST_ID_METADATA, call.request_id),
                (failures.STATUS_DETAILS_METADATA, failures.status_details(failure)),
            ),
        )
        raise asyncio.CancelledError  # never reached: abort raises

    def _log(self, failure: TimeloomError, error: Exception, *, faulty: bool) -> None:
        if faulty:
            level = _logger.warning if failure.status == "UNAVAILABLE" else _logger.error
            level("call failed", method=self.method.path, status=failure.status, exc_info=error)
        else:
            _logger.debug(
                "call refused", method=self.method.path, status=failure.status, reason=failure.reason
            )
