"""How spans come to Timeloom: an exporter, and the processors in front of it."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from timeloom.configuration import Configuration
from timeloom.errors import ConfigurationError
from timeloom.observing._surroundings import surroundings

QUEUED_SPANS_MAX: Final = 16_384
"""Spans that wait to be sent; those that end when so many wait are dropped, and the program goes on."""

BATCH_SPANS_MAX: Final = 512
SEND_INTERVAL_MS: Final = 1_000
EXPORT_TIMEOUT_SECONDS: Final = 10.0


class Relay(SpanProcessor):
    """What a TracerProvider hands its spans to for ever; where they go from here may change."""

    def __init__(self) -> None:
        self._target: SpanProcessor | None = None

    def aim(self, target: SpanProcessor | None) -> None:
        """Hand on to another processor from now on; to nobody if None."""
        self._target = target

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Say of a span what holds for the block that it begins in."""
        if self._target is not None:
            span.set_attributes(surroundings(parent_context).attributes())

    def on_end(self, span: ReadableSpan) -> None:
        """Hand a span on."""
        if (target := self._target) is not None:
            target.on_end(span)

    def shutdown(self) -> None:
        """Send what is left."""
        if (target := self._target) is not None:
            target.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits."""
        target = self._target
        return target is None or target.force_flush(timeout_millis)


_relays: WeakKeyDictionary[TracerProvider, Relay] = WeakKeyDictionary()


def tracer_provider(service_name: str | None) -> TracerProvider:
    """Return the program's TracerProvider; it gets one if it has none.

    Raises:
        ConfigurationError: It has one under another name, or one that takes no processors.
    """
    found = trace.get_tracer_provider()
    if isinstance(found, trace.ProxyTracerProvider):
        made = TracerProvider(resource=resource(service_name))
        trace.set_tracer_provider(made)
        return made
    if not isinstance(found, TracerProvider):
        raise ConfigurationError(
            f"The program's TracerProvider is a {type(found).__name__}, which takes no span processors; "
            "give it an exporter to Timeloom where it is made"
        )
    name = str(found.resource.attributes.get(SERVICE_NAME, ""))
    if service_name is not None and name != service_name:
        raise ConfigurationError(
            f"The program has a TracerProvider already, whose service is called {name!r}: "
            f"{service_name!r} would have to be given to its resource"
        )
    return found


def resource(service_name: str | None) -> Resource:
    """Return what is said of the program."""
    return Resource.create({SERVICE_NAME: service_name} if service_name else None)


def spans_to(settings: Configuration, provider: TracerProvider) -> SpanProcessor:
    """Send a provider's spans to Timeloom from now on, and nowhere else of Timeloom's."""
    relay = _relays.get(provider)
    if relay is None:
        relay = _relays[provider] = Relay()
        provider.add_span_processor(relay)
    exporter = OTLPSpanExporter(
        endpoint=settings.otlp_endpoint,
        headers=headers(settings),
        timeout=EXPORT_TIMEOUT_SECONDS,
    )
    processor = BatchSpanProcessor(
        exporter,
        max_queue_size=QUEUED_SPANS_MAX,
        schedule_delay_millis=SEND_INTERVAL_MS,
        max_export_batch_size=BATCH_SPANS_MAX,
    )
    relay.aim(processor)
    return processor


def stop_spans(provider: TracerProvider, processor: SpanProcessor) -> None:
    """Send what is left, and nothing any more."""
    _relays[provider].aim(None)
    processor.shutdown()


def headers(settings: Configuration) -> dict[str, str]:
    """Return what opens the project."""
    return {"authorization": f"Bearer {settings.api_key}"}
