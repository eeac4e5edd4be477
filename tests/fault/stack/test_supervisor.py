"""The supervisor with real processes that are killed, fail and do not listen."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.helpers.supervision import REPOSITORY, Memory, listener
from timeloom_platform.embedded import process as processes
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.embedded.process import ProcessSpecification, RunningProcess
from timeloom_platform.testing import eventually
from timeloom_stack.backoff import Backoff
from timeloom_stack.errors import StartFailedError
from timeloom_stack.supervisor import Supervised, Supervisor

pytestmark = pytest.mark.fault

IMPATIENT = Backoff(first_seconds=0.05, longest_seconds=0.2, attempts_max=3)


@asynccontextmanager
async def supervised(*processes: Supervised) -> AsyncIterator[Memory]:
    memory = Memory()
    supervisor = Supervisor(processes, sink=memory, on_change=memory.on_change, backoff=IMPATIENT)
    stop = asyncio.Event()
    running = asyncio.create_task(supervisor.run(stop))
    try:
        await asyncio.wait_for(supervisor.wait_until_ready(), timeout=60)
        yield memory
    finally:
        stop.set()
        await running


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_starts_what_is_needed_first_and_stops_it_last() -> None:
    base, middle, top = (
        listener("base"),
        listener("middle", depends_on=["base"]),
        listener("top", depends_on=["middle"]),
    )
    async with supervised(top, base, middle) as memory:
        ready = [name for name, state in memory.history if state == "ready"]
        assert ready == ["base", "middle", "top"]
    assert [name for name, state in memory.history if state == "stopping"] == ["top", "middle", "base"]
    assert {record.state for record in memory.records.values()} == {"stopped"}


async def test_starts_a_killed_process_again_and_leaves_its_dependents_alone() -> None:
    async with supervised(listener("base"), listener("top", depends_on=["base"])) as memory:
        first, dependent = memory.records["base"].pid, memory.records["top"].pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await eventually(
            lambda: memory.records["base"].state == "ready" and memory.records["base"].pid != first
        )

        assert memory.records["base"].restarts == 1
        assert memory.records["base"].last_exit == "was ended by SIGKILL"
        assert memory.sentences == ["base: was ended by SIGKILL; starting it again in 0.05 s"]
        assert memory.records["top"].pid == dependent


async def test_forgives_a_first_start_that_fails(tmp_path: Path) -> None:
    async with supervised(listener("late", f"fails-first={tmp_path / 'marker'}")) as memory:
        assert memory.records["late"].restarts == 1
        assert memory.records["late"].last_exit == "ended with exit code 3 before it was ready"


async def test_gives_up_a_process_that_never_starts_and_stops_the_others() -> None:
    memory = Memory()
    processes = (listener("sound"), listener("broken", "fails"))
    supervisor = Supervisor(processes, sink=memory, on_change=memory.on_change, backoff=IMPATIENT)

    with pytest.raises(
        StartFailedError, match="broken does not start: ended with exit code 3 before it was ready"
    ):
        await supervisor.run(asyncio.Event())

    assert memory.output["broken"] == b"there is no configuration\n" * 3
    assert memory.records["broken"].state == "failed"
    assert memory.records["sound"].state == "stopped"


async def test_kills_what_does_not_stop_in_time() -> None:
    async with supervised(listener("stubborn", "stubborn", stop_timeout_seconds=0.3)) as memory:
        pid = memory.records["stubborn"].pid
        begin = time.monotonic()
    assert pid is not None
    assert is_gone(pid)
    assert time.monotonic() - begin >= 0.3


async def test_a_stop_in_the_middle_of_a_start_leaves_nothing() -> None:
    memory = Memory()
    supervisor = Supervisor([listener("base")], sink=memory, on_change=memory.on_change)
    stop = asyncio.Event()
    running = asyncio.create_task(supervisor.run(stop))
    await eventually(lambda: "base" in memory.records and memory.records["base"].pid is not None)
    pid = memory.records["base"].pid
    stop.set()
    await running
    assert pid is not None
    assert is_gone(pid)
    assert memory.records["base"].state == "stopped"


async def test_a_stop_while_a_process_is_being_started_does_not_wait_until_it_is_ready() -> None:
    asked, released = asyncio.Event(), asyncio.Event()
    pids: list[int] = []

    async def spawn(specification: ProcessSpecification, /, *, stdout: int, stderr: int) -> RunningProcess:
        if specification.name == "late":
            asked.set()
            await released.wait()
        process = await processes.spawn(specification, stdout=stdout, stderr=stderr)
        pids.append(process.pid)
        return process

    memory, stop = Memory(), asyncio.Event()
    late = replace(listener("late").specification, is_ready=_never, ready_timeout_seconds=60)
    both = [Supervised(specification=late), listener("other")]
    supervisor = Supervisor(both, sink=memory, on_change=memory.on_change, spawn=spawn)
    running = asyncio.create_task(supervisor.run(stop))
    await asked.wait()
    await eventually(lambda: "other" in memory.records and memory.records["other"].state == "ready")
    stop.set()
    await eventually(lambda: memory.records["other"].state == "stopped")
    released.set()
    await asyncio.wait_for(running, timeout=30)
    assert [is_gone(pid) for pid in pids] == [True, True]
    assert memory.records["late"].state == "stopped"


async def _never(_pid: int) -> bool:
    return False


def test_refuses_a_circle_of_dependencies() -> None:
    memory = Memory()
    circle = [listener("one", depends_on=["two"]), listener("two", depends_on=["one"])]
    with pytest.raises(ValueError, match="cycle"):
        Supervisor(circle, sink=memory, on_change=memory.on_change)


def test_refuses_a_dependency_that_is_not_there() -> None:
    memory = Memory()
    with pytest.raises(ValueError, match="nothing is called two"):
        Supervisor([listener("one", depends_on=["two"])], sink=memory, on_change=memory.on_change)


async def test_starts_beside_what_it_waits_for_by_itself_and_is_stopped_before() -> None:
    base, top = listener("base"), listener("top", uses=["base"])
    async with supervised(top, base) as memory:
        started = [name for name, state in memory.history if state == "starting"]
        assert set(started) == {"top", "base"}
        assert memory.history.index(("top", "starting")) < memory.history.index(("base", "ready"))
    assert [name for name, state in memory.history if state == "stopping"] == ["top", "base"]


@asynccontextmanager
async def supervisor_process(directory: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A supervisor in a process of its own, over a PostgreSQL and a listener that leaves a child behind."""
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.helpers.supervision", str(directory), cwd=REPOSITORY
    )
    try:
        await eventually((directory / "processes").exists)
        yield supervisor
    finally:
        if supervisor.returncode is None:
            supervisor.terminate()
        await supervisor.wait()


