"""What holds executions back: limits of concurrency and rate, singletons, what is collected."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.integration.snapshots.service import refused
from tests.integration.workflows.conftest import Replicas
from tests.integration.workflows.service import Replica, running_replica
from tests.integration.workflows.triggering import executions, publish, put
from timeloom.workflows.v1 import workflow_executions_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2
from timeloom_platform.testing import eventually
from timeloom_workflows.engine.commands import Advance, Ended
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.model import HistoryType, Stage, Status
from timeloom_workflows.settings import EngineSettings


async def execute(
    replica: Replica, document: Any = None, workflow_id: str = "greet", **fields: Any
) -> workflows_pb2.WorkflowExecution:
    """Begins an execution by a call."""
    response = await replica.executions.ExecuteWorkflow(
        messages.ExecuteWorkflowRequest(
            workflow_id=workflow_id, input=json.dumps(document).encode(), **fields
        ),
        metadata=replica.metadata,
    )
    return response.execution


async def claimed(replica: Replica, execution_id: str) -> Claimed:
    """Waits until this replica's driver has an execution."""
    key = UUID(execution_id)
    await eventually(lambda: key in replica.ping.claimed)
    return replica.ping.claimed[key]


async def end(replica: Replica, execution_id: str) -> None:
    """Lets an execution succeed."""
    taken = await claimed(replica, execution_id)
    advanced = await replica.advance(taken, Ended(status=Status.SUCCEEDED))
    assert advanced.stage is Stage.ENDED
    replica.ping.places += 1


async def stage_of(replica: Replica, execution_id: str) -> Stage:
    return (await replica.execution(UUID(execution_id))).stage


async def test_only_so_many_run_at_a_time_and_the_next_ones_follow(workflows_service: Replica) -> None:
    await put(workflows_service, flowControl={"concurrency": [{"limit": 1}]})
    first = await execute(workflows_service, 1)
    await claimed(workflows_service, first.id)
    second = await execute(workflows_service, 2)
    urgent = await execute(workflows_service, 3, priority=5)

    assert second.status == workflows_pb2.WORKFLOW_EXECUTION_STATUS_PENDING
    assert second.waiting_for == workflows_pb2.WAIT_REASON_SLOT
    await end(workflows_service, first.id)
    await end(workflows_service, urgent.id)
    await end(workflows_service, second.id)

    ended = await executions(workflows_service)
    begun = sorted(ended, key=lambda each: each.start_time or datetime.max.replace(tzinfo=UTC))
    assert [each.input for each in begun] == [b"1", b"3", b"2"]


async def test_limits_count_for_each_key_apart(workflows_service: Replica) -> None:
    flow = {"concurrency": [{"limit": 1, "key": "input.user"}, {"limit": 2}]}
    await put(workflows_service, flowControl=flow)
    ada = await execute(workflows_service, {"user": "ada"})
    await claimed(workflows_service, ada.id)
    ada_again = await execute(workflows_service, {"user": "ada"})
    grace = await execute(workflows_service, {"user": "grace"})
    await claimed(workflows_service, grace.id)
    edith = await execute(workflows_service, {"user": "edith"})

    assert await stage_of(workflows_service, ada_again.id) is Stage.HELD_BACK
    assert await stage_of(workflows_service, edith.id) is Stage.HELD_BACK
    await end(workflows_service, grace.id)
    await claimed(workflows_service, edith.id)
    assert await stage_of(workflows_service, ada_again.id) is Stage.HELD_BACK
    await end(workflows_service, ada.id)
    await claimed(workflows_service, ada_again.id)


async def test_limits_of_the_project_count_for_all_its_workflows(workflows_service: Replica) -> None:
    shared = {"concurrency": [{"limit": 1, "scope": "project", "key": "'gpu'"}]}
    await put(workflows_service, "one", flowControl=shared)
    await put(workflows_service, "two", flowControl=shared)
    first = await execute(workflows_service, workflow_id="one")
    await claimed(workflows_service, first.id)

    second = await execute(workflows_service, workflow_id="two")

    assert await stage_of(workflows_service, second.id) is Stage.HELD_BACK
    await end(workflows_service, first.id)
    await claimed(workflows_service, second.id)


