"""Memories one by one."""

from __future__ import annotations

from uuid import uuid4

import grpc
import numpy as np
import pytest

from tests.integration.memory.service import MemoryClient, refused, time
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom.memory.v1 import memory_sharing_service_pb2 as sharing_messages
from timeloom_memory import limits

CHANGE = memory_pb2.MemoryChange


async def test_what_was_written_comes_back(memory_service: MemoryClient) -> None:
    created = await memory_service.create(
        "Ada likes tea.",
        namespace="team/kitchen",
        key="ada/drink",
        agent_id="cook",
        session_id="s1",
        kind=memory_pb2.MEMORY_KIND_USER_PREFERENCE,
        context="What does Ada drink?",
        metadata={"b": 1.0, "a": [1, "ä"]},
        tags=["drinks", "ada"],
        importance=7.3,
        occur_time=time("2024-05-01T12:00:00.123456Z"),
        expire_time=time("2999-01-01T00:00:00Z"),
    )
    assert await memory_service.get(created.id) == created
    assert (created.namespace, created.key, created.agent_id, created.session_id) == (
        "team/kitchen",
        "ada/drink",
        "cook",
        "s1",
    )
    assert (created.content, created.context) == ("Ada likes tea.", "What does Ada drink?")
    assert created.metadata == '{"a":[1,"ä"],"b":1.0}'.encode()
    assert (list(created.tags), created.importance, created.confidence) == (["drinks", "ada"], 7.3, 0.5)
    assert created.occur_time == created.valid_from == time("2024-05-01T12:00:00.123456Z")
    assert (created.version, created.sequence, created.embedding_model, created.dimension) == (
        1,
        1,
        "words",
        64,
    )
    assert not created.HasField("valid_to")
    assert not created.HasField("delete_time")


async def test_what_is_left_out_has_its_default(memory_service: MemoryClient) -> None:
    own, agents = await memory_service.create(), await memory_service.create(as_agent_id="robin")
    assert (own.namespace, own.agent_id, own.kind, own.importance) == ("project", "", 7, 5.0)
    assert (agents.namespace, agents.agent_id) == ("agent/robin", "robin")
    assert own.create_time == own.update_time == own.occur_time == own.valid_from
    assert own.metadata == b""
    assert (own.sequence, agents.sequence) == (1, 2)


async def test_a_memory_of_the_future_holds_already(memory_service: MemoryClient) -> None:
    created = await memory_service.create("The party is on Friday.", occur_time=time("2999-01-01T00:00:00Z"))
    assert created.valid_from == created.create_time
    assert await memory_service.contents() == ["The party is on Friday."]


async def test_the_vector_has_unit_length_and_comes_when_asked_for(memory_service: MemoryClient) -> None:
    created = await memory_service.create(vector=[3.0, 4.0])
    assert (created.embedding_model, created.dimension, list(created.vector)) == ("custom", 2, [])
    found = await memory_service.get(created.id, include_vector=True)
    assert list(found.vector) == pytest.approx([0.6, 0.8])


async def test_a_list_has_the_vectors_of_its_memories(memory_service: MemoryClient) -> None:
    first = await memory_service.create("One.", vector=[3.0, 4.0], key="a")
    bare = sharing_messages.CreateNamespaceRequest(namespace="bare", embedding_model="")
    await memory_service.sharing.CreateNamespace(bare, metadata=memory_service.metadata)
    await memory_service.create("No vector.", namespace="bare")
    await memory_service.create("Two.", vector=[0.0, 0.0, 2.0], vector_model="other")
    assert (await memory_service.page(order_by="create_time")).vectors == b""
    page = await memory_service.page(order_by="create_time", include_vectors=True)
    assert [memory.dimension for memory in page.memories] == [2, 0, 3]
    assert np.frombuffer(page.vectors, dtype="<f4").tolist() == pytest.approx([0.6, 0.8, 0, 0, 1])
    await memory_service.update(first.id, content="Three.", vector=[1.0, 0.0])
    then = await memory_service.page(filter={"as_of": first.create_time}, include_vectors=True)
    assert np.frombuffer(then.vectors, dtype="<f4").tolist() == pytest.approx([0.6, 0.8])


