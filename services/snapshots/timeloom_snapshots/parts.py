"""Parts of states, and what differs between them, as answers carry it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from timeloom.state import canonical, pointer
from timeloom.state.changes import ABSENT, Change, changes
from timeloom_platform.errors import PathNotFoundError, TooLargeError
from timeloom_snapshots import limits


def encoded_part(state: Any, path: str) -> bytes:
    """Returns a state in canonical form or, by a JSON pointer, a part of it.

    Raises:
        PathNotFoundError: The path is no JSON pointer, or nothing is there.
    """
    return canonical.encode_trusted(resolve(state, path) if path else state)


def resolve(state: Any, path: str) -> Any:
    """Returns the part of a state that a JSON pointer leads to.

    Raises:
        PathNotFoundError: The path is no JSON pointer, or nothing is there.
    """
    try:
        return pointer.resolve(state, path)
    except pointer.PointerError as error:
        raise PathNotFoundError(f"path: {error}.", metadata={"path": path}) from None


def part_or_absent(state: Any, path: str) -> Any:
    """Returns the part of a state that a JSON pointer leads to, `ABSENT` if nothing is there."""
    try:
        return ABSENT if state is ABSENT else pointer.resolve(state, path)
    except pointer.PointerError:
        return ABSENT


def checked_pointer(path: str, *, field: str = "path") -> str:
    """Returns a path that is a JSON pointer.

    Raises:
        PathNotFoundError: It is none.
    """
    try:
        pointer.parse(path)
    except pointer.PointerError as error:
        raise PathNotFoundError(f"{field}: {error}.", metadata={"path": path}) from None
    return path


def changes_between(old: Any, new: Any, *, prefix: str = "") -> tuple[Sequence[Change], bool]:
    """Returns what differs between two values, as much as fits into an answer, and whether there is more.

    Raises:
        TooLargeError: The first change alone does not fit.
    """
    found, is_truncated = changes(old, new, limit=limits.CHANGES_MAX, prefix=prefix)
    fitting = _fitting(found)
    return found[:fitting], is_truncated or fitting < len(found)


def _fitting(found: Sequence[Change]) -> int:
    """Returns how many of the changes fit into an answer."""
    room = limits.CHANGES_BYTES_MAX
    for index, change in enumerate(found):
        for value in (change.old_value, change.new_value):
            room -= 0 if value is ABSENT else len(canonical.encode_trusted(value))
        if room < 0:
            if index == 0:
                raise TooLargeError(
                    f"The first change alone has more than {limits.CHANGES_BYTES_MAX:,} bytes; "
                    "ask for a path below it."
                )
            return index
    return len(found)