async def test_a_slot_is_freed_by_whatever_ends_its_execution(workflows_service: Replica) -> None:
    await put(workflows_service, flowControl={"concurrency": [{"limit": 1}]})
    held = await execute(workflows_service)
    waiting = await execute(workflows_service)
    await claimed(workflows_service, held.id)

    cancel = messages.CancelWorkflowExecutionRequest(execution_id=waiting.id)
    await workflows_service.executions.CancelWorkflowExecution(cancel, metadata=workflows_service.metadata)
    third = await execute(workflows_service)
    taken = await claimed(workflows_service, held.id)
    await workflows_service.advance(taken, Ended(status=Status.FAILED))
    await claimed(workflows_service, third.id)

    # One that is taken up again waits for a slot like any other.
    retry = messages.RetryWorkflowExecutionRequest(execution_id=held.id)
    await workflows_service.executions.RetryWorkflowExecution(retry, metadata=workflows_service.metadata)
    assert await stage_of(workflows_service, held.id) is Stage.HELD_BACK
    workflows_service.ping.claimed.clear()
    await workflows_service.engine.advance(
        Advance(
            project_id=workflows_service.project_id,
            execution_id=UUID(third.id),
            token=(await workflows_service.execution(UUID(third.id))).token,
            outcome=Ended(status=Status.SUCCEEDED),
        )
    )
    await claimed(workflows_service, held.id)


async def test_one_that_is_paused_while_it_waits_lets_others_pass(workflows_service: Replica) -> None:
    await put(workflows_service, flowControl={"concurrency": [{"limit": 1}]})
    first = await execute(workflows_service)
    second, third = await execute(workflows_service), await execute(workflows_service)
    await claimed(workflows_service, first.id)
    pause = messages.PauseWorkflowExecutionRequest(execution_id=second.id)
    await workflows_service.executions.PauseWorkflowExecution(pause, metadata=workflows_service.metadata)

    await end(workflows_service, first.id)
    await end(workflows_service, third.id)
    assert await stage_of(workflows_service, second.id) is Stage.HELD_BACK

    resume = messages.ResumeWorkflowExecutionRequest(execution_id=second.id)
    await workflows_service.executions.ResumeWorkflowExecution(resume, metadata=workflows_service.metadata)
    await claimed(workflows_service, second.id)


async def test_slots_outlive_the_engine_that_held_them(database_url: str) -> None:
    async with running_replica(database_url) as first:
        await put(first, flowControl={"concurrency": [{"limit": 1}]})
        held = await execute(first)
        await claimed(first, held.id)
        waiting = await execute(first)
    async with running_replica(database_url, project_id=first.project_id) as second:
        await claimed(second, held.id)
        assert await stage_of(second, waiting.id) is Stage.HELD_BACK
        await end(second, held.id)
        await claimed(second, waiting.id)


async def test_a_thousand_under_a_limit_of_five_never_exceed_it(database_url: str) -> None:
    quiet = EngineSettings(engine_lease_seconds=60)
    async with (
        running_replica(database_url, engine=quiet) as one,
        running_replica(database_url, engine=quiet, project_id=one.project_id) as other,
    ):
        await put(one, flowControl={"concurrency": [{"limit": 5}]})
        inputs = json.dumps(list(range(1000))).encode()
        batch = messages.BatchExecuteWorkflowRequest(workflow_id="greet", inputs=inputs)
        await one.executions.BatchExecuteWorkflow(batch, metadata=one.metadata)

        async def end_all(replica: Replica) -> None:
            while True:
                taken = list(replica.ping.claimed.values())
                replica.ping.claimed.clear()
                await asyncio.gather(
                    *(replica.advance(each, Ended(status=Status.SUCCEEDED)) for each in taken)
                )
                replica.ping.places += len(taken)
                replica.engine.room_grew()
                await asyncio.sleep(0.002)

        async def all_ended() -> bool:
            async with one.rows() as connection:
                left = await connection.fetchval("SELECT count(*) FROM executions WHERE stage <> 5")
            return bool(left == 0)

        ending = [asyncio.ensure_future(end_all(replica)) for replica in (one, other)]
        try:
            await eventually(all_ended, timeout_seconds=180)
        finally:
            for each in ending:
                each.cancel()
            await asyncio.gather(*ending, return_exceptions=True)

        async with one.rows() as connection:
            rows = await connection.fetch(
                "SELECT type, time FROM history WHERE type = ANY($1::smallint[]) ORDER BY time, type DESC",
                [HistoryType.EXECUTION_STARTED, HistoryType.EXECUTION_SUCCEEDED],
            )
            assert await connection.fetchval("SELECT count(*) FROM slots WHERE state < 3") == 0
    running = most = 0
    for row in rows:
        running += 1 if row["type"] == HistoryType.EXECUTION_STARTED else -1
        most = max(most, running)
    assert (len(rows), running) == (2000, 0)
    assert most == 5


