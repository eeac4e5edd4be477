"""Searching, through gRPC."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import grpc
import pytest

from tests.integration.memory.service import MemoryClient, Refusal, refused, time
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_service_pb2 as messages

HARBOUR = "The harbour of Rotterdam is closed in storms."
CAT = "My cat Mimi likes tuna."
RUST = "Cargo builds the rust crate."


async def test_a_search_finds_by_words_and_meaning(memory_service: MemoryClient) -> None:
    for content in (HARBOUR, CAT, RUST):
        await memory_service.create(content, namespace="notes")
    assert (await memory_service.found("Which fish does the cat like?"))[0] == CAT
    assert await memory_service.found("harbours", limit=1) == [HARBOUR]


async def test_a_search_sees_every_change_that_came_before(memory_service: MemoryClient) -> None:
    await memory_service.found("warm the indexes")
    memory = await memory_service.create(CAT)
    assert await memory_service.found("cat") == [CAT]
    await memory_service.update(memory.id, content="My dog Rex likes bones.")
    assert await memory_service.found("cat", ranking=words_only()) == []
    assert await memory_service.found("dog", ranking=words_only()) == ["My dog Rex likes bones."]
    await memory_service.delete(memory.id)
    assert await memory_service.found("dog") == []
    await memory_service.restore(memory.id)
    assert await memory_service.found("dog") == ["My dog Rex likes bones."]


async def test_namespaces_are_searched_with_what_is_below_them(memory_service: MemoryClient) -> None:
    for namespace in ("shop", "shop/orders", "shopping"):
        await memory_service.create(f"a parcel in {namespace}", namespace=namespace)
    assert set(await memory_service.found("parcel", namespaces=["shop"])) == {
        "a parcel in shop",
        "a parcel in shop/orders",
    }
    assert await memory_service.found("parcel", namespaces=["nowhere"]) == []
    assert len(await memory_service.found("parcel")) == 3


async def test_the_context_helps_to_find_a_memory(memory_service: MemoryClient) -> None:
    await memory_service.create("Is the lighthouse open?", session_id="s", namespace="talk")
    await memory_service.create("Yes, until nine.", session_id="s", namespace="talk")
    await memory_service.create("Tomorrow it rains.", session_id="other", namespace="talk")
    found = await memory_service.found("when does the lighthouse close", limit=2)
    assert found == ["Is the lighthouse open?", "Yes, until nine."]


async def test_a_vector_is_looked_for_alone_or_besides_a_query(memory_service: MemoryClient) -> None:
    for place, content in enumerate((HARBOUR, CAT, RUST)):
        await memory_service.create(content, vector=unit(place), vector_model="mine")
    vector = [0.0, 0.9, 0.1]
    response = await memory_service.search(vector=vector, vector_model="mine", limit=3)
    assert [result.memory.content for result in response.results] == [CAT, RUST, HARBOUR]
    assert response.results[0].score > response.results[1].score > response.results[2].score
    with_words = await memory_service.found("harbour", vector=vector, vector_model="mine", limit=2)
    assert HARBOUR in with_words
    assert await memory_service.found(vector=vector, vector_model="mine", similarity_min=0.5) == [CAT]


async def test_explaining_shows_what_each_signal_did(memory_service: MemoryClient) -> None:
    await memory_service.create(CAT, importance=10, occur_time=time("2026-05-03T12:00:00Z"))
    await memory_service.create(HARBOUR)
    response = await memory_service.search(
        "the cat that likes tuna in May 2026", explain=True, reference_time=time("2026-06-01T00:00:00Z")
    )
    first = response.results[0]
    signals = first.signals
    assert first.memory.content == CAT
    assert (signals.keyword.rank, signals.semantic.rank, signals.context.rank) == (1, 1, 1)
    assert 0 < signals.keyword.value < 1
    assert signals.time.value == 1
    assert signals.time.contribution == pytest.approx(1.1)
    assert signals.importance.contribution == pytest.approx(1.05)
    fused = (signals.semantic, signals.keyword, signals.context, signals.context_semantic)
    boosts = (signals.recency, signals.importance, signals.frequency, signals.time)
    score = sum(signal.contribution for signal in fused)
    for boost in boosts:
        score *= boost.contribution
    assert first.score == pytest.approx(score)
    assert response.time_range.words == "in May 2026"
    assert response.time_range.from_time == time("2026-05-01T00:00:00Z")
    assert response.time_range.to_time == time("2026-06-01T00:00:00Z")
    assert not (await memory_service.search("cat")).results[0].HasField("signals")


async def test_the_time_that_a_query_names_decides_between_equals(memory_service: MemoryClient) -> None:
    for day in ("2026-03-10", "2026-05-10", "2026-09-10"):
        await memory_service.create("We went hiking.", occur_time=time(f"{day}T12:00:00Z"), tags=[day])
    response = await memory_service.search("hiking in May", reference_time=time("2026-11-01T00:00:00Z"))
    assert response.results[0].memory.tags == ["2026-05-10"]


async def test_important_and_recent_memories_come_first_among_equals(memory_service: MemoryClient) -> None:
    times = {"occur_time": time("2026-01-01T00:00:00Z")}
    usual = await memory_service.create("Deploy on green.", **times)
    important = await memory_service.create("Deploy on green.", importance=9, **times)
    recent = await memory_service.create("Deploy on green.", importance=9)
    results = (await memory_service.search("deploy")).results
    assert [result.memory.id for result in results] == [recent.id, important.id, usual.id]


async def test_near_duplicates_are_shown_by_the_best_of_them(memory_service: MemoryClient) -> None:
    first = await memory_service.create("The meeting is at 3 in the red room.", importance=9)
    second = await memory_service.create("the meeting is at 3 in the RED room")
    other = await memory_service.create("The meeting is at 4 in the red room.")
    response = await memory_service.search("meeting in the red room", collapse_duplicates=True)
    found = {result.memory.id: list(result.duplicate_ids) for result in response.results}
    assert found == {first.id: [second.id], other.id: []}
    assert len(await memory_service.found("meeting in the red room")) == 3


async def test_collapsing_leaves_as_many_as_were_asked_for(memory_service: MemoryClient) -> None:
    await memory_service.batch(
        [messages.NewMemory(content="Tea is ready.") for _ in range(30)]
        + [messages.NewMemory(content=f"Tea number {number}.") for number in range(3)]
    )
    response = await memory_service.search("tea ready", collapse_duplicates=True, limit=4)
    assert [len(result.duplicate_ids) for result in response.results] == [29, 0, 0, 0]


FILTERS: list[dict[str, Any]] = [
    {"tags": ["rare"]},
    {"any_tags": ["rare", "none"]},
    {"kinds": [memory_pb2.MEMORY_KIND_SKILL]},
    {"session_ids": ["s-rare"]},
    {"metadata": {"level": 3}},
    {"importance_min": 9},
    {"occur_before": time("2020-01-01T00:00:00Z")},
]


@pytest.mark.parametrize("wanted", FILTERS, ids=lambda wanted: next(iter(wanted)))
async def test_filters_never_lose_what_fits_badly(
    memory_service: MemoryClient, wanted: dict[str, Any]
) -> None:
    better = [messages.NewMemory(content=f"The ship sails to harbour {number}.") for number in range(300)]
    await memory_service.batch(better)
    rare = await memory_service.create(
        "Nothing of the kind.",
        tags=["rare"],
        kind=memory_pb2.MEMORY_KIND_SKILL,
        session_id="s-rare",
        metadata={"level": 3},
        importance=9,
        occur_time=time("2019-01-01T00:00:00Z"),
    )
    response = await memory_service.search("ship to the harbour", filter=wanted, limit=3)
    assert [result.memory.id for result in response.results] == [rare.id]


async def test_what_may_not_be_shown_makes_room_for_what_may(memory_service: MemoryClient) -> None:
    past, long_past = time("2020-01-02T00:00:00Z"), time("2020-01-01T00:00:00Z")
    await memory_service.batch(
        [
            messages.NewMemory(content="The ship sails to the harbour.", valid_from=long_past, valid_to=past)
            for _ in range(400)
        ]
        + [messages.NewMemory(content=f"Some ship, number {number}.") for number in range(5)]
    )
    found = await memory_service.found("ship sails to the harbour", limit=5)
    assert sorted(found) == [f"Some ship, number {number}." for number in range(5)]
    everything = await memory_service.found(
        "ship sails to the harbour", limit=1000, filter={"include_superseded": True}
    )
    assert len(everything) == 405
    then = await memory_service.found("ship", limit=1000, filter={"valid_at": long_past})
    assert len(then) == 400


async def test_as_of_answers_as_it_would_have_then(memory_service: MemoryClient) -> None:
    memory = await memory_service.create("Anna lives in Paris.")
    gone = await memory_service.create("Anna has a cat.")
    then = (await memory_service.get(gone.id)).create_time
    await memory_service.update(memory.id, content="Anna lives in Rome.")
    await memory_service.delete(gone.id)
    assert await memory_service.found("Where does Anna live?") == ["Anna lives in Rome."]
    assert await memory_service.found("Where does Anna live?", filter={"as_of": then}) == [
        "Anna lives in Paris.",
        "Anna has a cat.",
    ]


async def test_deleted_memories_are_found_by_who_asks_for_them(memory_service: MemoryClient) -> None:
    memory = await memory_service.create(CAT)
    await memory_service.delete(memory.id)
    assert await memory_service.found("cat") == []
    assert await memory_service.found("cat", filter={"include_deleted": True}) == [CAT]


async def test_another_project_finds_nothing(memory_service: MemoryClient) -> None:
    await memory_service.create(CAT)
    assert await memory_service.found("cat") == [CAT]
    assert await memory_service.of_project(uuid4()).found("cat") == []


async def test_an_agent_finds_what_it_may_read(memory_service: MemoryClient) -> None:
    await memory_service.create("Anna's secret cat.", as_agent_id="anna")
    await memory_service.create("Bob's secret cat.", as_agent_id="bob")
    await memory_service.create("Everybody's cat.", namespace="project")
    assert set(await memory_service.found("cat", as_agent_id="anna")) == {
        "Anna's secret cat.",
        "Everybody's cat.",
    }
    assert len(await memory_service.found("cat")) == 3


async def test_any_language_is_found_by_its_words(memory_service: MemoryClient) -> None:
    for content in ("東京都の天気は晴れです。", "नमस्ते दुनिया", "Straßenbahn nach Köln", "🙂🙂"):
        await memory_service.create(content)
    for query, content in (
        ("天気", "東京都の天気は晴れです。"),
        ("दुनिया", "नमस्ते दुनिया"),
        ("STRASSENBAHN KOLN", "Straßenbahn nach Köln"),
    ):
        assert await memory_service.found(query, ranking=words_only()) == [content]


async def test_the_sequence_says_what_was_seen(memory_service: MemoryClient) -> None:
    memory = await memory_service.create(CAT)
    response = await memory_service.search("cat", min_sequence=memory.sequence)
    assert response.sequence == memory.sequence


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "query"),
        ({"query": "  "}, "query"),
        ({"vector": [0.0, 0.0]}, "vector"),
        ({"vector": [float("nan"), 1.0]}, "vector"),
        ({"query": "a\0b"}, "query"),
        ({"query": "cat", "limit": 1001}, "limit"),
        ({"query": "cat", "namespaces": ["a//b"]}, "namespaces"),
        ({"query": "cat", "min_sequence": 10_000}, "minSequence"),
        ({"query": "cat", "similarity_min": 1.5}, "similarityMin"),
        ({"query": "cat", "ranking": messages.Ranking(recency=0.3)}, "ranking.recency"),
    ],
)
async def test_what_cannot_be_looked_for_is_refused(
    memory_service: MemoryClient, fields: dict[str, Any], field: str
) -> None:
    refusal = await refused(memory_service.search(**fields))
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert isinstance(refusal, Refusal)
    assert field in refusal.message


async def test_a_vector_of_another_dimension_is_refused(memory_service: MemoryClient) -> None:
    await memory_service.create(CAT, vector=[1.0, 0.0, 0.0])
    refusal = await refused(memory_service.search(vector=[1.0, 0.0]))
    assert refusal.status is grpc.StatusCode.INVALID_ARGUMENT
    assert "must have 3 dimensions" in refusal.message


def words_only() -> messages.Ranking:
    return messages.Ranking(semantic=0, context=0)


def unit(place: int) -> list[float]:
    return [float(place == one) for one in range(3)]
