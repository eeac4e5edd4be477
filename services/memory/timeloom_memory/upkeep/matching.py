"""Clusters keep their ids from one run to the next where they are still about the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

SAME_COSINE_MIN: Final = 0.8
"""Centres that are less alike are those of different clusters."""


def kept_ids(
    centres: NDArray[np.float32],
    known: Sequence[tuple[UUID, NDArray[np.float32]]],
    new_id: Callable[[], UUID],
) -> list[UUID]:
    """Returns an id for each centre: that of the known centre that is nearest, given once, or a new one."""
    ids: dict[int, UUID] = {}
    alike = [(identity, centre) for identity, centre in known if len(centre) == centres.shape[1]]
    if alike and len(centres):
        cosines = centres @ np.stack([centre for _, centre in alike]).T
        given: set[UUID] = set()
        for pair in np.argsort(-cosines, axis=None, kind="stable"):
            place, old = divmod(int(pair), len(alike))
            if cosines[place, old] < SAME_COSINE_MIN:
                break
            if place not in ids and alike[old][0] not in given:
                ids[place] = alike[old][0]
                given.add(alike[old][0])
    return [ids[place] if place in ids else new_id() for place in range(len(centres))]
