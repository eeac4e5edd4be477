"""The service and PostgreSQL are killed while programs export: what was acknowledged is there, and once."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.fault.observability.service_process import ServiceProcess, service_process
from timeloom_observability.assembly import ROOM
from timeloom_platform.database import Database
from timeloom_platform.embedded.errors import NotReadyError
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.testing import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(180)]

SERVICE_KILLS = 2
BATCHES_BETWEEN_KILLS = 12
SPANS = 50
EXPORT_SECONDS = 1

SELECT_SPANS = "SELECT trace_id, span_id FROM events"
SELECT_MISCOUNTED = """
SELECT traces.id
FROM traces
WHERE traces.span_count <> (SELECT count(*) FROM events WHERE events.trace_id = traces.id)
"""
COUNT_METERED = """
SELECT (
    coalesce((SELECT sum(count) FROM metric_deltas), 0)
    + coalesce((SELECT sum(count) FROM metric_rows WHERE resolution = 10), 0)
)::bigint
"""


@dataclass
class Program:
    """Exports batches by an exporter of OpenTelemetry, each until it is acknowledged."""

    exporter: SpanExporter
    acknowledged: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    batches: int = 0

    def run(self, stop: threading.Event) -> None:
        """Exports until told to stop."""
        while not stop.is_set():
            spans = _finished_spans()
            while self.exporter.export(spans) is not SpanExportResult.SUCCESS:
                continue
            self.acknowledged += [_id_of(span) for span in spans]
            self.batches += 1


def _finished_spans() -> Sequence[ReadableSpan]:
    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "killed"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("tests")
    with tracer.start_as_current_span("run", attributes={"gen_ai.operation.name": "invoke_agent"}):
        for number in range(1, SPANS):
            with tracer.start_as_current_span("step", attributes={"number": number, "text": "x" * 500}):
                pass
    return kept.get_finished_spans()


def _id_of(span: ReadableSpan) -> tuple[bytes, bytes]:
    context = span.get_span_context()
    assert context is not None
    return context.trace_id.to_bytes(16, "big"), context.span_id.to_bytes(8, "big")


@dataclass(frozen=True)
class Running:
    """A service process, and programs that export to it."""

    process: ServiceProcess
    programs: list[Program]
    project_id: UUID

    async def until_more_is_acknowledged(self) -> None:
        """Waits while each of the programs gets on."""
        enough = [each.batches + BATCHES_BETWEEN_KILLS // len(self.programs) for each in self.programs]
        await eventually(
            lambda: all(each.batches >= least for each, least in zip(self.programs, enough, strict=True))
        )


@asynccontextmanager
async def _exporting(
    tmp_path: Path, postgres: EmbeddedPostgres, nats: EmbeddedNats
) -> AsyncGenerator[Running]:
    process = service_process(tmp_path, database_url=postgres.url, nats_url=nats.url)
    project_id, stop = uuid4(), threading.Event()
    headers = process.headers_of(project_id)
    await process.server.start()
    exporters: list[SpanExporter] = [
        GrpcExporter(
            endpoint=f"http://{process.otlp_grpc}", insecure=True, headers=headers, timeout=EXPORT_SECONDS
        ),
        HttpExporter(
            endpoint=f"http://{process.otlp_http}/v1/traces", headers=headers, timeout=EXPORT_SECONDS
        ),
    ]
    programs = [Program(exporter) for exporter in exporters]
    try:
        async with asyncio.TaskGroup() as tasks:
            for program in programs:
                tasks.create_task(asyncio.to_thread(program.run, stop))
            try:
                yield Running(process, programs, project_id)
            finally:
                stop.set()
    finally:
        for exporter in exporters:
            exporter.shutdown()
        await process.server.kill()


async def _has_started(postgres: EmbeddedPostgres) -> bool:
    """Starts it again; that fails while a process of the killed one is still there."""
    try:
        await postgres.start()
    except NotReadyError:
        return False
    return True


async def _check(running: Running, postgres: EmbeddedPostgres) -> None:
    """Every acknowledged span is there, none is there twice, and all sums count each span once."""
    database = await Database.connect(postgres.url, room=ROOM)
    try:
        async with database.transaction(str(running.project_id)) as connection:
            found = [(row["trace_id"], row["span_id"]) for row in await connection.fetch(SELECT_SPANS)]
            miscounted = await connection.fetch(SELECT_MISCOUNTED)
            metered = await connection.fetchval(COUNT_METERED)
    finally:
        await database.close()
    acknowledged = {each for program in running.programs for each in program.acknowledged}
    assert acknowledged <= set(found)
    assert len(found) == len(set(found)) == metered
    assert miscounted == []


async def test_killed_ingest_keeps_every_acknowledged_span(
    tmp_path: Path, private_postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> None:
    rng = random.Random(1)
    async with _exporting(tmp_path, private_postgres, nats_server) as running:
        for _ in range(SERVICE_KILLS):
            await running.until_more_is_acknowledged()
            await asyncio.sleep(rng.random() / 100)  # not always at the same point of a commit
            await running.process.server.kill()
            await running.process.server.start()
        await running.until_more_is_acknowledged()
        await private_postgres.kill()
        await eventually(lambda: _has_started(private_postgres))
        await running.until_more_is_acknowledged()
    await _check(running, private_postgres)
