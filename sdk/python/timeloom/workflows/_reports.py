"""What is to be told of an execution, and what was told and is not answered."""

from __future__ import annotations

from collections import deque
from typing import Final

from timeloom.workflows import _times
from timeloom.workflows.functions import Durability
from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2 as pb

RUN_BY_WORKER: Final = frozenset({pb.STEP_TYPE_RUN, pb.STEP_TYPE_COMPENSATION})
ENDED: Final = frozenset(
    {
        pb.STEP_STATUS_SUCCEEDED,
        pb.STEP_STATUS_FAILED,
        pb.STEP_STATUS_CANCELLED,
        pb.STEP_STATUS_SKIPPED,
    }
)


class Reports:
    """Collects records until they are to be sent, and keeps messages until they are answered.

    Attributes:
        unsent: Records that no message has yet.
        unsent_bytes: What they take, about.
        unacked: Messages that were sent, each with the number of steps whose end it tells of.
    """

    def __init__(self, durability: Durability) -> None:
        self.unsent: list[messages.StepRecord] = []
        self.unsent_bytes = 0
        self.unacked: deque[tuple[messages.ExecutionProgress, int]] = deque()
        self._durability = durability
        self._unsent_since_us = 0
        self._is_urgent = False
        self._uncommitted = 0
        self._number = 0
        self._news = 0

    def add(
        self, record: messages.StepRecord, *, now_us: int, size: int = 0, is_urgent: bool = False
    ) -> None:
        """Take what is to be told of a step."""
        if not self.unsent:
            self._unsent_since_us = now_us
        self.unsent.append(record)
        self.unsent_bytes += size + len(record.input)
        self._is_urgent |= is_urgent
        self._uncommitted += _counts(record)

    @property
    def is_full(self) -> bool:
        """Whether so many steps have ended, and are not committed, that no other one may begin."""
        return self._uncommitted >= self._durability.steps_max

    def is_due(self, now_us: int) -> bool:
        """Whether there is something that is to be sent now."""
        if not self.unsent:
            return False
        waited_us = now_us - self._unsent_since_us
        return self._is_urgent or self.is_full or waited_us >= self._durability.seconds_max * _times.SECOND_US

    def seal(self, message: messages.ExecutionProgress, *, execution_id: str, token: int) -> None:
        """Complete a message by all that is to be told, and keep it until it is answered."""
        self._number += 1
        message.execution_id = execution_id
        message.token = token
        message.number = self._number
        message.news = self._news
        message.steps.extend(self.unsent)
        self.unacked.append((message, sum(map(_counts, self.unsent))))
        self.unsent.clear()
        self.unsent_bytes = 0
        self._is_urgent = False

    def acked(self, ack: messages.ProgressAck) -> None:
        """Forget what is committed."""
        while self.unacked and self.unacked[0][0].number <= ack.number:
            self._uncommitted -= self.unacked.popleft()[1]

    def saw(self, news: int) -> None:
        """Note what the code was told of the outside."""
        self._news = max(self._news, news)

    def restart(self) -> None:
        """Begin anew under another token; nothing is unanswered."""
        self.unacked.clear()
        self._number = self._news = 0

    def renumber(self, token: int) -> None:
        """Go on under another token: what was not answered is to be sent again under it."""
        self._number = self._news = 0
        for message, _ in self.unacked:
            self._number += 1
            message.token, message.number, message.news = token, self._number, 0


def _counts(record: messages.StepRecord) -> bool:
    """Whether a step would run again if this were lost."""
    return record.type in RUN_BY_WORKER and record.status in ENDED
