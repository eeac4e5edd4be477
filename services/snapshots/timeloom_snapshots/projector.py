"""Where a playback stands and how it goes on: what is shown next, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from uuid import UUID

from timeloom_platform.errors import NotFoundError
from timeloom_snapshots import work
from timeloom_snapshots.playback import Frame, Playback, PlaybackState, Status
from timeloom_snapshots.reel import Reel
from timeloom_snapshots.steps import Step
from timeloom_snapshots.storage.spans import Span


class Projector:
    """Shows the steps of a reel."""

    def __init__(self, *, playback: Playback, reel: Reel, execution_id: UUID, span: Span) -> None:
        self.playback = playback
        self.state = PlaybackState.PAUSED
        self._reel = reel
        self._execution_id = execution_id
        self._span = span
        self._sequence = 0
        self._speed = 0.0
        self._is_reverse = False
        self._following: Step | None = None
        self._due_time = 0.0

    @property
    def status(self) -> Status:
        """How it stands."""
        return Status(
            state=self.state,
            sequence=self._sequence,
            first_sequence=self._span.first,
            last_sequence=self._span.last,
            speed=self._speed,
            is_reverse=self._is_reverse,
        )

    def extend(self, span: Span) -> None:
        """Takes note of snapshots that came since."""
        self._span = span

    def play(self, *, speed: float, is_reverse: bool) -> None:
        """Lets frames come by themselves."""
        self._speed, self._is_reverse = speed, is_reverse
        self.state = PlaybackState.PLAYING
        self._due_time = _now()

    def pause(self) -> None:
        """Stops where it stands."""
        if self.state is PlaybackState.PLAYING:
            self.state = PlaybackState.PAUSED

    async def begin(self, sequence: int, *, stops: bool = False) -> Frame:
        """Shows a snapshot that need not follow the one before; stays playing only if it is to stop there.

        Raises:
            NotFoundError: There is no such snapshot.
        """
        step = await self._reel.at(sequence)
        if step is None:
            raise NotFoundError(f"Execution {self._execution_id} has no snapshot {sequence}.")
        if not stops:
            self.state = PlaybackState.PAUSED
        frame = await self._show(step, stops=stops, jumps=True)
        await self.look_ahead()
        return frame

    async def next(self) -> Frame:
        """Shows the next snapshot; there is one while it plays."""
        assert self._following is not None, "it plays"
        frame = await self._show(self._following, stops=True)
        await self.look_ahead()
        return frame

    async def look_ahead(self) -> None:
        """Finds out what comes next while it plays, and when; without a next one it has ended."""
        if self.state is not PlaybackState.PLAYING:
            return
        self._following = await self._neighbour(is_reverse=self._is_reverse)
        if self._following is None:
            self.state = PlaybackState.ENDED
            return
        pause = self.playback.pause_seconds(self._following, speed=self._speed, is_reverse=self._is_reverse)
        self._due_time = max(self._due_time + pause, _now())

    def seconds_until_next(self) -> float:
        """Returns how long the frame that is shown still stands while it plays."""
        return max(self._due_time - _now(), 0.0)

    async def move(self, count: int) -> AsyncGenerator[Frame]:
        """Yields some frames, backwards if the count is negative, up to the first breakpoint."""
        is_reverse = count < 0
        self.state = PlaybackState.PAUSED
        for _ in range(abs(count)):
            step = await self._neighbour(is_reverse=is_reverse)
            if step is None:
                self.state = PlaybackState.ENDED
                return
            frame = await self._show(step, stops=True)
            yield frame
            if frame.breakpoints:
                return

    async def _neighbour(self, *, is_reverse: bool) -> Step | None:
        if is_reverse:
            return await self._reel.preceding(self._sequence, first=self._span.first)
        return await self._reel.following(self._sequence, last=self._span.last)

    async def _show(self, step: Step, *, stops: bool, jumps: bool = False) -> Frame:
        show = partial(self.playback.show, step, stops=stops, jumps=jumps)
        if stops and self.playback.may_take_long:
            frame = await asyncio.to_thread(show)
        else:
            frame = await work.on(self.playback.work_bytes(step), show)
        self._sequence = step.sequence
        if frame.breakpoints:
            self.state = PlaybackState.PAUSED
        return frame


def _now() -> float:
    return asyncio.get_running_loop().time()
