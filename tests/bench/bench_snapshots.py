"""Recording and stepping back, beside LangGraph's checkpointer on the same PostgreSQL.

One at a time means that a snapshot is sent when the one before it is acknowledged. Many in flight are many
executions, each of which writes one at a time. Both are measured in both ways in which a client can do it: on
the one stream that the SDK keeps open for all executions of a process, and by a call for each snapshot.

Timeloom is measured through real gRPC: the client is this process, the service another, and both share the
machine with PostgreSQL. The client computes its deltas before the clock starts; what the SDK needs for that
is part of the SDK's own figures. The peer has no service: it runs in this process, and turning states into
bytes is part of its figures. All writes are acknowledged after their commit, with fsync on.
"""

from __future__ import annotations

import gc
import itertools
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import uvloop

from tests.bench import peer_langgraph, recorder, scale, sdk, workload
from tests.bench.installation import Installation, installed
from tests.bench.peer_langgraph import Peer, PeerThread
from tests.bench.recorder import Recorder
from tests.bench.report import NO_WORSE, Figure, Report, Section, console, median, percentiles, seconds_of
from tests.bench.workload import Mode, Step

STEPS = 1000
REPETITIONS = 5
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
    for mode in workload.MODES:
        with report.shown_section(f"{mode}: {scale.SEALED_EXECUTIONS} executions, sealed") as section:
            async with installed() as installation, Recorder.open(installation) as client:
                await scale.measure_sealed(section, installation, client, mode)
    async with installed() as installation, Recorder.open(installation) as client:
        with report.shown_section(f"window: {scale.AGENTS} agents at once") as section:
            await scale.measure_agents(section, client)
        async with installed() as another, Recorder.open(another) as alone:
            with report.shown_section(
                f"window: {scale.EXECUTIONS} executions of {scale.STEPS:,} steps"
            ) as section:
                await scale.measure_executions(section, client, alone)


async def _measure_mode(section: Section, mode: Mode) -> None:
    steps = list(workload.steps(STEPS, mode))
    # What stays must not be looked at by the collector while a load is timed, of ours or of the peer's.
    gc.collect()
    gc.freeze()
    async with (
        installed() as installation,
        Recorder.open(installation) as client,
        Peer.open(await installation.create_database("peer")) as peer,
    ):
        execution_id, thread = await _measure_bytes(section, installation, client, peer, steps)
        await _measure_writes(section, client, peer, steps, SETTLED[mode])
        await _measure_reads(section, client, execution_id, thread)


async def _measure_bytes(
    section: Section, installation: Installation, client: Recorder, peer: Peer, steps: Sequence[Step]
) -> tuple[str, PeerThread]:
    """Records the steps once on each side; returns the execution and the peer's thread."""
    empty_bytes = await installation.stored_bytes("snapshots")
    execution_id, thread = await client.create(), peer.thread("first")
    await client.record(execution_id, recorder.encode(steps))
    ours = await installation.stored_bytes("snapshots") - empty_bytes
    empty_bytes = await peer.stored_bytes()
    await thread.put_all(steps)
    theirs = await peer.stored_bytes() - empty_bytes
    section.add(
        Figure(
            name="added to all tables and indexes",
            unit="bytes/snapshot",
            ours=ours / len(steps),
            peer=theirs / len(steps),
            better="lower",
            limit=BYTES_MAX,
        )
    )
    return execution_id, thread


async def _measure_writes(
    section: Section, client: Recorder, peer: Peer, steps: Sequence[Step], begin: int
) -> None:
    deltas = recorder.encode(steps)
    settled = recorder.encode(steps[begin : begin + SETTLED_STEPS + 1])
    few = settled[: AT_ONCE_STEPS + 1]
    names = itertools.count()

    async def put_one_at_a_time() -> float:
        return len(steps) / await peer.thread(f"one {next(names)}").put_all(steps)

    async def put_at_once(*, own_saver: bool) -> float:
        threads = [peer.thread(f"many {next(names)}", own_saver=own_saver) for _ in range(AT_ONCE)]
        await peer_langgraph.put_at_once(threads, steps[begin : begin + 1])
        following = steps[begin + 1 : begin + 1 + PEER_AT_ONCE_STEPS]
        return AT_ONCE * PEER_AT_ONCE_STEPS / await peer_langgraph.put_at_once(threads, following)

    rates = await _in_turn(
        {
            "one": lambda: client.record_rate(1, deltas, by_stream=True),
            "one by calls": lambda: client.record_rate(1, deltas),
            "peer's one": put_one_at_a_time,
            "many": lambda: client.record_rate(AT_ONCE, few, by_stream=True),
            "many by calls": lambda: client.record_rate(AT_ONCE, few),
            "peer's many": lambda: put_at_once(own_saver=False),
            "peer's unlocked": lambda: put_at_once(own_saver=True),
            "stream": lambda: client.stream_rate(1, deltas),
            "multiplexed": lambda: client.stream_rate(MULTIPLEXED, settled),
        }
    )
    one, best = rates["peer's one"], max(rates["peer's one"], rates["peer's many"])
    many = f"with {AT_ONCE} in flight"
    section.add(
        _written("one at a time", rates["one"], one, factor_min=NO_WORSE),
        _written("one at a time, by calls", rates["one by calls"], one),
        _written(many, rates["many"], best, factor_min=4, versus=ITS_BEST),
        _written(f"{many}, by calls", rates["many by calls"], best, versus=ITS_BEST),
        _written(many, rates["many"], rates["peer's unlocked"], versus="a saver an execution"),
        _written("without waiting", rates["stream"], best, factor_min=15, versus=ITS_BEST),
        _written(
            f"without waiting, {MULTIPLEXED} executions",
            rates["multiplexed"],
            best,
            factor_min=15,
            versus=ITS_BEST,
        ),
    )


async def _in_turn(measurements: Mapping[str, Callable[[], Awaitable[float]]]) -> dict[str, float]:
    """Measures all of them several times, in turn: what else the machine does then meets all alike."""
    rates: dict[str, list[float]] = {name: [] for name in measurements}
    for _ in range(REPETITIONS):
        for name, measure in measurements.items():
            rates[name].append(await measure())
    return {name: median(each) for name, each in rates.items()}


async def _measure_reads(section: Section, client: Recorder, execution_id: str, thread: PeerThread) -> None:
    rng = random.Random(11)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(LOADS):
        step = rng.randrange(STEPS)
        ours.append(await seconds_of(partial(client.load, execution_id, step + 1)))
        theirs.append(await seconds_of(partial(thread.load, step)))
    section.add(*percentiles("load of a random step", ours, theirs, factor_min=NO_WORSE))
    lists = await _in_turn(
        {
            "ours": lambda: _seconds_of_list(lambda: client.list_all(execution_id)),
            "theirs": lambda: _seconds_of_list(thread.list_all),
        }
    )
    section.add(
        Figure(
            name=f"list of {STEPS:,}",
            unit="ms",
            ours=lists["ours"] * 1000,
            peer=lists["theirs"] * 1000,
            better="lower",
            factor_min=50,
        )
    )


async def _seconds_of_list(call: Callable[[], Awaitable[int]]) -> float:
    async def checked() -> None:
        count = await call()
        assert count == STEPS, f"{count} instead of {STEPS}"

    return await seconds_of(checked)


def _written(
    how: str, ours: float, peer: float, *, factor_min: float | None = None, versus: str = ""
) -> Figure:
    return Figure(
        name=f"written {how}", unit="snapshots/s", ours=ours, peer=peer, factor_min=factor_min, versus=versus
    )
