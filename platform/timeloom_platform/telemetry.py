"""Traces: W3C trace contexts through every call, spans where somebody collects them.

A call that is not sampled costs a look at its `traceparent`, no more. OpenTelemetry is imported only where
an OTLP endpoint is set; without one, the trace context of a caller is still handed on. Names and attributes
of spans follow the semantic conventions for RPC.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal

from timeloom_platform.settings import ProcessSettings

if TYPE_CHECKING:  # 0.35 s and 30 MB that a process without an endpoint does not spend
    from opentelemetry.trace import Span, SpanContext, Tracer

TRACEPARENT_METADATA = "traceparent"
EXPORT_INTERVAL_MS = 1_000

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
SpanKind = Literal["server", "client", "internal", "producer", "consumer"]

_traceparent: ContextVar[str] = ContextVar("timeloom_traceparent", default="")
_tracing: ContextVar[Tracing | None] = ContextVar("timeloom_tracing", default=None)


def current_traceparent() -> str:
    """Return the W3C trace context of the work being done; empty if it is not sampled."""
    traceparent = _traceparent.get()
    return traceparent if is_sampled(traceparent) else ""


def outgoing_traceparent() -> str:
    """Return what a call to another service should carry; empty if nothing was decided here."""
    return _traceparent.get()


def is_sampled(traceparent: str) -> bool:
    """Tell whether the trace context is valid and says that its trace is recorded."""
    match = _TRACEPARENT.fullmatch(traceparent)
    return match is not None and int(match[3], 16) & 1 == 1


class Tracing:
    """Decides which calls are traced, and makes their spans."""

    def __init__(
        self, *, tracer: Tracer | None, sample_ratio: float, close: Callable[[], None] = lambda: None
    ) -> None:
        """Use the tracer, or none at all, for this share of the calls that begin a trace here."""
        self._tracer = tracer
        self._sample_ratio = sample_ratio
        self._close = close

    @classmethod
    def disabled(cls) -> Tracing:
        """Hand trace contexts on and make no spans."""
        return cls(tracer=None, sample_ratio=0.0)

    @classmethod
    def of(cls, settings: ProcessSettings, *, service: str) -> Tracing:
        """Export spans to the endpoint that the settings name; make none if they name none."""
        if not settings.otlp_endpoint:
            return cls.disabled()
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - see above
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - see above
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - see above

        from timeloom_platform.telemetry_export import (  # noqa: PLC0415 - see above
            Endpoint,
            OwnSpanExporter,
            headers_of,
        )

        provider = TracerProvider(
            resource=Resource.create({"service.name": service, "service.namespace": "timeloom"}),
            shutdown_on_exit=False,
        )
        endpoint = Endpoint(settings.otlp_endpoint, headers_of(settings))
        provider.add_span_processor(
            BatchSpanProcessor(OwnSpanExporter(endpoint), schedule_delay_millis=EXPORT_INTERVAL_MS)
        )
        return cls(
            tracer=provider.get_tracer("timeloom"),
            sample_ratio=settings.trace_sample_ratio,
            close=provider.shutdown,
        )

    def close(self) -> None:
        """Export what is left; may take some seconds, so call it from a thread."""
        self._close()

    def begin(self, traceparent: str) -> bool:
        """Take up the caller's trace context, and tell whether the call is to have a span.

        The caller's decision stands. Without one it is made here by the ratio, and told to the services
        that are called in turn.
        """
        if traceparent:
            _traceparent.set(traceparent)
            return self._tracer is not None and is_sampled(traceparent)
        if self._tracer is None:
            return False
        if random.random() < self._sample_ratio:  # noqa: S311 - sampling is no secret
            return True
        _traceparent.set(_unsampled_traceparent())
        return False

    def start(
        self, name: str, *, kind: SpanKind, attributes: Mapping[str, str | int], traceparent: str
    ) -> Span:
        """Start a span and make it current for the rest of the task; whoever started it ends it."""
        from opentelemetry import context, trace  # noqa: PLC0415 - see above

        if self._tracer is None:
            raise RuntimeError("begin() said that there is nothing to record")
        parent = trace.set_span_in_context(trace.NonRecordingSpan(_span_context(traceparent)))
        span = self._tracer.start_span(
            name, context=parent, kind=trace.SpanKind[kind.upper()], attributes=dict(attributes)
        )
        context.attach(trace.set_span_in_context(span))
        _traceparent.set(_traceparent_of(span))
        _tracing.set(self)
        return span

    def start_client(self, method: str) -> ClientSpan:
        """Start the span of a call to another service, below the current one, without making it current."""
        from opentelemetry import trace  # noqa: PLC0415 - see above

        if self._tracer is None:
            raise RuntimeError("there is no current span to stand below")
        parent = trace.set_span_in_context(trace.NonRecordingSpan(_span_context(_traceparent.get())))
        span = self._tracer.start_span(
            method, context=parent, kind=trace.SpanKind.CLIENT, attributes=dict(rpc_attributes(method))
        )
        return ClientSpan(span)

    @contextmanager
    def span(
        self,
        name: str,
        *,
        kind: SpanKind = "internal",
        attributes: Mapping[str, str | int] | None = None,
        traceparent: str = "",
    ) -> Generator[Span | None]:
        """Record the block as a span, if its trace is sampled, and make it current there.

        Args:
            name: Constant for all spans of its sort.
            kind: Which side of a communication it is.
            attributes: Of few different values; no payloads.
            traceparent: The span of another process that it belongs below; the current one if empty.
        """
        outer, outer_tracing = _traceparent.get(), _tracing.get()
        parent = traceparent or outer
        try:
            if not self.begin(parent):
                yield None
                return
            from opentelemetry import context  # noqa: PLC0415 - see above

            outer_context = context.get_current()
            span = self.start(name, kind=kind, attributes=attributes or {}, traceparent=parent)
            try:
                yield span
            except Exception as error:
                end_span(span, error_type=type(error).__qualname__)
                raise
            else:
                end_span(span)
            finally:
                context.attach(outer_context)
        finally:
            _traceparent.set(outer)
            _tracing.set(outer_tracing)


def end_span(span: Span, *, error_type: str = "", attributes: Mapping[str, str | int] | None = None) -> None:
    """End the span, as failed if there is an error's type."""
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - see above

    span.set_attributes(dict(attributes or {}))
    if error_type:
        span.set_attribute("error.type", error_type)
        span.set_status(StatusCode.ERROR)
    span.end()


