"""A million events: lists, filters, facets, searches, percentiles and a long trace, all through the gateway.

`TIMELOOM_BENCH_SPANS` and `TIMELOOM_BENCH_TEXTS` choose other sizes.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import grpc.aio
import httpx

from tests.bench.report import Figure, Report, Section, console, percentile
from tests.bench.telemetry_load import (
    FREQUENT,
    MODELS,
    RARE,
    SPANS_PER_REQUEST,
    Telemetry,
    long_trace,
    sentences,
)
from tests.helpers.stack import StackProcess
from timeloom_platform.testing import scratch_directory

SPANS: Final = int(os.environ.get("TIMELOOM_BENCH_SPANS", "1_000_000"))
TEXTS: Final = int(os.environ.get("TIMELOOM_BENCH_TEXTS", "1_000"))
DAYS: Final = 7
SENDERS: Final = 4
REPETITIONS: Final = 60
LONG_TRACE: Final = bytes(range(16))
LONG_TRACE_SPANS: Final = 10_000
INDEXING_SECONDS_MAX: Final = 1_800.0

LIST_P95_MAX_MS: Final = 50.0
MEANING_P95_MAX_MS: Final = 100.0
PERCENTILES_P95_MAX_MS: Final = 100.0
TRACE_P95_MAX_MS: Final = 1_000.0
ERROR_MAX_PERCENT: Final = 1.0

_EXPORT: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_CALL_SECONDS: Final = 60.0
_NS: Final = 1_000_000_000


def main() -> Report:
    """Measures, prints and returns the figures."""
    report = Report(
        title="Events",
        peer="nothing: these are answers that people wait for",
        notes=(
            f"{SPANS:,} spans of {DAYS} days with {TEXTS:,} different questions, by OTLP to a whole stack.",
            f"Each question {REPETITIONS} times over REST, one after the other, until the answer is read.",
        ),
    )
    with scratch_directory() as directory:
        stack = StackProcess(directory / "data", settings={"TIMELOOM_PROJECT_TRACES": "false"})
        try:
            stack.up()
            report.show_heading(console())
            asyncio.run(_measure(stack, report))
        finally:
            stack.end()
    report.show_outcome(console())
    return report


async def _measure(stack: StackProcess, report: Report) -> None:
    now = time.time_ns()
    telemetry = Telemetry(
        begin_ns=now - DAYS * 86_400 * _NS, end_ns=now - 60 * _NS, span_count=SPANS, texts=sentences(TEXTS)
    )
    headers = {"Authorization": f"Bearer {stack.credentials['apiKey']}"}
    async with httpx.AsyncClient(
        base_url=f"{stack.http_url}/api/observability",
        headers=headers,
        trust_env=False,
        timeout=_CALL_SECONDS,
    ) as client:
        with report.shown_section("Coming in") as section:
            await _fill(stack, telemetry, section)
            await _index(client, section)
        with report.shown_section("Lists, filters and facets") as section:
            await _lists(client, section)
        with report.shown_section("Search") as section:
            await _searches(client, section)
        with report.shown_section("Percentiles") as section:
            await _percentiles(client, section, telemetry)
        with report.shown_section(f"A trace of {LONG_TRACE_SPANS:,} spans") as section:
            await _trace(client, section)


async def _fill(stack: StackProcess, telemetry: Telemetry, section: Section) -> None:
    begin = time.perf_counter()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{stack.otlp_grpc_port}") as channel:
        export: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_EXPORT)
        metadata = (("authorization", f"Bearer {stack.credentials['apiKey']}"),)

        async def send(requests: Iterator[bytes]) -> None:
            for request in requests:
                await export(request, metadata=metadata, timeout=_CALL_SECONDS)
                # The others' answers are taken before the next request is made.
                await asyncio.sleep(0)

        requests = telemetry.requests()
        await asyncio.gather(*(send(requests) for _ in range(SENDERS)))
        seconds = time.perf_counter() - begin
        await send(long_trace(LONG_TRACE, LONG_TRACE_SPANS, telemetry.end_ns - 3_600 * _NS))
    section.add(
        Figure(
            name=f"committed by {SENDERS} senders, {SPANS_PER_REQUEST} spans at a time (made on the way)",
            unit="spans/s",
            ours=SPANS / seconds,
        )
    )


async def _index(client: httpx.AsyncClient, section: Section) -> None:
    begin = time.perf_counter()
    for name, field in (("words", "unindexedCount"), ("meaning", "unembeddedCount")):
        while (await _stats(client)).get(field, 0):
            if time.perf_counter() - begin > INDEXING_SECONDS_MAX:
                raise TimeoutError(f"{field} stays above zero")
            await asyncio.sleep(1)
        section.add(
            Figure(
                name=f"until all are found by {name}, after the last was sent",
                unit="s",
                ours=time.perf_counter() - begin,
                better="lower",
            )
        )
    stats = await _stats(client)
    section.add(
        Figure(
            name="on disk, all indexes included",
            unit="bytes a span",
            ours=stats["storedBytes"] / stats["eventCount"],
            better="lower",
        )
    )


async def _stats(client: httpx.AsyncClient) -> Mapping[str, Any]:
    answer = await client.get("/stats")
    answer.raise_for_status()
    found: Mapping[str, Any] = answer.json()
    return found


async def _lists(client: httpx.AsyncClient, section: Section) -> None:
    hour = _ago(hours=1)
    questions: dict[str, tuple[str, dict[str, Any]]] = {
        "the newest 50": ("/events", {}),
        "of one agent's calls of models": (
            "/events",
            {"filter.agentIds": "agent-3", "filter.kinds": "EVENT_KIND_LLM"},
        ),
        "failed ones": ("/events", {"filter.statuses": "EVENT_STATUS_ERROR"}),
        "of one session": ("/events", {"filter.sessionId": "session-100"}),
        "of one model, slower than 2 s": (
            "/events",
            {"filter.models": MODELS[0], "filter.durationMsMin": 2_000},
        ),
        "roots of one user": ("/events", {"filter.userId": "user-5", "filter.rootsOnly": True}),
        "the slowest of the last hour": (
            "/events",
            {"filter.startedAfter": hour, "orderBy": "duration desc"},
        ),
        "the newest traces": ("/traces", {}),
        "failed traces of one agent": (
            "/traces",
            {"statuses": "EVENT_STATUS_ERROR", "agentIds": "agent-3"},
        ),
        "the newest sessions": ("/sessions", {}),
        "all facets": ("/events/facets", {}),
        "facets of one model's calls": (
            "/events/facets",
            {"filter.models": MODELS[1], "filter.startedAfter": _ago(days=2)},
        ),
    }
    for name, (path, parameters) in questions.items():
        await _ask(section, name, LIST_P95_MAX_MS, _getting(client, path, parameters))


async def _searches(client: httpx.AsyncClient, section: Section) -> None:
    words = "SEARCH_MODE_WORDS"
    llm = {"kinds": ["EVENT_KIND_LLM"], "models": [MODELS[0]]}
    questions: dict[str, tuple[float, dict[str, Any]]] = {
        "a rare word": (LIST_P95_MAX_MS, {"query": RARE, "mode": words}),
        "a frequent word": (LIST_P95_MAX_MS, {"query": FREQUENT, "mode": words}),
        "two words": (LIST_P95_MAX_MS, {"query": f"{FREQUENT} case", "mode": words}),
        "a frequent word, one model's calls": (
            LIST_P95_MAX_MS,
            {"query": FREQUENT, "mode": words, "filter": llm},
        ),
        "meaning": (
            MEANING_P95_MAX_MS,
            {"query": "will it rain tomorrow", "mode": "SEARCH_MODE_MEANING"},
        ),
        "words and meaning": (MEANING_P95_MAX_MS, {"query": "the weather of tomorrow"}),
    }
    for name, (limit, body) in questions.items():
        await _ask(section, name, limit, _posting(client, "/events/search", body))


async def _percentiles(client: httpx.AsyncClient, section: Section, telemetry: Telemetry) -> None:
    metrics = ["METRIC_DURATION_P50", "METRIC_DURATION_P95", "METRIC_DURATION_P99"]
    # Bounds within seconds, so that the edges of the window are read exactly, too.
    windows: dict[str, tuple[dict[str, Any], int]] = {
        "of 17 minutes": ({"filter.startedAfter": _ago(minutes=17)}, 60),
        "of a day": ({"filter.startedAfter": _ago(days=1, seconds=13)}, 900),
        "of all, one point": ({}, 0),
        "of all, by hours": ({"filter.startedAfter": _ago(days=DAYS)}, 3_600),
        "of three days, by model": (
            {"filter.startedAfter": _ago(days=4), "filter.startedBefore": _ago(days=1), "groupBy": "model"},
            3_600,
        ),
    }
    for name, (parameters, step) in windows.items():
        asked = {**parameters, "metrics": metrics, "stepSeconds": step}
        await _ask(section, name, PERCENTILES_P95_MAX_MS, _getting(client, "/events/metrics", asked))
    answer = await client.get(
        "/events/metrics",
        params={"metrics": metrics, "filter.serviceNames": "bench", "filter.names": ["chat", "execute_tool"]},
    )
    answer.raise_for_status()
    found = [values["values"][0]["value"] for values in answer.json()["series"][0]["metrics"]]
    exact = [percentile(telemetry.steps_ms, percent) for percent in (50, 95, 99)]
    section.add(
        Figure(
            name="how far from exact, at most",
            unit="%",
            ours=max(abs(ours - theirs) / theirs * 100 for ours, theirs in zip(found, exact, strict=True)),
            better="lower",
            limit=ERROR_MAX_PERCENT,
        )
    )


async def _trace(client: httpx.AsyncClient, section: Section) -> None:
    path = f"/traces/{LONG_TRACE.hex()}"
    answer = await client.get(path, params={"pageSize": LONG_TRACE_SPANS})
    answer.raise_for_status()
    if len(answer.json()["spans"]) != LONG_TRACE_SPANS:
        raise ValueError("the trace is not whole")
    ask = _getting(client, path, {"pageSize": LONG_TRACE_SPANS})
    await _ask(section, "opened whole", TRACE_P95_MAX_MS, ask, repetitions=REPETITIONS // 4)
    page = _getting(client, path, {"pageSize": 500})
    await _ask(section, "its first 500 spans", TRACE_P95_MAX_MS, page, repetitions=REPETITIONS // 4)


Ask = Callable[[], Awaitable[httpx.Response]]


async def _ask(
    section: Section, name: str, limit_ms: float, ask: Ask, *, repetitions: int = REPETITIONS
) -> None:
    samples: list[float] = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        answer = await ask()
        samples.append((time.perf_counter() - begin) * 1_000)
        answer.raise_for_status()
    section.add(
        Figure(name=f"{name}, p50", unit="ms", ours=percentile(samples, 50), better="lower"),
        Figure(name=f"{name}, p95", unit="ms", ours=percentile(samples, 95), better="lower", limit=limit_ms),
    )


def _getting(client: httpx.AsyncClient, path: str, parameters: Mapping[str, Any]) -> Ask:
    return lambda: client.get(path, params=dict(parameters))


def _posting(client: httpx.AsyncClient, path: str, body: Mapping[str, Any]) -> Ask:
    return lambda: client.post(path, json=body)


def _ago(**spans: float) -> str:
    return (datetime.now(UTC) - timedelta(**spans)).isoformat().replace("+00:00", "Z")
