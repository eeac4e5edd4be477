"""Bisection: the first bad of a row of states, with at most ceil(log2 n) + 1 questions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

from timeloom.time_travel import Bisection, Evaluation

Predicate: TypeAlias = Callable[[int], Awaitable[bool]]
"""Tells of a snapshot's number whether its state is bad."""


async def bisected(sequences: Sequence[int], is_bad: Predicate, *, good: int, exhaustive: bool) -> Bisection:
    """Find the first bad one among snapshots in their order.

    Args:
        sequences: The snapshots after the one that is known to be good.
        is_bad: Asked as rarely as possible, and at most once of each.
        good: The snapshot known to be good; zero if there is none.
        exhaustive: Ask of all the others too, afterwards.
    """
    search = Search(sequences, is_bad, good=good)
    await search.run()
    if exhaustive:
        for sequence in search.unasked():
            await search.ask(sequence)
    return search.result()


class Search:
    """Asks a predicate, of each snapshot at most once.

    Of n snapshots it asks at most ceil(log2 n) + 1: the last one, and then always the one in the middle of
    what is left. The answers of such a search cannot contradict one another. What questions are left over
    therefore go to places that do: the snapshot that is said to be good, and then the middle of the longest
    stretch of which nothing was asked. If the last one is not bad, nearly all are left over.
    """

    def __init__(self, sequences: Sequence[int], is_bad: Predicate, *, good: int) -> None:
        """Take the snapshots in order, and the one before them that is said to be good; zero if none is."""
        self._sequences = sequences
        self._is_bad = is_bad
        self._good = good
        self._answers: dict[int, bool] = {}
        self._first_bad = 0

    async def run(self) -> None:
        """Find the first bad one as if the predicate were monotone, and look for signs that it is not."""
        sequences = self._sequences
        if not sequences:
            return
        if await self.ask(sequences[-1]):
            low, high = 0, len(sequences) - 1
            while low < high:
                middle = (low + high) // 2
                if await self.ask(sequences[middle]):
                    high = middle
                else:
                    low = middle + 1
            self._first_bad = sequences[high]
        left_over = (len(sequences) - 1).bit_length() + 1 - len(self._answers)
        for _ in range(left_over):
            probe = self._probe()
            if probe:
                await self.ask(probe)

    def _probe(self) -> int:
        """Return what a question that is left over is asked of; zero if all were asked."""
        if self._good and self._good not in self._answers:
            return self._good
        asked = sorted(bisect_left(self._sequences, each) for each in self._answers if each != self._good)
        before, after = max(pairwise([-1, *asked, len(self._sequences)]), key=lambda gap: gap[1] - gap[0])
        return self._sequences[(before + after) // 2] if after - before > 1 else 0

    def unasked(self) -> list[int]:
        """Return those that were not asked, in order, the one that is said to be good among them."""
        everything = [self._good, *self._sequences] if self._good else self._sequences
        return [each for each in everything if each not in self._answers]

    async def ask(self, sequence: int) -> bool:
        """Ask of a snapshot."""
        answer = self._answers[sequence] = await self._is_bad(sequence)
        return answer

    def result(self) -> Bisection:
        """Return what all answers so far say."""
        place = self._sequences.index(self._first_bad) if self._first_bad else len(self._sequences)
        in_order = sorted(self._answers.items())
        falls = any(before and not after for (_, before), (_, after) in pairwise(in_order))
        flips = (sequence for (_, before), (sequence, after) in pairwise(in_order) if before is not after)
        return Bisection(
            first_bad_sequence=self._first_bad,
            last_good_sequence=self._sequences[place - 1] if place else self._good,
            evaluations=tuple(Evaluation(sequence=each, bad=bad) for each, bad in self._answers.items()),
            not_monotone=falls or self._answers.get(self._good, False),
            flips=() if self.unasked() else tuple(flips),
        )
