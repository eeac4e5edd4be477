"""The nursery with real processes: what is born there, how it ends, and what happens when it fails."""

import asyncio
import json
import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.helpers.nurseries import (
    ENVIRONMENT,
    as_subreaper,
    open_nursery,
    outcome,
    spawn_silent,
    specified,
)
from timeloom_platform.embedded import process as processes
from timeloom_platform.testing import eventually
from timeloom_stack import memory, orphans
from timeloom_stack.nursery.forked import ForkedProcess

pytestmark = pytest.mark.fault

PORTRAIT = "tests.helpers.self_portrait"


async def test_who_is_born_there_sees_the_same_as_who_was_started_by_exec(tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "TIMELOOM_OF_ITS_OWN": "yes", "PYTHONUNBUFFERED": "1"}
    nursery_environment = {**ENVIRONMENT, "TIMELOOM_OF_THE_NURSERY": "yes", "PYTHONUNBUFFERED": "1"}
    specification = specified(PORTRAIT, "exit=0", directory=tmp_path, environment=environment)
    async with open_nursery(nursery_environment) as parenthood:
        born = await outcome(parenthood.nursery.spawn, specification)
        assert parenthood.sentences == []
    started = await outcome(processes.spawn, specification)

    seen = json.loads(born.output)
    assert seen == json.loads(started.output)
    assert seen["environment"] == environment
    assert seen["directory"] == str(tmp_path)
    assert seen["parent"] == os.getpid()
    assert seen["parent death signal"] == signal.SIGKILL
    assert seen["descriptors"] == {"0": "/dev/null", "1": "pipe", "2": "pipe"}


@pytest.mark.parametrize(
    ("option", "returncode"),
    [
        ("", 0),
        ("exit=7", 7),
        ("words", 1),
        ("raises", 1),
        ("kills-itself", -signal.SIGKILL),
        ("interrupted", -signal.SIGINT),
    ],
)
async def test_the_end_of_a_process_is_told_as_with_exec(
    tmp_path: Path, option: str, returncode: int
) -> None:
    specification = specified(PORTRAIT, option, directory=tmp_path)
    async with open_nursery() as parenthood:
        born = await outcome(parenthood.nursery.spawn, specification)
        assert parenthood.sentences == []
    started = await outcome(processes.spawn, specification)
    assert born.returncode == started.returncode == returncode
    assert born.errors.splitlines()[-1:] == started.errors.splitlines()[-1:]


async def test_a_module_that_cannot_be_imported_says_why(tmp_path: Path) -> None:
    async with open_nursery() as parenthood:
        born = await outcome(
            parenthood.nursery.spawn, specified("tests.helpers.raises_on_import", directory=tmp_path)
        )
        assert parenthood.sentences == []
    assert born.returncode == 1
    assert b"Traceback (most recent call last)" in born.errors
    assert born.errors.endswith(b"ImportError: a library is missing\n")


async def test_a_process_shows_its_own_name_and_takes_signals(tmp_path: Path) -> None:
    specification = specified(PORTRAIT, "waits", directory=tmp_path)
    async with open_nursery() as parenthood:
        process = await spawn_silent(parenthood.nursery.spawn, specification)
        seen = psutil.Process(process.pid)
        await eventually(lambda: seen.name() == PORTRAIT[:15])
        assert " ".join(seen.cmdline()) == " ".join(specification.command)

    # It goes on without the nursery.
    assert process.returncode is None
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == process.returncode == -signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        process.send_signal(signal.SIGTERM)


async def test_the_memory_of_the_nursery_counts_while_it_runs(tmp_path: Path) -> None:
    async with open_nursery() as parenthood:
        await outcome(parenthood.nursery.spawn, specified(PORTRAIT, directory=tmp_path))
        nursery = parenthood.process.pid
        others = frozenset(child.pid for child in psutil.Process().children()) - {nursery}
        with_nursery = memory.proportional_bytes_without(os.getpid(), others)
        without = memory.proportional_bytes_without(os.getpid(), others | {nursery})
        alone = memory.proportional_bytes(nursery)
    assert with_nursery is not None
    assert without is not None
    assert alone is not None
    assert with_nursery - without == pytest.approx(alone, rel=0.2)


async def test_two_that_are_born_there_draw_different_lots(tmp_path: Path) -> None:
    async with open_nursery() as parenthood:
        specification = specified("tests.helpers.lots", directory=tmp_path)
        drawn = [await outcome(parenthood.nursery.spawn, specification) for _ in range(2)]
        assert parenthood.sentences == []
    first, second = (json.loads(each.output) for each in drawn)
    assert {name for name in first if first[name] == second[name]} == set()


