"""Workers die, hang and come back: their executions go on elsewhere, and no result counts twice."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial

import psutil
import pytest

from tests.fault.workflows.caller import FAILED, Caller
from tests.fault.workflows.house import EngineProcess, House
from timeloom.workflows.v1 import workflow_executions_service_pb2
from timeloom_platform.embedded.process import EmbeddedServer
from timeloom_platform.testing import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(60)]

DELIVERIES_MAX = 3
BYSTANDERS = 20


async def test_an_execution_whose_worker_is_killed_amid_a_step_goes_on_elsewhere(house: House) -> None:
    engine = await house.engine()
    victim = await house.worker(engine)
    async with house.caller(engine) as caller:
        execution_id = await caller.execute("gated")
        await house.begun("held")
        await house.worker(engine)

        await victim.kill()
        runs = await house.begun("held", times=2)
        house.gate.touch()

        output = await caller.output(execution_id)
        assert output == {"first": "first", "held": runs[1].pid, "last": "last"}
        assert house.runs_of(execution_id) == ["first", "held", "held", "last"]
        assert await caller.recorded(execution_id) == ["first", "held", "last"]


async def test_what_a_worker_writes_that_was_stopped_past_its_lease_is_refused(house: House) -> None:
    engine = await house.engine()
    stopped = await house.worker(engine)
    async with house.caller(engine) as caller:
        execution_id = await caller.execute("gated")
        await house.begun("held")
        other = await house.worker(engine)

        os.kill(stopped.pid, signal.SIGSTOP)
        runs = await house.begun("held", times=2)
        house.gate.touch()
        output = await caller.output(execution_id)
        history = await caller.history(execution_id)
        os.kill(stopped.pid, signal.SIGCONT)

        # It has ended its step by then, and told so, when it does something else.
        await other.stop()
        assert await caller.output(await caller.execute("chain", 3)) == 3
        assert [run.pid for run in runs] == [stopped.pid, other.pid]
        assert output["held"] == other.pid
        assert (await caller.get(execution_id)).output == (await caller.ended(execution_id)).output
        assert await caller.history(execution_id) == history
        assert house.runs_of(execution_id) == ["first", "held", "held", "last"]


async def _keep_alive(house: House, engine: EngineProcess, worker: EmbeddedServer) -> None:
    """Starts a worker again whenever it has died, as whoever runs workers does."""
    while True:
        await eventually(partial(_is_dead, worker.pid), timeout_seconds=60)
        worker = await house.worker(engine)


def _is_dead(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def _dead_letters(caller: Caller) -> list[str]:
    request = workflow_executions_service_pb2.ListDeadLettersRequest()
    answer = await caller.executions.ListDeadLetters(request, metadata=caller.metadata)
    return [letter.execution_id for letter in answer.dead_letters]


async def test_a_step_that_kills_its_workers_is_given_up_and_holds_nobody_up(house: House) -> None:
    engine = await house.engine(settings={"TIMELOOM_DELIVERIES_MAX": str(DELIVERIES_MAX)})
    worker = await house.worker(engine)
    keeping = asyncio.create_task(_keep_alive(house, engine, worker))
    async with house.caller(engine) as caller:
        poisoned = await caller.execute("poisoned")
        bystanders = await caller.execute_all("chain", [5] * BYSTANDERS)

        execution = await caller.ended(poisoned)
        outputs = [await caller.output(each) for each in bystanders]

        assert execution.status == FAILED
        assert execution.error.type == "PoisonError"
        # Once by whom `first` was committed, and then by each who got no further.
        assert house.runs_of(poisoned).count("deadly") == 1 + DELIVERIES_MAX
        assert await _dead_letters(caller) == [poisoned]
        assert outputs == [5] * BYSTANDERS
        for each in bystanders:
            assert len(await caller.recorded(each)) == 5
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
