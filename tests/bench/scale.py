"""Many agents and many executions, beside one."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.bench import recorder, workload
from tests.bench.recorder import Recorder
from tests.bench.report import NO_WORSE, Figure, Section, median, percentiles, seconds_of

AGENTS = 16
AGENT_STEPS = range(100, 151)
"""From where the window is full."""
REPETITIONS = 5

EXECUTIONS = 100
STEPS = 1000
STREAMED_AT_ONCE = 11
LISTS = 100
LOADS = 500
CATCH_UPS = 50
FOLLOWED = 200


async def measure_agents(section: Section, client: Recorder) -> None:
    """Measures what agents record at once, each of them one snapshot at a time."""
    deltas = recorder.encode(list(workload.steps(AGENT_STEPS.stop, "window"))[AGENT_STEPS.start :])
    # Alternating, so that what else the machine does meets both.
    rates = [
        (await client.record_rate(1, deltas), await client.record_rate(AGENTS, deltas))
        for _ in range(REPETITIONS)
    ]
    section.add(
        Figure(
            name=f"written by {AGENTS} agents, each one at a time",
            unit="snapshots/s",
            ours=median([many for _, many in rates]),
            peer=median([one for one, _ in rates]),
            factor_min=4,
            versus="one agent",
        )
    )


async def measure_executions(section: Section, client: Recorder) -> None:
    """Measures reads while there is one execution, and again among many."""
    deltas = recorder.encode(list(workload.steps(STEPS + FOLLOWED, "window")))
    recorded, following = deltas[:STEPS], deltas[STEPS:]
    execution_ids = [await client.create()]
    await client.stream(execution_ids, recorded)
    alone = await _measure_reads(client, execution_ids, following)
    others = [await client.create() for _ in range(EXECUTIONS - 1)]
    for start in range(0, len(others), STREAMED_AT_ONCE):
        await client.stream(others[start : start + STREAMED_AT_ONCE], recorded)
    among_many = await _measure_reads(client, others, following)
    for name, seconds in among_many.items():
        section.add(*percentiles(name, seconds, alone[name], factor_min=NO_WORSE, versus="one execution"))


async def _measure_reads(
    client: Recorder, execution_ids: Sequence[str], following: Sequence[bytes]
) -> dict[str, list[float]]:
    """Reads random executions, one call at a time; returns the seconds of each call."""
    rng = random.Random(13)

    def any_of_them() -> str:
        return rng.choice(execution_ids)

    return {
        f"list of {STEPS:,}": [
            await seconds_of(lambda: client.list_all(any_of_them())) for _ in range(LISTS)
        ],
        "load of a random step": [
            await seconds_of(lambda: client.load(any_of_them(), rng.randint(1, STEPS))) for _ in range(LOADS)
        ],
        f"tail over {STEPS:,} snapshots": [
            await client.catch_up(any_of_them(), STEPS) for _ in range(CATCH_UPS)
        ],
        "from a call that records to its arrival at a tail": await client.follow(any_of_them(), following),
    }
