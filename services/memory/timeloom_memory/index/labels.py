"""What names the rows of a matrix: the numbers and the ids of memories, 24 bytes a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Places = npt.NDArray[np.int64]

ID_BYTES: Final = 16
BYTES_PER_LABEL: Final = 8 + ID_BYTES
_ROWS_MIN: Final = 16


class Labels:
    """The number and the id of each row, in arrays that grow by doubling."""

    def __init__(self) -> None:
        self.count = 0
        self._numbers: Numbers = np.empty(_ROWS_MIN, dtype=np.int64)
        self._ids: npt.NDArray[np.uint8] = np.empty((_ROWS_MIN, ID_BYTES), dtype=np.uint8)

    @classmethod
    def of(cls, numbers: Numbers, ids: npt.NDArray[np.uint8]) -> Labels:
        """Makes labels of arrays, which become its own."""
        labels = cls()
        labels.count, labels._numbers, labels._ids = len(numbers), numbers, ids
        return labels

    @property
    def numbers(self) -> Numbers:
        """The numbers, by row."""
        return self._numbers[: self.count]

    @property
    def ids(self) -> npt.NDArray[np.uint8]:
        """The ids as bytes, by row."""
        return self._ids[: self.count]

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return self._numbers.nbytes + self._ids.nbytes

    def id_of(self, row: int) -> bytes:
        """Returns the id of a row."""
        return bytes(self._ids[row])

    def extend(self, numbers: Numbers, ids: Sequence[bytes] | npt.NDArray[np.uint8]) -> None:
        """Names further rows."""
        end = self.count + len(numbers)
        if end > len(self._numbers):
            self._resize(max(end, 2 * len(self._numbers)))
        self._numbers[self.count : end] = numbers
        if not isinstance(ids, np.ndarray):
            ids = np.frombuffer(b"".join(ids), np.uint8).reshape(-1, ID_BYTES)
        self._ids[self.count : end] = ids
        self.count = end

    def move(self, source: int, target: int) -> None:
        """Gives a row the names of another one."""
        self._numbers[target] = self._numbers[source]
        self._ids[target] = self._ids[source]

    def truncate(self, count: int) -> None:
        """Forgets the rows from `count` on, and gives memory back once most of it is not needed."""
        self.count = count
        if _ROWS_MIN <= 4 * count < len(self._numbers):
            self._resize(2 * count)

    def _resize(self, capacity: int) -> None:
        numbers = np.empty(capacity, dtype=np.int64)
        ids = np.empty((capacity, ID_BYTES), dtype=np.uint8)
        numbers[: self.count], ids[: self.count] = self.numbers, self.ids
        self._numbers, self._ids = numbers, ids
