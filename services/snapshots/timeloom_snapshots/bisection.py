"""Finding the first bad snapshot on the way to a bad one, by asking as few of them as possible."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

from msgspec import Struct

Ask: TypeAlias = Callable[[int], Awaitable[bool]]
"""Tells whether the snapshot of a sequence is bad."""


class Evaluation(Struct, frozen=True, kw_only=True):
    """One answer of the predicate."""

    sequence: int
    is_bad: bool


class Finding(Struct, frozen=True, kw_only=True):
    """What a bisection found.

    Attributes:
        first_bad: Zero if the last candidate is not bad.
        last_good: The candidate before it, or the snapshot that is known to be good; zero if there is none.
        evaluations: What was asked, in order.
        is_not_monotone: What was found contradicts a predicate that is false up to some snapshot and true
            from then on.
        flips: Where the answer changes, if all were asked.
    """

    first_bad: int
    last_good: int
    evaluations: Sequence[Evaluation]
    is_not_monotone: bool
    flips: Sequence[int]


class Bisection:
    """Asks a predicate, each snapshot at most once.

    For n candidates the search asks at most ceil(log2 n) + 1 of them: the last one, and then every time the
    one in the middle of what is left.
    """

    def __init__(self, candidates: Sequence[int], ask: Ask, *, known_good: int = 0) -> None:
        """Takes the candidates in order, and the snapshot before them that is known to be good."""
        self._candidates = candidates
        self._ask = ask
        self._known_good = known_good
        self._answers: dict[int, bool] = {}

    async def search(self) -> Finding:
        """Finds the first bad one, as if the predicate were monotone."""
        candidates = self._candidates
        if not candidates or not await self._is_bad(candidates[-1]):
            return self._finding(first_bad=0, last_good=candidates[-1] if candidates else self._known_good)
        low, high = 0, len(candidates) - 1
        while low < high:
            middle = (low + high) // 2
            if await self._is_bad(candidates[middle]):
                high = middle
            else:
                low = middle + 1
        last_good = candidates[high - 1] if high else self._known_good
        return self._finding(first_bad=candidates[high], last_good=last_good)

    def unasked(self) -> list[int]:
        """Returns the candidates that were not asked, in order."""
        return [each for each in self._candidates if each not in self._answers]

    async def ask(self, sequence: int) -> None:
        """Asks a candidate."""
        await self._is_bad(sequence)

    def completed(self, finding: Finding) -> Finding:
        """Returns the finding with what all answers together say."""
        return self._finding(first_bad=finding.first_bad, last_good=finding.last_good, flips=self._flips())

    async def _is_bad(self, sequence: int) -> bool:
        answer = self._answers[sequence] = await self._ask(sequence)
        return answer

    def _finding(self, *, first_bad: int, last_good: int, flips: Sequence[int] = ()) -> Finding:
        evaluations = [Evaluation(sequence=each, is_bad=bad) for each, bad in self._answers.items()]
        in_order = [bad for _, bad in sorted(self._answers.items())]
        return Finding(
            first_bad=first_bad,
            last_good=last_good,
            evaluations=evaluations,
            is_not_monotone=any(before and not after for before, after in pairwise(in_order)),
            flips=flips,
        )

    def _flips(self) -> list[int]:
        known: list[tuple[int, bool]] = [(self._known_good, False)] if self._known_good else []
        answers = known + sorted(self._answers.items())
        return [sequence for (_, before), (sequence, after) in pairwise(answers) if before is not after]
