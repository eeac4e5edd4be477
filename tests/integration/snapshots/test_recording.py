"""Snapshots are recorded whole or as deltas, each on its parent, each once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import grpc
import pytest

from tests.integration.snapshots.service import Service, record_request, refused, running_service
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.state import canonical
from timeloom.state.delta import Remove, Set, Splice
from timeloom.state.statehash import StateHash

STATE: dict[str, Any] = {"messages": [{"role": "user", "text": "héllo"}], "n": 1.0}


async def test_a_whole_state_and_deltas_come_back(service: Service) -> None:
    execution_id = await service.create()
    first = await service.record(execution_id, state=STATE, step_name="start")
    second = await service.record(
        execution_id, delta=[Splice(("messages",), 1, 0, [{"role": "assistant"}]), Set(("n",), 2)]
    )
    third = await service.record(execution_id, delta=[Remove(("n",))], parent_sequence=2)
    assert [first.sequence, second.sequence, third.sequence] == [1, 2, 3]
    assert [first.parent_sequence, second.parent_sequence, third.parent_sequence] == [0, 1, 2]
    messages = [*STATE["messages"], {"role": "assistant"}]
    states = [STATE, {"messages": messages, "n": 2}, {"messages": messages}]
    for sequence, state in enumerate(states, start=1):
        snapshot = await service.get(execution_id, sequence)
        assert snapshot.state == canonical.encode(state)
        assert snapshot.state_hash == StateHash.of(state).digest.hex()
        assert snapshot.state_bytes == len(snapshot.state)
    assert len({first.chain_hash, second.chain_hash, third.chain_hash}) == 3
    assert await service.verify(execution_id) is None


async def test_what_is_recorded_with_a_snapshot_comes_back(service: Service) -> None:
    execution_id = await service.create()
    llm, clock = snapshots_pb2.EFFECT_KIND_LLM, snapshots_pb2.EFFECT_KIND_CLOCK
    effects = [
        snapshots_pb2.Effect(kind=llm, name="model", request=b'{"q": 1}', response=b'{"a":"b"}'),
        snapshots_pb2.Effect(kind=clock, key="now", response=b"17.0"),
    ]
    recorded = await service.record(
        execution_id,
        state=STATE,
        kind="SNAPSHOT_KIND_CHECKPOINT",
        step_name="think\\{}",
        label="a label",
        key="key 1",
        tags=['a "quoted" tag', "b,\\c", 'a "quoted" tag', "null", "{x}"],
        metadata={"source": "loop", "n": [1.0, "\x00"]},
        effects=effects,
        create_time={"seconds": 1_700_000_000, "nanos": 123_456_789},
    )
    found = await service.get(execution_id, key="key 1")
    assert found.label == "a label"
    assert found.step_name == "think\\{}"
    assert found.kind == snapshots_pb2.SNAPSHOT_KIND_CHECKPOINT
    assert list(found.tags) == ['a "quoted" tag', "b,\\c", "null", "{x}"]
    assert found.metadata == b'{"n":[1.0,"\\u0000"],"source":"loop"}'
    assert (found.create_time.seconds, found.create_time.nanos) == (1_700_000_000, 123_456_000)
    assert [(each.key, each.ordinal, each.request, each.response) for each in found.effects] == [
        ("1", 1, b'{"q":1}', b'{"a":"b"}'),
        ("now", 2, b"", b"17.0"),
    ]
    assert found.effect_count == recorded.effect_count == 2
    found.ClearField("state")
    found.ClearField("effects")
    assert found == recorded
    listed = await service.list_snapshots(execution_id)
    assert list(listed.snapshots) == [recorded]
    assert await service.verify(execution_id) is None


async def test_the_first_state_may_be_anything(service: Service) -> None:
    values: list[Any] = [None, 0, -0.0, "", [], {}, "text", [1, [2]], True]
    for value in values:
        execution_id = await service.create()
        await service.record(execution_id, state=value)
        await service.record(execution_id, state={"then": value})
        await service.record(execution_id, state=value)
        encoded = [(await service.get(execution_id, sequence)).state for sequence in (1, 2, 3)]
        assert encoded == [canonical.encode(each) for each in (value, {"then": value}, value)]
        assert await service.verify(execution_id) is None


async def test_a_stale_parent_is_refused_with_both_numbers(service: Service) -> None:
    execution_id = await service.create()
    await service.batch(execution_id, [record_request(state=n) for n in range(3)])
    told = await refused(service.record(execution_id, state=9, parent_sequence=2))
    assert (told.status, told.reason) == (grpc.StatusCode.ABORTED, "STALE_PARENT")
    assert told.metadata == {"headSequence": "3", "parentSequence": "2"}
    told = await refused(service.record(execution_id, state=9, parent_sequence=4))
    assert (told.status, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert (await service.execution(execution_id)).head_sequence == 3


async def test_a_branch_stands_on_an_earlier_snapshot(service: Service) -> None:
    execution_id = await service.create()
    states: list[Any] = [{"n": n, "padding": "x" * 100} for n in range(5)]
    await service.batch(execution_id, [record_request(state=state) for state in states])
    branch = await service.record(execution_id, delta=[Set(("b",), 1)], parent_sequence=2, branch=True)
    assert (branch.sequence, branch.parent_sequence) == (6, 2)
    onward = await service.record(execution_id, delta=[Set(("c",), 1)])
    assert (onward.sequence, onward.parent_sequence) == (7, 6)
    from_nothing = await service.record(execution_id, state={"new": 1}, parent_sequence=0, branch=True)
    assert (from_nothing.sequence, from_nothing.parent_sequence) == (8, 0)
    expected = [*states, {**states[1], "b": 1}, {**states[1], "b": 1, "c": 1}, {"new": 1}]
    assert [await service.state(execution_id, n) for n in range(1, 9)] == expected
    assert await service.verify(execution_id) is None


async def test_a_batch_may_branch_within_itself(service: Service) -> None:
    execution_id = await service.create()
    recorded = await service.batch(
        execution_id,
        [
            record_request(state={"n": 1}),
            record_request(delta=[Set(("n",), 2)]),
            record_request(delta=[Set(("m",), 3)], parent_sequence=1, branch=True),
            record_request(delta=[Set(("m",), 4)], parent_sequence=3),
        ],
    )
    assert [each.parent_sequence for each in recorded] == [0, 1, 1, 3]
    assert await service.state(execution_id) == {"n": 1, "m": 4}
    assert await service.verify(execution_id) is None


async def test_a_batch_is_recorded_whole_or_not_at_all(service: Service) -> None:
    execution_id = await service.create()
    await service.record(execution_id, state={"n": 1})
    told = await refused(
        service.batch(
            execution_id,
            [record_request(delta=[Set(("n",), 2)]), record_request(delta=[Remove(("missing",))])],
        )
    )
    assert told.reason == "DELTA_MISMATCH"
    assert (await service.execution(execution_id)).snapshot_count == 1
    assert await service.state(execution_id) == {"n": 1}


async def test_a_key_is_recorded_once(service: Service) -> None:
    execution_id = await service.create()
    first = await service.record(execution_id, state={"n": 1}, key="a")
    again = await service.record(execution_id, state={"n": 99}, key="a", parent_sequence=0)
    assert again == first
    second = await service.record(execution_id, delta=[Set(("n",), 2)], key="b", parent_sequence=1)
    repeated = await service.batch(
        execution_id,
        [
            record_request(delta=[Set(("n",), 2)], key="b", parent_sequence=1),
            record_request(delta=[Set(("n",), 3)], key="c", parent_sequence=2),
            record_request(delta=[Set(("n",), 4)], key="c", parent_sequence=3),
        ],
    )
    assert repeated[0] == second
    assert [each.sequence for each in repeated] == [2, 3, 3]
    assert await service.state(execution_id) == {"n": 3}
    assert (await service.get(execution_id, key="b")).sequence == 2


async def test_an_unexpected_hash_is_refused(service: Service) -> None:
    execution_id = await service.create()
    expected = StateHash.of({"n": 1}).digest.hex()
    await service.record(execution_id, state={"n": 1}, state_hash=expected)
    told = await refused(service.record(execution_id, state={"n": 2}, state_hash=expected))
    assert (told.status, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "STATE_HASH_MISMATCH")
    assert told.metadata["stateHash"] == StateHash.of({"n": 2}).digest.hex()


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({"state": b"{"}, grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_JSON"),
        ({"state": b'{"a":1,"a":2}'}, grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_JSON"),
        ({"state": b"[" * 300 + b"]" * 300}, grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_JSON"),
        ({"delta": b'[["move",["a"]]]'}, grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_JSON"),
        ({"delta": b'[["set",["x","y"],1]]'}, grpc.StatusCode.FAILED_PRECONDITION, "DELTA_MISMATCH"),
        ({}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        ({"state": b"1", "metadata": b"nope"}, grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_JSON"),
        ({"state": b"1", "step_name": "a\x00b"}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        ({"state": b"1", "tags": ["\x00"]}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        ({"state": b"1", "step_name": "x" * 501}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        (
            {"state": b"1", "create_time": {"seconds": 10**15}},
            grpc.StatusCode.INVALID_ARGUMENT,
            "INVALID_FIELD",
        ),
        ({"state": b"1", "create_time": {"nanos": -1}}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        (
            {"state": b"1", "metadata": b'"' + b"x" * 300_000 + b'"'},
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "TOO_LARGE",
        ),
    ],
)
async def test_what_is_wrong_with_a_snapshot_is_told(
    service: Service, fields: dict[str, Any], status: grpc.StatusCode, reason: str
) -> None:
    execution_id = await service.create()
    request = record_request(execution_id)
    request.MergeFrom(type(request)(**fields))
    told = await refused(service.stub.RecordSnapshot(request, metadata=service.metadata))
    assert (told.status, told.reason) == (status, reason)
    assert (await service.record(execution_id, state=1)).sequence == 1


async def test_a_state_has_a_limit_that_is_told(service: Service) -> None:
    execution_id = await service.create()
    half = "x" * (33 * 1024 * 1024)
    await service.record(execution_id, state={"a": half})
    told = await refused(service.record(execution_id, delta=[Set(("b",), half)]))
    assert (told.status, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_LARGE")
    assert told.metadata == {"sizeBytes": str(2 * len(half) + 15), "limitBytes": str(64 * 1024 * 1024)}
    assert "69,206,031" in told.message
    assert "67,108,864" in told.message
    assert await service.state(execution_id, path="/a") == half


async def test_nothing_is_recorded_where_there_is_no_execution(service: Service) -> None:
    told = await refused(service.record(str(uuid4()), state=1))
    assert (told.status, told.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


async def test_an_ended_execution_takes_no_more(service: Service) -> None:
    execution_id = await service.create()
    await service.record(execution_id, state=1, key="a")
    await service.complete(execution_id)
    told = await refused(service.record(execution_id, state=2))
    assert (told.status, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "EXECUTION_ENDED")
    assert (await service.record(execution_id, state=1, key="a")).sequence == 1


async def test_another_project_sees_nothing(service: Service, database_url: str) -> None:
    execution_id = await service.create()
    await service.record(execution_id, state=1)
    async with running_service(database_url) as other:
        for call in (
            other.execution(execution_id),
            other.record(execution_id, state=2),
            other.get(execution_id, 1),
            other.list_snapshots(execution_id),
            other.complete(execution_id),
        ):
            assert (await refused(call)).reason == "NOT_FOUND"
        same_id = await other.create(execution_id=execution_id)
        await other.record(same_id, state="theirs")
        assert await other.state(same_id) == "theirs"
    assert await service.state(execution_id) == 1


async def test_a_call_that_names_no_project_fails(service: Service) -> None:
    execution_id = await service.create()
    await service.record(execution_id, state=1)
    with pytest.raises(asyncpg.PostgresError):
        await service.database.call("SELECT count(*) FROM snapshots")
