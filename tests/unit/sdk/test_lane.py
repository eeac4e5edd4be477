"""The snapshots of one execution on their way, and what becomes of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from timeloom.errors import (
    ExecutionEndedError,
    OverloadedError,
    StaleParentError,
    TimeloomError,
    TooLargeError,
)
from timeloom.recording.lane import ATTEMPTS_MAX, Committed, Entry, Lane
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb
from timeloom.state import canonical, delta
from timeloom.state.statehash import StateHash

EXECUTION_ID = "00000000-0000-7000-8000-000000000001"


@pytest.fixture
def lane() -> Lane:
    return Lane(EXECUTION_ID, head=0, owned=True)


def append(lane: Lane, state: Any, **options: Any) -> Entry:
    request = pb.RecordSnapshotRequest(execution_id=EXECUTION_ID)
    future = asyncio.get_running_loop().create_future()
    return lane.append(request, state, deadline=0.0, future=future, **options)


def take(lane: Lane, count: int = 100) -> list[Entry]:
    return lane.take(count_max=count, bytes_max=1 << 20)


def commit(lane: Lane, entry: Entry, sequence: int) -> None:
    lane.commit(entry, Committed(sequence=sequence, state_hash=""))


def content(entry: Entry) -> Any:
    """What the server would read: the whole state, or the operations of a delta."""
    if entry.request.WhichOneof("content") == "state":
        return canonical.decode(entry.request.state)
    return delta.decode(entry.request.delta)


async def test_the_first_state_travels_whole_and_the_next_ones_as_deltas(lane: Lane) -> None:
    state: dict[str, Any] = {"messages": ["a"], "static": "x" * 100}
    first = append(lane, state)
    state["messages"].append("b")
    second = append(lane, state)

    assert content(first) == {"messages": ["a"], "static": "x" * 100}
    assert first.request.parent_sequence == 0
    assert delta.apply(first.state, content(second)) == state
    assert len(second.request.delta) < 60
    assert second.request.parent_sequence == 1
    assert second.request.state_hash == StateHash.of(second.state).digest.hex()


async def test_what_a_caller_changes_afterwards_does_not_travel(lane: Lane) -> None:
    state: dict[str, Any] = {"list": [{"n": 1}]}
    entry = append(lane, state)
    state["list"][0]["n"] = 2
    assert entry.state == {"list": [{"n": 1}]}


async def test_a_state_that_is_not_json_leaves_the_lane_as_it_was(lane: Lane) -> None:
    append(lane, {"a": 1})
    with pytest.raises(canonical.CanonicalError):
        append(lane, {"a": object()})
    after = append(lane, {"a": 2})
    assert (len(lane), after.request.parent_sequence) == (2, 1)
    assert delta.apply({"a": 1}, content(after)) == {"a": 2}


async def test_entries_are_taken_in_order_and_settled_one_by_one(lane: Lane) -> None:
    entries = [append(lane, number) for number in range(3)]
    assert take(lane, 2) == entries[:2]
    assert take(lane, 2) == entries[2:]
    assert take(lane) == []
    for number, entry in enumerate(entries, start=1):
        commit(lane, entry, number)
    assert [entry.future.result().sequence for entry in entries] == [1, 2, 3]
    assert len(lane) == 0


async def test_a_message_is_no_larger_than_allowed_but_one_entry_always_fits(lane: Lane) -> None:
    entries = [append(lane, str(number) * 1000) for number in range(3)]
    assert lane.take(count_max=100, bytes_max=10) == entries[:1]
    assert lane.take(count_max=100, bytes_max=2500) == entries[1:]


async def test_what_was_in_flight_when_the_connection_broke_is_taken_again(lane: Lane) -> None:
    entries = [append(lane, number) for number in range(3)]
    take(lane)
    assert lane.in_flight
    lane.requeue()
    assert not lane.in_flight
    assert take(lane) == entries
    assert [entry.attempts for entry in entries] == [1, 1, 1]


async def test_a_disagreement_is_settled_by_the_whole_state_of_the_first(lane: Lane) -> None:
    first = append(lane, {"n": 1})
    take(lane)
    commit(lane, first, 1)
    second, third = append(lane, {"n": 2}), append(lane, {"n": 3})
    take(lane)
    for entry in (second, third):
        lane.refuse(entry, StaleParentError("somebody else was first"), shared=True)

    assert lane.broken
    assert take(lane) == []
    lane.restart(head=7)

    assert take(lane) == [second, third]
    assert (content(second), second.request.parent_sequence, second.request.state_hash) == ({"n": 2}, 7, "")
    assert delta.apply({"n": 2}, content(third)) == {"n": 3}
    assert third.request.parent_sequence == 8


async def test_a_disagreement_about_an_execution_of_others_is_an_error() -> None:
    lane = Lane(EXECUTION_ID, head=3, owned=False)
    first, second = append(lane, 1), append(lane, 2)
    take(lane)
    error = StaleParentError("somebody else was first")
    for entry in (first, second):
        lane.refuse(entry, error, shared=True)
    assert first.future.exception() is error
    assert second.future.exception() is error
    assert len(lane) == 0


async def test_an_entry_that_is_refused_for_itself_does_not_take_others_along(lane: Lane) -> None:
    good, bad, next_one = append(lane, {"n": 1}), append(lane, {"n": 2}), append(lane, {"n": 3})
    take(lane)
    error = TooLargeError("too large")
    for entry in (good, bad, next_one):
        lane.refuse(entry, error, shared=True)

    lane.restart(head=0)
    assert take(lane) == [good]  # alone now, to find out which it was
    commit(lane, good, 1)
    assert take(lane) == [bad]
    lane.refuse(bad, error, shared=False)
    assert bad.future.exception() is error

    lane.restart(head=1)
    assert take(lane) == [next_one]
    assert (content(next_one), next_one.request.parent_sequence) == ({"n": 3}, 1)


async def test_what_a_busy_server_refuses_is_tried_again_within_bounds(lane: Lane) -> None:
    entry = append(lane, {"n": 1})
    error = OverloadedError("too much to do")
    for _ in range(ATTEMPTS_MAX - 1):
        take(lane)
        lane.refuse(entry, error, shared=False)
        assert not entry.future.done()
        lane.restart(head=0)
    take(lane)
    lane.refuse(entry, error, shared=False)
    assert entry.future.exception() is error


async def test_after_a_failure_the_next_state_waits_for_the_head_and_travels_whole(lane: Lane) -> None:
    bad = append(lane, {"n": 1})
    take(lane)
    lane.refuse(bad, TooLargeError("too large"), shared=False)
    assert isinstance(bad.future.exception(), TooLargeError)

    after = append(lane, {"n": 2})
    assert take(lane) == []
    lane.restart(head=0)
    assert take(lane) == [after]
    assert content(after) == {"n": 2}


async def test_nothing_follows_on_the_end_of_an_execution(lane: Lane) -> None:
    first = append(lane, 1)
    take(lane)
    second = append(lane, 2)
    error: TimeloomError = ExecutionEndedError("it has ended")
    lane.refuse(first, error, shared=False)
    assert first.future.exception() is error
    assert second.future.exception() is error


async def test_a_branch_is_a_delta_only_from_the_snapshot_before(lane: Lane) -> None:
    first = append(lane, {"n": 1}, parent=0, frozen=True)
    take(lane)
    commit(lane, first, 1)
    follower = append(lane, {"n": 2}, parent=1, frozen=True)
    take(lane)
    commit(lane, follower, 2)
    branch = append(lane, {"n": 3}, parent=1, frozen=True)
    early = append(lane, {"n": 4}, parent=3, frozen=True)

    assert content(first) == {"n": 1}
    assert follower.request.WhichOneof("content") == "delta"
    assert (follower.request.parent_sequence, follower.request.branch) == (1, True)
    assert (content(branch), branch.request.parent_sequence) == ({"n": 3}, 1)
    assert (content(early), early.request.parent_sequence) == ({"n": 4}, 3)


async def test_a_lane_can_stand_on_a_snapshot_that_was_loaded(lane: Lane) -> None:
    lane.stand_on(5, {"n": 1})
    entry = append(lane, {"n": 2}, parent=5, frozen=True)
    assert delta.apply({"n": 1}, content(entry)) == {"n": 2}
