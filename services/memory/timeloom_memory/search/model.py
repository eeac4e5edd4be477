"""What a search asks and answers, as values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from timeloom_memory.model import Memory, MemoryFilter
from timeloom_memory.search.fusion import Boosted, Fused, Ranking
from timeloom_memory.search.time_words import TimeRange

LIMIT_DEFAULT: Final = 10
LIMIT_MAX: Final = 1_000
RESULTS_MAX: Final = 5_000
"""So many memories may the searches of a batch ask for together."""

SCORE_MIN_DEFAULT: Final = 0.15
"""What has little to do with a query scores less. Measured on LoCoMo: of the turns that answer a question
and are among its first twenty, 99.3 % score more; for 98 % of the questions, none of ten memories of other
matters does.
"""

WORDS_SHARE: Final = 1 / 3
"""What of a floor is asked of a memory without a vector: shares of words are smaller than cosines."""

Vector = NDArray[np.float32]


class GivenVector(Struct, frozen=True):
    """A vector of unit length to look for, and the model that it comes from."""

    model: str
    values: Vector


class Search(Struct, frozen=True, kw_only=True):
    """What to look for.

    Attributes:
        query: Empty if only a vector is looked for.
        vector: Looked for instead of the query's own meaning.
        namespaces: In these and what is below them; everywhere if empty.
        min_sequence: A change of the project that the search must see.
        similarity_min: The least cosine; None if any will do.
        score_min: The least score; None if any will do.
        is_silent: What is found does not count as used.
        explain: With what each signal says.
        reference_time: What "today" means.
        field_prefix: What its fields are called by in errors, before their names.
    """

    query: str = ""
    vector: GivenVector | None = None
    namespaces: tuple[str, ...] = ()
    wanted: MemoryFilter = MemoryFilter()
    limit: int = LIMIT_DEFAULT
    min_sequence: int = 0
    collapse_duplicates: bool = False
    ranking: Ranking = Ranking()
    similarity_min: float | None = None
    score_min: float | None = None
    is_silent: bool = False
    explain: bool = False
    reference_time: datetime
    as_agent_id: str = ""
    field_prefix: str = ""


class Explanation(Struct, frozen=True, kw_only=True):
    """What each signal said of a memory, and what it did to the score."""

    fused: Fused
    boosted: Boosted


class Hit(Struct, frozen=True, kw_only=True):
    """A memory that was found, and why if that was asked for."""

    memory: Memory
    score: float
    duplicate_ids: Sequence[UUID] = ()
    explanation: Explanation | None = None


class Found(Struct, frozen=True, kw_only=True):
    """What a search found, best first.

    Attributes:
        sequence: Up to which change of the project it has seen everything.
        time_range: What the query says of time; None if nothing.
    """

    hits: Sequence[Hit]
    sequence: int
    time_range: TimeRange | None = None
