"""Steps that have lists of steps: which of these are gone through, and what they come to together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec

from timeloom_workflows.dag.nodes import Frame, ListRun, Node
from timeloom_workflows.dag.values import Values
from timeloom_workflows.definitions import expressions
from timeloom_workflows.definitions.expressions import EvaluationError
from timeloom_workflows.definitions.kinds import is_list
from timeloom_workflows.definitions.model import (
    ConditionStep,
    Container,
    ForeachStep,
    LoopStep,
    ParallelStep,
    StepList,
    SwitchStep,
)
from timeloom_workflows.limits import ITEMS_PER_FOREACH_MAX
from timeloom_workflows.model import Failure, Step

LOOP_ERROR: Final = "LoopLimitError"


class Tree(Protocol):
    """What a container can bring about."""

    values: Values

    def enter(self, list_: ListRun) -> None:
        """Begins to go through a list."""

    def leave(self, list_: ListRun) -> None:
        """Cancels what is still going on in a list."""

    def succeed(self, node: Node, output: Any) -> None:
        """Ends a container with an output."""

    def fail(self, node: Node, failure: Failure) -> None:
        """Ends a container that failed."""


def decision_of(spec: Container, variables: Mapping[str, Any]) -> Any:
    """Returns which way a container takes, or what it goes through: it is kept as the input of its step.

    Raises:
        EvaluationError: An expression has no value, or none that can be used.
    """
    match spec:
        case ConditionStep():
            return {"branch": "then" if spec.test.holds(variables) else "else"}
        case SwitchStep():
            value = spec.value.value(variables)
            cases = (index for index, case in enumerate(spec.cases) if _is_equal(case.equals, value))
            return {"value": value, "case": next(cases, None)}
        case ForeachStep():
            return {"items": _items(spec.items.render(variables))}
        case ParallelStep() | LoopStep():
            return None


def _items(value: Any) -> list[Any]:
    if not is_list(value):
        raise EvaluationError(f"`items` must be a list, not {type(value).__name__}")
    if len(value) > ITEMS_PER_FOREACH_MAX:
        raise EvaluationError(
            f"`items` has {len(value):,} elements; at most {ITEMS_PER_FOREACH_MAX:,} are allowed"
        )
    return value


def has_begun(spec: Container, row: Step) -> bool:
    """Tells whether a container's row says which way it takes."""
    return row.input is not None or isinstance(spec, ParallelStep | LoopStep)


def decision_in(row: Step) -> Any:
    """Returns what `decision_of` returned when a container began."""
    return None if row.input is None else msgspec.json.decode(row.input)


def begin(tree: Tree, node: Node, spec: Container, decision: Any, *, is_frozen: bool) -> None:
    """Begins what goes on within a container, or goes through what went on.

    Args:
        tree: What it is in.
        node: The container.
        spec: What the definition says about it.
        decision: What `decision_of` returned when it began.
        is_frozen: Nothing begins in it any more.
    """
    frame = node.frame = Frame()
    match spec:
        case ConditionStep():
            is_then = decision["branch"] == "then"
            steps = spec.then if is_then else spec.otherwise
            _enter(tree, node, steps, f".{'then' if is_then else 'else'}.", is_frozen=is_frozen)
        case SwitchStep():
            taken: int | None = decision["case"]
            steps = spec.default if taken is None else spec.cases[taken].steps
            way = ".default." if taken is None else f".cases[{taken}]."
            _enter(tree, node, steps, way, is_frozen=is_frozen)
        case ParallelStep():
            for index, branch in enumerate(spec.branches):
                _enter(tree, node, branch, f"[{index}].", index=index, is_frozen=is_frozen)
        case ForeachStep():
            frame.items = decision["items"]
            first = len(frame.items) if is_frozen else spec.concurrency
            for _ in range(min(first, len(frame.items))):
                _next_item(tree, node, spec, is_frozen=is_frozen)
            if not frame.items and not is_frozen:
                tree.succeed(node, [])
        case LoopStep():
            _next_turn(tree, node, spec, after=None, is_frozen=is_frozen)


