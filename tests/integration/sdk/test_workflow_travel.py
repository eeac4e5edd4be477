"""Workflow executions are agent executions of the same id, which time travel shows and compares."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sdk.workers import working
from tests.integration.sdk.workflow_definitions import ask, divide, sum_up, transform, unique
from tests.integration.sdk.workflows_service import WorkflowsService
from timeloom import ExecutionStatus, SnapshotKind, Timeloom
from timeloom.errors import NotFoundError

SOON = 60.0


def eventually(condition: Callable[[], Any]) -> Any:
    """Returns what a condition comes to, once that is something."""
    deadline = time.monotonic() + SOON
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
    return found


def recorded(client: Timeloom, execution_id: str) -> list[Any]:
    """Returns the snapshots of an execution, once it has ended in time travel, too."""

    def has_ended() -> bool:
        try:
            return client.executions.get(execution_id).status is not ExecutionStatus.RUNNING
        except NotFoundError:
            return False

    eventually(has_ended)
    return list(client.snapshots.list(execution_id))


def test_each_step_is_a_snapshot(workflows_client: Timeloom) -> None:
    client, workflow_id = workflows_client, unique("sum")
    client.workflows.apply(sum_up(workflow_id))
    ran = client.workflows.execute(workflow_id, {"a": 1, "b": 2}, tags=["blue"], wait=True)
    snapshots = recorded(client, ran.id)
    execution = client.executions.get(ran.id)
    assert (execution.agent_id, execution.session_id, execution.tags) == (workflow_id, ran.id, ("blue",))
    assert (execution.status, execution.input, execution.output) == (
        ExecutionStatus.SUCCEEDED,
        {"a": 1, "b": 2},
        "It is 6.",
    )
    assert [(each.kind, each.step_name) for each in snapshots] == [
        (SnapshotKind.EXECUTION_START, ""),
        (SnapshotKind.STEP_END, "sum"),
        (SnapshotKind.STEP_END, "double"),
        (SnapshotKind.STEP_END, "say"),
        (SnapshotKind.EXECUTION_END, ""),
    ]
    history = {each.sequence: each.time for each in client.workflows.executions.history(ran.id)}
    assert [each.create_time for each in snapshots] == [
        history[int(each.key.rpartition(":")[2])] for each in snapshots
    ]
    assert client.snapshots.get(ran.id, 1).state == {
        "input": {"a": 1, "b": 2},
        "steps": {},
        "status": "RUNNING",
    }
    state = client.snapshots.get(ran.id, 3).state
    assert state["steps"]["double"] == {"status": "SUCCEEDED", "attempt": 1, "output": {"twice": 6}}
    assert client.snapshots.get(ran.id, 5).state == {
        "input": {"a": 1, "b": 2},
        "steps": {
            "sum": {"status": "SUCCEEDED", "attempt": 1, "output": 3},
            "double": {"status": "SUCCEEDED", "attempt": 1, "output": {"twice": 6}},
            "say": {"status": "SUCCEEDED", "attempt": 1, "output": "It is 6."},
        },
        "status": "SUCCEEDED",
        "output": "It is 6.",
    }
    found = client.snapshots.diff(ran.id, 2, 3)
    assert "/steps/double" in {change.path for change in found.changes}


def test_a_fork_shares_what_it_has_had_and_goes_its_own_way(workflows_client: Timeloom) -> None:
    client, workflow_id = workflows_client, unique("sum")
    client.workflows.apply(sum_up(workflow_id))
    original = client.workflows.execute(workflow_id, {"a": 1, "b": 2}, wait=True)
    fork = client.workflows.executions.fork(original.id, 2, edits={"steps.double.output.twice": 60})
    snapshots = recorded(client, fork.id)
    execution = client.executions.get(fork.id)
    assert execution.forked_from is not None
    assert (execution.forked_from.execution_id, execution.forked_from.sequence) == (original.id, 3)
    assert [each.step_name for each in snapshots] == ["", "sum", "double", "", "say", ""]
    state = client.snapshots.get(fork.id).state
    assert (state["steps"]["sum"]["output"], state["steps"]["double"]["output"]) == (3, {"twice": 60})
    assert (state["output"], execution.output) == ("It is 60.", "It is 60.")
    compared = client.executions.compare(original.id, fork.id)
    assert not compared.identical

    again = client.workflows.executions.fork(fork.id, 1, edits={"steps.sum.output": 5})
    recorded(client, again.id)
    assert client.executions.get(again.id).output == "It is 10."


CODE = """
from timeloom.workflows import step, workflow


