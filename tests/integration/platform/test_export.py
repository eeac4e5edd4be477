"""A process's own spans and metrics reach an OTLP collector, with the key that there is by then."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tests.integration.platform.conftest import NoKeys
from tests.integration.platform.echo import KINDS, TOKENS, Echo, EchoStub, echo_binding, token_metadata
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.server import GrpcServer
from timeloom_platform.settings import ProcessSettings
from timeloom_platform.telemetry import Tracing
from timeloom_platform.telemetry_export import Endpoint, headers_of, metrics_request


class Collector(trace_service_pb2_grpc.TraceServiceServicer, metrics_service_pb2_grpc.MetricsServiceServicer):
    """Keeps what it is sent, of those who show a key."""

    def __init__(self, key: str) -> None:
        self.requests: list[Any] = []
        self._key = key

    async def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - the contract's
        if dict(context.invocation_metadata()).get("authorization") != f"Bearer {self._key}":
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no key")
        self.requests.append(request)
        if isinstance(request, metrics_service_pb2.ExportMetricsServiceRequest):
            return metrics_service_pb2.ExportMetricsServiceResponse()
        return trace_service_pb2.ExportTraceServiceResponse()


@asynccontextmanager
async def collecting(key: str) -> AsyncGenerator[tuple[Collector, str]]:
    """Runs a collector; lends it with its address."""
    collector = Collector(key)
    server = grpc.aio.server()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield collector, f"http://127.0.0.1:{port}"
    finally:
        await server.stop(None)


async def test_exports_the_spans_of_sampled_calls() -> None:
    async with collecting("a key") as (collector, address):
        settings = ProcessSettings(otlp_endpoint=address, otlp_api_key="a key", trace_sample_ratio=1.0)
        tracing = Tracing.of(settings, service="echo")
        server = GrpcServer(
            listen="127.0.0.1:0",
            authenticator=CallAuthenticator(tokens=TOKENS, keys=NoKeys()),
            services=[echo_binding(Echo())],
            tracing=tracing,
        )
        async with grpc.aio.insecure_channel(await server.start()) as channel:
            for call in KINDS.values():
                await call(EchoStub(channel), "a", metadata=token_metadata())
        await server.stop(grace_seconds=5, notice_seconds=0)
        await asyncio.to_thread(tracing.close)

    (resource_spans,) = (each for request in collector.requests for each in request.resource_spans)
    attributes = {each.key: each.value.string_value for each in resource_spans.resource.attributes}
    spans = [span for scope in resource_spans.scope_spans for span in scope.spans]
    assert (attributes["service.namespace"], attributes["service.name"]) == ("timeloom", "echo")
    assert {span.name for span in spans} == {f"timeloom.test.v1.EchoService/{kind}" for kind in KINDS}


async def test_a_key_is_looked_up_when_it_is_there(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    async with collecting("a later key") as (collector, address):
        settings = ProcessSettings(otlp_endpoint=address, otlp_credentials_file=str(file))
        endpoint = Endpoint(address, headers_of(settings))
        request = metrics_request([], service="echo", start_ns=1)

        before = await asyncio.to_thread(endpoint.send_metrics, request)
        file.write_text(json.dumps({"apiKey": "a later key"}))
        after = await asyncio.to_thread(endpoint.send_metrics, request)
        endpoint.close()

    assert (before, after) == (False, True)
    assert collector.requests == [request]


def test_metrics_of_prometheus_are_told_as_otlp_has_them() -> None:
    registry = CollectorRegistry()
    Counter("calls", "Calls.", ["method"], registry=registry).labels("Get").inc(3)
    Gauge("waiting", "Who waits.", registry=registry).set(2.5)
    seconds = Histogram("taken", "Seconds.", ["method"], buckets=(0.1, 1.0), registry=registry)
    for value in (0.05, 0.5, 0.7, 5.0):
        seconds.labels("Get").observe(value)

    request = metrics_request(registry.collect(), service="echo", start_ns=7)

    metrics = {each.name: each for each in request.resource_metrics[0].scope_metrics[0].metrics}
    (calls,) = metrics["calls"].sum.data_points
    (waiting,) = metrics["waiting"].gauge.data_points
    (taken,) = metrics["taken"].histogram.data_points
    assert (calls.as_double, calls.attributes[0].value.string_value) == (3, "Get")
    assert (calls.start_time_unix_nano, metrics["calls"].sum.is_monotonic) == (7, True)
    assert waiting.as_double == 2.5
    assert (list(taken.bucket_counts), list(taken.explicit_bounds)) == ([1, 2, 1], [0.1, 1.0])
    assert (taken.count, taken.sum, taken.attributes[0].key) == (4, 6.25, "method")
