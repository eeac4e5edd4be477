"""The history of a value against looking at every state."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.snapshots.histories import Recording, recordings
from tests.unit.state.strategies import list_pairs, related_pairs
from timeloom.state import align, delta, pointer
from timeloom.state.changes import ABSENT
from timeloom_snapshots import parts
from timeloom_snapshots.values import ValueTrack, is_beside, touches
from timeloom_snapshots.ways import way_to


def followed(recording: Recording, wanted: int, path: str) -> list[tuple[int, Any, Any]]:
    """Follows a value along the way to a snapshot, as the service does it."""
    turns = {each: parent for each, parent in recording.parents.items() if parent != each - 1}
    track = ValueTrack(path)
    for first, last in way_to(wanted, {each: turns[each] for each in turns if each <= wanted}):
        run = [each for each in recording.deltas if first <= each.sequence <= last]
        while run:
            count = track.advance(run, limit=1000)
            run = run[count:]
            if run:
                track.jump(run[0].sequence, recording.states[run[0].sequence])
                run = run[1:]
    return [(each.sequence, each.old_value, each.new_value) for each in track.changes]


def looked_up(recording: Recording, wanted: int, path: str) -> list[tuple[int, Any, Any]]:
    """Looks at every state on the way."""
    way: list[int] = []
    at = wanted
    while at:
        way.append(at)
        at = recording.parents[at]
    found: list[tuple[int, Any, Any]] = []
    old: Any = ABSENT
    for sequence in reversed([each for each in way if each in recording.states]):
        new = parts.part_or_absent(recording.states[sequence], path)
        if (old is ABSENT) != (new is ABSENT) or (old is not ABSENT and not align.same(old, new)):
            found.append((sequence, old, new))
        old = new
    return found


def paths_of(value: Any) -> list[str]:
    """Returns the pointers to everything in a value."""
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return ["", *(f"/{pointer.escape(key)}{rest}" for key, child in children for rest in paths_of(child))]


@given(recordings(), st.data())
def test_is_what_looking_at_every_state_finds(recording: Recording, data: st.DataObject) -> None:
    wanted = data.draw(st.sampled_from(sorted(recording.states)))
    paths = sorted({path for state in recording.states.values() for path in paths_of(state)})
    path = data.draw(st.one_of(st.sampled_from(paths), st.sampled_from(["/a/b", "/0", "/messages/1"])))
    assert followed(recording, wanted, path) == looked_up(recording, wanted, path)


@given(st.one_of(related_pairs(), list_pairs()))
def test_whatever_changes_is_touched(pair: tuple[Any, Any]) -> None:
    """At every path: a value that no operation touches is the same afterwards."""
    old, new = {"in": pair[0]}, {"in": pair[1]}
    operations = delta.diff(old, new)
    for path in {*paths_of(old), *paths_of(new)}:
        before, after = parts.part_or_absent(old, path), parts.part_or_absent(new, path)
        needed = [each for each in operations if not is_beside(each, pointer.parse(path))]
        partial = parts.part_or_absent(delta.apply(old, needed), path)
        assert partial is after or align.same(partial, after), path
        is_same = before is after or (
            before is not ABSENT and after is not ABSENT and align.same(before, after)
        )
        assert is_same or any(touches(each, pointer.parse(path)) for each in operations), path


def test_what_lies_before_a_splice_is_not_touched() -> None:
    append = delta.Splice(("messages",), 3, 0, ["new"])
    assert [touches(append, ("messages", token)) for token in ("2", "3", "4")] == [False, True, True]
    assert not touches(append, ("messages", "0", "content"))
    assert not touches(append, ("plan",))
    assert touches(append, ("messages",))
    assert touches(append, ())