@step
async def fetch(city):
    return {"city": city, "rain": True}


@step
async def pack(rain):
    return "umbrella" if rain else "hat"


@step
async def book(city, bag):
    return f"{city} with {bag}"


@workflow(id="journey")
async def journey(input):
    seen = await fetch(input["city"])
    bag = await pack(seen["rain"])
    return await book(seen["city"], bag)
"""


def test_code_runs_on_from_an_edited_step(
    workflows_service: WorkflowsService, workflows_client: Timeloom, tmp_path: Path
) -> None:
    client, executions = workflows_client, workflows_client.workflows.executions
    (tmp_path / "journey.py").write_text(CODE, encoding="utf-8")
    connection = {"api_key": workflows_service.api_key, "grpc_address": workflows_service.address}
    with working(str(tmp_path / "journey.py"), **connection):
        original = client.workflows.execute("journey", {"city": "Lisbon"}, wait=True)
        # Where it is seen to go wrong in time travel is where it is forked: a snapshot has its step's name.
        seen = next(each for each in recorded(client, original.id) if each.step_name == "pack")
        changed = {
            change.path: change.new_value for change in client.snapshots.diff(original.id, 2, 3).changes
        }
        assert changed["/steps/pack"]["output"] == "umbrella"
        fork = executions.fork(original.id, seen.step_name, edits={"/steps/pack/output": "hat"})
        ended = executions.wait(fork.id, seconds=SOON)
        names = [each.step_name for each in recorded(client, fork.id)]
    assert (original.output, ended.output) == ("Lisbon with umbrella", "Lisbon with hat")
    assert names == ["", "fetch", "pack", "", "book", ""]
    states = [client.snapshots.get(fork.id, sequence).state for sequence in (3, 4, 6)]
    assert [state["steps"]["pack"]["output"] for state in states] == ["umbrella", "hat", "hat"]
    assert states[2]["output"] == "Lisbon with hat"
    compared = client.executions.compare(original.id, fork.id)
    assert compared.first_divergence is not None


def test_a_fork_in_time_travel_alone_does_not_run_on(workflows_client: Timeloom) -> None:
    client, workflow_id = workflows_client, unique("sum")
    client.workflows.apply(sum_up(workflow_id))
    original = client.workflows.execute(workflow_id, {"a": 1, "b": 2}, wait=True)
    recorded(client, original.id)

    copied = client.executions.fork(
        original.id, 3, patch=[{"op": "replace", "path": "/status", "value": "?"}]
    )

    with pytest.raises(NotFoundError):
        client.workflows.executions.get(copied.id)
    # From there to one that does: the step that its last shared snapshot is named after.
    assert copied.forked_from is not None
    shared = client.snapshots.get(copied.forked_from.execution_id, copied.forked_from.sequence)
    going_on = client.workflows.executions.fork(
        original.id, shared.step_name, edits={"steps.double.output.twice": 8}
    )
    assert client.workflows.executions.wait(going_on.id, seconds=SOON).output == "It is 8."


def test_an_error_and_a_retry_are_seen(workflows_client: Timeloom) -> None:
    client, workflow_id = workflows_client, unique("divide")
    client.workflows.apply(divide(workflow_id))
    failed = client.workflows.execute(workflow_id, {"over": 1, "by": 0}, wait=True)
    assert [each.kind for each in recorded(client, failed.id)][-2:] == [
        SnapshotKind.ERROR_STATE,
        SnapshotKind.EXECUTION_END,
    ]
    execution = client.executions.get(failed.id)
    assert (execution.status, failed.error) != (ExecutionStatus.SUCCEEDED, None)
    assert execution.error is not None
    assert execution.error.type == failed.error.type  # type: ignore[union-attr]

    client.workflows.executions.retry(failed.id)
    again = client.workflows.executions.wait(failed.id, seconds=SOON)
    eventually(lambda: client.executions.get(failed.id).snapshot_count >= 7)
    snapshots = recorded(client, failed.id)
    labels = [each.label for each in snapshots]
    retried = client.snapshots.get(failed.id, labels.index("retried") + 1).state
    assert (retried["status"], list(retried["steps"]), again.retry_count) == ("RUNNING", ["first"], 1)
    assert snapshots[-1].kind is SnapshotKind.EXECUTION_END


def test_a_child_belongs_to_the_session_of_its_parent(workflows_client: Timeloom) -> None:
    client, inner, outer = workflows_client, unique("inner"), unique("outer")
    client.workflows.apply(sum_up(inner))
    client.workflows.apply(
        {
            "id": outer,
            "steps": [
                {"id": "call", "type": "workflow", "workflow": inner, "input": {"a": 1, "b": 1}},
                {
                    "id": "large",
                    "type": "condition",
                    "condition": "steps.call.output.size() > 3",
                    "then": [transform("yes", "large")],
                    "else": [transform("no", "small")],
                },
            ],
        }
    )
    ran = client.workflows.execute(outer, wait=True)
    kinds = {each.step_name: each.kind for each in recorded(client, ran.id)}
    assert kinds["large"] is SnapshotKind.DECISION_POINT
    (child,) = eventually(lambda: list(client.executions.list(agent_id=inner)))
    assert child.session_id == ran.id


def test_what_happened_without_the_snapshots_service_is_recorded_later(
    workflows_service: WorkflowsService, workflows_client: Timeloom
) -> None:
    client, workflow_id = workflows_client, unique("sum")
    client.workflows.apply(sum_up(workflow_id))
    with workflows_service.without_snapshots():
        ids = client.workflows.execute_many(workflow_id, [{"a": n, "b": 1} for n in range(20)])
        for each in ids:
            assert client.workflows.executions.wait(each, seconds=SOON).has_ended
    for number, each in enumerate(ids):
        assert len(recorded(client, each)) == 5
        assert client.executions.get(each).output == f"It is {(number + 1) * 2}."


def test_what_nobody_was_told_of_is_found_and_recorded(
    workflows_service: WorkflowsService, workflows_client: Timeloom
) -> None:
    client, workflow_id = workflows_client, unique("sum")
    client.workflows.apply(sum_up(workflow_id))
    waiting_id = unique("ask")
    client.workflows.apply(ask(waiting_id))
    with workflows_service.losing_events():
        ids = client.workflows.execute_many(workflow_id, [{"a": n, "b": 1} for n in range(5)])
        for each in ids:
            assert client.workflows.executions.wait(each, seconds=SOON).has_ended
        waiting = client.workflows.execute(waiting_id, {"name": "Ann"})
        eventually(lambda: client.workflows.executions.get(waiting.id).waiting_for)
    kept = client.workflows.execute(workflow_id, {"a": 1, "b": 1}, wait=True)
    assert len(recorded(client, kept.id)) == 5
    assert list(client.executions.list(agent_id=waiting_id)) == []

    with workflows_service.reconciling():
        for number, each in enumerate(ids):
            assert len(recorded(client, each)) == 5
            assert client.executions.get(each).output == f"It is {(number + 1) * 2}."
        eventually(lambda: list(client.executions.list(agent_id=waiting_id)))
        # Whoever was recorded already stays as it is.
        assert len(recorded(client, kept.id)) == 5


def test_a_waiting_execution_is_open_in_time_travel(workflows_client: Timeloom) -> None:
    client, workflow_id = workflows_client, unique("ask")
    client.workflows.apply(ask(workflow_id))
    begun = client.workflows.execute(workflow_id, {"name": "Ann"})

    def is_known() -> bool:
        return any(each.id == begun.id for each in client.executions.list(agent_id=workflow_id))

    eventually(is_known)
    assert client.executions.get(begun.id).status is ExecutionStatus.RUNNING
    client.workflows.executions.cancel(begun.id)
    assert recorded(client, begun.id)[-1].kind is SnapshotKind.EXECUTION_END
    assert client.executions.get(begun.id).status is ExecutionStatus.CANCELLED
