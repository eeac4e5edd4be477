"""Events: they make workflows begin, and end the waits of steps."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from tests.integration.snapshots.service import refused
from tests.integration.workflows.service import Replica, running_replica, step
from tests.integration.workflows.triggering import executions, publish, put, triggers
from timeloom.events.v1 import events_pb2
from timeloom.workflows.v1 import workflow_triggers_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2, workflows_service_pb2
from timeloom_platform.ids import uuid7
from timeloom_platform.testing import eventually
from timeloom_workflows.engine.commands import Parked, Running
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.model import HistoryType, Step, StepStatus, StepType, TriggerType, WaitReason
from timeloom_workflows.settings import EngineSettings
from timeloom_workflows.storage import dead_letters
from timeloom_workflows.storage.dead_letters import DeadLetter
from timeloom_workflows.storage.events import NewEvent
from timeloom_workflows.triggers import publishing
from timeloom_workflows.triggers.publishing import LOOKS_MAX

LOOK_NOW = "UPDATE events SET look_time = clock_timestamp() WHERE handle_time IS NULL"


def wait(claimed: Claimed, step_id: str = "wait", condition: str = "") -> Step:
    """Makes a step that waits for an event."""
    return step(
        claimed,
        step_id,
        type=StepType.WAIT,
        status=StepStatus.WAITING,
        waiting_for=WaitReason.EVENT,
        waiting_name="order/paid",
        details=json.dumps({"condition": condition}).encode() if condition else None,
    )


async def test_an_event_begins_the_workflows_that_ask_for_it(workflows_service: Replica) -> None:
    await put(
        workflows_service,
        triggers=[
            {
                "type": "event",
                "event": "document/uploaded",
                "match": "event.data.size > 10",
                "input": {"name": "${ event.data.name }", "by": "event ${ event.id }"},
            }
        ],
    )

    published = await publish(
        workflows_service, "document/uploaded", {"name": "a", "size": 11}, event_id="e1"
    )
    other = await publish(workflows_service, "document/uploaded", {"name": "b", "size": 9})

    (execution,) = await executions(workflows_service)
    assert list(published.started_execution_ids) == [str(execution.id)]
    assert list(other.started_execution_ids) == []
    assert json.loads(execution.input or b"") == {"name": "a", "by": "event e1"}
    assert (execution.trigger, execution.trigger_id) == (TriggerType.EVENT, "e1")


async def test_an_event_that_is_published_twice_counts_once(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[{"type": "event", "event": "a"}])

    first = await publish(workflows_service, "a", {"n": 1}, event_id="same")
    second = await publish(workflows_service, "a", {"n": 2}, event_id="same")

    assert second == first
    assert [execution.input for execution in await executions(workflows_service)] == [b'{"n": 1}']


async def test_what_cannot_begin_is_told_with_the_trigger(workflows_service: Replica) -> None:
    await put(
        workflows_service,
        input={"type": "object", "required": ["name"]},
        triggers=[{"type": "event", "event": "a"}],
    )

    await publish(workflows_service, "a", {})
    (trigger,) = await triggers(workflows_service)
    assert "name" in trigger.problem

    await publish(workflows_service, "a", {"name": "Ada"})
    (trigger,) = await triggers(workflows_service)
    assert trigger.problem == ""
    assert trigger.HasField("last_fire_time")


async def test_triggers_of_a_workflow_that_is_switched_off_do_not_fire(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[{"type": "event", "event": "a"}])
    await workflows_service.workflows.DisableWorkflow(
        workflows_service_pb2.DisableWorkflowRequest(workflow_id="greet"), metadata=workflows_service.metadata
    )

    published = await publish(workflows_service, "a")

    assert list(published.started_execution_ids) == []


async def test_the_names_of_the_server_are_its_own(workflows_service: Replica) -> None:
    refusal = await refused(publish(workflows_service, "timeloom/memory.changed"))

    assert refusal.reason == "INVALID_FIELD"
    assert "events[0].name" in refusal.message


async def test_an_event_ends_the_waits_for_it(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    waiting = [wait(claimed, "any"), wait(claimed, "mine", "event.data.order == 7")]
    await workflows_service.advance(
        claimed, Parked(inbox=0, due_time=None, waiting_for=WaitReason.EVENT), steps=waiting
    )

    await publish(workflows_service, "order/paid", {"order": 7}, event_id="e7")

    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.inbox, execution.succeeded_step_count) == (1, 2)
    ended = {each.id: each for each in await workflows_service.steps(claimed.execution.id)}
    output = json.loads(ended["mine"].output or b"")
    assert (output["id"], output["name"], output["data"]) == ("e7", "order/paid", {"order": 7})
    history = [entry.type for entry in await workflows_service.history(claimed.execution.id)]
    assert history.count(HistoryType.EVENT_RECEIVED) == 2


async def test_a_wait_looks_back_and_takes_no_event_twice(workflows_service: Replica) -> None:
    await publish(workflows_service, "order/paid", 0, event_id="before")
    claimed = await workflows_service.owned()
    await publish(workflows_service, "order/paid", 1, event_id="first")
    await publish(workflows_service, "order/paid", 2, event_id="second")
    waking = workflows_service.assembly.triggering.waking

    taken: list[str] = []
    for number in range(3):
        waiting = wait(claimed, f"wait:{number}")
        await workflows_service.advance(claimed, Running(), steps=[waiting])
        if await waking.look_back(workflows_service.project_id, claimed.execution.id, waiting):
            steps = {each.id: each for each in await workflows_service.steps(claimed.execution.id)}
            taken.append(json.loads(steps[waiting.id].output or b"")["id"])

    assert taken == ["first", "second"]


async def test_no_event_is_missed_however_it_races_with_its_wait(database_url: str) -> None:
    chance = random.Random(7)

    async def register(replica: Replica, claimed: Claimed) -> None:
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        waiting = wait(claimed, condition=f"event.data == '{claimed.execution.id}'")
        await replica.advance(claimed, Running(), steps=[waiting])
        await replica.assembly.triggering.waking.look_back(replica.project_id, claimed.execution.id, waiting)

    # With a lease that a busy machine does not break.
    async with running_replica(database_url, engine=EngineSettings(engine_lease_seconds=60)) as replica:
        for _ in range(10):
            claims = [await replica.owned() for _ in range(30)]
            races: list[Coroutine[Any, Any, object]] = []
            for claimed in claims:
                races.append(register(replica, claimed))
                races.append(publish(replica, "order/paid", str(claimed.execution.id)))
            chance.shuffle(races)
            await asyncio.gather(*races)
            for claimed in claims:
                (ended,) = await replica.steps(claimed.execution.id)
                assert ended.status is StepStatus.SUCCEEDED
                execution = await replica.execution(claimed.execution.id)
                assert execution.succeeded_step_count == 1
            replica.ping.places += len(claims)
            async with replica.rows() as connection:
                await connection.execute("DELETE FROM events")


async def test_an_event_whose_publisher_died_is_handled(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[{"type": "event", "event": "a"}])
    events = workflows_service.assembly.triggering.events
    async with workflows_service.rows() as connection:
        await events.insert(connection, workflows_service.project_id, [NewEvent(id="left", name="a")])
        await connection.execute(LOOK_NOW)

    async def handled() -> bool:
        return len(await executions(workflows_service)) == 1

    await eventually(handled)


async def broken_wait(replica: Replica) -> None:
    """A step whose wait for an event nobody can make sense of."""
    claimed = await replica.owned(workflow_id="other")
    parked = Parked(inbox=0, due_time=None, waiting_for=WaitReason.EVENT)
    await replica.advance(claimed, parked, steps=[wait(claimed)])
    async with replica.rows() as connection:
        await connection.execute("UPDATE steps SET details = '{\"condition\": 5}' WHERE id = 'wait'")


async def mended(replica: Replica) -> None:
    async with replica.rows() as connection:
        await connection.execute("UPDATE steps SET details = NULL WHERE id = 'wait'")


async def given_up(replica: Replica) -> Sequence[DeadLetter]:
    """Waits until there is a dead letter; whoever looks after events need not wait as long as they would."""

    async def letters() -> Sequence[DeadLetter]:
        async with replica.rows() as connection:
            await connection.execute(LOOK_NOW)
        async with replica.rows() as connection:
            return await dead_letters.select_page(
                connection, replica.project_id, workflow_id="", with_redriven=False, after=None, limit=10
            )

    return await eventually(letters, timeout_seconds=60)


async def test_an_event_that_cannot_be_handled_is_given_up_and_holds_up_no_other(
    workflows_service: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "SWEEP_SECONDS", 0.05)
    await put(workflows_service, triggers=[{"type": "event", "event": "order/paid"}])
    await broken_wait(workflows_service)

    poison = await publish(workflows_service, "order/paid", event_id="poison")
    # What can be done for it is done, and others are handled meanwhile.
    assert len(await executions(workflows_service)) == 1
    await put(workflows_service, "beside", triggers=[{"type": "event", "event": "a"}])
    other = await publish(workflows_service, "a")

    (letter,) = await given_up(workflows_service)
    assert (letter.event_id, letter.execution_id, letter.error.type) == ("poison", None, "ValidationError")
    assert (list(poison.started_execution_ids), len(other.started_execution_ids)) == ([], 1)
    async with workflows_service.rows() as connection:
        assert await connection.fetchval("SELECT attempts FROM events WHERE id = 'poison'") == LOOKS_MAX

    await mended(workflows_service)
    await workflows_service.assembly.hand.dead_letters.redrive(workflows_service.project_id, letter.id)

    async def woken() -> bool:
        async with workflows_service.rows() as connection:
            found = await connection.fetchval("SELECT woken_execution_ids FROM events WHERE id = 'poison'")
        return bool(found)

    await eventually(woken)
    assert len(await executions(workflows_service)) == 1


async def test_an_event_that_takes_down_whoever_handles_it_is_given_up(workflows_service: Replica) -> None:
    events = workflows_service.assembly.triggering.events
    async with workflows_service.rows() as connection:
        await events.insert(connection, workflows_service.project_id, [NewEvent(id="left", name="a")])
        await connection.execute("UPDATE events SET attempts = $1", LOOKS_MAX)

    (letter,) = await given_up(workflows_service)

    assert (letter.event_id, letter.error.type) == ("left", "PoisonError")


async def test_what_other_services_commit_is_an_event(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[{"type": "event", "event": "timeloom/memory.changed"}])
    committed = workflows_service.assembly.triggering.committed
    event = events_pb2.Event(
        id=str(uuid7()), project_id=str(workflows_service.project_id), topic="memory/team"
    )
    event.memories_changed.namespace = "team"
    for _ in range(2):
        async with workflows_service.rows() as connection:
            await committed.take(connection, event)

    async def begun() -> bool:
        return len(await executions(workflows_service)) == 1

    await eventually(begun)
    (execution,) = await executions(workflows_service)
    assert json.loads(execution.input or b"")["namespace"] == "team"


async def test_an_alert_is_an_event_of_the_names_that_its_rule_gives_it(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[{"type": "event", "event": "budget.exceeded"}])
    committed = workflows_service.assembly.triggering.committed
    event = events_pb2.Event(id=str(uuid7()), project_id=str(workflows_service.project_id), topic="alerts")
    event.alert_changed.alert.group.append("ann")
    event.alert_changed.event_names.extend(["budget.exceeded", "nobody.asks"])
    for _ in range(2):
        async with workflows_service.rows() as connection:
            await committed.take(connection, event)

    async def begun() -> bool:
        return len(await executions(workflows_service)) == 1

    await eventually(begun)
    (execution,) = await executions(workflows_service)
    document = json.loads(execution.input or b"")
    assert document.keys() == {"alert"}
    assert (document["alert"]["group"], document["alert"]["value"]) == (["ann"], 0)


async def test_events_are_listed_newest_first(workflows_service: Replica) -> None:
    for number in range(5):
        await publish(workflows_service, "a" if number % 2 else "b", number, event_id=f"e{number}")

    first = await workflows_service.triggers.ListWorkflowEvents(
        messages.ListWorkflowEventsRequest(page_size=3), metadata=workflows_service.metadata
    )
    second = await workflows_service.triggers.ListWorkflowEvents(
        messages.ListWorkflowEventsRequest(page_size=3, page_token=first.next_page_token),
        metadata=workflows_service.metadata,
    )
    named = await workflows_service.triggers.ListWorkflowEvents(
        messages.ListWorkflowEventsRequest(name="a"), metadata=workflows_service.metadata
    )

    def ids(events: Sequence[workflows_pb2.WorkflowEvent]) -> list[str]:
        return [event.id for event in events]

    assert ids([*first.events, *second.events]) == ["e4", "e3", "e2", "e1", "e0"]
    assert ids(named.events) == ["e3", "e1"]
