"""One search on its way: what its lists say, what of that may be shown, and what is shown.

It asks for what it needs of PostgreSQL by ids and is given it, so that many searches may be answered at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final
from uuid import UUID

import numpy as np
from msgspec import Struct

from timeloom_memory.model import Memory
from timeloom_memory.search.duplicates import Groups
from timeloom_memory.search.fusion import (
    Boosts,
    Evidence,
    Fusion,
    Ranking,
    boost_margin,
    boosted,
    boosted_scores,
    fuse,
)
from timeloom_memory.search.grounds import Ground
from timeloom_memory.search.model import WORDS_SHARE, Explanation, Hit, Search
from timeloom_memory.search.sources import Candidates, Sought
from timeloom_memory.search.time_words import TimeRange
from timeloom_memory.storage.searching import Standing
from timeloom_memory.upkeep.decay import Usage, retention

# How far down the lists are read at first, and how much further each time when too little of it may be shown.
DEPTH_MIN: Final = 50
DEPTH_PER_RESULT: Final = 4
DEEPENING: Final = 4

# So many candidates of a search at most are checked at a time.
CHECKED_MAX: Final = 2_000

# A search by a vector alone has one list: what comes after the results only matters to the boosts.
SPARE_MIN: Final = 20

# A memory of that age counts half as recent as one of today.
RECENCY_HALF_LIFE: Final = timedelta(days=30)
RECENCY_HALF_LIVES_MAX: Final = 100.0
IMPORTANCE_MIN: Final = 1.0
IMPORTANCE_MAX: Final = 10.0


_NOTHING: Final = fuse(Evidence(), Ranking())


class _Ranked(Struct, frozen=True):
    """A memory that may be shown: its place by what the lists say, and its score after the boosts."""

    place: int
    memory_id: UUID
    score: float
    boosts: Boosts | None


class Pursuit:
    """One search, round by round, each deeper into its lists."""

    _fusion: Fusion
    _places: Sequence[int]
    _start: int
    _end: int
    _ranked: list[_Ranked]
    _rest: Iterator[_Ranked] | None
    _page: Sequence[_Ranked]
    _shown: list[tuple[_Ranked, Memory]]
    _groups: Groups

    def __init__(self, search: Search, ground: Ground, sought: Sought, named: TimeRange | None) -> None:
        """Begins.

        Args:
            search: What is wanted.
            ground: Where.
            sought: What its lists are asked.
            named: The time that its query names.
        """
        self.search = search
        self.sought = sought
        self.named = named
        self.depth = (
            max(DEPTH_MIN, DEPTH_PER_RESULT * search.limit)
            if search.query
            else search.limit + max(SPARE_MIN, search.limit // 2)
        )
        self._ground = ground
        self._margin = boost_margin(search.ranking, has_time=named is not None)
        # Where no boost counts, nothing has to be known of a memory to give it its place.
        self._needs_standings = search.explain or self._margin < 1.0
        self._has_all = False
        self._begin(_NOTHING)

    def take(self, parts: Sequence[Candidates]) -> None:
        """Takes what the lists of each source have down to the depth: a new round begins."""
        self._has_all = all(part.are_all for part in parts)
        self._begin(fuse(Evidence.joined([part.evidence for part in parts]), self.search.ranking))

    def unweighed(self) -> Sequence[UUID]:
        """Returns the memories whose standings it needs next; none if it has all that count."""
        if not self._needs_standings or self._start >= len(self._places):
            return ()
        self._end = self._next_end()
        return [self._fusion.memory_ids[place] for place in self._places[self._start : self._end]]

    def weigh(self, standings: Mapping[UUID, Standing]) -> None:
        """Leaves out what may not be shown, which has no standing, and applies the boosts."""
        chunk = {self._fusion.memory_ids[place]: place for place in self._places[self._start : self._end]}
        shown = [memory_id for memory_id in chunk if memory_id in standings]
        boosts = [self._boosts(standings[memory_id]) for memory_id in shown]
        at = np.array([chunk[memory_id] for memory_id in shown], dtype=np.int64)
        scores = boosted_scores(self._fusion.scores[at], boosts, self.search.ranking)
        self._ranked += map(_Ranked, at.tolist(), shown, scores.tolist(), boosts)
        self._start = self._end

    def unread(self) -> Sequence[UUID]:
        """Returns the memories that it reads next, all being weighed; none if it is full, or has no more."""
        if len(self._shown) >= self.search.limit:
            return ()
        if self._rest is None:
            self._rest = self._in_order()
        self._page = list(islice(self._rest, self.search.limit))
        return [one.memory_id for one in self._page]

    def show(self, found: Mapping[UUID, Memory], alike: Mapping[UUID, bytes]) -> None:
        """Shows what was found of the memories that it asked for, near-duplicates by the best of them."""
        if not self._needs_standings and any(one.memory_id not in found for one in self._page):
            # Where some may not be shown many may not be: which ones is asked before they are read.
            self._needs_standings = True
            self._begin(self._fusion)
        for one in self._page:
            memory = found.get(one.memory_id)
            if memory is None:
                continue
            if self.search.collapse_duplicates and self._groups.add(memory, alike.get(memory.id)):
                continue
            self._shown.append((one, memory))

    def goes_deeper(self) -> bool:
        """Tells whether there may be more to show further down, and makes ready for it."""
        # With fewer alike enough than the lists are deep, all that are further down are less alike still.
        has_alike = self.search.similarity_min is not None and len(self._places) < self.depth
        if self._has_all or has_alike or len(self._shown) >= self.search.limit:
            return False
        self.depth *= DEEPENING
        return True

    def hits(self) -> list[Hit]:
        """Returns what is shown, best first."""
        return [
            Hit(
                memory=memory,
                score=one.score,
                duplicate_ids=self._groups.duplicates(memory.id),
                explanation=self._explanation(one) if self.search.explain else None,
            )
            for one, memory in self._shown[: self.search.limit]
            if self._fits(one, memory)
        ]

    def _fits(self, one: _Ranked, memory: Memory) -> bool:
        """Whether a memory has as much to do with the query as was asked for, or fits the time it names."""
        least = self.search.score_min
        if least is None or (self.named is not None and self.named.fit(memory.occur_time) >= 1.0):
            return True
        fused = self._fusion[one.place]
        has_meaning = fused.semantic.rank or fused.context_semantic.rank
        return one.score >= (least if has_meaning else least * WORDS_SHARE)

    def _begin(self, fusion: Fusion) -> None:
        least = self.search.similarity_min
        self._fusion = fusion
        self._places = range(len(fusion)) if least is None else fusion.places_alike(least)
        self._start = self._end = 0
        self._ranked = []
        self._rest = None
        self._page = ()
        self._shown = []
        self._groups = Groups()

    def _next_end(self) -> int:
        """Returns up to where to ask next: as far as boosts can bring something among the results.

        It is taken that all of them may be shown, so that asking once is enough unless some may not.
        """
        places, limit = self._places, self.search.limit
        end = min(self._start + CHECKED_MAX, len(places))
        if self.search.collapse_duplicates:
            return end
        missing = limit - len(self._ranked)
        last = (
            places[min(self._start + missing, len(places)) - 1]
            if missing > 0
            else self._ranked[limit - 1].place
        )
        least = float(self._fusion.scores[last])
        within = bisect_left(places, self._fusion.count_from(min(least, self._margin * least)))
        return min(max(within, self._start), end)

    def _in_order(self) -> Iterator[_Ranked]:
        if self._needs_standings:
            return iter(sorted(self._ranked, key=lambda one: (-one.score, one.memory_id.int)))
        ids, scores = self._fusion.memory_ids, self._fusion.scores
        return (_Ranked(place, ids[place], float(scores[place]), None) for place in self._places)

    def _boosts(self, standing: Standing) -> Boosts:
        now, named = self.search.reference_time, self.named
        usage = Usage(
            create_time=standing.create_time, access_count=standing.access_count, recent=standing.recent
        )
        return Boosts(
            recency=recency(now - standing.occur_time),
            importance=(standing.importance - IMPORTANCE_MIN) / (IMPORTANCE_MAX - IMPORTANCE_MIN),
            frequency=retention(usage, now, self._ground.policy),
            time=None if named is None else named.fit(standing.occur_time),
        )

    def _explanation(self, one: _Ranked) -> Explanation:
        assert one.boosts is not None, "what is explained was weighed"
        fused = self._fusion[one.place]
        return Explanation(fused=fused, boosted=boosted(fused.score, one.boosts, self.search.ranking))


def recency(age: timedelta) -> float:
    """Returns 1 for what happens now or later, and half as much with each half-life."""
    return float(0.5 ** min(max(age / RECENCY_HALF_LIFE, 0.0), RECENCY_HALF_LIVES_MAX))
