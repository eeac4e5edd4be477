"""Contexts: the best memories for a query as one text, under a number of tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from timeloom_memory.search import words
from timeloom_memory.search.composition import (
    CANDIDATES_MAX,
    Composed,
    Grouping,
    Likeness,
    Tokenizer,
    by_variety,
    compose,
)
from timeloom_memory.search.model import Found, Hit, Search
from timeloom_memory.search.searching import Searching
from timeloom_memory.storage import vectors
from timeloom_platform.database import Database

# A memory takes about so many tokens with its date and number: more candidates than fit would not be used.
TOKENS_PER_MEMORY: Final = 15
CANDIDATES_MIN: Final = 20


class Wanted(Struct, frozen=True, kw_only=True):
    """What a context is to be like.

    Attributes:
        search: Whose `limit` says how many memories it is made of at most; None for as many as fit.
    """

    search: Search
    limit: int | None
    tokens_max: int
    diversity: float
    grouping: Grouping


class Context(Struct, frozen=True, kw_only=True):
    """A text, and the hits that it is made of, in its order."""

    text: str
    hits: Sequence[Hit]
    token_count: int
    tokenizer: str
    sequence: int


class Contexts:
    """Builds contexts."""

    def __init__(
        self,
        *,
        database: Database,
        searching: Searching,
        tokenizer: Tokenizer,
        note: Callable[[UUID, Sequence[UUID]], None],
    ) -> None:
        self._database = database
        self._searching = searching
        self._tokenizer = tokenizer
        self._note = note

    async def build(self, project_id: UUID, wanted: Wanted) -> Context:
        """Returns a text of memories that may be read, of at most so many tokens.

        Only what is in the text counts as used.

        Raises:
            InvalidFieldError: As a search does.
            UnavailableError: As a search does.
        """
        fitting = max(CANDIDATES_MIN, wanted.tokens_max // TOKENS_PER_MEMORY)
        limit = min(CANDIDATES_MAX, fitting if wanted.limit is None else 2 * wanted.limit)
        found = await self._searching.search(project_id, replace(wanted.search, limit=limit, is_silent=True))
        likeness = await self._likeness(project_id, found)
        composed = await asyncio.to_thread(self._composed, found, likeness, wanted)
        hits = [found.hits[place] for place in composed.order]
        if hits and not wanted.search.is_silent:
            self._note(project_id, [hit.memory.id for hit in hits])
        return Context(
            text=composed.text,
            hits=hits,
            token_count=composed.token_count,
            tokenizer=self._tokenizer.name,
            sequence=found.sequence,
        )

    def _composed(self, found: Found, likeness: Likeness, wanted: Wanted) -> Composed:
        order = by_variety([hit.score for hit in found.hits], likeness, wanted.diversity)
        return compose(
            [hit.memory for hit in found.hits],
            order if wanted.limit is None else order[: wanted.limit],
            grouping=wanted.grouping,
            tokens_max=wanted.tokens_max,
            tokenizer=self._tokenizer,
        )

    async def _likeness(self, project_id: UUID, found: Found) -> Likeness:
        """Returns how alike the memories are: by their vectors, and by their words where they have none."""
        async with self._database.transaction(str(project_id)) as connection:
            stored = await vectors.select(connection, project_id, [hit.memory.id for hit in found.hits])
        bare = [place for place, hit in enumerate(found.hits) if hit.memory.id not in stored]
        likeness = _shared_words([hit.memory.content for hit in found.hits], bare)
        by_model: dict[tuple[str, int], list[int]] = {}
        for place, hit in enumerate(found.hits):
            if hit.memory.id in stored:
                by_model.setdefault((hit.memory.embedding_model, hit.memory.dimension), []).append(place)
        for (_, dimension), places in by_model.items():
            matrix = vectors.decoded([stored[found.hits[place].memory.id] for place in places], dimension)
            likeness[np.ix_(places, places)] = np.clip(matrix @ matrix.T, 0.0, 1.0)
        return likeness


def _shared_words(contents: Sequence[str], places: Sequence[int]) -> Likeness:
    """Returns which share of their different words some texts have in common with any other (Jaccard)."""
    likeness = np.zeros((len(contents), len(contents)), dtype=np.float32)
    sets = [frozenset(words.terms(content)) for content in contents] if places else []
    for place in places:
        for other, there in enumerate(sets):
            if there or sets[place]:
                shared = len(sets[place] & there) / len(sets[place] | there)
                likeness[place, other] = likeness[other, place] = shared
    return likeness
