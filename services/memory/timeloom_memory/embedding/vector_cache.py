"""The vectors of texts that were asked for lately, within a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final
from uuid import UUID

from timeloom_memory.embedding.protocols import Vectors

LIMIT_BYTES: Final = 16 * 1024 * 1024
ENTRY_BYTES: Final = 400
"""What an entry takes besides its vector, roughly."""

Key = tuple[UUID | None, str, bytes]
"""Whose it is, the model, and the SHA-256 of the text."""


class VectorCache:
    """What was not used for longest gives way. Not for use by several threads."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self.size_bytes = 0
        self._limit_bytes = limit_bytes
        self._entries: OrderedDict[Key, Vectors] = OrderedDict()

    def get(self, key: Key) -> Vectors | None:
        """Returns a vector and counts it as used; None if it is not here."""
        vector = self._entries.get(key)
        if vector is not None:
            self._entries.move_to_end(key)
        return vector

    def put(self, key: Key, vector: Vectors) -> None:
        """Keeps a copy of a vector, which nobody must change."""
        known = self._entries.pop(key, None)
        if known is not None:
            self.size_bytes -= known.nbytes + ENTRY_BYTES
        kept = vector.copy()
        kept.flags.writeable = False
        self._entries[key] = kept
        self.size_bytes += kept.nbytes + ENTRY_BYTES
        while self.size_bytes > self._limit_bytes:
            _, evicted = self._entries.popitem(last=False)
            self.size_bytes -= evicted.nbytes + ENTRY_BYTES
