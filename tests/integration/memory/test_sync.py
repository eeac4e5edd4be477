"""Memories of one session or namespace are brought over to another."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import pytest

from tests.integration.memory.service import MemoryClient
from tests.integration.memory.sharing import DENIED, HIDDEN, Sharing, reason_of, wrong_field
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_sharing_service_pb2 as messages

HERE: Final = ("handbook/here", "")
THERE: Final = ("handbook/there", "")
NEWEST = messages.CONFLICT_POLICY_NEWEST
IMPORTANCE = messages.CONFLICT_POLICY_IMPORTANCE
MOST_ACCESSED = messages.CONFLICT_POLICY_MOST_ACCESSED
MERGE = messages.CONFLICT_POLICY_MERGE
KEEP_BOTH = messages.CONFLICT_POLICY_KEEP_BOTH
POLICIES = [NEWEST, IMPORTANCE, MOST_ACCESSED, MERGE, KEEP_BOTH]

_Action = messages.SyncAction


@pytest.fixture
def sharing(memory_service: MemoryClient) -> Sharing:
    return Sharing(memory_service)


def actions(response: messages.SyncMemoriesResponse) -> list[str]:
    prefix = "SYNC_ACTION_"
    return [_Action.Name(each.action).removeprefix(prefix) for each in response.outcomes]


async def held(client: MemoryClient, side: tuple[str, str]) -> Counter[str]:
    """What holds on a side: how often each text."""
    sessions = {"filter": {"session_ids": [side[1]]}} if side[1] else {}
    return Counter(await client.contents(namespaces=[side[0]], page_size=1000, **sessions))


async def everything(client: MemoryClient) -> list[tuple[Any, ...]]:
    """All rows of all memories, in whatever state."""
    async with client.rows() as connection:
        rows = await connection.fetch("SELECT * FROM memories ORDER BY id")
    return [tuple(row) for row in rows]


async def fill(client: MemoryClient) -> None:
    """Fills two sides with something in common, conflicts by key and by text, and something of their own."""
    await client.create("The shop opens at nine.", namespace=HERE[0], key="hours", importance=3)
    await client.create("Tea is in the cupboard.", namespace=HERE[0], importance=8, tags=["tea"])
    await client.create("Only here.", namespace=HERE[0], metadata={"by": "hand"})
    await client.create("In common.", namespace=HERE[0])
    await client.create("The shop opens at ten.", namespace=THERE[0], key="hours", importance=7)
    await client.create("Tea is in the cupboard.", namespace=THERE[0], importance=2, tags=["kitchen"])
    await client.create("Only there.", namespace=THERE[0], key="own")
    await client.create("In common.", namespace=THERE[0])


async def test_what_is_missing_is_copied(memory_service: MemoryClient, sharing: Sharing) -> None:
    origin = await memory_service.create(
        "Cats purr.", namespace=HERE[0], key="cats", tags=["a"], metadata={"n": 1}, agent_id="ada"
    )
    (outcome,) = (await sharing.sync(HERE, THERE)).outcomes
    assert (outcome.source_id, outcome.target_id) == (origin.id, "")
    copy = await memory_service.get(outcome.result_id, include_vector=True)
    assert (copy.content, copy.key, list(copy.tags), copy.metadata, copy.agent_id) == (
        origin.content,
        "cats",
        ["a"],
        origin.metadata,
        "ada",
    )
    assert (copy.namespace, list(copy.source_ids), copy.occur_time) == (
        THERE[0],
        [origin.id],
        origin.occur_time,
    )
    assert copy.vector == (await memory_service.get(origin.id, include_vector=True)).vector


async def test_a_vector_of_its_writer_goes_over(memory_service: MemoryClient, sharing: Sharing) -> None:
    await memory_service.create("Own.", namespace=HERE[0], vector=[3.0, 4.0], vector_model="mine")
    (outcome,) = (await sharing.sync(HERE, THERE)).outcomes
    copy = await memory_service.get(outcome.result_id, include_vector=True)
    assert copy.embedding_model == "mine"
    assert list(copy.vector) == pytest.approx([0.6, 0.8])


async def test_the_newest_takes_the_place_of_the_other(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    old = await memory_service.create("Opens at nine.", namespace=THERE[0], key="hours")
    new = await memory_service.create("Opens at ten.", namespace=HERE[0], key="hours")
    response = await sharing.sync(HERE, THERE, policy=NEWEST)
    (outcome,) = response.outcomes
    assert actions(response) == ["TOOK_SOURCE"]
    assert (outcome.source_id, outcome.target_id) == (new.id, old.id)
    heir = await memory_service.get(outcome.result_id)
    assert (heir.content, heir.key, heir.supersedes, list(heir.source_ids)) == (
        new.content,
        "hours",
        old.id,
        [new.id],
    )
    ended = await memory_service.get(old.id)
    assert (ended.content, ended.superseded_by) == ("Opens at nine.", heir.id)
    assert ended.valid_to == heir.valid_from
    assert response.sequence >= heir.sequence


async def test_the_target_stays_if_it_is_newer(memory_service: MemoryClient, sharing: Sharing) -> None:
    await memory_service.create("Opens at nine.", namespace=HERE[0], key="hours")
    newer = await memory_service.create("Opens at ten.", namespace=THERE[0], key="hours")
    response = await sharing.sync(HERE, THERE, policy=NEWEST)
    assert actions(response) == ["KEPT_TARGET"]
    assert response.outcomes[0].result_id == newer.id
    assert await held(memory_service, THERE) == Counter(["Opens at ten."])


async def test_the_more_important_one_stays(memory_service: MemoryClient, sharing: Sharing) -> None:
    await memory_service.create("Opens at nine.", namespace=HERE[0], key="hours", importance=9)
    await memory_service.create("Opens at ten.", namespace=THERE[0], key="hours", importance=2)
    assert actions(await sharing.sync(HERE, THERE, policy=IMPORTANCE)) == ["TOOK_SOURCE"]
    assert await held(memory_service, THERE) == Counter(["Opens at nine."])


async def test_merging_says_what_both_said(memory_service: MemoryClient, sharing: Sharing) -> None:
    one = await memory_service.create(
        "Opens at nine.", namespace=HERE[0], key="hours", tags=["a"], metadata={"x": 1, "z": 1}
    )
    other = await memory_service.create(
        "Closes at six.", namespace=THERE[0], key="hours", tags=["b"], metadata={"y": 2, "z": 2}
    )
    response = await sharing.sync(HERE, THERE, policy=MERGE)
    assert actions(response) == ["MERGED"]
    merged = await memory_service.get(response.outcomes[0].result_id)
    assert merged.content == "Closes at six.\n\nOpens at nine."
    assert (merged.key, list(merged.tags)) == ("hours", ["b", "a"])
    assert merged.metadata == b'{"x":1,"y":2,"z":2}'
    assert set(merged.source_ids) == {one.id, other.id}
    assert (await memory_service.get(other.id)).superseded_by == merged.id


async def test_both_stay_if_that_is_wished(memory_service: MemoryClient, sharing: Sharing) -> None:
    await memory_service.create("Opens at nine.", namespace=HERE[0], key="hours")
    await memory_service.create("Opens at ten.", namespace=THERE[0], key="hours")
    assert actions(await sharing.sync(HERE, THERE, policy=KEEP_BOTH)) == ["KEPT_BOTH"]
    assert await held(memory_service, THERE) == Counter(["Opens at nine.", "Opens at ten."])


async def test_near_duplicates_meet_by_their_vectors(memory_service: MemoryClient, sharing: Sharing) -> None:
    near = {"vector_model": "mine", "namespace": HERE[0]}
    await memory_service.create("It rains.", vector=[1.0, 0.1], **near)
    await memory_service.create("Rain falls.", vector=[1.0, 0.0], **{**near, "namespace": THERE[0]})
    (outcome,) = (await sharing.sync(HERE, THERE, policy=IMPORTANCE, similarity=0.9)).outcomes
    assert outcome.similarity == pytest.approx(1 / 1.01**0.5)
    assert outcome.action == messages.SYNC_ACTION_KEPT_TARGET
    response = await sharing.sync(HERE, THERE, policy=IMPORTANCE, similarity=0.999)
    assert actions(response) == ["UNCHANGED"], "what is settled stays so"


async def test_what_is_too_unlike_is_copied(memory_service: MemoryClient, sharing: Sharing) -> None:
    near = {"vector_model": "mine", "namespace": HERE[0]}
    await memory_service.create("It rains.", vector=[1.0, 0.1], **near)
    await memory_service.create("Rain falls.", vector=[1.0, 0.0], **{**near, "namespace": THERE[0]})
    assert actions(await sharing.sync(HERE, THERE, similarity=0.999)) == ["COPIED"]


async def test_what_differs_in_a_number_does_not_meet_however_alike(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    near = {"vector_model": "mine", "vector": [1.0, 0.0]}
    await memory_service.create("The meeting is at 3.", namespace=HERE[0], **near)
    await memory_service.create("The meeting is at 4.", namespace=THERE[0], **near)
    assert actions(await sharing.sync(HERE, THERE)) == ["COPIED"]
    assert await held(memory_service, THERE) == Counter(["The meeting is at 3.", "The meeting is at 4."])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("both_ways", [False, True])
async def test_a_second_run_changes_nothing(
    memory_service: MemoryClient,
    sharing: Sharing,
    policy: int,
    both_ways: bool,  # noqa: FBT001
) -> None:
    await fill(memory_service)
    await sharing.sync(HERE, THERE, policy=policy, both_ways=both_ways)
    before = await everything(memory_service)
    again = await sharing.sync(HERE, THERE, policy=policy, both_ways=both_ways)
    assert set(actions(again)) == {"UNCHANGED"}
    assert await everything(memory_service) == before


@pytest.mark.parametrize("policy", POLICIES)
async def test_both_sides_say_the_same_after_both_ways(
    memory_service: MemoryClient, sharing: Sharing, policy: int
) -> None:
    await fill(memory_service)
    await sharing.sync(HERE, THERE, policy=policy, both_ways=True)
    here, there = await held(memory_service, HERE), await held(memory_service, THERE)
    assert here == there
    assert {"Only here.", "Only there.", "In common."} <= set(here)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("both_ways", [False, True])
async def test_a_dry_run_says_what_a_real_run_does(
    memory_service: MemoryClient,
    sharing: Sharing,
    policy: int,
    both_ways: bool,  # noqa: FBT001
) -> None:
    await fill(memory_service)
    before = await everything(memory_service)
    dry = await sharing.sync(HERE, THERE, policy=policy, both_ways=both_ways, dry_run=True)
    assert await everything(memory_service) == before
    real = await sharing.sync(HERE, THERE, policy=policy, both_ways=both_ways)
    assert actions(dry) == actions(real)
    known = {str(row[1]) for row in before}
    for planned, done in zip(dry.outcomes, real.outcomes, strict=True):
        if planned.source_id in known:
            assert (planned.source_id, planned.target_id) == (done.source_id, done.target_id)
        assert planned.result_id in ("", done.result_id)


@pytest.mark.parametrize("policy", POLICIES)
async def test_nothing_is_lost(memory_service: MemoryClient, sharing: Sharing, policy: int) -> None:
    await fill(memory_service)
    before = {str(row[1]): row for row in await everything(memory_service)}
    await sharing.sync(HERE, THERE, policy=policy, both_ways=True)
    texts = "\n".join((await held(memory_service, HERE)).elements())
    for memory_id in before:
        memory = await memory_service.get(memory_id)
        assert not memory.HasField("delete_time")
        if memory.superseded_by:
            heir = await memory_service.get(memory.superseded_by)
            assert heir.supersedes == memory_id
            assert heir.source_ids
        else:
            assert memory.content in texts


async def test_a_change_goes_over_with_the_next_run(memory_service: MemoryClient, sharing: Sharing) -> None:
    origin = await memory_service.create("Opens at nine.", namespace=HERE[0])
    await sharing.sync(HERE, THERE)
    await memory_service.update(origin.id, content="Closed for good, sorry.")
    assert actions(await sharing.sync(HERE, THERE)) == ["TOOK_SOURCE"]
    assert await held(memory_service, THERE) == Counter(["Closed for good, sorry."])


async def test_what_was_deleted_there_stays_deleted(memory_service: MemoryClient, sharing: Sharing) -> None:
    origin = await memory_service.create("Opens at nine.", namespace=HERE[0])
    (copied,) = (await sharing.sync(HERE, THERE)).outcomes
    await memory_service.delete(copied.result_id)
    assert actions(await sharing.sync(HERE, THERE)) == ["KEPT_TARGET"]
    assert await held(memory_service, THERE) == Counter()
    await memory_service.update(origin.id, content="Opens at eight.")
    assert actions(await sharing.sync(HERE, THERE)) == ["COPIED"]


async def test_sessions_of_one_namespace_are_sides_too(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    one, other = ("agent/ada", "monday"), ("agent/ada", "tuesday")
    await memory_service.create("Said on Monday.", namespace="agent/ada", session_id="monday", key="k")
    await memory_service.create("Said on Tuesday.", namespace="agent/ada", session_id="tuesday")
    response = await sharing.sync(one, other, both_ways=True, as_agent_id="ada")
    assert actions(response) == ["COPIED", "COPIED", "UNCHANGED"]
    assert await held(memory_service, one) == await held(memory_service, other)


async def test_agents_synchronise_what_they_may_read_and_write(
    memory_service: MemoryClient, sharing: Sharing
) -> None:
    await memory_service.create("Ada's.", as_agent_id="ada")
    mine, hers = ("agent/bob", ""), ("agent/ada", "")
    assert await reason_of(sharing.sync(hers, mine, as_agent_id="bob")) == HIDDEN
    assert await reason_of(sharing.sync(mine, hers, as_agent_id="bob")) == DENIED
    await sharing.share("agent/bob", namespace="agent/ada", as_agent_id="ada")
    assert await reason_of(sharing.sync(hers, mine, both_ways=True, as_agent_id="bob")) == DENIED
    assert actions(await sharing.sync(hers, mine, as_agent_id="bob")) == ["COPIED"]
    assert await memory_service.contents(namespaces=["agent/bob"], as_agent_id="bob") == ["Ada's."]


@pytest.mark.parametrize(
    ("source", "target", "field"),
    [
        (HERE, HERE, "target"),
        (HERE, (HERE[0], "monday"), "target"),
        (("a//b", ""), THERE, "source.namespace"),
        (HERE, ("team", ""), "target.namespace"),
    ],
)
async def test_sides_that_are_none_are_refused(
    sharing: Sharing, source: tuple[str, str], target: tuple[str, str], field: str
) -> None:
    assert await wrong_field(sharing.sync(source, target)) == field


async def test_what_it_changes_is_told(memory_service: MemoryClient, sharing: Sharing) -> None:
    await memory_service.create("Opens at nine.", namespace=THERE[0], key="hours")
    await memory_service.create("Opens at ten.", namespace=HERE[0], key="hours")
    before = len(await memory_service.events())
    await sharing.sync(HERE, THERE, policy=NEWEST)
    told = (await memory_service.events())[before:]
    assert [(each.topic, each.memories_changed.change) for each in told] == [
        (f"memory/{THERE[0]}", memory_pb2.MEMORY_CHANGE_SUPERSEDED),
        (f"memory/{THERE[0]}", memory_pb2.MEMORY_CHANGE_CREATED),
    ]
