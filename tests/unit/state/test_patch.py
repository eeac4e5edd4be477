"""A JSON Patch does what its RFC says, leaves the state alone, and is refused where it does not fit."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.state.strategies import values
from timeloom.state import canonical, delta, patch, pointer
from timeloom.state.patch import PatchError


def patched(state: Any, operations: Any) -> Any:
    return delta.apply(state, patch.to_delta(state, patch.parse(json.dumps(operations).encode())))


# The examples of RFC 6902, appendix A, that succeed.
@pytest.mark.parametrize(
    ("before", "operations", "after"),
    [
        (
            {"foo": "bar"},
            [{"op": "add", "path": "/baz", "value": "qux"}],
            {"baz": "qux", "foo": "bar"},
        ),
        (
            {"foo": ["bar", "baz"]},
            [{"op": "add", "path": "/foo/1", "value": "qux"}],
            {"foo": ["bar", "qux", "baz"]},
        ),
        ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
        (
            {"foo": ["bar", "qux", "baz"]},
            [{"op": "remove", "path": "/foo/1"}],
            {"foo": ["bar", "baz"]},
        ),
        (
            {"baz": "qux", "foo": "bar"},
            [{"op": "replace", "path": "/baz", "value": "boo"}],
            {"baz": "boo", "foo": "bar"},
        ),
        (
            {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
            [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
            {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
        ),
        (
            {"foo": ["all", "grass", "cows", "eat"]},
            [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
            {"foo": ["all", "cows", "eat", "grass"]},
        ),
        (
            {"baz": "qux", "foo": ["a", 2, "c"]},
            [
                {"op": "test", "path": "/baz", "value": "qux"},
                {"op": "test", "path": "/foo/1", "value": 2},
            ],
            {"baz": "qux", "foo": ["a", 2, "c"]},
        ),
        (
            {"foo": "bar"},
            [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
            {"foo": "bar", "child": {"grandchild": {}}},
        ),
        ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
        (
            {"foo": ["bar"]},
            [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
            {"foo": ["bar", ["abc", "def"]]},
        ),
        ({"foo": 1}, [{"op": "replace", "path": "", "value": [1]}], [1]),
        ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}], {"a": {"b": 1}, "c": {"b": 1}}),
        ({"a": 1}, [{"op": "move", "from": "/a", "path": "/a"}], {"a": 1}),
    ],
)
def test_a_patch_does_what_the_rfc_says(before: Any, operations: Any, after: Any) -> None:
    untouched = copy.deepcopy(before)
    assert patched(before, operations) == after
    assert before == untouched


@pytest.mark.parametrize(
    ("state", "operation"),
    [
        ({"foo": "bar"}, {"op": "test", "path": "/foo", "value": "baz"}),
        ({"n": 1}, {"op": "test", "path": "/n", "value": 1.0}),
        ({"n": 1}, {"op": "test", "path": "/n", "value": True}),
        ({"foo": "bar"}, {"op": "add", "path": "/baz/bat", "value": "qux"}),
        ({"foo": "bar"}, {"op": "add", "path": "/foo/bat", "value": "qux"}),
        ({"foo": "bar"}, {"op": "remove", "path": "/baz"}),
        ({"foo": "bar"}, {"op": "replace", "path": "/baz", "value": 1}),
        ({"foo": "bar"}, {"op": "remove", "path": ""}),
        ({"foo": "bar"}, {"op": "remove", "path": "foo"}),
        ({"foo": [1]}, {"op": "add", "path": "/foo/2", "value": 1}),
        ({"foo": [1]}, {"op": "add", "path": "/foo/01", "value": 1}),
        ({"foo": [1]}, {"op": "add", "path": "/foo/a", "value": 1}),
        ({"foo": [1]}, {"op": "remove", "path": "/foo/-"}),
        ({"foo": [1]}, {"op": "remove", "path": "/foo/1"}),
        ({"a": {"b": 1}}, {"op": "move", "from": "/a", "path": "/a/c"}),
        ({"a": 1}, {"op": "move", "from": "", "path": "/a"}),
        ({"a": 1}, {"op": "copy", "from": "/b", "path": "/c"}),
    ],
)
def test_what_does_not_fit_is_refused(state: Any, operation: Any) -> None:
    untouched = copy.deepcopy(state)
    with pytest.raises(PatchError, match="operation 1 at"):
        patched(state, [{"op": "test", "path": "", "value": state}, operation])
    assert state == untouched


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1]",
        b'[{"op":"spam","path":"/a","value":1}]',
        b'[{"op":"add","path":"/a"}]',
        b'[{"op":"add","path":"/a","value":1,"more":2}]',
        b'[{"op":"add","path":"/a","value":1,"value":2}]',
        b'[{"op":"add","path":"/a","value":1e999}]',
        b'[{"op":"move","path":"/a"}]',
        b"[" + b",".join([b'{"op":"remove","path":"/a"}'] * 1001) + b"]",
    ],
)
def test_what_is_no_patch_is_refused(data: bytes) -> None:
    with pytest.raises(PatchError):
        patch.parse(data)


@given(state=values, value=values, data=st.data())
def test_any_place_can_be_replaced_removed_and_put_back(state: Any, value: Any, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(list(_places(state, ""))))
    found = pointer.resolve(state, place)
    replaced = patched(state, [{"op": "replace", "path": place, "value": value}])
    assert canonical.encode(pointer.resolve(replaced, place)) == canonical.encode(value)
    there_and_back = [
        {"op": "copy", "from": place, "path": place} if not place else {"op": "remove", "path": place},
        {"op": "add", "path": place, "value": found},
    ]
    assert canonical.encode(patched(state, there_and_back)) == canonical.encode(state)


def _places(value: Any, place: str) -> list[str]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [
        place,
        *(each for key, child in children for each in _places(child, f"{place}/{pointer.escape(key)}")),
    ]
