"""Where the candidates of a search come from: the indexes in memory, or PostgreSQL itself.

Each source names the candidates that its lists have at their tops, and says of every one of them what all
lists say: a memory that only its words find is compared by its meaning, too, and the other way round.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from timeloom_memory.model import Part
from timeloom_memory.search.bm25 import Query, WordScores
from timeloom_memory.search.fusion import Evidence
from timeloom_memory.search.model import Vector
from timeloom_memory.search.postings import Postings, text_of
from timeloom_memory.storage import searching as storage
from timeloom_memory.storage.searching import Asked
from timeloom_memory.storage.texts import StoredText
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import InvalidFieldError

SCANNED_MAX: Final = 100_000
"""So many memories are looked through one by one at most, where no index in memory knows them."""


class VectorSearch(Protocol):
    """The index of vectors in memory."""

    async def search(
        self,
        project_id: UUID,
        namespaces: Sequence[str],
        model: str,
        queries: Vector,
        *,
        limit: int,
        part: Part,
        min_sequence: int,
        among: Collection[int] | None,
    ) -> list[list[tuple[UUID, float]]]:
        """Returns the memories whose vectors are most alike, with their cosines, for each of some vectors."""
        ...


class Sought(Struct, frozen=True, kw_only=True):
    """What is looked for, as the lists take it.

    Attributes:
        terms: Of the query; None if words do not count.
        vectors: By model, as a matrix of one row each.
        parts: Which vectors of the memories are compared.
    """

    terms: Sequence[str] | None
    vectors: Mapping[str, Vector]
    parts: Sequence[Part]


class Candidates(Struct, frozen=True, kw_only=True):
    """What came to the tops of the lists, and everything that the lists say of it.

    Attributes:
        are_all: Going deeper would find no more.
    """

    evidence: Evidence
    are_all: bool


class Lookup(Struct, frozen=True):
    """What is looked for, and down to which place of any list."""

    sought: Sought
    depth: int


class Source(Protocol):
    """Something that has candidates."""

    async def candidates(self, lookups: Sequence[Lookup]) -> list[Candidates]:
        """Returns what comes to the tops of the lists, for each of some searches."""
        ...


class IndexSource:
    """The indexes in memory, of namespaces that may be read as a whole."""

    def __init__(
        self,
        *,
        project_id: UUID,
        vectors: VectorSearch,
        models: Mapping[str, Sequence[str]],
        collections: Sequence[Postings],
        sequence: int,
        among: Mapping[UUID, int] | None,
    ) -> None:
        """Looks into namespaces.

        Args:
            project_id: Whose they are.
            vectors: The index of vectors.
            models: Which of the namespaces have vectors of each model.
            collections: Their words.
            sequence: Up to which change the indexes have seen everything.
            among: Only these memories, with their numbers; None for all.
        """
        self._project_id = project_id
        self._vectors = vectors
        self._models = models
        self._collections = collections
        self._sequence = sequence
        self._among = among

    async def candidates(self, lookups: Sequence[Lookup]) -> list[Candidates]:
        """Returns what comes to the tops of the lists, for each of some searches."""
        among = None if self._among is None else self._among.values()
        alike = await self._alike(lookups, among)
        return [await self._completed(lookup, found) for lookup, found in zip(lookups, alike, strict=True)]

    async def _completed(self, lookup: Lookup, found: dict[Part, dict[UUID, float]]) -> Candidates:
        """Adds what the words find, and what each list says of those that only others found."""
        sought, depth = lookup.sought, lookup.depth
        if sought.terms is None and len(found) == 1:
            return Candidates(
                evidence=_evidence(found, None), are_all=all(len(one) < depth for one in found.values())
            )
        by_words: tuple[list[UUID], list[UUID]] = ([], [])
        # The collections must not change between the two questions: there is no await between them.
        query = None if sought.terms is None else Query(sought.terms, self._collections)
        if query is not None:
            by_words = query.best(depth, among=None if self._among is None else self._among.keys())
        union = dict.fromkeys(
            [*(one for cosines in found.values() for one in cosines), *by_words[0], *by_words[1]]
        )
        are_all = all(len(one) < depth for one in (*by_words, *found.values()))
        said = None if query is None else query.scores(union.keys())
        numbers = self._numbers(union)
        for part, cosines in found.items():
            missing = [number for memory_id, number in numbers.items() if memory_id not in cosines]
            if missing:
                again = Lookup(replace(sought, parts=[part]), len(missing))
                (compared,) = await self._alike([again], missing)
                found[part] = cosines | compared[part]
        return Candidates(evidence=_evidence(found, said), are_all=are_all)

    async def _alike(
        self, lookups: Sequence[Lookup], among: Collection[int] | None
    ) -> list[dict[Part, dict[UUID, float]]]:
        """Compares vectors of all models, each in its namespaces: those that can be, as one matrix."""
        found: list[dict[Part, dict[UUID, float]]] = [
            {part: {} for part in lookup.sought.parts} for lookup in lookups
        ]
        together: defaultdict[tuple[str, Part, int], list[int]] = defaultdict(list)
        for place, lookup in enumerate(lookups):
            for model in lookup.sought.vectors:
                if self._models.get(model):
                    for part in lookup.sought.parts:
                        together[model, part, lookup.depth].append(place)
        for (model, part, depth), places in together.items():
            queries = [lookups[place].sought.vectors[model] for place in places]
            nearest = await self._vectors.search(
                self._project_id,
                self._models[model],
                model,
                queries[0] if len(queries) == 1 else np.concatenate(queries),
                limit=depth,
                part=part,
                min_sequence=self._sequence,
                among=among,
            )
            for place, each in zip(places, nearest, strict=True):
                found[place][part].update(each)
        return found

    def _numbers(self, memory_ids: Collection[UUID]) -> dict[UUID, int]:
        """Returns the numbers by which the index of vectors knows memories."""
        if self._among is not None:
            return {memory_id: self._among[memory_id] for memory_id in memory_ids if memory_id in self._among}
        return {
            memory_id: number
            for collection in self._collections
            for memory_id in memory_ids
            if (number := collection.number(memory_id))
        }


class ScanSource:
    """PostgreSQL itself, read through: for what no index has, such as memories as they were."""

    def __init__(self, *, database: Database, asked: Asked, field: str) -> None:
        """Looks through what is asked for.

        Args:
            database: The truth.
            asked: Which memories.
            field: The field of the filter, for the error that they are too many.
        """
        self._database = database
        self._asked = asked
        self._field = field

    async def candidates(self, lookups: Sequence[Lookup]) -> list[Candidates]:
        """Returns all that there are, for each of some searches.

        Raises:
            InvalidFieldError: They are too many to be looked through.
        """
        postings: Postings | None = None
        async with self._database.transaction(str(self._asked.project_id)) as connection:
            cosines = [await self._cosines(connection, lookup.sought) for lookup in lookups]
            if any(lookup.sought.terms is not None for lookup in lookups):
                postings = await self._postings(connection)
        return [
            await self._completed(lookup.sought, found, postings)
            for lookup, found in zip(lookups, cosines, strict=True)
        ]

    async def _completed(
        self, sought: Sought, cosines: Mapping[Part, Mapping[UUID, float]], postings: Postings | None
    ) -> Candidates:
        if sought.terms is None or postings is None:
            return Candidates(evidence=_evidence(cosines, None), are_all=True)
        said = await asyncio.to_thread(_scores, sought.terms, postings)
        return Candidates(evidence=_evidence(cosines, said), are_all=True)

    async def _cosines(self, connection: Connection, sought: Sought) -> dict[Part, dict[UUID, float]]:
        cosines: dict[Part, dict[UUID, float]] = {part: {} for part in sought.parts}
        for model, vector in sought.vectors.items():
            compared = await storage.cosines(
                connection,
                self._asked,
                parts=sought.parts,
                model=model,
                vector=vector,
                limit=SCANNED_MAX,
            )
            for memory_id, part, cosine in compared:
                cosines[Part(part)][memory_id] = cosine
        return cosines

    async def _postings(self, connection: Connection) -> Postings:
        postings = Postings()
        async for page in storage.text_pages(connection, self._asked):
            await asyncio.to_thread(_put, postings, page)
            if len(postings) > SCANNED_MAX:
                raise InvalidFieldError.of(
                    self._field, f"leaves more than {SCANNED_MAX} memories to look through: it must say more"
                )
        return postings


def _evidence(
    cosines: Mapping[Part, Mapping[UUID, float]], said: Mapping[UUID, WordScores] | None
) -> Evidence:
    """Puts together what the lists say. A memory without a context stands for itself there."""
    semantic, context = cosines.get(Part.CONTENT), cosines.get(Part.CONTEXT)
    return Evidence(
        semantic=semantic,
        context_semantic=None if context is None else {**(semantic or {}), **context},
        keyword=None if said is None else {one: said[one].content for one in said if said[one].content},
        context_keyword=None if said is None else {one: said[one].whole for one in said if said[one].whole},
    )


def _put(postings: Postings, page: Sequence[StoredText]) -> None:
    for text in page:
        postings.put(text_of(text.memory_id, text.number, text.content, text.context))


def _scores(terms: Sequence[str], postings: Postings) -> dict[UUID, WordScores]:
    return Query(terms, [postings]).scores(postings.memory_ids)
