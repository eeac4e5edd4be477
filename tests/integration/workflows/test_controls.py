"""Pausing, resuming, cancelling, retrying and deleting executions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from tests.integration.workflows.hand import Caller, run_step, signal_wait, types_of
from tests.integration.workflows.service import Replica, step
from timeloom.events.v1 import events_pb2
from timeloom.workflows.v1 import workflows_pb2
from timeloom_platform.ids import uuid7
from timeloom_platform.testing import eventually
from timeloom_workflows.engine.commands import Ended, Parked, Requeued, Running
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.model import (
    Failure,
    HistoryType,
    Stage,
    Status,
    StepRef,
    StepStage,
    StepStatus,
    StepType,
    WaitReason,
    WorkflowKind,
)


@pytest.fixture
def caller(workflows_service: Replica) -> Caller:
    return Caller(workflows_service)


def parked(inbox: int = 0, waiting_for: WaitReason = WaitReason.SIGNAL) -> Parked:
    return Parked(inbox=inbox, due_time=None, waiting_for=waiting_for)


async def queued(replica: Replica, **fields: object) -> UUID:
    """Begins an execution that nobody takes."""
    replica.ping.places = 0
    begun = await replica.engine.start(replica.new(**fields))
    return begun.execution_id


async def failed(replica: Replica, *, deadline: datetime | None = None) -> Claimed:
    """An execution with a step that succeeded, one that was skipped, and one that failed."""
    claimed = await replica.owned(deadline=deadline)
    error = msgspec.json.encode(Failure(type="ValueError"))
    await replica.advance(
        claimed,
        Ended(status=Status.FAILED, failure=Failure(type="ValueError", step_id="two")),
        steps=[
            step(claimed, "one", output=b"1"),
            step(claimed, "two", position=2, status=StepStatus.FAILED, error=error),
            step(claimed, "three", position=3, status=StepStatus.SKIPPED),
        ],
    )
    return claimed


# -- Pause and resume -------------------------------------------------------------


async def test_a_paused_execution_is_parked_by_its_driver_and_goes_on_when_resumed(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    execution_id = claimed.execution.id

    told = await caller.pause(execution_id, "too expensive")

    assert told.status == workflows_pb2.WORKFLOW_EXECUTION_STATUS_PAUSED
    assert workflows_service.ping.poked == [execution_id]
    advanced = await workflows_service.advance(claimed, Running(), steps=[step(claimed)])
    assert advanced.paused
    await workflows_service.advance(claimed, parked(advanced.inbox, WaitReason.NONE))
    assert (await workflows_service.execution(execution_id)).stage == Stage.PARKED
    again = await caller.resume(execution_id)
    assert again.status == workflows_pb2.WORKFLOW_EXECUTION_STATUS_RUNNING
    await eventually(
        lambda: workflows_service.ping.claimed[execution_id].execution.token > claimed.execution.token
    )
    assert await types_of(workflows_service, execution_id) == [
        HistoryType.EXECUTION_CREATED,
        HistoryType.EXECUTION_STARTED,
        HistoryType.EXECUTION_PAUSED,
        HistoryType.EXECUTION_RESUMED,
    ]


async def test_the_reason_is_in_the_history(workflows_service: Replica, caller: Caller) -> None:
    claimed = await workflows_service.owned()

    await caller.pause(claimed.execution.id, "too expensive")

    entry = (await workflows_service.history(claimed.execution.id))[-1]
    assert entry.attributes == b'{"reason":"too expensive"}'


async def test_a_resume_before_the_driver_has_parked_it_is_not_lost(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    await caller.pause(claimed.execution.id)
    advanced = await workflows_service.advance(claimed, Running())
    workflows_service.ping.places = 0

    await caller.resume(claimed.execution.id)
    after = await workflows_service.advance(claimed, parked(advanced.inbox, WaitReason.NONE))

    assert after.stage == Stage.QUEUED


async def test_an_end_is_not_taken_while_the_execution_is_paused(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    await caller.pause(claimed.execution.id)

    advanced = await workflows_service.advance(
        claimed, Ended(status=Status.SUCCEEDED, output=b"1"), steps=[step(claimed)]
    )

    assert (advanced.stage, advanced.paused) == (Stage.OWNED, True)
    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.status, execution.step_count) == (Status.PAUSED, 1)


async def test_a_queued_execution_is_parked_when_paused_and_queued_when_resumed(
    workflows_service: Replica, caller: Caller
) -> None:
    execution_id = await queued(workflows_service)

    await caller.pause(execution_id)
    paused = await workflows_service.execution(execution_id)
    await caller.resume(execution_id)

    resumed = await workflows_service.execution(execution_id)
    assert (paused.status, paused.stage) == (Status.PAUSED, Stage.PARKED)
    assert (resumed.status, resumed.stage) == (Status.PENDING, Stage.QUEUED)


async def test_an_execution_that_begins_later_does_not_begin_early_because_it_was_paused(
    workflows_service: Replica, caller: Caller
) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    begun = await workflows_service.engine.start(workflows_service.new(start_time=later))

    await caller.pause(begun.execution_id)
    await caller.resume(begun.execution_id)

    execution = await workflows_service.execution(begun.execution_id)
    assert (execution.stage, execution.due_time, execution.ready_time) == (Stage.PARKED, later, later)


async def test_an_execution_that_is_held_back_stays_so_when_paused_and_resumed(
    workflows_service: Replica, caller: Caller
) -> None:
    begun = await workflows_service.engine.start(workflows_service.new(held_back=True))

    await caller.pause(begun.execution_id)
    await caller.resume(begun.execution_id)

    execution = await workflows_service.execution(begun.execution_id)
    assert (execution.stage, execution.status) == (Stage.HELD_BACK, Status.PENDING)


async def test_pausing_and_resuming_twice_changes_nothing(workflows_service: Replica, caller: Caller) -> None:
    execution_id = await queued(workflows_service)
    await caller.pause(execution_id)
    before = await workflows_service.execution(execution_id)
    await caller.pause(execution_id)
    assert await workflows_service.execution(execution_id) == before

    await caller.resume(execution_id)
    before = await workflows_service.execution(execution_id)
    await caller.resume(execution_id)
    assert await workflows_service.execution(execution_id) == before


async def test_what_is_due_stays_while_the_execution_is_paused(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    soon = datetime.now(UTC) + timedelta(milliseconds=50)
    await caller.pause(claimed.execution.id)
    advanced = await workflows_service.advance(claimed, Running())
    await workflows_service.advance(
        claimed, Parked(inbox=advanced.inbox, due_time=soon, waiting_for=WaitReason.TIME)
    )
    other = await workflows_service.owned()
    await workflows_service.advance(other, Parked(inbox=0, due_time=soon, waiting_for=WaitReason.TIME))

    ping = workflows_service.ping
    await eventually(lambda: ping.claimed[other.execution.id].execution.token > other.execution.token)

    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.stage, execution.paused) == (Stage.PARKED, True)


@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
async def test_what_has_ended_is_not_controlled(
    workflows_service: Replica, caller: Caller, action: str
) -> None:
    claimed = await workflows_service.owned()
    await workflows_service.advance(claimed, Ended(status=Status.SUCCEEDED))

    refusal = await caller.refused(getattr(caller, action)(claimed.execution.id))

    assert (refusal.reason, refusal.metadata) == ("WRONG_STATUS", {"status": "SUCCEEDED"})


@pytest.mark.parametrize(
    "action", ["pause", "resume", "cancel", "retry", "delete", "get", "steps", "history"]
)
async def test_nobody_controls_what_is_not_there(caller: Caller, action: str) -> None:
    refusal = await caller.refused(getattr(caller, action)(uuid7()))

    assert refusal.reason == "NOT_FOUND"


# -- Cancel -----------------------------------------------------------------------


async def test_a_parked_execution_with_nothing_to_undo_is_cancelled_at_once(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    waiting = step(claimed, "two", position=2, **signal_wait("go"))
    await run_step(workflows_service, claimed, step(claimed), waiting)
    await workflows_service.advance(claimed, parked())

    told = await caller.cancel(claimed.execution.id)

    assert told.status == workflows_pb2.WORKFLOW_EXECUTION_STATUS_CANCELLED
    assert told.HasField("end_time")
    statuses = [each.status for each in await workflows_service.steps(claimed.execution.id)]
    assert statuses == [StepStatus.SUCCEEDED, StepStatus.CANCELLED]
    assert (await types_of(workflows_service, claimed.execution.id))[-2:] == [
        HistoryType.STEP_CANCELLED,
        HistoryType.EXECUTION_CANCELLED,
    ]


async def test_a_paused_execution_can_be_cancelled(workflows_service: Replica, caller: Caller) -> None:
    execution_id = await queued(workflows_service)
    await caller.pause(execution_id)

    await caller.cancel(execution_id)

    execution = await workflows_service.execution(execution_id)
    assert (execution.status, execution.paused) == (Status.CANCELLED, False)


async def test_the_driver_of_an_owned_execution_ends_it(workflows_service: Replica, caller: Caller) -> None:
    claimed = await workflows_service.owned()

    told = await caller.cancel(claimed.execution.id)

    assert (told.status, told.cancelling) == (workflows_pb2.WORKFLOW_EXECUTION_STATUS_RUNNING, True)
    assert workflows_service.ping.poked == [claimed.execution.id]
    unknowing = await workflows_service.advance(claimed, Ended(status=Status.SUCCEEDED))
    assert (unknowing.stage, unknowing.cancelling) == (Stage.OWNED, True)
    ended = await workflows_service.advance(claimed, Ended(status=Status.CANCELLED))
    assert ended.stage == Stage.ENDED
    assert (await caller.cancel(claimed.execution.id)).status == (
        workflows_pb2.WORKFLOW_EXECUTION_STATUS_CANCELLED
    )


async def test_an_execution_whose_definition_compensates_is_queued_for_its_driver(
    workflows_service: Replica, caller: Caller
) -> None:
    await define(workflows_service, {"steps": [{"id": "one", "compensate": {"type": "http"}}]})
    claimed = await workflows_service.owned()
    await run_step(workflows_service, claimed, step(claimed))
    await workflows_service.advance(claimed, parked())

    await caller.cancel(claimed.execution.id)

    ping = workflows_service.ping
    await eventually(lambda: ping.claimed[claimed.execution.id].execution.cancelling)


async def test_code_that_has_done_something_is_queued_for_its_worker(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned(kind=WorkflowKind.CODE)
    await run_step(workflows_service, claimed, step(claimed))
    await workflows_service.advance(claimed, parked())
    workflows_service.ping.places = 0

    await caller.cancel(claimed.execution.id)

    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.stage, execution.cancelling) == (Stage.QUEUED, True)


async def test_an_execution_whose_task_runs_is_queued_so_that_the_task_is_stopped(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    task = step(claimed, status=StepStatus.RUNNING, stage=StepStage.OWNED, type=StepType.ACTION)
    await run_step(workflows_service, claimed, task)
    await workflows_service.advance(claimed, parked())
    workflows_service.ping.places = 0

    await caller.cancel(claimed.execution.id)

    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.stage, execution.cancelling) == (Stage.QUEUED, True)


async def test_children_are_cancelled_with_their_parent(workflows_service: Replica, caller: Caller) -> None:
    parent = await workflows_service.owned()
    child = await workflows_service.owned(parent=StepRef(parent.execution.id, "one"))
    grandchild = await workflows_service.engine.start(
        workflows_service.new(parent=StepRef(child.execution.id, "one"), held_back=True)
    )
    detached = await workflows_service.owned()
    await workflows_service.advance(parent, parked())

    await caller.cancel(parent.execution.id)

    assert (await workflows_service.execution(parent.execution.id)).status == Status.CANCELLED
    assert (await workflows_service.execution(child.execution.id)).cancelling
    assert (await workflows_service.execution(grandchild.execution_id)).status == Status.CANCELLED
    assert not (await workflows_service.execution(detached.execution.id)).cancelling


async def test_a_parent_is_told_that_its_child_was_cancelled(
    workflows_service: Replica, caller: Caller
) -> None:
    parent, child_id = await workflows_service.owned(), uuid7()
    waiting = step(
        parent,
        type=StepType.WORKFLOW,
        status=StepStatus.WAITING,
        waiting_for=WaitReason.EXECUTION,
        waiting_name=str(child_id),
    )
    child = workflows_service.new(id=child_id, parent=StepRef(parent.execution.id, "one"), held_back=True)
    await workflows_service.advance(parent, Running(), steps=[waiting], children=[child])
    await workflows_service.advance(parent, parked(waiting_for=WaitReason.EXECUTION))

    await caller.cancel(child_id)

    ping = workflows_service.ping
    await eventually(lambda: ping.claimed[parent.execution.id].execution.token > parent.execution.token)
    (told,) = await workflows_service.steps(parent.execution.id)
    # Whether that is the step's end, its driver decides.
    assert (told.status, msgspec.json.decode(told.error or b"")["type"]) == (
        StepStatus.RETRYING,
        "CancelledError",
    )


# -- Retry ------------------------------------------------------------------------


async def test_a_retry_takes_back_what_did_not_succeed(workflows_service: Replica, caller: Caller) -> None:
    claimed = await failed(workflows_service)

    told = await caller.retry(claimed.execution.id, reason="fixed")

    assert (told.status, told.retry_count) == (workflows_pb2.WORKFLOW_EXECUTION_STATUS_RUNNING, 1)
    assert (told.step_count, told.succeeded_step_count, told.failed_step_count) == (1, 1, 0)
    assert not told.HasField("error")
    ping = workflows_service.ping
    await eventually(lambda: ping.claimed[claimed.execution.id].execution.token > claimed.execution.token)
    assert [each.id for each in ping.claimed[claimed.execution.id].steps] == ["one"]
    assert (await types_of(workflows_service, claimed.execution.id))[-2:] == [
        HistoryType.EXECUTION_FAILED,
        HistoryType.EXECUTION_RETRIED,
    ]


async def test_a_retry_from_a_step_runs_it_and_what_came_after_it_again(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await failed(workflows_service)
    workflows_service.ping.places = 0

    told = await caller.retry(claimed.execution.id, from_step_id="one")

    assert (told.step_count, await workflows_service.steps(claimed.execution.id)) == (0, [])


async def test_a_retry_may_go_on_with_another_version_of_the_same_kind(
    workflows_service: Replica, caller: Caller
) -> None:
    await define(workflows_service, {}, version=2)
    await define(workflows_service, {}, version=3, kind=WorkflowKind.CODE)
    claimed = await failed(workflows_service)
    workflows_service.ping.places = 0

    unknown = await caller.refused(caller.retry(claimed.execution.id, version=7))
    other_kind = await caller.refused(caller.retry(claimed.execution.id, version=3))
    told = await caller.retry(claimed.execution.id, version=2)

    assert (unknown.message, other_kind.message) == (
        "version is none of the workflow greet",
        "version is of the kind CODE, not DAG",
    )
    assert told.workflow_version == 2


async def test_a_retry_gets_as_much_time_as_there_was_at_first(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await failed(workflows_service, deadline=datetime.now(UTC) + timedelta(hours=1))
    before = await workflows_service.execution(claimed.execution.id)
    workflows_service.ping.places = 0

    await caller.retry(claimed.execution.id)

    after = await workflows_service.execution(claimed.execution.id)
    assert before.deadline
    assert after.deadline
    assert after.deadline - after.ready_time == before.deadline - before.create_time


async def test_only_what_failed_or_was_cancelled_is_retried(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    running = await caller.refused(caller.retry(claimed.execution.id))
    await workflows_service.advance(claimed, Ended(status=Status.SUCCEEDED))
    succeeded = await caller.refused(caller.retry(claimed.execution.id))

    assert (running.metadata, succeeded.metadata) == ({"status": "RUNNING"}, {"status": "SUCCEEDED"})


async def test_a_retry_from_a_step_that_there_is_not_changes_nothing(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await failed(workflows_service)
    before = await workflows_service.execution(claimed.execution.id)

    refusal = await caller.refused(caller.retry(claimed.execution.id, from_step_id="nine"))

    assert refusal.message == "fromStepId names no step of the execution"
    assert await workflows_service.execution(claimed.execution.id) == before


async def test_what_was_cancelled_can_be_taken_up_again(workflows_service: Replica, caller: Caller) -> None:
    execution_id = await queued(workflows_service)
    await caller.cancel(execution_id)

    told = await caller.retry(execution_id)

    assert told.status == workflows_pb2.WORKFLOW_EXECUTION_STATUS_PENDING
    assert (await workflows_service.execution(execution_id)).stage == Stage.QUEUED


# -- Delete -----------------------------------------------------------------------


async def test_an_execution_that_has_ended_is_deleted_with_all_that_belongs_to_it(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await failed(workflows_service)

    await caller.delete(claimed.execution.id)

    async with workflows_service.rows() as connection:
        for table in ("steps", "history", "signals"):
            count = await connection.fetchval(
                f"SELECT count(*) FROM {table} WHERE execution_id = $1", claimed.execution.id
            )
            assert count == 0
    assert (await caller.refused(caller.get(claimed.execution.id))).reason == "NOT_FOUND"


async def test_a_deletion_is_told(workflows_service: Replica, caller: Caller) -> None:
    claimed = await workflows_service.owned()
    await workflows_service.advance(claimed, Ended(status=Status.SUCCEEDED))

    await caller.delete(claimed.execution.id)

    async with workflows_service.rows() as connection:
        rows = await connection.fetch("SELECT batch FROM outbox ORDER BY position")
    told = events_pb2.OutboxBatch.FromString(rows[-1]["batch"]).events[-1]
    assert told.topic == f"workflows/executions/{claimed.execution.id}"
    assert told.workflow_execution_deleted == events_pb2.WorkflowExecutionDeleted(
        execution_id=str(claimed.execution.id), workflow_id="greet"
    )


async def test_an_execution_that_has_not_ended_is_not_deleted(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()

    refusal = await caller.refused(caller.delete(claimed.execution.id))

    assert refusal.reason == "WRONG_STATUS"


async def test_a_requeued_execution_stays_parked_while_it_is_paused(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    await caller.pause(claimed.execution.id)

    advanced = await workflows_service.advance(claimed, Requeued())

    assert advanced.stage == Stage.PARKED


async def define(
    replica: Replica, definition: object, *, version: int = 1, kind: WorkflowKind = WorkflowKind.DAG
) -> None:
    """Keeps a version of a workflow, whatever is in it."""
    async with replica.rows() as connection:
        await connection.execute(
            "INSERT INTO workflow_versions (project_id, workflow_id, version, kind, definition,"
            " definition_hash, create_time) VALUES ($1, 'greet', $2, $3, $4, '', now())",
            replica.project_id,
            version,
            kind,
            msgspec.json.encode(definition).decode(),
        )
