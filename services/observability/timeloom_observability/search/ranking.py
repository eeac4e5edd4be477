"""One order of what several lists have found."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Final, TypeVar

DAMPING: Final = 60
"""How little the first places stand out (Cormack, Clarke, Büttcher: Reciprocal Rank Fusion, 2009)."""

Found = TypeVar("Found", bound=Hashable)


def fused(*lists: Sequence[Found]) -> Mapping[Found, float]:
    """Returns what is in any list with what its places are worth."""
    worth: dict[Found, float] = {}
    for each in lists:
        for rank, found in enumerate(each, 1):
            worth[found] = worth.get(found, 0.0) + 1 / (DAMPING + rank)
    return worth
