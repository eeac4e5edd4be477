"""Clusters keep their ids from one run to the next where they are still about the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

SAME_COSINE_MIN: Final = 0.8
"""Centres that are less alike are those of different clusters."""


def kept_ids(
    centres: NDArray[np.float32], known: Sequence[tuple[UUID, NDArray[np.float32]]]
) -> list[UUID | None]:
    """Returns for each centre the id of the known one that is nearest, given once; None for what is new."""
    ids: list[UUID | None] = [None] * len(centres)
    alike = [(identity, centre) for identity, centre in known if len(centre) == centres.shape[1]]
    if not alike or not len(centres):
        return ids
    cosines = centres @ np.stack([centre for _, centre in alike]).T
    given: set[UUID] = set()
    for pair in np.argsort(-cosines, axis=None, kind="stable"):
        place, old = divmod(int(pair), len(alike))
        if cosines[place, old] < SAME_COSINE_MIN:
            break
        if ids[place] is None and alike[old][0] not in given:
            ids[place] = alike[old][0]
            given.add(alike[old][0])
    return ids
