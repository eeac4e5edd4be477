"""An execution as a tree: lists of steps, and steps that have lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from timeloom_workflows.definitions.model import Step as StepSpec
from timeloom_workflows.definitions.model import StepList
from timeloom_workflows.model import Step, StepStatus


class Node:
    """A step that has begun, or that the way went past.

    Attributes:
        row: As it is, or is about to be.
        list: The list that it is in.
        frame: What goes on within it; None if it has no lists, or they are of no interest any more.
        is_replaced: Its output comes from elsewhere: `output` is it.
        is_settled: The steps that need it may begin.
    """

    __slots__ = ("frame", "is_replaced", "is_settled", "list", "output", "row", "spec")

    def __init__(self, spec: StepSpec, list_: ListRun, row: Step) -> None:
        self.spec = spec
        self.list = list_
        self.row = row
        self.frame: Frame | None = None
        self.is_replaced = False
        self.output: Any = None
        self.is_settled = False


class ListRun:
    """A list of steps that is gone through: once, for an item, or in a turn.

    Attributes:
        prefix: Of the ids of its steps.
        parent: The step that it is within; None at the top.
        index: Which branch, item or turn it is.
        local: The variables that only it has, and those of the lists around it.
        needed: How many steps each of its steps still waits for.
        open_count: How many of its steps are not settled.
        failing: The steps that failed, by the id of the one that stands in for them.
        is_frozen: Nothing new begins in it: it is only gone through for what was done in it.
        is_over: Nothing that happens in it matters any more.
    """

    __slots__ = (
        "failing",
        "index",
        "is_frozen",
        "is_over",
        "local",
        "needed",
        "nodes",
        "open_count",
        "parent",
        "prefix",
        "steps",
    )

    def __init__(
        self,
        steps: StepList,
        *,
        prefix: str,
        parent: Node | None = None,
        index: int = 0,
        local: dict[str, Any] | None = None,
        is_frozen: bool = False,
    ) -> None:
        self.steps = steps
        self.prefix = prefix
        self.parent = parent
        self.index = index
        self.local = local or {}
        self.needed = {step.id: len(step.needs) for step in steps.steps}
        self.nodes: dict[str, Node] = {}
        self.open_count = sum(not step.is_fallback for step in steps.steps)
        self.failing: dict[str, list[Node]] = {}
        self.is_frozen = is_frozen
        self.is_over = False

    def last_node(self) -> Node | None:
        """Returns the last step of the definition that was not skipped; None if there is none."""
        for step in reversed(self.steps.steps):
            node = self.nodes.get(step.id)
            if node is not None and not step.is_fallback and node.row.status != StepStatus.SKIPPED:
                return node
        return None


class Frame:
    """What goes on within a step that has lists.

    Attributes:
        lists: Those that are gone through now, by branch, item or turn.
        results: What lists came to.
        items: What a foreach goes through.
        next_index: Of the next item or turn.
        failed_count: How many branches have failed.
        previous: What the turn before came to.
    """

    __slots__ = ("failed_count", "items", "lists", "next_index", "previous", "results")

    def __init__(self) -> None:
        self.lists: dict[int, ListRun] = {}
        self.results: dict[int, Any] = {}
        self.items: list[Any] = []
        self.next_index = 0
        self.failed_count = 0
        self.previous: Any = None


def nodes_of(list_: ListRun) -> Iterator[Node]:
    """Yields the steps of a list that have begun, and those within them."""
    for node in list_.nodes.values():
        yield node
        if node.frame is not None:
            for inner in node.frame.lists.values():
                yield from nodes_of(inner)
