"""A plan on its way to its commit: what it says, with what the driver adds to its rows."""

from __future__ import annotations

from collections.abc import Mapping

from timeloom_workflows.dag.plan import Plan, Work
from timeloom_workflows.engine.commands import NewExecution
from timeloom_workflows.model import HistoryEntry, Step


class Draft:
    """What is to be committed together, and what is done then.

    Attributes:
        open: What is being done, by the id of its step.
        plan: The last one: how the execution stands after all of them.
        rows: As they are to be, by id.
        children: Executions that steps begin.
        works: What the engine does once it is committed.
        direct: Tasks that workers of this replica do once it is committed.
        queued: Tasks that any worker may do once it is committed.
        stopped: What is not to be gone on with.
        looks_back: Steps that begin to wait for what may have come before.
        is_contested: It decides about steps that somebody else may have decided about meanwhile.
    """

    def __init__(self, open_: Mapping[str, Work]) -> None:
        self.open = open_
        self.plan = Plan()
        self.rows: dict[str, Step] = {}
        self.entries: list[HistoryEntry] = []
        self.children: dict[str, NewExecution] = {}
        self.works: dict[str, Work] = {}
        self.direct: dict[str, Work] = {}
        self.queued: dict[str, Work] = {}
        self.stopped: dict[str, Step] = {}
        self.looks_back: dict[str, Step] = {}
        self.is_contested = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.rows or self.entries)

    @property
    def begins_something(self) -> bool:
        """Whether something is done once it is committed."""
        return bool(self.works or self.direct or self.queued or self.looks_back)

    def add(self, plan: Plan) -> None:
        """Takes what a plan says."""
        self.plan = plan
        self.entries += plan.entries
        for row in plan.steps:
            self.rows[row.id] = row
        for row in plan.stopped:
            # What this very draft would have begun never begins.
            self.children.pop(row.id, None)
            begun = [each.pop(row.id, None) for each in (self.works, self.queued, self.looks_back)]
            if not any(begun):
                self.stopped[row.id] = row

    def write(self, row: Step, entry: HistoryEntry | None = None) -> None:
        """Puts another row in the place of the plan's."""
        self.rows[row.id] = row
        if entry is not None:
            self.entries.append(entry)
