"""Namespaces, policies and the purge."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import grpc
import pytest

from tests.integration.memory.service import MemoryClient, refused
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom.memory.v1 import memory_sharing_service_pb2 as sharing
from timeloom.memory.v1 import memory_upkeep_service_pb2 as upkeep


async def make(client: MemoryClient, name: str, **fields: Any) -> memory_pb2.Namespace:
    request = sharing.CreateNamespaceRequest(namespace=name, **fields)
    return (await client.sharing.CreateNamespace(request, metadata=client.metadata)).namespace


async def get(client: MemoryClient, name: str, **fields: Any) -> memory_pb2.Namespace:
    request = sharing.GetNamespaceRequest(namespace=name, **fields)
    return (await client.sharing.GetNamespace(request, metadata=client.metadata)).namespace


async def listed(client: MemoryClient, **fields: Any) -> list[str]:
    names: list[str] = []
    while True:
        request = sharing.ListNamespacesRequest(**fields)
        page = await client.sharing.ListNamespaces(request, metadata=client.metadata)
        names.extend(each.name for each in page.namespaces)
        if not page.next_page_token:
            return names
        fields["page_token"] = page.next_page_token


async def delete(client: MemoryClient, name: str, **fields: Any) -> sharing.DeleteNamespaceResponse:
    request = sharing.DeleteNamespaceRequest(namespace=name, **fields)
    return await client.sharing.DeleteNamespace(request, metadata=client.metadata)


async def test_a_namespace_is_made_once(memory_service: MemoryClient) -> None:
    made = await make(memory_service, "team/a", description="What team a knows.", embedding_model="")
    assert (made.name, made.description, made.embedding_model) == ("team/a", "What team a knows.", "")
    assert await make(memory_service, "team/a", description="Another.") == made
    assert (await make(memory_service, "team/b")).embedding_model == "words"
    unknown = await refused(make(memory_service, "team/c", embedding_model="nobody's"))
    assert (unknown.reason, "embeddingModel" in unknown.message) == ("INVALID_FIELD", True)


async def test_the_first_write_makes_it_and_it_counts_its_memories(memory_service: MemoryClient) -> None:
    first = await memory_service.create("One.", namespace="notes/work")
    second = await memory_service.create("Two.", namespace="notes/work")
    found = await get(memory_service, "notes/work")
    assert (found.memory_count, found.sequence) == (2, second.sequence)
    deleted = await memory_service.delete(first.id)
    found = await get(memory_service, "notes/work")
    assert (found.memory_count, found.sequence) == (1, deleted.sequence)


async def test_they_are_listed_by_name_and_page_by_page(memory_service: MemoryClient) -> None:
    names = ["a", "a/b", "a/b/c", "a0", "ab", "b"]
    for name in reversed(names):
        await make(memory_service, name)
    assert await listed(memory_service, page_size=2) == names
    assert await listed(memory_service, page_size=2, prefix="a") == ["a", "a/b", "a/b/c"]


async def test_agents_see_what_they_may_read(memory_service: MemoryClient) -> None:
    for name in ("agent/ada", "agent/bob", "shared"):
        await make(memory_service, name)
    assert await listed(memory_service, as_agent_id="ada") == ["agent/ada", "shared"]
    assert (await refused(get(memory_service, "agent/bob", as_agent_id="ada"))).reason == "NOT_FOUND"
    denied = await refused(make(memory_service, "agent/bob/x", as_agent_id="ada"))
    assert denied.status is grpc.StatusCode.PERMISSION_DENIED


async def test_its_description_changes_with_its_etag(memory_service: MemoryClient) -> None:
    made = await make(memory_service, "a")
    request = sharing.UpdateNamespaceRequest(namespace="a", description="New.", etag=made.etag)
    updated = (
        await memory_service.sharing.UpdateNamespace(request, metadata=memory_service.metadata)
    ).namespace
    assert (updated.description, updated.etag != made.etag) == ("New.", True)
    request.description = "Newer."
    stale = await refused(memory_service.sharing.UpdateNamespace(request, metadata=memory_service.metadata))
    assert stale.reason == "ETAG_MISMATCH"


async def test_it_goes_with_all_its_memories_and_not_with_those_below(memory_service: MemoryClient) -> None:
    new = [
        messages.NewMemory(content=str(number), namespace="a", vector=[1, number]) for number in range(1000)
    ]
    await memory_service.batch(new)
    last = await memory_service.create("The last.", namespace="a", key="k")
    await memory_service.create("Below.", namespace="a/b")
    gone = await delete(memory_service, "a")
    assert (gone.memory_count, gone.sequence) == (1001, last.sequence + 3)
    assert await listed(memory_service) == ["a/b"]
    assert await memory_service.contents() == ["Below."]
    assert (await refused(delete(memory_service, "a"))).reason == "NOT_FOUND"
    # The name is free, and what its vectors were like counts no more.
    await memory_service.create("New.", namespace="a", key="k", vector=[1, 2, 3])


async def test_the_grants_on_it_go_with_it(memory_service: MemoryClient) -> None:
    await memory_service.create("Before.", namespace="agent/bob")
    request = sharing.ShareRequest(principal="agent/ada", namespace="agent/bob")
    await memory_service.sharing.Share(request, metadata=memory_service.metadata)
    assert await memory_service.contents(as_agent_id="ada") == ["Before."]
    await delete(memory_service, "agent/bob")
    await memory_service.create("After.", namespace="agent/bob")
    assert await memory_service.contents(as_agent_id="ada") == []


async def test_an_agent_does_not_delete_what_is_not_its_own(memory_service: MemoryClient) -> None:
    await make(memory_service, "agent/bob")
    assert (await refused(delete(memory_service, "agent/bob", as_agent_id="ada"))).reason == "NOT_FOUND"


@pytest.mark.parametrize("name", ["/a", "a/", "a//b", "a\nb", "a\0b", "x" * 501, "\u00e4" * 251], ids=repr)
async def test_what_is_no_name_is_refused(memory_service: MemoryClient, name: str) -> None:
    refusal = await refused(memory_service.create("One.", namespace=name))
    assert (refusal.reason, refusal.message.startswith("namespace ")) == ("INVALID_FIELD", True)


@pytest.mark.parametrize(
    "name", ["agent/Zo\u00eb", "\u65e5\u672c\u8a9e/\U0001f9e0", "a b/*/>", "\u00e4" * 250]
)
async def test_names_may_have_letters_of_all_kinds(memory_service: MemoryClient, name: str) -> None:
    await memory_service.create("One.", namespace=name)
    assert await memory_service.contents(namespaces=[name]) == ["One."]


async def test_a_policy_has_defaults_and_is_kept(memory_service: MemoryClient) -> None:
    async def policy() -> upkeep.MemoryPolicy:
        answer = await memory_service.upkeep.GetMemoryPolicy(
            upkeep.GetMemoryPolicyRequest(), metadata=memory_service.metadata
        )
        return answer.policy

    usual = await policy()
    assert (usual.purge_deleted_after_days, usual.HasField("purge_expired_after_days")) == (30, False)
    wanted = upkeep.MemoryPolicy(purge_deleted_after_days=0, purge_expired_after_days=7)
    request = upkeep.UpdateMemoryPolicyRequest(policy=wanted)
    updated = await memory_service.upkeep.UpdateMemoryPolicy(request, metadata=memory_service.metadata)
    assert await policy() == updated.policy
    assert (updated.policy.purge_deleted_after_days, updated.policy.purge_expired_after_days) == (0, 7)


async def test_the_purge_removes_what_the_policies_say(memory_service: MemoryClient) -> None:
    kept = await memory_service.create("Kept.")
    other = memory_service.of_project(uuid4())
    theirs = await other.create("Deleted elsewhere.")
    await other.delete(theirs.id)
    deleted = await memory_service.create("Deleted.")
    await memory_service.delete(deleted.id)
    policy = upkeep.MemoryPolicy(purge_deleted_after_days=0)
    await memory_service.upkeep.UpdateMemoryPolicy(
        upkeep.UpdateMemoryPolicyRequest(policy=policy), metadata=memory_service.metadata
    )
    assert await memory_service.assembly.purge.purge_due() == 1
    assert await memory_service.assembly.purge.purge_due() == 0
    assert (await refused(memory_service.get(deleted.id))).reason == "NOT_FOUND"
    assert await memory_service.get(kept.id) == kept
    assert (await other.get(theirs.id)).content == "Deleted elsewhere."
