"""Recording an execution step by step."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Generator, Iterable
from datetime import UTC, datetime
from random import Random
from types import TracebackType
from typing import Any
from uuid import UUID

from timeloom import _convert as convert
from timeloom._ids import uuid7
from timeloom.errors import TimeloomError
from timeloom.recording.journal import Journal
from timeloom.recording.lane import Committed
from timeloom.replay import sources
from timeloom.replay.divergence import ReplayDiverged
from timeloom.replay.tape import Activation, RecordingTape, Tape, question
from timeloom.resources import Effect, EffectKind, Execution, ExecutionFailure, ExecutionStatus, SnapshotKind
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb
from timeloom.state import canonical


class AsyncStep:
    """A step that was recorded, or is about to be: awaiting it waits for its commit."""

    def __init__(self, name: str, key: str, future: asyncio.Future[Committed]) -> None:
        self.name = name
        self.key = key
        self._future = future

    @property
    def sequence(self) -> int | None:
        """The number of its snapshot; None until that is committed."""
        done = self._future.done() and not self._future.cancelled() and self._future.exception() is None
        return self._future.result().sequence if done else None

    async def wait(self) -> int:
        """Wait for the commit and return the number of the snapshot.

        Raises:
            TimeloomError: The snapshot was not stored.
        """
        return (await asyncio.shield(self._future)).sequence

    def __await__(self) -> Generator[Any, None, int]:
        return self.wait().__await__()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, sequence={self.sequence})"


class AsyncRecordedExecution:
    """An execution that is being recorded, or compared with a recording of it.

    `AsyncTimeloom.record`, `resume` and `replay` make it.

    Attributes:
        id: The execution's identifier.
        input: What the agent was given.
        state: The state that it began from: of the head when it was resumed, else None.
        output: What the agent answers: set it before the block ends.
        tape: Where its effects are kept, or answered from.
    """

    def __init__(
        self,
        started: Execution,
        *,
        journal: Journal,
        default: convert.Default | None,
        state: Any = None,
        tape: Tape | None = None,
    ) -> None:
        self.id = started.id
        self.input = started.input
        self.state = state
        self.output: Any = None
        self._default = default
        self._journal = journal
        self._order = asyncio.Lock()
        self._effects: list[Effect] = []
        self._last: asyncio.Future[Committed] | None = None
        self._error: BaseException | None = None
        self.tape = tape or RecordingTape(
            execution_id=started.id, place=lambda: str(journal.stands_on), sink=self._effects.append
        )

    # -- Effects --------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the time of day, in UTC, recorded as an effect."""
        return sources.now(on=self.tape)

    def time(self) -> float:
        """Return the seconds since 1970, recorded as an effect."""
        return sources.time(on=self.tape)

    def random(self) -> float:
        """Return a random number from 0 up to, but not including, 1, recorded as an effect."""
        return sources.random(on=self.tape)

    def generator(self) -> Random:
        """Return a source of any kind of randomness, whose seed is recorded as an effect."""
        return sources.generator(on=self.tape)

    def uuid(self) -> UUID:
        """Return a random UUID, recorded as an effect."""
        return sources.uuid(on=self.tape)

    def effect(
        self,
        kind: EffectKind,
        name: str = "",
        request: Any = None,
        response: Any = None,
        *,
        key: str = "",
    ) -> None:
        """Note what the outside world answered; it becomes part of the next step.

        A replay compares it with what was noted when it was recorded. To have it answered from the recording,
        let the call happen through `timeloom.replay.effect` or one of the hooks.
        """
        normalized = convert.normalized
        asked = normalized(request, of="effect's request", default=self._default)
        answered = normalized(response, of="effect's response", default=self._default)
        self.tape.note(question(kind, name, asked), answered, key=key)

    # -- Steps ----------------------------------------------------------------------

    async def step(
        self,
        name: str,
        state: Any,
        *,
        kind: SnapshotKind = SnapshotKind.STEP_END,
        label: str = "",
        tags: Iterable[str] = (),
        effects: Iterable[Effect] = (),
        metadata: Any = None,
        key: str = "",
        wait: bool = True,
    ) -> AsyncStep:
        """Record the state after a step. Only what changed since the last one is copied and sent.

        Args:
            name: Which step ran.
            state: Any JSON value; you may go on changing it in place.
            kind: What the snapshot marks.
            label: A name for this snapshot.
            tags: Any number of words to find it by.
            effects: What the outside world answered in this step, besides what `effect` noted.
            metadata: Any JSON value to keep with the snapshot.
            key: Your own identifier of the snapshot, unique in the execution.
            wait: Return when it is committed. False returns at once; `flush`, the end of the block or the
                next step tell if it failed.

        Raises:
            TimeloomError: This step, or one before it that nobody waited for, was not stored.
            TypeError: JSON cannot say the state; the message names the place.
            ReplayDiverged: This is a replay, and the step is not what was recorded.
        """
        self._raise_error()
        async with self._order:
            noted = tuple(self._effects)
            request = pb.RecordSnapshotRequest(
                execution_id=self.id,
                kind=convert.enum_number(kind),
                step_name=name,
                label=label,
                tags=tags,
                key=key or uuid7(),
                metadata=convert.optional_document(metadata, of="metadata", default=self._default),
                effects=[
                    convert.effect_message(effect, default=self._default) for effect in (*noted, *effects)
                ],
                create_time=convert.timestamp(datetime.now(UTC)),
            )
            await self._journal.room()
            future = self._submit(request, state)
            del self._effects[: len(noted)]
        if wait:
            await asyncio.shield(future)
        else:
            future.add_done_callback(self._note)
        return AsyncStep(name, request.key, future)

    def _submit(self, request: pb.RecordSnapshotRequest, state: Any) -> asyncio.Future[Committed]:
        try:
            self._last = self._journal.submit(request, state)
        except canonical.CanonicalError as error:
            raise convert.not_json(error, of="state") from None
        return self._last

    async def flush(self) -> None:
        """Wait until every step is committed.

        Raises:
            TimeloomError: A step that nobody waited for was not stored.
        """
        if self._last is not None:
            # Steps settle in order: the last one's end is the end of all. Its error reaches who waits for it.
            await asyncio.wait([self._last])
        self._raise_error()

    def _note(self, future: asyncio.Future[Committed]) -> None:
        if not future.cancelled() and self._error is None:
            self._error = future.exception()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    async def complete(
        self,
        *,
        status: ExecutionStatus = ExecutionStatus.SUCCEEDED,
        error: ExecutionFailure | None = None,
    ) -> Execution:
        """End the execution with its output; the end of the block does it."""
        output = (
            None
            if self.output is None
            else convert.normalized(self.output, of="output", default=self._default)
        )
        return await self._journal.complete(status=status, output=output, error=error)


