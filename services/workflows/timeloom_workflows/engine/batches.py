"""What waits for its commit, and which of it goes together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from timeloom_workflows.engine.commands import Advance, Advanced, Begun, NewExecution

ROWS_MAX: Final = 1_024
"""Executions, steps and entries that are committed together; a request that has more goes alone."""

BYTES_MAX: Final = 32 * 1024 * 1024
"""Documents that are committed together; a request that has more goes alone."""


@dataclass(slots=True, eq=False)
class AdvanceRequest:
    """What became of one execution; `events` tell of it and of its children."""

    advance: Advance
    answer: asyncio.Future[Advanced]
    events: Sequence[bytes]
    rows: int
    size_bytes: int
    is_alone: bool = False


@dataclass(slots=True, eq=False)
class StartRequest:
    """Executions that begin together or not at all."""

    news: Sequence[NewExecution]
    answer: asyncio.Future[Sequence[Begun]]
    events: Sequence[bytes]
    rows: int
    size_bytes: int
    is_alone: bool = False


Request = AdvanceRequest | StartRequest


@dataclass(slots=True, eq=False)
class Batch:
    """Requests that are committed together, and the number by which they are recognised."""

    id: int
    advances: list[AdvanceRequest] = field(default_factory=list[AdvanceRequest])
    starts: list[StartRequest] = field(default_factory=list[StartRequest])

    @property
    def requests(self) -> list[Request]:
        """All of them."""
        return [*self.advances, *self.starts]


class Pending:
    """Requests in the order of their arrival; those about one execution keep theirs."""

    def __init__(self) -> None:
        self._waiting: deque[Request] = deque()
        self._executions_under_way: set[UUID] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, request: Request) -> None:
        """Takes a request."""
        self._waiting.append(request)

    def put_back(self, batch: Batch) -> None:
        """Takes the requests of a batch again, each to be committed by itself."""
        for request in reversed(batch.requests):
            request.is_alone = True
            self._waiting.appendleft(request)
        self.forget(batch)

    def forget(self, batch: Batch) -> None:
        """Lets others of the batch's executions go: it is settled."""
        for request in batch.advances:
            self._executions_under_way.discard(request.advance.execution_id)

    def take(self, batch_id: int) -> Batch:
        """Takes the next batch out: as many as go together, and of each execution only the first."""
        batch, held_up = Batch(batch_id), list[Request]()
        rows = size_bytes = 0
        while self._waiting:
            request = self._waiting[0]
            is_first = rows == 0
            if not is_first and (
                request.is_alone
                or rows + request.rows > ROWS_MAX
                or size_bytes + request.size_bytes > BYTES_MAX
            ):
                break
            self._waiting.popleft()
            if request.answer.cancelled() and isinstance(request, StartRequest):
                continue
            if isinstance(request, StartRequest):
                batch.starts.append(request)
            elif request.advance.execution_id in self._executions_under_way:
                held_up.append(request)
                continue
            else:
                self._executions_under_way.add(request.advance.execution_id)
                batch.advances.append(request)
            rows += request.rows
            size_bytes += request.size_bytes
            if request.is_alone:
                break
        self._waiting.extendleft(reversed(held_up))
        # Rows are locked in one order, whoever locks them.
        batch.advances.sort(key=_lock_order)
        return batch

    def drain(self) -> Sequence[Request]:
        """Takes out everything."""
        requests = list(self._waiting)
        self._waiting.clear()
        return requests


def _lock_order(request: AdvanceRequest) -> tuple[UUID, UUID]:
    return (request.advance.project_id, request.advance.execution_id)
