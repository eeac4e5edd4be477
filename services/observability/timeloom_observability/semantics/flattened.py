"""Lists and trees that were flattened into attributes, put together again.

`llm.input_messages.0.message.role` and its like become `[{"role": …}, …]`. Levels that only name what is in
them (`message`, `tool_call`) are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

_LEVELS_MAX: Final = 12
"""What is nested deeper stays flat."""

_WRAPPERS: Final = frozenset({"message", "message_content", "tool_call", "document", "embedding"})


def unflattened(attributes: Mapping[str, Any], prefix: str) -> tuple[Any, list[str]]:
    """Returns what the attributes with a prefix make, and the names of those that went into it."""
    tree: dict[str, Any] = {}
    used: list[str] = []
    for name, value in attributes.items():
        if name.startswith(prefix):
            path = name[len(prefix) :].split(".")
            if len(path) <= _LEVELS_MAX and _grow(tree, path, value):
                used.append(name)
    return _settled(tree), used


def _grow(tree: dict[str, Any], path: list[str], value: Any) -> bool:
    """Puts a value at its place, unless another stands in its way."""
    for step in path[:-1]:
        below: Any = tree.setdefault(step, _Branch())
        if not isinstance(below, _Branch):
            return False
        tree = below
    if path[-1] in tree:
        return False
    tree[path[-1]] = value
    return True


class _Branch(dict[str, Any]):
    """A level of the tree, as opposed to a dict that was sent as a value."""


def _settled(tree: dict[str, Any]) -> Any:
    """Returns a level with lists where all names are numbers, in their order, however sparse they are."""
    if tree and all(name.isdecimal() and name.isascii() for name in tree):
        return [_settled_value(tree[name]) for name in sorted(tree, key=_number)]
    if len(tree) == 1 and (only := next(iter(tree))) in _WRAPPERS:
        return _settled_value(tree[only])
    return {name: _settled_value(value) for name, value in tree.items()}


def _settled_value(value: Any) -> Any:
    return _settled(value) if isinstance(value, _Branch) else value


def _number(name: str) -> tuple[int, str]:
    """Orders decimal numbers of any length without making numbers of them."""
    digits = name.lstrip("0")
    return len(digits), digits


def prefixes_in(names: Iterable[str], prefixes: tuple[str, ...]) -> list[str]:
    """Returns which of the prefixes occur."""
    present = {prefix for name in names for prefix in prefixes if name.startswith(prefix)}
    return [prefix for prefix in prefixes if prefix in present]