class AsyncRecording:
    """Begins when the block begins and ends the execution when the block ends, as the block ended."""

    def __init__(self, start: Callable[[], Awaitable[AsyncRecordedExecution]]) -> None:
        self._start = start
        self._execution: AsyncRecordedExecution | None = None
        self._activation: Activation | None = None

    async def begin(self) -> AsyncRecordedExecution:
        """Create or find the execution."""
        self._execution = await self._start()
        return self._execution

    async def __aenter__(self) -> AsyncRecordedExecution:
        execution = await self.begin()
        self._activation = Activation(execution.tape)
        return execution

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        if self._activation is not None:
            self._activation.end()
        await self.end(error)

    async def end(self, error: BaseException | None) -> None:
        """End the execution as its block ended."""
        assert self._execution is not None, "a block ends that never began"
        if error is None:
            await self._succeed(self._execution)
        elif not isinstance(error, ReplayDiverged):
            await self._fail(self._execution, error)

    @staticmethod
    async def _succeed(execution: AsyncRecordedExecution) -> None:
        try:
            await execution.flush()
        finally:
            # A step that was not stored says nothing of how the agent fared.
            await execution.complete()

    @staticmethod
    async def _fail(execution: AsyncRecordedExecution, error: BaseException) -> None:
        """End the execution as the error says; what goes wrong on the way must not hide that error."""
        cancelled = isinstance(error, (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit))
        try:
            try:
                await execution.flush()
            finally:
                await execution.complete(
                    status=ExecutionStatus.CANCELLED if cancelled else ExecutionStatus.FAILED,
                    error=failure_of(error),
                )
        except ReplayDiverged as diverged:
            error.add_note(str(diverged))
        except TimeloomError as trouble:
            error.add_note(f"Timeloom could not record how execution {execution.id} ended: {trouble}")


def failure_of(error: BaseException) -> ExecutionFailure:
    """Return an exception as an execution keeps it."""
    return ExecutionFailure(
        type=type(error).__qualname__,
        message=str(error),
        stack="".join(traceback.format_exception(error)),
    )
