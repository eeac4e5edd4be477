"""Caches that are bounded by bytes, for states: what was not used for longest gives way."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar, overload

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
D = TypeVar("D")

BYTES_PER_STATE_BYTE: Final = 3
"""What a decoded state takes in memory for each byte of its canonical form, roughly, with its hash tree."""

ENTRY_BYTES: Final = 1024
"""What an entry takes besides."""

SHARE_MAX: Final = 4
"""A single entry may take one part in so many of a cache."""


class ByteCache(Generic[K, V]):
    """Entries with weights, which together stay below a limit. Not for use by several threads."""

    def __init__(self, limit_bytes: int) -> None:
        self.size_bytes = 0
        self._limit_bytes = limit_bytes
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def get(self, key: K) -> V | None: ...

    @overload
    def get(self, key: K, default: D) -> V | D: ...

    def get(self, key: K, default: D | None = None) -> V | D | None:
        """Returns the entry and counts it as used; the default if there is none."""
        entry = self._entries.get(key)
        if entry is None:
            return default
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: K, value: V, *, state_bytes: int) -> None:
        """Keeps an entry that holds a state of this size, unless it is too large for the cache."""
        self.discard(key)
        weight = ENTRY_BYTES + BYTES_PER_STATE_BYTE * state_bytes
        if weight * SHARE_MAX > self._limit_bytes:
            return
        self._entries[key] = (value, weight)
        self.size_bytes += weight
        while self.size_bytes > self._limit_bytes:
            _, (_, evicted) = self._entries.popitem(last=False)
            self.size_bytes -= evicted

    def discard(self, key: K) -> None:
        """Forgets the entry if it is there."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size_bytes -= entry[1]