async def test_what_comes_faster_than_its_rate_does_not_begin(workflows_service: Replica) -> None:
    await put(workflows_service, flowControl={"rateLimit": {"limit": 2, "period": "1h", "key": "input"}})

    calls = [execute(workflows_service, "a") for _ in range(6)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    await execute(workflows_service, "b")

    assert sum(isinstance(answer, BaseException) for answer in answers) == 4
    refusal = await refused(execute(workflows_service, "a"))
    assert refusal.reason == "RATE_LIMITED"
    assert len(await executions(workflows_service)) == 3


async def test_a_call_that_is_repeated_takes_no_other_place(workflows_service: Replica) -> None:
    await put(workflows_service, flowControl={"rateLimit": {"limit": 1, "period": "1h"}, "singleton": {}})

    first = await execute(workflows_service, idempotency_key="k")
    second = await execute(workflows_service, idempotency_key="k")

    assert first.id == second.id


async def test_what_is_throttled_begins_later_and_evenly(workflows_service: Replica) -> None:
    await put(workflows_service, flowControl={"throttle": {"limit": 1, "period": "10m", "burst": 2}})

    begun = [await execute(workflows_service) for _ in range(4)]

    rows = [await workflows_service.execution(UUID(each.id)) for each in begun]
    waits = [row.ready_time - row.create_time for row in rows]
    minutes = [round(wait / timedelta(minutes=1)) for wait in waits]
    assert minutes == [0, 0, 10, 20]
    assert [row.stage for row in rows[2:]] == [Stage.PARKED, Stage.PARKED]


async def test_there_may_be_only_one(workflows_service: Replica) -> None:
    await put(workflows_service, flowControl={"singleton": {"key": "input"}})

    answers = await asyncio.gather(
        *(execute(workflows_service, "a") for _ in range(8)), return_exceptions=True
    )
    (alive,) = [each for each in answers if not isinstance(each, BaseException)]
    refusal = await refused(execute(workflows_service, "a"))
    assert refusal.reason == "ALREADY_EXISTS"

    await end(workflows_service, alive.id)
    await execute(workflows_service, "a")


async def test_a_newer_one_takes_the_place_of_the_one_before(workflows_service: Replica) -> None:
    await put(workflows_service, flowControl={"singleton": {"mode": "cancel"}})
    first = await execute(workflows_service, 1)
    await claimed(workflows_service, first.id)

    second, third = await execute(workflows_service, 2), await execute(workflows_service, 3)

    async def asked() -> bool:
        row = await workflows_service.execution(UUID(first.id))
        return row.cancelling

    await eventually(asked)
    taken = await claimed(workflows_service, first.id)
    await workflows_service.advance(taken, Ended(status=Status.CANCELLED))
    await claimed(workflows_service, third.id)
    assert await stage_of(workflows_service, second.id) is Stage.ENDED


async def test_what_did_not_begin_in_time_is_cancelled(workflows_service: Replica) -> None:
    await put(workflows_service, flowControl={"concurrency": [{"limit": 1}]}, timeouts={"start": "500ms"})
    first = await execute(workflows_service)
    await claimed(workflows_service, first.id)
    late = await execute(workflows_service)

    async def cancelled() -> bool:
        return (await workflows_service.execution(UUID(late.id))).status is Status.CANCELLED

    await eventually(cancelled)
    assert (await workflows_service.execution(UUID(first.id))).status is Status.RUNNING


async def test_a_priority_may_follow_from_the_input(workflows_service: Replica) -> None:
    await put(workflows_service, flowControl={"priority": "input.vip ? 10 : -500"})

    assert (await execute(workflows_service, {"vip": True})).priority == 10
    assert (await execute(workflows_service, {"vip": False})).priority == -100
    assert (await execute(workflows_service, {"vip": False}, priority=3)).priority == 3
    refusal = await refused(execute(workflows_service, {}))
    assert refusal.reason == "INVALID_FIELD"


async def test_a_batch_begins_when_it_is_full(workflows_service: Replica) -> None:
    await put(
        workflows_service,
        triggers=[{"type": "event", "event": "a"}],
        flowControl={"batch": {"maxSize": 3, "timeout": "1h"}},
    )

    for number in range(7):
        await publish(workflows_service, "a", number, event_id=f"e{number}")
    await publish(workflows_service, "a", 5, event_id="e5")

    async def two() -> bool:
        return len(await executions(workflows_service)) == 2

    await eventually(two)
    begun = await executions(workflows_service)
    assert sorted(json.loads(each.input or b"") for each in begun) == [[0, 1, 2], [3, 4, 5]]


async def test_what_is_debounced_begins_with_what_came_last(workflows_service: Replica) -> None:
    await put(
        workflows_service,
        triggers=[{"type": "event", "event": "a", "input": "${ event.data }"}],
        flowControl={"debounce": {"period": "3s", "key": "input.document"}},
    )

    for number in range(5):
        await publish(workflows_service, "a", {"document": "x", "number": number})
    await publish(workflows_service, "a", {"document": "y", "number": 0})

    async def two() -> bool:
        return len(await executions(workflows_service)) == 2

    await eventually(two)
    begun = [json.loads(each.input or b"") for each in await executions(workflows_service)]
    assert sorted(begun, key=lambda each: str(each["document"])) == [
        {"document": "x", "number": 4},
        {"document": "y", "number": 0},
    ]


async def test_limits_hold_over_replicas(workflows_service: Replica, another_replica: Replicas) -> None:
    await put(workflows_service, flowControl={"singleton": {}})
    async with another_replica() as other:
        answers = await asyncio.gather(
            *(execute(replica) for replica in (workflows_service, other) * 5), return_exceptions=True
        )

    assert sum(not isinstance(each, BaseException) for each in answers) == 1


async def fork(replica: Replica, execution_id: str, document: Any = None) -> workflows_pb2.WorkflowExecution:
    """Forks an execution that has had no steps."""
    response = await replica.executions.ForkWorkflowExecution(
        messages.ForkWorkflowExecutionRequest(
            execution_id=execution_id, input=b"" if document is None else json.dumps(document).encode()
        ),
        metadata=replica.metadata,
    )
    return response.execution


async def test_a_fork_waits_for_its_slot_like_any_other(workflows_service: Replica) -> None:
    await put(workflows_service, flowControl={"concurrency": [{"limit": 1, "key": "input.user"}]})
    original = await execute(workflows_service, {"user": "ada"}, priority=7)
    await claimed(workflows_service, original.id)

    same = await fork(workflows_service, original.id)
    other = await fork(workflows_service, original.id, {"user": "grace"})

    assert (same.waiting_for, same.priority) == (workflows_pb2.WAIT_REASON_SLOT, 7)
    await claimed(workflows_service, other.id)
    assert await stage_of(workflows_service, same.id) is Stage.HELD_BACK
    await end(workflows_service, original.id)
    await claimed(workflows_service, same.id)


async def test_a_fork_of_the_only_one_that_may_be_alive_is_refused(workflows_service: Replica) -> None:
    await put(workflows_service, flowControl={"singleton": {}})
    original = await execute(workflows_service)

    refusal = await refused(fork(workflows_service, original.id))
    await end(workflows_service, original.id)
    forked = await fork(workflows_service, original.id)

    assert (refusal.reason, original.id in refusal.message) == ("ALREADY_EXISTS", True)
    await claimed(workflows_service, forked.id)


async def test_forks_count_for_the_rate(workflows_service: Replica) -> None:
    await put(workflows_service, flowControl={"rateLimit": {"limit": 2, "period": "1h"}})
    original = await execute(workflows_service)
    await fork(workflows_service, original.id)

    refusal = await refused(fork(workflows_service, original.id))

    assert refusal.reason == "RATE_LIMITED"


async def test_what_is_retried_takes_its_slots_again_and_no_other_place_in_the_rate(
    workflows_service: Replica,
) -> None:
    await put(
        workflows_service,
        flowControl={"concurrency": [{"limit": 1}], "rateLimit": {"limit": 2, "period": "1h"}},
    )
    first = await execute(workflows_service)
    taken = await claimed(workflows_service, first.id)
    await workflows_service.advance(taken, Ended(status=Status.FAILED))
    second = await execute(workflows_service)
    await claimed(workflows_service, second.id)

    retry = messages.RetryWorkflowExecutionRequest(execution_id=first.id)
    await workflows_service.executions.RetryWorkflowExecution(retry, metadata=workflows_service.metadata)

    assert await stage_of(workflows_service, first.id) is Stage.HELD_BACK
    await end(workflows_service, second.id)
    again = await workflows_service.claimed(UUID(first.id), after_token=taken.execution.token)
    assert again.execution.retry_count == 1
