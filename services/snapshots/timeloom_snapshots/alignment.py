"""Aligning the steps of two executions: which step of the one is which of the other.

Steps are the same if they have the same name and kind, and the alignment keeps the order: it is a longest
common subsequence, found by Myers' algorithm ("An O(ND) Difference Algorithm and Its Variations", 1986), the
first one that it comes to. Its work grows with the square of the number of steps that only one execution
has, so that number is bounded: beyond it the alignment goes on from the farthest place that was reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final, TypeAlias

from msgspec import Struct

from timeloom_snapshots.facts import Fact

EDITS_MAX: Final = 500
"""The steps that only one of the executions has, in one stretch of the search."""


_Name: TypeAlias = tuple[str, int]


class AlignmentKind(IntEnum):
    """How two executions compare at one place. The numbers are those of the contract."""

    SAME = 1
    DIFFERENT = 2
    MISSING = 3
    EXTRA = 4


class AlignedStep(Struct, frozen=True, kw_only=True):
    """A step of one execution beside the same step of the other; zero stands for none."""

    kind: AlignmentKind
    step_name: str
    sequence: int
    other_sequence: int


def align_steps(one: Sequence[Fact], other: Sequence[Fact]) -> list[AlignedStep]:
    """Aligns the steps of two executions, in order; what only one of them has stands where it was."""
    aligned: list[AlignedStep] = []
    start, other_start = 0, 0
    for place, other_place in _pairs(one, other):
        aligned += _unpaired(one[start:place], other[other_start:other_place])
        aligned.append(_paired(one[place], other[other_place]))
        start, other_start = place + 1, other_place + 1
    return aligned + _unpaired(one[start:], other[other_start:])


def _paired(fact: Fact, other: Fact) -> AlignedStep:
    is_same = fact.state_hash == other.state_hash
    return AlignedStep(
        kind=AlignmentKind.SAME if is_same else AlignmentKind.DIFFERENT,
        step_name=fact.step_name,
        sequence=fact.sequence,
        other_sequence=other.sequence,
    )


def _unpaired(one: Sequence[Fact], other: Sequence[Fact]) -> list[AlignedStep]:
    return [
        AlignedStep(
            kind=AlignmentKind.MISSING, step_name=fact.step_name, sequence=fact.sequence, other_sequence=0
        )
        for fact in one
    ] + [
        AlignedStep(
            kind=AlignmentKind.EXTRA, step_name=fact.step_name, sequence=0, other_sequence=fact.sequence
        )
        for fact in other
    ]


def _pairs(one: Sequence[Fact], other: Sequence[Fact]) -> Iterator[tuple[int, int]]:
    """Yields the places of the same steps, in order."""
    common = {_name_of(each) for each in one} & {_name_of(each) for each in other}
    places = [place for place, each in enumerate(one) if _name_of(each) in common]
    other_places = [place for place, each in enumerate(other) if _name_of(each) in common]
    names = [_name_of(one[place]) for place in places]
    other_names = [_name_of(other[place]) for place in other_places]
    at, other_at = 0, 0
    while at < len(names) and other_at < len(other_names):
        search = _Search(names, other_names, at, other_at)
        for pair, other_pair in search.pairs():
            yield places[pair], other_places[other_pair]
        at, other_at = search.reached


def _name_of(fact: Fact) -> _Name:
    return fact.step_name, fact.kind


class _Search:
    """Looks for the shortest way through two lists from a place in both, for so many edits at most.

    A way goes right (a step that only the one has), down (one that only the other has), or along a diagonal,
    which is free (one that both have). For each number of edits and each diagonal the farthest place is kept.
    """

    def __init__(
        self, names: Sequence[_Name], other_names: Sequence[_Name], start: int, other_start: int
    ) -> None:
        self._start, self._other_start = start, other_start
        self._names, self._other_names = names, other_names
        self._width, self._height = len(names) - start, len(other_names) - other_start
        self._trace: list[dict[int, int]] = []
        self._x, self._y = self._explore()

    @property
    def reached(self) -> tuple[int, int]:
        """Where the way ends."""
        return self._start + self._x, self._other_start + self._y

    def pairs(self) -> list[tuple[int, int]]:
        """Returns the places of the same steps on the way, in order."""
        found: list[tuple[int, int]] = []
        x, y = self._x, self._y
        for edits in range(len(self._trace) - 1, -1, -1):
            diagonal = x - y
            entered, goes_down = self._enter(edits, diagonal)
            while x > entered:
                x, y = x - 1, y - 1
                found.append((self._start + x, self._other_start + y))
            if edits:
                x, y = (x, y - 1) if goes_down else (x - 1, y)
        return found[::-1]

    def _explore(self) -> tuple[int, int]:
        """Finds the farthest places, edit by edit, and returns the end of the way."""
        farthest: dict[int, int] = {}
        for edits in range(min(self._width + self._height, EDITS_MAX) + 1):
            farthest = {}
            for diagonal in range(-edits, edits + 1, 2):
                entered, _ = self._enter(edits, diagonal)
                if entered >= 0:
                    x = farthest[diagonal] = self._along(entered, diagonal)
                    if x == self._width and x - diagonal == self._height:
                        self._trace.append(farthest)
                        return x, x - diagonal
            self._trace.append(farthest)
        diagonal, x = max(farthest.items(), key=lambda each: 2 * each[1] - each[0])
        return x, x - diagonal

    def _enter(self, edits: int, diagonal: int) -> tuple[int, bool]:
        """Returns where a way of so many edits enters a diagonal, or -1, and whether it goes down there."""
        if edits == 0:
            return 0, False
        before = self._trace[edits - 1]
        right = before.get(diagonal - 1, self._width)
        across = right + 1 if right < self._width else -1
        down = before.get(diagonal + 1, -1)
        down = down if down - diagonal <= self._height else -1
        return max(across, down), down >= across

    def _along(self, x: int, diagonal: int) -> int:
        """Returns how far a diagonal leads: over all steps that both have."""
        names, other_names = self._names, self._other_names
        place, other_place = self._start + x, self._other_start + x - diagonal
        while (
            place < len(names) and other_place < len(other_names) and names[place] == other_names[other_place]
        ):
            place, other_place = place + 1, other_place + 1
        return place - self._start
