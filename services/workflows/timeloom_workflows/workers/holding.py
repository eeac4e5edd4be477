"""An execution that a worker has, as its engine knows it."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom_workflows.engine.commands import Parked
from timeloom_workflows.model import Execution, Step, WaitReason
from timeloom_workflows.workers.session import Session


class Kept(Struct, frozen=True, kw_only=True):
    """An execution that is parked, and whose worker keeps the function where it stands.

    Attributes:
        token: Under which it was parked: the worker's knowledge is whole if the next token follows this one.
        open: The steps that had not ended.
    """

    token: int
    open: dict[str, Step]


class Holding:
    """An execution between its claim and its next rest."""

    __slots__ = (
        "_flags",
        "cancelling",
        "committed",
        "deadline_timer",
        "execution",
        "inbox",
        "is_busy",
        "is_failing",
        "is_looked_at",
        "is_told_pause",
        "key",
        "look_again",
        "news",
        "open",
        "queue",
        "received",
        "session",
        "slept",
        "state_bytes",
        "step_count",
        "timer",
        "token",
        "untold",
    )

    def __init__(self, execution: Execution, session: Session) -> None:
        self.execution = execution
        self.session = session
        self.key = str(execution.id)
        self.token = execution.token
        self.inbox = execution.inbox
        """What of its inbox its worker was told."""
        self.cancelling = execution.cancelling
        self.is_told_pause = False
        self._flags = (False, False)
        self.is_failing = False
        """Its time is over: what ends as cancelled has failed."""
        self.open: dict[str, Step] = {}
        """Steps that have not ended, and that not its worker alone knows of."""
        self.slept: dict[str, Step] = {}
        """Sleeps that are over, to be written with the next commit."""
        self.untold: dict[str, Step] = {}
        """Steps that ended without the worker, and that it may not know as such."""
        self.news = 0
        """How often it was told of something from outside."""
        self.state_bytes = 0
        self.step_count = execution.step_count
        self.received = 0
        """The last message of its worker about it."""
        self.committed = 0
        """The last one that is committed."""
        self.queue: deque[messages.ExecutionProgress] = deque()
        self.is_busy = False
        self.is_looked_at = False
        self.look_again = False
        self.timer: asyncio.TimerHandle | None = None
        self.deadline_timer: asyncio.TimerHandle | None = None

    @property
    def project_id(self) -> UUID:
        """Whose it is."""
        return self.execution.project_id

    @property
    def id(self) -> UUID:
        """Its id."""
        return self.execution.id

    def take_steps(self, steps: list[Step] | tuple[Step, ...]) -> None:
        """Takes note of steps as they are committed, or about to be."""
        for step in steps:
            if step.status.has_ended:
                self.open.pop(step.id, None)
            else:
                self.open[step.id] = step

    def next_wake(self) -> datetime | None:
        """Returns when the first of its steps is over, or to be tried again; None if none has a time."""
        times = [step.wake_time for step in self.open.values() if step.wake_time is not None]
        return min(times, default=None)

    def seen(self, news: int) -> bool:
        """Takes note of what its worker had seen when it sent a message, and tells whether it was all."""
        if news < self.news:
            return False
        self.untold.clear()
        return True

    def learned_flags(self) -> bool:
        """Tells whether its worker is now to be told to stop or to pause for the first time."""
        flags = (self.cancelling or self.is_failing, self.is_told_pause)
        is_new, self._flags = flags != self._flags, flags
        return is_new

    def seen_inbox(self, *, all_seen: bool) -> int:
        """Returns the inbox that a rest names: one below all is queued at once, unless it is paused."""
        return self.inbox if all_seen and not self.untold and not self.is_told_pause else -1

    def parked(self, *, all_seen: bool = True) -> Parked:
        """Returns how it rests."""
        return Parked(
            inbox=self.seen_inbox(all_seen=all_seen),
            due_time=self.due_time(),
            waiting_for=self.waiting_for(),
        )

    def due_time(self) -> datetime | None:
        """Returns when somebody has to look at it at the latest."""
        wake, deadline = self.next_wake(), None if self.is_failing else self.execution.deadline
        if wake is None or deadline is None:
            return wake or deadline
        return min(wake, deadline)

    def waiting_for(self) -> WaitReason:
        """Returns what it waits for, for people: what its first open step does."""
        if not self.open:
            return WaitReason.NONE
        first = min(self.open.values(), key=lambda step: step.position)
        return first.waiting_for or WaitReason.TIME

    def stop_timers(self) -> None:
        """It is held no longer."""
        for timer in (self.timer, self.deadline_timer):
            if timer is not None:
                timer.cancel()
        self.timer = self.deadline_timer = None
