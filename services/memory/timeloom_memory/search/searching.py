"""Searching: lists are fused, checked against PostgreSQL, and weighed by what the memories are like.

Several searches take each step together: their grounds are read, their queries embedded, their vectors
compared and their memories read as far as possible at once. A search alone is the smallest batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from msgspec.structs import replace

from timeloom_memory.model import Part
from timeloom_memory.search import words
from timeloom_memory.search.grounds import Ground, Where, ground_of, is_scanned
from timeloom_memory.search.lexical import LexicalIndex
from timeloom_memory.search.model import Found, Search, Vector
from timeloom_memory.search.pursuit import CHECKED_MAX, Pursuit
from timeloom_memory.search.sources import IndexSource, Lookup, ScanSource, Sought, Source, VectorSearch
from timeloom_memory.search.time_words import TimeRange, time_range
from timeloom_memory.storage import memories, vectors
from timeloom_memory.storage import searching as storage
from timeloom_memory.storage.searching import Asked, Standing
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import InvalidFieldError


class Embedders(Protocol):
    """Makes vectors of queries."""

    @property
    def models(self) -> Collection[str]:
        """The models that are set up."""
        ...

    async def embed(
        self,
        model: str,
        texts: Sequence[str],
        *,
        project_id: UUID | None = None,
        are_questions: bool = False,
    ) -> Vector:
        """Returns a unit vector for each text."""
        ...


class Following(Protocol):
    """Up to which change the indexes in memory have seen a project."""

    async def reach(self, project_id: UUID, sequence: int, *, field: str) -> int:
        """Returns when they have seen everything up to a change, and up to which they have."""
        ...


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
        (found,) = await self.search_many(project_id, [search])
        return found

    async def search_many(self, project_id: UUID, searches: Sequence[Search]) -> list[Found]:
        """Returns what each of some searches finds, as if it were alone.

        Raises:
            InvalidFieldError: As for one search.
            UnavailableError: As for one search.
        """
        wheres = [Where.of(search) for search in searches]
        grounds = {
            where: await ground_of(self._database, project_id, where) for where in dict.fromkeys(wheres)
        }
        sequence = await self._reach(project_id, searches, grounds.values())
        soughts = await self._soughts(project_id, searches, [grounds[where] for where in wheres])
        pursuits = [
            Pursuit(search, grounds[where], sought, _named(search))
            for search, where, sought in zip(searches, wheres, soughts, strict=True)
        ]
        for where, ground in grounds.items():
            mine = [one for one, its in zip(pursuits, wheres, strict=True) if its == where]
            await self._pursue(ground, mine, await self._sources(project_id, ground, mine, sequence))
        return [self._found(project_id, one, sequence) for one in pursuits]

    def _found(self, project_id: UUID, pursuit: Pursuit, sequence: int) -> Found:
        hits = pursuit.hits()
        if hits and not pursuit.search.is_silent:
            self._note(project_id, [hit.memory.id for hit in hits])
        return Found(hits=hits, sequence=sequence, time_range=pursuit.named)

    async def _reach(self, project_id: UUID, searches: Sequence[Search], grounds: Collection[Ground]) -> int:
        """Returns when the indexes have seen what the searches must see, and up to which change they have."""
        latest = max(searches, key=lambda search: search.min_sequence)
        current = max(ground.sequence for ground in grounds)
        return await self._following.reach(
            project_id, max(latest.min_sequence, current), field=f"{latest.field_prefix}minSequence"
        )

    async def _soughts(
        self, project_id: UUID, searches: Sequence[Search], grounds: Sequence[Ground]
    ) -> list[Sought]:
        """Returns what the lists are asked for each search; all queries are embedded together."""
        models = [self._models(search, ground) for search, ground in zip(searches, grounds, strict=True)]
        queries: dict[str, dict[str, None]] = {}
        for search, names in zip(searches, models, strict=True):
            for model in names:
                queries.setdefault(model, {})[search.query] = None
        embedded = await asyncio.gather(
            *(
                self._embedders.embed(model, list(texts), project_id=project_id, are_questions=True)
                for model, texts in queries.items()
            )
        )
        rows = {
            (model, text): matrix[at : at + 1]
            for (model, texts), matrix in zip(queries.items(), embedded, strict=True)
            for at, text in enumerate(texts)
        }
        return [
            _sought(search, {model: rows[model, search.query] for model in names})
            for search, names in zip(searches, models, strict=True)
        ]

    def _models(self, search: Search, ground: Ground) -> Sequence[str]:
        """Returns the models by which a query is embedded: none if it brings a vector or has no meaning."""
        if search.vector is not None:
            _check_dimension(search, ground)
            return ()
        if search.ranking.semantic <= 0 and search.ranking.context <= 0:
            return ()
        there = {model for place in ground.places for model in place.dimensions}
        # What a single shared memory was embedded by is known only when it is read.
        return [model for model in self._embedders.models if model in there or ground.shared]

    async def _sources(
        self, project_id: UUID, ground: Ground, pursuits: Sequence[Pursuit], sequence: int
    ) -> list[Source]:
        asked, field = ground.asked, f"{pursuits[0].search.field_prefix}filter"
        if is_scanned(asked.wanted):
            return [ScanSource(database=self._database, asked=asked, field=field)]
        models = {model for one in pursuits for model in one.sought.vectors}
        collections = []
        if any(one.sought.terms is not None for one in pursuits):
            collections = await self._lexical.open(project_id, [place.namespace for place in ground.places])
        sources: list[Source] = [
            IndexSource(
                project_id=project_id,
                vectors=self._vectors,
                models={
                    model: [place.namespace for place in ground.places if model in place.dimensions]
                    for model in models
                },
                collections=collections,
                sequence=sequence,
                among=ground.listed,
            )
        ]
        wanted = asked.wanted.memory_ids
        if shared := tuple(one for one in ground.shared if not wanted or one in wanted):
            single = replace(asked, wanted=replace(asked.wanted, memory_ids=shared))
            sources.append(ScanSource(database=self._database, asked=single, field=field))
        return sources

    async def _pursue(self, ground: Ground, pursuits: Sequence[Pursuit], sources: Sequence[Source]) -> None:
        """Goes as deep with each search as it takes to show as much as was asked for, if there is as much."""
        while pursuits:
            lookups = [Lookup(one.sought, one.depth) for one in pursuits]
            found = [await source.candidates(lookups) for source in sources]
            for one, *parts in zip(pursuits, *found, strict=True):
                one.take(parts)
            async with self._database.reading(str(ground.asked.project_id)) as connection:
                await _check(connection, ground.asked, pursuits)
            pursuits = [one for one in pursuits if one.goes_deeper()]


async def _check(connection: Connection, asked: Asked, pursuits: Sequence[Pursuit]) -> None:
    """Reads what is shown, by what PostgreSQL says now: for all searches in one statement each time."""
    while True:
        await _weigh(connection, asked, pursuits)
        reading = [(one, ids) for one in pursuits if (ids := one.unread())]
        if not reading:
            return
        found = await memories.select(
            connection,
            asked.project_id,
            _union(ids for _, ids in reading),
            scope=asked.scope,
            wanted=asked.wanted,
        )
        collapsing = _union(ids for one, ids in reading if one.search.collapse_duplicates)
        alike = await vectors.select(connection, asked.project_id, collapsing) if collapsing else {}
        for one, _ in reading:
            one.show(found, alike)


async def _weigh(connection: Connection, asked: Asked, pursuits: Sequence[Pursuit]) -> None:
    """Asks what the candidates are like: what no boost could bring among the results is not asked for."""
    while weighing := [(one, ids) for one in pursuits if (ids := one.unweighed())]:
        standings: dict[UUID, Standing] = {}
        wanted = _union(ids for _, ids in weighing)
        for start in range(0, len(wanted), CHECKED_MAX):
            standings |= await storage.standings(connection, asked, wanted[start : start + CHECKED_MAX])
        for one, _ in weighing:
            one.weigh(standings)


def _named(search: Search) -> TimeRange | None:
    return time_range(search.query, search.reference_time) if search.query else None


def _union(parts: Iterable[Sequence[UUID]]) -> list[UUID]:
    return list(dict.fromkeys(memory_id for part in parts for memory_id in part))


def _sought(search: Search, embedded: Mapping[str, Vector]) -> Sought:
    """Returns what the lists are asked: a vector that was given stands for the query's own meaning."""
    ranking, given = search.ranking, search.vector
    by_words = bool(search.query) and (ranking.keyword > 0 or ranking.context > 0)
    by_meaning = given is not None or ranking.semantic > 0 or ranking.context > 0
    parts = [Part.CONTENT]
    if search.query and ranking.context > 0:
        parts.append(Part.CONTEXT)
    return Sought(
        terms=words.query_terms(search.query) if by_words else None,
        vectors=embedded if given is None else {given.model: given.values.reshape(1, -1)},
        parts=parts if by_meaning else [],
    )


def _check_dimension(search: Search, ground: Ground) -> None:
    assert search.vector is not None, "there is one to check"
    model, length = search.vector.model, len(search.vector.values)
    for place in ground.places:
        dimension = place.dimensions.get(model)
        if dimension is not None and dimension != length:
            raise InvalidFieldError.of(
                f"{search.field_prefix}vector",
                f"must have {dimension} dimensions, as {model} has in {place.namespace}",
            )
