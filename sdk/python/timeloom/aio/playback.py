"""Playing recorded snapshots under one's own control."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self

import grpc.aio

from timeloom import _travel_convert as convert
from timeloom._calls import Connection
from timeloom.errors import DataLossError, UnavailableError
from timeloom.final_status import CALL_OVER, FinalStatus
from timeloom.resources import NOT_LOADED
from timeloom.snapshots.v1 import time_travel_pb2 as nouns
from timeloom.snapshots.v1 import time_travel_service_pb2 as pb
from timeloom.state import delta
from timeloom.state.statehash import StateHash
from timeloom.time_travel import Breakpoint, Frame, FrameContent, PlaybackState, PlaybackStatus

_Call = grpc.aio.StreamStreamCall[pb.ControlPlaybackRequest, pb.ControlPlaybackResponse]


class Screen:
    """Makes frames of what arrives: with deltas, rebuilds each state and compares it with its hash."""

    def __init__(self, *, content: FrameContent, path: str) -> None:
        self._content = content
        self._path = path
        self._state: Any = NOT_LOADED
        self._hash: StateHash | None = None

    def show(self, message: nouns.PlaybackFrame) -> Frame:
        """Return the next frame.

        Raises:
            DataLossError: The state is not the recorded one.
        """
        if self._content is not FrameContent.DELTA:
            return convert.frame(message)
        operations = delta.decode_trusted(message.delta) if message.delta else None
        arrived = convert.frame(message)
        if operations is None:
            self._state = arrived.state
            self._hash = None if self._path else StateHash.of(self._state)
        else:
            try:
                self._state = delta.apply(self._state, operations)
            except delta.DeltaError as error:
                raise DataLossError(
                    f"The delta of snapshot {arrived.sequence} does not fit: {error}"
                ) from None
            self._hash = self._hash.updated(self._state, operations) if self._hash is not None else None
        if self._hash is not None and self._hash.digest.hex() != arrived.snapshot.state_hash:
            raise DataLossError(f"The state of snapshot {arrived.sequence} does not have its recorded hash")
        return Frame(snapshot=arrived.snapshot, state=self._state, breakpoints=arrived.breakpoints)


async def frames(
    connection: Connection,
    request: pb.PlayExecutionRequest,
    *,
    content: FrameContent,
    timeout_seconds: float | None = None,
) -> AsyncGenerator[Frame]:
    """Yield the frames of a range, as fast as they come."""
    screen = Screen(content=content, path=request.path)
    method = connection.time_travel.PlayExecution
    async with aclosing(connection.stream(method, request, timeout_seconds=timeout_seconds)) as messages:
        async for message in messages:
            if message.HasField("frame"):
                yield screen.show(message.frame)


class AsyncPlayback:
    """A playback: `async with client.playback(execution_id) as playback: …`.

    It stands on a frame, and goes on as it is told. `play` lets frames come by themselves: iterate over the
    playback to get them, until it stops at a breakpoint, at the end or when it is told to pause. One task may
    iterate while others command.

    Attributes:
        frame: The frame that it stands on.
        status: How it stands.
    """

    def __init__(
        self,
        connection: Connection,
        execution_id: str,
        *,
        sequence: int = 0,
        content: FrameContent = FrameContent.DELTA,
        path: str = "",
        breakpoints: Iterable[Breakpoint] = (),
        pause_seconds_max: float = 0.0,
    ) -> None:
        self._connection = connection
        self._execution_id = execution_id
        self._opening = pb.OpenPlayback(
            sequence=sequence,
            content=convert.content_number(content),
            path=path,
            breakpoints=[convert.breakpoint_message(each) for each in breakpoints],
            pause_seconds_max=pause_seconds_max,
        )
        self._screen = Screen(content=content, path=path)
        self._call: _Call | None = None
        self._ending: FinalStatus | None = None
        self._reading = asyncio.Lock()
        self._request_id = 0
        self._answers: dict[int, list[Frame]] = {}
        self._settled: set[int] = set()
        self._arrived: deque[Frame] = deque()
        self._frame: Frame | None = None
        self._status: PlaybackStatus | None = None

    @property
    def frame(self) -> Frame:
        """The frame that it stands on."""
        assert self._frame is not None, "the playback is not open"
        return self._frame

    @property
    def status(self) -> PlaybackStatus:
        """How it stands."""
        assert self._status is not None, "the playback is not open"
        return self._status

    @property
    def is_playing(self) -> bool:
        """Whether frames come by themselves."""
        return self.status.state is PlaybackState.PLAYING

    async def open(self) -> Self:
        """Begin; the block does it."""
        method = self._connection.time_travel.ControlPlayback
        self._call = method(metadata=self._connection.metadata)
        self._ending = FinalStatus(self._call)
        await self._command(pb.ControlPlaybackRequest(execution_id=self._execution_id, open=self._opening))
        return self

    async def play(self, *, speed: float = 1.0, reverse: bool = False) -> None:
        """Let frames come by themselves.

        Args:
            speed: How many times faster than it was recorded, from 0.25 to 8; as fast as possible if zero.
            reverse: Backwards.
        """
        await self._command(pb.ControlPlaybackRequest(play=pb.StartPlayback(speed=speed, reverse=reverse)))

    async def pause(self) -> None:
        """Stop where it stands; frames that have arrived are still there to iterate over."""
        await self._command(pb.ControlPlaybackRequest(pause=pb.PausePlayback()))

    async def step(self, count: int = 1) -> Frame | None:
        """Go some frames on, or back if negative, up to the first breakpoint; None if there is none."""
        frames = await self._command(pb.ControlPlaybackRequest(step=pb.StepPlayback(count=count)))
        return frames[-1] if frames else None

    async def back(self, count: int = 1) -> Frame | None:
        """Go some frames back."""
        return await self.step(-count)

    async def jump(self, sequence: int) -> Frame:
        """Go to a snapshot.

        Raises:
            NotFoundError: There is none of this number; the playback is over.
        """
        (frame,) = await self._command(pb.ControlPlaybackRequest(jump=pb.JumpPlayback(sequence=sequence)))
        return frame

    async def set_breakpoints(self, breakpoints: Iterable[Breakpoint]) -> None:
        """Replace the breakpoints."""
        messages = [convert.breakpoint_message(each) for each in breakpoints]
        await self._command(
            pb.ControlPlaybackRequest(set_breakpoints=pb.SetBreakpoints(breakpoints=messages))
        )

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield the frames that come by themselves, until it stops."""
        while True:
            await self._read_until(lambda: bool(self._arrived) or not self.is_playing)
            if not self._arrived:
                return
            yield self._arrived.popleft()

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self.frames()

    async def close(self) -> None:
        """End it; the end of the block does it."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    async def _command(self, request: pb.ControlPlaybackRequest) -> list[Frame]:
        """Send a command, and return the frames that it led to, when it has been obeyed."""
        if self._call is None:
            raise RuntimeError("The playback is not open")
        self._request_id += 1
        number = request.request_id = self._request_id
        self._answers[number] = []
        try:
            await self._call.write(request)
        except CALL_OVER:
            await self._read_until(lambda: False)  # says why it is over
        await self._read_until(lambda: number in self._settled)
        self._settled.discard(number)
        return self._answers.pop(number)

    async def _read_until(self, is_ready: Callable[[], bool]) -> None:
        """Read what arrives, for whomever it is, until the caller has what it waits for."""
        while not is_ready():
            async with self._reading:
                if is_ready():
                    return
                self._take(await self._read())

    async def _read(self) -> pb.ControlPlaybackResponse:
        call, ending = self._call, self._ending
        if call is None or ending is None:
            raise RuntimeError("The playback is not open")
        try:
            message = await call.read()
        except grpc.aio.AioRpcError as fault:
            error = await ending.of(fault)
            if error is not None:
                raise self._connection.failed(error) from None
        else:
            if isinstance(message, pb.ControlPlaybackResponse):
                return message
        raise UnavailableError("The server ended the playback")

    def _take(self, message: pb.ControlPlaybackResponse) -> None:
        if message.HasField("status"):
            self._status = convert.playback_status(message.status)
            if message.request_id in self._answers:
                self._settled.add(message.request_id)
            return
        frame = self._frame = self._screen.show(message.frame)
        self._answers.get(message.request_id, self._arrived).append(frame)

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        await self.close()
