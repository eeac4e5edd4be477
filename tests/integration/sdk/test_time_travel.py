"""The clients' time travel against the real service."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sdk.service import Service
from timeloom import AsyncTimeloom, Timeloom, errors
from timeloom.client import Playback, RecordedExecution
from timeloom.resources import ChangeKind, EffectKind, ExecutionStatus, SnapshotKind, SnapshotRef
from timeloom.time_travel import (
    AlignmentKind,
    Breakpoint,
    Frame,
    FrameContent,
    PlaybackState,
    RetentionPolicy,
)

STEPS = 12


def state_of(number: int) -> dict[str, Any]:
    """The state after a step."""
    return {"n": number, "half": number // 2, "notes": [f"note {each}" for each in range(number)]}


@pytest.fixture(scope="module")
def writer(service: Service) -> Iterator[Timeloom]:
    with Timeloom(api_key=service.api_key, grpc_address=service.address) as client:
        yield client


@pytest.fixture(scope="module")
def recorded(writer: Timeloom) -> str:
    """An execution that has ended, with a state for each step."""
    with writer.record(agent_id="agent", name="original", tags=["t"]) as execution:
        record(execution)
    return execution.id


def record(execution: RecordedExecution, *, odd: int = 0) -> None:
    for number in range(1, STEPS + 1):
        execution.effect(EffectKind.TOOL, "tool", number, number)
        state = state_of(number) | ({"odd": True} if number == odd else {})
        execution.step("even" if number % 2 == 0 else "odd", state, wait=False)


# -- Fork, rollback, marks ------------------------------------------------------


def test_a_fork_goes_on_from_where_it_was_made(writer: Timeloom, recorded: str) -> None:
    fork = writer.executions.fork(
        recorded, 5, name="what if", patch=[{"op": "replace", "path": "/n", "value": 500}]
    )
    assert fork.forked_from == SnapshotRef(execution_id=recorded, sequence=5)
    assert (fork.name, fork.status, fork.head_sequence) == ("what if", ExecutionStatus.RUNNING, 6)
    with writer.resume(fork.id) as execution:
        assert execution.state == state_of(5) | {"n": 500}
        execution.state["n"] = 501
        assert execution.step("on", execution.state).sequence == 7
        assert execution.step("on", {"n": 502}).sequence == 8
    assert writer.snapshots.get(fork.id, 3).state == state_of(3)
    assert writer.snapshots.get(fork.id, 7).state["n"] == 501
    assert writer.executions.get(recorded).head_sequence == STEPS
    with pytest.raises(errors.PatchMismatchError):
        writer.executions.fork(recorded, 5, patch=[{"op": "remove", "path": "/nothing"}])
    with pytest.raises(errors.ExecutionEndedError, match="has ended"), writer.resume(recorded):
        pass


def test_a_rollback_names_what_it_does_not_undo(writer: Timeloom) -> None:
    with writer.record(agent_id="agent") as execution:
        record(execution)
    with pytest.raises(errors.ExecutionEndedError):
        writer.executions.rollback(execution.id, 9)
    with pytest.raises(errors.StaleHeadError):
        writer.executions.rollback(execution.id, 9, expected_head_sequence=7, reopen=True)
    done = writer.executions.rollback(execution.id, 9, reason="too far", reopen=True)
    assert (done.execution.head_sequence, done.execution.status) == (9, ExecutionStatus.RUNNING)
    assert (done.head_move.from_sequence, done.head_move.to_sequence) == (STEPS, 9)
    assert [passed.sequence for passed in done.effects] == [10, 11, 12]
    assert str(done) == "head 12 → 9; 3 effects are not undone"
    with writer.resume(execution.id) as resumed:
        assert resumed.state == state_of(9)
        assert [resumed.step("again", {"n": number}, wait=False).wait() for number in range(3)] == [
            13,
            14,
            15,
        ]
    with writer.replay(execution.id) as replayed:
        assert [step.snapshot.sequence for step in replayed.recording.steps] == [*range(1, 10), 13, 14, 15]
        for number in range(1, 10):
            replayed.execution.effect(EffectKind.TOOL, "tool", number, number)
            replayed.execution.step("even" if number % 2 == 0 else "odd", state_of(number))
        for number in range(3):
            replayed.execution.step("again", {"n": number})
    assert replayed.result.identical


def test_marks_are_changed_afterwards(writer: Timeloom, recorded: str) -> None:
    marked = writer.snapshots.update(recorded, 4, label="here", tags=["good"])
    assert (marked.label, marked.tags) == ("here", ("good",))
    assert writer.snapshots.update(recorded, 4, label="").tags == ("good",)
    assert writer.executions.modify_tags(recorded, add=["a", "b"], remove=["t"]).tags == ("a", "b")


def test_verification_says_how_much_was_checked(writer: Timeloom, recorded: str) -> None:
    found = writer.executions.verify(recorded)
    assert (bool(found), found.snapshot_count, found.problems) == (True, STEPS, ())
    assert str(found) == "intact: 12 snapshots"


# -- Questions ------------------------------------------------------------------


def test_a_value_has_a_history(writer: Timeloom, recorded: str) -> None:
    found = list(writer.executions.history(recorded, "/half", page_size=2))
    assert [(change.sequence, change.old_value, change.new_value) for change in found] == [
        (1, None, 0),
        *((2 * half, half - 1, half) for half in range(1, 7)),
    ]
    assert (found[0].kind, found[1].kind) == (ChangeKind.ADDED, ChangeKind.CHANGED)
    assert str(found[1]) == "#2 even: 0 → 1"


@pytest.mark.parametrize("predicate", ["state.n >= 7", lambda state: state["n"] >= 7])
def test_bisection_finds_the_first_bad_state(writer: Timeloom, recorded: str, predicate: Any) -> None:
    found = writer.executions.bisect(recorded, predicate)
    assert (found.first_bad_sequence, found.last_good_sequence, found.not_monotone) == (7, 6, False)
    assert len(found.evaluations) <= 5
    within = writer.executions.bisect(recorded, predicate, good_sequence=4, bad_sequence=9)
    assert (within.first_bad_sequence, within.last_good_sequence) == (7, 6)


@pytest.mark.parametrize("predicate", ["state.half % 2 == 0", lambda state: state["half"] % 2 == 0])
def test_a_predicate_that_is_not_monotone_is_called_so(
    writer: Timeloom, recorded: str, predicate: Any
) -> None:
    found = writer.executions.bisect(recorded, predicate, exhaustive=True)
    assert found.not_monotone
    assert found.flips == (2, 4, 6, 8, 10, 12)
    assert str(found).endswith("the predicate is not monotone")


@pytest.mark.parametrize("predicate", ["state.lost", lambda state: state["lost"]])
def test_bisection_goes_the_way_of_a_deleted_branch(writer: Timeloom, predicate: Any) -> None:
    """What was left behind is not on the way, also where nobody can see any more that it was left behind."""
    execution_id = writer.executions.create(agent_id="agent").id
    for lost in (False, False, True, True):
        writer.snapshots.record(execution_id, {"lost": lost})
    writer.snapshots.record(execution_id, {"lost": False}, parent_sequence=2, branch=True)
    for lost in (False, True):
        writer.snapshots.record(execution_id, {"lost": lost})
    writer.snapshots.delete(execution_id, [5])

    found = writer.executions.bisect(execution_id, predicate, exhaustive=True)

    assert (found.first_bad_sequence, found.last_good_sequence, found.flips) == (7, 6, (7,))
    assert sorted(each.sequence for each in found.evaluations) == [1, 2, 6, 7]
    with pytest.raises(errors.InvalidFieldError):
        writer.executions.bisect(execution_id, predicate, good_sequence=3)


async def test_an_asynchronous_predicate_sees_the_good_state_too(service: Service) -> None:
    async def differs(state: Any, good: Any) -> bool:
        return bool(state != good)

    async with AsyncTimeloom(api_key=service.api_key, grpc_address=service.address) as client:
        ids = []
        for odd in (0, 8):
            async with client.record(agent_id="agent") as execution:
                for number in range(1, STEPS + 1):
                    bad = {"bad": True} if odd and number >= odd else {}
                    await execution.step(f"step {number}", state_of(number) | bad, wait=False)
            ids.append(execution.id)
        here = await client.executions.bisect(ids[1], differs, good_execution_id=ids[0])
        there = await client.executions.bisect(ids[1], good_execution_id=ids[0])
    assert here.first_bad_sequence == there.first_bad_sequence == 8


def test_two_executions_are_compared(writer: Timeloom, recorded: str) -> None:
    with writer.record(agent_id="agent") as other:
        record(other, odd=6)
        other.step("more", {"n": 0})
    found = writer.executions.compare(recorded, other.id)
    assert (found.same_count, found.different_count, found.extra_count) == (STEPS - 1, 1, 1)
    assert found.first_divergence is not None
    assert (found.first_divergence.sequence, found.first_divergence.kind) == (6, AlignmentKind.DIFFERENT)
    assert len(found.steps) == STEPS + 1
    assert len(writer.executions.compare(recorded, other.id, limit=3).steps) == 3
    assert not found.identical
    assert str(found).endswith("first divergence at 'even' (different)")
    assert writer.executions.compare(recorded, recorded).identical


def test_the_timeline_merges_what_happened(writer: Timeloom) -> None:
    with writer.record(agent_id="agent") as execution:
        execution.effect(EffectKind.TOOL, "tool", 1, 1)
        execution.step("one", {"n": 1})
        execution.step("two", {"n": 2})
    writer.executions.rollback(execution.id, 1, reopen=True)
    writer.executions.fork(execution.id, 1, name="forked")
    entries = list(writer.executions.timeline(execution.id, page_size=2))
    kinds = [
        name
        for entry in entries
        for name in ("snapshot", "effect", "head_move", "fork", "status")
        if getattr(entry, name) is not None
    ]
    assert sorted(kinds) == sorted(["status", "effect", "snapshot", "snapshot", "head_move", "fork"])
    assert [entry.time for entry in entries] == sorted(entry.time for entry in entries)
    newest = list(writer.executions.timeline(execution.id, descending=True, limit=1))
    assert [entry.fork.name for entry in newest if entry.fork] == ["forked"]


# -- Files ----------------------------------------------------------------------


def test_an_execution_is_written_to_a_file(writer: Timeloom, recorded: str, tmp_path: Path) -> None:
    path = tmp_path / "run.timeloom"
    sizes: list[int] = []
    size = writer.executions.export(recorded, path, progress=sizes.append)
    assert size == path.stat().st_size == sizes[-1]
    assert [each.name for each in tmp_path.iterdir()] == ["run.timeloom"]
    buffer = io.BytesIO()
    writer.executions.export(recorded, buffer)
    assert len(buffer.getvalue()) > 1000
    assert b"".join(writer.executions.export_stream(recorded))[:8] == buffer.getvalue()[:8]
    with pytest.raises(errors.AlreadyExistsError):
        writer.executions.import_(path)
    with pytest.raises(errors.NotFoundError):
        writer.executions.export("00000000-0000-4000-8000-000000000000", tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_file_is_read_where_the_execution_is_not(writer: Timeloom) -> None:
    with writer.record(agent_id="agent") as execution:
        record(execution)
    before = [snapshot.chain_hash for snapshot in writer.snapshots.list(execution.id)]
    buffer = io.BytesIO()
    writer.executions.export(execution.id, buffer)
    writer.executions.delete(execution.id)
    with pytest.raises(errors.DamagedFileError):
        writer.executions.import_(io.BytesIO(buffer.getvalue()[:-20]))
    buffer.seek(0)
    sizes: list[int] = []
    imported = writer.executions.import_(buffer, progress=sizes.append)
    assert imported.id == execution.id
    assert sizes[-1] == len(buffer.getvalue())
    assert [snapshot.chain_hash for snapshot in writer.snapshots.list(imported.id)] == before
    assert writer.snapshots.get(imported.id).state == state_of(STEPS)


# -- Keeping --------------------------------------------------------------------


def test_snapshots_are_deleted_and_pruned(writer: Timeloom) -> None:
    with writer.record(agent_id="agent") as execution:
        record(execution)
    assert writer.snapshots.delete(execution.id, [2, 3]) == 2
    with pytest.raises(errors.SnapshotInUseError):
        writer.snapshots.delete(execution.id, [STEPS])
    policy = RetentionPolicy(keep_last=4)
    planned = writer.executions.prune(policy, execution_ids=[execution.id], dry_run=True)
    done = writer.executions.prune(policy, execution_ids=[execution.id])
    assert (done.snapshot_count, done.truncated) == (planned.snapshot_count, False)
    assert (planned.snapshot_count, planned.executions[0].execution_id) == (6, execution.id)
    left = [snapshot.sequence for snapshot in writer.snapshots.list(execution.id)]
    assert left == list(range(STEPS - 3, STEPS + 1))
    assert writer.snapshots.get(execution.id).state == state_of(STEPS)


def test_a_policy_is_set_and_cleared(service: Service, writer: Timeloom) -> None:
    policy = RetentionPolicy(
        keep_last=5,
        keep_tagged=True,
        keep_younger_than=timedelta(days=30),
        keep_kinds=(SnapshotKind.CHECKPOINT,),
        delete_ended_after=timedelta(days=365, seconds=1),
    )
    assert writer.retention.get() is None
    with pytest.raises(errors.MissingScopeError):
        writer.retention.set(policy)
    with Timeloom(api_key=service.admin_key, grpc_address=service.address) as admin:
        assert admin.retention.set(policy) == policy
        assert writer.retention.get() == policy
        admin.retention.clear()
    assert writer.retention.get() is None


# -- Playback -------------------------------------------------------------------


def states(frames: Iterator[Frame] | list[Frame]) -> list[tuple[int, Any]]:
    return [(frame.sequence, frame.state) for frame in frames]


def status_of(playback: Playback) -> PlaybackState:
    return playback.status.state


@pytest.mark.parametrize("content", [FrameContent.DELTA, FrameContent.STATE])
def test_a_playback_goes_as_it_is_told(writer: Timeloom, recorded: str, content: FrameContent) -> None:
    with writer.playback(recorded, content=content) as playback:
        assert states([playback.frame]) == [(1, state_of(1))]
        assert status_of(playback) is PlaybackState.PAUSED
        assert (playback.status.first_sequence, playback.status.last_sequence) == (1, STEPS)
        forward = playback.step(3)
        assert forward is not None
        assert states([forward]) == [(4, state_of(4))]
        back = playback.back()
        assert back is not None
        assert states([back]) == [(3, state_of(3))]
        assert states([playback.jump(9)]) == [(9, state_of(9))]
        playback.play(speed=0, reverse=True)
        assert states(iter(playback)) == [(number, state_of(number)) for number in range(8, 0, -1)]
        assert status_of(playback) is PlaybackState.ENDED
        assert playback.back() is None
        playback.set_breakpoints([Breakpoint(changed_path="/half"), Breakpoint(expression="state.n == 3")])
        playback.play(speed=0)
        assert [(frame.sequence, frame.breakpoints) for frame in playback] == [(2, (0,))]
        playback.play(speed=0)
        assert [(frame.sequence, frame.breakpoints) for frame in playback] == [(3, (1,))]
        assert not playback.is_playing


def test_frames_are_iterated_over(writer: Timeloom, recorded: str) -> None:
    every = [(number, state_of(number)) for number in range(1, STEPS + 1)]
    assert states(writer.frames(recorded)) == every
    assert states(writer.frames(recorded, reverse=True)) == every[::-1]
    assert states(writer.frames(recorded, from_sequence=9, to_sequence=4, reverse=True)) == every[8:2:-1]
    parts = writer.frames(recorded, from_sequence=2, to_sequence=3, path="/n", content=FrameContent.STATE)
    assert states(parts) == [(2, 2), (3, 3)]
    first_stop = list(writer.frames(recorded, breakpoints=[Breakpoint(expression="state.n == 3")]))[-1]
    assert (first_stop.sequence, first_stop.breakpoints) == (3, (0,))
    assert next(writer.frames(recorded)).sequence == 1
    with pytest.raises(errors.NotFoundError):
        list(writer.frames(recorded, from_sequence=99))
    with pytest.raises(errors.DeadlineExceededError):
        list(writer.frames(recorded, timeout_seconds=1e-6))


def test_a_playback_shows_parts_changes_or_nothing(writer: Timeloom, recorded: str) -> None:
    with writer.playback(recorded, path="/notes", sequence=2) as playback:
        assert playback.frame.state == ["note 0", "note 1"]
        frame = playback.step()
        assert frame is not None
        assert frame.state == ["note 0", "note 1", "note 2"]
    with writer.playback(recorded, content=FrameContent.CHANGES) as playback:
        frame = playback.step()
        assert frame is not None
        assert [change.path for change in frame.changes] == ["/half", "/n", "/notes/1"]
    with pytest.raises(errors.NotFoundError), writer.playback(recorded) as playback:
        playback.jump(99)
    with pytest.raises(ValueError, match="exactly one condition"):
        Breakpoint(sequence=1, step_name="x")


async def test_a_playback_is_paused_while_another_task_looks_on(service: Service, recorded: str) -> None:
    seen: list[int] = []
    async with (
        AsyncTimeloom(api_key=service.api_key, grpc_address=service.address) as client,
        client.playback(recorded, pause_seconds_max=0.001) as playback,
    ):
        await playback.play(speed=0.25)
        async for frame in playback:
            seen.append(frame.sequence)
            if frame.sequence == 3:
                await playback.pause()
    assert seen[:2] == [2, 3]
    assert len(seen) < STEPS
