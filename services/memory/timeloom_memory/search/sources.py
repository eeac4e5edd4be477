"""Where the candidates of a search come from: the indexes in memory, or PostgreSQL itself.

Each source names the candidates that its lists have at their tops, and says of every one of them what all
lists say: a memory that only its words find is compared by its meaning, too, and the other way round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

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
        vector: Vector,
        *,
        limit: int,
        part: Part,
        min_sequence: int,
        among: Collection[int] | None,
    ) -> list[tuple[UUID, float]]:
        """Returns the memories whose vectors are most alike, with their cosines."""
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


class Source(Protocol):
    """Something that has candidates."""

    async def candidates(self, depth: int) -> Candidates:
        """Returns what is among the first so many of any list."""
        ...


class IndexSource:
    """The indexes in memory, of namespaces that may be read as a whole."""

    def __init__(
        self,
        *,
        project_id: UUID,
        sought: Sought,
        vectors: VectorSearch,
        models: Mapping[str, Sequence[str]],
        collections: Sequence[Postings],
        sequence: int,
        among: Mapping[UUID, int] | None,
    ) -> None:
        """Looks into namespaces.

        Args:
            project_id: Whose they are.
            sought: What is looked for.
            vectors: The index of vectors.
            models: Which of the namespaces have vectors of each model that is looked for by.
            collections: Their words.
            sequence: Up to which change the indexes have seen everything.
            among: Only these memories, with their numbers; None for all.
        """
        self._project_id = project_id
        self._sought = sought
        self._vectors = vectors
        self._models = models
        self._collections = collections
        self._sequence = sequence
        self._among = among

    async def candidates(self, depth: int) -> Candidates:
        """Returns what is among the first so many of any list."""
        among = None if self._among is None else self._among.values()
        found = {part: await self._alike(part, depth, among) for part in self._sought.parts}
        by_words: tuple[list[UUID], list[UUID]] = ([], [])
        # The collections must not change between the two questions: there is no await between them.
        query = None if self._sought.terms is None else Query(self._sought.terms, self._collections)
        if query is not None:
            by_words = query.best(depth, among=None if self._among is None else self._among.keys())
        union = dict.fromkeys(
            [*(one for cosines in found.values() for one in cosines), *by_words[0], *by_words[1]]
        )
        are_all = all(len(one) < depth for one in (*by_words, *found.values()))
        said = None if query is None else query.scores(union.keys())
        numbers = self._numbers(union) if len(found) > 1 or query is not None else {}
        for part, cosines in found.items():
            missing = [number for memory_id, number in numbers.items() if memory_id not in cosines]
            if missing:
                found[part] = cosines | await self._alike(part, len(missing), missing)
        return Candidates(evidence=_evidence(found, said), are_all=are_all)

    async def _alike(self, part: Part, limit: int, among: Collection[int] | None) -> dict[UUID, float]:
        """Compares the vectors of all models, each in its namespaces."""
        found: dict[UUID, float] = {}
        for model, namespaces in self._models.items():
            found.update(
                await self._vectors.search(
                    self._project_id,
                    namespaces,
                    model,
                    self._sought.vectors[model][0],
                    limit=limit,
                    part=part,
                    min_sequence=self._sequence,
                    among=among,
                )
            )
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

    def __init__(
        self,
        *,
        database: Database,
        project_id: UUID,
        sought: Sought,
        asked: Asked,
    ) -> None:
        self._database = database
        self._project_id = project_id
        self._sought = sought
        self._asked = asked

    async def candidates(self, depth: int) -> Candidates:  # noqa: ARG002 - it looks at all of them
        """Returns all that there are.

        Raises:
            InvalidFieldError: They are too many to be looked through.
        """
        async with self._database.transaction(str(self._project_id)) as connection:
            cosines = await self._cosines(connection)
            if self._sought.terms is None:
                return Candidates(evidence=_evidence(cosines, None), are_all=True)
            postings = await self._postings(connection)
        said = await asyncio.to_thread(_scores, self._sought.terms, postings)
        return Candidates(evidence=_evidence(cosines, said), are_all=True)

    async def _cosines(self, connection: Connection) -> dict[Part, dict[UUID, float]]:
        cosines: dict[Part, dict[UUID, float]] = {part: {} for part in self._sought.parts}
        for model, vector in self._sought.vectors.items():
            compared = await storage.cosines(
                connection,
                self._asked,
                parts=self._sought.parts,
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
                    "filter", f"leaves more than {SCANNED_MAX} memories to look through: it must say more"
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
