"""Vectors that are searched by comparing all of them: exact, and quick as long as they are few."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from timeloom_memory.index.labels import Labels, Numbers, Places

Matrix = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]

BLOCK_BYTES: Final = 4 * 1024 * 1024
"""Vectors lie in blocks of this size, so that a growing matrix is never copied."""

_ROWS_MIN: Final = 16


class Flat:
    """A matrix of unit vectors in blocks; rows move when others are removed, and have no order."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self.labels = Labels()
        # A power of two.
        self._block_rows = 1 << max(4, (BLOCK_BYTES // (4 * dimension)).bit_length() - 1)
        self._blocks: list[Matrix] = []

    @property
    def count(self) -> int:
        """How many vectors there are."""
        return self.labels.count

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return self.labels.size_bytes + sum(block.nbytes for block in self._blocks)

    def extend(self, numbers: Numbers, ids: Sequence[bytes] | npt.NDArray[np.uint8], vectors: Matrix) -> None:
        """Appends vectors."""
        done, count = 0, self.count
        while done < len(vectors):
            block, offset = divmod(count + done, self._block_rows)
            self._make_room(block, offset + len(vectors) - done)
            taken = min(len(vectors) - done, self._block_rows - offset)
            self._blocks[block][offset : offset + taken] = vectors[done : done + taken]
            done += taken
        self.labels.extend(numbers, ids)

    def remove(self, row: int) -> None:
        """Removes a row; the last one takes its place."""
        last = self.count - 1
        if row != last:
            block, offset = divmod(row, self._block_rows)
            source, position = divmod(last, self._block_rows)
            self._blocks[block][offset] = self._blocks[source][position]
            self.labels.move(last, row)
        self.truncate(last)

    def truncate(self, count: int) -> None:
        """Removes the rows from `count` on."""
        self.labels.truncate(count)
        del self._blocks[-(-count // self._block_rows) :]

    def tail(self, count: int) -> Matrix:
        """Returns a copy of the last rows."""
        return self.take(np.arange(self.count - count, self.count))

    def take(self, rows: Places) -> Matrix:
        """Returns a copy of some rows."""
        taken = np.empty((len(rows), self.dimension), dtype=np.float32)
        blocks = rows // self._block_rows
        for index in np.unique(blocks):
            chosen = blocks == index
            taken[chosen] = self._blocks[index][rows[chosen] % self._block_rows]
        return taken

    def scores(self, queries: Matrix) -> Scores:
        """Returns the inner products of each vector with all rows: a row of them for each vector."""
        scores = np.empty((len(queries), self.count), dtype=np.float32)
        for start, block in self.blocks():
            np.matmul(queries, block.T, out=scores[:, start : start + len(block)])
        return scores

    def scores_of(self, rows: Places, queries: Matrix) -> Scores:
        """Returns the inner products of each vector with some rows, likewise."""
        return np.asarray(queries @ self.take(rows).T)

    def blocks(self) -> Iterator[tuple[int, Matrix]]:
        """Returns the vectors where they lie, each block with the number of its first row."""
        for index, block in enumerate(self._blocks):
            start = index * self._block_rows
            yield start, block[: min(self._block_rows, self.count - start)]

    def _make_room(self, block: int, rows: int) -> None:
        """Sees to it that a block has so many rows, as far as a block may; only the first one ever grows."""
        if block == len(self._blocks):
            wanted = self._block_rows if block else min(self._block_rows, max(rows, _ROWS_MIN))
            self._blocks.append(np.empty((wanted, self.dimension), dtype=np.float32))
        elif len(self._blocks[block]) < min(rows, self._block_rows):
            current = self._blocks[block]
            grown = np.empty(
                (min(self._block_rows, max(rows, 2 * len(current))), self.dimension), dtype=np.float32
            )
            grown[: len(current)] = current
            self._blocks[block] = grown


def best(scores: Scores, limit: int) -> Places:
    """Returns the places of the highest scores, best first."""
    if limit >= len(scores):
        return np.argsort(-scores, kind="stable")
    chosen = np.argpartition(scores, len(scores) - limit)[len(scores) - limit :]
    return chosen[np.argsort(-scores[chosen], kind="stable")]
