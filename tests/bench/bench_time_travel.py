"""Playback, value history, bisection, comparison and forks over the `grow` workload, through real gRPC.

The client is this process, the service another, and both share the machine with PostgreSQL. No peer does any
of this; what is meant to be reached is said beside each figure. Playback carries deltas: every state is still
rebuilt and compared with its recorded hash. Steps back begin at random places, so that some of them have what
they need at hand and some do not.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final

import uvloop

from tests.bench import recorder, workload
from tests.bench.installation import Installation, installed
from tests.bench.recorder import Recorder
from tests.bench.report import Figure, Report, Section, console, median, percentile, seconds_of
from tests.bench.traveller import Traveller
from timeloom.snapshots.v1 import time_travel_service_pb2 as messages

STEPS: Final = 1000
LONG_STEPS: Final = 10_000
REPETITIONS: Final = 7
PLACES: Final = 40
STEPS_BACK: Final = 25
FORKS: Final = 50
BAD_FROM: Final = 618


def main() -> Report:
    """Measures everything."""
    report = Report(
        title="Time travel",
        peer="what is meant to be reached",
        notes=(
            f"{workload.describe()}, grow, {STEPS:,} steps, states of 27 to 550 KB; PostgreSQL with fsync",
            f"medians of {REPETITIONS}; {PLACES} jumps with {STEPS_BACK} steps back each; {FORKS} forks",
        ),
    )
    report.show_heading(console())
    uvloop.run(_measure(report))
    report.show_outcome(console())
    return report


async def _measure(report: Report) -> None:
    steps = list(workload.steps(STEPS, "grow"))
    async with (
        installed() as installation,
        Recorder.open(installation) as client,
        Traveller.open(installation) as traveller,
    ):
        execution_id = await client.create()
        deltas = recorder.encode(steps)
        await client.stream([execution_id], deltas)
        with report.shown_section(f"{STEPS:,} steps of an execution") as section:
            await _measure_playback(section, traveller, execution_id)
            await _measure_questions(section, traveller, execution_id, await _diverging(client, deltas))
        with report.shown_section("forks") as section:
            await _measure_forks(section, installation, traveller, execution_id)
        with report.shown_section(f"{LONG_STEPS:,} snapshots in an execution") as section:
            await _measure_long(section, client, traveller)


async def _diverging(client: Recorder, deltas: list[bytes]) -> str:
    """Records the first half of the same steps once more, and then the beginning of them."""
    execution_id = await client.create()
    half = STEPS // 2
    await client.stream([execution_id], deltas[:half] + deltas[: half // 2])
    return execution_id


async def _measure_playback(section: Section, traveller: Traveller, execution_id: str) -> None:
    section.add(
        await _milliseconds("played forward", partial(_played, traveller, execution_id), limit=1000),
        await _milliseconds(
            "played backward", partial(_played, traveller, execution_id, reverse=True), limit=1000
        ),
    )
    rng = random.Random(5)
    jumps: list[float] = []
    steps_back: list[float] = []
    for _ in range(PLACES):
        async with traveller.playback(execution_id) as control:
            place = rng.randrange(STEPS_BACK + 1, STEPS + 1)
            jumps.append(await control.do(jump=messages.JumpPlayback(sequence=place)))
            back = messages.StepPlayback(count=-1)
            steps_back += [await control.do(step=back) for _ in range(STEPS_BACK)]
    section.add(*_percentiles("jump", jumps), *_percentiles("step back", steps_back, limits={99: 10}))


async def _played(traveller: Traveller, execution_id: str, *, reverse: bool = False) -> None:
    count = await traveller.play(execution_id, reverse=reverse)
    assert count == STEPS, f"{count} frames"


async def _measure_questions(
    section: Section, traveller: Traveller, execution_id: str, other_execution_id: str
) -> None:
    async def bisected() -> None:
        found = await traveller.bisect(execution_id, f"size(state.messages) >= {BAD_FROM}")
        assert found == BAD_FROM, found

    async def compared() -> None:
        await traveller.compare(execution_id, other_execution_id)

    section.add(
        await _milliseconds(
            "value history, a value that changes now and then",
            lambda: traveller.history(execution_id, "/scratchpad/key_07"),
            limit=50,
        ),
        await _milliseconds(
            "value history, a value that never changes",
            lambda: traveller.history(execution_id, "/messages/0/content"),
            limit=50,
        ),
        await _milliseconds("bisection", bisected, limit=50),
        await _milliseconds(
            "bisection that asks all",
            lambda: traveller.bisect(execution_id, "state.scratchpad.key_07.n > 500000", exhaustive=True),
        ),
        await _milliseconds("comparison with another execution", compared),
        await _milliseconds("first page of the timeline", lambda: traveller.timeline(execution_id)),
    )


async def _measure_forks(
    section: Section, installation: Installation, traveller: Traveller, execution_id: str
) -> None:
    before = await installation.stored_bytes("snapshots")
    seconds = [await seconds_of(lambda: traveller.fork(execution_id, STEPS)) for _ in range(FORKS)]
    added = await installation.stored_bytes("snapshots") - before
    section.add(
        Figure(name="fork", unit="ms", ours=median(seconds) * 1000, better="lower", limit=10),
        Figure(name="added to all tables", unit="bytes/fork", ours=added / FORKS, better="lower", limit=4096),
    )


async def _measure_long(section: Section, client: Recorder, traveller: Traveller) -> None:
    execution_id = await client.create()
    deltas = recorder.encode(list(workload.steps(STEPS, "window")))
    # The first delta of each round sets the whole state, so that the rounds can follow one another.
    for _ in range(LONG_STEPS // STEPS):
        await client.stream([execution_id], deltas)
    section.add(
        await _milliseconds("first page of the list", lambda: traveller.first_page(execution_id), limit=20),
        await _milliseconds("first page of the timeline", lambda: traveller.timeline(execution_id)),
        await _milliseconds("value history", lambda: traveller.history(execution_id, "/scratchpad/key_07/n")),
    )


async def _milliseconds(
    name: str, call: Callable[[], Awaitable[object]], *, limit: float | None = None
) -> Figure:
    """Measures a call, several times."""
    await call()
    seconds = [await seconds_of(call) for _ in range(REPETITIONS)]
    return Figure(name=name, unit="ms", ours=median(seconds) * 1000, better="lower", limit=limit)


def _percentiles(
    name: str, samples: Sequence[float], limits: Mapping[int, float] | None = None
) -> list[Figure]:
    return [
        Figure(
            name=f"{name}, p{percent}",
            unit="ms",
            ours=percentile(samples, percent) * 1000,
            better="lower",
            limit=(limits or {}).get(percent),
        )
        for percent in (50, 99)
    ]