async def test_a_page_with_vectors_ends_early(
    memory_service: MemoryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for content in ("One.", "Two.", "Three."):
        await memory_service.create(content, vector=[1.0, 0.0])
    monkeypatch.setattr(limits, "VECTORS_PAGE_BYTES_MAX", 20)
    seen: list[str] = []
    page = await memory_service.page(include_vectors=True)
    while page.next_page_token:
        seen += [memory.content for memory in page.memories]
        assert len(page.vectors) == 16
        page = await memory_service.page(include_vectors=True, page_token=page.next_page_token)
    assert [*seen, *(memory.content for memory in page.memories)] == ["Three.", "Two.", "One."]


async def test_creating_it_again_returns_what_is_there(memory_service: MemoryClient) -> None:
    memory_id = str(uuid4())
    created = await memory_service.create("One.", memory_id=memory_id)
    assert await memory_service.create("One.", memory_id=memory_id) == created
    other = await refused(memory_service.create("Two.", memory_id=memory_id))
    assert (other.status, other.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")
    updated = await memory_service.update(memory_id, content="Three.")
    assert await memory_service.create("One.", memory_id=memory_id) == updated


async def test_a_key_belongs_to_one_memory_of_its_namespace(memory_service: MemoryClient) -> None:
    first = await memory_service.create("One.", key="k", namespace="a")
    await memory_service.create("Two.", key="k", namespace="b")
    taken = await refused(memory_service.create("Three.", key="k", namespace="a"))
    assert (taken.reason, taken.metadata["memoryId"]) == ("ALREADY_EXISTS", first.id)
    await memory_service.delete(first.id)
    fourth = await memory_service.create("Four.", key="k", namespace="a")
    taken = await refused(memory_service.restore(first.id))
    assert (taken.reason, taken.metadata["memoryId"]) == ("ALREADY_EXISTS", fourth.id)
    other = await memory_service.create("Five.", key="l", namespace="a")
    taken = await refused(memory_service.update(other.id, key="k"))
    assert (taken.reason, taken.metadata["memoryId"]) == ("ALREADY_EXISTS", fourth.id)


async def test_the_context_is_what_the_session_said_before(memory_service: MemoryClient) -> None:
    async def say(content: str, **fields: str) -> str:
        return (await memory_service.create(content, session_id="s", **fields)).context

    assert await say("One.") == ""
    assert await say("Two.") == "One."
    assert await say("Three.", context="Mine.") == "Mine."
    assert await say("Elsewhere.", namespace="other") == ""
    new = [messages.NewMemory(content=content, session_id="s") for content in ("Four.", "Five.")]
    created = (await memory_service.batch(new)).memories
    contexts = [(await memory_service.get(memory.id)).context for memory in created]
    assert contexts == ["Three.", "Four."]


async def test_an_update_is_a_new_version(memory_service: MemoryClient) -> None:
    created = await memory_service.create("One.", metadata={"a": 1, "b": {"c": 2}}, tags=["x"])
    updated = await memory_service.update(
        created.id, content="Two.", metadata={"a": None, "b": {"d": 3}}, tags=[], reason="It was wrong."
    )
    assert (updated.content, updated.metadata, list(updated.tags)) == ("Two.", b'{"b":{"c":2,"d":3}}', [])
    assert (updated.version, updated.sequence, updated.create_time) == (2, 2, created.create_time)
    assert await memory_service.get(created.id) == updated
    assert await memory_service.get(created.id, version=1) == created
    listed = (await memory_service.versions(created.id)).versions
    assert [(each.change, each.reason, each.memory) for each in listed] == [
        (CHANGE.MEMORY_CHANGE_UPDATED, "It was wrong.", updated),
        (CHANGE.MEMORY_CHANGE_CREATED, "", created),
    ]
    assert listed[1].known_to == listed[0].known_from
    assert not listed[0].HasField("known_to")


async def test_an_update_that_changes_nothing_is_none(memory_service: MemoryClient) -> None:
    created = await memory_service.create("One.")
    assert await memory_service.update(created.id, content="One.", importance=5) == created


async def test_a_stale_etag_is_refused(memory_service: MemoryClient) -> None:
    created = await memory_service.create("One.")
    updated = await memory_service.update(created.id, content="Two.", etag=created.etag)
    for call in (
        memory_service.update(created.id, content="Three.", etag=created.etag),
        memory_service.delete(created.id, etag=created.etag),
        memory_service.supersede(created.id, "Three.", etag=created.etag),
    ):
        refusal = await refused(call)
        assert (refusal.reason, refusal.metadata["etag"]) == ("ETAG_MISMATCH", updated.etag)


async def test_a_new_content_has_a_new_vector_and_a_new_context_keeps_a_given_one(
    memory_service: MemoryClient,
) -> None:
    async def vector(memory_id: str, version: int = 0) -> list[float]:
        return list((await memory_service.get(memory_id, version=version, include_vector=True)).vector)

    ours = await memory_service.create("Apples are red.")
    await memory_service.update(ours.id, content="Bananas are yellow.")
    assert await vector(ours.id) != await vector(ours.id, version=1)
    theirs = await memory_service.create("Apples are red.", namespace="own", vector=[0, 1])
    await memory_service.update(theirs.id, context="What colour are apples?")
    assert await vector(theirs.id) == [0, 1]
    updated = await memory_service.update(theirs.id, content="Apples are green.")
    assert (updated.embedding_model, updated.dimension) == ("words", 64)
    updated = await memory_service.update(theirs.id, vector=[2, 0])
    assert (updated.embedding_model, updated.dimension, await vector(theirs.id)) == ("custom", 2, [1, 0])


async def test_what_supersedes_takes_over_what_it_does_not_say(memory_service: MemoryClient) -> None:
    old = await memory_service.create(
        "Ada lives in Bern.", key="ada/home", tags=["ada"], importance=8, metadata={"a": 1}, namespace="n"
    )
    new = await memory_service.supersede(old.id, "Ada lives in Rome.", reason="She moved.")
    assert (new.namespace, new.key, list(new.tags), new.importance, new.metadata, new.supersedes) == (
        "n",
        "ada/home",
        ["ada"],
        8,
        b'{"a":1}',
        old.id,
    )
    ended = await memory_service.get(old.id)
    assert (ended.content, ended.superseded_by, ended.valid_to) == (
        "Ada lives in Bern.",
        new.id,
        new.valid_from,
    )
    assert await memory_service.contents() == ["Ada lives in Rome."]
    assert await memory_service.contents(filter={"valid_at": old.valid_from}) == ["Ada lives in Bern."]
    assert await memory_service.contents(filter={"include_superseded": True}) == [
        "Ada lives in Rome.",
        "Ada lives in Bern.",
    ]
    again = await refused(memory_service.supersede(old.id, "Ada lives in Oslo."))
    assert (again.reason, new.id in again.message) == ("INVALID_FIELD", True)


async def test_superseding_again_by_the_same_memory_returns_it(memory_service: MemoryClient) -> None:
    old = await memory_service.create("One.")
    named = {"memory_id": str(uuid4())}
    new = await memory_service.supersede(old.id, "Two.", replacement=named)
    assert await memory_service.supersede(old.id, "Two.", replacement=named) == new


async def test_what_is_deleted_can_be_restored_until_it_is_purged(memory_service: MemoryClient) -> None:
    created = await memory_service.create("One.")
    deleted = await memory_service.delete(created.id, reason="Enough.")
    assert deleted.HasField("delete_time")
    assert await memory_service.delete(created.id) == deleted
    assert await memory_service.contents() == []
    assert await memory_service.contents(filter={"include_deleted": True}) == ["One."]
    assert (await refused(memory_service.update(created.id, content="Two."))).reason == "NOT_FOUND"
    restored = await memory_service.restore(created.id)
    assert not restored.HasField("delete_time")
    assert await memory_service.contents() == ["One."]
    gone = await memory_service.delete(created.id, purge=True)
    assert (gone.id, gone.sequence) == (created.id, restored.sequence + 1)
    assert (await refused(memory_service.get(created.id))).reason == "NOT_FOUND"
    async with memory_service.rows() as connection:
        for table in ("memory_versions", "memory_vectors"):
            assert not await connection.fetchrow(f"SELECT FROM {table}")


async def test_changes_are_told(memory_service: MemoryClient) -> None:
    created = await memory_service.create("One.", namespace="team/a")
    await memory_service.delete(created.id)
    told = [(event.topic, event.memories_changed) for event in await memory_service.events()]
    assert [(topic, list(told.memory_ids), told.change, told.sequence) for topic, told in told] == [
        ("memory/team/a", [created.id], CHANGE.MEMORY_CHANGE_CREATED, 1),
        ("memory/team/a", [created.id], CHANGE.MEMORY_CHANGE_DELETED, 2),
    ]


async def test_other_projects_see_nothing(memory_service: MemoryClient) -> None:
    created = await memory_service.create("One.")
    other = memory_service.of_project(uuid4())
    assert (await refused(other.get(created.id))).reason == "NOT_FOUND"
    assert await other.contents() == []
    assert (await other.create("Two.", memory_id=created.id)).sequence == 1
