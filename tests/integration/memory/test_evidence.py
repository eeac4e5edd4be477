"""Agents confirm and contradict memories."""

from __future__ import annotations

import pytest

from tests.integration.memory.service import MemoryClient
from tests.integration.memory.sharing import DENIED, HIDDEN, Sharing, reason_of, wrong_field
from timeloom.memory.v1 import memory_pb2

CONFIRMS, CONTRADICTS = memory_pb2.STANCE_CONFIRMS, memory_pb2.STANCE_CONTRADICTS


@pytest.fixture
def sharing(memory_service: MemoryClient) -> Sharing:
    return Sharing(memory_service)


async def test_confidence_follows_what_agents_say(memory_service: MemoryClient, sharing: Sharing) -> None:
    memory = await memory_service.create()
    assert memory.confidence == pytest.approx(0.5)
    assert await sharing.say(memory.id, "ada", CONFIRMS) == pytest.approx(2 / 3)
    assert await sharing.say(memory.id, "bob", CONFIRMS) == pytest.approx(3 / 4)
    assert await sharing.say(memory.id, "cyd", CONTRADICTS) == pytest.approx(3 / 5)
    assert (await memory_service.get(memory.id)).confidence == pytest.approx(3 / 5)


async def test_an_agent_has_one_voice_its_last_word(memory_service: MemoryClient, sharing: Sharing) -> None:
    memory = await memory_service.create()
    for _ in range(3):
        assert await sharing.say(memory.id, "ada", CONFIRMS) == pytest.approx(2 / 3)
    assert await sharing.say(memory.id, "ada", CONTRADICTS) == pytest.approx(1 / 3)
    stances = [(each.agent_id, each.stance) for each in await sharing.evidence(memory.id)]
    assert stances == [("ada", CONTRADICTS), *[("ada", CONFIRMS)] * 3]


async def test_a_change_of_confidence_is_a_version_with_its_reason(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    memory = await memory_service.create()
    witness = await memory_service.create("The kettle whistled at 100 degrees.")
    await sharing.say(memory.id, "ada", CONFIRMS, note="Measured.", evidence_memory_id=witness.id)
    await sharing.say(memory.id, "ada", CONFIRMS, note="Measured again.")
    versions = (await memory_service.versions(memory.id)).versions
    assert [(each.change, each.agent_id, each.reason) for each in versions] == [
        (memory_pb2.MEMORY_CHANGE_CONFIDENCE, "ada", "Measured."),
        (memory_pb2.MEMORY_CHANGE_CREATED, "", ""),
    ]
    assert [each.evidence_memory_id for each in await sharing.evidence(memory.id)] == ["", witness.id]
    told = (await memory_service.events())[-1].memories_changed
    assert (told.change, list(told.memory_ids)) == (memory_pb2.MEMORY_CHANGE_CONFIDENCE, [memory.id])


async def test_whoever_may_read_may_say_so(memory_service: MemoryClient, sharing: Sharing) -> None:
    memory = await memory_service.create(as_agent_id="ada")
    assert await reason_of(sharing.say(memory.id, "", CONFIRMS, as_agent_id="bob")) == HIDDEN
    assert await reason_of(sharing.evidence(memory.id, as_agent_id="bob")) == HIDDEN
    await sharing.share("agent/bob", memory_id=memory.id, as_agent_id="ada")
    assert await sharing.say(memory.id, "", CONFIRMS, as_agent_id="bob") == pytest.approx(2 / 3)
    assert await reason_of(sharing.say(memory.id, "cyd", CONFIRMS, as_agent_id="bob")) == DENIED
    assert len(await sharing.evidence(memory.id, as_agent_id="ada")) == 1


async def test_evidence_that_is_none_is_refused(memory_service: MemoryClient, sharing: Sharing) -> None:
    memory = await memory_service.create()
    hidden = await memory_service.create("Ada's.", as_agent_id="ada")
    assert await wrong_field(sharing.say(memory.id, "", CONFIRMS)) == "agentId"
    assert await wrong_field(sharing.say(memory.id, "a/b", CONFIRMS)) == "agentId"
    itself = {"evidence_memory_id": memory.id}
    assert await wrong_field(sharing.say(memory.id, "bob", CONFIRMS, **itself)) == "evidenceMemoryId"
    secret = {"evidence_memory_id": hidden.id, "as_agent_id": "bob"}
    assert await wrong_field(sharing.say(memory.id, "", CONFIRMS, **secret)) == "evidenceMemoryId"
    await memory_service.delete(memory.id)
    assert await reason_of(sharing.say(memory.id, "bob", CONFIRMS)) == HIDDEN
