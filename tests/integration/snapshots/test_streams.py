"""Streams: every message is answered in order, after the commit, and a bad one harms no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc

from tests.integration.snapshots.service import Service, record_request, refused
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom.state.delta import Remove, Set
from timeloom.state.statehash import StateHash


def _message(request_id: int, *snapshots: messages.RecordSnapshotRequest) -> messages.StreamSnapshotsRequest:
    return messages.StreamSnapshotsRequest(request_id=request_id, snapshots=snapshots)


async def _send(
    service: Service, requests: Sequence[messages.StreamSnapshotsRequest]
) -> list[messages.StreamSnapshotsResponse]:
    async def each() -> AsyncIterator[messages.StreamSnapshotsRequest]:
        for request in requests:
            yield request

    return [answer async for answer in service.stream(each())]


def _outcomes(answer: messages.StreamSnapshotsResponse) -> list[Any]:
    return [
        ack.committed.sequence if ack.HasField("committed") else ack.refused.reason for ack in answer.acks
    ]


async def test_what_is_streamed_is_committed_in_order(service: Service) -> None:
    one, two = await service.create(), await service.create()
    requests = [_message(7, record_request(one, state={"n": 0}), record_request(two, state={"m": 0}))]
    requests += [
        _message(
            7 + number,
            record_request(one, delta=[Set(("n",), number)]),
            record_request(two, delta=[Set(("m",), number)]),
            record_request(one, delta=[Set(("n",), number + 0.5)], step_name="half"),
        )
        for number in range(1, 300)
    ]
    answers = await _send(service, requests)
    assert [answer.request_id for answer in answers] == list(range(7, 307))
    assert _outcomes(answers[0]) == [1, 1]
    assert [_outcomes(answer) for answer in answers[1:]] == [
        [2 * number, 1 + number, 2 * number + 1] for number in range(1, 300)
    ]
    assert answers[-1].acks[2].committed.state_hash == StateHash.of({"n": 299.5}).digest.hex()
    assert await service.state(one) == {"n": 299.5}
    assert await service.state(two, 151) == {"m": 150}
    assert await service.verify(one) is None
    assert await service.verify(two) is None


async def test_what_is_refused_harms_no_other(service: Service) -> None:
    good, bad = await service.create(), await service.create()
    missing = "00000000-0000-4000-8000-000000000000"
    answers = await _send(
        service,
        [
            _message(1, record_request(good, state={"n": 1}), record_request(bad, state={"n": 1})),
            _message(
                2,
                record_request(bad, delta=[Set(("n",), 2)]),
                record_request(good, delta=[Set(("n",), 2)]),
                record_request(bad, delta=[Remove(("missing",))]),
                record_request(missing, state=1),
            ),
            _message(3, record_request(good, state="1")),
            _message(4, messages.RecordSnapshotRequest(execution_id=good, state=b"{")),
            _message(5, record_request(good, delta=[Set((), {"n": 3})]), record_request(bad, state={"n": 3})),
        ],
    )
    assert [_outcomes(answer) for answer in answers] == [
        [1, 1],
        ["DELTA_MISMATCH", 2, "DELTA_MISMATCH", "NOT_FOUND"],
        [3],
        ["MALFORMED_JSON"],
        [4, 2],
    ]
    refused = answers[1].acks[0].refused
    assert refused.code == grpc.StatusCode.FAILED_PRECONDITION.value[0]
    assert "snapshot 2" in refused.message
    assert await service.state(bad) == {"n": 3}


async def test_a_stream_that_is_cut_keeps_what_was_answered(service: Service) -> None:
    execution_id = await service.create()
    sent = asyncio.Event()

    async def endless() -> AsyncIterator[messages.StreamSnapshotsRequest]:
        for number in range(100_000):
            yield _message(number, record_request(execution_id, state={"n": number}))
            sent.set()

    call: Any = service.stub.StreamSnapshots(endless(), metadata=service.metadata)
    answered = 0
    async for answer in call:
        answered = answer.acks[0].committed.sequence
        if answered >= 50:
            break
    call.cancel()
    head = (await service.execution(execution_id)).head_sequence
    assert head >= answered
    assert await service.state(execution_id, answered) == {"n": answered - 1}
    await service.record(execution_id, state="after")
    assert await service.verify(execution_id) is None


async def test_streams_end_when_the_service_leaves(service: Service) -> None:
    execution_id = await service.create()
    call: Any = service.stub.StreamSnapshots(metadata=service.metadata)
    tail = service.tail(execution_id)
    for number in range(3):
        await call.write(_message(number, record_request(execution_id, state=number)))
    assert [_outcomes(await call.read()) for _ in range(3)] == [[1], [2], [3]]
    assert [(await tail.read()).snapshot.sequence for _ in range(3)] == [1, 2, 3]
    service.assembly.end_streams()
    for each in (call, tail):
        told = await refused(each.read())
        assert (told.status, told.reason) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
    assert (await service.execution(execution_id)).head_sequence == 3
