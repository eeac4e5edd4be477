"""Taking OpenTelemetry: spans a second until they can be queried, beside Phoenix.

Batches of 512 spans with a kilobyte of attributes each come over gRPC, several at a time, made beforehand.
Ours are acknowledged when they are committed, with fsync, under all indexes and with metrics and summaries
kept; the peer acknowledges first and inserts then, so that its spans are counted until they are in its
database.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import grpc.aio
import psutil
import uvloop
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.bench import peer_phoenix
from tests.bench.installation import Installation, installed
from tests.bench.report import Figure, Report, console, percentile
from timeloom_observability.receiving.signals import BY_PATH
from timeloom_platform.testing import eventually

SPANS: Final = 512
BATCHES: Final = 120
WARM_BATCHES: Final = 8
PEER_BATCHES: Final = 6
AT_ONCE: Final = 4
CALL_SECONDS_MAX: Final = 120.0
PEER_SECONDS_MAX: Final = 600.0

RATE_MIN: Final = 5_000
FACTOR_MIN: Final = 50.0
ACK_MS_MAX: Final = 500
RSS_MIB_MAX: Final = 150

_METHOD: Final = BY_PATH["/v1/traces"].method
_MODELS: Final = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-pro")
_TOOLS: Final = ("search", "read_file", "write_file", "run_tests", "fetch")
_AGENTS: Final = ("planner", "coder", "reviewer", "tester")
_COUNT: Final = "SELECT count(*) FROM observability.events"


def main() -> Report:
    """Measures, prints and returns the figures."""
    report = Report(
        title="Taking OpenTelemetry",
        peer=peer_phoenix.NAME,
        notes=(
            f"batches of {SPANS} spans over gRPC, {AT_ONCE} at a time; PostgreSQL with fsync, all indexes",
            f"ours: {BATCHES} batches, acknowledged after the commit",
            f"the peer: {PEER_BATCHES} batches, on SQLite, which is its default",
        ),
    )
    report.show_heading(console())
    uvloop.run(_measure(report))
    report.show_outcome(console())
    return report


async def _measure(report: Report) -> None:
    warm, timed = _batches(WARM_BATCHES, seed=1), _batches(BATCHES, seed=2)
    size = sum(map(len, timed)) / len(timed) / SPANS
    ours = await _ours(warm, timed)
    peer = await _peer(timed[:PEER_BATCHES])
    with report.shown_section(f"{len(timed) * SPANS:,} spans of {size:,.0f} bytes") as section:
        section.add(
            Figure(
                name="spans until they can be queried",
                unit="spans/s",
                ours=ours.rate,
                peer=peer.rate,
                limit=RATE_MIN,
                factor_min=FACTOR_MIN,
            ),
            _milliseconds("acknowledged, p50", ours, peer, percent=50),
            _milliseconds("acknowledged, p99", ours, peer, percent=99, limit=ACK_MS_MAX),
            _lower("CPU of the service", "us a span", ours.service_us, peer.service_us),
            _lower("CPU of PostgreSQL", "us a span", ours.database_us, None),
            _lower("memory of the service", "MiB", ours.rss_mib, peer.rss_mib, limit=RSS_MIB_MAX),
        )


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """What taking some batches came to.

    Attributes:
        durations: Until each was acknowledged, in seconds.
        rss_mib: The most that the service took, seen after each batch.
    """

    rate: float
    durations: Sequence[float]
    service_us: float
    database_us: float
    rss_mib: float


async def _ours(warm: Sequence[bytes], timed: Sequence[bytes]) -> _Measured:
    async with installed(observability=True) as installation:
        service = _service(installation)
        connection = await asyncpg.connect(installation.postgres.url_of("timeloom", superuser=True))
        try:
            async with _channel(installation.otlp_address) as channel:
                await _send(channel, warm, installation.metadata(), service)
                cpu = _cpu(service), _cpu_of_postgres(installation)
                began = time.perf_counter()
                durations, rss_mib = await _send(channel, timed, installation.metadata(), service)
                seconds = time.perf_counter() - began
                used = _cpu(service) - cpu[0], _cpu_of_postgres(installation) - cpu[1]
            count = await connection.fetchval(_COUNT)
        finally:
            await connection.close()
    spans = len(timed) * SPANS
    if count != spans + len(warm) * SPANS:
        raise RuntimeError(f"{count} spans are there")
    return _Measured(
        rate=spans / seconds,
        durations=durations,
        service_us=used[0] / spans * 1e6,
        database_us=used[1] / spans * 1e6,
        rss_mib=rss_mib,
    )


async def _peer(batches: Sequence[bytes]) -> _Measured:
    with tempfile.TemporaryDirectory() as directory, peer_phoenix.phoenix(Path(directory)) as phoenix:
        async with _channel(phoenix.grpc_address) as channel:
            cpu, began = _cpu(phoenix.process), time.perf_counter()
            durations, rss_mib = await _send(channel, batches, (), phoenix.process)
            spans = len(batches) * SPANS
            await eventually(lambda: phoenix.span_count() == spans, timeout_seconds=PEER_SECONDS_MAX)
            return _Measured(
                rate=spans / (time.perf_counter() - began),
                durations=durations,
                service_us=(_cpu(phoenix.process) - cpu) / spans * 1e6,
                database_us=0.0,
                rss_mib=max(rss_mib, _rss_mib(phoenix.process)),
            )


@asynccontextmanager
async def _channel(address: str) -> AsyncGenerator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(address) as channel:
        await channel.channel_ready()
        yield channel


async def _send(
    channel: grpc.aio.Channel,
    batches: Sequence[bytes],
    metadata: tuple[tuple[str, str], ...],
    service: psutil.Process,
) -> tuple[list[float], float]:
    """Sends batches, several at a time; returns how long each took, and the most memory that was seen."""
    waiting = iter(batches)
    durations: list[float] = []
    rss_mib = 0.0
    # As bytes: what a client does to make them is no part of what is measured.
    connection: Any = channel
    export = connection.unary_unary(_METHOD)

    async def send() -> None:
        nonlocal rss_mib
        for batch in waiting:
            began = time.perf_counter()
            await export(batch, metadata=metadata, timeout=CALL_SECONDS_MAX)
            durations.append(time.perf_counter() - began)
            rss_mib = max(rss_mib, _rss_mib(service))

    await asyncio.gather(*(send() for _ in range(AT_ONCE)))
    return durations, rss_mib


# -- What is sent -------------------------------------------------------------


def _batches(count: int, *, seed: int) -> list[bytes]:
    """Returns requests of spans that agents may have made just now, four traces in each."""
    rng = random.Random(seed)
    words = (Path(__file__).parent / "words.txt").read_text(encoding="utf-8").split()
    return [_batch(rng, words) for _ in range(count)]


def _batch(rng: random.Random, words: Sequence[str]) -> bytes:
    request = ExportTraceServiceRequest()
    of_resource = request.resource_spans.add()
    of_resource.resource.attributes.extend(_attributes({"service.name": "shop", "host.name": "laptop"}))
    of_scope = of_resource.scope_spans.add()
    of_scope.scope.name = "bench"
    traces = 4
    for _ in range(traces):
        trace_id, root = rng.randbytes(16), rng.randbytes(8)
        session = f"session {rng.randrange(1_000)}"
        for number in range(SPANS // traces):
            of_scope.spans.append(_span(rng, words, trace_id, root, session, is_root=number == 0))
    return request.SerializeToString()


def _span(
    rng: random.Random, words: Sequence[str], trace_id: bytes, root: bytes, session: str, *, is_root: bool
) -> Span:
    start_ns = time.time_ns() - rng.randrange(60_000_000_000)
    span = Span(
        trace_id=trace_id,
        span_id=root if is_root else rng.randbytes(8),
        parent_span_id=b"" if is_root else root,
        start_time_unix_nano=start_ns,
        end_time_unix_nano=start_ns + int(rng.lognormvariate(18, 2)),
    )
    said = " ".join(rng.choices(words, k=70))
    messages = json.dumps([{"role": "user", "parts": [{"type": "text", "content": said}]}])
    shared = {"gen_ai.conversation.id": session, "gen_ai.agent.name": rng.choice(_AGENTS)}
    if is_root:
        span.name = "invoke_agent"
        own: dict[str, str | int] = {"gen_ai.operation.name": "invoke_agent", "input.value": said}
    elif rng.random() < 0.5:
        model = rng.choice(_MODELS)
        span.name = f"chat {model}"
        own = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": model,
            "gen_ai.usage.input_tokens": rng.randrange(10_000),
            "gen_ai.usage.output_tokens": rng.randrange(1_000),
            "gen_ai.input.messages": messages,
        }
    else:
        tool = rng.choice(_TOOLS)
        span.name = f"execute_tool {tool}"
        own = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": tool,
            "gen_ai.tool.call.id": rng.randbytes(8).hex(),
            "gen_ai.tool.call.arguments": json.dumps({"query": said}),
        }
    if rng.random() < 0.02:
        span.status.code = Status.STATUS_CODE_ERROR
        own["error.type"] = "timeout"
    more = {f"app.attribute.{number}": rng.randbytes(16).hex() for number in range(6)}
    span.attributes.extend(_attributes({**shared, **own, **more}))
    return span


def _attributes(values: dict[str, Any]) -> list[KeyValue]:
    return [
        KeyValue(
            key=key,
            value=AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value),
        )
        for key, value in values.items()
    ]


# -- Who takes it -------------------------------------------------------------


def _service(installation: Installation) -> psutil.Process:
    """The process of the observability service."""
    for process in psutil.Process(os.getpid()).children(recursive=True):
        if "timeloom_observability" in process.cmdline() and (
            process.environ().get("TIMELOOM_LISTEN") == installation.observability_address
        ):
            return process
    raise RuntimeError("the observability service is gone")


def _cpu_of_postgres(installation: Installation) -> float:
    server = psutil.Process(installation.postgres.pid)
    return _cpu(server) + sum(_cpu(each) for each in server.children(recursive=True))


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _rss_mib(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


def _milliseconds(
    name: str, ours: _Measured, peer: _Measured, *, percent: int, limit: float | None = None
) -> Figure:
    return _lower(
        name,
        "ms",
        percentile(ours.durations, percent) * 1000,
        percentile(peer.durations, percent) * 1000,
        limit=limit,
    )


def _lower(name: str, unit: str, ours: float, peer: float | None, *, limit: float | None = None) -> Figure:
    return Figure(name=name, unit=unit, ours=ours, peer=peer, better="lower", limit=limit)
