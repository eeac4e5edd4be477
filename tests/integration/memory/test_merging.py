"""Merging, taking it back, and proposals to do so."""

from __future__ import annotations

import grpc
import pytest

from tests.integration.memory.service import MemoryClient, refused
from tests.integration.memory.tending import merge, proposals, tended, undo, wish
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_upkeep_service_pb2 as messages
from timeloom_memory.upkeep.plan import Task


def said(memory: memory_pb2.Memory) -> memory_pb2.Memory:
    """A memory without what counts its changes."""
    plain = memory_pb2.Memory()
    plain.CopyFrom(memory)
    plain.ClearField("version")
    plain.ClearField("sequence")
    plain.ClearField("update_time")
    plain.ClearField("etag")
    return plain


async def test_a_merge_unites_what_its_sources_say_and_keeps_them(memory_service: MemoryClient) -> None:
    first = await memory_service.create("Ann likes tea.", tags=["ann"], importance=3, key="ann")
    second = await memory_service.create("Ann loves tea.", tags=["tea", "ann"], importance=7)
    merged = await merge(memory_service, first.id, second.id, reason="the same")
    assert (merged.content, list(merged.tags), merged.importance) == ("Ann likes tea.", ["ann", "tea"], 7)
    assert (merged.key, list(merged.source_ids)) == ("ann", [first.id, second.id])
    assert await memory_service.contents() == ["Ann likes tea."]
    for source in (first, second):
        kept = await memory_service.get(source.id)
        assert (kept.content, kept.superseded_by) == (source.content, merged.id)
        newest, oldest = (await memory_service.versions(source.id)).versions
        assert (newest.change, newest.reason) == (memory_pb2.MEMORY_CHANGE_MERGED, "the same")
        assert said(oldest.memory) == said(source)


async def test_an_undone_merge_leaves_everything_as_it_was(memory_service: MemoryClient) -> None:
    sources = [
        await memory_service.create("Ann likes tea.", key="ann", session_id="one"),
        await memory_service.create("Ann loves tea.", key="tea", tags=["tea"]),
    ]
    merged = await merge(memory_service, *(source.id for source in sources), content="Ann is fond of tea.")
    assert await memory_service.contents() == ["Ann is fond of tea."]
    restored = await undo(memory_service, merged.id)
    assert [said(memory) for memory in restored] == [said(source) for source in sources]
    assert [said(await memory_service.get(source.id)) for source in sources] == [
        said(source) for source in sources
    ]
    assert (await memory_service.get(merged.id)).HasField("delete_time")


async def test_what_was_changed_after_a_merge_is_not_lost_when_it_is_undone(
    memory_service: MemoryClient,
) -> None:
    first, second = await memory_service.create("one"), await memory_service.create("two")
    merged = await merge(memory_service, first.id, second.id)
    await memory_service.update(second.id, tags=["later"])
    _, restored = await undo(memory_service, merged.id)
    assert list(restored.tags) == ["later"]
    assert restored.superseded_by == ""


async def test_a_memory_of_merged_ones_can_be_merged_again_and_only_the_last_merge_be_undone(
    memory_service: MemoryClient,
) -> None:
    ids = [(await memory_service.create(text)).id for text in ("one", "two", "three")]
    inner = await merge(memory_service, ids[0], ids[1])
    outer = await merge(memory_service, inner.id, ids[2])
    refusal = await refused(undo(memory_service, inner.id))
    assert refusal.message == "memoryId names a memory that another one has replaced"
    await undo(memory_service, outer.id)
    await undo(memory_service, inner.id)
    assert sorted(await memory_service.contents()) == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("again", "memoryIds must name at least two memories, each once"),
        ("elsewhere", "memoryIds[1] lives in another namespace than the first"),
        ("superseded", "memoryIds[1] names a memory that another one has replaced"),
        ("plain", "memoryId names a memory that none was merged into"),
    ],
)
async def test_what_cannot_be_merged_is_refused(
    memory_service: MemoryClient, change: str, message: str
) -> None:
    first = await memory_service.create("one")
    second = await memory_service.create("two", namespace="other" if change == "elsewhere" else "project")
    if change == "superseded":
        await memory_service.supersede(second.id, "three")
    if change == "plain":
        refusal = await refused(undo(memory_service, first.id))
    else:
        refusal = await refused(merge(memory_service, first.id, first.id if change == "again" else second.id))
    assert (refusal.reason, refusal.message) == ("INVALID_FIELD", message)


