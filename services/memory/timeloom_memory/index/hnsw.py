"""A navigable graph over many vectors (Malkov and Yashunin 2016), as FAISS builds it.

Its rows stay where they are: FAISS cannot take a vector out of a graph. What is removed is only marked, and
the graph is built anew when too many are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from timeloom_memory.index.flat import Matrix, Scores
from timeloom_memory.index.labels import Labels, Numbers, Places
from timeloom_memory.index.library import faiss

NEIGHBOURS: Final = 16
CONSTRUCTION_BREADTH: Final = 100
TRAINING_ROWS: Final = 16_384
"""So many vectors tell which range each dimension has, for the form that takes one byte a number."""

RANGE_MARGIN: Final = 0.05

_READ_BYTES: Final = 1024 * 1024


class Found(Struct, frozen=True):
    """Rows and how alike they are to one vector, best first."""

    rows: Places
    scores: Scores


class Graph:
    """Vectors of unit length in a graph, with what names them and which of them are alive."""

    def __init__(self, index: Any, labels: Labels, *, is_quantized: bool) -> None:
        self.is_quantized = is_quantized
        self.labels = labels
        self._dead: dict[int, int] = {}
        self._index = index
        self._alive = np.ones(max(labels.count, 1), dtype=np.bool_)
        self._by_number: Places | None = None

    @classmethod
    def empty(cls, dimension: int) -> Graph:
        """Makes a graph that keeps vectors as they are."""
        index = faiss().IndexHNSWFlat(dimension, NEIGHBOURS, faiss().METRIC_INNER_PRODUCT)
        return cls._of(index, is_quantized=False)

    @classmethod
    def quantized(cls, training: Matrix) -> Graph:
        """Makes a graph that keeps each number in a byte, in a range that it learns from some vectors."""
        index = _quantized(training.shape[1])
        index.train(training)
        return cls._of(index, is_quantized=True)

    @classmethod
    def _of(cls, index: Any, *, is_quantized: bool) -> Graph:
        index.hnsw.efConstruction = CONSTRUCTION_BREADTH
        return cls(index, Labels(), is_quantized=is_quantized)

    def successor(self) -> Graph:
        """Makes an empty graph that keeps vectors exactly as this one does."""
        if not self.is_quantized:
            return Graph.empty(self._index.d)
        index = _quantized(self._index.d)
        source, target = _quantizer(self._index), _quantizer(index)
        faiss().copy_array_to_vector(faiss().vector_to_array(source.trained), target.trained)
        index.storage.is_trained = index.is_trained = True
        return Graph._of(index, is_quantized=True)

    @property
    def count(self) -> int:
        """How many rows there are, the dead ones included."""
        return self.labels.count

    @property
    def dead_count(self) -> int:
        """How many rows were removed."""
        return len(self._dead)

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        links = 4 * (2 * NEIGHBOURS + 8)
        vector = int(self._index.d) * (1 if self.is_quantized else 4)
        return self.count * (vector + links) + self.labels.size_bytes + self._alive.nbytes

    @property
    def alive(self) -> npt.NDArray[np.bool_]:
        """Which rows are alive."""
        return self._alive[: self.count]

    def extend(self, labels: Labels, rows: slice, vectors: Matrix) -> None:
        """Appends vectors, named as some rows of other labels."""
        self._index.add(vectors)
        self.labels.extend(labels.numbers[rows], labels.ids[rows])
        if self.count > len(self._alive):
            grown = np.ones(2 * self.count, dtype=np.bool_)
            grown[: len(self._alive)] = self._alive
            self._alive = grown
        self._by_number = None

    def kill(self, row: int) -> None:
        """Marks a row, which is alive, as removed."""
        self._alive[row] = False
        self._dead[int(self.labels.numbers[row])] = row

    def revive(self, number: int) -> int | None:
        """Takes the removal of a number back, and returns its row; None if it is not among the dead."""
        row = self._dead.pop(number, None)
        if row is not None:
            self._alive[row] = True
        return row

    def search(self, queries: Matrix, limit: int, *, breadth: int) -> list[Found]:
        """Returns the rows that are probably the nearest to each vector, the dead ones among them."""
        limit = min(limit, self.count)
        parameters = faiss().SearchParametersHNSW(efSearch=max(breadth, limit))
        scores, rows = self._index.search(queries, limit, params=parameters)
        # What was not found comes last.
        counts = np.count_nonzero(rows >= 0, axis=1).tolist()
        return [Found(rows[at, :count], scores[at, :count]) for at, count in enumerate(counts)]

    def scores_of(self, rows: Places, query: Matrix) -> Scores:
        """Returns the inner products of some rows with a vector."""
        return self.take(rows) @ query

    def take(self, rows: Places) -> Matrix:
        """Returns a copy of the vectors of some rows."""
        if self.is_quantized:
            return cast("Matrix", self._index.storage.reconstruct_batch(rows))
        return self._matrix().take(rows, axis=0)

    def rows_of(self, numbers: Numbers) -> Places:
        """Returns the rows of those numbers that are here, in no order; the numbers must be sorted."""
        order = self._by_number
        if order is None:
            order = self._by_number = np.argsort(self.labels.numbers, kind="stable")
        mine = self.labels.numbers
        if len(numbers) == 0 or not self.count:
            return np.empty(0, dtype=np.int64)
        places = np.minimum(np.searchsorted(mine, numbers, sorter=order), self.count - 1)
        rows = order[places]
        return np.asarray(rows[mine[rows] == numbers])

    def write(self, write: Callable[[bytes], int]) -> None:
        """Writes the graph itself, a piece at a time."""
        faiss().write_index(self._index, faiss().PyCallbackIOWriter(write, _READ_BYTES))

    @classmethod
    def read(cls, read: Callable[[int], bytes], labels: Labels, *, is_quantized: bool) -> Graph:
        """Reads what `write` wrote."""
        index = faiss().read_index(faiss().PyCallbackIOReader(read, _READ_BYTES))
        return cls(index, labels, is_quantized=is_quantized)

    def _matrix(self) -> Matrix:
        """The vectors where they lie; good until the next one is appended."""
        storage: Any = faiss().downcast_index(self._index.storage)
        flat = faiss().rev_swig_ptr(storage.get_xb(), self.count * self._index.d)
        return cast("Matrix", flat.reshape(self.count, self._index.d))


def _quantized(dimension: int) -> Any:
    index = faiss().IndexHNSWSQ(
        dimension, faiss().ScalarQuantizer.QT_8bit, NEIGHBOURS, faiss().METRIC_INNER_PRODUCT
    )
    # Vectors that come later may reach somewhat further than those of the training.
    _quantizer(index).rangestat_arg = RANGE_MARGIN
    return index


def _quantizer(index: Any) -> Any:
    storage: Any = faiss().downcast_index(index.storage)
    return storage.sq
