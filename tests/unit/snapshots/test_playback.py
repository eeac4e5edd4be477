"""Playback against a model: whatever is commanded, the frames are the recorded states."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.snapshots.histories import EXECUTION, Recording, recordings
from timeloom.state import canonical, delta
from timeloom.state.statehash import StateHash
from timeloom_platform.errors import DataLossError, NotFoundError
from timeloom_snapshots import reel
from timeloom_snapshots.playback import AtSequence, Frame, FrameContent, Playback, PlaybackState
from timeloom_snapshots.projector import Projector
from timeloom_snapshots.reel import Reel
from timeloom_snapshots.storage.spans import Span


class Jump(NamedTuple):
    sequence: int


class Move(NamedTuple):
    by: int


class Play(NamedTuple):
    is_reverse: bool


commands = st.lists(
    st.one_of(
        st.builds(Jump, st.integers(1, 15)),
        st.builds(Move, st.integers(-6, 6).filter(bool)),
        st.builds(Play, st.booleans()),
    ),
    max_size=8,
)


def projector_of(recording: Recording, content: FrameContent, stops: list[int]) -> Projector:
    present = sorted(recording.states)
    return Projector(
        playback=Playback(
            content=content,
            path="",
            breakpoints=[AtSequence(each) for each in stops],
            pause_seconds_max=1,
        ),
        reel=Reel(recording, UUID(int=1), EXECUTION),
        execution_id=EXECUTION,
        span=Span(head=present[-1], first=present[0], last=present[-1]),
    )


async def obey(projector: Projector, command: Jump | Move | Play) -> list[Frame]:
    """Gives a command and returns the frames that it leads to."""
    match command:
        case Jump(sequence):
            return [await projector.begin(sequence)]
        case Move(by):
            return [frame async for frame in projector.move(by)]
        case Play(is_reverse):
            projector.play(speed=0, is_reverse=is_reverse)
            await projector.look_ahead()
            frames: list[Frame] = []
            while projector.state is PlaybackState.PLAYING:
                frames.append(await projector.next())
            return frames


def expected(present: list[int], at: int, command: Jump | Move | Play, stops: list[int]) -> list[int]:
    """What the model shows: the snapshots that lie in the direction, up to the first breakpoint."""
    if isinstance(command, Jump):
        return [command.sequence]
    is_reverse = command.is_reverse if isinstance(command, Play) else command.by < 0
    ahead = present[: bisect_left(present, at)][::-1] if is_reverse else present[bisect_right(present, at) :]
    if isinstance(command, Move):
        ahead = ahead[: abs(command.by)]
    stopped = next((place for place, each in enumerate(ahead) if each in stops), len(ahead))
    return ahead[: stopped + 1]


@pytest.mark.parametrize("bytes_max", [1, reel.BYTES_MAX], ids=["a small window", "a large window"])
@given(recordings(), commands, st.lists(st.integers(1, 15), max_size=2), st.sampled_from(FrameContent))
def test_the_frames_are_the_recorded_states(
    bytes_max: int,
    recording: Recording,
    wanted: list[Jump | Move | Play],
    stops: list[int],
    content: FrameContent,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reel, "BYTES_MAX", bytes_max)
        asyncio.run(check(recording, wanted, stops, content))


async def check(
    recording: Recording, wanted: list[Jump | Move | Play], stops: list[int], content: FrameContent
) -> None:
    present = sorted(recording.states)
    projector = projector_of(recording, content, stops)
    frame = await projector.begin(present[0])
    at, state = present[0], seen(recording, frame, None, content)
    for command in wanted:
        if isinstance(command, Jump) and command.sequence not in recording.states:
            continue
        frames = await obey(projector, command)
        assert [each.snapshot.sequence for each in frames] == expected(present, at, command, stops)
        for each in frames:
            state = seen(recording, each, state, content)
            at = each.snapshot.sequence
        assert projector.status.sequence == at
        if frames and not isinstance(command, Jump):
            hit = tuple(place for place, each in enumerate(stops) if each == at)
            assert frames[-1].breakpoints == hit


def seen(recording: Recording, frame: Frame, before: Any, content: FrameContent) -> Any:
    """Returns the state that a client has after a frame, and checks that it is the recorded one."""
    recorded = recording.states[frame.snapshot.sequence]
    if content is FrameContent.DELTA and frame.delta:
        state = delta.apply(before, delta.decode(frame.delta))
    elif content in (FrameContent.STATE, FrameContent.DELTA):
        state = canonical.decode(frame.state)
    else:
        return None
    assert canonical.encode(state) == canonical.encode(recorded)
    assert StateHash.of(state).digest == frame.snapshot.state_hash
    return state


@given(recordings(), st.data())
def test_a_state_that_fails_its_hash_is_never_shown(recording: Recording, data: st.DataObject) -> None:
    damaged = data.draw(st.sampled_from(sorted(recording.states)))
    other = {"another": recording.states[damaged]}
    place = next(place for place, each in enumerate(recording.deltas) if each.sequence == damaged)
    recording.deltas[place] = recording.deltas[place]._replace(operations=[delta.Set((), other)])

    async def play() -> list[Frame]:
        projector = projector_of(recording, FrameContent.STATE, [])
        frames = [await projector.begin(min(recording.states))]
        return frames + await obey(projector, Play(is_reverse=False))

    with pytest.raises(DataLossError, match=f"Snapshot {damaged} "):
        asyncio.run(play())


async def test_there_is_no_jump_to_what_is_not_there() -> None:
    projector = projector_of(Recording({1: 1, 3: 3}, {1: 0, 2: 1, 3: 2}), FrameContent.STATE, [])
    await projector.begin(1)
    with pytest.raises(NotFoundError):
        await projector.begin(2)
