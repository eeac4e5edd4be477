"""Recording an execution step by step."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from timeloom import _convert as convert
from timeloom._ids import uuid7
from timeloom.aio.executions import AsyncExecutions
from timeloom.errors import TimeloomError
from timeloom.recording.lane import Committed, Lane
from timeloom.recording.stream import SnapshotStream
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
    """An execution that is being recorded; `AsyncTimeloom.record` makes it.

    Attributes:
        id: The execution's identifier.
        output: What the agent answers: set it before the block ends.
    """

    def __init__(
        self,
        started: Execution,
        *,
        executions: AsyncExecutions,
        stream: SnapshotStream,
        timeout_seconds: float,
        default: convert.Default | None,
    ) -> None:
        self.id = started.id
        self.output: Any = None
        self._executions = executions
        self._stream = stream
        self._timeout_seconds = timeout_seconds
        self._default = default
        self._lane = Lane(started.id, head=started.head_sequence, owned=started.head_sequence == 0)
        self._order = asyncio.Lock()
        self._effects: list[Effect] = []
        self._last: asyncio.Future[Committed] | None = None
        self._error: BaseException | None = None

    def effect(
        self,
        kind: EffectKind,
        name: str = "",
        request: Any = None,
        response: Any = None,
        *,
        key: str = "",
    ) -> None:
        """Note what the outside world answered; it becomes part of the next step."""
        normalized = convert.normalized
        self._effects.append(
            Effect(
                kind=kind,
                name=name,
                request=normalized(request, of="effect's request", default=self._default),
                response=normalized(response, of="effect's response", default=self._default),
                key=key,
                create_time=datetime.now(UTC),
            )
        )

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
            await self._stream.room()
            future = self._submit(request, state)
            del self._effects[: len(noted)]
        if wait:
            await asyncio.shield(future)
        else:
            future.add_done_callback(self._note)
        return AsyncStep(name, request.key, future)

    def _submit(self, request: pb.RecordSnapshotRequest, state: Any) -> asyncio.Future[Committed]:
        try:
            self._last = self._stream.submit(
                self._lane, request, state, timeout_seconds=self._timeout_seconds, default=self._default
            )
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
        return await self._executions.complete(self.id, status=status, output=output, error=error)


class AsyncRecording:
    """Creates an execution when the block begins and ends it when the block ends, as the block ended."""

    def __init__(
        self,
        executions: AsyncExecutions,
        stream: SnapshotStream,
        *,
        create: dict[str, Any],
        timeout_seconds: float,
        default: convert.Default | None,
    ) -> None:
        self._executions = executions
        self._stream = stream
        self._create = create
        self._timeout_seconds = timeout_seconds
        self._default = default
        self._execution: AsyncRecordedExecution | None = None

    async def __aenter__(self) -> AsyncRecordedExecution:
        started = await self._executions.create(**self._create)
        self._execution = AsyncRecordedExecution(
            started,
            executions=self._executions,
            stream=self._stream,
            timeout_seconds=self._timeout_seconds,
            default=self._default,
        )
        return self._execution

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        assert self._execution is not None, "a block ends that never began"
        if error is None:
            await self._succeed(self._execution)
        else:
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
        except TimeloomError as trouble:
            error.add_note(f"Timeloom could not record how execution {execution.id} ended: {trouble}")


def failure_of(error: BaseException) -> ExecutionFailure:
    """Return an exception as an execution keeps it."""
    return ExecutionFailure(
        type=type(error).__qualname__,
        message=str(error),
        stack="".join(traceback.format_exception(error)),
    )
