"""Turning deltas round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from timeloom.state._apply import apply
from timeloom.state._kinds import kind_of
from timeloom.state._operations import Operation, Path, Remove, Set, Splice


def invert(state: Any, operations: Sequence[Operation]) -> list[Operation]:
    """Returns the delta that leads back to a state from the one that a delta leads to.

    It costs what applying the delta costs; `diff` would look at both states.

    Args:
        state: the state that the delta applies to.
        operations: the delta.

    Raises:
        DeltaError: an operation does not fit the state.
    """
    inverted: list[Operation] = []
    for operation in operations:
        after = apply(state, [operation])
        inverted.append(_inverse_of(state, operation))
        state = after
    return inverted[::-1]


def _inverse_of(state: Any, operation: Operation) -> Operation:
    """Returns what undoes one operation, which is known to fit the state."""
    path = operation.path
    if type(operation) is Splice:
        return _inverse_splice(_value_at(state, path), operation)
    if not path:
        return Set((), state)
    container, key = _value_at(state, path[:-1]), path[-1]
    if kind_of(container) is dict and key not in container:
        return Remove(path)
    return Set(path, container[key])


def _inverse_splice(target: Any, operation: Splice) -> Splice:
    start, end = operation.index, operation.index + operation.delete_count
    return Splice(operation.path, start, len(operation.values), target[start:end])


def _value_at(state: Any, path: Path) -> Any:
    value = state
    for key in path:
        value = value[key]
    return value
