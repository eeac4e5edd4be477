"""The way into the database for snapshots: bounded, in order, and with an answer after the commit."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Sequence
from functools import partial
from typing import Final
from uuid import UUID

from timeloom_platform.errors import OverloadedError
from timeloom_platform.telemetry import current_traceparent
from timeloom_snapshots import limits
from timeloom_snapshots.errors import RETRY_AFTER_SECONDS, about_to_stop
from timeloom_snapshots.group import Request
from timeloom_snapshots.lane import Lane, LaneContext
from timeloom_snapshots.model import Record, Snapshot

REQUEST_BYTES: Final = 512
"""What a request takes besides its documents."""


class Committer:
    """Gives every project its lane, and refuses what no lane can take.

    It is used as a context manager: leaving it waits until everything that was taken is answered.
    """

    def __init__(self, context: LaneContext) -> None:
        self._context = context
        self._lanes: dict[UUID, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending_snapshots: dict[UUID, int] = {}
        self._pending_bytes = 0
        self._has_room = asyncio.Event()
        self._is_closed = False

    async def record(
        self, project_id: UUID, execution_id: UUID, records: Sequence[Record]
    ) -> Sequence[Snapshot]:
        """Records snapshots of one execution, all or none, and returns them once they are committed.

        Raises:
            OverloadedError: Too much is waiting already.
            NotFoundError: There is no such execution.
            ExecutionEndedError: It takes no more snapshots.
            StaleParentError: A parent is not the head any more.
            TimeloomError: A snapshot is refused for another reason, or the commit failed.
        """
        return await self.put(project_id, execution_id, records)

    def put(
        self, project_id: UUID, execution_id: UUID, records: Sequence[Record]
    ) -> asyncio.Future[Sequence[Snapshot]]:
        """Takes what `record` takes, without waiting for the commit; what is put first is recorded first."""
        if self._is_closed:
            raise about_to_stop()
        size_bytes = sum(record.size_bytes for record in records) + REQUEST_BYTES
        if not self._can_take(project_id, len(records), size_bytes):
            raise OverloadedError(
                "More snapshots wait for their commit than the service can take.",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )
        answer: asyncio.Future[Sequence[Snapshot]] = asyncio.get_running_loop().create_future()
        self._account(project_id, len(records), size_bytes)
        answer.add_done_callback(partial(self._release, project_id, len(records), size_bytes))
        request = Request(
            execution_id=execution_id,
            records=records,
            answer=answer,
            traceparent=current_traceparent(),
            size_bytes=size_bytes,
        )
        self._lane(project_id).put(request)
        return answer

    async def wait_for_room(self, project_id: UUID, snapshot_count: int, size_bytes: int) -> None:
        """Returns when `put` would take a request of this size."""
        while not (self._is_closed or self._can_take(project_id, snapshot_count, size_bytes)):
            self._has_room.clear()
            await self._has_room.wait()

    async def close(self) -> None:
        """Takes nothing more and returns when everything is answered."""
        self._is_closed = True
        self._has_room.set()
        while self._pending_snapshots:
            self._has_room.clear()
            await self._has_room.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _can_take(self, project_id: UUID, snapshot_count: int, size_bytes: int) -> bool:
        """Whether there is room; a request that is alone is always taken, however large."""
        pending = self._pending_snapshots.get(project_id, 0)
        return (pending == 0 or pending + snapshot_count <= limits.PENDING_SNAPSHOTS_MAX) and (
            self._pending_bytes == 0 or self._pending_bytes + size_bytes <= limits.PENDING_BYTES_MAX
        )

    def _account(self, project_id: UUID, snapshot_count: int, size_bytes: int) -> None:
        left = self._pending_snapshots.get(project_id, 0) + snapshot_count
        self._pending_bytes += size_bytes
        if left:
            self._pending_snapshots[project_id] = left
        else:
            self._pending_snapshots.pop(project_id, None)

    def _release(self, project_id: UUID, snapshot_count: int, size_bytes: int, _answer: object) -> None:
        self._account(project_id, -snapshot_count, -size_bytes)
        self._has_room.set()

    def _lane(self, project_id: UUID) -> Lane:
        lane = self._lanes.get(project_id)
        if lane is None or lane.is_closed:
            lane = self._lanes[project_id] = Lane(project_id, self._context)
            # A context of its own: the lane serves many callers, and is none of them.
            task = asyncio.get_running_loop().create_task(lane.run(), context=contextvars.Context())
            self._tasks.add(task)
            task.add_done_callback(partial(self._forget_lane, project_id, lane))
        return lane

    def _forget_lane(self, project_id: UUID, lane: Lane, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._lanes.get(project_id) is lane:
            del self._lanes[project_id]