async def test_an_agent_merges_only_what_it_may_change(memory_service: MemoryClient) -> None:
    ids = [(await memory_service.create(text, namespace="agent/ann")).id for text in ("one", "two")]
    assert (await refused(merge(memory_service, *ids, as_agent_id="bob"))).status is grpc.StatusCode.NOT_FOUND
    assert (await merge(memory_service, *ids, as_agent_id="ann")).content == "one"


async def test_a_merged_memory_inherits_the_uses_of_its_sources(memory_service: MemoryClient) -> None:
    first, second = await memory_service.create("one tea"), await memory_service.create("two tea")
    for _ in range(3):
        await memory_service.search("tea")
    await memory_service.assembly.accesses.flush()
    merged = await merge(memory_service, first.id, second.id)
    assert (await memory_service.get(merged.id)).access_count == 6


async def test_near_duplicates_are_proposed_and_merged_when_somebody_says_so(
    memory_service: MemoryClient,
) -> None:
    ids = [
        (await memory_service.create(text)).id for text in ("Ann likes tea.", "ann likes tea", "It rains.")
    ]
    await tended(memory_service, wish(Task.DUPLICATES))
    (proposal,) = await proposals(memory_service)
    assert set(proposal.memory_ids) == set(ids[:2])
    assert proposal.similarity == pytest.approx(1.0)
    request = messages.ApplyProposalRequest(proposal_id=proposal.id)
    for _ in range(2):
        applied = await memory_service.upkeep.ApplyProposal(request, metadata=memory_service.metadata)
        assert applied.proposal.state == memory_pb2.PROPOSAL_STATE_APPLIED
        assert list(applied.memory.source_ids) == list(proposal.memory_ids)
    assert len(await memory_service.contents()) == 2
    await undo(memory_service, applied.memory.id)
    (undone,) = await proposals(memory_service, state=memory_pb2.PROPOSAL_STATE_UNDONE)
    assert undone.id == proposal.id


async def test_what_was_rejected_is_not_proposed_again_and_other_proposals_are(
    memory_service: MemoryClient,
) -> None:
    for text in ("Ann likes tea.", "ann likes tea"):
        await memory_service.create(text)
    await tended(memory_service, wish(Task.DUPLICATES))
    (proposal,) = await proposals(memory_service, namespace="project")
    request = messages.RejectProposalRequest(proposal_id=proposal.id)
    await memory_service.upkeep.RejectProposal(request, metadata=memory_service.metadata)
    await memory_service.create("ANN LIKES TEA")
    await tended(memory_service, wish(Task.DUPLICATES))
    (other,) = await proposals(memory_service)
    assert set(other.memory_ids) != set(proposal.memory_ids)
    assert len(other.memory_ids) == 2
    refusal = await refused(
        memory_service.upkeep.ApplyProposal(
            messages.ApplyProposalRequest(proposal_id=proposal.id), metadata=memory_service.metadata
        )
    )
    assert refusal.reason == "CONFLICT"


async def test_a_proposal_that_holds_no_longer_is_dropped(memory_service: MemoryClient) -> None:
    first = await memory_service.create("Ann likes tea.")
    await memory_service.create("ann likes tea")
    await tended(memory_service, wish(Task.DUPLICATES))
    await memory_service.update(first.id, content="Ann moved to Oslo.")
    await tended(memory_service, wish(Task.DUPLICATES))
    assert await proposals(memory_service) == []


async def test_proposals_are_seen_by_who_may_read_their_namespace(memory_service: MemoryClient) -> None:
    for text in ("Ann likes tea.", "ann likes tea"):
        await memory_service.create(text, namespace="agent/ann")
    await memory_service.assembly.upkeep.tending.run(
        memory_service.project_id, "agent/ann", wish(Task.DUPLICATES), dry_run=False, progress=_nothing
    )
    assert len(await proposals(memory_service, as_agent_id="ann")) == 1
    assert await proposals(memory_service, as_agent_id="bob") == []


async def _nothing(phase: str, done: int, total: int) -> None:
    """Nobody wants to know."""
