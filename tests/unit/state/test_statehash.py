"""The state hash is a function of the state alone, whichever way it was reached."""

from __future__ import annotations

from hashlib import sha256
from itertools import chain, pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.state.strategies import related_pairs, values
from timeloom.state import canonical, delta
from timeloom.state.statehash import INLINE_BYTES, LEAF_BYTES, StateHash

_padding = "x" * (LEAF_BYTES - 40)  # brings small values to both sides of the size of a leaf


def _specified(value: Any) -> bytes:
    """The digest as the module's description words it, with no regard for speed."""
    encoded = canonical.encode(value)
    if isinstance(value, list) and len(encoded) > LEAF_BYTES:
        seals = [_seal(item) for item in value]
        runs = [seals[start : start + 32] for start in range(0, len(seals), 32)]
        return sha256(b"\x01" + b"".join(sha256(b"\x03" + b"".join(run)).digest() for run in runs)).digest()
    if isinstance(value, dict) and len(encoded) > LEAF_BYTES:
        members = [
            len(name.encode()).to_bytes(4, "big") + name.encode() + _seal(value[name])
            for name in sorted(value)
        ]
        return sha256(b"\x02" + b"".join(members)).digest()
    return sha256(b"\x00" + encoded).digest()


def _seal(value: Any) -> bytes:
    encoded = canonical.encode(value)
    content = encoded if len(encoded) <= INLINE_BYTES else _specified(value)
    return len(encoded).to_bytes(4, "big") + content


def _enlarged(value: Any, shape: int) -> Any:
    """Puts a value where the tree has branches."""
    return [
        value,
        {"v": value, "padding": _padding},
        [value, _padding, [_padding * 2, value, [_padding * 2, value]]],
        {"a": {"b": {"c": value, "p": _padding * 2}}, "list": [[n] * 3 for n in range(600)]},
    ][shape]


shapes = st.integers(0, 3)


@given(values, shapes)
def test_the_hash_is_what_its_specification_says(value: Any, shape: int) -> None:
    state = _enlarged(value, shape)
    hashed = StateHash.of(state)
    assert hashed.digest == _specified(state)
    assert hashed.size_bytes == len(canonical.encode(state))


@given(st.lists(related_pairs(), min_size=1, max_size=3), shapes, shapes)
def test_hashing_what_changed_gives_what_hashing_all_gives(
    pairs: list[tuple[Any, Any]], shape: int, other_shape: int
) -> None:
    states = [_enlarged(state, shape) for pair in pairs for state in pair]
    states.append(_enlarged(pairs[0][0], other_shape))
    state, hashed = states[0], StateHash.of(states[0])
    for following in states[1:]:
        operations = delta.diff(state, following)
        state = delta.apply(state, operations)
        before = hashed.digest
        updated = hashed.updated(state, operations)
        fresh = StateHash.of(following)
        assert (updated.digest, updated.size_bytes) == (fresh.digest, fresh.size_bytes)
        assert hashed.digest == before
        hashed = updated


@given(st.lists(related_pairs(), min_size=2, max_size=3), shapes)
def test_many_deltas_are_hashed_at_once_as_one_after_the_other(
    pairs: list[tuple[Any, Any]], shape: int
) -> None:
    states = [_enlarged(value, shape) for pair in pairs for value in pair]
    hashed = StateHash.of(states[0])
    deltas = [delta.diff(before, after) for before, after in pairwise(states)]
    operations = list(chain.from_iterable(deltas))
    assert hashed.updated(states[-1], operations).digest == StateHash.of(states[-1]).digest


def test_operations_that_touch_the_same_place_again() -> None:
    state: Any = {"list": [{"n": n, "text": "x" * 100} for n in range(100)], "name": {"a": "y" * 5000}}
    operations: list[delta.Operation] = [
        delta.Set(("list", 3, "n"), 7),
        delta.Splice(("list",), 0, 2, []),
        delta.Set(("list", 1, "more"), [1]),
        delta.Splice(("list",), 1, 1, ["new", {"deep": [1]}]),
        delta.Set(("list", 2, "deep", 0), 2),
        delta.Set(("name", "b"), 1),
        delta.Remove(("name", "b")),
        delta.Remove(("name", "a")),
        delta.Set(("zebra",), {"b": "z" * 9000}),
        delta.Splice(("zebra", "b"), 0, 4000, "!"),
        delta.Set(("aardvark",), 1),
    ]
    following = delta.apply(state, operations)
    updated, fresh = StateHash.of(state).updated(following, operations), StateHash.of(following)
    assert (updated.digest, updated.size_bytes) == (fresh.digest, fresh.size_bytes)


def test_known_hashes() -> None:
    """Fixed for good: other implementations of the format are checked against them."""
    states = [
        None,
        {"b": [1, 1.0], "a": "é"},
        {"list": [n / 4 for n in range(2000)], "text": ["t" * 5000, 1]},
    ]
    assert [StateHash.of(state).digest.hex() for state in states] == [
        "b018d21dce8b6a938aecc2bb5ffdef6c1cd0d821f0f282c0eb96a08a36ef7bfe",
        "9cfe64e3a26a533cd7c6aa73bde0f8806869d622f004bdac770fa90ca2f8a34a",
        "b7242a63c16bf22ae1857376761dfcf25084ce6524ae34df27e48a849db606f0",
    ]
