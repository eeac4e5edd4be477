"""Whatever is done to memories: their history is complete, and the past answers as it did."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.integration.memory.service import MemoryClient, refused
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom_memory.model import Change, Memory
from timeloom_memory.storage import changes
from timeloom_memory.storage import memories as storage
from timeloom_memory.storage.memories import Reason

EVERYTHING = {"include_superseded": True, "include_archived": True, "include_deleted": True}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "update", "tag", "supersede", "archive", "delete", "restore", "purge"]),
        st.integers(0, 99),
    ),
    max_size=25,
)


@dataclass
class Told:
    """What the service said, as a model that only remembers."""

    versions: dict[str, list[memory_pb2.Memory]] = field(default_factory=dict[str, list[memory_pb2.Memory]])
    shown: list[tuple[Timestamp, list[str], list[str]]] = field(
        default_factory=list[tuple[Timestamp, list[str], list[str]]]
    )

    def note(self, memory: memory_pb2.Memory) -> None:
        versions = self.versions.setdefault(memory.id, [])
        if not versions or versions[-1] != memory:
            versions.append(memory)


async def archive(client: MemoryClient, memory_id: str, *, archived: bool) -> None:
    """Puts a memory away, or takes it back, as the upkeep does."""
    async with client.rows() as connection:
        found = await storage.lock(connection, client.project_id, [UUID(memory_id)])
        put_away = [replace(memory, archived=archived) for memory in found]
        reason = Reason(change=Change.ARCHIVED if archived else Change.RESTORED)
        await storage.write(connection, client.project_id, put_away, reason)


async def take_step(client: MemoryClient, told: Told, action: str, choice: int) -> None:
    """Does something to one of the memories, if there is one to do it to."""
    if action == "create" or not told.versions:
        told.note(await client.create(f"Created {choice}."))
        return
    memory = list(told.versions.values())[choice % len(told.versions)][-1]
    alive = not memory.HasField("delete_time")
    match action:
        case "update" if alive:
            told.note(await client.update(memory.id, content=f"Updated {choice}."))
        case "tag" if alive:
            told.note(await client.update(memory.id, tags=[f"tag {choice}"]))
        case "supersede" if alive and not memory.superseded_by:
            told.note(await client.supersede(memory.id, f"Superseding {choice}."))
            told.note(await client.get(memory.id))
        case "archive" if alive:
            await archive(client, memory.id, archived=not memory.archived)
            told.note(await client.get(memory.id))
        case "delete":
            told.note(await client.delete(memory.id))
        case "restore":
            told.note(await client.restore(memory.id))
        case "purge":
            await client.delete(memory.id, purge=True)
            del told.versions[memory.id]
            # What is purged is gone from the past, too.
            told.shown.clear()
        case _:
            pass


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_histories_are_complete_and_the_past_answers_as_it_did(
    memory_service: MemoryClient, steps: Sequence[tuple[str, int]]
) -> None:
    client = memory_service.of_project(uuid4())
    told = Told()
    for action, choice in steps:
        await take_step(client, told, action, choice)
        now = max((each[-1].update_time for each in told.versions.values()), key=nanoseconds, default=None)
        if now is not None:
            told.shown.append((now, await client.contents(), await client.contents(filter=EVERYTHING)))
    for memory_id, versions in told.versions.items():
        kept = (await client.versions(memory_id, page_size=100)).versions
        assert [each.memory for each in reversed(kept)] == versions
        assert [each.memory.version for each in kept] == list(range(len(kept), 0, -1))
        for newer, older in itertools.pairwise(kept):
            assert older.known_to == newer.known_from
    for time, found, everything in told.shown:
        assert await client.contents(filter={"as_of": time}) == found
        assert await client.contents(filter={"as_of": time, **EVERYTHING}) == everything
    sequences = [each.sequence for versions in told.versions.values() for each in versions]
    assert len(set(sequences)) == len(sequences)


def nanoseconds(time: Timestamp) -> int:
    return time.ToNanoseconds()


@pytest.mark.parametrize("writers", [6])
async def test_who_follows_the_changes_misses_none(memory_service: MemoryClient, writers: int) -> None:
    client, running = memory_service, True
    seen: dict[str, Any] = {}
    position, positions = 0, list[int]()

    async def follow() -> None:
        nonlocal position
        while True:
            ended = not running
            async with client.rows() as connection:
                found = await changes.select(connection, client.project_id, position, 3)
            for each in found:
                assert each.sequence > position
                seen[str(each.memory_id)] = each
            if found:
                position = found[-1].sequence
                positions.append(position)
            elif ended:
                return

    async def write(number: int) -> list[str]:
        random_ = random.Random(number)
        ids: list[str] = []
        for step in range(25):
            if ids and random_.random() < 0.4:
                await client.update(random_.choice(ids), content=f"{number} {step}")
            elif random_.random() < 0.3:
                new = [messages.NewMemory(content=f"{number} {step} {place}") for place in range(7)]
                ids.extend(memory.id for memory in (await client.batch(new)).memories)
            else:
                ids.append((await client.create(f"{number} {step}")).id)
        gone = random_.choice(ids)
        await client.delete(gone, purge=True)
        return ids

    following = asyncio.create_task(follow())
    written = [each for ids in await asyncio.gather(*map(write, range(writers))) for each in ids]
    running = False
    await following
    assert set(seen) == set(written)
    assert positions == sorted(set(positions))
    async with client.rows() as connection:
        assert await changes.current(connection, client.project_id) == position
        current = await storage.select(
            connection, client.project_id, [each.memory_id for each in seen.values()], scope=None
        )
    assert {str(memory_id): numbers(memory) for memory_id, memory in current.items()} == {
        memory_id: (each.number, each.sequence) for memory_id, each in seen.items() if not each.purged
    }
    assert sum(each.purged for each in seen.values()) == writers


def numbers(memory: Memory) -> tuple[int, int]:
    return memory.number, memory.sequence


async def test_one_key_is_taken_once_however_many_want_it(memory_service: MemoryClient) -> None:
    async def attempt(number: int) -> str:
        try:
            return (await memory_service.create(f"{number}", key="k", namespace="n")).id
        except Exception as error:  # noqa: BLE001 - what it is, is asserted
            return str(error.__class__.__name__)

    outcomes = await asyncio.gather(*map(attempt, range(12)))
    winners = [each for each in outcomes if each != "AioRpcError"]
    assert len(winners) == 1
    (kept,) = (await memory_service.page(key="k")).memories
    assert kept.id == winners[0]
    assert (await refused(memory_service.create("Late.", key="k", namespace="n"))).reason == "ALREADY_EXISTS"


async def test_one_id_is_created_once_however_often_it_is_tried(memory_service: MemoryClient) -> None:
    memory_id = str(uuid4())
    created = await asyncio.gather(
        *(memory_service.create("The same.", memory_id=memory_id) for _ in range(12))
    )
    assert all(each == created[0] for each in created)
    assert len((await memory_service.versions(memory_id)).versions) == 1


async def test_pages_of_a_list_are_its_parts_in_every_order(memory_service: MemoryClient) -> None:
    random_ = random.Random(1)
    new = [
        messages.NewMemory(
            content=f"{number}", namespace=random_.choice("ab"), importance=random_.randint(1, 3)
        )
        for number in range(40)
    ]
    await memory_service.batch(new)
    for order, expected in (
        ("", [f"{number}" for number in range(39, -1, -1)]),
        ("create_time", [f"{number}" for number in range(40)]),
        ("update_time desc", None),
        ("occur_time", None),
        ("importance desc", None),
    ):
        found: list[memory_pb2.Memory] = []
        token = ""
        while True:
            page = await memory_service.page(page_size=7, order_by=order, page_token=token)
            found.extend(page.memories)
            token = page.next_page_token
            if not token:
                break
        contents = [memory.content for memory in found]
        assert sorted(contents, key=int) == [f"{number}" for number in range(40)]
        if expected:
            assert contents == expected
        if order == "importance desc":
            values = [memory.importance for memory in found]
            assert values == sorted(values, reverse=True)
    assert (await refused(memory_service.page(order_by="content"))).reason == "INVALID_FIELD"
    assert (await refused(memory_service.page(page_token="nonsense"))).reason == "INVALID_PAGE_TOKEN"


async def test_a_filter_finds_what_it_says(memory_service: MemoryClient) -> None:
    async def add(content: str, **fields: Any) -> memory_pb2.Memory:
        return await memory_service.create(content, namespace="n", **fields)

    skill = await add(
        "A.", kind=8, tags=["x", "y"], agent_id="ada", session_id="s", metadata={"a": {"b": 1}, "c": 2}
    )
    await add("B.", tags=["y"], importance=9, occur_time=stamp(2020))
    await add("C.", tags=["z"], expire_time=stamp(2021), occur_time=stamp(2019))
    wanted: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["B.", "A."]),
        ({"kinds": [8]}, ["A."]),
        ({"tags": ["x", "y"]}, ["A."]),
        ({"any_tags": ["x", "y", "z"]}, ["B.", "A."]),
        ({"agent_ids": ["ada", "bob"]}, ["A."]),
        ({"session_ids": ["s"]}, ["A."]),
        ({"memory_ids": [skill.id]}, ["A."]),
        ({"metadata": {"a": {"b": 1}}}, ["A."]),
        ({"metadata": {"a": {"b": 2}}}, []),
        ({"occur_before": stamp(2021)}, ["B."]),
        ({"occur_after": stamp(2021)}, ["A."]),
        ({"importance_min": 6}, ["B."]),
        ({"confidence_min": 0.6}, []),
        ({"include_expired": True}, ["C.", "B.", "A."]),
        ({"valid_at": stamp(2020)}, ["B."]),
        ({"as_of": stamp(2020), "include_superseded": True}, []),
    ]
    for fields, contents in wanted:
        assert await memory_service.contents(filter=dict(fields)) == contents, fields
    not_an_object = await refused(memory_service.page(filter={"metadata": [1]}))
    assert not_an_object.message.startswith("filter.metadata ")


def stamp(year: int) -> Timestamp:
    time = Timestamp()
    time.FromJsonString(f"{year}-01-01T00:00:00Z")
    return time
