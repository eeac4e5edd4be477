"""Clocks that are wrong, and many timers at once: none is early, and none is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.fault.workflows.house import House
from timeloom.workflows.v1 import workflow_executions_service_pb2
from timeloom_platform.testing import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]

SKEW_SECONDS = 300
NAP_SECONDS = 1.5

TIMERS = 10_000
BATCH = 1_000
AHEAD_SECONDS = 8.0
LATE_SECONDS_MAX = 180.0

SELECT_NAP = """
SELECT extract(epoch FROM entry.time - execution.create_time)::float8 AS seconds
FROM executions AS execution
JOIN history AS entry ON entry.execution_id = execution.id AND entry.step_id = 'sleep' AND entry.type = 23
WHERE execution.id = $1
"""

SELECT_TIMERS = """
SELECT
    count(*) AS ended,
    count(*) FILTER (WHERE end_time < due_time) AS early,
    percentile_disc(0.99) WITHIN GROUP (
        ORDER BY extract(epoch FROM end_time - due_time)::float8
    ) AS late_seconds
FROM (
    SELECT end_time, (input::jsonb #>> '{}')::timestamptz AS due_time
    FROM executions
    WHERE workflow_id = 'sleep_until' AND status = 4
) AS timers
"""


async def test_clocks_that_are_minutes_wrong_make_no_sleep_shorter_or_longer(house: House) -> None:
    house.identity_clock.ahead_seconds = SKEW_SECONDS
    engine = await house.engine(clock_ahead_seconds=SKEW_SECONDS)
    await house.worker(engine, clock_ahead_seconds=-SKEW_SECONDS)
    async with house.caller(engine) as caller, house.database() as database:
        naps = await caller.execute_all("nap", [NAP_SECONDS] * 5)
        chain = await caller.execute("chain", 10)

        assert await caller.output(chain) == 10
        for execution_id in naps:
            assert await caller.output(execution_id) == "last"
            assert await caller.recorded(execution_id) == ["first", "sleep", "last"]
            async with database.transaction(str(house.project_id)) as connection:
                seconds = await connection.fetchval(SELECT_NAP, UUID(execution_id))
            assert NAP_SECONDS <= seconds < SKEW_SECONDS / 10
        assert {house.runs_of(execution_id).count("last") for execution_id in naps} == {1}


async def test_of_ten_thousand_timers_in_one_second_none_is_lost_and_none_is_early(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = await house.engine(
        settings={"TIMELOOM_ENGINE_LEASE_SECONDS": "10", "TIMELOOM_WORKER_LEASE_SECONDS": "15"}
    )
    await house.worker(engine)
    async with house.caller(engine) as caller, house.database() as database:
        first = datetime.now(UTC) + timedelta(seconds=AHEAD_SECONDS)
        times = [(first + timedelta(seconds=number / TIMERS)).isoformat() for number in range(TIMERS)]
        for start in range(0, TIMERS, BATCH):
            inputs = "[" + ",".join(f'"{time}"' for time in times[start : start + BATCH]) + "]"
            request = workflow_executions_service_pb2.BatchExecuteWorkflowRequest(
                workflow_id="sleep_until", inputs=inputs.encode()
            )
            await caller.executions.BatchExecuteWorkflow(request, metadata=caller.metadata)

        async def all_ended() -> bool:
            async with database.transaction(str(house.project_id)) as connection:
                row = await connection.fetchrow(SELECT_TIMERS)
            assert row is not None
            found.update(row)
            return found["ended"] == TIMERS

        found: dict[str, float] = {}
        await eventually(
            all_ended, timeout_seconds=LATE_SECONDS_MAX + AHEAD_SECONDS, describe="all have ended"
        )
    assert found["early"] == 0
    with capsys.disabled():
        print(  # noqa: T201 - a figure for whoever reads the run
            f"\n{TIMERS:,} timers in one second: p99 {found['late_seconds']:.3f} s late"
        )
