"""Applying deltas: states are never changed in place, and share what did not change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NoReturn

from timeloom.state._kinds import kind_of
from timeloom.state._operations import DeltaError, Operation, Path, Remove, Set, Splice


def apply(state: Any, operations: Sequence[Operation]) -> Any:
    """Returns the state after a delta; the state given stays as it is, and the two share all that is equal.

    Raises:
        DeltaError: an operation does not fit the state.
    """
    writer = _Writer(state)
    writer.apply(operations)
    return writer.state


def apply_all(state: Any, deltas: Iterable[Sequence[Operation]]) -> Any:
    """Returns the state after several deltas; what they change is copied once, not once a delta.

    Raises:
        DeltaError: an operation does not fit the state.
    """
    writer = _Writer(state)
    for operations in deltas:
        writer.apply(operations)
    return writer.state


class _Writer:
    """A state under change: containers are copied when they are first written to."""

    __slots__ = ("_owned", "state")

    def __init__(self, state: Any) -> None:
        self.state = state
        # The copies made here, by identity. The references keep them alive, so that no identity is used
        # again.
        self._owned: dict[int, Any] = {}

    def apply(self, operations: Sequence[Operation]) -> None:
        for index, operation in enumerate(operations):
            try:
                self._apply_one(operation)
            except _MisfitError as misfit:
                raise DeltaError(f"operation {index} at {list(operation.path)}: {misfit}") from None

    def _apply_one(self, operation: Operation) -> None:
        path = operation.path
        if type(operation) is Splice:
            self._splice(operation)
        elif not path:
            if type(operation) is Remove:
                _misfit("the root cannot be removed")
            assert type(operation) is Set
            self.state = operation.value
        elif type(operation) is Set:
            self._set(self._container(path[:-1]), path[-1], operation.value)
        else:
            self._remove(self._container(path[:-1]), path[-1])

    def _set(self, container: Any, key: str | int, value: Any) -> None:
        if kind_of(container) is not dict or kind_of(key) is not str:
            _child(container, key)
        container[key] = value

    def _remove(self, container: Any, key: str | int) -> None:
        if kind_of(container) is not dict:
            _misfit("only the members of an object are removed; a list is spliced")
        _child(container, key)
        del container[key]

    def _splice(self, operation: Splice) -> None:
        path, index, values = operation.path, operation.index, operation.values
        end = index + operation.delete_count
        if kind_of(values) is str:
            text = self._value(path)
            if kind_of(text) is not str:
                _misfit(f"text cannot be spliced into {_kind(text)}")
            _check_range(index, end, len(text))
            self._apply_one(Set(path, f"{text[:index]}{values}{text[end:]}"))
            return
        target = self._container(path)
        if kind_of(target) is not list:
            _misfit(f"elements cannot be spliced into {_kind(target)}")
        _check_range(index, end, len(target))
        target[index:end] = values

    def _value(self, path: Path) -> Any:
        value = self.state
        for key in path:
            value = _child(value, key)
        return value

    def _container(self, path: Path) -> Any:
        """Returns the container at a path, free to be written to."""
        owned = self._owned
        node = self.state
        if id(node) not in owned:
            node = self.state = self._own(node)
        for key in path:
            child = _child(node, key)
            if id(child) not in owned:
                child = node[key] = self._own(child)
            node = child
        return node

    def _own(self, container: Any) -> Any:
        if kind_of(container) is not dict and kind_of(container) is not list:
            _misfit(f"there is nothing below {_kind(container)}")
        copy = container.copy()
        self._owned[id(copy)] = copy
        return copy


class _MisfitError(Exception):
    """An operation does not fit the state."""


def _misfit(problem: str) -> NoReturn:
    raise _MisfitError(problem)


def _child(container: Any, key: str | int) -> Any:
    if kind_of(container) is dict:
        if key not in container:
            _misfit(f"there is no member {key!r}")
    elif kind_of(container) is list:
        if type(key) is not int or key >= len(container):
            _misfit(f"there is no element {key!r} in a list of {len(container)}")
    else:
        _misfit(f"there is nothing below {_kind(container)}")
    return container[key]


def _check_range(index: int, end: int, length: int) -> None:
    if end > length:
        _misfit(f"{index} to {end} is not within the {length} that are there")


_KINDS: Final[dict[object, str]] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a truth value",
    type(None): "null",
}


def _kind(value: Any) -> str:
    return _KINDS[kind_of(value)]
