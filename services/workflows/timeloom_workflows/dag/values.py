"""What expressions see in an execution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from timeloom_platform.bounded import LruCache
from timeloom_workflows.dag.facts import Facts
from timeloom_workflows.dag.nodes import ListRun, Node
from timeloom_workflows.definitions import expressions
from timeloom_workflows.definitions.expressions import EvaluationError, StepNames
from timeloom_workflows.definitions.model import StepList, ancestors_of
from timeloom_workflows.limits import DOCUMENT_BYTES_MAX
from timeloom_workflows.model import StepStatus

VIEWS_MAX: Final = 64
"""Steps that are kept as values: those around one need the same ones again and again."""


class Values:
    """The variables of one execution."""

    def __init__(self, facts: Facts) -> None:
        self._base = {
            expressions.INPUT: msgspec.json.decode(facts.input) if facts.input else None,
            expressions.EXECUTION: facts.variable(),
        }
        self._views: LruCache[str, dict[str, Any]] = LruCache(VIEWS_MAX)

    def seen_from(self, list_: ListRun, names: StepNames, *, before: str = "") -> Mapping[str, Any]:
        """Returns the variables that a step of a list sees.

        Args:
            list_: The list that it is in, or that has just ended.
            names: The steps that it looks at.
            before: The step's id: of its list it sees those that ran before it; all if empty.
        """
        return {**self._base, **list_.local, expressions.STEPS: self._steps(list_, names, before)}

    def output_of(self, list_: ListRun) -> Any:
        """Returns what a list comes to: the output of its last step."""
        node = list_.last_node()
        return None if node is None else self.output(node)

    def output(self, node: Node) -> Any:
        """Returns what a step came to, or what stands for it."""
        return self._view(node)["output"]

    def forget(self, node: Node) -> None:
        """Lets go of what was known of a step: it has changed."""
        self._views.discard(node.row.id)

    def _steps(self, list_: ListRun, names: StepNames, before: str) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        around: ListRun | None = list_
        while around is not None:
            for step_id in _wanted(around.steps, names, before):
                node = around.nodes.get(step_id)
                if node is not None and node.row.status.has_ended and step_id not in seen:
                    seen[step_id] = self._view(node)
            parent = around.parent
            around, before = (parent.list, parent.spec.id) if parent is not None else (None, "")
        return seen

    def _view(self, node: Node) -> dict[str, Any]:
        row = node.row
        view = self._views.get(row.id)
        if view is None:
            output = node.output if node.is_replaced else msgspec.json.decode(row.output or b"null")
            error = row.error if row.status == StepStatus.FAILED else None
            view = {
                "status": row.status.name,
                "output": output,
                "error": msgspec.json.decode(error) if error else None,
            }
            self._views.put(row.id, view)
        return view


def encoded(value: Any) -> bytes:
    """Returns a value as a document.

    Raises:
        EvaluationError: It is too large.
    """
    document = msgspec.json.encode(value)
    if len(document) > DOCUMENT_BYTES_MAX:
        raise EvaluationError(f"has {len(document):,} bytes; at most {DOCUMENT_BYTES_MAX:,} are allowed")
    return document


def _wanted(steps: StepList, names: StepNames, before: str) -> Iterable[str]:
    if not names.is_whole:
        return names.ids & steps.by_id.keys()
    return ancestors_of(steps, before) if before else steps.by_id.keys()
