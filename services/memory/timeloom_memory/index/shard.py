"""The vectors of one namespace, model and part: a flat matrix, and a graph once they are many.

New vectors go into the matrix, which is compared as a whole and so is exact. When there are too many for
that they move, a few at a time, into the graph: no vector is ever held twice. What is removed from the
graph is only marked; when too much of it is, its successor is built beside it and takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from timeloom_memory.index.flat import Flat, Matrix, Scores, best
from timeloom_memory.index.hnsw import TRAINING_ROWS, Found, Graph
from timeloom_memory.index.labels import Labels, Numbers, Places

BYTES_PER_ENTRY: Final = 160
"""What it takes to know where each memory is, roughly: its id and its row, as objects and in a dictionary."""

_SPARE_ROWS: Final = 16
_WALKED_PART_MIN: Final = 8
"""To ask a graph for more than one row in so many takes longer than to compare all."""

_COMPARED_ROWS: Final = 4_096
_SHARD_BYTES: Final = 2_048


class Tuning(Struct, frozen=True, kw_only=True):
    """When a shard changes its form, and how hard it looks.

    Attributes:
        flat_rows_max: More vectors than these get a graph.
        merge_rows: So many vectors beside a graph are moved into it.
        dead_share_max: A graph with a larger share of removed rows is built anew.
        exact_share_max: Of a graph's rows, this share at most is compared one by one if no others are wanted.
        exact_rows_max: Likewise, if they are at most so many.
        breadth: How many candidates a search in a graph keeps; more find more, and take longer.
        is_quantized: Graphs keep each number in one byte instead of four.
    """

    flat_rows_max: int = 20_000
    merge_rows: int = 1_024
    dead_share_max: float = 0.15
    exact_share_max: float = 0.05
    exact_rows_max: int = 4_096
    breadth: int = 96
    is_quantized: bool = False


class Hits(Struct, frozen=True):
    """What is most alike to one vector in one shard, best first."""

    ids: npt.NDArray[np.uint8]
    scores: Scores


class Renewal:
    """The successor of a graph, while it is being built from what is alive of it."""

    def __init__(self, source: Graph) -> None:
        self.source = source
        self.graph = source.successor()
        self.rows = np.flatnonzero(source.alive)

    @property
    def is_done(self) -> bool:
        """Whether the successor has all."""
        return self.graph.count == len(self.rows)

    def step(self, count: int) -> None:
        """Takes the next rows over; the source may be searched meanwhile, and its rows removed."""
        rows = self.rows[self.graph.count : self.graph.count + count]
        labels = Labels.of(self.source.labels.numbers[rows], self.source.labels.ids[rows])
        self.graph.extend(labels, slice(None), self.source.take(rows))


class Shard:
    """Vectors of one dimension by memory. Searches may run side by side; a change needs it for itself."""

    def __init__(self, dimension: int, tuning: Tuning) -> None:
        self.dimension = dimension
        self.tuning = tuning
        self.flat = Flat(dimension)
        self.graph: Graph | None = None
        # The row of each memory: of the matrix, or, counted down from -1, of the graph.
        self._rows: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def size_bytes(self) -> int:
        """What it takes in memory, roughly."""
        graph_bytes = self.graph.size_bytes if self.graph else 0
        return _SHARD_BYTES + self.flat.size_bytes + graph_bytes + BYTES_PER_ENTRY * len(self._rows)

    @property
    def is_rounded(self) -> bool:
        """Whether cosines are of rounded numbers, which order those that are nearly alike as it happens."""
        return self.graph is not None and self.graph.is_quantized

    @property
    def scanned_floats(self) -> int:
        """How many numbers a search looks at, as a measure of how long it takes; graphs count as far more."""
        return self.flat.count * self.dimension

    def number_of(self, memory_id: bytes) -> int | None:
        """Returns the number that a memory has here; None if it is not here."""
        row = self._rows.get(memory_id)
        if row is None:
            return None
        labels, place = self._place(row)
        return int(labels.numbers[place])

    def vector_of(self, memory_id: bytes) -> Matrix | None:
        """Returns the vector that a memory has here; None if it is not here."""
        row = self._rows.get(memory_id)
        if row is None:
            return None
        if row < 0:
            assert self.graph is not None, "there is a row of it"
            return np.asarray(self.graph.take(np.array([~row]))[0])
        return np.asarray(self.flat.take(np.array([row]))[0])

    def labels(self) -> dict[bytes, int]:
        """Returns the number of each memory."""
        numbers = {memory_id: self.number_of(memory_id) for memory_id in self._rows}
        return {memory_id: number for memory_id, number in numbers.items() if number is not None}

    def put(self, numbers: Numbers, ids: Sequence[bytes], vectors: Matrix) -> None:
        """Gives memories vectors, instead of those that they had."""
        fresh: list[int] = []
        for index, (number, memory_id) in enumerate(zip(numbers.tolist(), ids, strict=True)):
            if self.number_of(memory_id) == number:
                continue
            self.remove(memory_id)
            row = self.graph.revive(number) if self.graph else None
            if row is None:
                fresh.append(index)
            else:
                self._rows[memory_id] = ~row
        if fresh:
            self.extend(numbers[fresh], [ids[index] for index in fresh], vectors[fresh])

    def extend(self, numbers: Numbers, ids: Sequence[bytes], vectors: Matrix) -> None:
        """Gives vectors to memories that have none here."""
        start = self.flat.count
        self.flat.extend(numbers, ids, vectors)
        self._rows.update(zip(ids, range(start, start + len(ids)), strict=True))

    def remove(self, memory_id: bytes) -> None:
        """Forgets a memory, if it is here."""
        row = self._rows.pop(memory_id, None)
        if row is None:
            return
        if row < 0:
            assert self.graph is not None, "there is a row of it"
            self.graph.kill(~row)
            return
        self.flat.remove(row)
        if row < self.flat.count:
            self._rows[self.flat.labels.id_of(row)] = row

    def adopt(self, graph: Graph, numbers: dict[bytes, int]) -> None:
        """Takes a graph, of which only the rows of these memories with these numbers still count."""
        self.graph = graph
        for row, (number, memory_id) in enumerate(
            zip(graph.labels.numbers.tolist(), map(bytes, graph.labels.ids), strict=True)
        ):
            if numbers.get(memory_id) == number:
                self._rows[memory_id] = ~row
            else:
                graph.kill(row)

    def search(self, queries: Matrix, limit: int, among: Numbers | None) -> list[Hits]:
        """Returns the memories whose vectors are most alike, for each of some vectors.

        Args:
            queries: Vectors of unit length, in rows.
            limit: At most so many for each of them.
            among: Only these numbers, sorted; all if None. That they are few costs no recall.
        """
        if self.graph is None or self.graph.count == self.graph.dead_count:
            return self._search_flat(queries, limit, among)
        found = self._search_graph(self.graph, queries, limit, among)
        ids = self.graph.labels.ids
        hits = [Hits(ids[each.rows], each.scores) for each in found]
        if not self.flat.count:
            return hits
        flat = self._search_flat(queries, limit, among)
        return [joined(each, limit) for each in zip(flat, hits, strict=True)]

    @property
    def wants_merge(self) -> bool:
        """Whether vectors should move into the graph."""
        return self.flat.count > (self.tuning.merge_rows if self.graph else self.tuning.flat_rows_max)

    @property
    def wants_renewal(self) -> bool:
        """Whether the graph has too many rows that were removed."""
        graph = self.graph
        return graph is not None and graph.dead_count > self.tuning.dead_share_max * graph.count

    def merge(self, count: int) -> None:
        """Moves so many vectors from the matrix into the graph, which is begun if there is none."""
        if self.graph is None:
            self.graph = self._begin_graph()
        count = min(count, self.flat.count)
        first, rows = self.graph.count, slice(self.flat.count - count, self.flat.count)
        moved = [bytes(memory_id) for memory_id in self.flat.labels.ids[rows]]
        self.graph.extend(self.flat.labels, rows, self.flat.tail(count))
        self.flat.truncate(self.flat.count - count)
        self._rows.update(zip(moved, range(~first, ~first - count, -1), strict=True))

    def replace_graph(self, renewal: Renewal) -> None:
        """Puts the finished successor in the graph's place."""
        assert renewal.source is self.graph, "nothing else replaces a graph"
        self.graph = renewal.graph
        is_alive = renewal.source.alive[renewal.rows]
        for row, memory_id in enumerate(map(bytes, renewal.graph.labels.ids)):
            if is_alive[row]:
                self._rows[memory_id] = ~row
            else:
                renewal.graph.kill(row)

    def _begin_graph(self) -> Graph:
        if not self.tuning.is_quantized:
            return Graph.empty(self.dimension)
        step = max(1, self.flat.count // TRAINING_ROWS)
        return Graph.quantized(self.flat.take(np.arange(0, self.flat.count, step)))

    def _place(self, row: int) -> tuple[Labels, int]:
        if row >= 0:
            return self.flat.labels, row
        assert self.graph is not None, "there is a row of it"
        return self.graph.labels, ~row

    def _search_flat(self, queries: Matrix, limit: int, among: Numbers | None) -> list[Hits]:
        ids = self.flat.labels.ids
        if among is None:
            scores = self.flat.scores(queries)
        else:
            rows = np.flatnonzero(_are_among(self.flat.labels.numbers, among))
            ids, scores = ids[rows], self.flat.scores_of(rows, queries)
        return [Hits(ids[order], each[order]) for each in scores for order in [best(each, limit)]]

    def _search_graph(self, graph: Graph, queries: Matrix, limit: int, among: Numbers | None) -> list[Found]:
        if among is None and not graph.dead_count and limit * _WALKED_PART_MIN <= graph.count:
            return graph.search(queries, limit, breadth=self.tuning.breadth)
        if among is None:
            return self._walk(graph, queries, limit, graph.alive)
        rows = graph.rows_of(among)
        rows = rows[graph.alive[rows]]
        if len(rows) <= max(self.tuning.exact_rows_max, self.tuning.exact_share_max * graph.count):
            return [_compared(graph, query, limit, rows) for query in queries]
        is_wanted = np.zeros(graph.count, dtype=np.bool_)
        is_wanted[rows] = True
        return self._walk(graph, queries, limit, is_wanted)

    def _walk(
        self, graph: Graph, queries: Matrix, limit: int, is_wanted: npt.NDArray[np.bool_]
    ) -> list[Found]:
        """Asks the graph for so many that enough are wanted ones, or compares all if that would be most."""
        wanted_count = int(np.count_nonzero(is_wanted))
        limit = min(limit, wanted_count)
        asked = limit
        if wanted_count < graph.count:
            asked = limit * graph.count // max(wanted_count, 1) + _SPARE_ROWS
        answers: dict[int, Found] = {}
        while asked * _WALKED_PART_MIN <= graph.count and len(answers) < len(queries):
            rest = [place for place in range(len(queries)) if place not in answers]
            found = graph.search(queries[rest], asked, breadth=self.tuning.breadth)
            for place, each in zip(rest, found, strict=True):
                keeps = is_wanted[each.rows]
                if np.count_nonzero(keeps) >= limit:
                    answers[place] = Found(each.rows[keeps][:limit], each.scores[keeps][:limit])
            asked *= 2
        for place, query in enumerate(queries):
            if place not in answers:
                answers[place] = _compared(graph, query, limit, np.flatnonzero(is_wanted))
        return [answers[place] for place in range(len(queries))]


def joined(parts: Sequence[Hits], limit: int) -> Hits:
    """Returns the best of what several places have for one vector."""
    scores = np.concatenate([part.scores for part in parts])
    order = best(scores, limit)
    return Hits(np.concatenate([part.ids for part in parts])[order], scores[order])


def _are_among(numbers: Numbers, among: Numbers) -> npt.NDArray[np.bool_]:
    """Which numbers are among others, that are sorted."""
    if len(among) == 0:
        return np.zeros(len(numbers), dtype=np.bool_)
    places = np.minimum(np.searchsorted(among, numbers), len(among) - 1)
    return np.asarray(among[places] == numbers)


def _compared(graph: Graph, query: Matrix, limit: int, rows: Places) -> Found:
    """Compares all of some rows, a few at a time so that copies of them stay small."""
    scores = np.concatenate(
        [
            np.empty(0, dtype=np.float32),
            *(
                graph.scores_of(rows[start : start + _COMPARED_ROWS], query)
                for start in range(0, len(rows), _COMPARED_ROWS)
            ),
        ]
    )
    order = best(scores, limit)
    return Found(rows[order], scores[order])
