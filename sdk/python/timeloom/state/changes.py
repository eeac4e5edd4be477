"""What differs between two states, for people: which values were added, removed or changed, and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any, Final, TypeAlias

from timeloom.state import align, pointer
from timeloom.state._kinds import kind_of


class _Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
"""Stands for no value, which is not the same as null."""


class ChangeKind(Enum):
    """How one place differs."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two states.

    Attributes:
        kind: what happened there.
        path: a JSON pointer into the newer state, or into the older one where the value was removed.
        old_path: where a changed value stood in the older state, if a list shifted it; else empty.
        old_value: `ABSENT` where the value was added.
        new_value: `ABSENT` where the value was removed.
    """

    kind: ChangeKind
    path: str
    old_path: str = ""
    old_value: Any = ABSENT
    new_value: Any = ABSENT


def changes(old: Any, new: Any, *, limit: int, prefix: str = "") -> tuple[list[Change], bool]:
    """Lists the differences in the order of their places, at most `limit` of them.

    Either value may be `ABSENT`. Members are compared by name. The elements of lists are aligned, so that an
    element that only moved because others came or went before it is no difference; one that took the place of
    another is compared with it inside if the two have at least half of their members in common, else as a
    whole.

    Args:
        old: the older state, or a part of it.
        new: the same part of the newer one.
        limit: how many to list.
        prefix: the JSON pointer to that part.

    Returns:
        the differences, and whether there are more.
    """
    place = pointer.parse(prefix)
    found = list(islice(_differences(old, new, place, place), limit + 1))
    return found[:limit], len(found) > limit


_Path: TypeAlias = tuple[str | int, ...]


def _differences(old: Any, new: Any, old_path: _Path, new_path: _Path) -> Iterator[Change]:
    if align.same(old, new):
        return
    kind = kind_of(old)
    if kind is dict and kind_of(new) is dict:
        yield from _object_differences(old, new, old_path, new_path)
    elif kind is list and kind_of(new) is list:
        yield from _list_differences(old, new, old_path, new_path)
    elif old is ABSENT:
        yield Change(kind=ChangeKind.ADDED, path=pointer.format_path(new_path), new_value=new)
    elif new is ABSENT:
        yield Change(kind=ChangeKind.REMOVED, path=pointer.format_path(old_path), old_value=old)
    else:
        yield _changed(old, new, old_path, new_path)


def _changed(old: Any, new: Any, old_path: _Path, new_path: _Path) -> Change:
    return Change(
        kind=ChangeKind.CHANGED,
        path=pointer.format_path(new_path),
        old_path=pointer.format_path(old_path) if old_path != new_path else "",
        old_value=old,
        new_value=new,
    )


def _object_differences(
    old: dict[str, Any], new: dict[str, Any], old_path: _Path, new_path: _Path
) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, ABSENT), new.get(name, ABSENT)
        yield from _differences(before, after, (*old_path, name), (*new_path, name))


def _list_differences(
    old: Sequence[Any], new: Sequence[Any], old_path: _Path, new_path: _Path
) -> Iterator[Change]:
    for block in align.changed_blocks(old, new):
        paired = min(block.old_end - block.old_start, block.new_end - block.new_start)
        for offset in range(paired):
            old_index, new_index = block.old_start + offset, block.new_start + offset
            before, after = old[old_index], new[new_index]
            places = ((*old_path, old_index), (*new_path, new_index))
            if _are_similar(before, after):
                yield from _differences(before, after, *places)
            elif not align.same(before, after):
                yield _changed(before, after, *places)
        for old_index in range(block.old_start + paired, block.old_end):
            yield from _differences(old[old_index], ABSENT, (*old_path, old_index), new_path)
        for new_index in range(block.new_start + paired, block.new_end):
            yield from _differences(ABSENT, new[new_index], old_path, (*new_path, new_index))


def _are_similar(old: Any, new: Any) -> bool:
    """Tells whether two elements are worth comparing inside."""
    if kind_of(old) is not dict or kind_of(new) is not dict:
        return kind_of(old) is list and kind_of(new) is list
    alike = sum(align.same(value, new.get(name, ABSENT)) for name, value in old.items())
    return 2 * alike >= len(old.keys() | new.keys())