class ClientSpan:
    """The span of a call that is being made."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self.traceparent = _traceparent_of(span)

    def end(self, code: str) -> None:
        """End it with the name of the call's status; anything but OK is a failure for whoever called."""
        end_span(
            self._span,
            error_type="" if code == "OK" else code,
            attributes={"rpc.response.status_code": code},
        )


def rpc_attributes(method: str) -> dict[str, str]:
    """Return the attributes of a call's span: semantic conventions for gRPC."""
    return {"rpc.system.name": "grpc", "rpc.method": method}


def current_tracing() -> Tracing:
    """Return what records the current span; where there is none, a tracing that records nothing."""
    return _tracing.get() or Tracing.disabled()


def _span_context(traceparent: str) -> SpanContext:
    from opentelemetry import trace  # noqa: PLC0415 - see above

    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None:
        return trace.INVALID_SPAN_CONTEXT
    flags = trace.TraceFlags(int(match[3], 16))
    return trace.SpanContext(int(match[1], 16), int(match[2], 16), is_remote=True, trace_flags=flags)


def _traceparent_of(span: Span) -> str:
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"


def _unsampled_traceparent() -> str:
    # Identifiers, not secrets; `| 1` because an id of zeros is not valid.
    return f"00-{random.getrandbits(128) | 1:032x}-{random.getrandbits(64) | 1:016x}-00"
