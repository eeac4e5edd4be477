"""Deltas turn any JSON value into any other, exactly, and say plainly where they do not fit."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.state.strategies import list_pairs, related_pairs, values
from timeloom.state import canonical, delta
from timeloom.state.delta import Remove, Set, Splice


def _check(old: Any, new: Any) -> list[delta.Operation]:
    before, after = canonical.encode(old), canonical.encode(new)
    operations = delta.diff(old, new)
    encoded = delta.encode(operations)
    assert delta.decode(encoded) == operations
    assert delta.encode(delta.decode(encoded)) == encoded
    assert canonical.encode(delta.apply(old, delta.decode(encoded))) == after
    assert canonical.encode(old) == before, "the older state was changed in place"
    assert (operations == []) == (before == after)
    assert len(encoded) <= len(delta.encode([Set((), new)]))
    return operations


@given(values, values)
@example(old=1, new=True)
@example([1.0], [1])
@example({"a": -0.0}, {"a": 0.0})
@example([2**64], [float(2**64)])
@example({"a": {"b": 1, "c": [0, False]}}, {"a": {"c": [False, 0], "b": 1.0}})
def test_any_value_becomes_any_other(old: Any, new: Any) -> None:
    _check(old, new)


@given(related_pairs())
def test_a_state_becomes_the_next(pair: tuple[Any, Any]) -> None:
    _check(*pair)


@given(list_pairs())
def test_lists_become_one_another(pair: tuple[list[Any], list[Any]]) -> None:
    _check(*pair)


@given(st.one_of(related_pairs(), list_pairs()))
def test_an_inverted_delta_leads_back(pair: tuple[Any, Any]) -> None:
    old, new = pair
    operations = delta.diff(old, new)
    inverted = delta.invert(old, operations)
    back = delta.apply(new, delta.decode(delta.encode(inverted)))
    assert canonical.encode(back) == canonical.encode(old)
    again = delta.apply(back, delta.invert(new, inverted))
    assert canonical.encode(again) == canonical.encode(new)


@given(st.lists(related_pairs(), min_size=1, max_size=5))
def test_deltas_applied_at_once_give_what_they_give_one_by_one(pairs: list[tuple[Any, Any]]) -> None:
    states = [state for pair in pairs for state in pair]
    deltas = [delta.diff(old, new) for old, new in itertools.pairwise(states)]
    first = canonical.encode(states[0])
    assert canonical.encode(delta.apply_all(states[0], deltas)) == canonical.encode(states[-1])
    assert canonical.encode(states[0]) == first


@given(st.lists(related_pairs(), min_size=1, max_size=4))
def test_tracking_gives_deltas_that_rebuild_every_state(pairs: list[tuple[Any, Any]]) -> None:
    recorded = private = canonical.normalize(pairs[0][0])
    for state in (state for pair in pairs for state in pair):
        operations, private = delta.track(private, state)
        recorded = delta.apply(recorded, delta.decode(delta.encode(operations)))
        assert canonical.encode(recorded) == canonical.encode(private) == canonical.encode(state)


def test_tracking_is_safe_against_changes_in_place() -> None:
    state: dict[str, Any] = {"messages": [{"text": "hello"}], "count": 1}
    private = canonical.normalize(state)
    state["messages"].append({"text": "more", "parts": [1]})
    operations, private = delta.track(private, state)
    assert operations == [Splice(("messages",), 1, 0, [{"text": "more", "parts": [1]}])]
    state["messages"][1]["parts"].append(2)
    state["count"] = True
    assert operations == [Splice(("messages",), 1, 0, [{"text": "more", "parts": [1]}])]
    operations, private = delta.track(private, state)
    assert operations == [Set(("messages", 1, "parts"), [1, 2]), Set(("count",), value=True)]
    assert private == state


def test_tracking_shares_what_did_not_change() -> None:
    private = canonical.normalize({"static": {"a": [1]}, "messages": [{"n": 1}, {"n": 2}]})
    _, following = delta.track(private, {"static": {"a": [1]}, "messages": [{"n": 1}, {"n": 2}, {"n": 3}]})
    assert following["static"] is private["static"]
    assert following["messages"][0] is private["messages"][0]


@pytest.mark.parametrize(
    ("state", "place"),
    [
        ({"a": [1, {"b": float("nan")}]}, "/a/1/b"),
        ({"a": [1, 2, 3], "b": {"c": object()}}, "/b/c"),
        ({"a": [1, 2, 3], 7: 1}, ""),
        ({"a": [1, 2, "\ud800"]}, "/a/2"),
        ({"a": [1, 2, 3, {"x": {"y": b""}}]}, "/a/3/x/y"),
    ],
)
def test_tracking_names_what_has_no_form_in_json(state: Any, place: str) -> None:
    with pytest.raises(canonical.CanonicalError) as caught:
        delta.track({"a": [1, 2, 3]}, state)
    assert str(caught.value).endswith(f"(at {place})" if place else "not a string")


@pytest.mark.parametrize("seed", range(20))
def test_long_lists_with_a_few_edits_have_short_deltas(seed: int) -> None:
    rng = random.Random(seed)
    old: list[Any] = [{"id": rng.randrange(500), "text": "x" * 50} for _ in range(2000)]
    new, edits = list(old), rng.randrange(1, 6)
    for _ in range(edits):
        place = rng.randrange(len(new))
        new[place : place + rng.randrange(3)] = [{"id": -rng.randrange(500)} for _ in range(rng.randrange(3))]
    operations = _check(old, new)
    assert len(delta.encode(operations)) < 100 + 200 * edits


_LONG = {"message": "x" * 200}


@pytest.mark.parametrize(
    ("old", "new", "operations"),
    [
        ([1, 2, 3], [1, 2, 3], []),
        ({"m": [_LONG] * 3}, {"m": [_LONG] * 3 + [4]}, [Splice(("m",), 3, 0, [4])]),
        (
            [{"n": n, **_LONG} for n in range(50)],
            [{"n": n, **_LONG} for n in range(2, 52)],
            [Splice((), 0, 2, []), Splice((), 48, 0, [{"n": 50, **_LONG}, {"n": 51, **_LONG}])],
        ),
        (
            [{"n": n, **_LONG} for n in range(4)],
            [{"n": 0, **_LONG}, {"n": 1, "done": True, **_LONG}, {"n": 2, **_LONG}, {"n": 3, **_LONG}, _LONG],
            [Set((1, "done"), value=True), Splice((), 4, 0, [_LONG])],
        ),
        (
            [{"n": n, **_LONG} for n in range(6)],
            [{"n": n, **_LONG} for n in (0, 9, 1, 2, 4, 5)],
            [Splice((), 1, 0, [{"n": 9, **_LONG}]), Splice((), 4, 1, [])],
        ),
        ({"t": "x" * 100}, {"t": "x" * 100 + "yé"}, [Splice(("t",), 100, 0, "yé")]),
        ({"t": "x" * 100 + "y" * 100}, {"t": "x" * 99 + "y" * 99}, [Splice(("t",), 99, 2, "")]),
        ({"a": _LONG, "b": 1}, {"a": _LONG}, [Remove(("b",))]),
        (
            {"a": {"x": 1, "y": 2}, "b": _LONG},
            {"a": {"x": 3, "y": 4}, "b": _LONG},
            [Set(("a",), {"x": 3, "y": 4})],
        ),
        ({"a": 1, **_LONG}, {"a": True, **_LONG}, [Set(("a",), value=True)]),
        ({str(n): n for n in range(100)}, {}, [Set((), {})]),
    ],
)
def test_deltas_say_what_happened(old: Any, new: Any, operations: list[delta.Operation]) -> None:
    found = _check(old, new)
    assert delta.encode(found) == delta.encode(operations)


def test_a_delta_has_a_bounded_number_of_operations() -> None:
    old = {str(n): {"a": n, "rest": "x" * 40} for n in range(delta.OPERATIONS_MAX + 1)}
    new = {str(n): {"a": -n - 1, "rest": "x" * 40} for n in range(delta.OPERATIONS_MAX + 1)}
    assert _check(old, new) == [Set((), new)]
    too_many = b"[" + b",".join([b'["remove",["a"]]'] * (delta.OPERATIONS_MAX + 1)) + b"]"
    with pytest.raises(delta.DeltaError, match="at most 10,000 operations"):
        delta.decode(too_many)


def test_a_state_may_be_as_deep_as_canonical_form_allows() -> None:
    old: Any = 1
    new: Any = 2
    for _ in range(canonical.MAX_DEPTH // 2):
        old, new = {"a": [old]}, {"a": [new]}
    _check(old, new)


@pytest.mark.parametrize(
    "document",
    [
        b"{}",
        b"[{}]",
        b'[["set",["a"]]]',
        b'[["set",["a"],1,2]]',
        b'[["set",[-1],1]]',
        b'[["set",[1.5],1]]',
        b'[["set",[true],1]]',
        b'[["copy",["a"],1]]',
        b'[["remove",["a"],1]]',
        b'[["splice",[],0,-1,[]]]',
        b'[["splice",[],0,0,7]]',
        b'[["set",["a"],{"b":1,"b":2}]]',
        b'[["set",["a"],"\\ud800"]]',
        b'[["set",[],' + b"[" * 257 + b"]" * 257 + b"]]",
        b'[["splice",["a"],0,0,[' + b"[" * 255 + b"]" * 255 + b"]]]",
        b'[["set",[' + b",".join([b"0"] * 200) + b"]," + b"[" * 57 + b"]" * 57 + b"]]",
        b'[["set",[],' + b"[" * 100_000,
    ],
)
def test_malformed_deltas_are_refused(document: bytes) -> None:
    with pytest.raises(delta.DeltaError):
        delta.decode(document)


@pytest.mark.parametrize(
    ("state", "operation", "problem"),
    [
        ({}, Remove(("a",)), "operation 0 at ['a']: there is no member 'a'"),
        ({}, Remove(()), "the root cannot be removed"),
        ([1], Remove((0,)), "a list is spliced"),
        ({}, Set(("a", "b"), 1), "there is no member 'a'"),
        ({"a": 1}, Set(("a", "b"), 1), "there is nothing below a number"),
        ([1], Set((1,), 1), "there is no element 1 in a list of 1"),
        ([1], Set(("0",), 1), "there is no element '0' in a list of 1"),
        ({"0": 1}, Set((0,), 1), "there is no member 0"),
        ([1], Splice((), 1, 1, []), "1 to 2 is not within the 1 that are there"),
        ({}, Splice((), 0, 0, []), "elements cannot be spliced into an object"),
        ("text", Splice((), 0, 0, []), "nothing below a string"),
        ({"a": []}, Splice(("a",), 0, 0, "x"), "text cannot be spliced into a list"),
        ({"a": "é"}, Splice(("a",), 1, 1, "x"), "1 to 2 is not within the 1 that are there"),
    ],
)
def test_a_delta_that_does_not_fit_names_the_operation(
    state: Any, operation: delta.Operation, problem: str
) -> None:
    with pytest.raises(delta.DeltaError) as caught:
        delta.apply(state, [operation])
    assert problem in str(caught.value)
