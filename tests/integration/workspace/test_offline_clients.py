"""Three devices that were offline, against the real service: each policy's result is what its model says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

import msgspec
import pytest

from tests.helpers import offline_clients as models
from tests.helpers.offline_clients import FIELDS, OWNER, Queued, Shape, Story, Values, told
from tests.integration.workspace.service import Service
from tests.integration.workspace.syncing import Client, now_ms
from timeloom.workspace.v1 import sync_pb2 as nouns

Model = Callable[[Sequence[Queued], Values], Values | None]

MUTATIONS = 500
RECORDS = 3
BASE_VALUES: Values = dict.fromkeys(FIELDS, "before")
CASES: list[tuple[nouns.ConflictPolicy.ValueType, Shape, Model]] = [
    (nouns.CONFLICT_POLICY_FIELD_MERGE, "parts", models.field_merge),
    (nouns.CONFLICT_POLICY_LAST_WRITE_WINS, "whole", models.last_write_wins),
    (nouns.CONFLICT_POLICY_SERVER_WINS, "parts", models.first_client),
    (nouns.CONFLICT_POLICY_USER_PRIORITY, "whole", models.user_priority),
    (nouns.CONFLICT_POLICY_MANUAL, "parts", models.first_client),
]


def message_of(queued: Queued, record_ids: Sequence[UUID], *, is_poison: bool) -> nouns.Mutation:
    """The mutation as its client sends it."""
    value = msgspec.json.encode({"title": 7} if is_poison else queued.values)
    return nouns.Mutation(
        id=queued.id,
        table="tasks",
        operation=nouns.MutationOperation.ValueType(queued.operation),
        record_id=str(record_ids[queued.record]),
        value=value if queued.values else b"",
        clock=queued.clock,
        base_clock=queued.base_clock,
        user_id=queued.user,
    )


async def known_tasks(client: Client) -> tuple[list[UUID], list[str]]:
    """Makes tasks that everybody knows; returns their ids and clocks."""
    record_ids = [uuid4() for _ in range(RECORDS)]
    insertions = [client.insertion(each, {**BASE_VALUES, "userId": OWNER}) for each in record_ids]
    return record_ids, [result.clock for result in await client.send(*insertions)]


async def delivered(
    service: Service, story: Story, record_ids: Sequence[UUID], poison: set[str]
) -> dict[str, list[nouns.MutationResult]]:
    """Sends all batches, and returns the answers by mutation."""
    results: dict[str, list[nouns.MutationResult]] = {}
    for batch in story.deliveries:
        client = Client(service=service, name=batch[0].client)
        sent = [message_of(each, record_ids, is_poison=each.id in poison) for each in batch]
        for result in await client.send(*sent):
            results.setdefault(result.mutation_id, []).append(result)
    return results


@pytest.mark.parametrize(("policy", "shape", "model"), CASES)
@pytest.mark.parametrize("seed", [1, 2])
async def test_what_three_devices_did_offline_becomes_what_the_model_says(
    service: Service, policy: nouns.ConflictPolicy.ValueType, shape: Shape, model: Model, seed: int
) -> None:
    chance = random.Random(seed)
    anybody = Client(service=service, name="anybody", user="nobody")
    await anybody.set_policy("tasks", policy)
    record_ids, bases = await known_tasks(anybody)
    story = told(chance, mutations=MUTATIONS, bases=bases, start_ms=now_ms(), shape=shape)
    updates = [each.id for each in story.mutations() if each.values]
    poison = set(chance.sample(updates, 20))

    results = await delivered(service, story, record_ids, poison)

    for number, record_id in enumerate(record_ids):
        arrivals = [each for each in story.arrivals() if each.record == number and each.id not in poison]
        row = await anybody.values(record_id)
        found = {name: row[name] for name in FIELDS} if row else None
        assert found == model(arrivals, BASE_VALUES)
    await assert_nothing_is_lost(anybody, story, results, poison)


async def assert_nothing_is_lost(
    client: Client, story: Story, results: dict[str, list[nouns.MutationResult]], poison: set[str]
) -> None:
    """Every mutation was answered, each time alike, and is found wherever its answer says."""
    assert set(results) == {each.id for each in story.mutations()}
    letters = {each.mutation.id: each for each in await client.dead_letters(page_size=1000)}
    conflicts = {each.mutation.id: each for each in await client.conflicts(page_size=1000)}
    assert set(letters) == poison
    for mutation_id, (first, *repeated) in results.items():
        assert not first.is_repeated
        for each in repeated:
            assert each.is_repeated
            each.is_repeated = False
            assert each == first
        if first.outcome == nouns.MUTATION_OUTCOME_REJECTED:
            assert letters[mutation_id].id == first.dead_letter_id
            assert letters[mutation_id].reason == "title: must be a text"
        elif first.outcome != nouns.MUTATION_OUTCOME_APPLIED or first.conflict_id:
            assert conflicts[mutation_id].id == first.conflict_id


async def test_devices_that_send_at_once_do_not_get_in_each_others_way(service: Service) -> None:
    anybody = Client(service=service, name="anybody")
    record_ids, bases = await known_tasks(anybody)
    story = told(random.Random(3), mutations=150, bases=bases, start_ms=now_ms(), shape="parts")

    async def send(batch: Sequence[Queued]) -> Sequence[nouns.MutationResult]:
        client = Client(service=service, name=batch[0].client)
        return await client.send(*(message_of(each, record_ids, is_poison=False) for each in batch))

    answers = await asyncio.gather(*(send(batch) for batch in story.deliveries))

    assert {each.mutation_id for results in answers for each in results} == {
        each.id for each in story.mutations()
    }
    for number, record_id in enumerate(record_ids):
        writes = [each for each in story.mutations() if each.record == number]
        row = await anybody.values(record_id)
        found = {name: row[name] for name in FIELDS} if row else None
        assert found == models.field_merge(writes, BASE_VALUES)
