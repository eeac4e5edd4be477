"""A worker as a process that a test may kill: `python -m tests.fault.workflows.worker_process`.

Each step writes down that it began, in one write to a file that all workers append to: so a test can count
how often a step really ran, whatever was recorded of it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from timeloom.workflows import (
    Durability,
    Retry,
    Worker,
    gather,
    patched,
    running,
    sleep,
    step,
    task,
    wait_for_event,
    wait_for_signal,
    workflow,
)
from timeloom_platform.testing import eventually

RUNS = "RUNS_FILE"
GATE = "GATE_FILE"
READY = "READY_FILE"
CODE = "CODE"

HELD_SECONDS_MAX = 60


def note() -> None:
    """Writes down that a step runs."""
    here = running()
    line = msgspec.json.encode(
        {
            "execution_id": here.execution_id,
            "step_id": here.step_id,
            "attempt": here.attempt,
            "pid": os.getpid(),
        }
    )
    # A write of so few bytes to the end of a file is one.
    file = os.open(os.environ[RUNS], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, line + b"\n")
    finally:
        os.close(file)


async def until_the_gate_is_open() -> None:
    await eventually(Path(os.environ[GATE]).exists, timeout_seconds=HELD_SECONDS_MAX)


@step
async def count_up(number: int) -> int:
    note()
    return number + 1


@step
async def first() -> str:
    note()
    return "first"


@step(retry=Retry(max_attempts=1))
async def held() -> int:
    note()
    await until_the_gate_is_open()
    return os.getpid()


@step
async def last() -> str:
    note()
    return "last"


@step
async def deadly() -> None:
    """Ends its worker, as code does that uses up all memory."""
    note()
    os._exit(1)


@workflow
async def chain(steps: int) -> int:
    """Counts up, step by step."""
    number = 0
    for _ in range(steps):
        number = await count_up(number)
    return number


@workflow(durability=Durability.GROUP)
async def grouped_chain(steps: int) -> int:
    """Counts up, some steps to a commit."""
    number = 0
    for _ in range(steps):
        number = await count_up(number)
    return number


@workflow
async def fan(width: int) -> int:
    """Counts up in many ways at once."""
    return sum(await gather(*(count_up(0) for _ in range(width))))


@workflow
async def gated() -> dict[str, Any]:
    """Has a step that takes as long as the test wants."""
    begin = await first()
    return {"first": begin, "held": await held(), "last": await last()}


@workflow(flow_control={"concurrency": [{"limit": 1}]})
async def one_at_a_time() -> int:
    """Runs alone."""
    return await held()


@workflow
async def nap(seconds: float) -> str:
    """Sleeps between two steps."""
    await first()
    await sleep(seconds)
    return await last()


@workflow
async def sleep_until(time: datetime) -> None:
    """Sleeps, and does nothing else."""
    await sleep(time)


@workflow
async def wait_for_order(order: str) -> Any:
    """Waits for an event, after a step that takes as long as the test wants."""
    await held()
    event = await wait_for_event("paid", if_="event.data.order == input")
    await last()
    return event["data"]["order"] if event else order


@workflow
async def poisoned() -> None:
    """Cannot be run."""
    await first()
    await deadly()


async def _changing_at_first() -> list[Any]:
    return [await first(), await wait_for_signal("go on"), await last()]


async def _changing_with_patch() -> list[Any]:
    begin = [await first(), await wait_for_signal("go on")]
    if patched("count-as-well"):
        begin.append(await count_up(0))
    return [*begin, await last()]


async def _changing_without_patch() -> list[Any]:
    return [await count_up(0), await wait_for_signal("go on"), await last()]


CODES = {
    "first": _changing_at_first,
    "patched": _changing_with_patch,
    "astray": _changing_without_patch,
}


@task("count")
async def count(given: dict[str, int]) -> int:
    """Counts up, for steps of definitions."""
    note()
    return given["number"] + 1


@task("held")
async def held_task(given: dict[str, int]) -> int:
    """Takes as long as the test wants."""
    note()
    await until_the_gate_is_open()
    return given["number"]


async def main() -> None:
    """Works until it is killed, or told to stop."""
    worker = Worker(
        workflows=[
            chain,
            grouped_chain,
            fan,
            gated,
            one_at_a_time,
            nap,
            sleep_until,
            wait_for_order,
            poisoned,
            workflow(id="changing")(CODES[os.environ[CODE]]),
        ],
        tasks=[count, held_task],
    )
    async with worker, asyncio.TaskGroup() as tasks:
        running_worker = tasks.create_task(worker.run())
        await worker.connected()
        await asyncio.to_thread(Path(os.environ[READY]).write_text, str(os.getpid()))
        await running_worker


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
