"""Executions and snapshots through the client, against the real service."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.sdk.service import Service
from timeloom import Timeloom, errors
from timeloom.resources import (
    NOT_LOADED,
    Change,
    ChangeKind,
    Effect,
    EffectKind,
    ExecutionFailure,
    ExecutionStatus,
    SnapshotKind,
)


def unused_id() -> str:
    return str(uuid.uuid4())


def test_an_execution_is_created_read_changed_ended_and_deleted(client: Timeloom) -> None:
    created = client.executions.create(
        agent_id="agent",
        name="a name",
        session_id="session",
        input={"question": "why?", "exact": [1, 1.0, 12345678901234567890]},
        tags=["b", "a"],
        metadata={"k": None},
        trace_id="0" * 31 + "1",
    )
    assert created.status is ExecutionStatus.RUNNING
    assert created.input == {"question": "why?", "exact": [1, 1.0, 12345678901234567890]}
    assert [type(number) for number in created.input["exact"]] == [int, float, int]
    assert (created.output, created.error, created.end_time, created.forked_from) == (None, None, None, None)
    assert datetime.now(UTC) - created.create_time < timedelta(minutes=1)
    assert client.executions.get(created.id) == created

    changed = client.executions.update(created.id, name="another", tags=[], etag=created.etag)
    assert (changed.name, changed.tags, changed.session_id) == ("another", (), "session")
    assert changed.metadata == {"k": None}
    with pytest.raises(errors.EtagMismatchError):
        client.executions.update(created.id, name="a third", etag=created.etag)

    failure = ExecutionFailure(type="ValueError", message="no", stack="…")
    ended = client.executions.complete(created.id, status=ExecutionStatus.FAILED, error=failure)
    assert (ended.status, ended.error) == (ExecutionStatus.FAILED, failure)
    assert ended.end_time is not None
    with pytest.raises(errors.ExecutionEndedError):
        client.snapshots.record(created.id, {})

    client.executions.delete(created.id)
    with pytest.raises(errors.NotFoundError):
        client.executions.get(created.id)


def test_creating_with_an_identifier_may_be_repeated(client: Timeloom) -> None:
    execution_id = unused_id()
    first = client.executions.create(agent_id="a", execution_id=execution_id)
    assert client.executions.create(agent_id="a", execution_id=execution_id) == first
    with pytest.raises(errors.AlreadyExistsError):
        client.executions.create(agent_id="another", execution_id=execution_id)


def test_lists_page_by_themselves_and_filter(client: Timeloom) -> None:
    agent = unused_id()
    ids = [
        client.executions.create(
            agent_id=agent, name=f"run {number}", tags=["even"] if number % 2 == 0 else []
        ).id
        for number in range(7)
    ]
    found = client.executions.list(agent_id=agent, page_size=3)
    assert [one.id for one in found] == ids[::-1]
    assert [one.id for one in client.executions.list(agent_id=agent, page_size=3, limit=4)] == ids[:2:-1]
    assert [one.id for one in client.executions.list(agent_id=agent, tags=["even"])] == ids[::-2]
    assert [one.name for one in client.executions.list(agent_id=agent, order_by="name", limit=2)] == [
        "run 0",
        "run 1",
    ]
    assert [one.id for one in client.executions.list(agent_id=agent, name_contains="RUN 3")] == [ids[3]]
    assert list(client.executions.list(agent_id=agent, statuses=[ExecutionStatus.FAILED])) == []
    future = datetime.now(UTC) + timedelta(hours=1)
    assert list(client.executions.list(agent_id=agent, created_after=future)) == []
    assert len(list(client.executions.list(agent_id=agent, created_before=future))) == 7


def test_snapshots_are_recorded_listed_read_and_compared(client: Timeloom) -> None:
    execution = client.executions.create(agent_id="agent")
    effect = Effect(kind=EffectKind.LLM, name="model", request={"q": 1}, response="answer", key="e")
    first = client.snapshots.record(
        execution.id,
        {"list": [1, 2], "gone": True},
        step_name="plan",
        kind=SnapshotKind.DECISION_POINT,
        label="here",
        tags=["t"],
        key="k",
        metadata={"m": 1},
        effects=[effect],
    )
    client.snapshots.record(execution.id, {"list": [1, 2, 3]}, step_name="act", parent_sequence=1)

    assert first.state is NOT_LOADED
    assert (first.sequence, first.key, first.kind) == (1, "k", SnapshotKind.DECISION_POINT)
    listed = list(client.snapshots.list(execution.id, include_effects=True))
    assert [(one.step_name, one.effect_count) for one in listed] == [("plan", 1), ("act", 0)]
    assert [one.sequence for one in client.snapshots.list(execution.id, descending=True, page_size=1)] == [
        2,
        1,
    ]
    assert [one.sequence for one in client.snapshots.list(execution.id, tag="t")] == [1]
    assert [one.sequence for one in client.snapshots.list(execution.id, after_sequence=1)] == [2]

    loaded = client.snapshots.get(execution.id, 1)
    assert loaded.state == {"list": [1, 2], "gone": True}
    assert loaded.metadata == {"m": 1}
    (stored,) = loaded.effects
    assert (stored.key, stored.ordinal, stored.kind, stored.name) == ("e", 1, EffectKind.LLM, "model")
    assert (stored.request, stored.response) == ({"q": 1}, "answer")
    assert client.snapshots.get(execution.id, key="k") == loaded
    assert client.snapshots.get(execution.id).sequence == 2
    assert client.snapshots.get(execution.id, path="/list/2").state == 3

    diff = client.snapshots.diff(execution.id, 1, 2)
    assert (diff.older.sequence, diff.newer.sequence, diff.truncated) == (1, 2, False)
    assert diff.changes == (
        Change(kind=ChangeKind.REMOVED, path="/gone", old_path="/gone", old_value=True, new_value=None),
        Change(kind=ChangeKind.ADDED, path="/list/2", old_path="/list/2", old_value=None, new_value=3),
    )


def test_recording_with_the_same_key_returns_the_recorded_snapshot(client: Timeloom) -> None:
    execution = client.executions.create(agent_id="agent")
    first = client.snapshots.record(execution.id, {"n": 1}, key="k")
    assert client.snapshots.record(execution.id, {"n": 2}, key="k").sequence == first.sequence
    assert client.snapshots.get(execution.id, first.sequence).state == {"n": 1}


def test_a_branch_leaves_the_other_way_as_it_is(client: Timeloom) -> None:
    execution = client.executions.create(agent_id="agent")
    for number in (1, 2):
        client.snapshots.record(execution.id, {"n": number})
    with pytest.raises(errors.StaleParentError) as caught:
        client.snapshots.record(execution.id, {"n": 3}, parent_sequence=1)
    assert caught.value.metadata["headSequence"] == "2"
    branch = client.snapshots.record(execution.id, {"n": 3}, parent_sequence=1, branch=True)
    assert (branch.sequence, branch.parent_sequence) == (3, 1)
    assert client.executions.get(execution.id).head_sequence == 3
    assert client.snapshots.get(execution.id, 2).state == {"n": 2}


def test_effects_are_added_and_replaced(client: Timeloom) -> None:
    execution = client.executions.create(agent_id="agent")
    client.snapshots.record(execution.id, {})

    def write(response: Any) -> Effect:
        return Effect(kind=EffectKind.WRITE, key="k", response=response)

    client.snapshots.record_effects(execution.id, 1, [write("first")])
    client.snapshots.record_effects(execution.id, 1, [write("ignored")])
    assert [effect.response for effect in client.snapshots.get(execution.id, 1).effects] == ["first"]
    client.snapshots.record_effects(execution.id, 1, [write("second")], replace=True)
    assert [effect.response for effect in client.snapshots.get(execution.id, 1).effects] == ["second"]


def test_tail_follows_until_the_end(client: Timeloom) -> None:
    execution = client.executions.create(agent_id="agent")
    client.snapshots.record(execution.id, {"n": 1}, step_name="before")
    seen: list[str] = []
    first_seen = threading.Event()

    def follow() -> None:
        for snapshot in client.snapshots.tail(execution.id):
            seen.append(snapshot.step_name)
            first_seen.set()

    follower = threading.Thread(target=follow)
    follower.start()
    assert first_seen.wait(10)
    client.snapshots.record(execution.id, {"n": 2}, step_name="after")
    client.executions.complete(execution.id)
    follower.join(10)
    assert not follower.is_alive()
    assert seen == ["before", "after"]


def test_a_tail_that_is_left_ends(client: Timeloom) -> None:
    execution = client.executions.create(agent_id="agent")
    client.snapshots.record(execution.id, {}, step_name="only")
    assert next(client.snapshots.tail(execution.id)).step_name == "only"
    assert client.executions.get(execution.id).snapshot_count == 1


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (lambda client: client.executions.get(unused_id()), errors.NotFoundError),
        (lambda client: client.executions.get("no uuid"), errors.InvalidFieldError),
        (lambda client: client.executions.create(agent_id=""), errors.InvalidFieldError),
        (lambda client: client.snapshots.get(unused_id(), 1), errors.NotFoundError),
        (lambda client: list(client.executions.list(order_by="size")), errors.InvalidFieldError),
        (lambda client: list(client.snapshots.tail(unused_id())), errors.NotFoundError),
        (lambda client: client.executions.create(agent_id="a", input=object()), TypeError),
    ],
)
def test_what_is_wrong_is_told_by_the_class_of_the_error(
    client: Timeloom, wrong: Any, expected: type[Exception]
) -> None:
    with pytest.raises(expected) as caught:
        wrong(client)
    assert type(caught.value) is expected
    if isinstance(caught.value, errors.TimeloomError):
        assert caught.value.request_id


def test_a_violation_names_the_field_as_rest_writes_it(client: Timeloom) -> None:
    with pytest.raises(errors.InvalidFieldError) as caught:
        client.executions.create(agent_id="a" * 201)
    assert [violation.field for violation in caught.value.violations] == ["agentId"]


def test_nothing_at_a_path_is_an_error_of_its_own(client: Timeloom) -> None:
    execution = client.executions.create(agent_id="agent")
    client.snapshots.record(execution.id, {"a": 1})
    with pytest.raises(errors.PathNotFoundError):
        client.snapshots.get(execution.id, 1, path="/b")


def test_a_wrong_key_opens_nothing(service: Service) -> None:
    with Timeloom(api_key="tl_" + "a" * 16 + "_" + "b" * 43, grpc_address=service.address) as stranger:
        with pytest.raises(errors.InvalidApiKeyError):
            stranger.executions.get(unused_id())
        with pytest.raises(errors.InvalidApiKeyError), stranger.record(agent_id="a"):
            pass


def test_a_key_that_may_only_read_is_told_so(service: Service) -> None:
    with Timeloom(api_key=service.reader_key, grpc_address=service.address) as reader:
        assert list(reader.executions.list(agent_id=unused_id())) == []
        with pytest.raises(errors.MissingScopeError):
            reader.executions.create(agent_id="a")
