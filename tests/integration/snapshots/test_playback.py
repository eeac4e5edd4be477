"""Playback: every frame has the recorded state, in every direction, with every content."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import grpc
import grpc.aio
import pytest

from tests.integration.snapshots.service import Service, record_request, refusal_of
from tests.integration.snapshots.test_pruning import AT_ONCE
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.snapshots.v1 import time_travel_pb2 as nouns
from timeloom.snapshots.v1 import time_travel_service_pb2 as messages
from timeloom.state import canonical, delta
from timeloom.state.statehash import StateHash
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.sealing import Sealer

BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)
PLAYING = nouns.PLAYBACK_STATE_PLAYING
PAUSED = nouns.PLAYBACK_STATE_PAUSED
ENDED = nouns.PLAYBACK_STATE_ENDED
LIMIT_SECONDS = 60


@dataclass(kw_only=True)
class Recorded:
    """An execution and its states, by sequence."""

    execution_id: str
    states: dict[int, Any] = field(default_factory=dict)


async def recorded(service: Service, count: int = 8, *, seconds_apart: float = 0) -> Recorded:
    """Records steps `plan`, `act`, `plan`, ...; the last but one stands on the third."""
    execution = Recorded(execution_id=await service.create())
    requests = []
    for number in range(1, count + 1):
        state = {"number": number, "notes": [f"note {each}" for each in range(number)], "even": number // 2}
        execution.states[number] = state
        branch: dict[str, Any] = {"parent_sequence": 3, "branch": True} if number == count - 1 > 3 else {}
        requests.append(
            record_request(
                state=state,
                kind=snapshots_pb2.SNAPSHOT_KIND_STEP_END
                if number % 2
                else snapshots_pb2.SNAPSHOT_KIND_DECISION_POINT,
                step_name="plan" if number % 2 else "act",
                create_time=BEGIN + timedelta(seconds=seconds_apart * number),
                **branch,
            )
        )
    await service.batch(execution.execution_id, requests)
    return execution


async def play(
    service: Service, execution: Recorded, **fields: Any
) -> tuple[list[nouns.PlaybackFrame], nouns.PlaybackStatus]:
    """Plays, and returns the frames and the last status."""
    request = messages.PlayExecutionRequest(execution_id=execution.execution_id, **fields)
    async with asyncio.timeout(LIMIT_SECONDS):
        answers = [
            answer async for answer in service.travel.PlayExecution(request, metadata=service.metadata)
        ]
    assert [answer.HasField("frame") for answer in answers] == [True] * (len(answers) - 1) + [False]
    return [answer.frame for answer in answers[:-1]], answers[-1].status


def sequences(frames: Sequence[nouns.PlaybackFrame]) -> list[int]:
    return [frame.snapshot.sequence for frame in frames]


async def test_plays_forward_and_backward(service: Service) -> None:
    execution = await recorded(service)
    frames, status = await play(service, execution)
    assert sequences(frames) == list(range(1, 9))
    for frame in frames:
        assert canonical.decode(frame.snapshot.state) == execution.states[frame.snapshot.sequence]
    assert (status.state, status.sequence) == (ENDED, 8)
    frames, status = await play(service, execution, reverse=True, from_sequence=7, to_sequence=2)
    assert sequences(frames) == [7, 6, 5, 4, 3, 2]
    assert (status.state, status.sequence, status.reverse) == (ENDED, 2, True)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("path", ["", "/notes"])
async def test_deltas_lead_from_frame_to_frame(service: Service, *, reverse: bool, path: str) -> None:
    execution = await recorded(service)
    frames, _ = await play(service, execution, content=nouns.FRAME_CONTENT_DELTA, reverse=reverse, path=path)
    state: Any = None
    for place, frame in enumerate(frames):
        assert bool(frame.snapshot.state) == (place == 0)
        state = (
            canonical.decode(frame.snapshot.state)
            if place == 0
            else delta.apply(state, delta.decode(frame.delta))
        )
        wanted = execution.states[frame.snapshot.sequence]
        assert state == (wanted["notes"] if path else wanted)
        if not path:
            assert StateHash.of(state).digest.hex() == frame.snapshot.state_hash


async def test_changes_tell_what_differs_from_the_frame_before(service: Service) -> None:
    execution = await recorded(service, 3)
    frames, _ = await play(service, execution, content=nouns.FRAME_CONTENT_CHANGES, path="/number")
    told = [
        (change.kind, change.path, change.old_value, change.new_value)
        for frame in frames
        for change in frame.changes
    ]
    assert told == [
        (snapshots_pb2.CHANGE_KIND_ADDED, "/number", b"", b"1"),
        (snapshots_pb2.CHANGE_KIND_CHANGED, "/number", b"1", b"2"),
        (snapshots_pb2.CHANGE_KIND_CHANGED, "/number", b"2", b"3"),
    ]


async def test_a_path_that_leads_nowhere_carries_nothing(service: Service) -> None:
    execution = await recorded(service, 3)
    frames, _ = await play(service, execution, content=nouns.FRAME_CONTENT_DELTA, path="/notes/1")
    assert [(frame.snapshot.state, frame.delta) for frame in frames] == [
        (b"", b""),
        (b'"note 1"', b""),
        (b"", b"[]"),
    ]


@pytest.mark.parametrize(
    ("breakpoint_", "stops"),
    [
        (nouns.Breakpoint(sequence=4), 4),
        (nouns.Breakpoint(step_name="act"), 2),
        (nouns.Breakpoint(kind=snapshots_pb2.SNAPSHOT_KIND_DECISION_POINT), 2),
        (nouns.Breakpoint(changed_path="/even"), 2),
        (nouns.Breakpoint(expression="state.number >= 5"), 5),
        (nouns.Breakpoint(expression="snapshot.step_name == 'act' && snapshot.sequence > 3"), 4),
        (nouns.Breakpoint(expression="state.missing > 1"), None),
    ],
)
async def test_stops_at_a_breakpoint(
    service: Service, breakpoint_: nouns.Breakpoint, stops: int | None
) -> None:
    execution = await recorded(service)
    never = nouns.Breakpoint(sequence=99)
    frames, status = await play(service, execution, breakpoints=[never, breakpoint_])
    assert status.sequence == (stops or 8)
    assert status.state == (PAUSED if stops else ENDED)
    assert list(frames[-1].breakpoints) == ([1] if stops else [])
    assert not any(frame.breakpoints for frame in frames[:-1])


async def test_keeps_the_pace_of_the_recording(service: Service) -> None:
    execution = await recorded(service, 4, seconds_apart=0.4)
    clock = asyncio.get_running_loop().time
    start = clock()
    await play(service, execution, speed=4)
    assert clock() - start >= 0.3
    # Nobody waits for the hours between these.
    await play(service, await recorded(service, 4, seconds_apart=3600), speed=1, pause_seconds_max=0.01)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"speed": 0.1}, "INVALID_FIELD"),
        ({"speed": 9}, "INVALID_FIELD"),
        ({"speed": -1}, "INVALID_FIELD"),
        ({"from_sequence": 5, "to_sequence": 4}, "INVALID_FIELD"),
        ({"from_sequence": 4, "to_sequence": 5, "reverse": True}, "INVALID_FIELD"),
        ({"from_sequence": 9, "to_sequence": 10}, "NOT_FOUND"),
        ({"path": "no pointer"}, "PATH_NOT_FOUND"),
        ({"breakpoints": [nouns.Breakpoint()]}, "INVALID_FIELD"),
        ({"breakpoints": [nouns.Breakpoint(changed_path="no pointer")]}, "INVALID_FIELD"),
        ({"breakpoints": [nouns.Breakpoint(expression="state. >")]}, "INVALID_EXPRESSION"),
        ({"breakpoints": [nouns.Breakpoint(expression="state.number == 'x' + 1")]}, "INVALID_EXPRESSION"),
        ({"breakpoints": [nouns.Breakpoint(expression="state.notes > 1")]}, "INVALID_EXPRESSION"),
    ],
)
async def test_refuses_what_cannot_be_played(service: Service, fields: dict[str, Any], reason: str) -> None:
    execution = await recorded(service)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await play(service, execution, **fields)
    assert refusal_of(raised.value).reason == reason


async def test_a_damaged_state_is_not_shown(service: Service) -> None:
    execution = await recorded(service)
    async with service.rows() as connection:
        damaged = await connection.execute(
            "UPDATE snapshots SET state_hash = sha256('') WHERE execution_id = $1 AND sequence = 5",
            execution.execution_id,
        )
    assert damaged == "UPDATE 1"
    request = messages.PlayExecutionRequest(execution_id=execution.execution_id)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        async for _ in service.travel.PlayExecution(request, metadata=service.metadata):
            pass
    assert refusal_of(raised.value).status is grpc.StatusCode.DATA_LOSS
    assert "Snapshot 5" in refusal_of(raised.value).message


@pytest.mark.parametrize("is_sealed", [False, True])
async def test_plays_what_was_forked_and_over_what_was_deleted(service: Service, *, is_sealed: bool) -> None:
    origin = await recorded(service, 12)
    fork = await service.travel.ForkExecution(
        messages.ForkExecutionRequest(execution_id=origin.execution_id, sequence=9),
        metadata=service.metadata,
    )
    shared = {number: state for number, state in origin.states.items() if number <= 9}
    forked = Recorded(execution_id=fork.execution.id, states=shared)
    for number in range(10, 16):
        forked.states[number] = {"number": -number}
        await service.record(forked.execution_id, state=forked.states[number])
    gone = [10, 12, 13]
    deletion = messages.DeleteSnapshotsRequest(execution_id=forked.execution_id, sequences=gone)
    await service.travel.DeleteSnapshots(deletion, metadata=service.metadata)
    present = [number for number in forked.states if number not in gone]
    if is_sealed:
        sealer = Sealer(database=service.database, codec=Codec.packaged(), rules=AT_ONCE)
        for execution_id in (origin.execution_id, forked.execution_id):
            assert await sealer.seal_execution(service.project_id, UUID(execution_id))
    for reverse in (False, True):
        frames, status = await play(
            service, forked, content=nouns.FRAME_CONTENT_DELTA, reverse=reverse, path=""
        )
        assert sequences(frames) == (present[::-1] if reverse else present)
        assert status.state == ENDED
        state: Any = canonical.decode(frames[0].snapshot.state)
        for frame in frames[1:]:
            state = delta.apply(state, delta.decode(frame.delta))
            assert state == forked.states[frame.snapshot.sequence]
