"""Sampled calls reach an OTLP collector."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import grpc.aio
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from tests.integration.platform.conftest import NoKeys
from tests.integration.platform.echo import KINDS, TOKENS, Echo, EchoStub, echo_binding, token_metadata
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.server import GrpcServer
from timeloom_platform.telemetry import Tracing


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    async def Export(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - the contract's
        self.requests.append(request)
        return trace_service_pb2.ExportTraceServiceResponse()


async def test_exports_the_spans_of_sampled_calls() -> None:
    collector = Collector()
    receiving = grpc.aio.server()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, receiving)  # type: ignore[no-untyped-call]
    port = receiving.add_insecure_port("127.0.0.1:0")
    await receiving.start()
    tracing = Tracing.to_otlp(service="echo", endpoint=f"http://127.0.0.1:{port}", sample_ratio=1.0)
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
    await receiving.stop(None)

    (resource_spans,) = (each for request in collector.requests for each in request.resource_spans)
    attributes = {each.key: each.value.string_value for each in resource_spans.resource.attributes}
    spans = [span for scope in resource_spans.scope_spans for span in scope.spans]
    assert (attributes["service.namespace"], attributes["service.name"]) == ("timeloom", "echo")
    assert {span.name for span in spans} == {f"timeloom.test.v1.EchoService/{kind}" for kind in KINDS}
