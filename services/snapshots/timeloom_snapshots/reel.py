"""The part of an execution that a playback has at hand: the steps before and after where it stands.

The states of neighbours share nearly everything, so that thousands of steps take little, and going back costs
nothing that was not done on the way there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, Protocol, cast
from uuid import UUID

from timeloom.state import delta
from timeloom_snapshots.cache import BYTES_PER_STATE_BYTE, ENTRY_BYTES
from timeloom_snapshots.steps import Step

BYTES_MAX: Final = 32 * 1024 * 1024
"""What the steps of one playback may take in memory, roughly; one is always there."""

STEPS_MAX: Final = 4096

AHEAD: Final = 256
"""So many steps are made at once on the way forward; ..."""

BEHIND_MIN: Final = 64
BEHIND_MAX: Final = 256
"""... on the way back few, and then more and more, because a jump need not be the beginning of a way back."""

REFERENCE_BYTES: Final = 16
"""What an element of a list, or a member, takes in a copy of its container and in the hash of that."""

_sequence_of = attrgetter("sequence")


class Walking(Protocol):
    """Makes steps; see `Walk.forward`."""

    def forward(
        self, project_id: UUID, execution_id: UUID, *, first: int, last: int, after: Step | None = None
    ) -> AsyncGenerator[Sequence[Step]]:
        """Yields the snapshots from one sequence to another, some at a time; those that are there."""
        ...


class Reel:
    """Steps along an execution in both directions."""

    def __init__(self, walk: Walking, project_id: UUID, execution_id: UUID) -> None:
        self._walk = walk
        self._project_id = project_id
        self._execution_id = execution_id
        self._stretch = _Stretch(steps=[], weights=[], first=1, last=0)
        self._behind = BEHIND_MIN

    async def at(self, sequence: int) -> Step | None:
        """Returns a snapshot's step; None if there is no such snapshot."""
        if not self._stretch.first <= sequence <= self._stretch.last:
            self._behind = BEHIND_MIN
            self._stretch = await self._back_from(sequence, down_to=1)
        step = self._stretch.from_(sequence)
        return step if step is not None and step.sequence == sequence else None

    async def following(self, sequence: int, *, last: int) -> Step | None:
        """Returns the step after one that is at hand, up to a sequence; None if there is none."""
        while True:
            stretch = self._stretch
            step = stretch.from_(sequence + 1)
            if step is not None or stretch.last >= last:
                return step if step is not None and step.sequence <= last else None
            stretch.append(await self._on_to(min(stretch.last + AHEAD, last)))
            stretch.shorten_before(sequence)

    async def preceding(self, sequence: int, *, first: int) -> Step | None:
        """Returns the step before one that is at hand, down to a sequence; None if there is none."""
        while True:
            stretch = self._stretch
            step = stretch.before(sequence)
            if step is not None or stretch.first <= first:
                return step if step is not None and step.sequence >= first else None
            stretch.prepend(await self._back_from(stretch.first - 1, down_to=first))
            stretch.shorten_after(sequence)

    async def _on_to(self, last: int) -> _Stretch:
        """Makes the steps after those that are at hand, to the last or as many as are taken at once."""
        made = _Stretch(steps=[], weights=[], first=self._stretch.last + 1, last=last)
        after = self._stretch.steps[-1] if self._stretch.steps else None
        async with aclosing(self._walked(made.first, last, after)) as batches:
            async for steps, weights in batches:
                made.steps += steps
                made.weights += weights
                if sum(made.weights) > BYTES_MAX // 2:
                    made.last = steps[-1].sequence
                    break
        return made

    async def _back_from(self, last: int, *, down_to: int) -> _Stretch:
        """Makes some steps up to one; fewer of them if they are large."""
        made = _Stretch(steps=[], weights=[], first=max(last - self._behind + 1, down_to), last=last)
        self._behind = min(4 * self._behind, BEHIND_MAX)
        async with aclosing(self._walked(made.first, last, None)) as batches:
            async for steps, weights in batches:
                made.steps += steps
                made.weights += weights
                made.shorten_before(steps[-1].sequence, bytes_max=BYTES_MAX // 2)
        return made

    async def _walked(
        self, first: int, last: int, after: Step | None
    ) -> AsyncGenerator[tuple[Sequence[Step], Sequence[int]]]:
        walk = self._walk.forward(self._project_id, self._execution_id, first=first, last=last, after=after)
        async with aclosing(walk):
            async for steps in walk:
                yield (
                    steps,
                    [weight_of(step, shares=after is not None or step is not steps[0]) for step in steps],
                )
                after = steps[-1]


@dataclass(slots=True, kw_only=True)
class _Stretch:
    """All the steps from one sequence to another, and what they weigh."""

    steps: list[Step]
    weights: list[int]
    first: int
    last: int

    def from_(self, sequence: int) -> Step | None:
        """Returns the first step from a sequence on."""
        place = self._place_of(sequence)
        return self.steps[place] if place < len(self.steps) else None

    def before(self, sequence: int) -> Step | None:
        """Returns the last step before a sequence."""
        place = self._place_of(sequence)
        return self.steps[place - 1] if place else None

    def append(self, other: _Stretch) -> None:
        """Adds what comes right after."""
        self.steps += other.steps
        self.weights += other.weights
        self.last = other.last

    def prepend(self, other: _Stretch) -> None:
        """Adds what comes right before."""
        self.steps[:0] = other.steps
        self.weights[:0] = other.weights
        self.first = other.first

    def shorten_before(self, sequence: int, *, bytes_max: int = BYTES_MAX) -> None:
        """Lets go of steps before a sequence, beginning with the first, until the others fit."""
        count = self._excess(self.weights, self._place_of(sequence), bytes_max)
        if count:
            del self.steps[:count], self.weights[:count]
            self.first = self.steps[0].sequence

    def shorten_after(self, sequence: int, *, bytes_max: int = BYTES_MAX) -> None:
        """Lets go of steps after a sequence, beginning with the last, until the others fit."""
        place = self._place_of(sequence + 1)
        count = self._excess(self.weights[::-1], len(self.steps) - place, bytes_max)
        if count:
            del self.steps[-count:], self.weights[-count:]
            self.last = self.steps[-1].sequence

    @staticmethod
    def _excess(weights: Sequence[int], count_max: int, bytes_max: int) -> int:
        """Returns how many of the first ones are too many."""
        total, count = sum(weights), 0
        while count < count_max and (total > bytes_max or len(weights) - count > STEPS_MAX):
            total -= weights[count]
            count += 1
        return count

    def _place_of(self, sequence: int) -> int:
        return bisect_left(self.steps, sequence, key=_sequence_of)


def weight_of(step: Step, *, shares: bool) -> int:
    """Returns what a step takes in memory, roughly.

    Args:
        step: The step.
        shares: Whether its state shares what is equal with the state of the step before.
    """
    if not shares or delta.sets_root(step.delta.operations):
        return ENTRY_BYTES + BYTES_PER_STATE_BYTE * step.snapshot.state_bytes
    weight = ENTRY_BYTES + BYTES_PER_STATE_BYTE * len(step.delta.encoded)
    for operation in step.delta.operations:
        container = step.state
        for key in operation.path:
            weight += REFERENCE_BYTES * _width(container)
            container = _child(container, key)
        weight += REFERENCE_BYTES * _width(container)
    return weight


def _child(container: Any, key: str | int) -> Any:
    """Returns what is at a key; nothing if a later operation took it away."""
    try:
        return container[key]
    except (KeyError, IndexError, TypeError):
        return None


def _width(value: Any) -> int:
    return len(cast("list[Any]", value)) if isinstance(value, (dict, list)) else 0
