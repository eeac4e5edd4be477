"""Where the steps of an execution go: to the server, or beside a recording that they must be equal to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from timeloom import _convert as convert
from timeloom.recording.lane import Committed, Lane
from timeloom.recording.stream import SnapshotStream
from timeloom.resources import Execution, ExecutionFailure, ExecutionStatus
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb

if TYPE_CHECKING:
    from timeloom.aio.executions import AsyncExecutions


class Journal(Protocol):
    """Takes the steps of one execution."""

    @property
    def stands_on(self) -> int:
        """The snapshot that the next step begins from, as far as it is known; zero before the first."""
        ...

    async def room(self) -> None:
        """Wait until another step may come."""
        ...

    def submit(self, request: pb.RecordSnapshotRequest, state: Any) -> asyncio.Future[Committed]:
        """Take a step, and return where its outcome will be.

        Raises:
            CanonicalError: JSON cannot say the state.
            ReplayDiverged: It is not what was recorded.
        """
        ...

    async def complete(
        self, *, status: ExecutionStatus, output: Any, error: ExecutionFailure | None
    ) -> Execution:
        """End the execution."""
        ...


class LiveJournal:
    """Sends the steps of an execution to the server."""

    def __init__(
        self,
        started: Execution,
        *,
        state: Any,
        executions: AsyncExecutions,
        stream: SnapshotStream,
        timeout_seconds: float,
        default: convert.Default | None,
    ) -> None:
        """Stand where the execution stands.

        Args:
            started: The execution.
            state: The state of its head, which nobody changes; anything if it has no snapshot.
            executions: Ends it.
            stream: What its snapshots travel on.
            timeout_seconds: How long the commit of a step may take.
            default: For values that JSON does not know.
        """
        head = started.head_sequence
        self._execution_id = started.id
        self._executions = executions
        self._stream = stream
        self._timeout_seconds = timeout_seconds
        self._default = default
        self._lane = Lane(started.id, head=head, owned=head == 0)
        self._stands_on = head
        # After a rollback the next number is not the head's successor: the first commit tells.
        self._first: asyncio.Future[Committed] | None = None
        self._resumed = head > 0
        if head:
            self._lane.head = None
            self._lane.stand_on(head, state)

    @property
    def stands_on(self) -> int:
        """The snapshot that the next step begins from, as far as it is known; zero before the first."""
        return self._stands_on

    async def room(self) -> None:
        """Wait until another step may come."""
        await self._stream.room()
        if self._resumed and self._first is not None:
            await asyncio.wait([self._first])

    def submit(self, request: pb.RecordSnapshotRequest, state: Any) -> asyncio.Future[Committed]:
        """Send a step."""
        future = self._stream.submit(
            self._lane, request, state, timeout_seconds=self._timeout_seconds, default=self._default
        )
        self._first = self._first or future
        self._stands_on += 1
        expected = self._stands_on

        def correct(done: asyncio.Future[Committed]) -> None:
            if not done.cancelled() and done.exception() is None and self._stands_on == expected:
                self._stands_on = done.result().sequence

        future.add_done_callback(correct)
        return future

    async def complete(
        self, *, status: ExecutionStatus, output: Any, error: ExecutionFailure | None
    ) -> Execution:
        """End the execution."""
        return await self._executions.complete(self._execution_id, status=status, output=output, error=error)
