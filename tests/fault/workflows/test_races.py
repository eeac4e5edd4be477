"""Executions are paused and cancelled while they end: either came first, and everybody agrees which."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import grpc.aio
import pytest

from tests.fault.workflows.caller import CANCELLED, SUCCEEDED, Caller
from tests.fault.workflows.house import House
from tests.fault.workflows.test_killed_engines import steps_of
from timeloom.workflows.v1 import workflow_executions_service_pb2 as messages

pytestmark = [pytest.mark.fault, pytest.mark.timeout(60)]

EXECUTIONS = 100
STEPS = 12


async def _try(call: Any) -> bool:
    """Calls, and tells whether that was still possible."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
            raise
        return False
    return True


async def _cancel(caller: Caller, execution_id: str, delay_seconds: float) -> bool:
    await asyncio.sleep(delay_seconds)  # somewhere between the beginning and the end
    request = messages.CancelWorkflowExecutionRequest(execution_id=execution_id)
    return await _try(caller.executions.CancelWorkflowExecution(request, metadata=caller.metadata))


async def _pause_and_resume(caller: Caller, execution_id: str, delay_seconds: float) -> bool:
    await asyncio.sleep(delay_seconds)  # somewhere between the beginning and the end
    pause = messages.PauseWorkflowExecutionRequest(execution_id=execution_id)
    if not await _try(caller.executions.PauseWorkflowExecution(pause, metadata=caller.metadata)):
        return False
    resume = messages.ResumeWorkflowExecutionRequest(execution_id=execution_id)
    assert await _try(caller.executions.ResumeWorkflowExecution(resume, metadata=caller.metadata))
    return True


async def _race(caller: Caller, act: Any) -> tuple[Sequence[str], Sequence[bool]]:
    rng = random.Random(9)
    await caller.output(await caller.execute("chain", STEPS))

    async def one() -> tuple[str, bool]:
        execution_id = await caller.execute("chain", STEPS)
        return execution_id, await act(caller, execution_id, rng.random() / 5)

    raced = await asyncio.gather(*(one() for _ in range(EXECUTIONS)))
    return [each for each, _ in raced], [came_first for _, came_first in raced]


async def test_a_cancellation_or_the_end_comes_first(house: House) -> None:
    engine = await house.engine()
    await house.worker(engine)
    async with house.caller(engine) as caller:
        execution_ids, were_cancelled = await _race(caller, _cancel)

        for execution_id, was_cancelled in zip(execution_ids, were_cancelled, strict=True):
            execution = await caller.ended(execution_id)
            assert execution.status == (CANCELLED if was_cancelled else SUCCEEDED)
            recorded = await caller.recorded(execution_id)
            assert recorded == steps_of(STEPS)[: len(recorded)]
            if not was_cancelled:
                assert len(recorded) == STEPS
    assert True in were_cancelled


async def test_what_was_paused_amid_its_end_goes_on_when_it_is_resumed(house: House) -> None:
    engine = await house.engine()
    await house.worker(engine)
    async with house.caller(engine) as caller:
        execution_ids, were_paused = await _race(caller, _pause_and_resume)

        for execution_id in execution_ids:
            assert await caller.output(execution_id) == STEPS
            assert await caller.recorded(execution_id) == steps_of(STEPS)
            assert house.runs_of(execution_id) == steps_of(STEPS)
    assert True in were_paused
