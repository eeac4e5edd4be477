"""Reading executions, their steps and their history; waiting for them, and watching them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import grpc.aio
import msgspec
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tests.integration.workflows.hand import Caller, run_step, signal_wait
from tests.integration.workflows.service import Replica, step
from timeloom.workflows.v1 import workflows_pb2
from timeloom_platform.testing import eventually
from timeloom_workflows.engine.commands import Ended, Parked, Running
from timeloom_workflows.model import (
    Failure,
    HistoryEntry,
    HistoryType,
    Status,
    StepRef,
    StepStatus,
    TriggerType,
    WaitReason,
)

Filter = workflows_pb2.WorkflowExecutionFilter


@pytest.fixture
def caller(workflows_service: Replica) -> Caller:
    return Caller(workflows_service)


async def begun(replica: Replica, **fields: Any) -> str:
    """Begins an execution that nobody takes."""
    replica.ping.places = 0
    return str((await replica.engine.start(replica.new(**fields))).execution_id)


# -- Executions -------------------------------------------------------------------


async def test_an_execution_is_as_it_was_written(workflows_service: Replica, caller: Caller) -> None:
    claimed = await workflows_service.owned(tags=["blue"], attributes=b'{"n":1}', priority=-7)
    failure = Failure(type="ValueError", message="no", stack="at 1", step_id="one", is_final=True)
    await workflows_service.advance(
        claimed,
        Ended(status=Status.FAILED, failure=failure),
        steps=[step(claimed, status=StepStatus.FAILED, error=msgspec.json.encode(failure))],
    )

    answer = await caller.get(claimed.execution.id, include_steps=True)

    execution, (one,) = answer.execution, answer.steps
    assert execution.error == one.error
    assert (execution.error.type, execution.error.step_id, execution.error.is_final) == (
        "ValueError",
        "one",
        True,
    )
    assert (execution.input, execution.output, list(execution.tags), execution.priority) == (
        b'{"name":"Ada"}',
        b"",
        ["blue"],
        -7,
    )
    assert msgspec.json.decode(execution.attributes) == {"n": 1}
    assert (execution.step_count, execution.failed_step_count, execution.history_length) == (1, 1, 3)


async def test_a_list_has_the_newest_first_and_goes_on_where_it_stopped(
    workflows_service: Replica, caller: Caller
) -> None:
    ids = [await begun(workflows_service) for _ in range(5)]

    first = await caller.list(page_size=2)
    second = await caller.list(page_size=2, page_token=first.next_page_token)
    third = await caller.list(page_size=2, page_token=second.next_page_token)

    pages = [[each.id for each in page.executions] for page in (first, second, third)]
    assert pages == [ids[:2:-1], ids[2:0:-1], ids[:1]]
    assert third.next_page_token == ""
    assert first.executions[0].input == b""
    other = await caller.refused(caller.list(page_token=first.next_page_token, order_by="priority"))
    assert other.reason == "INVALID_PAGE_TOKEN"


@pytest.mark.parametrize("order_by", ["priority", "priority desc", "createTime asc", "endTime desc"])
async def test_every_order_is_kept_over_pages(
    workflows_service: Replica, caller: Caller, order_by: str
) -> None:
    for index in range(6):
        claimed = await workflows_service.owned(priority=index % 3)
        if index != 2:
            await workflows_service.advance(claimed, Ended(status=Status.SUCCEEDED))

    found, token = list[workflows_pb2.WorkflowExecution](), ""
    while True:
        page = await caller.list(page_size=2, page_token=token, order_by=order_by)
        found.extend(page.executions)
        if not (token := page.next_page_token):
            break

    def key(execution: workflows_pb2.WorkflowExecution) -> tuple[object, str]:
        if order_by.startswith("priority"):
            return execution.priority, execution.id
        time: Timestamp = execution.end_time if order_by.startswith("end") else execution.create_time
        return time.ToNanoseconds(), execution.id

    keys = [key(each) for each in found]
    assert len(keys) == (5 if order_by.startswith("end") else 6)
    assert keys == sorted(keys, reverse=order_by.endswith("desc"))


async def test_filters_leave_what_they_say(workflows_service: Replica, caller: Caller) -> None:
    parent = await workflows_service.owned()
    blue = await begun(workflows_service, tags=["blue", "big"], attributes=b'{"n": 1, "m": true}')
    cron = await begun(workflows_service, trigger=TriggerType.CRON, workflow_id="nightly")
    child = await begun(workflows_service, parent=StepRef(parent.execution.id, "one"), workflow_version=2)
    failure = Failure(type="ValueError")
    await workflows_service.advance(parent, Ended(status=Status.FAILED, failure=failure))
    held = await begun(workflows_service, held_back=True)
    everything = {str(parent.execution.id), blue, cron, child, held}
    soon = Timestamp()
    soon.FromDatetime(datetime.now(UTC) + timedelta(hours=1))

    async def left(**fields: Any) -> set[str]:
        return {each.id for each in (await caller.list(filter=Filter(**fields))).executions}

    assert await left() == everything
    assert await left(tags=["big", "blue"]) == {blue}
    assert await left(attributes=b'{"m": true}') == {blue}
    assert await left(trigger=workflows_pb2.TRIGGER_TYPE_CRON) == {cron}
    assert await left(workflow_ids=["nightly", "other"]) == {cron}
    assert await left(parent_execution_id=str(parent.execution.id)) == {child}
    assert await left(workflow_version=2) == {child}
    assert await left(error_type="ValueError") == {str(parent.execution.id)}
    assert await left(waiting_for=workflows_pb2.WAIT_REASON_SLOT) == {held}
    assert await left(statuses=[workflows_pb2.WORKFLOW_EXECUTION_STATUS_FAILED]) == {str(parent.execution.id)}
    assert await left(created_after=soon) == set()
    assert await left(created_before=soon) == everything


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"order_by": "id"}, "orderBy must be createTime, endTime or priority, each with ` asc` or ` desc`"),
        (
            {"filter": Filter(attributes=b"[1]")},
            "filter.attributes must be an object of strings, numbers and booleans",
        ),
        ({"filter": Filter(parent_execution_id="x")}, "filter.parentExecutionId must be a UUID"),
        ({"filter": Filter(tags=["\0"])}, "filter.tags must not contain the character U+0000"),
    ],
)
async def test_a_list_that_cannot_be_is_refused(caller: Caller, fields: Any, message: str) -> None:
    assert (await caller.refused(caller.list(**fields))).message == message


# -- Steps and history ------------------------------------------------------------


async def test_steps_are_listed_in_the_order_in_which_they_began(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    await run_step(
        workflows_service,
        claimed,
        step(claimed, "c", input=b"3", output=b"33"),
        step(claimed, "b", position=2, parent_id="c"),
        step(claimed, "a", position=3, **signal_wait("go")),
    )
    execution_id = claimed.execution.id

    first = await caller.steps(execution_id, page_size=2)
    rest = await caller.steps(execution_id, page_size=2, page_token=first.next_page_token)
    within = await caller.steps(execution_id, parent_id="c")
    waiting = await caller.steps(execution_id, statuses=[workflows_pb2.STEP_STATUS_WAITING])
    whole = await caller.steps(execution_id, include_documents=True, page_size=1)

    assert [each.id for each in (*first.steps, *rest.steps)] == ["c", "b", "a"]
    assert rest.next_page_token == ""
    assert first.steps[0].output == b""
    assert [each.id for each in within.steps] == ["b"]
    assert [(each.id, each.waiting_name) for each in waiting.steps] == [("a", "go")]
    assert [(each.input, each.output) for each in whole.steps] == [(b"3", b"33")]
    assert (await caller.step(execution_id, "c")).output == b"33"
    assert (await caller.refused(caller.step(execution_id, "nine"))).reason == "NOT_FOUND"


async def test_a_page_of_steps_ends_early_rather_than_be_too_large(
    workflows_service: Replica, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timeloom_workflows.limits.PAGE_BYTES_MAX", 2000)
    claimed = await workflows_service.owned()
    steps = [step(claimed, f"s{n}", position=n, output=b'"' + b"x" * 900 + b'"') for n in range(1, 6)]
    await run_step(workflows_service, claimed, *steps)

    ids, token, sizes = list[str](), "", list[int]()
    while True:
        page = await caller.steps(claimed.execution.id, include_documents=True, page_token=token)
        ids += [each.id for each in page.steps]
        sizes.append(len(page.steps))
        if not (token := page.next_page_token):
            break

    assert (ids, sizes) == (["s1", "s2", "s3", "s4", "s5"], [2, 2, 1])


async def test_the_history_is_listed_in_order(workflows_service: Replica, caller: Caller) -> None:
    claimed = await workflows_service.owned()
    entries = [
        HistoryEntry(type=HistoryType.STEP_STARTED, step_id=f"s{n}", attempt=1, attributes=b'{"n":%d}' % n)
        for n in range(4)
    ]
    await workflows_service.advance(claimed, Running(), entries=entries)

    first = await caller.history(claimed.execution.id, page_size=4)
    rest = await caller.history(claimed.execution.id, page_token=first.next_page_token)
    tail = await caller.history(claimed.execution.id, after_sequence=5)

    assert [each.sequence for each in (*first.events, *rest.events)] == [1, 2, 3, 4, 5, 6]
    assert [(each.step_id, each.attributes) for each in tail.events] == [("s3", b'{"n":3}')]


# -- Waiting and watching ---------------------------------------------------------


async def test_a_call_waits_for_the_end(workflows_service: Replica, caller: Caller) -> None:
    claimed = await workflows_service.owned()
    waiting = asyncio.ensure_future(caller.get(claimed.execution.id, wait_seconds=60))
    await eventually(lambda: len(workflows_service.engine.waiters) == 1)

    await workflows_service.advance(claimed, Ended(status=Status.SUCCEEDED, output=b'"done"'))

    assert (await waiting).execution.output == b'"done"'
    assert (await caller.get(claimed.execution.id, wait_seconds=60)).execution.output == b'"done"'


async def test_a_call_waits_for_an_end_that_comes_from_a_cancellation(
    workflows_service: Replica, caller: Caller
) -> None:
    execution_id = await begun(workflows_service)
    waiting = asyncio.ensure_future(caller.get(execution_id, wait_seconds=60))
    await eventually(lambda: len(workflows_service.engine.waiters) == 1)

    await caller.cancel(execution_id)

    assert (await waiting).execution.status == workflows_pb2.WORKFLOW_EXECUTION_STATUS_CANCELLED


async def test_who_watches_sees_what_changed_until_the_end(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    call = caller.watch(claimed.execution.id)
    first = await call.read()
    await workflows_service.advance(
        claimed,
        Running(),
        steps=[step(claimed, "one", output=b"1")],
        entries=[HistoryEntry(type=HistoryType.STEP_SUCCEEDED, step_id="one")],
    )
    second = await call.read()
    await workflows_service.advance(
        claimed,
        Ended(status=Status.SUCCEEDED, output=b"2"),
        steps=[step(claimed, "two", position=2)],
        entries=[HistoryEntry(type=HistoryType.STEP_SUCCEEDED, step_id="two")],
    )
    third = await call.read()

    assert (first.sequence, [each.id for each in first.steps]) == (2, [])
    assert (second.sequence, [each.id for each in second.steps]) == (3, ["one"])
    assert (second.steps[0].output, second.execution.input) == (b"", b"")
    assert (third.sequence, [each.id for each in third.steps]) == (5, ["two"])
    assert (third.execution.input, third.execution.output) == (b'{"name":"Ada"}', b"2")
    assert await call.read() == grpc.aio.EOF


async def test_watching_goes_on_after_the_entry_that_was_seen_last(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    for name in ("one", "two"):
        await workflows_service.advance(
            claimed,
            Running(),
            steps=[step(claimed, name)],
            entries=[HistoryEntry(type=HistoryType.STEP_SUCCEEDED, step_id=name)],
        )
    await workflows_service.advance(claimed, Ended(status=Status.SUCCEEDED))

    seen = [
        (each.sequence, [s.id for s in each.steps]) async for each in caller.watch(claimed.execution.id, 3)
    ]

    assert seen == [(5, ["two"])]
    again = [(each.sequence, len(each.steps)) async for each in caller.watch(claimed.execution.id, 5)]
    assert again == [(5, 0)]


async def test_a_long_history_comes_in_several_messages(
    workflows_service: Replica, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timeloom_workflows.limits.WATCHED_ENTRIES", 3)
    claimed = await workflows_service.owned()
    steps = [step(claimed, f"s{n}", position=n) for n in range(1, 8)]
    entries = [HistoryEntry(type=HistoryType.STEP_SUCCEEDED, step_id=each.id) for each in steps]
    await workflows_service.advance(claimed, Ended(status=Status.SUCCEEDED), steps=steps, entries=entries)

    looks = [each async for each in caller.watch(claimed.execution.id)]

    assert [each.sequence for each in looks] == [3, 6, 9, 10]
    assert [[s.id for s in each.steps] for each in looks] == [
        ["s1"],
        ["s2", "s3", "s4"],
        ["s5", "s6", "s7"],
        [],
    ]


async def test_who_watches_a_fork_sees_the_steps_that_it_has_had(
    workflows_service: Replica, caller: Caller
) -> None:
    original = await workflows_service.owned()
    await run_step(workflows_service, original, step(original))
    fork = await caller.fork(original.execution.id, step_id="one")

    call = caller.watch(UUID(fork.id))
    first = await call.read()
    call.cancel()

    assert [each.id for each in first.steps] == ["one"]


async def test_who_watches_what_another_replica_drives_sees_it_all_the_same(
    workflows_service: Replica, another_replica: Any
) -> None:
    async with another_replica() as other:
        claimed = await workflows_service.owned()
        call = Caller(other).watch(claimed.execution.id)
        await call.read()

        await workflows_service.advance(claimed, Ended(status=Status.SUCCEEDED))

        assert (await call.read()).execution.status == workflows_pb2.WORKFLOW_EXECUTION_STATUS_SUCCEEDED


async def test_whoever_watches_is_sent_elsewhere_when_the_service_stops(
    workflows_service: Replica, caller: Caller
) -> None:
    claimed = await workflows_service.owned()
    call = caller.watch(claimed.execution.id)
    await call.read()

    workflows_service.assembly.end_streams()

    assert (await caller.refused(call.read())).reason == "UNAVAILABLE"
    with suppress(asyncio.CancelledError):
        call.cancel()


async def test_nobody_watches_what_is_not_there(caller: Caller) -> None:
    assert (await caller.refused(caller.watch(UUID(int=7)).read())).reason == "NOT_FOUND"


async def test_a_parked_execution_says_what_it_waits_for(workflows_service: Replica, caller: Caller) -> None:
    claimed = await workflows_service.owned()
    later = datetime.now(UTC) + timedelta(hours=1)
    await workflows_service.advance(claimed, Parked(inbox=0, due_time=later, waiting_for=WaitReason.TIME))

    execution = (await caller.get(claimed.execution.id)).execution

    assert execution.waiting_for == workflows_pb2.WAIT_REASON_TIME
    assert execution.wake_time.ToDatetime(UTC) == later
