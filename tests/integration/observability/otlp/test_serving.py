"""The doors as a part of the process: what programs send by themselves, what is counted, how it leaves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import asyncpg
import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from prometheus_client import CollectorRegistry, generate_latest

from tests.helpers.telemetry import as_protobuf, span, traces
from tests.integration.observability.otlp.doors import Doors, KeyRing
from timeloom_observability.parts import OtlpGround
from timeloom_observability.receiving.counts import DoorCounts
from timeloom_observability.receiving.doors import Doors as BothDoors
from timeloom_observability.receiving.intake import Intake
from timeloom_platform.auth import InternalTokens
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.testing import eventually


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Exporters that find a door closed say so, which is no news here."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


async def test_opentelemetrys_own_exporters_need_an_address_and_a_key(doors: Doors) -> None:
    def work() -> None:
        headers = {"authorization": f"Bearer {doors.key}"}
        tracing = TracerProvider(shutdown_on_exit=False)
        tracing.add_span_processor(
            SimpleSpanProcessor(OTLPSpanExporter(endpoint=f"{doors.url}/v1/traces", headers=headers))
        )
        exporter = OTLPMetricExporter(endpoint=f"http://{doors.grpc_address}", insecure=True, headers=headers)
        metering = MeterProvider([PeriodicExportingMetricReader(exporter)], shutdown_on_exit=False)
        with tracing.get_tracer("tests").start_as_current_span("told by the SDK"):
            metering.get_meter("tests").create_counter("orders").add(3)
        tracing.shutdown()
        assert metering.force_flush()
        metering.shutdown()

    await asyncio.to_thread(work)

    assert [row["name"] for row in await doors.rows()] == ["told by the SDK"]


def shown(doors: Doors) -> str:
    """What Prometheus is shown."""
    registry = CollectorRegistry()
    for collector in doors.service.assembly.collectors:
        registry.register(collector)
    return generate_latest(registry).decode()


async def test_what_comes_in_is_counted(doors: Doors) -> None:
    await doors.export(traces(span(), span(span_id=b"short")))
    await doors.post("/v1/traces", b"\xff")

    told = shown(doors)

    assert 'otlp_requests_total{code="OK",signal="traces",transport="grpc"} 1.0' in told
    assert 'otlp_requests_total{code="400",signal="traces",transport="http"} 1.0' in told
    assert 'otlp_records_total{signal="traces"} 1.0' in told
    assert 'otlp_rejected_records_total{signal="traces"} 1.0' in told
    assert "otlp_under_way_bytes 0.0" in told
    assert "ingest_events_total 1.0" in told


async def test_leaving_waits_for_what_is_under_way(doors: Doors) -> None:
    holding = await asyncpg.connect(doors.service.database_url)
    try:
        async with holding.transaction():
            await holding.execute("LOCK TABLE observability.events IN ACCESS EXCLUSIVE MODE")
            sending = [
                asyncio.create_task(doors.export(traces(span()))),
                asyncio.create_task(doors.post("/v1/traces", as_protobuf(traces(span(span_id=b"8" * 8))))),
            ]
            await eventually(lambda: "otlp_under_way_requests 2.0" in shown(doors))
            leaving = asyncio.create_task(doors.service.assembly.settle())
    finally:
        await holding.close()
    await leaving
    _, posted = [await each for each in sending]

    assert isinstance(posted, httpx.Response)
    assert posted.is_success
    assert len(await doors.rows()) == len(sending)


@pytest.mark.parametrize("transport", ["grpc", "http"])
async def test_a_port_that_is_taken_says_which_setting_names_another(doors: Doors, transport: str) -> None:
    address = doors.grpc_address if transport == "grpc" else doors.url.removeprefix("http://")
    authenticator = CallAuthenticator(tokens=InternalTokens("x" * 32), keys=KeyRing())
    ground = OtlpGround(
        authenticator=authenticator,
        grpc_listen=address if transport == "grpc" else "",
        http_listen=address if transport == "http" else "",
    )
    counts = DoorCounts(doors.service.assembly.ingestor)
    intake = Intake(
        authenticator=authenticator,
        ingestor=doors.service.assembly.ingestor,
        prices=doors.service.assembly.prices,
        clock=lambda: datetime.now(UTC),
        counts=counts,
    )
    with pytest.raises(OSError, match=f"TIMELOOM_OTLP_{transport.upper()}_LISTEN names another"):
        await BothDoors(ground, intake=intake, counts=counts).run()
