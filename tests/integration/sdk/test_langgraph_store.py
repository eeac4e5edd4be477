"""TimeloomStore beside LangGraph's own InMemoryStore: the same operations have the same outcome."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any, cast
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.embeddings import Embeddings
from langgraph.store.base import IndexConfig, Item, PutOp, SearchOp
from langgraph.store.memory import InMemoryStore

from timeloom import AsyncTimeloom, Timeloom, errors
from timeloom.langgraph import TimeloomStore
from timeloom.langgraph.filters import agrees
from timeloom.memories import MemoryChange

LABELS = ["a", "b", "sp ace", "per%cent", "sla/sh", "ünï"]


class Words(Embeddings):
    """Texts that share words are alike."""

    def embed_query(self, text: str) -> list[float]:
        vector = [0.01] * 32
        for word in re.findall(r"\w+", text.lower()):
            vector[crc32(word.encode()) % 32] += 1
        return vector

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


INDEX = cast("IndexConfig", {"dims": 32, "embed": Words(), "fields": ["text"]})


def shown(items: Sequence[Item]) -> set[tuple[tuple[str, ...], str, str]]:
    return {(item.namespace, item.key, repr(sorted(item.value.items()))) for item in items}


def unique() -> str:
    return uuid.uuid4().hex[:12]


namespaces = st.lists(st.sampled_from(LABELS), max_size=2)
keys = st.sampled_from(["k1", "k2", "k 3"])
values = st.dictionaries(
    st.sampled_from(["text", "n", "x"]),
    st.none()
    | st.integers(-3, 3)
    | st.sampled_from(["red", "blue"])
    | st.lists(st.integers(0, 2), max_size=2),
    max_size=3,
)
filters = st.none() | st.dictionaries(
    st.sampled_from(["text", "x"]), st.sampled_from(["red", {"$ne": "red"}, {"$eq": "blue"}, [1]]), max_size=2
)
operations = st.one_of(
    st.tuples(st.just("put"), namespaces, keys, values),
    st.tuples(st.just("delete"), namespaces, keys),
    st.tuples(st.just("get"), namespaces, keys),
    st.tuples(st.just("search"), namespaces, filters),
    st.tuples(st.just("list"), st.none() | st.integers(1, 3)),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(operations, max_size=12))
def test_it_does_what_langgraphs_own_does(memory_client: Timeloom, operations: list[Any]) -> None:
    root = unique()
    ours, theirs = TimeloomStore(memory_client), InMemoryStore()
    for name, *arguments in operations:
        match name, arguments:
            case "put", (labels, key, value):
                for store in (ours, theirs):
                    store.put((root, *labels), key, value)
            case "delete", (labels, key):
                for store in (ours, theirs):
                    store.delete((root, *labels), key)
            case "get", (labels, key):
                found = [store.get((root, *labels), key) for store in (ours, theirs)]
                assert shown([each for each in found[:1] if each]) == shown(
                    [each for each in found[1:] if each]
                )
            case "search", (labels, wanted):
                results = [store.search((root, *labels), filter=wanted, limit=50) for store in (ours, theirs)]
                assert shown(results[0]) == shown(results[1])
            case "list", (depth,):
                # Theirs lists what nothing is in any more, ours does not.
                filled = {each.namespace for each in theirs.search((root,), limit=50)}
                expected = sorted({each[:depth] for each in filled})
                assert ours.list_namespaces(prefix=(root,), max_depth=depth) == expected
            case _:
                raise AssertionError(name)


def test_a_query_ranks_as_theirs_with_the_same_vectors(memory_client: Timeloom) -> None:
    root = unique()
    ours, theirs = TimeloomStore(memory_client, index=INDEX), InMemoryStore(index=INDEX)
    texts = ["red apple pie", "apple tree", "blue sky over the sea", "sea shells", "red sky at night"]
    for store in (ours, theirs):
        for number, text in enumerate(texts):
            store.put((root, "docs"), f"d{number}", {"text": text, "even": number % 2 == 0})
        store.put((root, "docs"), "hidden", {"text": "red apple sky sea"}, index=False)
    for query in ("apple", "red sky", "sea"):
        for wanted in (None, {"even": True}):
            found = [store.search((root,), query=query, filter=wanted, limit=3) for store in (ours, theirs)]
            ranked = [[(item.key, item.score is None) for item in each] for each in found]
            assert ranked[0] == ranked[1]


def test_texts_are_found_by_the_installations_model(memory_client: Timeloom) -> None:
    root, store = unique(), TimeloomStore(memory_client)
    store.put((root,), "a", {"likes": "green tea"})
    store.put((root,), "b", {"likes": "long walks"})
    found = store.search((root,), query="which tea?")
    assert [item.key for item in found] == ["a", "b"]
    assert found[0].score is not None
    assert store.search((unique(),), query="anything") == []


def test_a_batch_reads_before_it_writes_and_the_last_put_counts(memory_client: Timeloom) -> None:
    root, store = unique(), TimeloomStore(memory_client)
    results = store.batch(
        [
            PutOp((root,), "k", {"n": 1}),
            SearchOp((root,)),
            PutOp((root,), "k", {"n": 2}),
        ]
    )
    assert results == [None, [], None]
    item = store.get((root,), "k")
    assert item is not None
    assert item.value == {"n": 2}


def test_every_value_is_kept_in_its_history(memory_client: Timeloom) -> None:
    root, store = unique(), TimeloomStore(memory_client)
    store.put((root,), "k", {"a": {"b": None, "c": 1}})
    store.put((root,), "k", {"a": {"c": 2}})
    item = store.get((root,), "k")
    assert item is not None
    assert item.value == {"a": {"c": 2}}
    (memory,) = memory_client.memory.list(namespaces=[root])
    versions = list(memory_client.memory.history(memory.id))
    assert [version.change for version in versions] == [MemoryChange.UPDATED, MemoryChange.CREATED]
    assert versions[1].memory.metadata["langgraph"]["value"] == [{"a": {"b": None, "c": 1}}]


def test_items_expire(memory_client: Timeloom) -> None:
    root = unique()
    store = TimeloomStore(memory_client, ttl={"default_ttl": 10, "refresh_on_read": True})
    store.put((root,), "k", {"n": 1})
    (first,) = memory_client.memory.list(namespaces=[root])
    assert first.expire_time is not None
    assert store.get((root,), "k") is not None
    (second,) = memory_client.memory.list(namespaces=[root])
    assert second.expire_time is not None
    assert second.expire_time > first.expire_time
    store.put((root,), "k", {"n": 1}, ttl=None)
    (third,) = memory_client.memory.list(namespaces=[root])
    assert third.expire_time is None


def test_agents_see_their_own(memory_client: Timeloom) -> None:
    agent = f"writer-{unique()}"
    store = TimeloomStore(memory_client, agent_id=agent)
    store.put(("agent", agent), "k", {"secret": "yes"})
    assert TimeloomStore(memory_client, agent_id=f"other-{unique()}").get(("agent", agent), "k") is None
    with pytest.raises(errors.TimeloomError):
        TimeloomStore(memory_client, agent_id=f"other-{unique()}").put(
            ("agent", agent), "k", {"secret": "no"}
        )
    item = store.get(("agent", agent), "k")
    assert item is not None
    assert item.value == {"secret": "yes"}


async def test_the_asynchronous_methods_do_the_same(memory_client: Timeloom) -> None:
    root, store = unique(), TimeloomStore(memory_client)
    await store.aput((root, "x"), "k", {"text": "tea"})
    item = await store.aget((root, "x"), "k")
    assert item is not None
    assert (item.namespace, item.key, item.value) == ((root, "x"), "k", {"text": "tea"})
    assert [each.key for each in await store.asearch((root,), query="tea")] == ["k"]
    assert await store.alist_namespaces(prefix=(root,)) == [(root, "x")]
    await store.adelete((root, "x"), "k")
    assert await store.aget((root, "x"), "k") is None


@pytest.mark.parametrize("wanted", [{"n": {"$like": 1}}, {"n": {"$gt": 1, "$in": []}}])
def test_filters_name_what_they_do_not_know(wanted: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="A filter knows no"):
        agrees({"n": 2}, wanted)


def test_the_client_knows_asyncio_too() -> None:
    assert AsyncTimeloom(api_key="tl_x", grpc_address="127.0.0.1:1").memory.as_agent("a") is not None
