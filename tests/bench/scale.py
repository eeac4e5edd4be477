"""Many agents and many executions, beside one."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from tests.bench import recorder, workload
from tests.bench.installation import Installation
from tests.bench.recorder import Recorder
from tests.bench.report import NO_WORSE, Figure, Section, median, percentiles, seconds_of
from tests.bench.workload import Mode
from timeloom_platform.database import Database
from timeloom_snapshots.assembly import ROOM
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.sealing import Sealer
from timeloom_snapshots.storage.sealing import SealingRules

AGENTS = 16
AGENT_STEPS = range(100, 151)
"""From where the window is full."""
REPETITIONS = 5

EXECUTIONS = 100
STEPS = 1000
STREAMED_AT_ONCE = 10
SEALED_EXECUTIONS = 20
SEALED_BYTES_MAX = 1_000
AT_ONCE = SealingRules(recent_count=0, quiet=timedelta(0), idle=timedelta(0))
LISTS = 100
LOADS = 500
CATCH_UPS = 50
FOLLOWED = 200
FOLLOW = "from a call that records to its arrival at a tail"
TURNS = 10
"""Both sides are read in turn: what else the machine does then meets both alike."""


async def measure_agents(section: Section, client: Recorder) -> None:
    """Measures what agents record at once, each of them one snapshot at a time."""
    deltas = recorder.encode(list(workload.steps(AGENT_STEPS.stop, "window"))[AGENT_STEPS.start :])
    # Alternating, so that what else the machine does meets both.
    for by_stream, how, factor_min in ((True, "on one stream", 4), (False, "by calls", None)):
        rates = [
            [await client.record_rate(count, deltas, by_stream=by_stream) for count in (1, AGENTS)]
            for _ in range(REPETITIONS)
        ]
        section.add(
            Figure(
                name=f"written by {AGENTS} agents, each one at a time, {how}",
                unit="snapshots/s",
                ours=median([many for _, many in rates]),
                peer=median([one for one, _ in rates]),
                factor_min=factor_min,
                versus="one agent",
            )
        )


async def measure_executions(section: Section, client: Recorder, alone: Recorder) -> None:
    """Measures reads among many executions, in turn with the same reads of an installation's only one."""
    deltas = recorder.encode(list(workload.steps(STEPS + FOLLOWED, "window")))
    recorded, following = deltas[:STEPS], deltas[STEPS:]
    only = [await alone.create()]
    await alone.stream(only, recorded)
    others = [await client.create() for _ in range(EXECUTIONS)]
    for start in range(0, len(others), STREAMED_AT_ONCE):
        await client.stream(others[start : start + STREAMED_AT_ONCE], recorded)
    rng = random.Random(13)
    seconds: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for turn in range(TURNS):
        part = following[turn * FOLLOWED // TURNS : (turn + 1) * FOLLOWED // TURNS]
        for side, (reader, execution_ids) in enumerate(((client, others), (alone, only))):
            for name, found in (await _measure_reads(reader, execution_ids, rng)).items():
                seconds[name][side].extend(found)
            seconds[FOLLOW][side].extend(await reader.follow(execution_ids[0], part))
    for name, (many, one) in seconds.items():
        section.add(*percentiles(name, many, one, factor_min=NO_WORSE, versus="one execution"))


async def measure_sealed(section: Section, installation: Installation, client: Recorder, mode: Mode) -> None:
    """Measures executions that are sealed as a whole: what they take, and how they are read."""
    empty_bytes = await installation.stored_bytes("snapshots")
    deltas = recorder.encode(list(workload.steps(STEPS, mode)))
    execution_ids = [await client.create() for _ in range(SEALED_EXECUTIONS)]
    await client.stream(execution_ids, deltas)
    rng = random.Random(17)
    hot = await _seconds_of_loads(client, execution_ids, rng)
    database = await Database.connect(installation.postgres.url, room=ROOM)
    try:
        sealer = Sealer(database=database, codec=Codec.packaged(), rules=AT_ONCE)
        while await sealer.seal_due():
            pass
    finally:
        await database.close()
    taken_bytes = await installation.stored_bytes("snapshots") - empty_bytes
    section.add(
        Figure(
            name="all tables and indexes, sealed",
            unit="bytes/snapshot",
            ours=taken_bytes / (SEALED_EXECUTIONS * STEPS),
            better="lower",
            limit=SEALED_BYTES_MAX,
        ),
        *percentiles(
            "load of a random step, sealed",
            await _seconds_of_loads(client, execution_ids, rng),
            hot,
            factor_min=None,
            versus="not sealed",
        ),
    )


async def _seconds_of_loads(
    client: Recorder, execution_ids: Sequence[str], rng: random.Random
) -> list[float]:
    return [
        await seconds_of(lambda: client.load(rng.choice(execution_ids), rng.randint(1, STEPS)))
        for _ in range(LOADS)
    ]


async def _measure_reads(
    client: Recorder, execution_ids: Sequence[str], rng: random.Random
) -> dict[str, list[float]]:
    """Reads random executions, one call at a time; returns the seconds of each call."""

    def any_of_them() -> str:
        return rng.choice(execution_ids)

    return {
        f"list of {STEPS:,}": [
            await seconds_of(lambda: client.list_all(any_of_them())) for _ in range(LISTS // TURNS)
        ],
        "load of a random step": [
            await seconds_of(lambda: client.load(any_of_them(), rng.randint(1, STEPS)))
            for _ in range(LOADS // TURNS)
        ],
        f"tail over {STEPS:,} snapshots": [
            await client.catch_up(any_of_them(), STEPS) for _ in range(CATCH_UPS // TURNS)
        ],
    }
