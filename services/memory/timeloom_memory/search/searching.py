"""Searching: lists are fused, checked against PostgreSQL, and weighed by what the memories are like."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final, Protocol
from uuid import UUID

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from timeloom_memory.model import Memory, MemoryFilter, Part
from timeloom_memory.search import words
from timeloom_memory.search.duplicates import Groups
from timeloom_memory.search.fusion import (
    Boosts,
    Evidence,
    Fusion,
    boost_margin,
    boosted,
    boosted_scores,
    fuse,
)
from timeloom_memory.search.lexical import LexicalIndex
from timeloom_memory.search.model import Found, Hit, Search, Vector
from timeloom_memory.search.sources import IndexSource, ScanSource, Sought, Source, VectorSearch
from timeloom_memory.search.time_words import TimeRange, time_range
from timeloom_memory.sharing.access import Access
from timeloom_memory.sharing.scope import EVERYTHING, Scope
from timeloom_memory.storage import memories, vectors
from timeloom_memory.storage import searching as storage
from timeloom_memory.storage.searching import Asked, Place, Standing
from timeloom_memory.upkeep.decay import DecayModel, DecayPolicy, Usage, retention
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import InvalidFieldError

# How far down the lists are read at first, and how much further each time when too little of it may be shown.
DEPTH_MIN: Final = 50
DEPTH_PER_RESULT: Final = 4
DEEPENING: Final = 4

# So many candidates at most are checked at a time.
CHECKED_MAX: Final = 2_000

# A search by a vector alone has one list: what comes after the results only matters to the boosts.
SPARE_MIN: Final = 20

# Filters that leave no more than these are known by name to the lists, which then look at nothing else.
LISTED_MAX: Final = 20_000

NO_FILTER: Final = MemoryFilter()

# A memory of that age counts half as recent as one of today.
RECENCY_HALF_LIFE: Final = timedelta(days=30)
RECENCY_HALF_LIVES_MAX: Final = 100.0
IMPORTANCE_MIN: Final = 1.0
IMPORTANCE_MAX: Final = 10.0


class Embedders(Protocol):
    """Makes vectors of queries."""

    @property
    def models(self) -> Collection[str]:
        """The models that are set up."""
        ...

    async def embed(self, model: str, texts: Sequence[str], *, project_id: UUID | None = None) -> Vector:
        """Returns a unit vector for each text."""
        ...


class Following(Protocol):
    """Up to which change the indexes in memory have seen a project."""

    async def reach(self, project_id: UUID, sequence: int) -> int:
        """Returns when they have seen everything up to a change, and up to which they have."""
        ...


class _Ground(Struct, frozen=True, kw_only=True):
    """Where a search looks, as PostgreSQL had it when it began.

    Attributes:
        places: Namespaces that may be read as a whole.
        shared: Single memories elsewhere that may be read.
        listed: What the filter leaves, with its numbers; None if it leaves too many to name, or all.
        sequence: The project's last change.
        policy: How its memories fade.
    """

    asked: Asked
    places: Sequence[Place]
    shared: Collection[UUID]
    listed: Mapping[UUID, int] | None
    sequence: int
    policy: DecayPolicy


class _Ranked(Struct, frozen=True):
    """A memory that may be shown: its place by what the lists say, and its score after the boosts."""

    place: int
    memory_id: UUID
    score: float
    boosts: Boosts


class Searching:
    """Finds memories by meaning, words and time."""

    def __init__(
        self,
        *,
        database: Database,
        following: Following,
        vectors: VectorSearch,
        lexical: LexicalIndex,
        embedders: Embedders,
        note: Callable[[UUID, Sequence[UUID]], None],
    ) -> None:
        """Puts it together.

        Args:
            database: The truth.
            following: Keeps the indexes in line with it.
            vectors: The index of vectors.
            lexical: The index of words.
            embedders: For queries.
            note: Takes note of what was found, for later: it must not wait.
        """
        self._database = database
        self._following = following
        self._vectors = vectors
        self._lexical = lexical
        self._embedders = embedders
        self._note = note

    async def search(self, project_id: UUID, search: Search) -> Found:
        """Returns the memories that fit best, and that may be read.

        Raises:
            InvalidFieldError: The vector has another dimension than those there, or there is no such change.
            UnavailableError: PostgreSQL or a model cannot be reached.
        """
        named = time_range(search.query, search.reference_time)
        ground = await self._ground(project_id, search)
        sequence = await self._following.reach(project_id, max(search.min_sequence, ground.sequence))
        sources = await self._sources(project_id, search, ground, sequence)
        hits = await self._found(search, ground, sources, named)
        if hits and not search.is_silent:
            self._note(project_id, [hit.memory.id for hit in hits])
        return Found(hits=hits, sequence=sequence, time_range=named)

    async def _ground(self, project_id: UUID, search: Search) -> _Ground:
        scope, listed = EVERYTHING, None
        if search.as_agent_id or _is_listed(search.wanted):
            async with self._database.reading(str(project_id)) as connection:
                scope = await Access.of(connection, project_id, search.as_agent_id)
                asked = _asked(project_id, search, scope)
                found = await storage.ground(connection.fetchrow, project_id, search.namespaces)
                if _is_listed(search.wanted):
                    listed = await storage.numbers(connection, asked, limit=LISTED_MAX + 1)
        else:
            asked = _asked(project_id, search, scope)
            found = await storage.ground(self._database.call, project_id, search.namespaces)
        readable = [place for place in found.places if scope.may_read(place.namespace)]
        return _Ground(
            asked=asked,
            places=readable,
            shared=scope.memories.keys(),
            listed=listed if listed is None or len(listed) <= LISTED_MAX else None,
            sequence=found.sequence,
            policy=DecayPolicy(model=DecayModel(found.decay_model), half_life_days=found.half_life_days),
        )

    async def _sources(
        self, project_id: UUID, search: Search, ground: _Ground, sequence: int
    ) -> list[Source]:
        sought = await self._sought(project_id, search, ground.places, shared=bool(ground.shared))
        if _is_scanned(search.wanted):
            return [self._scan(project_id, sought, ground.asked)]
        namespaces = [place.namespace for place in ground.places]
        models = {
            model: [place.namespace for place in ground.places if model in place.dimensions]
            for model in sought.vectors
        }
        collections = []
        if sought.terms is not None:
            collections = await self._lexical.open(project_id, namespaces)
        sources: list[Source] = [
            IndexSource(
                project_id=project_id,
                sought=sought,
                vectors=self._vectors,
                models={model: names for model, names in models.items() if names},
                collections=collections,
                sequence=sequence,
                among=ground.listed,
            )
        ]
        if ground.shared:
            wanted = search.wanted.memory_ids
            shared = tuple(one for one in ground.shared if not wanted or one in wanted)
            if shared:
                asked = Asked(
                    project_id=project_id,
                    wanted=replace(search.wanted, memory_ids=shared),
                    namespaces=search.namespaces,
                    scope=ground.asked.scope,
                )
                sources.append(self._scan(project_id, sought, asked))
        return sources

    def _scan(self, project_id: UUID, sought: Sought, asked: Asked) -> Source:
        return ScanSource(database=self._database, project_id=project_id, sought=sought, asked=asked)

    async def _sought(
        self, project_id: UUID, search: Search, places: Sequence[Place], *, shared: bool
    ) -> Sought:
        ranking = search.ranking
        by_words = bool(search.query) and (ranking.keyword > 0 or ranking.context > 0)
        by_meaning = search.vector is not None or ranking.semantic > 0 or ranking.context > 0
        parts = [Part.CONTENT]
        if search.query and ranking.context > 0:
            parts.append(Part.CONTEXT)
        return Sought(
            terms=words.query_terms(search.query) if by_words else None,
            vectors=await self._looked_for(project_id, search, places, shared=shared) if by_meaning else {},
            parts=parts if by_meaning else [],
        )

    async def _looked_for(
        self, project_id: UUID, search: Search, places: Sequence[Place], *, shared: bool
    ) -> dict[str, Vector]:
        """Returns the vectors to look for, each as a matrix of one row, by their models."""
        if search.vector is not None:
            given = search.vector
            for place in places:
                dimension = place.dimensions.get(given.model)
                if dimension is not None and dimension != len(given.values):
                    raise InvalidFieldError.of(
                        "vector",
                        f"must have {dimension} dimensions, as {given.model} has in {place.namespace}",
                    )
            return {given.model: given.values.reshape(1, -1)}
        there = {model for place in places for model in place.dimensions}
        # What a single shared memory was embedded by is known only when it is read.
        models = [model for model in self._embedders.models if model in there or shared]
        embedded = await asyncio.gather(
            *(self._embedders.embed(model, [search.query], project_id=project_id) for model in models)
        )
        return dict(zip(models, embedded, strict=True))

    async def _found(
        self, search: Search, ground: _Ground, sources: Sequence[Source], named: TimeRange | None
    ) -> list[Hit]:
        """Returns what may be shown, best first: as much as was asked for, if there is as much."""
        depth = (
            max(DEPTH_MIN, DEPTH_PER_RESULT * search.limit)
            if search.query
            else search.limit + max(SPARE_MIN, search.limit // 2)
        )
        while True:
            found = await asyncio.gather(*(source.candidates(depth) for source in sources))
            fusion = fuse(Evidence.joined([one.evidence for one in found]), search.ranking)
            async with self._database.reading(str(ground.asked.project_id)) as connection:
                ranked = await self._ranked(connection, search, ground, fusion, named)
                hits = await self._hits(connection, search, ground.asked, fusion, ranked)
            # With fewer alike enough than the lists are deep, all that are further down are less alike still.
            has_all = search.similarity_min is not None and len(_places(fusion, search)) < depth
            if len(hits) >= search.limit or has_all or all(one.are_all for one in found):
                return hits
            depth *= DEEPENING

    async def _ranked(
        self,
        connection: Connection,
        search: Search,
        ground: _Ground,
        fusion: Fusion,
        named: TimeRange | None,
    ) -> list[_Ranked]:
        """Leaves out what may not be shown, by what PostgreSQL says now, and applies the boosts.

        What no boost could bring among the results is not asked for.
        """
        margin = boost_margin(search.ranking, has_time=named is not None)
        places = _places(fusion, search)
        ranked: list[_Ranked] = []
        start = 0
        while start < len(places):
            end = _end(fusion, places, ranked, start=start, search=search, margin=margin)
            if end == start:
                break
            chunk = {fusion.memory_ids[place]: place for place in places[start:end]}
            standings = await storage.standings(connection, ground.asked, list(chunk))
            shown = [memory_id for memory_id in chunk if memory_id in standings]
            boosts = [self._boosts(standings[memory_id], ground, search, named) for memory_id in shown]
            at = np.array([chunk[memory_id] for memory_id in shown], dtype=np.int64)
            scores = boosted_scores(fusion.scores[at], boosts, search.ranking)
            ranked += map(_Ranked, at.tolist(), shown, scores.tolist(), boosts)
            start = end
        return sorted(ranked, key=lambda one: (-one.score, one.memory_id.int))

    def _boosts(self, standing: Standing, ground: _Ground, search: Search, named: TimeRange | None) -> Boosts:
        usage = Usage(
            create_time=standing.create_time, access_count=standing.access_count, recent=standing.recent
        )
        return Boosts(
            recency=recency(search.reference_time - standing.occur_time),
            importance=(standing.importance - IMPORTANCE_MIN) / (IMPORTANCE_MAX - IMPORTANCE_MIN),
            frequency=retention(usage, search.reference_time, ground.policy),
            time=None if named is None else named.fit(standing.occur_time),
        )

    async def _hits(
        self,
        connection: Connection,
        search: Search,
        asked: Asked,
        fusion: Fusion,
        ranked: Sequence[_Ranked],
    ) -> list[Hit]:
        """Reads what is shown, best first; where near-duplicates are collapsed, as many more as they are."""
        shown: list[tuple[_Ranked, Memory]] = []
        groups = Groups()
        rest = iter(ranked)
        while len(shown) < search.limit and (page := list(islice(rest, search.limit))):
            ids = [one.memory_id for one in page]
            found = await memories.select(
                connection, asked.project_id, ids, scope=asked.scope, wanted=asked.wanted
            )
            alike = (
                await vectors.select(connection, asked.project_id, ids) if search.collapse_duplicates else {}
            )
            for one in page:
                memory = found.get(one.memory_id)
                if memory is None:
                    continue
                if search.collapse_duplicates and groups.add(memory, alike.get(memory.id)):
                    continue
                shown.append((one, memory))
        return [
            Hit(
                memory=memory,
                fused=(fused := fusion[one.place]),
                boosted=boosted(fused.score, one.boosts, search.ranking),
                duplicate_ids=groups.duplicates(memory.id),
            )
            for one, memory in shown[: search.limit]
        ]


def recency(age: timedelta) -> float:
    """Returns 1 for what happens now or later, and half as much with each half-life."""
    return float(0.5 ** min(max(age / RECENCY_HALF_LIFE, 0.0), RECENCY_HALF_LIVES_MAX))


def _asked(project_id: UUID, search: Search, scope: Scope) -> Asked:
    return Asked(project_id=project_id, wanted=search.wanted, namespaces=search.namespaces, scope=scope)


def _is_listed(wanted: MemoryFilter) -> bool:
    """Whether a filter may leave few of many, so that it is worth asking which."""
    if wanted == NO_FILTER or _is_scanned(wanted):
        return False
    loose = replace(
        wanted, include_superseded=False, include_archived=False, include_expired=False, include_deleted=False
    )
    return loose != NO_FILTER


def _is_scanned(wanted: MemoryFilter) -> bool:
    """Whether memories are meant that no index knows: as they were, or those that are deleted."""
    return wanted.as_of is not None or wanted.include_deleted


def _places(fusion: Fusion, search: Search) -> Sequence[int]:
    """Returns the places of those that are alike enough."""
    if search.similarity_min is None:
        return range(len(fusion))
    return fusion.places_alike(search.similarity_min)


def _end(
    fusion: Fusion,
    places: Sequence[int],
    ranked: Sequence[_Ranked],
    *,
    start: int,
    search: Search,
    margin: float,
) -> int:
    """Returns up to where to ask next: as far as boosts can bring something among the results.

    It is taken that all of them may be shown, so that asking once is enough unless some may not.
    """
    end = min(start + CHECKED_MAX, len(places))
    if search.collapse_duplicates:
        return end
    missing = search.limit - len(ranked)
    last = places[min(start + missing, len(places)) - 1] if missing > 0 else ranked[search.limit - 1].place
    least = float(fusion.scores[last])
    within = bisect_left(places, fusion.count_from(min(least, margin * least)))
    return min(max(within, start), end)