def supervised_pids(directory: Path) -> dict[str, Any]:
    return dict(json.loads((directory / "processes").read_text()))


async def test_sees_out_the_children_that_a_killed_process_leaves_behind(scratch_directory: Path) -> None:
    async with supervisor_process(scratch_directory):
        before = supervised_pids(scratch_directory)
        os.kill(before["echo"], signal.SIGKILL)
        await eventually(lambda: len(supervised_pids(scratch_directory)["children"]) == 2)
        assert is_gone(before["children"][0])


async def test_postgres_is_ready_again_after_its_postmaster_was_killed(scratch_directory: Path) -> None:
    async with supervisor_process(scratch_directory):
        first = supervised_pids(scratch_directory)["postgres"]
        backends = [child.pid for child in psutil.Process(first).children(recursive=True)]
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: supervised_pids(scratch_directory)["postgres"] not in {None, first})
        assert backends
        assert all(map(is_gone, backends))


async def test_a_killed_supervisor_leaves_no_orphan_and_a_clean_database(scratch_directory: Path) -> None:
    async with supervisor_process(scratch_directory) as supervisor:
        pids = supervised_pids(scratch_directory)
        backends = [child.pid for child in psutil.Process(pids["postgres"]).children(recursive=True)]
        supervisor.kill()
        await eventually(lambda: all(map(is_gone, [pids["postgres"], pids["echo"], *backends])))
    assert not (scratch_directory / "postgres" / "postmaster.pid").exists()
    for child in pids["children"]:
        # A child that went its own way is beyond the reach of a supervisor that is dead.
        os.kill(child, signal.SIGKILL)


async def test_gives_up_at_once_what_cannot_be_prepared(scratch_directory: Path) -> None:
    (scratch_directory / "postgres").mkdir()
    (scratch_directory / "postgres" / "PG_VERSION").write_text("17\n")
    postgres = Supervised(specification=EmbeddedPostgres(scratch_directory / "postgres").specification)
    memory = Memory()
    supervisor = Supervisor([postgres], sink=memory, on_change=memory.on_change)
    with pytest.raises(StartFailedError, match="a cluster of PostgreSQL 17, and this is 18"):
        await supervisor.run(asyncio.Event())
    assert memory.sentences == []


async def test_waits_longer_each_time_that_a_process_fails_which_ran_before(tmp_path: Path) -> None:
    marker = tmp_path / "working"
    marker.touch()
    async with supervised(listener("fickle", f"needs={marker}")) as memory:
        marker.unlink()
        pid = memory.records["fickle"].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: len(memory.sentences) == 4)
        marker.touch()
        await eventually(lambda: memory.records["fickle"].state == "ready")
    waits = [sentence.rsplit(" in ", 1)[1] for sentence in memory.sentences]
    assert waits[:4] == ["0.05 s", "0.1 s", "0.2 s", "0.2 s"]
