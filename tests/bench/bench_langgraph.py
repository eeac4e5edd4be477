"""The LangGraph saver, beside LangGraph's own for PostgreSQL, on the same PostgreSQL.

Both are driven through the methods that LangGraph calls, with the checkpoints that it makes: `aput` of a
checkpoint, then `aput_writes` of the task that follows from it. Timeloom is used as its users have it, by way
of the gateway, with an API key: two processes away. The peer speaks to PostgreSQL from this process. All
writes are acknowledged after their commit, with fsync on.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import uvloop
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint
from langgraph.checkpoint.base.id import uuid6

from tests.bench import peer_langgraph, workload
from tests.bench.installation import installed
from tests.bench.peer_langgraph import Peer
from tests.bench.report import NO_WORSE, Figure, Report, Section, console, median, percentiles, seconds_of
from tests.bench.workload import Step
from timeloom import Timeloom
from timeloom.langgraph import TimeloomSaver

STEPS = 200
FIRST_STEP = 100
REPETITIONS = 3
LOADS = 200
AT_ONCE = 16
AT_ONCE_STEPS = 25


class Thread:
    """A thread, as LangGraph keeps it with a checkpointer."""

    def __init__(self, saver: BaseCheckpointSaver[Any]) -> None:
        self._saver = saver
        self._thread_id = str(uuid.uuid4())
        self._config: RunnableConfig = {"configurable": {"thread_id": self._thread_id, "checkpoint_ns": ""}}
        self._versions: dict[str, str | int | float] = {}
        self._configs: list[RunnableConfig] = []

    async def put(self, state: dict[str, Any], changed: Sequence[str], *, writes: bool) -> None:
        """Records a checkpoint and, if asked for, the writes of a task that ran from it."""
        step = len(self._configs)
        version = f"{step + 1:032}.{step:016}"
        written: dict[str, str | int | float] = dict.fromkeys(changed if step else state, version)
        self._versions = {**self._versions, **written}
        checkpoint: Checkpoint = {
            "v": 4,
            "id": str(uuid6(clock_seq=step)),
            "ts": "2026-11-01T12:00:00.000000+00:00",
            "channel_values": state,
            "channel_versions": self._versions,
            "versions_seen": {"agent": self._versions},
            "updated_channels": sorted(written),
        }
        self._config = await self._saver.aput(
            self._config, checkpoint, {"source": "loop", "step": step, "parents": {}}, written
        )
        self._configs.append(self._config)
        if writes:
            task_writes = [
                (name, state[name] if name != "messages" else state[name][-1:]) for name in changed
            ]
            await self._saver.aput_writes(
                self._config, task_writes, str(uuid.uuid4()), "~__pregel_pull, agent"
            )

    async def put_all(self, steps: Sequence[Step], *, writes: bool) -> None:
        """Records steps one after another."""
        for _, state, changed in steps:
            await self.put(state, list(changed), writes=writes)

    async def load(self, index: int) -> None:
        """Loads the checkpoint of a step."""
        assert await self._saver.aget_tuple(self._configs[index]) is not None

    async def load_latest(self) -> None:
        """Loads what the thread stands on."""
        assert await self._saver.aget_tuple({"configurable": {"thread_id": self._thread_id}}) is not None

    async def list(self, limit: int | None = None) -> None:
        """Lists the newest checkpoints, or all."""
        config: RunnableConfig = {"configurable": {"thread_id": self._thread_id, "checkpoint_ns": ""}}
        found = [each async for each in self._saver.alist(config, limit=limit)]
        assert len(found) == (limit or len(self._configs))


def main() -> Report:
    """Measures one thread and many."""
    report = Report(
        title="LangGraph saver",
        peer=peer_langgraph.NAME,
        notes=(
            f"{workload.describe()}, window; {STEPS:,} steps; PostgreSQL with fsync, acknowledged commits",
            "Timeloom: SDK, gateway, service; the peer: a pool of 8 in this process, a saver for all",
        ),
    )
    report.show_heading(console())
    uvloop.run(_measure(report))
    report.show_outcome(console())
    return report


async def _measure(report: Report) -> None:
    steps = list(workload.steps(FIRST_STEP + STEPS, "window"))[FIRST_STEP:]
    gc.collect()
    gc.freeze()
    async with (
        installed(gateway=True) as installation,
        Peer.open(await installation.create_database("peer")) as peer,
    ):
        key, address = await installation.create_api_key(), installation.front_address
        with Timeloom(api_key=key, grpc_address=address) as client:
            ours, theirs = TimeloomSaver(client), peer.saver
            with report.shown_section("one thread") as section:
                await _measure_writes(section, ours, theirs, steps)
                await _measure_reads(section, ours, theirs, steps)
            with report.shown_section(f"{AT_ONCE} threads at once") as section:
                await _measure_at_once(section, ours, theirs, steps)


async def _measure_writes(
    section: Section,
    ours: BaseCheckpointSaver[Any],
    theirs: BaseCheckpointSaver[Any],
    steps: Sequence[Step],
) -> None:
    async def rate(saver: BaseCheckpointSaver[Any], *, writes: bool) -> float:
        return len(steps) / await seconds_of(partial(Thread(saver).put_all, steps, writes=writes))

    rates = await _in_turn(
        {
            f"{side} {writes}": partial(rate, saver, writes=writes)
            for writes, (side, saver) in itertools.product(
                (False, True), (("ours", ours), ("theirs", theirs))
            )
        }
    )
    for name, writes in (("put", False), ("put and put_writes", True)):
        section.add(
            Figure(
                name=name,
                unit="steps/s",
                ours=rates[f"ours {writes}"],
                peer=rates[f"theirs {writes}"],
                factor_min=NO_WORSE,
            )
        )


async def _measure_reads(
    section: Section,
    ours: BaseCheckpointSaver[Any],
    theirs: BaseCheckpointSaver[Any],
    steps: Sequence[Step],
) -> None:
    threads = [Thread(ours), Thread(theirs)]
    for thread in threads:
        await thread.put_all(steps, writes=True)
    rng = random.Random(7)
    places = [rng.randrange(len(steps)) for _ in range(LOADS)]
    for name, loads in (
        (
            "get_tuple of a random checkpoint",
            [lambda thread, place=place: thread.load(place) for place in places],
        ),
        ("get_tuple of the latest", [Thread.load_latest] * LOADS),
    ):
        samples: list[list[float]] = [[], []]
        for load in loads:
            for each, thread in zip(samples, threads, strict=True):
                each.append(await seconds_of(partial(load, thread)))
        section.add(*percentiles(name, *samples, factor_min=NO_WORSE))
    for name, limit in (("list of the newest 10", 10), (f"list of all {STEPS}", None)):
        seconds = await _in_turn(
            {
                str(side): partial(seconds_of, partial(thread.list, limit))
                for side, thread in enumerate(threads)
            }
        )
        section.add(
            Figure(
                name=name,
                unit="ms",
                ours=seconds["0"] * 1000,
                peer=seconds["1"] * 1000,
                better="lower",
                factor_min=NO_WORSE,
            )
        )


async def _measure_at_once(
    section: Section,
    ours: BaseCheckpointSaver[Any],
    theirs: BaseCheckpointSaver[Any],
    steps: Sequence[Step],
) -> None:
    few = steps[: AT_ONCE_STEPS + 1]

    async def rate(saver: BaseCheckpointSaver[Any]) -> float:
        threads = [Thread(saver) for _ in range(AT_ONCE)]
        await asyncio.gather(*(thread.put_all(few[:1], writes=False) for thread in threads))
        begin = time.perf_counter()
        await asyncio.gather(*(thread.put_all(few[1:], writes=True) for thread in threads))
        return AT_ONCE * AT_ONCE_STEPS / (time.perf_counter() - begin)

    rates = await _in_turn({"ours": partial(rate, ours), "theirs": partial(rate, theirs)})
    section.add(
        Figure(
            name="put and put_writes",
            unit="steps/s",
            ours=rates["ours"],
            peer=rates["theirs"],
            factor_min=NO_WORSE,
        )
    )


async def _in_turn(measurements: Mapping[str, Callable[[], Awaitable[float]]]) -> dict[str, float]:
    """Measures all of them several times, in turn: what else the machine does then meets all alike."""
    found: dict[str, list[float]] = {name: [] for name in measurements}
    for _ in range(REPETITIONS):
        for name, measure in measurements.items():
            found[name].append(await measure())
    return {name: median(each) for name, each in found.items()}
