"""Doing the same to many executions, statistics, and what was given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.workflows.hand import Caller, run_step
from tests.integration.workflows.service import Replica, step
from timeloom.workflows.v1 import workflow_executions_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2, workflows_service_pb2
from timeloom_platform.ids import uuid7
from timeloom_workflows.engine.commands import Ended
from timeloom_workflows.model import Failure, Stage, Status, StepStatus
from timeloom_workflows.storage import dead_letters
from timeloom_workflows.storage.stats import StatsFilter
from timeloom_workflows.storage.system import SystemConnection
from timeloom_workflows.workers.presence import Presence

PAUSE = messages.CONTROL_ACTION_PAUSE
RESUME = messages.CONTROL_ACTION_RESUME
CANCEL = messages.CONTROL_ACTION_CANCEL
RETRY = messages.CONTROL_ACTION_RETRY
DELETE = messages.CONTROL_ACTION_DELETE


@pytest.fixture
def caller(workflows_service: Replica) -> Caller:
    return Caller(workflows_service)


async def begin(replica: Replica, count: int, **fields: Any) -> list[UUID]:
    """Begins executions that nobody takes."""
    replica.ping.places = 0
    begun = await replica.engine.start_all([replica.new(**fields) for _ in range(count)])
    return [each.execution_id for each in begun]


def counts(outcome: messages.ControlWorkflowExecutionsResponse) -> tuple[int, int, bool]:
    return outcome.changed_count, outcome.skipped_count, outcome.more


# -- Many at once -----------------------------------------------------------------


async def test_an_action_goes_on_until_nothing_is_left(workflows_service: Replica, caller: Caller) -> None:
    ids = await begin(workflows_service, 5)

    first = await caller.control(PAUSE, limit=3)
    second = await caller.control(PAUSE, limit=3)
    third = await caller.control(PAUSE, limit=3)

    assert [counts(each) for each in (first, second, third)] == [
        (3, 0, True),
        (2, 0, False),
        (0, 0, False),
    ]
    assert {(await workflows_service.execution(each)).status for each in ids} == {Status.PAUSED}


async def test_only_what_the_filter_leaves_is_changed(workflows_service: Replica, caller: Caller) -> None:
    (blue,) = await begin(workflows_service, 1, tags=["blue"])
    (red,) = await begin(workflows_service, 1, tags=["red"])

    outcome = await caller.control(CANCEL, filter=workflows_pb2.WorkflowExecutionFilter(tags=["blue"]))

    assert counts(outcome) == (1, 0, False)
    assert (await workflows_service.execution(blue)).status == Status.CANCELLED
    assert (await workflows_service.execution(red)).status == Status.PENDING


async def test_statuses_that_the_action_does_not_concern_leave_nothing(
    workflows_service: Replica, caller: Caller
) -> None:
    await begin(workflows_service, 2)
    pending = [workflows_pb2.WORKFLOW_EXECUTION_STATUS_PENDING]

    outcome = await caller.control(
        DELETE, filter=workflows_pb2.WorkflowExecutionFilter(statuses=pending), dry_run=True
    )

    assert counts(outcome) == (0, 0, False)


async def test_a_dry_run_only_counts(workflows_service: Replica, caller: Caller) -> None:
    ids = await begin(workflows_service, 3)

    outcome = await caller.control(CANCEL, limit=2, dry_run=True)

    assert counts(outcome) == (2, 0, True)
    assert {(await workflows_service.execution(each)).status for each in ids} == {Status.PENDING}


async def test_executions_go_the_whole_way(workflows_service: Replica, caller: Caller) -> None:
    ids = await begin(workflows_service, 4)

    outcomes = [
        await caller.control(action) for action in (PAUSE, RESUME, CANCEL, RETRY, CANCEL, DELETE, DELETE)
    ]

    assert [each.changed_count for each in outcomes] == [4, 4, 4, 4, 4, 4, 0]
    for each in ids:
        assert (await caller.refused(caller.get(each))).reason == "NOT_FOUND"


# -- Statistics -------------------------------------------------------------------


async def test_statistics_count_and_measure(workflows_service: Replica) -> None:
    await _finish(workflows_service, Status.SUCCEEDED, seconds=1)
    await _finish(workflows_service, Status.SUCCEEDED, seconds=3)
    await _finish(workflows_service, Status.FAILED, seconds=9)
    await _finish(workflows_service, Status.SUCCEEDED, seconds=5, workflow_version=2)
    await begin(workflows_service, 2, workflow_id="other")
    await begin(workflows_service, 1, workflow_id="other", held_back=True)

    stats = workflows_service.assembly.stats
    found = await stats.get(workflows_service.project_id, StatsFilter(), with_steps=True)

    assert (found.total.pending, found.total.succeeded, found.total.failed) == (3, 3, 1)
    assert found.total.duration_p50_ms == pytest.approx(3000)
    greet, other = found.workflows
    assert (greet.workflow_id, greet.succeeded, greet.failure_rate) == ("greet", 3, 0.25)
    assert (other.workflow_id, other.pending, other.duration_p99_ms) == ("other", 3, 0.0)
    assert [(each.step_id, each.succeeded, each.failed, each.retries) for each in found.steps] == [
        ("fetch", 8, 0, 4),
        ("summarise", 4, 4, 4),
    ]
    by_version = await stats.get(
        workflows_service.project_id,
        StatsFilter(workflow_ids=("greet",), by_version=True),
        with_steps=False,
    )
    assert [(each.workflow_version, each.succeeded, each.failed) for each in by_version.workflows] == [
        (1, 2, 1),
        (2, 1, 0),
    ]
    assert by_version.total.pending == 0


async def test_statistics_of_nothing_are_zero(workflows_service: Replica) -> None:
    stats = workflows_service.assembly.stats

    found = await stats.get(workflows_service.project_id, StatsFilter(), with_steps=True)

    assert (found.total.succeeded, found.total.failure_rate, found.total.duration_p50_ms) == (0, 0.0, 0.0)
    assert (list(found.workflows), list(found.steps)) == ([], [])


async def _finish(replica: Replica, status: Status, *, seconds: float, **fields: Any) -> None:
    """An execution that took so long."""
    claimed = await replica.owned(**fields)
    await run_step(
        replica,
        claimed,
        step(claimed, "fetch", attempt=2),
        step(claimed, "fetch:2", position=2),
        step(claimed, "docs[0].summarise", position=3, attempt=2),
        step(claimed, "docs[17].parts[3].summarise", position=4, status=StepStatus.FAILED),
    )
    await replica.advance(claimed, Ended(status=status))
    async with replica.rows() as connection:
        await connection.execute(
            "UPDATE executions SET end_time = start_time + $2 WHERE id = $1",
            claimed.execution.id,
            timedelta(seconds=seconds),
        )


async def test_workers_of_all_replicas_are_named(workflows_service: Replica) -> None:
    async with workflows_service.rows() as connection:
        await connection.execute(
            "INSERT INTO connected_workers (project_id, worker_id, replica, valid_until) VALUES"
            " ($1, 'elsewhere', $2, now() + interval '1 hour'),"
            " ($1, 'gone', $2, now() - interval '1 second')",
            workflows_service.project_id,
            uuid4(),
        )

    request = workflows_service_pb2.GetWorkflowStatsRequest()
    answer = await workflows_service.workflows.GetWorkflowStats(request, metadata=workflows_service.metadata)

    assert list(answer.worker_ids) == ["elsewhere"]


async def test_who_is_connected_is_said_and_forgotten_in_time(workflows_service: Replica) -> None:
    here = [(workflows_service.project_id, "one"), (uuid4(), "two")]

    class Two:
        def connected(self) -> list[tuple[UUID, str]]:
            return here

    database = workflows_service.database
    first, second = (
        Presence(workers=Two(), database=database, connection=SystemConnection(database)) for _ in range(2)
    )
    await first.say()
    await first.say()
    here = []

    assert await first.ids(workflows_service.project_id) == []
    assert await second.ids(workflows_service.project_id) == ["one"]
    async with workflows_service.rows() as connection:
        await connection.execute("UPDATE connected_workers SET valid_until = now() - interval '1 second'")
    await second.say()
    async with workflows_service.rows() as connection:
        assert await connection.fetchval("SELECT count(*) FROM connected_workers") == 0
    for each in (first, second):
        await each.close()


# -- Dead letters -----------------------------------------------------------------


async def given_up(replica: Replica, **fields: Any) -> str:
    """Keeps a dead letter, and returns its id."""
    letter_id = uuid7()
    async with replica.rows() as connection:
        await dead_letters.insert(
            connection, replica.project_id, letter_id, error=Failure(type="PoisonError"), **fields
        )
    return str(letter_id)


async def test_an_execution_that_was_given_up_is_tried_again(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    await workflows_service.advance(claimed, Ended(status=Status.FAILED, failure=Failure(type="PoisonError")))
    workflows_service.ping.places = 0
    (before,) = (await caller.dead_letters(workflow_id="greet")).dead_letters
    letter_id = before.id
    told = await caller.redrive(letter_id)

    assert (before.error.type, before.execution_id) == ("PoisonError", str(claimed.execution.id))
    assert told.HasField("redrive_time")
    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.stage, execution.retry_count, execution.delivery) == (Stage.QUEUED, 1, 0)
    assert list((await caller.dead_letters()).dead_letters) == []
    assert [each.id for each in (await caller.dead_letters(include_redriven=True)).dead_letters] == [
        letter_id
    ]
    assert (await caller.refused(caller.redrive(letter_id))).reason == "WRONG_STATUS"


async def test_an_event_that_could_not_be_handled_is_handled_anew(
    workflows_service: Replica, caller: Caller
) -> None:
    async with workflows_service.rows() as connection:
        await connection.execute(
            "INSERT INTO events (project_id, id, name, occur_time, create_time, handle_time)"
            " VALUES ($1, 'e-1', 'document/uploaded', now(), now(), now())",
            workflows_service.project_id,
        )
    letter_id = await given_up(workflows_service, event_id="e-1")
    lost_id = await given_up(workflows_service, event_id="e-2")

    told = await caller.redrive(letter_id)
    lost = await caller.refused(caller.redrive(lost_id))

    assert (told.event_id, lost.reason) == ("e-1", "NOT_FOUND")
    async with workflows_service.rows() as connection:
        assert await connection.fetchval("SELECT handle_time FROM events WHERE id = 'e-1'") is None


async def test_dead_letters_come_in_pages_and_can_be_forgotten(
    workflows_service: Replica, caller: Caller
) -> None:
    ids = [await given_up(workflows_service, event_id=f"e-{n}") for n in range(3)]

    first = await caller.dead_letters(page_size=2)
    rest = await caller.dead_letters(page_size=2, page_token=first.next_page_token)
    await caller.delete_dead_letter(ids[0])

    assert [each.id for each in (*first.dead_letters, *rest.dead_letters)] == ids[::-1]
    assert [each.id for each in (await caller.dead_letters()).dead_letters] == ids[:0:-1]
    missing = await caller.refused(caller.delete_dead_letter(ids[0]))
    unknown = await caller.refused(caller.redrive(str(uuid4())))
    assert (missing.reason, unknown.reason) == ("NOT_FOUND", "NOT_FOUND")
