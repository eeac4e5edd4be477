"""What a caller may change of a memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from timeloom_memory.changing import MemoryChanges, merged
from timeloom_memory.model import Memory
from timeloom_platform.errors import InvalidFieldError

NOW = datetime(2026, 5, 1, tzinfo=UTC)
MEMORY = Memory(
    id=UUID(int=1),
    number=1,
    namespace="project",
    key="",
    agent_id="",
    session_id="",
    kind=7,
    content="One.",
    context="",
    metadata='{"a":1,"b":{"c":[1,2]}}',
    tags=("x",),
    importance=5.0,
    confidence=0.5,
    occur_time=NOW - timedelta(days=1),
    valid_from=NOW - timedelta(days=1),
    valid_to=None,
    expire_time=None,
    archived=False,
    cluster_id=None,
    superseded_by=None,
    supersedes=None,
    source_ids=(),
    version=1,
    content_version=1,
    sequence=1,
    create_time=NOW,
    update_time=NOW,
    delete_time=None,
    embedding_model="",
    dimension=0,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


# The table of RFC 7396, appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_its_rfc_says(target: Any, patch: Any, result: Any) -> None:
    assert merged(target, patch) == result


@given(target=VALUES, patch=VALUES)
def test_a_merge_patch_done_twice_is_the_same(target: Any, patch: Any) -> None:
    once = merged(target, patch)
    assert merged(once, patch) == once


def test_nothing_changes_by_no_changes() -> None:
    assert MemoryChanges().applied_to(MEMORY) == MEMORY


def test_what_is_given_changes_and_the_rest_stays() -> None:
    changes = MemoryChanges(content="Two.", tags=(), occur_time=None, metadata_patch={"b": {"c": None}})
    assert changes.applied_to(MEMORY) == replace(
        MEMORY, content="Two.", tags=(), occur_time=NOW, metadata='{"a":1,"b":{}}'
    )


def test_a_patch_may_take_the_metadata_away() -> None:
    assert MemoryChanges(metadata_patch=None).applied_to(MEMORY).metadata is None


def test_a_memory_does_not_end_before_it_begins() -> None:
    with pytest.raises(InvalidFieldError, match="validTo must not be before validFrom"):
        MemoryChanges(valid_to=NOW - timedelta(days=2)).applied_to(MEMORY)


def test_metadata_do_not_grow_beyond_their_limit_by_patches() -> None:
    with pytest.raises(InvalidFieldError, match="metadata would have"):
        MemoryChanges(metadata_patch={"x": "y" * 65_536}).applied_to(MEMORY)
