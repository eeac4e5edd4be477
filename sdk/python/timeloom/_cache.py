"""A cache that is bounded by the size of what it remembers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class SizedCache(Generic[KeyT, ValueT]):
    """Keeps what was used last, up to a total size in a unit of the user's. Threads may share it."""

    def __init__(self, size_max: int) -> None:
        self._size_max = size_max
        self._size = 0
        self._entries: OrderedDict[KeyT, tuple[ValueT, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: KeyT) -> ValueT | None:
        """Return the value of a key, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: KeyT, value: ValueT, *, size: int = 1) -> None:
        """Remember a value, and forget what was used longest ago if it takes too much room."""
        with self._lock:
            self._forget(key)
            self._entries[key] = (value, size)
            self._size += size
            while self._size > self._size_max and self._entries:
                _, (_, freed) = self._entries.popitem(last=False)
                self._size -= freed

    def pop(self, key: KeyT) -> ValueT | None:
        """Forget a key, and return the value that it had."""
        with self._lock:
            return self._forget(key)

    def _forget(self, key: KeyT) -> ValueT | None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return None
        self._size -= entry[1]
        return entry[0]
