"""The words of namespaces in memory, kept in line with PostgreSQL."""

from __future__ import annotations

import asyncio
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.memory.service import MemoryClient
from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom_memory.search.bm25 import Query
from timeloom_memory.search.lexical import LexicalIndex
from timeloom_memory.storage.changes import ChangedMemory

WORDS = ["ship", "storm", "cat", "tuna"]
STEPS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["", *WORDS])), min_size=1, max_size=8)


async def best(index: LexicalIndex, client: MemoryClient, word: str) -> list[UUID]:
    (collection,) = await index.open(client.project_id, ["notes"])
    return Query([word], [collection]).best(10)[0]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_whatever_changes_the_words_are_those_of_a_fresh_load(
    memory_service: MemoryClient, steps: list[tuple[int, str]]
) -> None:
    held: dict[int, str] = {}
    for place, word in steps:
        if place not in held and word:
            held[place] = (await memory_service.create(word, namespace="notes")).id
        elif place in held and word:
            await memory_service.update(held[place], content=word)
        elif place in held:
            await memory_service.delete(held.pop(place))
        await memory_service.search("anything", namespaces=["notes"])
    await memory_service.create("anchor", namespace="notes")
    await memory_service.search("anything", namespaces=["notes"])
    fresh = LexicalIndex(memory_service.database, bytes_max=1 << 20)
    for word in WORDS:
        assert await best(memory_service.assembly.lexical, memory_service, word) == await best(
            fresh, memory_service, word
        )


async def test_what_changes_while_a_namespace_loads_is_not_missed(memory_service: MemoryClient) -> None:
    first = await memory_service.create("ship", namespace="notes")
    index = LexicalIndex(memory_service.database, bytes_max=1 << 20)
    opening = asyncio.create_task(index.open(memory_service.project_id, ["notes"]))
    await asyncio.sleep(0)  # the load has begun, and has read nothing yet
    second = await memory_service.create("ship storm", namespace="notes")
    gone = ChangedMemory(UUID(first.id), 0, "notes", "", 0, 0, second.sequence, deleted=True, purged=True)
    new = ChangedMemory(
        UUID(second.id), 1 << 40, "notes", "", 0, 1, second.sequence, deleted=False, purged=False
    )
    async with memory_service.rows() as connection:
        await connection.execute("DELETE FROM memories WHERE id = $1", UUID(first.id))
        await index.apply(connection, memory_service.project_id, [gone, new])
    await opening
    async with memory_service.rows() as connection:
        await index.apply(connection, memory_service.project_id, [gone, new])
    assert await best(index, memory_service, "ship") == [UUID(second.id)]


async def test_memory_is_bounded_and_what_was_let_go_of_comes_back(memory_service: MemoryClient) -> None:
    text = " ".join(f"word{number}" for number in range(800))
    for name in ("one", "two", "three"):
        await memory_service.batch([messages.NewMemory(content=f"{text} {name}", namespace=name)])
    index = LexicalIndex(memory_service.database, bytes_max=400_000)
    sizes: list[int] = []
    for name in ("one", "two", "three", "one"):
        (collection,) = await index.open(memory_service.project_id, [name])
        assert len(Query([name], [collection]).best(1)[0]) == 1
        sizes.append(index.bytes)
    assert max(sizes) <= 400_000
    index.drop(memory_service.project_id)
    assert index.bytes == 0
