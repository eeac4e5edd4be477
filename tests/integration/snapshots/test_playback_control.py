"""Playback under its caller's control: every command leads to its frames and a status, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest

from tests.integration.snapshots.service import Service, refusal_of
from tests.integration.snapshots.test_playback import (
    ENDED,
    LIMIT_SECONDS,
    PAUSED,
    PLAYING,
    Recorded,
    recorded,
)
from timeloom.snapshots.v1 import time_travel_pb2 as nouns
from timeloom.snapshots.v1 import time_travel_service_pb2 as messages
from timeloom.state import canonical, delta


class Remote:
    """Sends commands and takes what they lead to."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._request_id = 0

    async def send(self, **command: Any) -> int:
        """Sends a command, and returns its number."""
        self._request_id += 1
        await self._call.write(messages.ControlPlaybackRequest(request_id=self._request_id, **command))
        return self._request_id

    async def receive(self) -> messages.ControlPlaybackResponse:
        """Waits for the next answer."""
        async with asyncio.timeout(LIMIT_SECONDS):
            answer = await self._call.read()
        assert isinstance(answer, messages.ControlPlaybackResponse), await self._call.code()
        return answer

    async def do(self, **command: Any) -> tuple[list[nouns.PlaybackFrame], nouns.PlaybackStatus]:
        """Sends a command and returns the frames that it leads to, up to its status."""
        request_id, frames = await self.send(**command), list[nouns.PlaybackFrame]()
        while True:
            answer = await self.receive()
            if answer.request_id != request_id:
                continue  # it came by itself before the command did
            if answer.HasField("status"):
                return frames, answer.status
            frames.append(answer.frame)

    async def by_itself(self) -> tuple[list[nouns.PlaybackFrame], nouns.PlaybackStatus]:
        """Returns the frames that come by themselves, up to the status that ends them."""
        frames: list[nouns.PlaybackFrame] = []
        while True:
            answer = await self.receive()
            assert answer.request_id == 0
            if answer.HasField("status"):
                return frames, answer.status
            frames.append(answer.frame)


@asynccontextmanager
async def opened(
    service: Service, execution: Recorded, **opening: Any
) -> AsyncGenerator[tuple[Remote, nouns.PlaybackFrame]]:
    """Opens a playback."""
    call = service.travel.ControlPlayback(metadata=service.metadata)
    remote = Remote(call)
    frames, status = await remote.do(
        execution_id=execution.execution_id, open=messages.OpenPlayback(**opening)
    )
    assert status.state == PAUSED
    assert len(frames) == 1
    try:
        yield remote, frames[0]
    finally:
        call.cancel()


def numbers(frames: list[nouns.PlaybackFrame]) -> list[int]:
    return [frame.snapshot.sequence for frame in frames]


async def test_opens_where_it_is_told_and_waits(service: Service) -> None:
    execution = await recorded(service)
    async with opened(service, execution) as (_, frame):
        assert frame.snapshot.sequence == 1
        assert canonical.decode(frame.snapshot.state) == execution.states[1]
    async with opened(service, execution, sequence=5) as (_, frame):
        assert canonical.decode(frame.snapshot.state) == execution.states[5]


async def test_steps_and_jumps(service: Service) -> None:
    execution = await recorded(service)
    async with opened(service, execution, content=nouns.FRAME_CONTENT_DELTA) as (remote, first):
        state = canonical.decode(first.snapshot.state)
        for count, expected in ((1, [2]), (3, [3, 4, 5]), (-2, [4, 3]), (0, [4]), (-9, [3, 2, 1])):
            frames, status = await remote.do(step=messages.StepPlayback(count=count))
            assert numbers(frames) == expected
            assert status.sequence == expected[-1]
            assert status.state == (ENDED if count == -9 else PAUSED)
            for frame in frames:
                state = delta.apply(state, delta.decode(frame.delta))
                assert state == execution.states[frame.snapshot.sequence]
        (frame,), status = await remote.do(jump=messages.JumpPlayback(sequence=7))
        assert canonical.decode(frame.snapshot.state) == execution.states[7]
        assert (status.sequence, status.first_sequence, status.last_sequence) == (7, 1, 8)


async def test_plays_to_the_end_and_back(service: Service) -> None:
    execution = await recorded(service)
    async with opened(service, execution) as (remote, _):
        _, status = await remote.do(play=messages.StartPlayback())
        assert status.state == PLAYING
        frames, status = await remote.by_itself()
        assert numbers(frames) == list(range(2, 9))
        assert (status.state, status.sequence) == (ENDED, 8)
        await remote.do(play=messages.StartPlayback(reverse=True))
        frames, status = await remote.by_itself()
        assert numbers(frames) == list(range(7, 0, -1))
        assert (status.state, status.sequence, status.reverse) == (ENDED, 1, True)
        _, status = await remote.do(play=messages.StartPlayback(reverse=True))
        assert status.state == ENDED


