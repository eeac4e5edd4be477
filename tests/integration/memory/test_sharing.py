"""Who may see and change which memories."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.integration.memory.service import MemoryClient, metadata_of
from tests.integration.memory.sharing import DENIED, HIDDEN, Sharing, reason_of, wrong_field
from timeloom.memory.v1 import memory_pb2
from timeloom_platform.auth import Scope

READ, WRITE = memory_pb2.PERMISSION_READ, memory_pb2.PERMISSION_WRITE


@pytest.fixture
def sharing(memory_service: MemoryClient) -> Sharing:
    return Sharing(memory_service)


async def test_an_agent_s_memories_are_its_own(memory_service: MemoryClient) -> None:
    memory = await memory_service.create("Ada's.", as_agent_id="ada")
    assert memory.namespace == "agent/ada"
    assert await memory_service.contents(as_agent_id="ada") == ["Ada's."]
    assert await memory_service.contents(as_agent_id="bob") == []
    assert await reason_of(memory_service.get(memory.id, as_agent_id="bob")) == HIDDEN
    assert await reason_of(memory_service.update(memory.id, content="Bob's.", as_agent_id="bob")) == HIDDEN
    assert await reason_of(memory_service.delete(memory.id, as_agent_id="bob")) == HIDDEN
    assert await reason_of(memory_service.versions(memory.id, as_agent_id="bob")) == HIDDEN


async def test_nobody_writes_where_another_agent_is_at_home(memory_service: MemoryClient) -> None:
    assert await reason_of(memory_service.create(namespace="agent/ada", as_agent_id="bob")) == DENIED
    assert await reason_of(memory_service.create(namespace="team/red", as_agent_id="bob")) == DENIED


async def test_what_belongs_to_the_project_is_everybody_s(memory_service: MemoryClient) -> None:
    memory = await memory_service.create("Ours.", namespace="handbook/hours", as_agent_id="ada")
    changed = await memory_service.update(memory.id, content="Ours, too.", as_agent_id="bob")
    assert changed.content == "Ours, too."


async def test_a_namespace_that_is_shared_for_reading_can_be_read_only(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    memory = await memory_service.create("Deep.", namespace="agent/ada/notes/old", as_agent_id="ada")
    await memory_service.create("Apart.", namespace="agent/ada/diary", as_agent_id="ada")
    grant = await sharing.share("agent/bob", namespace="agent/ada/notes", as_agent_id="ada")
    assert (grant.permission, grant.granted_by) == (READ, "ada")
    assert await memory_service.contents(as_agent_id="bob") == ["Deep."]
    assert await reason_of(memory_service.update(memory.id, content="x", as_agent_id="bob")) == DENIED
    assert await reason_of(memory_service.delete(memory.id, as_agent_id="bob")) == DENIED
    assert await reason_of(memory_service.create(namespace="agent/ada/notes", as_agent_id="bob")) == DENIED


async def test_a_neighbour_by_name_is_not_shared(memory_service: MemoryClient, sharing: Sharing) -> None:
    await memory_service.create("Other.", namespace="agent/ada/notes-private", as_agent_id="ada")
    await sharing.share("agent/bob", namespace="agent/ada/notes", as_agent_id="ada")
    assert await memory_service.contents(as_agent_id="bob") == []


async def test_sharing_again_changes_the_grant(memory_service: MemoryClient, sharing: Sharing) -> None:
    memory = await memory_service.create("Old.", as_agent_id="ada")
    first = await sharing.share("agent/bob", memory_id=memory.id, as_agent_id="ada")
    second = await sharing.share("agent/bob", memory_id=memory.id, permission=WRITE, as_agent_id="ada")
    assert (first.id, second.permission) == (second.id, WRITE)
    changed = await memory_service.update(memory.id, content="New.", as_agent_id="bob")
    assert changed.content == "New."
    assert [each.id for each in await sharing.grants(as_agent_id="bob")] == [first.id]


async def test_a_revocation_holds_at_once(memory_service: MemoryClient, sharing: Sharing) -> None:
    memory = await memory_service.create("Shared.", as_agent_id="ada")
    grant = await sharing.share("project", memory_id=memory.id, as_agent_id="ada")
    assert (await memory_service.get(memory.id, as_agent_id="bob")).content == "Shared."
    await sharing.revoke(grant.id, as_agent_id="ada")
    assert await reason_of(memory_service.get(memory.id, as_agent_id="bob")) == HIDDEN
    assert await reason_of(sharing.revoke(grant.id, as_agent_id="ada")) == HIDDEN


async def test_a_team_shares_what_is_its_own(memory_service: MemoryClient, sharing: Sharing) -> None:
    await sharing.team("red", "ada", "bob")
    await memory_service.create("Red.", namespace="team/red/plans", as_agent_id="ada")
    assert await memory_service.contents(as_agent_id="bob") == ["Red."]
    assert await memory_service.contents(as_agent_id="cyd") == []
    await sharing.team("red", "ada")
    assert await memory_service.contents(as_agent_id="bob") == []


async def test_what_a_team_was_given_goes_with_it(memory_service: MemoryClient, sharing: Sharing) -> None:
    await memory_service.create("Ada's.", as_agent_id="ada")
    await sharing.team("red", "bob")
    await sharing.share("team/red", namespace="agent/ada", as_agent_id="ada")
    assert await memory_service.contents(as_agent_id="bob") == ["Ada's."]
    await sharing.dissolve("red")
    await sharing.team("red", "bob")
    assert await memory_service.contents(as_agent_id="bob") == []


async def test_only_owners_share_and_take_back(memory_service: MemoryClient, sharing: Sharing) -> None:
    memory = await memory_service.create("Ada's.", as_agent_id="ada")
    grant = await sharing.share("agent/bob", namespace="agent/ada", permission=WRITE, as_agent_id="ada")
    assert await reason_of(sharing.share("agent/cyd", namespace="agent/ada", as_agent_id="bob")) == DENIED
    assert await reason_of(sharing.share("agent/cyd", memory_id=memory.id, as_agent_id="bob")) == DENIED
    assert await reason_of(sharing.share("agent/cyd", memory_id=memory.id, as_agent_id="cyd")) == HIDDEN
    everybody = await sharing.share("project", memory_id=memory.id, as_agent_id="ada")
    assert await reason_of(sharing.revoke(everybody.id, as_agent_id="bob")) == DENIED
    assert await reason_of(sharing.revoke(grant.id, as_agent_id="cyd")) == HIDDEN
    await sharing.revoke(grant.id, as_agent_id="bob")
    assert [each.id for each in await sharing.grants(as_agent_id="ada")] == [everybody.id]


async def test_a_grant_that_has_ended_opens_nothing(memory_service: MemoryClient, sharing: Sharing) -> None:
    memory = await memory_service.create("Shared.", as_agent_id="ada")
    grant = await sharing.share("agent/bob", memory_id=memory.id, seconds=3600, as_agent_id="ada")
    assert (await memory_service.get(memory.id, as_agent_id="bob")).content == "Shared."
    await sharing.end(grant.id)
    assert await reason_of(memory_service.get(memory.id, as_agent_id="bob")) == HIDDEN
    assert await sharing.grants(as_agent_id="ada") == []


async def test_grants_are_listed_by_what_they_are_about(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    memory = await memory_service.create("Deep.", namespace="agent/ada/notes/old", as_agent_id="ada")
    above = await sharing.share("agent/bob", namespace="agent/ada")
    below = await sharing.share("agent/bob", namespace="agent/ada/notes/old/older")
    on_memory = await sharing.share("agent/cyd", memory_id=memory.id)
    await sharing.share("agent/bob", namespace="agent/ada/diary")
    found = await sharing.grants(namespace="agent/ada/notes")
    assert [each.id for each in found] == [on_memory.id, below.id, above.id]
    assert [each.id for each in await sharing.grants(principal="agent/cyd")] == [on_memory.id]
    assert [each.id for each in await sharing.grants(memory_id=memory.id)] == [on_memory.id]
    assert len(await sharing.grants(page_size=1)) == 4


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"namespace": "agent/ada", "principal": "ada"}, "principal"),
        ({"namespace": "agent/ada", "principal": "agent/"}, "principal"),
        ({"namespace": "agent", "principal": "project"}, "namespace"),
        ({"namespace": "a//b", "principal": "project"}, "namespace"),
        ({"namespace": "jobs/x", "principal": "project"}, "namespace"),
        ({"principal": "project"}, "namespace"),
        ({"namespace": "agent/ada", "principal": "project", "seconds": -1}, "expireTime"),
    ],
)
async def test_what_cannot_be_shared_is_refused_by_its_field(
    sharing: Sharing, fields: dict[str, Any], field: str
) -> None:
    assert await wrong_field(sharing.share(**fields)) == field


async def test_a_key_that_is_bound_to_an_agent_acts_as_no_other(memory_service: MemoryClient) -> None:
    ada = metadata_of(
        memory_service.server, project_id=memory_service.project_id, scope=Scope.WRITE, agent_id="ada"
    )
    bound = replace(memory_service, metadata=ada)
    memory = await bound.create("Ada's.")
    await memory_service.create("Bob's.", as_agent_id="bob")
    assert memory.namespace == "agent/ada"
    assert await bound.contents() == ["Ada's."]
    assert await reason_of(bound.page(as_agent_id="bob")) == DENIED
