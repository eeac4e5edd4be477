"""LangGraph's serialised values as JSON, and back without losing a bit."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections import deque
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import ormsgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Interrupt, Send

from timeloom.langgraph.transcoding import DEPTH_MAX, TAG, Document, Transcoder, Typed
from timeloom.state import canonical

serde = JsonPlusSerializer()


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    y: int
    x: int


def through_storage(document: Document) -> Document:
    """The document as it comes back: in canonical form, with its orders beside it."""
    return Document(canonical.decode(canonical.encode(document.tree)), document.orders)


def there_and_back(typed: Typed) -> Typed:
    kind, data = Transcoder().decode(through_storage(Transcoder().encode(typed)))
    return kind, bytes(data)


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text()
    | st.binary(max_size=20)
)
keys = st.text(max_size=4) | st.sampled_from([TAG, "a", "b", "z"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(keys, inner, max_size=5)
        | st.dictionaries(st.integers(0, 9) | st.booleans() | st.text(max_size=2), inner, max_size=4)
        | st.builds(lambda code, value: ormsgpack.Ext(code, pack(value)), st.integers(0, 127), inner)
        | st.builds(
            lambda code, name, kwargs, rest: ormsgpack.Ext(code, pack(["module", name, kwargs, *rest])),
            st.sampled_from([2, 4, 5]),
            st.text(max_size=5),
            st.dictionaries(keys, inner, max_size=4),
            st.lists(inner, max_size=2),
        )
        | st.builds(ormsgpack.Ext, st.integers(0, 127), st.binary(max_size=8))
    ),
    max_leaves=20,
)


def pack(value: Any) -> bytes:
    return ormsgpack.packb(value, option=ormsgpack.OPT_NON_STR_KEYS)


@given(value=values)
@settings(max_examples=400, deadline=None)
def test_any_msgpack_comes_out_as_it_went_in(value: Any) -> None:
    typed = ("msgpack", pack(value))
    assert there_and_back(typed) == typed


@given(kind=st.sampled_from(["msgpack", "json", "pickle", "msgpack+aes", "null", "bytes"]), data=st.binary())
@settings(max_examples=300, deadline=None)
def test_any_bytes_come_out_as_they_went_in(kind: str, data: bytes) -> None:
    assert there_and_back((kind, data)) == (kind, data)


OBJECTS = [
    None,
    b"bytes",
    HumanMessage("hello", id="1"),
    AIMessage("", tool_calls=[{"name": "search", "args": {"q": "x"}, "id": "c"}]),
    ToolMessage("found", tool_call_id="c", artifact={"z": 1, "a": b"\x00"}),
    {"messages": [HumanMessage("a"), AIMessage("b")], 3: {(1, 2): "tuple"}},
    uuid.UUID(int=7),
    dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC),
    dt.timedelta(days=1, microseconds=1),
    decimal.Decimal("1.10"),
    Path("/tmp/x"),
    {1, 2},
    deque([1, 2]),
    Colour.RED,
    Point(y=1, x=2),
    Send("node", {"a": 1}),
    Interrupt(value="really?", id="i"),
    [1.0, -0.0, 1e22, float("inf")],
]


@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: type(value).__name__)
def test_what_agents_keep_comes_back_equal(value: Any) -> None:
    typed = serde.dumps_typed(value)
    assert there_and_back(typed) == typed
    assert serde.loads_typed(there_and_back(typed)) == value


def test_a_message_is_readable() -> None:
    document = Transcoder().encode(serde.dumps_typed([HumanMessage("hello", id="1")]))
    assert document.tree == [
        {
            TAG: ["object", 5, ["langchain_core.messages.human", "HumanMessage", "model_validate_json"]],
            "additional_kwargs": {},
            "content": "hello",
            "id": "1",
            "name": None,
            "response_metadata": {},
            "type": "human",
        }
    ]


def test_members_keep_their_order() -> None:
    typed = serde.dumps_typed({"steps": [{"z": 1, "a": 2}, {"z": 3, "a": 4}], "b": 0})
    document = Transcoder().encode(typed)
    assert document.tree == {"steps": [{"a": 2, "z": 1}, {"a": 4, "z": 3}], "b": 0}
    assert document.orders == {("steps", "b"), ("z", "a")}
    loaded = serde.loads_typed(Transcoder().decode(through_storage(document)))
    assert [list(step) for step in loaded["steps"]] == [["z", "a"], ["z", "a"]]
    assert list(loaded) == ["steps", "b"]


def test_an_object_in_an_order_of_its_own_lists_it() -> None:
    document = Transcoder().encode(serde.dumps_typed([{"a": 1, "z": 2}, {"z": 3, "a": 4}]))
    assert document == Document([{"a": 1, "z": 2}, {TAG: ["order", ["z", "a"]], "a": 4, "z": 3}])


def test_orders_that_were_learnt_are_preferred() -> None:
    transcoder = Transcoder()
    transcoder.learn([("z", "a")])
    document = transcoder.encode(serde.dumps_typed([{"z": 3, "a": 4}]))
    assert document == Document([{"a": 4, "z": 3}], frozenset({("z", "a")}))


def test_a_message_seen_before_is_the_same_object() -> None:
    transcoder = Transcoder()
    first = transcoder.encode(serde.dumps_typed([HumanMessage("hello", id="1")]))
    second = transcoder.encode(serde.dumps_typed([HumanMessage("hello", id="1"), AIMessage("hi", id="2")]))
    assert second.tree[0] is first.tree[0]


def test_msgpack_that_would_not_come_out_the_same_stays_opaque() -> None:
    wasteful = b"\xd9\x01a"  # a string of one byte with a length of two
    assert Transcoder().encode(("msgpack", wasteful)).tree == {TAG: ["opaque", "msgpack", "2QFh"]}


def test_deep_values_stay_opaque_rather_than_fail() -> None:
    value: Any = "bottom"
    for _ in range(DEPTH_MAX + 5):
        value = [value]
    typed = ("msgpack", pack(value))
    document = Transcoder().encode(typed)
    assert document.tree[TAG][0] == "opaque"
    assert there_and_back(typed) == typed


def test_extensions_within_one_another_count_towards_the_depth() -> None:
    value: Any = "bottom"
    for _ in range(100):
        value = [ormsgpack.Ext(0, pack([value]))]
    typed = ("msgpack", pack(value))
    assert canonical.depth_of(Transcoder().encode(typed).tree) <= canonical.MAX_DEPTH
    assert there_and_back(typed) == typed


def test_a_document_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no value of LangGraph"):
        Transcoder().decode(Document({TAG: ["unheard-of", 1]}))


def test_without_orders_members_are_sorted() -> None:
    document = Transcoder(ordered=False).encode(serde.dumps_typed([{"z": 1, "a": 2}, {"a": 1, "z": 2}]))
    assert document == Document([{"a": 2, "z": 1}, {"a": 1, "z": 2}])
