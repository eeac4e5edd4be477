"""What a plan is collected in, and the times at which something is due."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from timeloom_workflows.dag.nodes import Node
from timeloom_workflows.dag.plan import Work
from timeloom_workflows.definitions.model import CONTAINERS
from timeloom_workflows.model import HistoryEntry, HistoryType, Step, StepStatus, WaitReason

_REASONS: Final = (
    WaitReason.APPROVAL,
    WaitReason.SIGNAL,
    WaitReason.EVENT,
    WaitReason.WEBHOOK,
    WaitReason.EXECUTION,
    WaitReason.WORKER,
    WaitReason.TIME,
)
"""What people can do most about comes first."""

_ENTRIES: Final = {
    StepStatus.PENDING: HistoryType.STEP_SCHEDULED,
    StepStatus.RUNNING: HistoryType.STEP_STARTED,
    StepStatus.RETRYING: HistoryType.STEP_RETRYING,
    StepStatus.WAITING: HistoryType.STEP_WAITING,
    StepStatus.SUCCEEDED: HistoryType.STEP_SUCCEEDED,
    StepStatus.FAILED: HistoryType.STEP_FAILED,
    StepStatus.CANCELLED: HistoryType.STEP_CANCELLED,
    StepStatus.SKIPPED: HistoryType.STEP_SKIPPED,
}


class Changes:
    """What one plan changes."""

    def __init__(self) -> None:
        self.rows: dict[str, Step] = {}
        self.entries: list[HistoryEntry] = []
        self.begun: dict[str, Work] = {}
        self.found: dict[str, Work] = {}
        self.stopped: dict[str, Step] = {}
        self.overdue: list[Step] = []

    def write(self, row: Step) -> None:
        """Adds a row, and what the history says of it."""
        self.rows[row.id] = row
        self.entries.append(entry_of(row))

    def stop(self, row: Step) -> None:
        """Adds that a step does not go on; one that this plan began never will have."""
        self.found.pop(row.id, None)
        if self.begun.pop(row.id, None) is None:
            self.stopped[row.id] = row


def entry_of(row: Step) -> HistoryEntry:
    """Returns what the history says about a step that has come to where it is."""
    attributes: dict[str, Any] = {}
    if row.error and row.status in (StepStatus.RETRYING, StepStatus.FAILED):
        attributes["error"] = msgspec.Raw(row.error)
    if row.waiting_name and row.status == StepStatus.WAITING:
        attributes["waitingName"] = row.waiting_name
    return HistoryEntry(
        type=_ENTRIES[row.status],
        step_id=row.id,
        attempt=row.attempt,
        attributes=msgspec.json.encode(attributes) if attributes else None,
    )


class Living:
    """The steps that have begun and not ended, what they wait for, and when they are due."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._leaves: Counter[tuple[StepStatus, WaitReason]] = Counter()
        self._times: list[tuple[datetime, str]] = []

    def __bool__(self) -> bool:
        return bool(self._nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(list(self._nodes.values()))

    def get(self, step_id: str) -> Node | None:
        """Returns a step; None if it has not begun, or has ended."""
        return self._nodes.get(step_id)

    def put(self, node: Node, row: Step) -> None:
        """Gives a step another row."""
        if self._nodes.pop(row.id, None) is not None:
            self._count(node, -1)
        node.row = row
        if not row.status.has_ended:
            self._nodes[row.id] = node
            self._count(node, 1)
            if row.wake_time is not None:
                heapq.heappush(self._times, (row.wake_time, row.id))

    def due(self, now: datetime) -> Iterator[Node]:
        """Yields the steps whose time has come, each once."""
        while (time := self.due_time()) is not None and time <= now:
            _, step_id = heapq.heappop(self._times)
            yield self._nodes[step_id]

    def due_time(self) -> datetime | None:
        """Returns when the next step is due; None if none ever is."""
        while self._times:
            time, step_id = self._times[0]
            node = self._nodes.get(step_id)
            if node is not None and node.row.wake_time == time:
                return time
            heapq.heappop(self._times)
        return None

    @property
    def is_running(self) -> bool:
        """Whether something runs."""
        return self._leaves[(StepStatus.RUNNING, WaitReason.NONE)] > 0

    @property
    def waiting_for(self) -> WaitReason:
        """What is waited for; nothing while something runs."""
        if self.is_running:
            return WaitReason.NONE
        reasons = {reason for (_, reason), count in self._leaves.items() if count > 0}
        return next((reason for reason in _REASONS if reason in reasons), WaitReason.NONE)

    def _count(self, node: Node, by: int) -> None:
        if not isinstance(node.spec, CONTAINERS):
            self._leaves[(node.row.status, node.row.waiting_for)] += by
