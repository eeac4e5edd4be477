"""Agents learn of new memories."""

from __future__ import annotations

import pytest

from tests.integration.memory.service import MemoryClient
from tests.integration.memory.sharing import DENIED, HIDDEN, Sharing, reason_of, wrong_field
from timeloom.events.v1 import events_pb2
from timeloom.memory.v1 import memory_pb2, memory_service_pb2
from timeloom_memory.sharing.announcing import announce


@pytest.fixture
def sharing(memory_service: MemoryClient) -> Sharing:
    return Sharing(memory_service)


async def announced(client: MemoryClient) -> list[events_pb2.Event]:
    """Hands the service's own events to the announcer, and returns what it tells."""
    events = await client.events()
    async with client.rows() as connection:
        for event in events:
            await announce(connection, event)
    return (await client.events())[len(events) :]


async def test_a_subscription_begins_with_what_comes_next(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    await memory_service.create("Before.", namespace="handbook")
    subscription = await sharing.subscribe("ada")
    assert list((await sharing.read(subscription.id)).memories) == []
    first = await memory_service.create("First.", namespace="handbook")
    second = await memory_service.create("Second.", namespace="handbook")
    news = await sharing.read(subscription.id)
    assert [memory.id for memory in news.memories] == [first.id, second.id]
    assert news.sequence == second.sequence


async def test_what_was_acknowledged_is_not_read_again(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    subscription = await sharing.subscribe("ada")
    first = await memory_service.create("First.", namespace="handbook")
    news = await sharing.read(subscription.id)
    advanced = await sharing.acknowledge(subscription.id, news.sequence)
    assert advanced.sequence == first.sequence
    assert list((await sharing.read(subscription.id)).memories) == []
    assert (await sharing.acknowledge(subscription.id, 0)).sequence == first.sequence
    assert await wrong_field(sharing.acknowledge(subscription.id, 10_000)) == "sequence"


async def test_what_changed_after_it_was_read_is_not_new(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    subscription = await sharing.subscribe("ada")
    memory = await memory_service.create("First.", namespace="handbook")
    await sharing.acknowledge(subscription.id, memory.sequence)
    await memory_service.update(memory.id, content="Changed.")
    assert list((await sharing.read(subscription.id)).memories) == []


async def test_what_changed_before_it_was_read_is_not_lost(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    subscription = await sharing.subscribe("ada")
    first = await memory_service.create("First.", namespace="handbook")
    second = await memory_service.create("Second.", namespace="handbook")
    await memory_service.update(first.id, content="Changed.")
    news = await sharing.read(subscription.id, limit=1)
    assert ([memory.content for memory in news.memories], news.sequence) == (["Changed."], first.sequence)
    await sharing.acknowledge(subscription.id, news.sequence)
    assert [each.id for each in (await sharing.read(subscription.id)).memories] == [second.id]


async def test_what_one_change_created_is_not_torn_apart(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    subscription = await sharing.subscribe("ada")
    new = [memory_service_pb2.NewMemory(content=f"Number {n}.", namespace="handbook") for n in range(3)]
    batch = await memory_service.batch(new)
    await memory_service.create("Later.", namespace="handbook")
    news = await sharing.read(subscription.id, limit=2)
    assert {memory.id for memory in news.memories} == {memory.id for memory in batch.memories}
    assert news.sequence == batch.sequence


async def test_only_what_is_wished_for_is_read(memory_service: MemoryClient, sharing: Sharing) -> None:
    wish = await sharing.subscribe(
        "ada", namespaces=["handbook"], kinds=[memory_pb2.MEMORY_KIND_SKILL], tags=["x", "y"]
    )
    skill = {"kind": memory_pb2.MEMORY_KIND_SKILL, "tags": ["y", "z"]}
    wanted = await memory_service.create("Wanted.", namespace="handbook/tools", **skill)
    await memory_service.create("Elsewhere.", namespace="handbooks", **skill)
    await memory_service.create("Other tags.", namespace="handbook", **{**skill, "tags": ["z"]})
    await memory_service.create("Other kind.", namespace="handbook", tags=["x"])
    assert [memory.id for memory in (await sharing.read(wish.id)).memories] == [wanted.id]


async def test_an_agent_reads_only_what_it_may_read_now(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    subscription = await sharing.subscribe(as_agent_id="bob")
    await memory_service.create("Ada's.", as_agent_id="ada")
    read = {"subscription_id": subscription.id, "as_agent_id": "bob"}
    assert list((await sharing.read(**read)).memories) == []
    grant = await sharing.share("agent/bob", namespace="agent/ada", as_agent_id="ada")
    assert [memory.content for memory in (await sharing.read(**read)).memories] == ["Ada's."]
    await sharing.revoke(grant.id, as_agent_id="ada")
    assert list((await sharing.read(**read)).memories) == []


async def test_a_subscription_is_its_agent_s_alone(sharing: Sharing) -> None:
    subscription = await sharing.subscribe(as_agent_id="ada")
    assert await reason_of(sharing.read(subscription.id, as_agent_id="bob")) == HIDDEN
    assert await reason_of(sharing.acknowledge(subscription.id, 0, as_agent_id="bob")) == HIDDEN
    assert await reason_of(sharing.subscribe("ada", as_agent_id="bob")) == DENIED
    assert await wrong_field(sharing.subscribe()) == "agentId"
    assert await wrong_field(sharing.subscribe("ada", namespaces=["a//b"])) == "namespaces[0]"


async def test_an_agent_is_told_that_there_is_something_new(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    subscription = await sharing.subscribe("ada", namespaces=["handbook"])
    await memory_service.create("Elsewhere.", namespace="other")
    memory = await memory_service.create("New.", namespace="handbook/tools")
    (event,) = await announced(memory_service)
    assert event.topic == "memory/agents/ada"
    assert event.memory_announced == events_pb2.MemoryAnnounced(
        subscription_id=subscription.id, agent_id="ada", sequence=memory.sequence
    )


async def test_an_agent_is_not_told_of_what_it_may_not_read(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    await sharing.subscribe("bob")
    await memory_service.create("Ada's.", as_agent_id="ada")
    assert await announced(memory_service) == []


async def test_an_agent_is_not_told_again_of_what_it_has_read(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    subscription = await sharing.subscribe("ada")
    memory = await memory_service.create("New.", namespace="handbook")
    await sharing.acknowledge(subscription.id, memory.sequence)
    assert await announced(memory_service) == []
