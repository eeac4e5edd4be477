"""Whatever is done to memories, in whatever order: no version is lost or rewritten, and the past answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.memory.service import MemoryClient, running_service
from tests.integration.memory.tending import (
    ALWAYS,
    DEPLOYMENTS,
    NEVER,
    TEA,
    archive,
    merge,
    proposals,
    summarise,
    tended,
    unarchive,
    undo,
    wish,
)
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_service_pb2 as memory_messages
from timeloom.memory.v1 import memory_upkeep_service_pb2 as messages
from timeloom_memory.upkeep.plan import Task

SUMMARY: Final = memory_pb2.MEMORY_KIND_CONTEXT_SUMMARY
TEXTS: Final = [*TEA[:3], *DEPLOYMENTS[:3], TEA[0].upper(), f"{DEPLOYMENTS[0]}!"]
EVERYTHING: Final = {"include_superseded": True, "include_archived": True, "include_deleted": True}
PAGE_SIZE: Final = 1000
VERBATIM: Final = (
    *("namespace", "agent_id", "session_id", "kind", "content", "context", "metadata", "tags", "importance"),
    *("occur_time", "valid_from", "source_ids", "create_time"),
)
"""What nothing but an update by somebody changes."""

COUNTING: Final = ("version", "sequence", "update_time", "etag")
ACTIONS: Final = (
    *("create", "update", "supersede", "delete", "restore"),
    *("archive", "unarchive", "fade", "summarise", "merge", "undo", "apply", "reject"),
    *("propose", "optimise", "optimise and merge", "plan"),
)
Memories = dict[str, memory_pb2.Memory]


@pytest_asyncio.fixture
async def later(database_url: str) -> AsyncIterator[MemoryClient]:
    """A service in whose eyes every memory is some days old, so that memories fade."""
    async with running_service(
        database_url, clock=lambda: datetime.now(UTC) + timedelta(days=5), with_jobs=False
    ) as running:
        yield running


@dataclass
class Chronicle:
    """What the service showed of one project after each step.

    Attributes:
        memories: All of them, as they are now.
        histories: What was read of their versions, oldest first.
        sources: What merged memories were made of, as it was before, and its versions after.
        shown: The time of each step, and what was shown after it: what holds, and everything.
    """

    client: MemoryClient
    memories: Memories = field(default_factory=Memories)
    histories: dict[str, list[memory_pb2.MemoryVersion]] = field(
        default_factory=dict[str, list[memory_pb2.MemoryVersion]]
    )
    sources: dict[str, dict[str, tuple[memory_pb2.Memory, int]]] = field(
        default_factory=dict[str, dict[str, tuple[memory_pb2.Memory, int]]]
    )
    shown: list[tuple[Timestamp, Memories, Memories]] = field(
        default_factory=list[tuple[Timestamp, Memories, Memories]]
    )

    async def look(self, *, updated: str = "") -> None:
        """Reads everything, and checks what may have become of what was there.

        Args:
            updated: The one memory that somebody has changed.
        """
        before, self.memories = self.memories, await listed(self.client, EVERYTHING)
        assert before.keys() <= self.memories.keys()
        for memory_id, memory in self.memories.items():
            if memory_id in before and memory_id != updated:
                assert parts(memory, VERBATIM) == parts(before[memory_id], VERBATIM)
            if memory_id not in before or before[memory_id].version != memory.version:
                await self._read_history(memory)
            else:
                assert memory == before[memory_id]
        self._note_merges(before)
        self.shown.append((await self._now(), await listed(self.client, {}), self.memories))

    async def the_past_answers_as_it_did(self) -> None:
        """Asks for what was known after each step."""
        for time, holding, everything in self.shown:
            assert await listed(self.client, {"as_of": time}) == holding
            assert await listed(self.client, {"as_of": time, **EVERYTHING}) == everything

    def of(self, is_meant: Callable[[memory_pb2.Memory], bool]) -> list[memory_pb2.Memory]:
        """Returns memories in the order in which they were made."""
        return [each for each in self.memories.values() if is_meant(each)]

    async def _read_history(self, memory: memory_pb2.Memory) -> None:
        known = self.histories.get(memory.id, [])
        answer = await self.client.versions(memory.id, page_size=PAGE_SIZE)
        history = list(reversed(answer.versions))
        for old, kept in zip(known, history, strict=False):
            assert (old.memory, old.change, old.reason) == (kept.memory, kept.change, kept.reason)
            assert old.known_from == kept.known_from
        assert len(history) > len(known)
        assert history[-1].memory == memory
        assert [each.memory.version for each in history] == list(range(1, len(history) + 1))
        assert all(older.known_to == newer.known_from for older, newer in pairwise(history))
        self.histories[memory.id] = history

    def _note_merges(self, before: Memories) -> None:
        for merged in self.memories.values():
            if merged.id not in before and merged.source_ids and merged.kind != SUMMARY:
                assert set(merged.source_ids) <= before.keys()
                self.sources[merged.id] = {
                    each: (before[each], self.memories[each].version) for each in merged.source_ids
                }

    async def _now(self) -> Timestamp:
        async with self.client.rows() as connection:
            row = await connection.fetchrow("SELECT time FROM project_changes")
        time = Timestamp()
        time.FromDatetime(row["time"])
        return time


async def listed(client: MemoryClient, wanted: dict[str, Any]) -> Memories:
    """Returns the memories that a filter lets through, oldest first."""
    page = await client.page(filter=wanted, order_by="create_time", page_size=PAGE_SIZE)
    assert not page.next_page_token
    return {each.id: each for each in page.memories}


def parts(memory: memory_pb2.Memory, names: Sequence[str]) -> list[object]:
    return [getattr(memory, name) for name in names]


def said(memory: memory_pb2.Memory) -> memory_pb2.Memory:
    """A memory without what counts its changes."""
    plain = memory_pb2.Memory()
    plain.CopyFrom(memory)
    for name in COUNTING:
        plain.ClearField(name)
    return plain


def is_alive(memory: memory_pb2.Memory) -> bool:
    return not memory.HasField("delete_time")


def holds(memory: memory_pb2.Memory) -> bool:
    return is_alive(memory) and not memory.superseded_by


async def take_step(chronicle: Chronicle, action: str, choice: int) -> None:
    """Does something, if there is something to do it to, and looks at what has become of everything."""
    match action:
        case "create" | "update" | "supersede" | "delete" | "restore":
            await change(chronicle, action, choice)
        case "merge" | "undo" | "apply" | "reject":
            await decide(chronicle, action, choice)
        case _:
            await tend(chronicle, action, choice)


async def change(chronicle: Chronicle, action: str, choice: int) -> None:
    """Changes one memory, as people do."""
    client, updated = chronicle.client, ""
    text = TEXTS[choice % len(TEXTS)]
    if action == "create":
        await client.create(text, key=f"key-{len(chronicle.memories)}" if choice % 2 else "")
    elif action == "restore":
        gone = chronicle.of(lambda each: not is_alive(each) and not is_taken(chronicle, each.key))
        if gone:
            await client.restore(gone[choice % len(gone)].id)
    elif chosen := chronicle.of(holds):
        memory = chosen[choice % len(chosen)]
        match action:
            case "update":
                updated = memory.id
                await client.update(memory.id, content=text, tags=[f"tag-{choice}"])
            case "supersede":
                await client.supersede(memory.id, text)
            case _:
                await client.delete(memory.id)
    await chronicle.look(updated=updated)


def is_taken(chronicle: Chronicle, key: str) -> bool:
    return bool(key and chronicle.of(lambda each: is_alive(each) and each.key == key))


async def decide(chronicle: Chronicle, action: str, choice: int) -> None:
    """Merges, or decides about a merge."""
    client, chosen = chronicle.client, chronicle.of(holds)
    if action == "merge":
        if len(chosen) > 1:
            first, second = chosen[choice % len(chosen)], chosen[(choice + 1) % len(chosen)]
            await merge(client, first.id, second.id)
    elif action == "undo":
        await take_back(chronicle, choice)
        return
    elif open_ones := await proposals(client):
        proposal = open_ones[choice % len(open_ones)]
        if action == "reject":
            reject = messages.RejectProposalRequest(proposal_id=proposal.id)
            await client.upkeep.RejectProposal(reject, metadata=client.metadata)
        elif {*proposal.memory_ids} <= {each.id for each in chosen}:
            apply = messages.ApplyProposalRequest(proposal_id=proposal.id)
            await client.upkeep.ApplyProposal(apply, metadata=client.metadata)
    await chronicle.look()


async def take_back(chronicle: Chronicle, choice: int) -> None:
    """Undoes a merge: its sources are what they were, unless they were changed meanwhile."""

    def can_be_undone(memory: memory_pb2.Memory) -> bool:
        sources = chronicle.sources.get(memory.id, {})
        left = [each for each in sources if chronicle.memories[each].superseded_by == memory.id]
        return holds(memory) and bool(left)

    chosen = chronicle.of(can_be_undone)
    if not chosen:
        return
    merged = chosen[choice % len(chosen)]
    untouched = {
        memory_id: before
        for memory_id, (before, version) in chronicle.sources[merged.id].items()
        if chronicle.memories[memory_id].version == version
    }
    restored = await undo(chronicle.client, merged.id)
    await chronicle.look()
    assert untouched.keys() <= {each.id for each in restored}
    for memory_id, before in untouched.items():
        assert said(chronicle.memories[memory_id]) == said(before)
    assert not is_alive(chronicle.memories[merged.id])


async def tend(chronicle: Chronicle, action: str, choice: int) -> None:
    """Does what upkeep does."""
    client, before = chronicle.client, chronicle.memories
    match action:
        case "archive":
            if chosen := chronicle.of(lambda each: holds(each) and not each.archived):
                one = memory_pb2.MemoryFilter(memory_ids=[chosen[choice % len(chosen)].id])
                assert await archive(client, filter=one) == list(one.memory_ids)
        case "unarchive":
            there = {each.id for each in chronicle.of(lambda each: holds(each) and each.archived)}
            assert {*await unarchive(client, namespaces=["project"])} == there
        case "fade":
            await archive(client, namespaces=["project"], retention_below=0.9)
        case "summarise":
            made = await summarise(client, save=True, max_tokens=20 + choice)
            assert set(made.source_ids) <= before.keys()
        case "propose":
            await tended(client, wish(Task.DUPLICATES, similarity=0.8))
        case _:
            merging, rule = action != "optimise", NEVER if choice % 4 else ALWAYS
            wanted = wish(merge=merging, similarity=0.8, rule=rule)
            await tended(client, wanted, dry_run=action == "plan")
    await chronicle.look()
    if action == "plan":
        assert chronicle.memories == before


@pytest.mark.timeout(300)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 99)), min_size=5, max_size=25))
async def test_nothing_that_ever_was_is_lost_or_rewritten(
    later: MemoryClient, steps: Sequence[tuple[str, int]]
) -> None:
    chronicle = Chronicle(later.of_project(uuid4()))
    first = [
        memory_messages.NewMemory(content=text, key=f"first-{place}" if place % 3 else "")
        for place, text in enumerate(TEXTS)
    ]
    await chronicle.client.batch(first)
    await chronicle.look()
    for action, choice in steps:
        await take_step(chronicle, action, choice)
    await chronicle.the_past_answers_as_it_did()
