"""Changes tell people what happened, each value at its place in both states."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from tests.unit.state.strategies import list_pairs, related_pairs
from timeloom.state import canonical, pointer
from timeloom.state.changes import ABSENT, Change, ChangeKind, changes

ADDED, REMOVED, CHANGED = ChangeKind.ADDED, ChangeKind.REMOVED, ChangeKind.CHANGED


def _check_places(old: Any, new: Any) -> None:
    found, truncated = changes(old, new, limit=10_000)
    assert not truncated
    assert (found == []) == (canonical.encode(old) == canonical.encode(new))
    for change in found:
        if change.kind is not ADDED:
            assert pointer.resolve(old, change.old_path or change.path) == change.old_value
        if change.kind is not REMOVED:
            assert pointer.resolve(new, change.path) == change.new_value
        assert (change.old_value is ABSENT) == (change.kind is ADDED)
        assert (change.new_value is ABSENT) == (change.kind is REMOVED)
    removed = [change.path for change in found if change.kind is REMOVED]
    assert len(set(removed)) == len(removed)


@given(related_pairs())
def test_every_change_is_where_it_says(pair: tuple[Any, Any]) -> None:
    _check_places(*pair)


@given(list_pairs())
def test_every_change_of_a_list_is_where_it_says(pair: tuple[list[Any], list[Any]]) -> None:
    _check_places(*pair)


def _message(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "role": "user", "text": f"message {number}", **more}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 1.0}, [Change(kind=CHANGED, path="/a", old_value=1, new_value=1.0)]),
        ({"a": None}, {}, [Change(kind=REMOVED, path="/a", old_value=None)]),
        (
            {"b": 1, "c": 2},
            {"a": [1], "c": {"d": 2}},
            [
                Change(kind=ADDED, path="/a", new_value=[1]),
                Change(kind=REMOVED, path="/b", old_value=1),
                Change(kind=CHANGED, path="/c", old_value=2, new_value={"d": 2}),
            ],
        ),
        (
            {"m/x": [_message(0), _message(1), _message(2)]},
            {"m/x": [_message(1), _message(2, done=True), _message(3)]},
            [
                Change(kind=REMOVED, path="/m~1x/0", old_value=_message(0)),
                Change(kind=ADDED, path="/m~1x/1/done", new_value=True),
                Change(kind=ADDED, path="/m~1x/2", new_value=_message(3)),
            ],
        ),
        (
            [_message(0), _message(1), _message(2)],
            [_message(1), {**_message(2), "text": "edited"}],
            [
                Change(kind=REMOVED, path="/0", old_value=_message(0)),
                Change(
                    kind=CHANGED,
                    path="/1/text",
                    old_path="/2/text",
                    old_value="message 2",
                    new_value="edited",
                ),
            ],
        ),
        (
            [_message(0), 5],
            [{"kind": "other"}, 6],
            [
                Change(kind=CHANGED, path="/0", old_value=_message(0), new_value={"kind": "other"}),
                Change(kind=CHANGED, path="/1", old_value=5, new_value=6),
            ],
        ),
        (ABSENT, {"a": 1}, [Change(kind=ADDED, path="", new_value={"a": 1})]),
        ({"a": 1}, ABSENT, [Change(kind=REMOVED, path="", old_value={"a": 1})]),
        (ABSENT, ABSENT, []),
    ],
)
def test_the_changes_of(old: Any, new: Any, expected: list[Change]) -> None:
    assert changes(old, new, limit=100) == (expected, False)


def test_the_limit_is_told() -> None:
    found, truncated = changes({}, {str(n): n for n in range(10)}, limit=9)
    assert (len(found), truncated) == (9, True)
    found, truncated = changes({}, {str(n): n for n in range(9)}, limit=9)
    assert (len(found), truncated) == (9, False)
