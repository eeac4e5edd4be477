"""Forks share what was recorded, go on by themselves, and keep what they share alive."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.snapshots.service import Service, record_request, refusal_of, refused, running_service
from tests.integration.snapshots.test_states import agent_states
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom.snapshots.v1 import time_travel_service_pb2 as travel_messages
from timeloom.state import canonical
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.sealing import Sealer
from timeloom_snapshots.storage.sealing import SealingRules

TINY_CACHE_BYTES = 1024
EFFECT = {"kind": snapshots_pb2.EFFECT_KIND_LLM, "name": "model"}


async def recorded(service: Service, states: list[Any], **fields: Any) -> str:
    """Begins an execution with some states."""
    execution_id = await service.create(**fields)
    await extend(service, execution_id, states)
    return execution_id


async def extend(service: Service, execution_id: str, states: list[Any]) -> None:
    for start in range(0, len(states), 100):
        requests = [record_request(state=state) for state in states[start : start + 100]]
        await service.batch(execution_id, requests)


async def all_states(service: Service, execution_id: str) -> list[Any]:
    count = (await service.execution(execution_id)).snapshot_count
    return [await service.state(execution_id, sequence) for sequence in range(1, count + 1)]


async def row_counts(service: Service) -> dict[str, int]:
    tables = (
        "executions",
        "snapshots",
        "keyframes",
        "effects",
        "lineages",
        "head_moves",
        "segments",
        "deleted_snapshots",
        "deleted_turns",
    )
    async with service.rows() as connection:
        return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables}


async def test_a_fork_shares_the_first_snapshots_and_goes_on(service: Service) -> None:
    origin = await recorded(
        service,
        [{"n": number} for number in range(1, 6)],
        name="origin",
        session_id="talk",
        input=b'{"q":1}',
        metadata=b'{"m":1}',
        tags=["old"],
    )
    fork = await service.fork(origin, 3, tags=["new"])

    assert (fork.name, fork.session_id, fork.agent_id, list(fork.tags)) == (
        "origin",
        "talk",
        "tester",
        ["new"],
    )
    assert (fork.input, fork.metadata) == (b'{"q":1}', b'{"m":1}')
    assert (fork.head_sequence, fork.snapshot_count) == (3, 3)
    assert fork.status == snapshots_pb2.EXECUTION_STATUS_RUNNING
    assert (fork.forked_from.execution_id, fork.forked_from.sequence) == (origin, 3)
    assert fork == await service.execution(fork.id)

    new = await service.record(fork.id, state={"n": 100})
    assert (new.sequence, new.parent_sequence, new.execution_id) == (4, 3, fork.id)
    await service.record(origin, state={"n": 6})

    assert await all_states(service, fork.id) == [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 100}]
    assert await all_states(service, origin) == [{"n": number} for number in range(1, 7)]
    assert await service.state(fork.id) == {"n": 100}
    assert [await service.problems(each) for each in (origin, fork.id)] == [[], []]


async def test_the_head_is_forked_unless_another_snapshot_is_named(service: Service) -> None:
    origin = await recorded(service, [1, 2, 3])
    await service.complete(origin)
    fork = await service.fork(origin, name="another", session_id="", metadata=b'"mine"')
    assert (fork.head_sequence, fork.name, fork.session_id, fork.metadata) == (3, "another", "", b'"mine"')
    assert fork.status == snapshots_pb2.EXECUTION_STATUS_RUNNING
    assert (await service.record(fork.id, state=4)).sequence == 4


async def test_lists_go_over_shared_and_own_snapshots_in_one(service: Service) -> None:
    origin = await recorded(service, list(range(1, 8)))
    middle = (await service.fork(origin, 5)).id
    await extend(service, middle, [60, 70, 80])
    fork = (await service.fork(middle, 7)).id
    await extend(service, fork, [800, 900])

    for descending in (False, True):
        found: list[int] = []
        page_token = ""
        while True:
            page = await service.list_snapshots(
                fork, page_size=4, page_token=page_token, descending=descending
            )
            assert {each.execution_id for each in page.snapshots} == {fork}
            found += [each.sequence for each in page.snapshots]
            page_token = page.next_page_token
            if not page_token:
                break
        assert found == (list(range(9, 0, -1)) if descending else list(range(1, 10)))
    window = await service.list_snapshots(fork, after_sequence=4, before_sequence=8)
    assert [each.sequence for each in window.snapshots] == [5, 6, 7]
    assert await all_states(service, fork) == [1, 2, 3, 4, 5, 60, 70, 800, 900]

    tail = service.tail(fork)
    assert [(await tail.read()).snapshot.sequence for _ in range(9)] == list(range(1, 10))
    tail.cancel()


async def test_deltas_go_on_from_the_origin_s_with_and_without_a_cache(
    service: Service, database_url: str
) -> None:
    states = agent_states(400, seed=7, window=20)
    origin = await recorded(service, states[:300])
    first = (await service.fork(origin, 250)).id
    await extend(service, first, states[250:330])
    second = (await service.fork(first, 300)).id
    await extend(service, second, states[300:])
    async with service.rows() as connection:
        across = await connection.fetchval(
            "SELECT count(*) FROM snapshots WHERE execution_id = $1 AND base_sequence <= 250", UUID(first)
        )
    assert across > 0, "no run of deltas crosses from one execution into the other"

    async with running_service(
        database_url, project_id=service.project_id, cache_bytes=TINY_CACHE_BYTES
    ) as cold:
        for sealed in ("", origin, first):
            if sealed:
                assert await sealer_of(service).seal_execution(service.project_id, UUID(sealed))
            for where in (service, cold):
                for sequence in (1, 250, 251, 260, 300, 301, 302, 399, 400):
                    found = await where.get(second, sequence)
                    assert found.state == canonical.encode(states[sequence - 1]), sequence
    hashes = [
        [each.chain_hash for each in (await service.list_snapshots(which, page_size=250)).snapshots]
        for which in (origin, first, second)
    ]
    assert hashes[0] == hashes[1] == hashes[2]
    assert [await service.problems(each) for each in (origin, first, second)] == [[], [], []]


async def test_a_fork_is_made_once(service: Service) -> None:
    origin, fork_id = await recorded(service, [1, 2]), str(uuid4())
    made = await service.fork(origin, fork_execution_id=fork_id, name="one")
    await service.record(origin, state=3)
    await service.record(fork_id, state=4)
    again = await service.fork(origin, fork_execution_id=fork_id, name="one")
    assert (again.id, again.head_sequence, again.forked_from) == (fork_id, 3, made.forked_from)

    for fields in ({"name": "two"}, {"name": "one", "tags": ["x"]}, {"name": "one", "sequence": 1}):
        refusal = await refused(service.fork(origin, fork_execution_id=fork_id, **fields))
        assert refusal.reason == "ALREADY_EXISTS"
    assert (await refused(service.fork(fork_id, fork_execution_id=origin))).reason == "ALREADY_EXISTS"
    await service.delete(origin)
    assert (await service.fork(origin, fork_execution_id=fork_id, name="one")).id == fork_id


async def test_equal_requests_at_once_make_one_fork(service: Service) -> None:
    origin, fork_id = await recorded(service, [{"n": 1}]), str(uuid4())
    patch = [{"op": "replace", "path": "/n", "value": 2}]
    made = await asyncio.gather(
        *(service.fork(origin, fork_execution_id=fork_id, patch=patch) for _ in range(6))
    )
    assert {each.id for each in made} == {fork_id}
    assert {each.head_sequence for each in made} == {2}
    assert (await row_counts(service))["lineages"] == 1


async def test_a_patch_is_the_fork_s_first_own_snapshot(service: Service) -> None:
    origin = await recorded(service, [{"messages": ["a"], "n": number} for number in range(5)])
    patch = [
        {"op": "test", "path": "/n", "value": 2},
        {"op": "replace", "path": "/n", "value": 20},
        {"op": "add", "path": "/messages/-", "value": "b"},
    ]
    fork = await service.fork(origin, 3, patch=patch)
    assert (fork.head_sequence, fork.snapshot_count) == (4, 4)
    patched = await service.get(fork.id)
    assert (patched.kind, patched.label) == (snapshots_pb2.SNAPSHOT_KIND_CHECKPOINT, "patched")
    assert (patched.sequence, patched.parent_sequence) == (4, 3)
    assert canonical.decode(patched.state) == {"messages": ["a", "b"], "n": 20}
    assert await service.state(origin, 3) == {"messages": ["a"], "n": 2}
    await service.record(fork.id, state={"messages": [], "n": 21})
    assert await service.problems(fork.id) == []


async def test_a_patch_that_does_not_fit_leaves_no_fork(service: Service) -> None:
    origin, fork_id = await recorded(service, [{"n": 1}]), str(uuid4())
    patch = [{"op": "replace", "path": "/n", "value": 2}, {"op": "remove", "path": "/missing"}]
    refusal = await refused(service.fork(origin, fork_execution_id=fork_id, patch=patch))
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "PATCH_MISMATCH")
    assert "operation 1 at '/missing'" in refusal.message
    assert (await refused(service.execution(fork_id))).reason == "NOT_FOUND"
    malformed = await refused(service.fork(origin, patch=[{"op": "spam"}]))
    assert malformed.reason == "INVALID_FIELD"


async def test_what_is_not_there_cannot_be_forked(service: Service) -> None:
    empty = await service.create()
    for execution_id, sequence in ((str(uuid4()), 1), (empty, 0), (empty, 1)):
        for fields in ({}, {"patch": [{"op": "test", "path": "", "value": 1}]}):
            refusal = await refused(service.fork(execution_id, sequence, **fields))
            assert refusal.reason == "NOT_FOUND"


async def test_forks_of_forks_have_a_limit(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeloom_snapshots.limits.FORK_DEPTH_MAX", 2)
    execution_id = await recorded(service, [1])
    for _ in range(2):
        execution_id = (await service.fork(execution_id)).id
    assert (await refused(service.fork(execution_id))).reason == "TOO_LARGE"


async def test_a_shared_key_is_a_key_of_the_fork(service: Service) -> None:
    origin = await service.create()
    first = await service.record(origin, state=1, key="one")
    fork = (await service.fork(origin)).id
    again = await service.record(fork, state=1, key="one")
    assert (again.sequence, again.chain_hash) == (1, first.chain_hash)
    assert (await service.record(fork, state=2, key="two")).sequence == 2
    assert (await service.record(origin, state=3, key="two")).sequence == 2
    assert (await service.get(fork, key="one")).state == b"1"
    assert (await service.get(fork, key="two")).state == b"2"
    assert (await service.get(origin, key="two")).state == b"3"
    mixed = await service.batch(
        fork, [record_request(state=1, key="one"), record_request(state=4, key="three")]
    )
    assert [each.sequence for each in mixed] == [1, 3]


async def test_a_fork_can_branch_from_a_shared_snapshot(service: Service) -> None:
    origin = await recorded(service, [{"n": 1}, {"n": 2}, {"n": 3}])
    fork = (await service.fork(origin, 3)).id
    branch = await service.record(fork, state={"n": 9}, parent_sequence=1, branch=True)
    assert (branch.sequence, branch.parent_sequence) == (4, 1)
    await service.record(fork, state={"n": 10})
    assert await all_states(service, fork) == [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 9}, {"n": 10}]
    assert await service.problems(fork) == []


async def test_effects_that_are_added_afterwards_stay_where_they_are_added(service: Service) -> None:
    origin = await service.create()
    await service.record(origin, state=1, effects=[{**EFFECT, "key": "a", "response": b"1"}])
    fork = (await service.fork(origin)).id
    await add_effect(service, origin, key="b", response=b'"origin"')
    await add_effect(service, fork, key="b", response=b'"fork"')
    await add_effect(service, fork, key="a", response=b'"own"', replace=True)
    second = (await service.fork(fork)).id
    await add_effect(service, fork, key="c", response=b'"late"')
    await add_effect(service, second, key="b", response=b'"kept"')

    async def effects(execution_id: str) -> dict[str, bytes]:
        found = await service.get(execution_id, 1)
        listed = (await service.list_snapshots(execution_id, include_effects=True)).snapshots[0]
        assert list(listed.effects) == list(found.effects)
        assert [each.ordinal for each in found.effects] == list(range(1, found.effect_count + 1))
        return {each.key: each.response for each in found.effects}

    assert await effects(origin) == {"a": b"1", "b": b'"origin"'}
    assert await effects(fork) == {"a": b'"own"', "b": b'"fork"', "c": b'"late"'}
    assert await effects(second) == {"a": b'"own"', "b": b'"fork"'}
    assert [await service.problems(each) for each in (origin, fork, second)] == [[], [], []]


async def test_a_fork_keeps_the_effects_that_its_origin_replaces(service: Service) -> None:
    origin = await service.create()
    await service.record(origin, state=1, effects=[{**EFFECT, "key": "a", "response": b"1"}])
    early = (await service.fork(origin)).id
    await add_effect(service, origin, key="a", response=b"2", replace=True)
    late = (await service.fork(origin)).id
    grandchild = (await service.fork(early)).id
    await add_effect(service, early, key="a", response=b"9", replace=True)
    await add_effect(service, origin, key="a", response=b"3", replace=True)
    await add_effect(service, origin, key="a", response=b"4", replace=True)

    async def answer(execution_id: str) -> bytes:
        (effect,) = (await service.get(execution_id, 1)).effects
        return effect.response

    executions = [origin, early, late, grandchild]
    assert [await answer(each) for each in executions] == [b"4", b"9", b"2", b"1"]
    await service.delete(origin)
    assert [await answer(each) for each in executions[1:]] == [b"9", b"2", b"1"]
    assert [await service.problems(each) for each in executions[1:]] == [[], [], []]
    for each in executions[1:]:
        await service.delete(each)
    assert set((await row_counts(service)).values()) == {0}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_nothing_that_others_record_changes_the_effects_of_a_fork(
    service: Service, data: st.DataObject
) -> None:
    """Whoever adds or replaces what: each sees what it had when it was made, and its own."""
    root = await service.create()
    await service.record(root, state=1)
    model: dict[str, dict[str, bytes]] = {root: {}}
    for number in range(data.draw(st.integers(1, 12))):
        who = data.draw(st.sampled_from(sorted(model)))
        if data.draw(st.booleans()):
            model[(await service.fork(who)).id] = dict(model[who])
            continue
        key, replace = data.draw(st.sampled_from("ab")), data.draw(st.booleans())
        response = str(number).encode()
        await add_effect(service, who, key=key, response=response, replace=replace)
        if replace or key not in model[who]:
            model[who][key] = response
    for execution_id, expected in model.items():
        found = (await service.get(execution_id, 1)).effects
        assert {each.key: each.response for each in found} == expected


async def test_a_fork_has_each_effect_or_not_for_good(service: Service) -> None:
    """Forks are made while effects are added and replaced: they never change afterwards."""
    origin = await service.create()
    await service.record(origin, state=1)

    async def write() -> None:
        for number in range(40):
            key = str(number % 3)
            await add_effect(service, origin, key=key, response=str(number).encode(), replace=True)

    async def responses(execution_id: str) -> dict[str, bytes]:
        return {each.key: each.response for each in (await service.get(execution_id, 1)).effects}

    async def fork() -> tuple[str, dict[str, bytes]]:
        made = (await service.fork(origin)).id
        return made, await responses(made)

    async def forks() -> list[tuple[str, dict[str, bytes]]]:
        return [await fork() for _ in range(12)]

    writing = asyncio.create_task(write())
    made = await asyncio.gather(*(forks() for _ in range(3)))
    await writing
    for execution_id, seen in chain.from_iterable(made):
        assert await responses(execution_id) == seen


async def add_effect(service: Service, execution_id: str, *, replace: bool = False, **fields: Any) -> None:
    effect = snapshots_pb2.Effect(**{**EFFECT, **fields})
    request = messages.RecordEffectsRequest(
        execution_id=execution_id, sequence=1, effects=[effect], replace=replace
    )
    await service.stub.RecordEffects(request, metadata=service.metadata)


async def test_an_origin_that_is_deleted_stays_for_its_forks_only(service: Service) -> None:
    states = [{"n": number} for number in range(10)]
    origin = await recorded(service, states, name="secret", input=b'"secret"', metadata=b'"secret"')
    fork = (await service.fork(origin, 4, metadata=b"1", name="fork")).id
    await service.delete(origin)

    for call in (
        service.execution(origin),
        service.get(origin, 1),
        service.list_snapshots(origin),
        service.record(origin, state=1),
        service.fork(origin, 1),
        service.delete(origin),
        service.tail(origin).read(),
        add_effect(service, origin, key="x"),
    ):
        assert (await refused(call)).reason == "NOT_FOUND"
    assert (await refused(service.create(execution_id=origin))).reason == "ALREADY_EXISTS"
    listed = await service.stub.ListExecutions(messages.ListExecutionsRequest(), metadata=service.metadata)
    assert [each.id for each in listed.executions] == [fork]
    assert await all_states(service, fork) == states[:4]
    assert await service.problems(fork) == []
    async with service.rows() as connection:
        assert await connection.fetchval("SELECT count(*) FROM snapshots") == 4
        kept = await connection.fetchrow("SELECT name, input, metadata FROM executions WHERE id = $1", origin)
        assert tuple(kept) == ("", None, None)

    await service.record(fork, state={"n": 5})
    await service.delete(fork)
    assert set((await row_counts(service)).values()) == {0}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_whatever_is_deleted_the_rest_stays_readable(service: Service, data: st.DataObject) -> None:
    """A tree of forks against a model that copies: extended, sealed, pruned and deleted in any order."""
    before = await row_counts(service)
    model: dict[str, dict[int, Any]] = {}
    for number in range(data.draw(st.integers(3, 15), label="actions")):
        if not model:
            model[await recorded(service, [{"of": number}])] = {1: {"of": number}}
        execution_id = list(model)[data.draw(st.integers(0, len(model) - 1))]
        states = model[execution_id]
        match data.draw(st.sampled_from(["fork", "extend", "seal", "prune", "delete"])):
            case "fork":
                sequence = data.draw(st.sampled_from(sorted(states)))
                shared = {each: state for each, state in states.items() if each <= sequence}
                model[(await service.fork(execution_id, sequence)).id] = shared
            case "extend":
                more = [{"n": number, "text": "x" * each} for each in range(data.draw(st.integers(1, 9)))]
                await extend(service, execution_id, more)
                states.update(enumerate(more, start=max(states) + 1))
            case "seal":
                await sealer_of(service).seal_execution(service.project_id, UUID(execution_id))
            case "prune":
                sequence = data.draw(st.sampled_from(sorted(states)))
                if await deletes(service, execution_id, sequence):
                    del states[sequence]
            case _:
                await service.delete(execution_id)
                del model[execution_id]
        await assert_readable(service, model)
    while model:
        execution_id = list(model)[data.draw(st.integers(0, len(model) - 1))]
        await service.delete(execution_id)
        del model[execution_id]
        await assert_readable(service, model)
    assert await row_counts(service) == before


def sealer_of(service: Service) -> Sealer:
    """Seals whatever there is."""
    rules = SealingRules(recent_count=1, quiet=timedelta(0), idle=timedelta(0))
    return Sealer(database=service.database, codec=Codec.packaged(), rules=rules)


async def deletes(service: Service, execution_id: str, sequence: int) -> bool:
    """Deletes a snapshot, unless somebody needs it."""
    request = travel_messages.DeleteSnapshotsRequest(execution_id=execution_id, sequences=[sequence])
    try:
        await service.travel.DeleteSnapshots(request, metadata=service.metadata)
    except grpc.aio.AioRpcError as error:
        if refusal_of(error).reason == "SNAPSHOT_IN_USE":
            return False
        raise
    return True


async def assert_readable(service: Service, model: dict[str, dict[int, Any]]) -> None:
    for execution_id, states in model.items():
        listed = (await service.list_snapshots(execution_id, page_size=1000)).snapshots
        assert [each.sequence for each in listed] == sorted(states)
        for sequence, state in states.items():
            assert await service.state(execution_id, sequence) == state
        assert await service.problems(execution_id) == []


async def test_origin_and_forks_deleted_at_once_leave_nothing(service: Service) -> None:
    for _ in range(5):
        origin = await recorded(service, [1, 2, 3])
        forks = [(await service.fork(origin, sequence)).id for sequence in (1, 2, 3)]
        forks += [(await service.fork(forks[2], 2)).id]
        await asyncio.gather(*map(service.delete, (origin, *forks)))
        assert set((await row_counts(service)).values()) == {0}


async def test_a_fork_takes_little(service: Service) -> None:
    origin = await recorded(service, agent_states(1000, seed=3, window=50))
    async with service.rows() as connection:
        before = await connection.fetchval("SELECT sum(pg_column_size(executions)) FROM executions")
        fork = await service.fork(origin, 900)
        size_bytes = await connection.fetchval(
            "SELECT (SELECT sum(pg_column_size(executions)) FROM executions) - $1::bigint"
            " + (SELECT sum(pg_column_size(lineages)) FROM lineages)",
            before,
        )
    assert fork.snapshot_count == 900
    assert size_bytes < 4096
    assert (await row_counts(service))["snapshots"] == 1000
