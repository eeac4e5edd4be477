"""Durable workflows, beside DBOS on the same PostgreSQL.

The workload is a workflow of five steps that do nothing, one after the other. In both, a step begins when
what the one before it returned is committed, with fsync on, and whoever began the workflow has its result
after its end is committed. The peer is a library: its application talks to PostgreSQL by itself. Timeloom's
application begins executions by gRPC and runs their code as a worker; the service between it and PostgreSQL
is another process on the same machine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
import psutil
import uvloop

from tests.bench import peer_dbos
from tests.bench.installation import Installation, drained, installed
from tests.bench.peer_dbos import Peer
from tests.bench.report import NO_WORSE, Figure, Report, Section, console, median, percentile, percentiles
from tests.bench.workflow_application import STEPS, TASKS, TRANSFORMS, Application, Tally, working
from timeloom_platform.testing import eventually

AT_ONCE: Final = 64
REPETITIONS: Final = 3
ONE_COUNT: Final = 100
OURS_COUNT: Final = 2_000
PEER_COUNT: Final = 192
FACTOR: Final = 10.0

FEW_QUEUED: Final = 2_000
MANY_QUEUED: Final = 100_000
DISPATCH_RATIO_MIN: Final = 0.8
RSS_MIB_MAX: Final = 512

TIMERS: Final = 10_000
TIMERS_AHEAD_SECONDS: Final = 20.0
LATENESS_SECONDS_MAX: Final = 1.0
SLEEPERS: Final = 100_000
IDLE_SECONDS: Final = 10.0
IDLE_PERCENT_MAX: Final = 5.0
DRAIN_SECONDS_MAX: Final = 300.0

COUNT_ENDED: Final = "SELECT count(*) FROM workflows.executions WHERE workflow_id = $1 AND stage = 5"
SELECT_LATENESS: Final = """
SELECT extract(epoch FROM e.end_time - (e.input::jsonb #>> '{}')::timestamptz)::float8 AS seconds
FROM workflows.executions AS e
WHERE e.workflow_id = 'sleeper' AND e.stage = 5
"""


def main() -> Report:
    """Measures throughput and latency, then what waits."""
    report = Report(
        title="Workflows",
        peer=peer_dbos.NAME,
        notes=(
            f"{STEPS} steps that do nothing, each committed before the next begins; PostgreSQL with fsync",
            "one application process and one service process, gRPC between them; the peer is a library",
            f"the peer: a pool of {peer_dbos.POOL_SIZE}; plain or asynchronous functions, the faster",
        ),
    )
    report.show_heading(console())
    uvloop.run(_measure(report))
    report.show_outcome(console())
    return report


async def _measure(report: Report) -> None:
    async with installed(gateway=True, workflows=True) as installation:
        await _measure_beside_peer(report, installation, await installation.create_api_key())
    for title, measure in (
        (f"executions that wait: {MANY_QUEUED:,}", _measure_queue),
        (f"timers: {TIMERS:,} within a second", _measure_timers),
        (f"sleepers: {SLEEPERS:,}", _measure_sleepers),
    ):
        # Each begins with nothing that waits.
        with report.shown_section(title) as section:
            async with installed(gateway=True, workflows=True) as installation:
                await measure(section, installation, await installation.create_api_key())


async def _measure_beside_peer(report: Report, installation: Installation, api_key: str) -> None:
    url = (await installation.create_database("peer")).replace("postgresql://", "postgresql+psycopg://")
    direct, front = installation.workflows_address, installation.front_address
    async with (
        Peer.open(url) as peer,
        Application.open(installation, api_key, address=direct) as application,
    ):
        await application.define(TRANSFORMS)
        await application.define(TASKS)
        with report.shown_section("one workflow after the other") as section:
            await _measure_latency(section, application, peer)
        with report.shown_section(f"{AT_ONCE} workflows at once") as section:
            await _measure_throughput(section, application, peer)
    async with Application.open(installation, api_key, address=front) as application:
        with report.shown_section("by way of the gateway") as section:
            rate = await _rate(application, "five_steps")
            section.add(Figure(name=f"{AT_ONCE} at once", unit="steps/s", ours=rate))


async def _measure_latency(section: Section, application: Application, peer: Peer) -> None:
    ours: dict[str, list[float]] = {"five_steps": [], "five_grouped_steps": []}
    theirs: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(REPETITIONS):
        for workflow_id, samples in ours.items():
            samples.extend((await application.run_many(workflow_id, count=ONE_COUNT, at_once=1))[1])
        for is_async, samples in theirs.items():
            samples.extend((await peer.run(count=ONE_COUNT, at_once=1, is_async=is_async)).durations)
    best = min(theirs.values(), key=lambda samples: percentile(samples, 50))
    section.add(*percentiles("a workflow", ours["five_steps"], best, factor_min=NO_WORSE))
    section.add(*percentiles("with checkpoints", ours["five_grouped_steps"], best, factor_min=None))


async def _measure_throughput(section: Section, application: Application, peer: Peer) -> None:
    async def peer_rate(*, is_async: bool) -> float:
        measured = await peer.run(count=PEER_COUNT, at_once=AT_ONCE, is_async=is_async)
        return PEER_COUNT * STEPS / measured.seconds

    rates = await _in_turn(
        {
            "steps": lambda: _rate(application, "five_steps"),
            "grouped": lambda: _rate(application, "five_grouped_steps"),
            "transforms": lambda: _rate(application, "five-transforms"),
            "tasks": lambda: _rate(application, "five-tasks"),
            "peer": lambda: peer_rate(is_async=False),
            "peer, async": lambda: peer_rate(is_async=True),
        }
    )
    best = max(rates["peer"], rates["peer, async"])
    for name, key, factor in (
        ("each step committed", "steps", FACTOR),
        ("with checkpoints", "grouped", FACTOR),
        ("definition of five transforms", "transforms", None),
        ("definition of five tasks of workers", "tasks", None),
    ):
        section.add(Figure(name=name, unit="steps/s", ours=rates[key], peer=best, factor_min=factor))


async def _rate(application: Application, workflow_id: str) -> float:
    seconds, _ = await application.run_many(workflow_id, count=OURS_COUNT, at_once=AT_ONCE)
    return OURS_COUNT * STEPS / seconds


async def _in_turn(measurements: Mapping[str, Callable[[], Awaitable[float]]]) -> dict[str, float]:
    """Measures all of them several times, in turn: what else the machine does then meets all alike."""
    rates: dict[str, list[float]] = {name: [] for name in measurements}
    for _ in range(REPETITIONS):
        for name, measure in measurements.items():
            rates[name].append(await measure())
    return {name: median(each) for name, each in rates.items()}


# -- What waits ---------------------------------------------------------------------------


async def _measure_queue(section: Section, installation: Installation, api_key: str) -> None:
    """The rate at which a worker gets through the first executions of a short and of a long queue."""
    address = installation.workflows_address
    connection = await asyncpg.connect(installation.postgres.url_of("timeloom", superuser=True))
    async with working(api_key, address):
        pass  # the service knows its workflows now
    async with Application.open(installation, api_key, address=address, has_worker=False) as application:
        few = await _dispatch_rate(application, connection, api_key, address, queued=FEW_QUEUED)
        many = await _dispatch_rate(application, connection, api_key, address, queued=MANY_QUEUED)
    await connection.close()
    section.add(
        Figure(
            name=f"executions dispatched, of the first {FEW_QUEUED:,}",
            unit="executions/s",
            ours=many,
            peer=few,
            factor_min=DISPATCH_RATIO_MIN,
            versus=f"{FEW_QUEUED:,} queued",
        ),
        Figure(
            name="memory of the service",
            unit="MiB",
            ours=_service(installation).memory_info().rss / 2**20,
            better="lower",
            limit=RSS_MIB_MAX,
        ),
    )


async def _dispatch_rate(
    application: Application,
    connection: asyncpg.Connection[asyncpg.Record],
    api_key: str,
    address: str,
    *,
    queued: int,
) -> float:
    await application.begin_many("one_step", list(range(queued)))
    await drained(connection, "workflows")
    await connection.execute("VACUUM (ANALYZE) workflows.executions")
    enough = Tally.count + FEW_QUEUED
    begin = time.perf_counter()
    async with working(api_key, address):
        await eventually(lambda: Tally.count >= enough, timeout_seconds=DRAIN_SECONDS_MAX)
        return FEW_QUEUED / (time.perf_counter() - begin)


async def _measure_timers(section: Section, installation: Installation, api_key: str) -> None:
    connection = await asyncpg.connect(installation.postgres.url_of("timeloom", superuser=True))
    first = datetime.now(UTC) + timedelta(seconds=TIMERS_AHEAD_SECONDS)
    times = [(first + timedelta(seconds=index / TIMERS)).isoformat() for index in range(TIMERS)]
    address = installation.workflows_address
    async with Application.open(installation, api_key, address=address) as application:
        await application.begin_many("sleeper", times)

        async def all_ended() -> bool:
            return bool(await connection.fetchval(COUNT_ENDED, "sleeper") == TIMERS)

        await eventually(all_ended, timeout_seconds=DRAIN_SECONDS_MAX)
    lateness = [row["seconds"] for row in await connection.fetch(SELECT_LATENESS)]
    await connection.close()
    section.add(
        Figure(name="early", unit="timers", ours=sum(each < 0 for each in lateness), better="lower", limit=0),
        Figure(name="late, p50", unit="s", ours=percentile(lateness, 50), better="lower"),
        Figure(
            name="late, p99",
            unit="s",
            ours=percentile(lateness, 99),
            better="lower",
            limit=LATENESS_SECONDS_MAX,
        ),
    )


async def _measure_sleepers(section: Section, installation: Installation, api_key: str) -> None:
    """What the service takes while nothing happens but that many sleep for a year."""
    connection = await asyncpg.connect(installation.postgres.url_of("timeloom", superuser=True))
    then = (datetime.now(UTC) + timedelta(days=365)).isoformat()
    address = installation.workflows_address
    parked = "SELECT count(*) FROM workflows.executions WHERE workflow_id = 'sleeper' AND stage = 3"

    async def all_parked() -> bool:
        return bool(await connection.fetchval(parked) == SLEEPERS)

    async with Application.open(installation, api_key, address=address) as application:
        await application.begin_many("sleeper", [then] * SLEEPERS)
        await eventually(all_parked, timeout_seconds=DRAIN_SECONDS_MAX)
    await connection.close()
    service = _service(installation)
    before = sum(service.cpu_times()[:2])
    await asyncio.sleep(IDLE_SECONDS)
    percent = (sum(service.cpu_times()[:2]) - before) / IDLE_SECONDS * 100
    section.add(
        Figure(
            name="CPU of the service",
            unit="% of a core",
            ours=percent,
            better="lower",
            limit=IDLE_PERCENT_MAX,
        ),
        Figure(
            name="memory of the service",
            unit="MiB",
            ours=service.memory_info().rss / 2**20,
            better="lower",
            limit=RSS_MIB_MAX,
        ),
    )


def _service(installation: Installation) -> psutil.Process:
    """The process of the workflows service."""
    for process in psutil.process_iter(["cmdline", "environ"]):
        environment: dict[str, str] = process.info["environ"] or {}
        if (
            "timeloom_workflows" in (process.info["cmdline"] or ())
            and environment.get("TIMELOOM_LISTEN") == installation.workflows_address
        ):
            return process
    raise RuntimeError("the workflows service is gone")
