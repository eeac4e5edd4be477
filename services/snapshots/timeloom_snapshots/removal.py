"""What has to be stored anew so that snapshots can go and what stays can still be read.

The snapshots of a run have the same base, and each has the delta from the one before it. If some of them
go, the next one that stays has lost what its delta applies to. It gets a **bridge**: the delta from the one
that precedes it now. Where the base itself goes, the first one that stays becomes the base: it gets a
keyframe, and the rest of the run stands on it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A snapshot, and the base of the run that it belongs to."""

    sequence: int
    base_sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heir:
    """A snapshot that stays, and from where its state is to be told from now on.

    Attributes:
        previous_sequence: What its bridge begins at; None if it becomes a base.
    """

    sequence: int
    previous_sequence: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChange:
    """What happens to a run of which snapshots go.

    Attributes:
        base_sequence: The base until now.
        run: All snapshots that stand on it, with itself, in order.
        heirs: Those that get a bridge or a keyframe, in order; there may be none.
        new_base_sequence: The base from now on; None if all that stands on the base goes with it.
        staying: The others that stay and stand on the base.
    """

    base_sequence: int
    run: Sequence[int]
    heirs: Sequence[Heir]
    new_base_sequence: int | None
    staying: Sequence[int]


def plan(layout: Sequence[Placed], going: Collection[int]) -> list[RunChange]:
    """Tells what happens to each run that loses snapshots.

    Args:
        layout: The snapshots in order, from the base of the first that goes to the end of the last one's run.
        going: Those that go.
    """
    runs = [
        (base, [each.sequence for each in run])
        for base, run in groupby(layout, key=attrgetter("base_sequence"))
    ]
    return [_plan_run(base, run, going) for base, run in runs if any(each in going for each in run)]


def _plan_run(base: int, run: Sequence[int], going: Collection[int]) -> RunChange:
    new_base = None if base in going else base
    previous = new_base
    is_cut = False
    heirs: list[Heir] = []
    staying: list[int] = []
    for sequence in run:
        if sequence in going:
            is_cut = True
            continue
        if new_base is None:
            new_base = sequence
            heirs.append(Heir(sequence=sequence, previous_sequence=None))
        elif is_cut:
            heirs.append(Heir(sequence=sequence, previous_sequence=previous))
        elif sequence != base:
            staying.append(sequence)
        previous, is_cut = sequence, False
    return RunChange(base_sequence=base, run=run, heirs=heirs, new_base_sequence=new_base, staying=staying)