async def test_the_nursery_ends_when_it_is_closed_and_exec_goes_on(tmp_path: Path) -> None:
    async with open_nursery() as parenthood:
        own = parenthood.process
        await parenthood.nursery.close()
        assert not own.is_running()
        started = await outcome(parenthood.nursery.spawn, specified(PORTRAIT, directory=tmp_path))
    assert started.returncode == 0
    assert parenthood.sentences == ["child is started by exec: there is no nursery, or none any more"]
    assert parenthood.output == b""


async def test_a_killed_nursery_is_done_without(tmp_path: Path) -> None:
    specification = specified(PORTRAIT, directory=tmp_path)
    async with open_nursery() as parenthood:
        parenthood.process.kill()
        ends = await asyncio.gather(*(outcome(parenthood.nursery.spawn, specification) for _ in range(3)))
    assert [each.returncode for each in ends] == [0, 0, 0]
    assert len(parenthood.sentences) == 3
    assert all("is started by exec" in each for each in parenthood.sentences)


async def test_a_nursery_that_does_not_answer_is_killed_and_done_without(tmp_path: Path) -> None:
    async with open_nursery(answer_timeout_seconds=0.2) as parenthood:
        own = parenthood.process
        own.suspend()
        started = await outcome(parenthood.nursery.spawn, specified(PORTRAIT, directory=tmp_path))
        assert not own.is_running()
    assert started.returncode == 0
    assert parenthood.sentences == ["child is started by exec: the nursery has not answered within 0.2 s"]


async def test_a_request_that_is_given_up_leaves_no_process(tmp_path: Path) -> None:
    async with open_nursery() as parenthood:
        before = {child.pid for child in psutil.Process().children()}
        parenthood.process.suspend()
        asking = asyncio.create_task(
            spawn_silent(parenthood.nursery.spawn, specified(PORTRAIT, "waits", directory=tmp_path))
        )
        await asyncio.wait({asking}, timeout=0.1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert {child.pid for child in psutil.Process().children()} < before


async def test_a_library_that_starts_threads_forbids_to_fork(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    path = os.pathsep.join([str(tmp_path), ENVIRONMENT["PYTHONPATH"]])
    environment = {**ENVIRONMENT, "PYTHONPATH": path}
    async with open_nursery(environment) as parenthood:
        specification = specified(PORTRAIT, directory=tmp_path, environment=environment)
        started = await outcome(parenthood.nursery.spawn, specification)
    assert started.returncode == 0
    (sentence,) = parenthood.sentences
    assert sentence.startswith("child is started by exec: the nursery has failed")
    assert b"a library has started threads" in parenthood.output


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "MALLOC_ARENA_MAX", "LC_ALL", "HOME"])
async def test_what_is_read_when_a_process_starts_is_never_that_of_another(tmp_path: Path, name: str) -> None:
    environment = {**ENVIRONMENT, name: "1"}
    async with open_nursery() as parenthood:
        specification = specified(PORTRAIT, directory=tmp_path, environment=environment)
        started = await outcome(parenthood.nursery.spawn, specification)
    assert json.loads(started.output)["environment"] == environment
    assert parenthood.sentences == ["child is started by exec: its environment differs from the nursery's"]


async def test_other_programs_are_started_by_exec_without_a_word(tmp_path: Path) -> None:
    specification = processes.ProcessSpecification(
        name="child", command=("/bin/sh", "-c", "exit 5"), directory=tmp_path, environment=ENVIRONMENT
    )
    async with open_nursery() as parenthood:
        assert (await outcome(parenthood.nursery.spawn, specification)).returncode == 5
    assert parenthood.sentences == []


async def test_only_a_child_is_taken_for_one() -> None:
    with pytest.raises(ChildProcessError):
        ForkedProcess(1)


async def test_no_newborn_is_taken_for_an_orphan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "_PATIENCE_SECONDS", 0.05)
    known = {child.pid for child in psutil.Process().children()}
    with as_subreaper() as orphanage:
        with orphanage.expecting():
            seeing_out = asyncio.create_task(orphanage.see_out(lambda: frozenset(known)))
            specification = specified(PORTRAIT, "waits", directory=tmp_path)
            newborn = await spawn_silent(processes.spawn, specification)
            await asyncio.wait({seeing_out}, timeout=0.2)
            assert (seeing_out.done(), newborn.returncode) == (False, None)
            known.add(newborn.pid)
        await asyncio.wait_for(seeing_out, timeout=30)
        assert newborn.returncode is None
        newborn.send_signal(signal.SIGKILL)
        await newborn.wait()
