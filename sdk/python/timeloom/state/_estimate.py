"""Estimating how long a value is in canonical form, without encoding it."""

from __future__ import annotations

from typing import Any

from timeloom.state._kinds import is_list, is_object


def is_longer_than(value: Any, size: int) -> bool:
    """Tells whether a value surely takes more than `size` bytes, looking at no more of it than it must."""
    pending: list[Any] = [value]
    while pending and size >= 0:
        item = pending.pop()
        size -= 1
        if isinstance(item, str):
            size -= len(item) + 1
        elif is_object(item):
            size -= 5 * len(item)  # quotes, a character, colon and comma
            pending.extend(item.values())
        elif is_list(item):
            size -= len(item)
            pending.extend(item)
    return size < 0
