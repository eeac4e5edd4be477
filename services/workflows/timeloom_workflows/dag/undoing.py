"""What is undone when an execution is cancelled, or fails and says so: in reverse order of what was done."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from timeloom_workflows.dag.nodes import Node
from timeloom_workflows.model import Failure, Step, StepStatus

COMPENSATION_ERROR: Final = "CompensationError"


class Undoing:
    """The steps that have succeeded and say how they are undone, and what became of undoing them."""

    def __init__(self) -> None:
        self._done: dict[str, Node] = {}
        self._pending: list[Node] | None = None
        self._ended_count = 0
        self._failed: list[Step] = []

    @property
    def has_begun(self) -> bool:
        """Whether things are being undone."""
        return self._pending is not None

    def add(self, node: Node) -> None:
        """Takes a step that has succeeded."""
        if node.spec.compensation is not None and not self.has_begun:
            self._done[node.row.id] = node

    def begin(self, *, undoes: bool) -> None:
        """Takes no more steps; nothing is undone unless that is wanted."""
        self._pending = sorted(self._done.values(), key=_order) if undoes else []

    def next(self) -> Node | None:
        """Returns the step that is to be undone next; None if all are."""
        return self._pending.pop() if self._pending else None

    def ended(self, row: Step) -> None:
        """Takes what became of a compensation."""
        self._ended_count += 1
        if row.status == StepStatus.FAILED:
            self._failed.append(row)

    def failure(self) -> Failure | None:
        """Returns what is left of it; None if all was undone."""
        if not self._failed:
            return None
        names = ", ".join(row.parent_id for row in self._failed[:3])
        more = f" and {len(self._failed) - 3} more" if len(self._failed) > 3 else ""
        return Failure(
            type=COMPENSATION_ERROR,
            message=f"{names}{more} could not be undone",
            step_id=self._failed[0].id,
            is_final=True,
        )


def _order(node: Node) -> tuple[datetime, int]:
    row = node.row
    return row.end_time or row.create_time, row.position
