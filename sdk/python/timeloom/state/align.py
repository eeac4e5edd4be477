"""Which elements of two lists are the same, found at the speed of C where lists are long.

Equality is strict, as JSON sees it: ``True``, ``1`` and ``1.0`` are three values, and so are ``0.0`` and
``-0.0``. Python's ``==`` holds them for equal; so where it says "equal" of containers, their encodings
decide.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from timeloom.state import canonical
from timeloom.state._kinds import kind_of

_pack: Final = msgspec.msgpack.Encoder().encode

_SHIFT_SCAN_MAX: Final = 4096
"""How many elements are looked at to find by how much a list was shifted."""


@dataclass(frozen=True, slots=True)
class Block:
    """A run of the older list, from start to end, and the run of the newer one in its place."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def same(old: Any, new: Any) -> bool:
    """Tells whether two JSON values are strictly equal."""
    if old is new:
        return True
    kind = kind_of(old)
    if kind is not kind_of(new):
        return False
    if kind is float:
        return old == new and math.copysign(1.0, old) == math.copysign(1.0, new)
    if kind is not dict and kind is not list:
        return bool(old == new)
    return _equal(old, new) and _same_encoding(old, new)


def changed_blocks(old: Sequence[Any], new: Sequence[Any]) -> list[Block]:
    """Aligns two lists and returns, in order, the runs that differ; everything between them is the same."""
    start = _common_prefix(old, new)
    if start == len(old) == len(new):
        return []
    stop = _common_suffix(old, new, start)
    whole = Block(start, len(old) - stop, start, len(new) - stop)
    if whole.old_start == whole.old_end or whole.new_start == whole.new_end:
        return [whole]
    return _shifted(old, new, whole) or _aligned(old, new, whole)


def _equal(old: Any, new: Any) -> bool:
    try:
        return bool(old == new)
    except Exception:  # noqa: BLE001 - the newer value may hold foreign objects, whose comparison may do anything
        return False


def _same_encoding(old: Any, new: Any) -> bool:
    """Compares encodings: first the fastest, then one that does not depend on the order of members."""
    try:
        if _pack(old) == _pack(new):
            return True
    except (OverflowError, TypeError, ValueError, RecursionError):
        pass  # an integer beyond 64 bits, or a foreign object
    try:
        return canonical.encode_trusted(old) == canonical.encode_trusted(new)
    except (TypeError, ValueError, RecursionError):
        return False


def _same_run(old: Sequence[Any], new: Sequence[Any]) -> bool:
    """Tells whether two lists of the same length are the same, fastest where they are."""
    if not (_equal(old[0], new[0]) and _equal(old[-1], new[-1])):
        return False
    try:
        if _pack(old) == _pack(new):
            return True
    except (OverflowError, TypeError, ValueError, RecursionError):
        pass  # as above
    return same(list(old), list(new))


def _common_prefix(old: Sequence[Any], new: Sequence[Any]) -> int:
    """Counts the equal elements at the start by bisection: each step compares a run at once."""
    known, limit = 0, min(len(old), len(new))
    if limit == 0 or not _equal(old[0], new[0]):
        return 0
    if _same_run(old[:limit], new[:limit]):
        return limit
    while known < limit - 1:
        middle = (known + limit) // 2
        if _same_run(old[known:middle], new[known:middle]):
            known = middle
        else:
            limit = middle
    return known


def _common_suffix(old: Sequence[Any], new: Sequence[Any], start: int) -> int:
    """Counts the equal elements at the end, without those of the common start."""
    known, limit = 0, min(len(old), len(new)) - start
    if limit == 0 or not _equal(old[-1], new[-1]):
        return 0
    if _same_run(old[len(old) - limit :], new[len(new) - limit :]):
        return limit
    while known < limit - 1:
        middle = (known + limit) // 2
        run = slice(-middle, -known or None)
        if _same_run(old[run], new[run]):
            known = middle
        else:
            limit = middle
    return known


def _shifted(old: Sequence[Any], new: Sequence[Any], whole: Block) -> list[Block]:
    """Recognises a window that moved on: elements dropped at the head and added at the tail."""
    first = new[whole.new_start]
    scan_end = min(whole.old_end, whole.old_start + _SHIFT_SCAN_MAX)
    for head in range(whole.old_start + 1, scan_end):
        if _equal(old[head], first):
            break
    else:
        return []
    length = min(whole.old_end - head, whole.new_end - whole.new_start)
    if not _same_run(old[head : head + length], new[whole.new_start : whole.new_start + length]):
        return []
    dropped = Block(whole.old_start, head, whole.new_start, whole.new_start)
    rest = Block(head + length, whole.old_end, whole.new_start + length, whole.new_end)
    return [dropped, rest] if rest.old_start < rest.old_end or rest.new_start < rest.new_end else [dropped]


def _aligned(old: Sequence[Any], new: Sequence[Any], whole: Block) -> list[Block]:
    """Aligns by the elements that occur once in each run (patience), then widens around them."""
    old_keys = [_key(value) for value in old[whole.old_start : whole.old_end]]
    new_keys = [_key(value) for value in new[whole.new_start : whole.new_end]]
    blocks: list[Block] = []
    old_at = new_at = 0
    for old_anchor, new_anchor in [*_anchors(old_keys, new_keys), (len(old_keys), len(new_keys))]:
        old_end, new_end = old_anchor, new_anchor
        while old_end > old_at and new_end > new_at and old_keys[old_end - 1] == new_keys[new_end - 1]:
            old_end, new_end = old_end - 1, new_end - 1
        while old_at < old_end and new_at < new_end and old_keys[old_at] == new_keys[new_at]:
            old_at, new_at = old_at + 1, new_at + 1
        if old_at < old_end or new_at < new_end:
            blocks.append(
                Block(
                    whole.old_start + old_at,
                    whole.old_start + old_end,
                    whole.new_start + new_at,
                    whole.new_start + new_end,
                )
            )
        old_at, new_at = old_anchor + 1, new_anchor + 1
    return blocks


def _key(value: Any) -> object:
    try:
        return canonical.encode_trusted(value)
    except (TypeError, ValueError, RecursionError):
        return object()  # a foreign object is like no other; whoever copies it will refuse it


def _anchors(old_keys: Sequence[object], new_keys: Sequence[object]) -> list[tuple[int, int]]:
    """Returns the longest rising sequence of the positions of elements that are unique in both lists."""
    old_places, new_places = _unique_places(old_keys), _unique_places(new_keys)
    pairs = [(place, new_places[key]) for key, place in old_places.items() if key in new_places]
    tails: list[int] = []  # the smallest new position that ends a rising sequence of each length
    tail_indexes: list[int] = []
    previous: list[int] = []
    for index, (_, new_place) in enumerate(pairs):
        length = bisect_left(tails, new_place)
        previous.append(tail_indexes[length - 1] if length else -1)
        tails[length : length + 1] = [new_place]
        tail_indexes[length : length + 1] = [index]
    chain: list[tuple[int, int]] = []
    index = tail_indexes[-1] if tail_indexes else -1
    while index >= 0:
        chain.append(pairs[index])
        index = previous[index]
    return chain[::-1]


def _unique_places(keys: Sequence[object]) -> dict[object, int]:
    places: dict[object, int] = {}
    repeated: set[object] = set()
    for place, key in enumerate(keys):
        if key in places:
            repeated.add(key)
        places[key] = place
    return {key: place for key, place in places.items() if key not in repeated}
