"""`client.workflows` against the real service, by the blocking and the asynchronous client."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.sdk.workflow_definitions import ask, divide, sum_up, unique
from tests.integration.sdk.workflows_service import WorkflowsService
from timeloom import AsyncTimeloom, Timeloom
from timeloom._blocking import Pager
from timeloom.aio import AsyncWorkflowExecutions, AsyncWorkflows
from timeloom.client import WorkflowExecutions, Workflows
from timeloom.errors import AlreadyExistsError, EtagMismatchError, InvalidDefinitionError, NotFoundError
from timeloom.workflow_resources import (
    ControlAction,
    HistoryEventType,
    StepStatus,
    StepType,
    TriggerType,
    WaitReason,
    WorkflowExecutionFilter,
    WorkflowExecutionStatus,
    WorkflowKind,
)
from timeloom_platform.testing import eventually

SOON = 60.0


class Calls:
    """The methods of either client; whatever they return is awaited, or read to its end."""

    def __init__(self, part: Any) -> None:
        self._part = part

    @property
    def executions(self) -> Calls:
        return Calls(self._part.executions)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._part, name)
        is_blocking = isinstance(self._part, Workflows | WorkflowExecutions)

        async def awaited(*args: Any, **fields: Any) -> Any:
            if is_blocking:
                return await asyncio.to_thread(lambda: _whole(method(*args, **fields)))
            result = method(*args, **fields)
            return [each async for each in result] if isinstance(result, AsyncIterable) else await result

        return awaited


def _whole(result: Any) -> Any:
    return list(result) if isinstance(result, Pager | Iterator) else result


@pytest_asyncio.fixture(params=["blocking", "asyncio"])
async def workflows(
    request: pytest.FixtureRequest, workflows_service: WorkflowsService
) -> AsyncGenerator[Calls]:
    settings: dict[str, Any] = {
        "api_key": workflows_service.admin_key,
        "grpc_address": workflows_service.address,
    }
    if request.param == "blocking":
        with Timeloom(**settings) as client:
            yield Calls(client.workflows)
    else:
        async with AsyncTimeloom(**settings) as client:
            yield Calls(client.workflows)


@pytest.mark.parametrize(
    ("twin", "facade"), [(AsyncWorkflows, Workflows), (AsyncWorkflowExecutions, WorkflowExecutions)]
)
def test_the_blocking_client_has_every_method(twin: type[Any], facade: type[Any]) -> None:
    public = {name for name, _ in inspect.getmembers(twin, callable) if not name.startswith("_")}
    assert public <= set(dir(facade))


async def test_a_definition_is_kept_in_versions(workflows: Calls, tmp_path: Path) -> None:
    workflow_id = unique("sum")
    path = tmp_path / "sum.json"
    path.write_text(json.dumps(sum_up(workflow_id)), encoding="utf-8")
    made = await workflows.apply(path, tags=["arithmetic"])
    assert (made.id, made.version, made.kind, made.enabled) == (workflow_id, 1, WorkflowKind.DAG, True)
    assert (made.definition, made.tags) == (sum_up(workflow_id), ("arithmetic",))
    assert (await workflows.apply(path)).version == 1, "the same again changes nothing"

    changed = {**sum_up(workflow_id), "description": "Adds two numbers."}
    assert (await workflows.apply(changed, etag=made.etag)).version == 2
    with pytest.raises(EtagMismatchError):
        await workflows.apply({**changed, "description": "Or three."}, etag=made.etag)
    assert (await workflows.get(workflow_id)).description == "Adds two numbers."
    assert (await workflows.get(workflow_id, version=1)).definition == sum_up(workflow_id)
    assert [each.version for each in await workflows.versions(workflow_id)] == [2, 1]
    assert [each.id for each in await workflows.list(text=workflow_id, tags=["arithmetic"])] == [workflow_id]

    with pytest.raises(AlreadyExistsError):
        await workflows.create(sum_up(workflow_id))
    assert not (await workflows.disable(workflow_id)).enabled
    assert (await workflows.enable(workflow_id)).enabled
    await workflows.delete(workflow_id)
    with pytest.raises(NotFoundError):
        await workflows.get(workflow_id)


async def test_what_is_wrong_is_told_with_its_place(workflows: Calls) -> None:
    wrong = sum_up(unique("wrong"))
    wrong["steps"][1]["needs"] = ["sum", "nowhere"]
    problems = await workflows.validate(wrong)
    assert [problem.step_id for problem in problems] == ["double"]
    assert problems[0].place.startswith("steps[1].needs")
    with pytest.raises(InvalidDefinitionError) as raised:
        await workflows.apply(wrong)
    assert [each.field for each in raised.value.violations] == [problems[0].place]
    assert await workflows.validate(sum_up("fine")) == ()
    assert (await workflows.schema())["type"] == "object"


async def test_templates_can_be_used_as_they_are(workflows: Calls) -> None:
    found = await workflows.templates()
    assert len(found) >= 8
    template = await workflows.template(found[0].id)
    assert await workflows.validate(template.definition) == ()


async def test_an_execution_runs_to_its_end(workflows: Calls) -> None:
    workflow_id = unique("sum")
    await workflows.apply(sum_up(workflow_id))
    ended = await workflows.execute(
        workflow_id, {"a": 1, "b": 2}, tags=["first"], attributes={"customer": "ann"}, wait=True
    )
    assert (ended.status, ended.output) == (WorkflowExecutionStatus.SUCCEEDED, "It is 6.")
    assert (ended.input, ended.tags, ended.attributes) == (
        {"a": 1, "b": 2},
        ("first",),
        {"customer": "ann"},
    )
    assert await workflows.executions.get(ended.id) == ended
    assert await workflows.executions.wait(ended.id) == ended

    steps = await workflows.executions.steps(ended.id, include_documents=True, page_size=2)
    assert [(each.id, each.type, each.status) for each in steps] == [
        (name, StepType.TRANSFORM, StepStatus.SUCCEEDED) for name in ("sum", "double", "say")
    ]
    assert (await workflows.executions.step(ended.id, "double")).output == {"twice": 6}
    history = await workflows.executions.history(ended.id)
    assert [each.sequence for each in history] == list(range(1, ended.history_length + 1))
    assert history[-1].type is HistoryEventType.EXECUTION_SUCCEEDED

    wanted = WorkflowExecutionFilter(workflow_ids=[workflow_id], attributes={"customer": "ann"})
    assert [each.id for each in await workflows.executions.list(wanted)] == [ended.id]
    stats = await workflows.stats([workflow_id], include_steps=True)
    assert (stats.workflows[0].succeeded_count, len(stats.steps)) == (1, 3)


async def test_a_key_begins_one_execution(workflows: Calls) -> None:
    workflow_id = unique("sum")
    await workflows.apply(sum_up(workflow_id))
    first = await workflows.execute(workflow_id, {"a": 1, "b": 2}, idempotency_key="once")
    again = await workflows.execute(workflow_id, {"a": 1, "b": 2}, idempotency_key="once", wait=True)
    other = await workflows.execute(workflow_id, {"a": 1, "b": 2})
    assert again.id == first.id != other.id


async def test_many_begin_at_once(workflows: Calls) -> None:
    workflow_id = unique("sum")
    await workflows.apply(sum_up(workflow_id))
    ids = await workflows.execute_many(workflow_id, [{"a": n, "b": 0} for n in range(5)])
    ended = [await workflows.executions.wait(each, seconds=SOON) for each in ids]
    assert [each.output for each in ended] == [f"It is {n * 2}." for n in range(5)]


async def test_people_and_signals_let_it_go_on(workflows: Calls) -> None:
    workflow_id = unique("ask")
    await workflows.apply(ask(workflow_id))
    begun = await workflows.execute(workflow_id, {"name": "Ann"}, wait=0.2)
    assert not begun.has_ended
    await _until_waiting(workflows, begun.id, WaitReason.APPROVAL)
    step = await workflows.executions.approve(begun.id, decided_by="Bob", comment="a friend")
    assert (step.id, step.status, step.output["decidedBy"]) == ("may", StepStatus.SUCCEEDED, "Bob")
    await workflows.executions.signal(begun.id, "opened", {"at": "noon"}, signal_id="s")
    await workflows.executions.signal(begun.id, "opened", {"at": "noon"}, signal_id="s")
    ended = await workflows.executions.wait(begun.id, seconds=SOON)
    assert ended.output == {"may": True, "door": {"at": "noon"}}


async def test_changes_are_watched_until_the_end(workflows: Calls) -> None:
    workflow_id = unique("sum")
    await workflows.apply(sum_up(workflow_id))
    begun = await workflows.execute(workflow_id, {"a": 1, "b": 2})
    changes = await workflows.executions.watch(begun.id)
    assert changes[-1].execution.output == "It is 6."
    assert {step.id for change in changes for step in change.steps} == {"sum", "double", "say"}
    rest = await workflows.executions.watch(begun.id, after_sequence=changes[-1].sequence)
    assert [each.sequence for each in rest] == [changes[-1].sequence]


async def test_it_is_paused_resumed_and_cancelled(workflows: Calls) -> None:
    workflow_id = unique("ask")
    await workflows.apply(ask(workflow_id))
    begun = await workflows.execute(workflow_id, {"name": "Ann"})
    await _until_waiting(workflows, begun.id, WaitReason.APPROVAL)
    assert (await workflows.executions.pause(begun.id)).status is WorkflowExecutionStatus.PAUSED
    assert (await workflows.executions.resume(begun.id)).status is WorkflowExecutionStatus.RUNNING
    await workflows.executions.cancel(begun.id, reason="nobody is at home")
    ended = await workflows.executions.wait(begun.id, seconds=SOON)
    assert ended.status is WorkflowExecutionStatus.CANCELLED
    await workflows.executions.delete(begun.id)
    with pytest.raises(NotFoundError):
        await workflows.executions.get(begun.id)


async def test_many_are_controlled_by_a_filter(workflows: Calls) -> None:
    workflow_id = unique("ask")
    await workflows.apply(ask(workflow_id))
    ids = await workflows.execute_many(workflow_id, [{"name": "Ann"}] * 5)
    mine = WorkflowExecutionFilter(workflow_ids=[workflow_id])
    counted = await workflows.executions.control(ControlAction.CANCEL, mine, dry_run=True)
    assert (counted.changed_count, counted.more) == (5, False)
    some = await workflows.executions.control(ControlAction.CANCEL, mine, limit=2)
    assert (some.changed_count, some.more) == (2, True)
    rest = await workflows.executions.control(ControlAction.CANCEL, mine)
    assert (rest.changed_count, rest.more) == (3, False)
    ended = [await workflows.executions.wait(each, seconds=SOON) for each in ids]
    assert {each.status for each in ended} == {WorkflowExecutionStatus.CANCELLED}


async def test_a_failed_one_is_taken_up_again(workflows: Calls) -> None:
    workflow_id = unique("divide")
    await workflows.apply(divide(workflow_id))
    failed = await workflows.execute(workflow_id, {"over": 1, "by": 0}, wait=True)
    assert failed.status is WorkflowExecutionStatus.FAILED
    assert failed.error.step_id == "divide"
    again = await workflows.executions.retry(failed.id)
    assert (again.id, again.retry_count) == (failed.id, 1)
    assert (await workflows.executions.wait(failed.id, seconds=SOON)).retry_count == 1


async def test_a_fork_goes_on_with_other_values(workflows: Calls) -> None:
    workflow_id = unique("sum")
    await workflows.apply(sum_up(workflow_id))
    original = await workflows.execute(workflow_id, {"a": 1, "b": 2}, wait=True)
    fork = await workflows.executions.fork(
        original.id, 2, edits={"steps.double.output.twice": 60}, reason="what if"
    )
    ended = await workflows.executions.wait(fork.id, seconds=SOON)
    assert (ended.output, ended.forked_from.step_id) == ("It is 60.", "double")
    other = await workflows.executions.fork(original.id, edits={"/input/a": 10})
    assert (await workflows.executions.wait(other.id, seconds=SOON)).output == "It is 24."
    with pytest.raises(ValueError, match="no place that can be changed"):
        await workflows.executions.fork(original.id, 2, edits={"steps.sum.error": "x"})
    with pytest.raises(NotFoundError):
        await workflows.executions.fork(original.id, 9)


async def test_dead_letters_are_listed(workflows: Calls) -> None:
    assert await workflows.dead_letters(unique("none")) == []
    assert (await workflows.stats(created_after=datetime.now(UTC) - timedelta(hours=1))).total is not None


async def _until_waiting(workflows: Calls, execution_id: str, reason: WaitReason) -> None:
    async def is_waiting() -> bool:
        steps = await workflows.executions.steps(execution_id)
        return any(step.waiting_for is reason for step in steps)

    await eventually(is_waiting, timeout_seconds=SOON)


async def test_events_begin_and_wake(workflows: Calls) -> None:
    name = f"order/{unique('paid')}"
    begins, waits = unique("begins"), unique("waits")
    await workflows.apply(
        {
            "id": begins,
            "triggers": [{"type": "event", "event": name}, {"type": "cron", "cron": "0 2 * * *"}],
            "steps": [{"id": "say", "type": "transform", "value": "${ input.order }"}],
        }
    )
    await workflows.apply(
        {"id": waits, "steps": [{"id": "paid", "type": "wait", "event": name, "timeout": "1h"}]}
    )
    waiting = await workflows.execute(waits)
    await _until_waiting(workflows, waiting.id, WaitReason.EVENT)
    event_id = unique("paid")
    published = await workflows.publish(name, {"order": 7}, event_id=event_id)
    assert (await workflows.publish(name, {"order": 7}, event_id=event_id)).id == published.id
    assert (await workflows.executions.wait(waiting.id, seconds=SOON)).has_ended
    mine = WorkflowExecutionFilter(workflow_ids=[begins], trigger=TriggerType.EVENT)
    begun = await eventually(lambda: workflows.executions.list(mine), timeout_seconds=SOON)
    assert (await workflows.executions.wait(begun[0].id, seconds=SOON)).output == 7
    assert len(begun) == 1, "the same event counts once"
    assert [(each.id, each.data) for each in await workflows.events(name)] == [(event_id, {"order": 7})]
    triggers = await workflows.triggers(begins)
    assert [(each.type, each.expression) for each in triggers] == [
        (TriggerType.EVENT, name),
        (TriggerType.CRON, "0 2 * * *"),
    ]
    assert triggers[1].next_fire_time is not None


async def test_webhooks_have_secrets(workflows: Calls) -> None:
    workflow_id = unique("hook")
    await workflows.apply({**sum_up(workflow_id), "triggers": [{"type": "webhook"}]})
    found = await workflows.webhook_secret(workflow_id, 0)
    assert found.path.startswith("/api/workflows/hooks/")
    rotated = await workflows.rotate_webhook_secret(workflow_id, 0)
    assert rotated == (await workflows.webhook_secret(workflow_id, 0)).secret != found.secret
