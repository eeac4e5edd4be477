"""DBOS, used as its documentation says: our peer. `python -m tests.bench.peer_dbos URL` is an application.

That is a process of its own, as the application of a user is: what the bench does slows nothing there. It
reads what to do from its standard input, one JSON document a line, and answers on its standard output.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from dbos import DBOS, DBOSConfig
from msgspec import Struct

NAME: Final = f"DBOS {importlib.metadata.version('dbos')}"
STEPS: Final = 5
POOL_SIZE: Final = 20
THREADS_MAX: Final = 256
LINE_BYTES_MAX: Final = 16 * 1024 * 1024


class Wanted(Struct, frozen=True, kw_only=True):
    """So many workflows, as many at a time; asynchronous ones, or plain ones in threads."""

    count: int
    at_once: int
    is_async: bool = False


class Measured(Struct, frozen=True, kw_only=True):
    """How long all of them took, and each."""

    seconds: float
    durations: Sequence[float]


class Peer:
    """An application of DBOS that runs workflows when it is told to."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncGenerator[Peer]:
        """Starts the application on a database of its own, and ends it."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __spec__.name if __spec__ else __name__,
            url,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES_MAX,
        )
        peer = cls(process)
        try:
            await peer._answer()  # it has been launched
            yield peer
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()

    async def run(self, *, count: int, at_once: int, is_async: bool = False) -> Measured:
        """Runs workflows to their ends."""
        assert self._process.stdin is not None
        wanted = Wanted(count=count, at_once=at_once, is_async=is_async)
        self._process.stdin.write(msgspec.json.encode(wanted) + b"\n")
        await self._process.stdin.drain()
        return msgspec.json.decode(await self._answer(), type=Measured)

    async def _answer(self) -> bytes:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the application of {NAME} ended with {await self._process.wait()}")
        return line


# -- The application ------------------------------------------------------------------------


@DBOS.step()
def count_up(number: int) -> int:
    """Does nothing that takes time."""
    return number + 1


@DBOS.workflow()
def five_steps(number: int) -> int:
    """Has five steps, one after the other."""
    for _ in range(STEPS):
        number = count_up(number)
    return number


@DBOS.step()
async def count_up_async(number: int) -> int:
    """Does nothing that takes time."""
    return number + 1


@DBOS.workflow()
async def five_async_steps(number: int) -> int:
    """Has five steps, one after the other."""
    for _ in range(STEPS):
        number = await count_up_async(number)
    return number


def _run_in_threads(wanted: Wanted) -> list[float]:
    def one(number: int) -> float:
        begin = time.perf_counter()
        assert five_steps(number) == number + STEPS
        return time.perf_counter() - begin

    with ThreadPoolExecutor(wanted.at_once) as threads:
        return list(threads.map(one, range(wanted.count)))


async def _run_as_tasks(wanted: Wanted) -> list[float]:
    numbers = iter(range(wanted.count))
    durations: list[float] = []

    async def one_after_the_other() -> None:
        for number in numbers:
            begin = time.perf_counter()
            assert await five_async_steps(number) == number + STEPS
            durations.append(time.perf_counter() - begin)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(wanted.at_once):
            tasks.create_task(one_after_the_other())
    return durations


def main(url: str) -> None:
    """Runs what is asked for until nothing more is."""
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": url,
        "sys_db_pool_size": POOL_SIZE,
        "max_executor_threads": THREADS_MAX,
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()
    _say({"launched": True})
    for line in sys.stdin:
        wanted = msgspec.json.decode(line, type=Wanted)
        begin = time.perf_counter()
        durations = asyncio.run(_run_as_tasks(wanted)) if wanted.is_async else _run_in_threads(wanted)
        _say({"seconds": time.perf_counter() - begin, "durations": durations})
    DBOS.destroy()


def _say(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
