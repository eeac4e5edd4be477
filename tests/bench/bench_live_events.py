"""From the commit to the browser: how long events take to those who follow them, through a whole stack.

A steady thousand spans a second come by OTLP. Followers on WebSockets note when each event arrives; it was
stamped when its transaction began, on the same clock. Some follow everything, some by a filter, and one reads
nothing at all.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import grpc.aio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from websockets.asyncio.client import ClientConnection, connect

from tests.bench.report import Figure, Report, Section, console, percentile
from tests.helpers.stack import StackProcess
from tests.helpers.telemetry import key_values
from timeloom_platform.testing import scratch_directory

SPANS_PER_SECOND: Final = 1_000
SPANS_PER_REQUEST: Final = 20
SECONDS: Final = int(os.environ.get("TIMELOOM_BENCH_SECONDS", "15"))
FOLLOWERS: Final = 5
FILTER: Final = "events?filter.kinds=LLM&filter.statuses=ERROR"
P95_MAX_MS: Final = 300.0

_EXPORT: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_CALL_SECONDS: Final = 30.0
_END: Final = "the end"


@dataclass(slots=True, kw_only=True)
class Follower:
    """Who follows a topic, and how long each event took to get there."""

    topic: str
    latencies_ms: list[float] = field(default_factory=list[float])

    async def follow(self, socket: ClientConnection, ready: asyncio.Event) -> None:
        """Notes what arrives, until the end of it."""
        await subscribe(socket, self.topic)
        ready.set()
        async for text in socket:
            now = time.time()
            message: dict[str, Any] = json.loads(text)
            events = message["event"]["eventsRecorded"]["events"]
            for event in events:
                committed = datetime.fromisoformat(event["receiveTime"]).timestamp()
                self.latencies_ms.append((now - committed) * 1_000)
            if events[-1]["name"] == _END:
                return


async def subscribe(socket: ClientConnection, topic: str) -> None:
    """Begins to follow."""
    await socket.recv()
    await socket.send(json.dumps({"type": "subscribe", "id": "bench", "topic": topic}))
    await socket.recv()


def main() -> Report:
    """Measures, prints and returns the figures."""
    report = Report(
        title="Live events",
        peer="the same without a filter",
        notes=(
            f"{SPANS_PER_SECOND:,} spans a second for {SECONDS} s, {SPANS_PER_REQUEST} at a time.",
            f"{FOLLOWERS} WebSockets with a filter, {FOLLOWERS} without, and one that reads nothing.",
        ),
    )
    with scratch_directory() as directory:
        stack = StackProcess(directory / "data", settings={"TIMELOOM_PROJECT_TRACES": "false"})
        try:
            stack.up()
            report.show_heading(console())
            with report.shown_section("From the commit to the browser") as section:
                asyncio.run(_measure(stack, section))
        finally:
            stack.end()
    report.show_outcome(console())
    return report


async def _measure(stack: StackProcess, section: Section) -> None:
    filtered = [Follower(topic=FILTER) for _ in range(FOLLOWERS)]
    everything = [Follower(topic="events") for _ in range(FOLLOWERS)]
    headers = {"authorization": f"Bearer {stack.credentials['apiKey']}"}
    address = stack.http_url.replace("http", "ws", 1) + "/api/ws"
    async with AsyncExitStack() as opened, asyncio.TaskGroup() as tasks:
        for follower in (*filtered, *everything):
            opening = connect(address, additional_headers=headers, proxy=None)
            socket = await opened.enter_async_context(opening)
            ready = asyncio.Event()
            tasks.create_task(follower.follow(socket, ready))
            await ready.wait()
        lazy = connect(address, additional_headers=headers, proxy=None, max_queue=1, close_timeout=1)
        await subscribe(await opened.enter_async_context(lazy), "events")
        await _send(stack)
    ours = [each for follower in filtered for each in follower.latencies_ms]
    theirs = [each for follower in everything for each in follower.latencies_ms]
    for percent in (50, 95, 99):
        section.add(
            Figure(
                name=f"p{percent}",
                unit="ms",
                ours=percentile(ours, percent),
                peer=percentile(theirs, percent),
                better="lower",
                limit=P95_MAX_MS if percent == 95 else None,
            )
        )
    section.add(
        Figure(name="events that arrived", unit="events", ours=float(len(ours)), peer=float(len(theirs)))
    )


async def _send(stack: StackProcess) -> None:
    """Sends at a steady pace, however long an answer takes, and a last event in the end."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{stack.otlp_grpc_port}") as channel:
        export: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_EXPORT)
        metadata = (("authorization", f"Bearer {stack.credentials['apiKey']}"),)
        clock = asyncio.get_running_loop().time
        begin = clock()

        async def send(request: bytes) -> None:
            await export(request, metadata=metadata, timeout=_CALL_SECONDS)

        async with asyncio.TaskGroup() as tasks:
            for number in range(SECONDS * SPANS_PER_SECOND // SPANS_PER_REQUEST):
                due = begin + number * SPANS_PER_REQUEST / SPANS_PER_SECOND
                await asyncio.sleep(max(0.0, due - clock()))
                tasks.create_task(send(_request("call", SPANS_PER_REQUEST)))
        await send(_request(_END, 1))


def _request(name: str, count: int) -> bytes:
    """Makes spans of about a kilobyte, of which the first and every tenth is a failed call of a model."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    resource_spans.resource.attributes.extend(key_values({"service.name": "bench"}))
    spans = resource_spans.scope_spans.add().spans
    trace_id = secrets.token_bytes(16)
    now = time.time_ns()
    for number in range(count):
        has_failed = number % 10 == 0
        span = spans.add(
            trace_id=trace_id,
            span_id=secrets.token_bytes(8),
            name=name,
            start_time_unix_nano=now - 1_000_000,
            end_time_unix_nano=now,
        )
        span.status.code = Status.STATUS_CODE_ERROR if has_failed else Status.STATUS_CODE_OK
        span.attributes.extend(
            key_values(
                {
                    "gen_ai.operation.name": "chat" if has_failed else "execute_tool",
                    "gen_ai.request.model": "gpt-4o",
                    "gen_ai.tool.name": "search",
                    "input.value": "What is the weather in Lisbon tomorrow? " * 10,
                    "output.value": "Sunny, with a light wind from the sea. " * 10,
                }
            )
        )
    return request.SerializeToString()
