"""What the committer promises of what is committed together."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg

from tests.integration.workflows.service import Replica, step
from timeloom.events.v1 import events_pb2
from timeloom_platform.errors import TimeloomError
from timeloom_platform.testing import eventually
from timeloom_workflows.engine.commands import (
    NOT_COMMITTED,
    Advance,
    Advanced,
    Ended,
    Parked,
    Requeued,
    Running,
)
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.engine.engine import execution_of_new
from timeloom_workflows.model import (
    Failure,
    HistoryEntry,
    HistoryType,
    Stage,
    Status,
    StepRef,
    StepStatus,
    StepType,
    TriggerType,
    WaitReason,
)
from timeloom_workflows.storage import committing
from timeloom_workflows.storage.committing import Beginning
from timeloom_workflows.storage.system import SystemConnection

SUCCEEDED = Ended(status=Status.SUCCEEDED, output=b'"hello"')


async def test_an_execution_runs_from_its_beginning_to_its_end_in_two_commits(
    workflows_service: Replica,
) -> None:
    claimed = await workflows_service.owned()

    entry = HistoryEntry(type=HistoryType.STEP_SUCCEEDED, step_id="one", attempt=1)
    advanced = await workflows_service.advance(
        claimed, SUCCEEDED, steps=[step(claimed, output=b"1")], entries=[entry]
    )

    assert advanced == Advanced(committed=True, stage=Stage.ENDED, history_length=4)
    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.status, execution.output) == (Status.SUCCEEDED, b'"hello"')
    assert (execution.step_count, execution.succeeded_step_count, execution.history_length) == (1, 1, 4)
    assert execution.end_time is not None
    assert await history_of(workflows_service, claimed) == [
        (1, HistoryType.EXECUTION_CREATED, ""),
        (2, HistoryType.EXECUTION_STARTED, ""),
        (3, HistoryType.STEP_SUCCEEDED, "one"),
        (4, HistoryType.EXECUTION_SUCCEEDED, ""),
    ]


async def test_what_begins_here_is_known_as_its_row_has_it(workflows_service: Replica) -> None:
    new = workflows_service.new(
        tags=("a", "b"), attributes=b'{"n": 1}', priority=3, time_allowed=timedelta(hours=1)
    )
    begun = await workflows_service.engine.start(new)
    execution = await workflows_service.execution(new.id)

    known = execution_of_new(new, begun)
    assert execution.deadline == execution.create_time + timedelta(hours=1)
    for name in known.__struct_fields__:
        if name not in ("owner", "tags"):
            assert getattr(known, name) == getattr(execution, name), name
    assert tuple(execution.tags) == ("a", "b")
    assert execution.owner == workflows_service.engine.id


async def test_a_failed_end_says_why(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    failure = Failure(type="ValueError", message="No.", step_id="one")

    await workflows_service.advance(claimed, Ended(status=Status.FAILED, failure=failure))

    execution = await workflows_service.execution(claimed.execution.id)
    assert execution.status == Status.FAILED
    assert execution.error == b'{"type":"ValueError","message":"No.","stepId":"one"}'
    assert (await history_of(workflows_service, claimed))[-1] == (3, HistoryType.EXECUTION_FAILED, "")


async def test_a_step_that_has_ended_is_never_overwritten(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    await workflows_service.advance(claimed, Running(), steps=[step(claimed, output=b"1")])

    entry = HistoryEntry(type=HistoryType.STEP_FAILED, step_id="one")
    other = HistoryEntry(type=HistoryType.STEP_SUCCEEDED, step_id="two")
    failed = step(claimed, status=StepStatus.FAILED)
    advanced = await workflows_service.advance(
        claimed, Running(), steps=[failed, step(claimed, "two", position=2)], entries=[entry, other]
    )

    assert (advanced.committed, advanced.history_length) == (True, 3)
    kept, _ = await workflows_service.steps(claimed.execution.id)
    assert (kept.status, kept.output) == (StepStatus.SUCCEEDED, b"1")
    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.step_count, execution.succeeded_step_count, execution.failed_step_count) == (2, 2, 0)
    assert (await history_of(workflows_service, claimed))[2:] == [(3, HistoryType.STEP_SUCCEEDED, "two")]


async def test_a_step_goes_on_as_it_is_told_until_it_ends(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    waiting = step(claimed, status=StepStatus.WAITING, waiting_for=WaitReason.EVENT, waiting_name="paid")
    await workflows_service.advance(claimed, Running(), steps=[waiting])
    await workflows_service.advance(claimed, Running(), steps=[step(claimed, output=b"2", attempt=2)])

    (ended,) = await workflows_service.steps(claimed.execution.id)
    assert (ended.status, ended.output, ended.attempt) == (StepStatus.SUCCEEDED, b"2", 2)
    assert (ended.waiting_for, ended.waiting_name) == (WaitReason.NONE, None)
    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.step_count, execution.succeeded_step_count) == (1, 1)


async def test_what_is_said_last_of_a_step_counts(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    running = step(claimed, status=StepStatus.RUNNING)

    await workflows_service.advance(claimed, Running(), steps=[running, step(claimed, output=b"1")])

    (ended,) = await workflows_service.steps(claimed.execution.id)
    assert (ended.status, ended.output) == (StepStatus.SUCCEEDED, b"1")


async def test_a_token_that_is_no_longer_its_own_changes_nothing(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    await set_columns(workflows_service, claimed, "token = token + 1")

    child = workflows_service.new()
    advanced = await workflows_service.advance(
        claimed,
        SUCCEEDED,
        steps=[step(claimed)],
        entries=[HistoryEntry(type=HistoryType.STEP_SUCCEEDED)],
        children=[child],
    )

    assert advanced == NOT_COMMITTED
    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.status, execution.history_length, execution.step_count) == (Status.RUNNING, 2, 0)
    assert await workflows_service.steps(claimed.execution.id) == []
    assert len(await workflows_service.history(claimed.execution.id)) == 2
    assert await count(workflows_service, "executions") == 1
    # Only the beginning was told of.
    assert await told(workflows_service) == [(claimed.execution.id, Status.RUNNING, 2)]
    # It is not ours any more: whoever goes on about it is refused without a look.
    assert await workflows_service.advance(claimed, Running()) == NOT_COMMITTED


async def test_what_more_has_come_for_than_was_seen_is_not_written_and_stays_with_its_driver(
    workflows_service: Replica,
) -> None:
    claimed = await workflows_service.owned()
    await set_columns(workflows_service, claimed, "inbox = 2, cancelling = TRUE")

    refused = await workflows_service.advance(claimed, Running(), steps=[step(claimed)], seen_inbox=1)
    assert refused == Advanced(
        committed=False, stage=Stage.OWNED, inbox=2, cancelling=True, history_length=refused.history_length
    )
    assert await workflows_service.steps(claimed.execution.id) == []

    taken = await workflows_service.advance(claimed, Running(), steps=[step(claimed)], seen_inbox=2)
    assert taken.committed
    assert [each.id for each in await workflows_service.steps(claimed.execution.id)] == ["one"]


async def test_what_was_queued_by_others_is_not_written_to(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    workflows_service.ping.places = 0
    await set_columns(workflows_service, claimed, "stage = 1, owner = NULL")

    assert await workflows_service.advance(claimed, Running(), steps=[step(claimed)]) == NOT_COMMITTED
    assert await workflows_service.steps(claimed.execution.id) == []


async def test_an_execution_parks_until_something_comes(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    due = datetime.now(UTC) + timedelta(days=1)

    parked = Parked(inbox=0, due_time=due, waiting_for=WaitReason.TIME)
    advanced = await workflows_service.advance(claimed, parked, steps=[step(claimed)])

    assert (advanced.committed, advanced.stage) == (True, Stage.PARKED)
    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.stage, execution.due_time, execution.owner) == (Stage.PARKED, due, None)
    assert (execution.waiting_for, execution.delivery) == (WaitReason.TIME, 0)
    assert len(workflows_service.engine.holdings) == 0


async def test_an_inbox_that_grew_queues_what_would_have_been_parked(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    await set_columns(workflows_service, claimed, "inbox = 2")
    workflows_service.ping.places = 0

    parked = Parked(inbox=1, due_time=None, waiting_for=WaitReason.SIGNAL)
    advanced = await workflows_service.advance(claimed, parked)

    assert (advanced.stage, advanced.inbox) == (Stage.QUEUED, 2)
    assert (await workflows_service.execution(claimed.execution.id)).stage == Stage.QUEUED


async def test_a_paused_execution_parks_and_stays_parked(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    await set_columns(workflows_service, claimed, "paused = true, status = 3, inbox = 1")

    parked = Parked(inbox=0, due_time=None, waiting_for=WaitReason.NONE)
    advanced = await workflows_service.advance(claimed, parked, steps=[step(claimed)])

    assert (advanced.stage, advanced.paused) == (Stage.PARKED, True)
    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.stage, execution.status) == (Stage.PARKED, Status.PAUSED)


async def test_a_paused_execution_does_not_end(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    await set_columns(workflows_service, claimed, "paused = true, status = 3")

    advanced = await workflows_service.advance(claimed, SUCCEEDED, steps=[step(claimed)])

    assert (advanced.committed, advanced.stage, advanced.paused) == (True, Stage.OWNED, True)
    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.status, execution.output, execution.succeeded_step_count) == (Status.PAUSED, None, 1)
    assert (await history_of(workflows_service, claimed))[-1] == (2, HistoryType.EXECUTION_STARTED, "")


async def test_a_cancellation_is_not_overtaken_by_an_end_that_does_not_know_of_it(
    workflows_service: Replica,
) -> None:
    claimed = await workflows_service.owned()
    await set_columns(workflows_service, claimed, "cancelling = true")

    unaware = await workflows_service.advance(claimed, SUCCEEDED)
    assert (unaware.committed, unaware.stage, unaware.cancelling) == (True, Stage.OWNED, True)

    aware = await workflows_service.advance(claimed, Ended(status=Status.CANCELLED))
    assert (aware.committed, aware.stage) == (True, Stage.ENDED)
    assert (await history_of(workflows_service, claimed))[-1] == (3, HistoryType.EXECUTION_CANCELLED, "")


async def test_a_failed_compensation_ends_what_was_to_be_cancelled_as_failed(
    workflows_service: Replica,
) -> None:
    claimed = await workflows_service.owned()
    await set_columns(workflows_service, claimed, "cancelling = true")

    failure = Failure(type="CompensationError")
    ended = Ended(status=Status.FAILED, failure=failure, knows_cancelling=True)
    advanced = await workflows_service.advance(claimed, ended)

    assert advanced.stage == Stage.ENDED
    assert (await workflows_service.execution(claimed.execution.id)).status == Status.FAILED


async def test_hand_outs_count_until_something_was_done(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    deliveries = list[int]()
    for outcome in (Requeued(), Requeued(), Requeued(is_forgiven=True), Requeued()):
        deliveries.append(claimed.execution.delivery)
        await workflows_service.advance(claimed, outcome)
        claimed = await claimed_again(workflows_service, claimed)
    assert deliveries == [1, 2, 3, 3]

    await workflows_service.advance(claimed, Requeued(), steps=[step(claimed)])
    assert (await claimed_again(workflows_service, claimed)).execution.delivery == 1


async def test_two_commits_of_one_execution_at_once_keep_their_order(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    entries = [
        HistoryEntry(type=HistoryType.STEP_SUCCEEDED, step_id=f"step {number}") for number in range(20)
    ]

    advances = [
        workflows_service.advance(
            claimed, Running(), steps=[step(claimed, entry.step_id, position=number)], entries=[entry]
        )
        for number, entry in enumerate(entries, start=1)
    ]
    advanced = await asyncio.gather(*advances)

    assert [each.history_length for each in advanced] == list(range(3, 23))
    assert (await history_of(workflows_service, claimed))[2:] == [
        (number, HistoryType.STEP_SUCCEEDED, f"step {number - 3}") for number in range(3, 23)
    ]


async def test_many_executions_are_committed_together(workflows_service: Replica) -> None:
    begun = await workflows_service.engine.start_all([workflows_service.new() for _ in range(90)])
    assert {each.stage for each in begun} == {Stage.OWNED}
    held = [workflows_service.ping.claimed[each.execution_id] for each in begun]

    advanced = await asyncio.gather(
        *(
            workflows_service.advance(
                each,
                SUCCEEDED,
                steps=[step(each, f"step {number}", position=number) for number in range(index % 5)],
                entries=[
                    HistoryEntry(type=HistoryType.STEP_SUCCEEDED, step_id=f"step {number}")
                    for number in range(index % 5)
                ],
            )
            for index, each in enumerate(held)
        )
    )

    assert [each.history_length for each in advanced] == [3 + index % 5 for index in range(90)]
    for index, each in enumerate(held):
        execution = await workflows_service.execution(each.execution.id)
        assert (execution.step_count, execution.succeeded_step_count) == (index % 5, index % 5)


async def test_one_that_the_database_refuses_does_not_take_others_with_it(workflows_service: Replica) -> None:
    good, bad = [await workflows_service.owned() for _ in range(2)]

    outcomes = await asyncio.gather(
        workflows_service.advance(good, SUCCEEDED, steps=[step(good)]),
        workflows_service.advance(bad, SUCCEEDED, steps=[step(bad, "\x00")]),
        return_exceptions=True,
    )

    assert isinstance(outcomes[0], Advanced)
    assert outcomes[0].committed
    assert isinstance(outcomes[1], TimeloomError)
    # Nobody knows what its driver thinks of it: somebody else goes on with it.
    again = await claimed_again(workflows_service, bad)
    assert again.execution.token == bad.execution.token + 1


async def test_executions_with_the_same_key_begin_once(workflows_service: Replica) -> None:
    begun = await asyncio.gather(
        *(workflows_service.engine.start(workflows_service.new(idempotency_key="k")) for _ in range(10))
    )

    assert sum(each.is_new for each in begun) == 1
    assert len({each.execution_id for each in begun}) == 1
    assert await count(workflows_service, "executions") == 1
    # Places that were kept for those that did not begin are free again.
    assert workflows_service.ping.places == 99
    other = await workflows_service.engine.start(
        workflows_service.new(workflow_id="other", idempotency_key="k")
    )
    assert other.is_new


async def test_children_begin_with_the_commit_and_their_ends_come_back(workflows_service: Replica) -> None:
    parent = await workflows_service.owned()
    child = workflows_service.new(
        trigger=TriggerType.WORKFLOW, parent=StepRef(parent.execution.id, "call"), input=b"7"
    )
    call = step(
        parent,
        "call",
        type=StepType.WORKFLOW,
        status=StepStatus.WAITING,
        waiting_for=WaitReason.EXECUTION,
        waiting_name=str(child.id),
    )
    parked = Parked(inbox=0, due_time=None, waiting_for=WaitReason.EXECUTION)
    await workflows_service.advance(parent, parked, steps=[call], children=[child])

    claimed = await workflows_service.claimed(child.id)
    assert (claimed.execution.parent_id, claimed.execution.input) == (parent.execution.id, b"7")
    await workflows_service.advance(claimed, SUCCEEDED)

    again = await claimed_again(workflows_service, parent)
    (answered,) = again.steps
    assert (answered.status, answered.output) == (StepStatus.SUCCEEDED, b'"hello"')
    assert (again.execution.inbox, again.execution.succeeded_step_count) == (1, 1)
    assert (await history_of(workflows_service, parent))[-1] == (3, HistoryType.STEP_SUCCEEDED, "call")
    assert await count(workflows_service, "endings") == 0


async def test_a_batch_that_is_sent_again_is_recognised(workflows_service: Replica) -> None:
    engine = workflows_service.engine
    claimed = await workflows_service.owned()
    execution = claimed.execution
    advance = Advance(
        project_id=execution.project_id,
        execution_id=execution.id,
        token=execution.token,
        outcome=Running(),
        steps=[step(claimed)],
        entries=[HistoryEntry(type=HistoryType.STEP_SUCCEEDED, step_id="one")],
    )
    new = workflows_service.new()
    connection = SystemConnection(workflows_service.database)

    outcomes = [
        await committing.commit(
            connection,
            batch_id=4711,
            is_repeated=is_repeated,
            engine_id=engine.id,
            advances=[advance],
            beginnings=[Beginning(new)],
            events=[b"", b""],
        )
        for is_repeated in (False, True, True)
    ]
    await connection.close()

    assert [list(each.lengths) for each in outcomes] == [[3, 1]] * 3
    assert [list(each.begun) for each in outcomes] == [[new.id]] * 3
    assert len(await workflows_service.history(execution.id)) == 3
    assert (await workflows_service.execution(execution.id)).step_count == 1


async def test_a_repetition_of_what_never_arrived_is_committed(workflows_service: Replica) -> None:
    new = workflows_service.new()
    connection = SystemConnection(workflows_service.database)

    outcome = await committing.commit(
        connection,
        batch_id=4712,
        is_repeated=True,
        engine_id=uuid4(),
        advances=[],
        beginnings=[Beginning(new)],
        events=[b""],
    )
    await connection.close()

    assert (list(outcome.lengths), list(outcome.stages)) == ([1], [Stage.QUEUED])
    assert len(await workflows_service.history(new.id)) == 1


async def test_a_commit_survives_the_loss_of_its_connection(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    holder = await asyncpg.connect(workflows_service.database_url)
    await holder.execute("SET ROLE timeloom_workflows_system; SET search_path = workflows")
    async with holder.transaction():
        # The commit waits for the row, and its connection is cut.
        await holder.execute("SELECT FROM executions FOR UPDATE")
        entry = HistoryEntry(type=HistoryType.STEP_SUCCEEDED, step_id="one")
        advance = asyncio.ensure_future(
            workflows_service.advance(claimed, Running(), steps=[step(claimed)], entries=[entry])
        )
        cut = """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND query LIKE '%commit_batch%' AND datname = current_database()
        """
        await holder.execute("RESET ROLE")
        assert await eventually(lambda: holder.fetchval(cut))
    await holder.close()

    assert (await advance).committed
    assert len(await workflows_service.steps(claimed.execution.id)) == 1
    assert len(await workflows_service.history(claimed.execution.id)) == 3


async def test_what_is_to_begin_later_is_parked_until_then(workflows_service: Replica) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)

    begun = await workflows_service.engine.start(
        workflows_service.new(start_time=later, time_allowed=timedelta(hours=2))
    )

    execution = await workflows_service.execution(begun.execution_id)
    assert (execution.stage, execution.status, execution.due_time) == (Stage.PARKED, Status.PENDING, later)
    assert (execution.waiting_for, execution.deadline) == (WaitReason.TIME, later + timedelta(hours=2))
    assert execution.start_time is None


async def test_what_is_held_back_is_not_taken(workflows_service: Replica) -> None:
    begun = await workflows_service.engine.start(workflows_service.new(held_back=True))
    queued = await workflows_service.owned()

    assert queued.execution.id != begun.execution_id
    execution = await workflows_service.execution(begun.execution_id)
    assert (execution.stage, execution.waiting_for) == (Stage.HELD_BACK, WaitReason.SLOT)


async def test_every_commit_is_told(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    await workflows_service.advance(claimed, Running(), steps=[step(claimed)])
    await workflows_service.advance(claimed, SUCCEEDED)

    assert await told(workflows_service) == [
        (claimed.execution.id, Status.RUNNING, 2),
        (claimed.execution.id, Status.RUNNING, 2),
        (claimed.execution.id, Status.SUCCEEDED, 3),
    ]


async def test_an_outcome_without_a_driver_is_refused(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    await workflows_service.advance(claimed, SUCCEEDED)

    assert await workflows_service.advance(claimed, SUCCEEDED) == NOT_COMMITTED


async def history_of(replica: Replica, claimed: Claimed) -> list[tuple[int, HistoryType, str]]:
    entries = await replica.history(claimed.execution.id)
    return [(entry.sequence, entry.type, entry.step_id) for entry in entries]


async def set_columns(replica: Replica, claimed: Claimed, columns: str) -> None:
    async with replica.rows() as connection:
        await connection.execute(f"UPDATE executions SET {columns} WHERE id = $1", claimed.execution.id)


async def count(replica: Replica, table: str) -> int:
    async with replica.rows() as connection:
        found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return found


async def claimed_again(replica: Replica, claimed: Claimed) -> Claimed:
    """Waits until an execution was handed out once more."""
    return await replica.claimed(claimed.execution.id, after_token=claimed.execution.token)


async def told(replica: Replica) -> list[tuple[object, int, int]]:
    """Returns what was told and not relayed yet."""
    async with replica.rows() as connection:
        rows = await connection.fetch("SELECT batch FROM outbox ORDER BY position")
    changes = [
        event.workflow_execution_changed
        for row in rows
        for event in events_pb2.OutboxBatch.FromString(row["batch"]).events
    ]
    return [(UUID(change.execution_id), change.status, change.history_length) for change in changes]
