"""A process's own telemetry on its way to an OTLP endpoint, over gRPC.

The exporters of OpenTelemetry send the same headers for ever. An installation that keeps its own telemetry
has its first API key only once it runs, and may rotate it; so the key is looked up for each request. What
cannot be sent is dropped: whoever works must never wait for whoever watches.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence
from operator import methodcaller
from pathlib import Path
from typing import Any, Final

import grpc
import structlog
from google.protobuf.message import Message
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric as OtlpMetric
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.samples import Sample

from timeloom_platform.settings import ProcessSettings

EXPORT_TIMEOUT_SECONDS: Final = 5.0
METRICS_INTERVAL_SECONDS: Final = 15.0
NAMESPACE: Final = "timeloom"

_TRACES: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_METRICS: Final = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
_serialized: Final = methodcaller("SerializeToString")
_CUMULATIVE: Final = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
_BOUND: Final = "le"

_logger = structlog.get_logger(__name__)

Headers = Callable[[], Sequence[tuple[str, str]]]


def headers_of(settings: ProcessSettings) -> Headers:
    """Returns what makes up the headers of a request: those of the key that there is by then."""
    file = Path(settings.otlp_credentials_file) if settings.otlp_credentials_file else None

    def headers() -> Sequence[tuple[str, str]]:
        key = settings.otlp_api_key or (_key_in(file) if file is not None else "")
        return [("authorization", f"Bearer {key}")] if key else []

    return headers


def _key_in(file: Path) -> str:
    """Returns the key of a credentials file; empty as long as there is none."""
    try:
        return str(json.loads(file.read_bytes())["apiKey"])
    except (OSError, ValueError, KeyError):
        return ""


class Endpoint:
    """Where telemetry goes.

    Args:
        address: Such as `http://127.0.0.1:4317`; `https:` means TLS.
        headers: Make up those of each request.
    """

    def __init__(self, address: str, headers: Headers) -> None:
        scheme, _, target = address.rpartition("://")
        self._channel = (
            grpc.secure_channel(target, grpc.ssl_channel_credentials())
            if scheme == "https"
            else grpc.insecure_channel(target)
        )
        self._headers = headers
        self._traces = self._method(_TRACES, ExportTraceServiceResponse)
        self._metrics = self._method(_METRICS, ExportMetricsServiceResponse)
        self._is_failing = False

    def send_spans(self, spans: Sequence[ReadableSpan]) -> bool:
        """Sends spans, and tells whether they arrived."""
        return self._send(self._traces, encode_spans(spans))

    def send_metrics(self, request: ExportMetricsServiceRequest) -> bool:
        """Sends metrics, and tells whether they arrived."""
        return self._send(self._metrics, request)

    def close(self) -> None:
        """Gives up what is under way."""
        self._channel.close()

    def _method(self, path: str, response: type[Message]) -> Callable[..., Message]:
        return self._channel.unary_unary(
            path, request_serializer=_serialized, response_deserializer=response.FromString
        )

    def _send(self, export: Callable[..., Message], request: Message) -> bool:
        try:
            export(request, timeout=EXPORT_TIMEOUT_SECONDS, metadata=self._headers(), wait_for_ready=True)
        except (grpc.RpcError, ValueError) as error:
            if not self._is_failing:
                code = error.code().name if isinstance(error, grpc.Call) else type(error).__name__
                _logger.warning("own telemetry is not taken", code=code)
            self._is_failing = True
            return False
        self._is_failing = False
        return True


class OwnSpanExporter(SpanExporter):
    """Sends finished spans to an endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends a batch."""
        return SpanExportResult.SUCCESS if self._endpoint.send_spans(spans) else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Gives up what is under way."""
        self._endpoint.close()


async def export_metrics(
    settings: ProcessSettings, *, service: str, registry: CollectorRegistry = REGISTRY
) -> None:
    """Sends what Prometheus would scrape, again and again, until it is cancelled.

    Args:
        settings: Name the endpoint.
        service: Whose metrics they are.
        registry: Has the metrics.
    """
    endpoint = Endpoint(settings.otlp_endpoint, headers_of(settings))
    start_ns = time.time_ns()
    try:
        while True:
            await asyncio.sleep(METRICS_INTERVAL_SECONDS)
            request = metrics_request(registry.collect(), service=service, start_ns=start_ns)
            await asyncio.to_thread(endpoint.send_metrics, request)
    finally:
        endpoint.close()


def metrics_request(
    families: Iterable[Metric], *, service: str, start_ns: int
) -> ExportMetricsServiceRequest:
    """Returns metrics of Prometheus as OTLP has them; kinds that only Prometheus knows are left out."""
    request = ExportMetricsServiceRequest()
    resource_metrics = request.resource_metrics.add()
    for key, value in (("service.name", service), ("service.namespace", NAMESPACE)):
        resource_metrics.resource.attributes.add(key=key).value.string_value = value
    scope_metrics = resource_metrics.scope_metrics.add()
    scope_metrics.scope.name = NAMESPACE
    now_ns = time.time_ns()
    for family in families:
        metric = OtlpMetric(name=family.name, description=family.documentation, unit=family.unit)
        if family.type == "counter":
            metric.sum.aggregation_temporality = _CUMULATIVE
            metric.sum.is_monotonic = True
            _add_numbers(metric.sum.data_points, family, f"{family.name}_total", start_ns, now_ns)
        elif family.type == "gauge":
            _add_numbers(metric.gauge.data_points, family, family.name, start_ns, now_ns)
        elif family.type == "histogram":
            metric.histogram.aggregation_temporality = _CUMULATIVE
            _add_histograms(metric.histogram.data_points, family, start_ns, now_ns)
        else:
            continue
        scope_metrics.metrics.append(metric)
    return request


def _add_numbers(points: Any, family: Metric, name: str, start_ns: int, now_ns: int) -> None:
    for sample in family.samples:
        if sample.name == name:
            point = points.add(
                start_time_unix_nano=start_ns, time_unix_nano=now_ns, as_double=float(sample.value)
            )
            _add_attributes(point, sample)


def _add_histograms(points: Any, family: Metric, start_ns: int, now_ns: int) -> None:
    """Adds a point for each set of labels: Prometheus counts all below a bound, OTLP those between two."""
    made: dict[tuple[tuple[str, str], ...], Any] = {}
    for sample in family.samples:
        labels = tuple(sorted((key, value) for key, value in sample.labels.items() if key != _BOUND))
        if labels not in made:
            made[labels] = points.add(start_time_unix_nano=start_ns, time_unix_nano=now_ns)
            _add_attributes(made[labels], sample)
        point = made[labels]
        if sample.name.endswith("_sum"):
            point.sum = sample.value
        elif sample.name.endswith("_bucket"):
            point.bucket_counts.append(int(sample.value) - point.count)
            point.count = int(sample.value)
            if sample.labels[_BOUND] != "+Inf":
                point.explicit_bounds.append(float(sample.labels[_BOUND]))


def _add_attributes(point: Any, sample: Sample) -> None:
    for key, value in sample.labels.items():
        if key != _BOUND:
            point.attributes.add(key=key).value.string_value = value
