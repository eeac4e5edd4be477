"""Recording and stepping back, beside LangGraph's checkpointer on the same PostgreSQL.

Timeloom is measured through real gRPC: the client is this process, the service another, and both share the
machine with PostgreSQL. The client computes its deltas before the clock starts; what the SDK needs for that
is part of the SDK's own figures. The peer has no service: it runs in this process, and turning states into
bytes is part of its figures. All writes are acknowledged after their commit, with fsync on.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import uvloop

from tests.bench import peer_langgraph, recorder, scale, sdk, workload
from tests.bench.installation import Installation, installed
from tests.bench.peer_langgraph import Peer
from tests.bench.recorder import Recorder
from tests.bench.report import NO_WORSE, Figure, Report, Section, console, median, percentiles, seconds_of
from tests.bench.workload import Mode, Step

STEPS = 1000
REPETITIONS = 3
STREAM_REPETITIONS = 5
LOADS = 500
AT_ONCE = 64
SETTLED: dict[Mode, int] = {"grow": 500, "window": 100}
"""The step from which executions are recorded at once: states of the mean size, full windows."""
AT_ONCE_STEPS = 50
SETTLED_STEPS = 200
PEER_AT_ONCE_STEPS = 10
MULTIPLEXED = 16

BYTES_MAX = 1_500
ITS_BEST = "its best, one saver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was found out about one side."""

    bytes_per_snapshot: float
    one_at_a_time: float
    at_once: float
    load_seconds: Sequence[float]
    list_seconds: float
    at_once_unlocked: float = 0.0
    """With a saver for each execution, which a graph does not have."""
    stream: float = 0.0
    stream_multiplexed: float = 0.0


def main() -> Report:
    """Measures both workloads, then many agents and many executions."""
    report = Report(
        title="Snapshots",
        peer=peer_langgraph.NAME,
        notes=(
            f"{workload.describe()}, {STEPS:,} steps; PostgreSQL with fsync; acknowledged after the commit",
            "one client process, one service process, uvloop, gRPC between them; the peer runs in the client",
            f"the peer: a saver over a pool of {peer_langgraph.POOL_SIZE}, autocommit, prepared statements",
            "a saver lets one call through at a time; a graph has one, which all its executions share",
        ),
    )
    report.show_heading(console())
    uvloop.run(_measure(report))
    report.show_outcome(console())
    return report


async def _measure(report: Report) -> None:
    for mode in workload.MODES:
        with report.shown_section(f"{mode}: {STEPS:,} steps of an execution") as section:
            await _measure_mode(section, mode)
    for mode in workload.MODES:
        with report.shown_section(f"{mode}: the SDK, by way of the gateway") as section:
            async with installed(gateway=True) as installation:
                steps = list(workload.steps(STEPS, mode))
                await sdk.measure(section, installation, steps, SETTLED[mode])
    async with installed() as installation, Recorder.open(installation) as client:
        with report.shown_section(f"window: {scale.AGENTS} agents at once") as section:
            await scale.measure_agents(section, client)
        with report.shown_section(
            f"window: {scale.EXECUTIONS} executions of {scale.STEPS:,} steps"
        ) as section:
            await scale.measure_executions(section, client)


async def _measure_mode(section: Section, mode: Mode) -> None:
    steps = list(workload.steps(STEPS, mode))
    async with installed() as installation:
        async with Recorder.open(installation) as client:
            ours = await _measure_ours(installation, client, steps, SETTLED[mode])
        async with Peer.open(await installation.create_database("peer")) as peer:
            theirs = await _measure_peer(peer, steps, SETTLED[mode])
    _compare(section, ours, theirs)


async def _measure_ours(
    installation: Installation, client: Recorder, steps: Sequence[Step], begin: int
) -> Measured:
    deltas = recorder.encode(steps)
    empty_bytes = await installation.stored_bytes("snapshots")
    execution_id = await client.create()
    seconds = [await client.record(execution_id, deltas)]
    stored_bytes = await installation.stored_bytes("snapshots") - empty_bytes
    seconds += [await client.record(await client.create(), deltas) for _ in range(REPETITIONS - 1)]
    settled = recorder.encode(steps[begin : begin + SETTLED_STEPS + 1])
    at_once = [await client.record_rate(AT_ONCE, settled[: AT_ONCE_STEPS + 1]) for _ in range(REPETITIONS)]
    streams = [await client.stream([await client.create()], deltas) for _ in range(STREAM_REPETITIONS)]
    multiplexed = [await client.stream_rate(MULTIPLEXED, settled) for _ in range(REPETITIONS)]
    return Measured(
        bytes_per_snapshot=stored_bytes / len(deltas),
        one_at_a_time=len(deltas) / median(seconds),
        at_once=median(at_once),
        stream=len(deltas) / median(streams),
        stream_multiplexed=median(multiplexed),
        load_seconds=await _measure_loads(lambda index: client.load(execution_id, index + 1)),
        list_seconds=await _median_of(lambda: client.list_all(execution_id)),
    )


