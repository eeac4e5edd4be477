"""Workers come back with other code while executions wait."""

from __future__ import annotations

import pytest

from tests.fault.workflows.caller import FAILED, Caller
from tests.fault.workflows.house import House
from timeloom.workflows.v1 import workflows_pb2

pytestmark = [pytest.mark.fault, pytest.mark.timeout(60)]

SIGNAL = "go on"


async def _until_it_waits(caller: Caller, workflow_id: str) -> str:
    execution_id = await caller.execute(workflow_id)
    await caller.waits(execution_id, workflows_pb2.WAIT_REASON_SIGNAL)
    return execution_id


async def test_changed_code_goes_on_where_the_old_one_stood(house: House) -> None:
    engine = await house.engine()
    old = await house.worker(engine, code="first")
    async with house.caller(engine) as caller:
        begun_before = await _until_it_waits(caller, "changing")
        await old.stop()
        await house.worker(engine, code="patched")
        begun_after = await _until_it_waits(caller, "changing")

        for execution_id in (begun_before, begun_after):
            await caller.signal(execution_id, SIGNAL)

        # Neither had come to the change.
        for execution_id in (begun_before, begun_after):
            assert await caller.output(execution_id) == ["first", None, 1, "last"]
            assert house.runs_of(execution_id) == ["first", "count_up", "last"]


async def test_code_that_no_longer_asks_for_what_has_happened_fails_and_says_where(house: House) -> None:
    engine = await house.engine()
    old = await house.worker(engine, code="first")
    async with house.caller(engine) as caller:
        execution_id = await _until_it_waits(caller, "changing")
        await old.kill()
        await house.worker(engine, code="astray")

        await caller.signal(execution_id, SIGNAL)

        execution = await caller.ended(execution_id)
        assert execution.status == FAILED
        assert execution.error.type == "NonDeterminismError"
        assert "'first'" in execution.error.message
        assert await caller.recorded(execution_id) == ["first", f"signal:{SIGNAL}"]
