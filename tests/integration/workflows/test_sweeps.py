"""What the engine finds by itself."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.integration.workflows.service import Replica, step
from timeloom_platform.testing import eventually
from timeloom_workflows.engine.commands import Ended, Parked
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.model import (
    Failure,
    Stage,
    Status,
    StepRef,
    StepStatus,
    StepType,
    TriggerType,
    WaitReason,
    WorkflowKind,
)


async def park(replica: Replica, claimed: Claimed, due_time: datetime | None) -> None:
    advanced = await replica.advance(
        claimed, Parked(inbox=claimed.execution.inbox, due_time=due_time, waiting_for=WaitReason.TIME)
    )
    assert advanced.stage is Stage.PARKED


async def test_what_sleeps_is_woken_at_its_time_and_not_before(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    due_time = workflows_service.engine.clock.now() + timedelta(milliseconds=250)

    await park(workflows_service, claimed, due_time)

    again = await workflows_service.claimed(claimed.execution.id, after_token=1)
    assert again.execution.update_time >= due_time
    assert again.execution.due_time is None


async def test_thousands_that_are_due_together_are_woken_each_once(workflows_service: Replica) -> None:
    workflows_service.ping.places = 5_000
    due_time = workflows_service.engine.clock.now() + timedelta(seconds=1)
    news = [workflows_service.new(start_time=due_time) for _ in range(2_500)]
    for first in range(0, 2_500, 500):
        await workflows_service.engine.start_all(news[first : first + 500])

    await eventually(lambda: len(workflows_service.ping.claimed) == 2_500, timeout_seconds=60)

    woken = workflows_service.ping.claimed
    assert set(woken) == {new.id for new in news}
    assert min(each.execution.update_time for each in woken.values()) >= due_time
    assert {each.execution.token for each in woken.values()} == {1}


async def test_an_earlier_time_is_not_missed_while_a_later_one_is_waited_for(
    workflows_service: Replica,
) -> None:
    later, sooner = [await workflows_service.owned() for _ in range(2)]
    await park(workflows_service, later, datetime.now(UTC) + timedelta(hours=1))
    await park(workflows_service, sooner, datetime.now(UTC) + timedelta(milliseconds=50))

    await workflows_service.claimed(sooner.execution.id, after_token=1)
    assert (await workflows_service.execution(later.execution.id)).stage is Stage.PARKED


async def test_what_is_paused_is_not_woken(workflows_service: Replica) -> None:
    paused, other = [await workflows_service.owned() for _ in range(2)]
    due_time = datetime.now(UTC) + timedelta(milliseconds=50)
    async with workflows_service.rows() as connection:
        await connection.execute(
            "UPDATE executions SET paused = true, status = 3 WHERE id = $1", paused.execution.id
        )

    await park(workflows_service, paused, due_time)
    await park(workflows_service, other, due_time + timedelta(milliseconds=50))

    await workflows_service.claimed(other.execution.id, after_token=1)
    assert (await workflows_service.execution(paused.execution.id)).stage is Stage.PARKED


async def test_a_driver_is_told_of_an_inbox_that_nobody_told_it_of(workflows_service: Replica) -> None:
    claimed, other = [await workflows_service.owned() for _ in range(2)]
    async with workflows_service.rows() as connection:
        await connection.execute(
            "UPDATE executions SET inbox = inbox + 1 WHERE id = $1", claimed.execution.id
        )

    await eventually(lambda: claimed.execution.id in workflows_service.ping.poked)
    assert other.execution.id not in workflows_service.ping.poked


async def test_what_a_driver_gives_up_goes_to_another_one(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()

    workflows_service.engine.give_up(claimed.execution.id, claimed.execution.token)

    again = await workflows_service.claimed(claimed.execution.id, after_token=1)
    assert again.execution.delivery == 2


async def test_what_the_database_says_is_ours_and_nobody_has_is_queued_again(
    workflows_service: Replica,
) -> None:
    claimed, kept = [await workflows_service.owned() for _ in range(2)]
    # As if the answer to the claim had been lost.
    workflows_service.engine.holdings.remove(claimed.execution.id, claimed.execution.token)

    workflows_service.engine.is_in_doubt = True

    await workflows_service.claimed(claimed.execution.id, after_token=1)
    await eventually(lambda: not workflows_service.engine.is_in_doubt)
    assert (await workflows_service.execution(kept.execution.id)).token == kept.execution.token


async def begin_child(replica: Replica, parent: Claimed, *, outcome: Parked | None = None) -> Claimed:
    """Has a parent begin a child and wait for it."""
    child = replica.new(trigger=TriggerType.WORKFLOW, parent=StepRef(parent.execution.id, "call"))
    call = step(
        parent,
        "call",
        type=StepType.WORKFLOW,
        status=StepStatus.WAITING,
        waiting_for=WaitReason.EXECUTION,
        waiting_name=str(child.id),
    )
    parked = outcome or Parked(inbox=0, due_time=None, waiting_for=WaitReason.EXECUTION)
    await replica.advance(parent, parked, steps=[call], children=[child])
    return await replica.claimed(child.id)


async def test_a_parent_learns_that_its_child_failed(workflows_service: Replica) -> None:
    parent = await workflows_service.owned(kind=WorkflowKind.CODE)
    child = await begin_child(workflows_service, parent)

    await workflows_service.advance(child, Ended(status=Status.CANCELLED))

    async def failed() -> bool:
        (call,) = await workflows_service.steps(parent.execution.id)
        return call.status is StepStatus.FAILED

    await eventually(failed)
    (call,) = await workflows_service.steps(parent.execution.id)
    assert call.output is None
    assert call.error == b'{"type":"CancelledError","message":"The execution was cancelled."}'
    assert (await workflows_service.execution(parent.execution.id)).failed_step_count == 1


async def test_the_driver_of_steps_decides_whether_a_child_that_failed_is_tried_again(
    workflows_service: Replica,
) -> None:
    parent = await workflows_service.owned(kind=WorkflowKind.DAG)
    child = await begin_child(workflows_service, parent)

    await workflows_service.advance(child, Ended(status=Status.FAILED, failure=Failure(type="Error")))

    again = await workflows_service.claimed(parent.execution.id, after_token=1)
    (call,) = again.steps
    assert (call.status, call.wake_time, call.error) == (StepStatus.RETRYING, None, b'{"type":"Error"}')
    assert again.execution.failed_step_count == 0


async def test_a_step_that_waits_no_more_is_left_alone_by_the_end_of_its_child(
    workflows_service: Replica,
) -> None:
    parent = await workflows_service.owned()
    child = await begin_child(workflows_service, parent)
    async with workflows_service.rows() as connection:
        await connection.execute("UPDATE steps SET status = 7, waiting_for = 0")

    await workflows_service.advance(child, Ended(status=Status.SUCCEEDED, output=b"1"))

    async def is_told() -> bool:
        async with workflows_service.rows() as connection:
            return await connection.fetchval("SELECT count(*) = 0 FROM endings") is True

    await eventually(is_told)
    execution = await workflows_service.execution(parent.execution.id)
    assert (execution.stage, execution.inbox) == (Stage.PARKED, 0)


async def test_an_end_that_was_not_told_is_told_by_whoever_finds_it(workflows_service: Replica) -> None:
    parent = await workflows_service.owned()
    child = await begin_child(workflows_service, parent)
    # As if the engine had died right after the commit: nobody looks because of it.
    workflows_service.engine.holdings.get(child.execution.id).has_parent = False  # type: ignore[union-attr]

    await workflows_service.advance(child, Ended(status=Status.SUCCEEDED, output=b"1"))

    again = await workflows_service.claimed(parent.execution.id, after_token=1)
    assert [(each.status, each.output) for each in again.steps] == [(StepStatus.SUCCEEDED, b"1")]


async def test_many_children_of_many_parents_end_at_once(workflows_service: Replica) -> None:
    workflows_service.ping.places = 1_000
    parents = [await workflows_service.owned() for _ in range(3)]
    children: dict[UUID, list[Claimed]] = {}
    for parent in parents:
        ids = [
            workflows_service.new(
                trigger=TriggerType.WORKFLOW, parent=StepRef(parent.execution.id, f"call {number}")
            )
            for number in range(40)
        ]
        calls = [
            step(
                parent,
                f"call {number}",
                position=number,
                type=StepType.WORKFLOW,
                status=StepStatus.WAITING,
                waiting_for=WaitReason.EXECUTION,
                waiting_name=str(child.id),
            )
            for number, child in enumerate(ids)
        ]
        parked = Parked(inbox=0, due_time=None, waiting_for=WaitReason.EXECUTION)
        await workflows_service.advance(parent, parked, steps=calls, children=ids)
        children[parent.execution.id] = [await workflows_service.claimed(child.id) for child in ids]

    ends = [
        workflows_service.advance(child, Ended(status=Status.SUCCEEDED, output=b"1"))
        for each in zip(*children.values(), strict=True)
        for child in each
    ]
    assert all(advanced.committed for advanced in await asyncio.gather(*ends))

    for parent in parents:

        async def is_told(parent_id: UUID = parent.execution.id) -> bool:
            return (await workflows_service.execution(parent_id)).succeeded_step_count == 40

        await eventually(is_told)
        execution = await workflows_service.execution(parent.execution.id)
        history = await workflows_service.history(parent.execution.id)
        assert execution.inbox == 40
        assert [entry.sequence for entry in history] == list(range(1, execution.history_length + 1))