async def _measure_peer(peer: Peer, steps: Sequence[Step], begin: int) -> Measured:
    empty_bytes = await peer.stored_bytes()
    thread = peer.thread("first")
    seconds = [await thread.put_all(steps)]
    stored_bytes = await peer.stored_bytes() - empty_bytes
    seconds += [await peer.thread(f"again {number}").put_all(steps) for number in range(REPETITIONS - 1)]
    one_saver = await _put_at_once(peer, steps[begin:], own_saver=False)
    many_savers = await _put_at_once(peer, steps[begin:], own_saver=True)
    one_at_a_time = len(steps) / median(seconds)
    return Measured(
        bytes_per_snapshot=stored_bytes / len(steps),
        one_at_a_time=one_at_a_time,
        at_once=one_saver,
        at_once_unlocked=many_savers,
        load_seconds=await _measure_loads(thread.load),
        list_seconds=await _median_of(thread.list_all),
    )


async def _put_at_once(peer: Peer, steps: Sequence[Step], *, own_saver: bool) -> float:
    rates = []
    for repetition in range(REPETITIONS):
        names = [f"{own_saver} {repetition} {number}" for number in range(AT_ONCE)]
        threads = [peer.thread(name, own_saver=own_saver) for name in names]
        await peer_langgraph.put_at_once(threads, steps[:1])
        seconds = await peer_langgraph.put_at_once(threads, steps[1 : PEER_AT_ONCE_STEPS + 1])
        rates.append(AT_ONCE * PEER_AT_ONCE_STEPS / seconds)
    return median(rates)


async def _measure_loads(load: Callable[[int], Awaitable[object]]) -> list[float]:
    """Loads random steps, one at a time, and returns the seconds of each."""
    rng = random.Random(11)
    return [await seconds_of(lambda: load(rng.randrange(STEPS))) for _ in range(LOADS)]


async def _median_of(call: Callable[[], Awaitable[int]], expected: int = STEPS) -> float:
    """Repeats a call that answers with a count; returns its seconds."""

    async def checked() -> None:
        count = await call()
        assert count == expected, f"{count} instead of {expected}"

    return median([await seconds_of(checked) for _ in range(REPETITIONS)])


def _compare(section: Section, ours: Measured, theirs: Measured) -> None:
    best = max(theirs.one_at_a_time, theirs.at_once)
    section.add(
        Figure(
            name="added to all tables and indexes",
            unit="bytes/snapshot",
            ours=ours.bytes_per_snapshot,
            peer=theirs.bytes_per_snapshot,
            better="lower",
            limit=BYTES_MAX,
        ),
        _written("one at a time", ours.one_at_a_time, theirs.one_at_a_time, factor_min=NO_WORSE),
        _written(f"with {AT_ONCE} in flight", ours.at_once, best, factor_min=4, versus=ITS_BEST),
        _written(
            f"with {AT_ONCE} in flight", ours.at_once, theirs.at_once_unlocked, versus="a saver an execution"
        ),
        _written("by a stream, one execution", ours.stream, best, factor_min=15, versus=ITS_BEST),
        _written(
            f"by a stream, {MULTIPLEXED} executions",
            ours.stream_multiplexed,
            best,
            factor_min=15,
            versus=ITS_BEST,
        ),
        *percentiles("load of a random step", ours.load_seconds, theirs.load_seconds, factor_min=NO_WORSE),
        Figure(
            name=f"list of {STEPS:,}",
            unit="ms",
            ours=ours.list_seconds * 1000,
            peer=theirs.list_seconds * 1000,
            better="lower",
            factor_min=50,
        ),
    )


def _written(
    how: str, ours: float, peer: float, *, factor_min: float | None = None, versus: str = ""
) -> Figure:
    return Figure(
        name=f"written {how}", unit="snapshots/s", ours=ours, peer=peer, factor_min=factor_min, versus=versus
    )