def list_ended(tree: Tree, node: Node, spec: Container, list_: ListRun) -> None:
    """Goes on after all steps of a list within a container have ended.

    Raises:
        EvaluationError: An expression has no value.
    """
    frame = node.frame
    assert frame is not None, "it has a list"
    if list_.is_frozen:
        if isinstance(spec, LoopStep):
            _next_turn(tree, node, spec, after=list_, is_frozen=True)
        return
    match spec:
        case ConditionStep() | SwitchStep():
            tree.succeed(node, tree.values.output_of(list_))
        case ParallelStep():
            frame.results[list_.index] = tree.values.output_of(list_)
            if len(frame.results) >= spec.required:
                tree.succeed(node, [frame.results.get(index) for index in range(len(spec.branches))])
        case ForeachStep():
            frame.results[list_.index] = _collected(tree, spec, list_)
            del frame.lists[list_.index]
            if len(frame.results) == len(frame.items):
                tree.succeed(node, [frame.results[index] for index in range(len(frame.items))])
            elif frame.next_index < len(frame.items):
                _next_item(tree, node, spec, is_frozen=False)
        case LoopStep():
            _next_turn(tree, node, spec, after=list_, is_frozen=False)


def list_failed(tree: Tree, node: Node, spec: Container, list_: ListRun, failure: Failure) -> None:
    """Goes on after a step of a list within a container has failed, and nothing stands in for it."""
    frame = node.frame
    assert frame is not None, "it has a list"
    if isinstance(spec, ParallelStep):
        frame.failed_count += 1
        if len(spec.branches) - frame.failed_count >= spec.required:
            tree.leave(list_)
            return
    tree.fail(node, failure)


def _enter(
    tree: Tree,
    node: Node,
    steps: StepList,
    suffix: str,
    *,
    index: int = 0,
    local: Mapping[str, Any] | None = None,
    is_frozen: bool,
) -> None:
    assert node.frame is not None, "it has begun"
    list_ = ListRun(
        steps,
        prefix=node.row.id + suffix,
        parent=node,
        index=index,
        local={**node.list.local, **(local or {})},
        is_frozen=is_frozen,
    )
    node.frame.lists[index] = list_
    tree.enter(list_)


def _next_item(tree: Tree, node: Node, spec: ForeachStep, *, is_frozen: bool) -> None:
    frame = node.frame
    assert frame is not None, "it has begun"
    index = frame.next_index
    frame.next_index += 1
    local = {expressions.ITEM: frame.items[index], expressions.INDEX: index}
    _enter(tree, node, spec.steps, f"[{index}].", index=index, local=local, is_frozen=is_frozen)


def _collected(tree: Tree, spec: ForeachStep, list_: ListRun) -> Any:
    if spec.collect is None:
        return tree.values.output_of(list_)
    return spec.collect.render(tree.values.seen_from(list_, spec.collect.names))


def _next_turn(tree: Tree, node: Node, spec: LoopStep, *, after: ListRun | None, is_frozen: bool) -> None:
    """Begins the next turn, or ends the loop."""
    frame = node.frame
    assert frame is not None, "it has begun"
    if after is not None:
        frame.previous = tree.values.output_of(after)
        del frame.lists[after.index]
    index = frame.next_index
    local = {expressions.ITERATION: index, expressions.PREVIOUS: frame.previous}
    if not is_frozen:
        if (after is not None or not spec.is_until) and _is_over(tree, node, spec, after, local):
            tree.succeed(node, frame.previous)
            return
        if index >= spec.max_iterations:
            tree.fail(node, _too_many(node, spec))
            return
    elif index >= spec.max_iterations:
        return
    frame.next_index += 1
    _enter(tree, node, spec.steps, f"[{index}].", index=index, local=local, is_frozen=is_frozen)


def _is_over(tree: Tree, node: Node, spec: LoopStep, after: ListRun | None, local: Mapping[str, Any]) -> bool:
    """Looks at the test, which sees the steps of the turn that has just ended."""
    list_ = after or node.list
    seen = {
        **tree.values.seen_from(list_, spec.test.names, before="" if after is not None else node.spec.id),
        **local,
    }
    return spec.test.holds(seen) == spec.is_until


def _too_many(node: Node, spec: LoopStep) -> Failure:
    return Failure(
        type=LOOP_ERROR,
        message=f"It has not come to its end in {spec.max_iterations:,} turns",
        step_id=node.row.id,
        is_final=True,
    )


def _is_equal(left: object, right: object) -> bool:
    """Tells whether two JSON values are the same; 1 and 1.0 are, 1 and true are not."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list | dict) and isinstance(right, list | dict):
        return msgspec.json.encode(left, order="sorted") == msgspec.json.encode(right, order="sorted")
    return left == right
