"""Mutations, conflicts and dead letters, by the real service."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import msgspec
import pytest

from tests.integration.snapshots.service import refused
from tests.integration.workspace.service import Service
from tests.integration.workspace.syncing import (
    APPLIED,
    CONFLICT,
    REJECTED,
    SUPERSEDED,
    Client,
    now_ms,
)
from timeloom.workspace.v1 import sync_pb2 as nouns
from timeloom.workspace.v1 import sync_service_pb2 as messages
from timeloom.workspace.v1 import workspace_service_pb2 as records
from timeloom_platform.auth import Scope
from timeloom_workspace.clocks import Clock
from timeloom_workspace.sync.limits import CONFLICT_LIFE, MEMORY
from timeloom_workspace.sync.upkeep import Upkeep

CLIENT = messages.ResolveSyncConflictRequest.CHOICE_CLIENT
SERVER = messages.ResolveSyncConflictRequest.CHOICE_SERVER
VALUE = messages.ResolveSyncConflictRequest.CHOICE_VALUE

TOKEN = "ghp_" + "Ab1" * 12


def tab(service: Service, name: str = "tab") -> Client:
    return Client(service=service, name=name)


async def task_of(client: Client, record_id: UUID) -> dict[str, Any]:
    values = await client.values(record_id)
    assert values is not None
    return values


async def test_a_client_learns_the_transaction_of_its_write(service: Service) -> None:
    client, record_id = tab(service), uuid4()

    result = await client.send_one(client.insertion(record_id, {"title": "Water", "tags": ["home"]}))

    async with service.rows() as connection:
        # The record's row names a transaction within this one.
        xmin = await connection.fetchval("SELECT xmin::text::bigint FROM mutation_answers")
    assert result == nouns.MutationResult(
        mutation_id=result.mutation_id, outcome=APPLIED, transaction_id=xmin, clock=result.clock
    )
    row = await task_of(client, record_id)
    assert (row["title"], row["tags"], row["status"]) == ("Water", ["home"], "PENDING")
    assert (row["clock"], row["version"]) == (result.clock, 1)


async def test_the_answer_tells_a_clock_that_is_later_than_all_that_can_be_believed(service: Service) -> None:
    client = tab(service)
    ahead = str(Clock(now_ms() + 60_000, 3, "tab"))
    impossible = str(Clock(now_ms() + 86_400_000, 0, "tab"))
    mutations = [client.insertion(uuid4(), {"title": "a"}, clock=clock) for clock in (ahead, impossible)]

    request = messages.ApplyMutationsRequest(client_id="tab", mutations=mutations)
    answer = await client.stub.ApplyMutations(request, metadata=service.metadata)

    assert ahead < answer.clock < impossible
    assert [each.outcome for each in answer.results] == [APPLIED, REJECTED]
    assert answer.results[1].reason.startswith("clock: is 863")


async def test_mutations_that_came_before_their_record_are_applied_with_it(service: Service) -> None:
    client, record_id = tab(service), uuid4()
    insertion = client.insertion(record_id, {"title": "first", "branch": "main"})
    renamed = client.update(record_id, {"title": "second"})
    again = client.update(record_id, {"title": "third"})

    early = await client.send(again, renamed)
    assert [each.outcome for each in early] == [REJECTED, REJECTED]
    assert {each.reason for each in early} == {"there is no such record (yet)"}
    assert len(await client.dead_letters()) == 2
    await client.send_one(insertion)

    row = await task_of(client, record_id)
    assert (row["title"], row["branch"], row["version"]) == ("third", "main", 3)
    assert await client.dead_letters() == []
    repeated = await client.send(renamed, again)
    assert [(each.outcome, each.is_repeated) for each in repeated] == [(APPLIED, True)] * 2


POISON: list[tuple[dict[str, Any], str]] = [
    ({"table": "users"}, "table: must be one of tasks, environments, preferences, agent_sessions"),
    ({"table": ""}, "table: must be one of tasks, environments, preferences, agent_sessions"),
    ({"record_id": "7"}, "recordId: must be a UUID"),
    ({"operation": 0}, "operation: must be INSERT, UPDATE or DELETE"),
    ({"operation": nouns.MUTATION_OPERATION_DELETE}, "value: must be absent for a deletion"),
    ({"value": b""}, "value: is required"),
    ({"value": b"{}"}, "title: is required"),
    ({"value": b"[]"}, "value: must be a JSON object"),
    ({"value": b'{"title": "a", "nonsense": 1}'}, "nonsense: is no field of tasks"),
    ({"value": b'{"title": "a", "status": "DONE"}'}, "status: must be one of"),
    ({"value": b'{"title": "\\u0000"}'}, "must not contain the character U+0000"),
    ({"value": b'{"title": "' + b"x" * 501 + b'"}'}, "title: has 501 characters"),
    ({"value": b'{"title": '}, "value: "),
    ({"value": b"\xff"}, "value: "),
    ({"clock": "now"}, "clock: must be <milliseconds"),
    ({"clock": "\x00"}, "clock: must be <milliseconds"),
    ({"clock": str(Clock(1_000, 0, "tab"))}, "clock: is older than 90 days"),
    ({"clock": str(Clock(now_ms(), 0, "server"))}, "clock: must not be of the node server"),
    ({"base_clock": str(Clock(10**14, 0, "server"))}, "clock: must be later than baseClock"),
    ({"base_clock": "then"}, "baseClock: must be <milliseconds"),
    ({"user_id": "u" * 201}, "userId: must have up to 200 characters"),
]


@pytest.mark.parametrize(("wrong", "reason"), POISON)
async def test_a_poison_mutation_is_kept_with_its_reason_and_stops_nobody(
    service: Service, wrong: dict[str, Any], reason: str
) -> None:
    client, before, after = tab(service), uuid4(), uuid4()
    poison = client.insertion(uuid4(), {"title": "poison"})
    for name, value in wrong.items():
        setattr(poison, name, value)

    first, rejected, last = await client.send(
        client.insertion(before, {"title": "before"}), poison, client.insertion(after, {"title": "after"})
    )

    assert (first.outcome, rejected.outcome, last.outcome) == (APPLIED, REJECTED, APPLIED)
    assert reason in rejected.reason
    (letter,) = await client.dead_letters(client_id="tab")
    assert (letter.id, letter.reason, letter.attempts) == (rejected.dead_letter_id, rejected.reason, 1)
    assert (letter.mutation.id, letter.mutation.operation) == (poison.id, poison.operation)
    assert (await client.send_one(poison)).is_repeated


async def test_what_two_records_may_not_have_is_a_dead_letter(service: Service) -> None:
    client = tab(service)
    first = client.insertion(uuid4(), {"key": "theme", "value": "dark"}, table="preferences")
    second = client.insertion(uuid4(), {"key": "theme", "value": "light"}, table="preferences")
    third = client.insertion(uuid4(), {"key": "x" * 500, "value": 1}, table="preferences")

    results = await client.send(first, second, third)

    assert [each.outcome for each in results] == [APPLIED, REJECTED, APPLIED]
    assert results[1].reason == "key: There is another preference of this key already."
    redriven = await client.redrive(results[1].dead_letter_id, {"key": "contrast", "value": "light"})
    assert redriven.outcome == APPLIED
    assert (await client.send_one(second)).outcome == APPLIED
    assert await client.dead_letters() == []


async def test_a_value_that_the_database_does_not_take_stops_nobody(service: Service) -> None:
    client, after = tab(service), uuid4()
    # More than an entry of an index may have, and too random to be made small.
    key = "".join(chr(0x10000 + (number * 7919) % 0xFFFF) for number in range(500))
    poison = client.insertion(uuid4(), {"key": key, "value": 1, "userId": key[:200]}, table="preferences")

    rejected, applied = await client.send(poison, client.insertion(after, {"title": "after"}))

    assert (rejected.outcome, rejected.reason) == (REJECTED, "value: the database does not take it")
    assert applied.outcome == APPLIED


async def test_a_secret_in_a_poison_mutation_is_not_kept(service: Service) -> None:
    client = tab(service)
    value = {"name": "kitchen", "description": f"with {TOKEN}", "githubToken": "plain", "note": 1}
    poison = client.insertion(uuid4(), value, table="environments")

    rejected = await client.send_one(poison)

    (letter,) = await client.dead_letters()
    assert rejected.reason == "githubToken: is no field of environments"
    assert msgspec.json.decode(letter.mutation.value) == {
        "name": "kitchen",
        "description": "[withheld]",
        "githubToken": "[withheld]",
        "note": "[withheld]",
    }
    async with service.rows() as connection:
        kept = await connection.fetchval("SELECT value FROM mutation_dead_letters")
    assert TOKEN.encode() not in kept
    assert b"plain" not in kept
    again = await client.redrive(rejected.dead_letter_id)
    assert (again.outcome, again.reason.partition(":")[0]) == (REJECTED, "value")
    redriven = await client.redrive(rejected.dead_letter_id, {"name": "kitchen"})
    assert redriven.outcome == APPLIED


async def test_a_mutation_whose_clock_is_wrong_takes_the_services_when_it_is_redriven(
    service: Service,
) -> None:
    client, record_id = tab(service), uuid4()
    await client.send_one(client.insertion(record_id, {"title": "now"}))
    late = client.update(record_id, {"title": "long ago"}, clock=str(Clock(1_000, 0, "tab")))
    rejected = await client.send_one(late)

    redriven = await client.redrive(rejected.dead_letter_id)

    assert redriven.outcome == APPLIED
    assert redriven.clock.endswith("-server")
    assert (await task_of(client, record_id))["title"] == "long ago"


async def test_a_dead_letter_that_is_given_up_is_gone(service: Service) -> None:
    client = tab(service)
    rejected = await client.send_one(client.insertion(uuid4(), {"title": 7}))
    request = messages.DiscardMutationRequest(dead_letter_id=rejected.dead_letter_id)

    await client.stub.DiscardMutation(request, metadata=service.metadata)

    assert await client.dead_letters() == []
    failure = await refused(client.stub.DiscardMutation(request, metadata=service.metadata))
    assert failure.reason == "NOT_FOUND"
    failure = await refused(client.redrive(rejected.dead_letter_id))
    assert failure.reason == "NOT_FOUND"


async def open_conflict(service: Service) -> tuple[Client, UUID, nouns.MutationResult]:
    """Two tabs change an environment whose policy leaves it to people."""
    one, other, record_id = tab(service, "one"), tab(service, "other"), uuid4()
    base = await one.send_one(one.insertion(record_id, {"name": "kitchen"}, table="environments"))
    known = {"table": "environments", "base": base.clock}
    await one.send_one(one.update(record_id, {"description": "one's"}, **known))
    update = other.update(record_id, {"description": "other's", "githubRepository": "soup"}, **known)
    return other, record_id, await other.send_one(update)


async def test_a_conflict_that_a_person_decides_is_told_and_listed(service: Service) -> None:
    client, record_id, result = await open_conflict(service)

    assert (result.outcome, result.transaction_id) == (CONFLICT, 0)
    (conflict,) = await client.conflicts(
        status=nouns.SYNC_CONFLICT_STATUS_OPEN, table="environments", record_id=str(record_id)
    )
    assert conflict.id == result.conflict_id
    assert conflict.policy == nouns.CONFLICT_POLICY_MANUAL
    assert list(conflict.fields) == ["description"]
    assert msgspec.json.decode(conflict.server_value)["description"] == "one's"
    assert msgspec.json.decode(conflict.mutation.value) == {
        "description": "other's",
        "githubRepository": "soup",
    }
    assert (conflict.client_id, conflict.result) == ("other", b"")
    told = [each for each in await service.events() if each.HasField("sync_conflict_opened")]
    assert [(each.topic, each.sync_conflict_opened.conflict_id) for each in told] == [
        ("workspace/sync_conflicts", conflict.id)
    ]


@pytest.mark.parametrize(
    ("choice", "value", "description", "repository"),
    [
        (CLIENT, None, "other's", "soup"),
        (SERVER, None, "one's", ""),
        (VALUE, {"description": "both's"}, "both's", ""),
    ],
)
async def test_a_conflict_is_decided(
    service: Service,
    choice: messages.ResolveSyncConflictRequest.Choice.ValueType,
    value: dict[str, Any] | None,
    description: str,
    repository: str,
) -> None:
    client, record_id, result = await open_conflict(service)

    resolved = await client.resolve(result.conflict_id, choice, value)

    row = await client.values(record_id, table="environments")
    assert row is not None
    assert (row["description"], row["github_repository"]) == (description, repository)
    assert resolved.status == nouns.SYNC_CONFLICT_STATUS_RESOLVED
    assert msgspec.json.decode(resolved.result)["description"] == description
    assert resolved.HasField("resolve_time")
    failure = await refused(client.resolve(result.conflict_id, SERVER))
    assert failure.reason == "WRONG_STATUS"


async def test_a_decision_that_cannot_be_carried_out_leaves_the_conflict_open(service: Service) -> None:
    client, record_id, result = await open_conflict(service)

    missing = await refused(client.resolve(result.conflict_id, VALUE))
    wrong = await refused(client.resolve(result.conflict_id, VALUE, {"name": ""}))
    request = records.DeleteEnvironmentRequest(environment_id=str(record_id))
    await service.stub.DeleteEnvironment(request, metadata=service.metadata)
    gone = await refused(client.resolve(result.conflict_id, CLIENT))

    assert [each.reason for each in (missing, wrong, gone)] == [
        "INVALID_FIELD",
        "INVALID_FIELD",
        "WRONG_STATUS",
    ]
    assert len(await client.conflicts(status=nouns.SYNC_CONFLICT_STATUS_OPEN)) == 1
    resolved = await client.resolve(result.conflict_id, VALUE, {"name": "garden"})
    assert msgspec.json.decode(resolved.result)["name"] == "garden"


async def test_a_write_by_rest_counts_like_any_other(service: Service) -> None:
    client, record_id = tab(service), uuid4()
    base = await client.send_one(client.insertion(record_id, {"title": "a", "branch": "main"}))
    request = records.UpdateTaskRequest(task_id=str(record_id), title="by REST")
    await service.stub.UpdateTask(request, metadata=service.metadata)
    early = str(Clock.parse(base.clock).next_of("tab"))

    result = await client.send_one(
        client.update(record_id, {"title": "offline", "branch": "work"}, base=base.clock, clock=early)
    )

    row = await task_of(client, record_id)
    assert (row["title"], row["branch"]) == ("by REST", "work")
    assert (result.outcome, result.reason) == (APPLIED, "later writes of some fields stand")
    (conflict,) = await client.conflicts()
    assert (conflict.id, list(conflict.fields)) == (result.conflict_id, ["title"])
    assert msgspec.json.decode(conflict.result)["title"] == "by REST"


async def test_what_was_deleted_by_rest_stays_deleted(service: Service) -> None:
    client, record_id = tab(service), uuid4()
    base = await client.send_one(client.insertion(record_id, {"title": "a"}))
    request = records.DeleteTaskRequest(task_id=str(record_id))
    await service.stub.DeleteTask(request, metadata=service.metadata)

    result = await client.send_one(client.update(record_id, {"title": "late"}, base=base.clock))

    assert (result.outcome, result.transaction_id) == (SUPERSEDED, 0)
    assert await client.values(record_id) is None
    (conflict,) = await client.conflicts()
    assert (conflict.server_value, conflict.result) == (b"", b"")
    anew = await client.send_one(client.insertion(record_id, {"title": "anew"}))
    assert anew.outcome == APPLIED
    assert (await task_of(client, record_id))["title"] == "anew"


async def test_a_later_write_brings_back_what_was_deleted_meanwhile(service: Service) -> None:
    one, other, record_id = tab(service, "one"), tab(service, "other"), uuid4()
    environment_id = uuid4()
    value = {"title": "a", "environmentId": str(environment_id), "messages": [{"n": 1.5}], "tags": ["x"]}
    base = await one.send_one(one.insertion(record_id, value))
    before = await task_of(one, record_id)

    deleted = await one.send_one(one.deletion(record_id, base=base.clock))
    assert (deleted.outcome, await one.values(record_id)) == (APPLIED, None)
    assert deleted.transaction_id > 0
    later = other.update(
        record_id, {"branch": "work"}, base=base.clock, clock=other.clock.next(deleted.clock)
    )
    result = await other.send_one(later)

    row = await task_of(one, record_id)
    same = ("title", "environment_id", "messages", "tags", "metadata")
    assert {name: row[name] for name in same} == {name: before[name] for name in same}
    assert row["branch"] == "work"
    assert result.conflict_id


async def test_the_policies_of_a_project_are_its_own(service: Service) -> None:
    client = tab(service)
    await client.set_policy("tasks", nouns.CONFLICT_POLICY_SERVER_WINS)

    listed = await client.stub.ListSyncPolicies(messages.ListSyncPoliciesRequest(), metadata=service.metadata)
    others = await client.stub.ListSyncPolicies(
        messages.ListSyncPoliciesRequest(), metadata=service.metadata_of(uuid4())
    )

    defaults = {
        "tasks": nouns.CONFLICT_POLICY_FIELD_MERGE,
        "environments": nouns.CONFLICT_POLICY_MANUAL,
        "preferences": nouns.CONFLICT_POLICY_LAST_WRITE_WINS,
        "agent_sessions": nouns.CONFLICT_POLICY_FIELD_MERGE,
    }
    assert {each.table: each.policy for each in others.policies} == defaults
    assert {each.table: each.policy for each in listed.policies} == {
        **defaults,
        "tasks": nouns.CONFLICT_POLICY_SERVER_WINS,
    }
    unknown = await refused(client.set_policy("users", nouns.CONFLICT_POLICY_MANUAL))
    unset = await refused(client.set_policy("tasks", nouns.CONFLICT_POLICY_UNSPECIFIED))
    request = messages.SetSyncPolicyRequest(table="tasks", policy=nouns.CONFLICT_POLICY_MANUAL)
    too_little = await refused(client.stub.SetSyncPolicy(request, metadata=service.metadata))
    assert [each.reason for each in (unknown, unset, too_little)] == [
        "NOT_FOUND",
        "INVALID_FIELD",
        "MISSING_SCOPE",
    ]


async def test_another_project_sees_and_decides_nothing(service: Service) -> None:
    client, _, result = await open_conflict(service)
    rejected = await client.send_one(client.insertion(uuid4(), {"title": 7}))
    stranger = service.metadata_of(uuid4(), Scope.ADMIN)

    calls: list[Any] = [
        client.stub.GetSyncConflict(
            messages.GetSyncConflictRequest(conflict_id=result.conflict_id), metadata=stranger
        ),
        client.stub.ResolveSyncConflict(
            messages.ResolveSyncConflictRequest(conflict_id=result.conflict_id, choice=SERVER),
            metadata=stranger,
        ),
        client.stub.RedriveMutation(
            messages.RedriveMutationRequest(dead_letter_id=rejected.dead_letter_id), metadata=stranger
        ),
        client.stub.DiscardMutation(
            messages.DiscardMutationRequest(dead_letter_id=rejected.dead_letter_id), metadata=stranger
        ),
    ]

    assert [(await refused(call)).reason for call in calls] == ["NOT_FOUND"] * 4
    lists: list[Any] = [
        await client.stub.ListSyncConflicts(messages.ListSyncConflictsRequest(), metadata=stranger),
        await client.stub.ListMutationDeadLetters(
            messages.ListMutationDeadLettersRequest(), metadata=stranger
        ),
    ]
    assert [each.ByteSize() for each in lists] == [0, 0]


async def test_lists_are_read_page_by_page(service: Service) -> None:
    client = tab(service)
    await client.send(*(client.insertion(uuid4(), {"title": number}) for number in range(7)))
    expected = [each.id for each in await client.dead_letters()]

    found: list[str] = []
    request = messages.ListMutationDeadLettersRequest(page_size=3)
    while not found or request.page_token:
        page = await client.stub.ListMutationDeadLetters(request, metadata=service.metadata)
        found += [each.id for each in page.dead_letters]
        request.page_token = page.next_page_token

    assert found == expected
    assert len(set(found)) == 7


async def test_what_nobody_can_ask_for_any_more_is_forgotten(service: Service) -> None:
    client, record_id = tab(service), uuid4()
    base = await client.send_one(client.insertion(record_id, {"title": "a"}))
    await client.send_one(client.deletion(record_id, base=base.clock))
    other = tab(service, "other")
    lost = other.update(record_id, {"title": "b"}, clock=str(Clock.parse(base.clock).next_of("other")))
    assert (await other.send_one(lost)).outcome == SUPERSEDED

    async def counts() -> list[int]:
        async with service.rows() as connection:
            return [
                await connection.fetchval(f"SELECT count(*) FROM {table}")
                for table in ("mutation_answers", "tombstones", "sync_conflicts")
            ]

    async def age(by: timedelta) -> None:
        async with service.rows() as connection:
            await connection.execute("UPDATE mutation_answers SET create_time = now() - $1::interval", by)
            await connection.execute("UPDATE tombstones SET create_time = now() - $1::interval", by)
            await connection.execute("UPDATE sync_conflicts SET resolve_time = now() - $1::interval", by)

    minute, upkeep = timedelta(minutes=1), Upkeep(service.database)
    assert await counts() == [3, 1, 1]
    await age(CONFLICT_LIFE - minute)
    await upkeep.forget()
    assert await counts() == [3, 1, 1]
    await age(CONFLICT_LIFE + minute)
    await upkeep.forget()
    assert await counts() == [3, 1, 0]
    await age(MEMORY + minute)
    await upkeep.forget()
    assert await counts() == [0, 0, 0]


async def test_a_client_must_have_a_name(service: Service) -> None:
    client = tab(service)
    request = messages.ApplyMutationsRequest(client_id="a\x00b", mutations=[client.deletion(uuid4())])
    failure = await refused(client.stub.ApplyMutations(request, metadata=service.metadata))
    assert (failure.status, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
