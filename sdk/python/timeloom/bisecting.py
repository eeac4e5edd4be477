"""Bisection: the first bad of a row of states, with at most ceil(log2 n) + 1 questions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
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
    asked: dict[int, bool] = {}

    async def ask(sequence: int) -> bool:
        if sequence not in asked:
            asked[sequence] = await is_bad(sequence)
        return asked[sequence]

    first_bad = 0
    if sequences and await ask(sequences[-1]):
        low, high = 0, len(sequences) - 1
        while low < high:
            middle = (low + high) // 2
            if await ask(sequences[middle]):
                high = middle
            else:
                low = middle + 1
        first_bad = sequences[high]
    if exhaustive:
        for sequence in sequences:
            await ask(sequence)
    found = sequences.index(first_bad) if first_bad else len(sequences)
    return Bisection(
        first_bad_sequence=first_bad,
        last_good_sequence=sequences[found - 1] if found else good,
        evaluations=tuple(Evaluation(sequence=sequence, bad=bad) for sequence, bad in asked.items()),
        not_monotone=any(
            bad != (bool(first_bad) and sequence >= first_bad) for sequence, bad in asked.items()
        ),
        flips=_flips(sequences, asked, good=good) if exhaustive else (),
    )


def _flips(sequences: Sequence[int], asked: Mapping[int, bool], *, good: int) -> tuple[int, ...]:
    """Return the snapshots whose answer is another one than that of the one before."""
    answers = [(sequence, asked[sequence]) for sequence in sequences]
    if good:
        answers.insert(0, (good, False))
    return tuple(sequence for (_, before), (sequence, after) in pairwise(answers) if before is not after)