async def test_a_command_takes_effect_while_it_plays(service: Service) -> None:
    execution = await recorded(service, seconds_apart=100)
    async with opened(service, execution, pause_seconds_max=3600) as (remote, _):
        await remote.do(play=messages.StartPlayback(speed=0.25))
        frames, status = await remote.do(pause=messages.PausePlayback())
        assert (frames, status.state, status.sequence) == ([], PAUSED, 1)
        await remote.do(play=messages.StartPlayback(speed=0.25))
        frames, status = await remote.do(step=messages.StepPlayback())
        assert (numbers(frames), status.state) == ([2], PAUSED)
        await remote.do(play=messages.StartPlayback(speed=0.25))
        frames, status = await remote.do(jump=messages.JumpPlayback(sequence=8))
        assert (numbers(frames), status.state) == ([8], PAUSED)


async def test_stops_at_breakpoints_and_goes_on(service: Service) -> None:
    execution = await recorded(service)
    at_act = nouns.Breakpoint(step_name="act")
    async with opened(service, execution, breakpoints=[at_act]) as (remote, _):
        await remote.do(play=messages.StartPlayback())
        frames, status = await remote.by_itself()
        assert (numbers(frames), list(frames[-1].breakpoints), status.state) == ([2], [0], PAUSED)
        frames, _ = await remote.do(step=messages.StepPlayback(count=9))
        assert numbers(frames) == [3, 4]
        expression = nouns.Breakpoint(expression="state.number == 6")
        await remote.do(set_breakpoints=messages.SetBreakpoints(breakpoints=[expression]))
        await remote.do(play=messages.StartPlayback())
        frames, status = await remote.by_itself()
        assert (numbers(frames), status.state) == ([5, 6], PAUSED)
        await remote.do(set_breakpoints=messages.SetBreakpoints())
        await remote.do(play=messages.StartPlayback())
        assert numbers((await remote.by_itself())[0]) == [7, 8]


async def test_goes_on_to_what_was_recorded_meanwhile(service: Service) -> None:
    execution = await recorded(service, 2)
    async with opened(service, execution, sequence=2) as (remote, _):
        _, status = await remote.do(step=messages.StepPlayback())
        assert status.state == ENDED
        await service.record(execution.execution_id, state={"number": 3})
        frames, status = await remote.do(step=messages.StepPlayback())
        assert (numbers(frames), status.last_sequence) == ([3], 3)


async def test_plays_to_the_end_after_the_last_command(service: Service) -> None:
    execution = await recorded(service)

    async def commands() -> AsyncGenerator[messages.ControlPlaybackRequest]:
        yield messages.ControlPlaybackRequest(
            request_id=1, execution_id=execution.execution_id, open=messages.OpenPlayback()
        )
        yield messages.ControlPlaybackRequest(request_id=2, play=messages.StartPlayback())

    call = service.travel.ControlPlayback(commands(), metadata=service.metadata)
    async with asyncio.timeout(LIMIT_SECONDS):
        answers = [answer async for answer in call]
    assert [answer.frame.snapshot.sequence for answer in answers if answer.HasField("frame")] == [
        *range(1, 9)
    ]
    assert [answer.status.state for answer in answers if answer.HasField("status")] == [
        PAUSED,
        PLAYING,
        ENDED,
    ]


async def test_ends_when_the_service_does(service: Service) -> None:
    execution = await recorded(service)
    async with opened(service, execution) as (remote, _):
        service.assembly.end_streams()
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await remote.receive()
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ({"jump": messages.JumpPlayback(sequence=9)}, "NOT_FOUND"),
        ({"play": messages.StartPlayback(speed=0.1)}, "INVALID_FIELD"),
        ({"play": messages.StartPlayback(speed=8.5)}, "INVALID_FIELD"),
        ({}, "INVALID_FIELD"),
        ({"open": messages.OpenPlayback()}, "INVALID_FIELD"),
        ({"step": messages.StepPlayback(count=1001)}, "INVALID_FIELD"),
        (
            {
                "set_breakpoints": messages.SetBreakpoints(
                    breakpoints=[nouns.Breakpoint(expression="nothing")]
                )
            },
            "INVALID_EXPRESSION",
        ),
    ],
)
async def test_a_command_that_cannot_be_obeyed_ends_it(
    service: Service, command: dict[str, Any], reason: str
) -> None:
    execution = await recorded(service)
    async with opened(service, execution) as (remote, _):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await remote.do(**command)
        assert refusal_of(raised.value).reason == reason


async def test_begins_with_opening(service: Service) -> None:
    call = service.travel.ControlPlayback(metadata=service.metadata)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await Remote(call).do(pause=messages.PausePlayback())
    assert refusal_of(raised.value).reason == "INVALID_FIELD"
