"""A rolling restart under load loses no call."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process, create_subprocess_exec
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import grpc
import grpc.aio
import pytest

from tests.integration.platform.echo import SERVICE, EchoRequest, EchoStub, token_metadata
from timeloom_platform.channel import open_channel
from timeloom_platform.embedded import ports
from timeloom_platform.testing import eventually

ROOT = Path(__file__).parents[3]
WORKERS = 32
CALLS = 25_000
CALL_TIMEOUT_SECONDS = 20
START_TIMEOUT_SECONDS = 20
STOP_TIMEOUT_SECONDS = 20

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]


async def start_replica(address: str) -> Process:
    """Start a replica, and return when it serves."""
    process = await create_subprocess_exec(
        sys.executable, "-m", "tests.fault.platform.replica", address, cwd=ROOT, stdout=PIPE, stderr=DEVNULL
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), START_TIMEOUT_SECONDS)
    assert b"serving" in line
    return process


async def stop_replica(process: Process) -> int:
    """Tell a replica to stop, and return its exit code."""
    process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(process.communicate(), STOP_TIMEOUT_SECONDS)
    return process.returncode if process.returncode is not None else -1


@asynccontextmanager
async def replicas(addresses: list[str]) -> AsyncIterator[list[Process]]:
    processes = list(await asyncio.gather(*map(start_replica, addresses)))
    try:
        yield processes
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.communicate()


class Load:
    """Workers that call until all calls are made and all restarts are over."""

    def __init__(self, stub: EchoStub) -> None:
        self._stub = stub
        self._metadata = token_metadata()
        self.outcomes: Counter[str] = Counter()
        self.restarted = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._work())

    async def _work(self) -> None:
        while self.made() < CALLS or not self.restarted.is_set():
            try:
                # A method that is not idempotent: nothing but the drain stands between it and a failure.
                response = await self._stub.Quick(
                    EchoRequest(text="a"), metadata=self._metadata, timeout=CALL_TIMEOUT_SECONDS
                )
                self.outcomes[response.text] += 1
            except grpc.aio.AioRpcError as error:
                self.outcomes[f"{error.code().name}: {error.details()}"] += 1

    def has_more_than(self, count: int, outcome: str) -> bool:
        return self.outcomes[outcome] > count

    def made(self) -> int:
        return sum(self.outcomes.values())


async def test_a_rolling_restart_loses_no_call() -> None:
    first = ports.choose()
    addresses = [f"{ports.LOOPBACK}:{port}" for port in (first, ports.choose(taken=frozenset({first})))]
    async with (
        replicas(addresses) as processes,
        open_channel(",".join(addresses), services=[SERVICE]) as channel,
    ):
        await asyncio.wait_for(channel.channel_ready(), START_TIMEOUT_SECONDS)
        load = Load(EchoStub(channel))
        running = asyncio.create_task(load.run())
        exit_codes = []
        for number, address in enumerate(addresses):
            made = load.made()
            exit_codes.append(await stop_replica(processes[number]))
            assert load.made() > made + WORKERS, "the load stood still during the restart"
            answered = load.outcomes[address]
            processes[number] = await start_replica(address)
            # As an orchestrator does: on with the next one when this one works again.
            await eventually(partial(load.has_more_than, answered, address))
        load.restarted.set()
        await running

        assert exit_codes == [0, 0]
        assert set(load.outcomes) == set(addresses), "calls were lost"
        assert load.made() >= CALLS
