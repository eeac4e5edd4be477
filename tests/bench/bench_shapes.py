"""Shapes: how soon a change reaches a thousand live clients, and how fast 100,000 rows come to a new one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import httpx
import psutil

from tests.bench.report import Figure, Report, Section, console, percentile
from tests.helpers.crowd import Crowd, Position
from tests.helpers.stack import StackProcess
from timeloom_platform.testing import scratch_directory

CLIENTS = 1_000
CHANGES = 10
PAUSE_SECONDS = 1.0
ROWS = 100_000
LATENCY_P99_MAX_MS = 1_000.0
MEBIBYTE = 1024 * 1024
COLUMNS = ("id", "title", "status", "session_id", "update_time", "version")
_LIMIT_SECONDS = 30.0
_SNAPSHOT_LIMIT_SECONDS = 120.0
_PROCESSES = ("workspace", "gateway")

FILL = """
INSERT INTO workspace.tasks
SELECT filled.*
FROM
    workspace.tasks AS model,
    generate_series(1, $1::integer) AS number,
    jsonb_populate_record(
        model, jsonb_build_object('id', gen_random_uuid(), 'title', 'task number ' || number)
    ) AS filled
WHERE model.id = $2
"""
"""Many tasks like one that the service made."""


def main() -> Report:
    """Measures, prints and returns the figures."""
    report = Report(
        title="Shapes",
        peer="a plain COPY of the same columns by a client of PostgreSQL",
        notes=(
            f"{CLIENTS:,} clients wait on one shape, {CHANGES} changes in turn: from when a write is",
            "sent until the change is at a client. All clients run in one process on the same machine.",
        ),
    )
    with scratch_directory() as directory:
        stack = StackProcess(directory / "data")
        try:
            stack.up()
            asyncio.run(_measure(stack, report))
        finally:
            stack.end()
    report.show(console())
    return report


async def _measure(stack: StackProcess, report: Report) -> None:
    headers = {"Authorization": f"Bearer {stack.credentials['apiKey']}"}
    async with httpx.AsyncClient(
        base_url=stack.http_url, headers=headers, trust_env=False, timeout=_LIMIT_SECONDS
    ) as client:
        for is_by_events in (False, True):
            way = "server-sent events" if is_by_events else "long polls"
            section = report.section(f"{CLIENTS:,} live clients by {way}")
            await _measure_crowd(stack, client, section, is_by_events=is_by_events)
        await _measure_snapshot(
            stack, client, report.section(f"A shape of {ROWS:,} rows, for the first time")
        )


async def _measure_crowd(
    stack: StackProcess, client: httpx.AsyncClient, section: Section, *, is_by_events: bool
) -> None:
    session = f"crowd by {is_by_events}"
    shape = {"table": "tasks", "where": "session_id = $1", "params[1]": session}
    crowd = Crowd(
        http_url=stack.http_url,
        api_key=stack.credentials["apiKey"],
        shape=shape,
        size=CLIENTS,
        is_by_events=is_by_events,
        # The first one only proves that all are waiting.
        markers=tuple(f"change-{number:03}".encode() for number in range(CHANGES + 1)),
    )
    memory, latencies = _resident(stack), list[float]()
    async with crowd.waiting_from(await _position(client, shape)):
        await crowd.until_waiting(timeout_seconds=_LIMIT_SECONDS)
        waiting = _resident(stack)
        await _change(client, crowd, session, crowd.markers[0])
        cpu = _cpu_seconds(stack)
        for marker in crowd.markers[1:]:
            latencies += await _change(client, crowd, session, marker)
        cpu = (_cpu_seconds(stack) - cpu) / CHANGES
    section.add(
        _milliseconds("a change at a client, p50", percentile(latencies, 50)),
        _milliseconds("a change at a client, p99", percentile(latencies, 99), limit=LATENCY_P99_MAX_MS),
        _milliseconds("CPU of gateway and service for a change", cpu),
        Figure(
            name="memory for a waiting client, gateway and service",
            unit="KiB",
            ours=max(waiting - memory, 0) / CLIENTS / 1024,
            better="lower",
        ),
        Figure(
            name="memory of both afterwards", unit="MiB", ours=_resident(stack) / MEBIBYTE, better="lower"
        ),
    )


async def _change(client: httpx.AsyncClient, crowd: Crowd, session: str, marker: bytes) -> Sequence[float]:
    """Makes a change and returns how long it took to each client."""
    begin = time.perf_counter()
    answer = await client.post("/api/tasks", json={"title": marker.decode(), "sessionId": session})
    answer.raise_for_status()
    arrivals = await crowd.until(marker, timeout_seconds=_LIMIT_SECONDS)
    await asyncio.sleep(PAUSE_SECONDS)
    return [arrival - begin for arrival in arrivals]


async def _measure_snapshot(stack: StackProcess, client: httpx.AsyncClient, section: Section) -> None:
    task = (await client.post("/api/tasks", json={"title": "the model", "sessionId": "crowd"})).json()
    async with _database(stack) as connection:
        await connection.execute(FILL, ROWS, task["id"], timeout=_SNAPSHOT_LIMIT_SECONDS)
        begin = time.perf_counter()
        copied = await _copy(connection)
        copy_seconds = time.perf_counter() - begin
    shape = {"table": "tasks", "where": "session_id = 'crowd'", "columns": ",".join(COLUMNS)}
    before = _resident(stack)
    first, chunks, rows, size = await _read_shape(client, shape)
    after = _resident(stack)
    again, *_ = await _read_shape(client, shape)
    assert rows == ROWS + 1 == copied, (rows, copied)
    section.add(
        Figure(name="rows a second", unit="rows/s", ours=rows / first, peer=copied / copy_seconds),
        Figure(name="rows a second, from the log on disk", unit="rows/s", ours=rows / again),
        Figure(name="answers that it takes", unit="1", ours=chunks, better="lower"),
        Figure(name="size", unit="MiB", ours=size / MEBIBYTE, better="lower"),
        Figure(
            name="memory that it cost, gateway and service",
            unit="MiB",
            ours=max(after - before, 0) / MEBIBYTE,
            better="lower",
        ),
    )


async def _read_shape(client: httpx.AsyncClient, shape: dict[str, str]) -> tuple[float, int, int, int]:
    """Reads until it is up to date: the seconds, chunks, rows and bytes."""
    query, chunks, rows, size = {**shape, "offset": "-1"}, 0, 0, 0
    begin = time.perf_counter()
    while True:
        answer = await client.get("/v1/shape", params=query, timeout=_SNAPSHOT_LIMIT_SECONDS)
        answer.raise_for_status()
        chunks, size = chunks + 1, size + len(answer.content)
        rows += answer.content.count(b'"operation":"insert"')
        if "electric-up-to-date" in answer.headers:
            return time.perf_counter() - begin, chunks, rows, size
        query |= {"offset": answer.headers["electric-offset"], "handle": answer.headers["electric-handle"]}


async def _position(client: httpx.AsyncClient, shape: dict[str, str]) -> Position:
    query = {**shape, "offset": "-1"}
    while True:
        answer = await client.get("/v1/shape", params=query)
        answer.raise_for_status()
        handle, offset = answer.headers["electric-handle"], answer.headers["electric-offset"]
        if "electric-up-to-date" in answer.headers:
            return Position(handle=handle, offset=offset)
        query |= {"handle": handle, "offset": offset}


async def _copy(connection: asyncpg.Connection[asyncpg.Record]) -> int:
    lines = 0

    async def count(part: bytes) -> None:
        nonlocal lines
        lines += part.count(b"\n")

    columns = ", ".join(COLUMNS)
    query = f"SELECT {columns} FROM workspace.tasks WHERE session_id = 'crowd'"
    await connection.copy_from_query(query, output=count, timeout=_SNAPSHOT_LIMIT_SECONDS)
    return lines


@asynccontextmanager
async def _database(stack: StackProcess) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(stack.database_url())
    try:
        yield connection
    finally:
        await connection.close()


def _processes(stack: StackProcess) -> Sequence[psutil.Process]:
    processes = stack.state()["processes"]
    return [psutil.Process(processes[name]["pid"]) for name in _PROCESSES]


def _resident(stack: StackProcess) -> int:
    return sum(process.memory_info().rss for process in _processes(stack))


def _cpu_seconds(stack: StackProcess) -> float:
    return sum(times.user + times.system for times in (each.cpu_times() for each in _processes(stack)))


def _milliseconds(name: str, seconds: float, *, limit: float | None = None) -> Figure:
    return Figure(name=name, unit="ms", ours=seconds * 1000, better="lower", limit=limit)
