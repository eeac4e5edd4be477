"""From head to head: what is recorded, chained and stored, with no database in sight."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.state.strategies import related_pairs
from timeloom.state import canonical, delta
from timeloom.state.statehash import StateHash
from timeloom_platform.errors import InvalidFieldError, StaleParentError, TooLargeError
from timeloom_snapshots import chain
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.errors import DeltaMismatchError, StateHashMismatchError
from timeloom_snapshots.head import Head, Position, advance
from timeloom_snapshots.model import NewSnapshot, Record, StateDelta, WholeState

PROJECT = UUID("00000000-0000-4000-8000-000000000001")
EXECUTION = UUID("00000000-0000-4000-8000-000000000002")
NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
CODEC = Codec.packaged()


def new_head() -> Head:
    return Head.of_new_execution(PROJECT, EXECUTION, NOW)


def record(content: Any, **fields: Any) -> Record:
    """A record of a whole state, or of a delta if it is a list of operations."""
    is_delta = isinstance(content, list) and all(isinstance(each, delta.Operation) for each in content)
    values: dict[str, Any] = {
        "kind": 3,
        "step_name": "",
        "label": "",
        "key": "",
        "tags": (),
        "metadata": None,
        "content": StateDelta(operations=content, encoded=delta.encode(content))
        if is_delta and content
        else WholeState(value=content),
        "parent_sequence": None,
        "branch": False,
        "expected_state_hash": b"",
        "effects": (),
        "create_time": None,
        "size_bytes": 0,
    }
    return Record(**{**values, **fields})


def step(
    head: Head, content: Any, *, parent: Position | None = None, **fields: Any
) -> tuple[Head, NewSnapshot]:
    return advance(head, record(content, **fields), parent=parent or head.position, now=NOW, codec=CODEC)


@given(st.lists(related_pairs(), min_size=1, max_size=4))
def test_the_stored_deltas_lead_from_nothing_to_every_state(pairs: list[tuple[Any, Any]]) -> None:
    head, state, chain_hash = new_head(), None, chain.genesis(PROJECT, EXECUTION)
    for sequence, wanted in enumerate((each for pair in pairs for each in pair), start=1):
        head, new = step(head, wanted)
        raw = CODEC.decompress(new.stored.delta, new.stored.dictionary_id)
        state = delta.apply(state, delta.decode(raw))
        assert canonical.encode(state) == canonical.encode(wanted) == canonical.encode(head.position.state)
        assert new.snapshot.state_hash == StateHash.of(wanted).digest
        assert new.snapshot.state_bytes == len(canonical.encode(wanted))
        assert (new.snapshot.sequence, head.snapshot_count) == (sequence, sequence)
        assert new.snapshot.chain_hash != chain_hash
        chain_hash = new.snapshot.chain_hash
        if new.stored.keyframe is not None:
            keyframe = CODEC.decompress(new.stored.keyframe, new.stored.dictionary_id)
            assert keyframe == canonical.encode(wanted)
            assert new.stored.base_sequence == sequence


def test_a_delta_is_stored_as_it_came() -> None:
    head, _ = step(new_head(), {"n": 1, "text": "x" * 500})
    head, new = step(head, [delta.Set(("n",), 2), delta.Set(("n",), 3)])
    assert CODEC.decompress(new.stored.delta, 1) == b'[["set",["n"],2],["set",["n"],3]]'
    assert (new.stored.base_sequence, new.stored.keyframe) == (1, None)


def test_a_branch_stores_its_whole_state() -> None:
    first, _ = step(new_head(), {"n": 1, "text": "x" * 500})
    second, _ = step(first, [delta.Set(("n",), 2)])
    third, new = step(second, [delta.Set(("b",), 1)], parent=first.position)
    assert (new.snapshot.sequence, new.snapshot.parent_sequence, new.stored.base_sequence) == (3, 1, 3)
    assert delta.sets_root(delta.decode(CODEC.decompress(new.stored.delta, 1)))
    assert third.position.state == {"n": 1, "text": "x" * 500, "b": 1}
    _, after = step(third, [delta.Set(("n",), 5)])
    assert (after.snapshot.parent_sequence, after.stored.base_sequence) == (3, 3)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"parent_sequence": 1}, StaleParentError),
        ({"parent_sequence": 0}, StaleParentError),
        ({"parent_sequence": 3}, InvalidFieldError),
        ({"parent_sequence": 3, "branch": True}, InvalidFieldError),
    ],
)
def test_a_parent_must_be_the_head_or_asked_for(fields: dict[str, Any], error: type[Exception]) -> None:
    head, _ = step(step(new_head(), 1)[0], 2)
    with pytest.raises(error):
        head.parent_of(record(3, **fields))
    assert head.parent_of(record(3)) == head.parent_of(record(3, parent_sequence=2)) == 2
    assert head.parent_of(record(3, parent_sequence=1, branch=True)) == 1


def test_what_does_not_fit_is_refused() -> None:
    head, _ = step(new_head(), {"n": 1})
    with pytest.raises(DeltaMismatchError):
        step(head, [delta.Remove(("missing",))])
    with pytest.raises(StateHashMismatchError):
        step(head, {"n": 2}, expected_state_hash=StateHash.of({"n": 3}).digest)
    with pytest.raises(TooLargeError):
        step(head, {"n": "x" * (64 * 1024 * 1024)})
    with pytest.raises(TooLargeError):
        step(replace(head, snapshot_count=2**31 - 1), {"n": 2})
    assert head.position.state == {"n": 1}


def test_the_chain_depends_on_everything_that_was_recorded() -> None:
    fields: dict[str, Any] = {
        "kind": 4,
        "step_name": "a",
        "label": "b",
        "key": "c",
        "tags": ("d",),
        "metadata": "{}",
        "create_time": NOW.replace(microsecond=0),
    }
    hashes = {step(new_head(), {"n": 1})[1].snapshot.chain_hash}
    for name, value in fields.items():
        hashes.add(step(new_head(), {"n": 1}, **{name: value})[1].snapshot.chain_hash)
    hashes.add(step(new_head(), {"n": 1.0})[1].snapshot.chain_hash)
    hashes.add(step(new_head(), [delta.Set((), {"n": 0}), delta.Set(("n",), 1)])[1].snapshot.chain_hash)
    hashes.add(chain.genesis(EXECUTION, PROJECT))
    assert len(hashes) == len(fields) + 4


def test_a_known_chain_hash() -> None:
    """Fixed for good: exports carry these hashes."""
    _, new = step(new_head(), {"n": 1}, step_name="start", tags=("a",), metadata='{"b":1.0}')
    assert new.snapshot.chain_hash.hex() == "c7213b0272bcfccc2f8ccb1bdf79f0522f07760427d05ee246936ea664d5c787"
