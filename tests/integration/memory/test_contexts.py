"""Contexts, through gRPC."""

from __future__ import annotations

import grpc
import pytest

from tests.integration.memory.service import MemoryClient, refused, time
from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom.memory.v1 import memory_sharing_service_pb2 as sharing_messages
from timeloom_memory.embedding.tokenizer import Tokenizer


async def filled(client: MemoryClient) -> None:
    for day, content in (
        ("2026-05-08", "The ship sails at dawn."),
        ("2026-05-07", "The harbour for the ship is closed."),
        ("2026-05-08", "The ship sails at dawn!"),
        ("2026-05-09", "A storm is coming for the ship."),
    ):
        await client.create(content, occur_time=time(f"{day}T09:00:00Z"))


async def test_a_context_is_dated_numbered_and_counted(memory_service: MemoryClient) -> None:
    await filled(memory_service)
    search = messages.SearchMemoriesRequest(query="ship", collapse_duplicates=True)
    context = await memory_service.context(search, max_tokens=200)
    lines = context.text.splitlines()
    assert [line for line in lines if line.startswith("##")] == [
        "## Thursday, 07 May 2026",
        "## Friday, 08 May 2026",
        "## Saturday, 09 May 2026",
    ]
    numbered = [line for line in lines if line.startswith("[")]
    assert len(numbered) == 3
    for number, (line, result) in enumerate(zip(numbered, context.results, strict=True), 1):
        assert line.startswith(f"[{number}] 2026-05-0")
        assert line.endswith(result.memory.content)
    assert context.token_count == Tokenizer().count(context.text)
    assert context.tokenizer == Tokenizer().name
    assert context.sequence == 4


@pytest.mark.parametrize("max_tokens", [1, 20, 45, 80])
async def test_a_context_never_exceeds_its_limit(memory_service: MemoryClient, max_tokens: int) -> None:
    await filled(memory_service)
    search = messages.SearchMemoriesRequest(query="ship")
    context = await memory_service.context(search, max_tokens=max_tokens)
    assert context.token_count == Tokenizer().count(context.text) <= max_tokens
    assert bool(context.results) == bool(context.text)


async def test_variety_comes_before_repetition(memory_service: MemoryClient) -> None:
    await filled(memory_service)
    search = messages.SearchMemoriesRequest(query="the ship sails at dawn", limit=2)
    alike = await memory_service.context(search, diversity=0)
    varied = await memory_service.context(search, diversity=0.9)
    assert {result.memory.content for result in alike.results} == {
        "The ship sails at dawn.",
        "The ship sails at dawn!",
    }
    assert len({result.memory.content.strip(".!") for result in varied.results}) == 2


async def test_nothing_found_is_an_empty_context(memory_service: MemoryClient) -> None:
    context = await memory_service.context(messages.SearchMemoriesRequest(query="ship"))
    assert (context.text, context.token_count, list(context.results)) == ("", 0, [])


async def test_what_has_nothing_to_do_with_the_query_is_left_out_unless_that_is_asked_for(
    memory_service: MemoryClient,
) -> None:
    await filled(memory_service)
    await memory_service.create("Cheese ripens slowly.")
    search = messages.SearchMemoriesRequest(query="recipes with mushrooms")
    empty = await memory_service.context(search)
    assert (empty.text, empty.token_count, list(empty.results)) == ("", 0, [])
    assert len((await memory_service.search("recipes with mushrooms")).results) == 5
    assert (await memory_service.search("recipes with mushrooms", score_min=0.15)).results == empty.results
    search.score_min = 0
    assert len((await memory_service.context(search)).results) == 5
    about = await memory_service.context(messages.SearchMemoriesRequest(query="how does cheese ripen"))
    assert [result.memory.content for result in about.results] == ["Cheese ripens slowly."]


async def test_what_happened_at_the_time_that_is_asked_for_needs_no_words_of_the_query(
    memory_service: MemoryClient,
) -> None:
    await filled(memory_service)
    search = messages.SearchMemoriesRequest(
        query="what was on 7 May 2026?", reference_time=time("2026-06-01T12:00:00Z")
    )
    context = await memory_service.context(search)
    assert [result.memory.content for result in context.results] == ["The harbour for the ship is closed."]


async def test_a_memory_without_a_vector_is_measured_by_its_words(memory_service: MemoryClient) -> None:
    await memory_service.sharing.CreateNamespace(
        sharing_messages.CreateNamespaceRequest(namespace="words", embedding_model=""),
        metadata=memory_service.metadata,
    )
    await filled(memory_service)
    without = await memory_service.create(
        "Cheese from the cellar of the old monastery ripens slowly.", namespace="words"
    )
    assert without.embedding_model == ""
    context = await memory_service.context(messages.SearchMemoriesRequest(query="monastery visit in spring"))
    assert [result.memory.content for result in context.results] == [without.content]
    unrelated = await memory_service.context(messages.SearchMemoriesRequest(query="mushrooms in spring"))
    assert list(unrelated.results) == []


async def test_an_unknown_grouping_is_refused(memory_service: MemoryClient) -> None:
    search = messages.SearchMemoriesRequest(query="ship")
    refusal = await refused(memory_service.context(search, group_by="mood"))
    assert refusal.status is grpc.StatusCode.INVALID_ARGUMENT
    assert "groupBy must be one of `date`" in refusal.message
