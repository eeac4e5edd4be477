"""A cache that forgets what was not used for longest, so that it never grows past its limit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LruCache(Generic[K, V]):
    """At most `limit` entries; the least recently used one gives way. Not for use by several threads."""

    def __init__(self, limit: int) -> None:
        """Hold at most `limit` entries."""
        if limit < 1:
            raise ValueError("a cache holds at least one entry")
        self._limit = limit
        self._entries: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """Return the entry and count it as used; None if there is none."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Keep the entry, and let go of the oldest if there are too many."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    def discard(self, key: K) -> None:
        """Forget the entry if it is there."""
        self._entries.pop(key, None)

    def discard_where(self, condition: Callable[[V], bool]) -> None:
        """Forget all entries of which the condition holds."""
        for key in [key for key, value in self._entries.items() if condition(value)]:
            del self._entries[key]
