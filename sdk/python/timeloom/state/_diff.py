"""Finding the delta between two states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from timeloom.state import align, canonical
from timeloom.state._apply import apply
from timeloom.state._estimate import is_longer_than
from timeloom.state._kinds import is_list, is_object, kind_of
from timeloom.state._operations import OPERATIONS_MAX, Operation, Remove, Set, Splice, encode

_DEPTH_MAX: Final = 64
"""Below this depth a value that differs is set as a whole: paths would be as long as what they lead to."""

_TEXT_LENGTH_MIN: Final = 64
"""Shorter strings are set as a whole."""


def diff(old: Any, new: Any) -> list[Operation]:
    """Returns the operations that turn one JSON value into another; none if they are strictly equal.

    The delta is never longer, encoded, than one that sets the new value as a whole. It refers to parts of the
    new value, which must not be changed afterwards.
    """
    return _Differ(lambda value, _depth: value).run(old, new)


def track(
    previous: Any, current: Any, *, default: Callable[[Any], Any] | None = None
) -> tuple[list[Operation], Any]:
    """Returns the delta from a private copy of the last state to a caller's state, and the next private copy.

    The caller may go on to change its state in place: what the delta and the private copy hold is copied, and
    only what changed is copied, the rest is shared with the previous private copy. Its values need not be
    exactly those of JSON: see `canonical.normalize`.

    Args:
        previous: what the last call returned, or `canonical.normalize` of the first state.
        current: the caller's state as it is now.
        default: turns a value of another type into one of JSON's, as in `json.dumps`.

    Raises:
        CanonicalError: something in the state has no canonical form; the error names the place.
    """

    def take(value: Any, depth: int) -> Any:
        return canonical.normalize(value, default=default, max_depth=canonical.MAX_DEPTH - depth)

    operations = _Differ(take).run(previous, current)
    return operations, apply(previous, operations)


class _Differ:
    """Collects the operations while it walks both states."""

    __slots__ = ("_operations", "_path", "_take")

    def __init__(self, take: Callable[[Any, int], Any]) -> None:
        self._take = take
        self._path: list[str | int] = []
        self._operations: list[Operation] = []

    def run(self, old: Any, new: Any) -> list[Operation]:
        if not align.same(old, new):
            self._compare(old, new)
        if len(self._operations) > OPERATIONS_MAX:
            self._operations.clear()
            self._set(new)
        return self._operations

    def _compare(self, old: Any, new: Any) -> None:
        """Adds what turns one value into another that differs from it."""
        start = len(self._operations)
        if len(self._path) >= _DEPTH_MAX:
            self._set(new)
        elif kind_of(old) is dict and is_object(new):
            self._compare_objects(old, new)
        elif kind_of(old) is list and is_list(new):
            self._compare_lists(old, new)
        elif kind_of(old) is str and kind_of(new) is str and len(new) >= _TEXT_LENGTH_MIN:
            self._compare_texts(old, new)
        else:
            self._set(new)
        self._prefer_whole(start, new)

    def _compare_objects(self, old: Mapping[str, Any], new: Mapping[Any, Any]) -> None:
        path = self._path
        for name, value in new.items():
            if name not in old:
                path.append(canonical.checked_name(name))
                self._set(value)
            elif align.same(old[name], value):
                continue
            else:
                path.append(name)
                self._compare(old[name], value)
            path.pop()
        if len(old) != len(new) or old.keys() != new.keys():
            self._operations.extend(Remove((*path, name)) for name in old if name not in new)

    def _compare_lists(self, old: Sequence[Any], new: Sequence[Any]) -> None:
        """Walks the differing runs from left to right: everything before a run has its new index already."""
        for block in align.changed_blocks(old, new):
            paired = min(block.old_end - block.old_start, block.new_end - block.new_start)
            for offset in range(paired):
                before, after = old[block.old_start + offset], new[block.new_start + offset]
                if not align.same(before, after):
                    self._path.append(block.new_start + offset)
                    self._compare(before, after)
                    self._path.pop()
            removed = block.old_end - block.old_start - paired
            added = new[block.new_start + paired : block.new_end]
            if removed or added:
                self._splice(block.new_start + paired, removed, added)

    def _compare_texts(self, old: str, new: str) -> None:
        start = _common_start(old, new)
        end = _common_start(old[start:][::-1], new[start:][::-1])
        inserted = new[start : len(new) - end]
        if 2 * len(inserted) > len(new):
            self._set(new)
        else:
            value = self._taken(inserted, 0)
            self._operations.append(Splice(tuple(self._path), start, len(old) - end - start, value))

    def _set(self, value: Any) -> None:
        self._operations.append(Set(tuple(self._path), self._taken(value, len(self._path))))

    def _splice(self, index: int, removed: int, added: Sequence[Any]) -> None:
        depth = len(self._path) + 1
        values = [self._taken(value, depth, index + offset) for offset, value in enumerate(added)]
        self._operations.append(Splice(tuple(self._path), index, removed, values))

    def _taken(self, value: Any, depth: int, *last: int) -> Any:
        try:
            return self._take(value, depth)
        except canonical.CanonicalError as error:
            raise canonical.CanonicalError(error.problem, (*self._path, *last, *error.path)) from None

    def _prefer_whole(self, start: int, new: Any) -> None:
        """Replaces the operations since `start` by one that sets the value, where that is shorter."""
        found = self._operations[start:]
        if len(found) == 1 and type(found[0]) is Set:
            return
        size = len(encode(found))
        if not is_longer_than(new, size):
            whole = Set(tuple(self._path), self._taken(new, len(self._path)))
            if len(encode([whole])) < size:
                self._operations[start:] = [whole]


def _common_start(old: str, new: str) -> int:
    """Counts the equal code points at the start, by bisection."""
    known, limit = 0, min(len(old), len(new))
    while known < limit:
        middle = (known + limit + 1) // 2
        if old[known:middle] == new[known:middle]:
            known = middle
        else:
            limit = middle - 1
    return known
