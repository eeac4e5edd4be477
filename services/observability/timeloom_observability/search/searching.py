"""Finds events by words and by meaning, and says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg

from timeloom.observability.v1.observability_pb2 import EventFilter
from timeloom_observability.filtering import Conditions, conditions_of, first_id_at, time_range
from timeloom_observability.search.embedding import Embedded, Embedder
from timeloom_observability.search.excerpts import Marked, Marker
from timeloom_observability.search.facets import any_block, asked_for, project_facet, tells_all
from timeloom_observability.search.queries import WordQuery, parsed, quoted
from timeloom_observability.search.ranking import fused
from timeloom_observability.search.storage import candidates, meanings, shown
from timeloom_observability.search.storage.candidates import Span
from timeloom_observability.search.texts import texts_of
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import UnavailableError

CANDIDATES: Final = 400
"""Events with the words that are ranked by them: the newest ones."""

BLOCKS_AT_ONCE: Final = 64
BLOCKS_MAX: Final = 4_096
"""Blocks that are looked at one after the other; beyond them, words are looked up in all."""

REST_MAX: Final = 2_000
"""If no more events than this are likely to have the words, all of them are looked up at once."""

MATCHED_MAX: Final = 2_000
"""Events with the words that are looked at one by one, where something is asked for that is in no index: the
newest ones."""

MEANINGS: Final = 200
"""Texts of a similar meaning that are looked at."""

SIMILARITY_MIN: Final = 0.2
"""What is less alike has nothing to do with it."""

COMPARED_MAX: Final = 5_000
"""So many vectors are compared one by one; of more, an index says which are near."""

MEANT_MAX: Final = 4_000
"""Of the events that a filter means, so many are compared one by one: the newest ones."""

ROWS_MAX: Final = 20_000
"""Rows that the index is followed through where most of them are other projects'."""


_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An event that was found, and why.

    Attributes:
        row: Of `events`, as lists show it.
        worth: Higher is better.
        word_rank: From 1 on; zero if it does not have the words.
        meaning_rank: Likewise.
        similarity: Zero without `meaning_rank`.
    """

    row: asyncpg.Record
    worth: float
    word_rank: int
    meaning_rank: int
    similarity: float
    marked: Marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for, among which events, by what, and how much of it is wanted."""

    project_id: UUID
    query: str
    event_filter: EventFilter
    limit: int
    by_words: bool = True
    by_meaning: bool = True


class Searching:
    """Answers searches."""

    def __init__(self, *, database: Database, embedder: Embedder) -> None:
        self._database = database
        self._embedder = embedder

    async def search(self, search: Search) -> tuple[Sequence[Match], bool]:
        """Returns what is found, best first, and whether the meaning was gone by.

        Raises:
            InvalidFieldError: The filter makes no sense.
        """
        conditions = conditions_of(search.project_id, search.event_filter)
        query = parsed(search.query)
        question = await self._question(search) if search.by_meaning else None
        async with self._database.system_transaction() as connection:
            worded = await _worded(connection, search, conditions, query) if search.by_words else []
            alike = await _alike(connection, search, conditions, question) if question else {}
        meant = list(alike)
        worth = fused(worded, meant)
        # Newest first among equals.
        best = sorted(worth, key=lambda each: (worth[each], each), reverse=True)[: search.limit]
        async with self._database.reading(str(search.project_id)) as connection:
            rows = await shown.select_shown(connection, conditions, best)
        marker = Marker(query.wanted)
        word_ranks, meaning_ranks = _ranks(worded), _ranks(meant)
        matches = [
            Match(
                row=rows[each],
                worth=worth[each],
                word_rank=word_ranks.get(each, 0),
                meaning_rank=meaning_ranks.get(each, 0),
                similarity=alike.get(each, 0.0),
                marked=marker.marked(_shown(rows[each])),
            )
            for each in best
            if each in rows
        ]
        return matches, question is not None

    async def _question(self, search: Search) -> Embedded | None:
        try:
            return await self._embedder.question(search.project_id, search.query)
        except UnavailableError:
            return None


async def _worded(
    connection: Connection, search: Search, conditions: Conditions, query: WordQuery
) -> list[UUID]:
    """Returns the newest events that have the words, the best first."""
    if not query:
        return []
    found = await _having(connection, search, conditions, query.as_written)
    if query.goes_on and len(found) < search.limit:
        return await _having(connection, search, conditions, query)
    return found


async def _having(
    connection: Connection, search: Search, conditions: Conditions, query: WordQuery
) -> list[UUID]:
    """Returns the newest events that have the words of a query just so, the best first."""
    after, before = time_range(search.event_filter)
    # Ids know milliseconds; what begins in the same one as the end is left out when it is shown.
    span = Span(
        after=first_id_at(after) if after else None,
        before=first_id_at(before + _MILLISECOND) if before else None,
    )
    looking = Looking(
        connection,
        conditions,
        asked=[query.loose_expression, *asked_for(search.event_filter)],
        ranked=query.expression,
        span=span,
        reads_rows=not tells_all(search.event_filter),
        reads_places=query.has_rows,
    )
    blocks = await candidates.select_blocks(connection, search.project_id, span, BLOCKS_MAX)
    seen, step = 0, 1
    while seen < len(blocks) and looking.goes_on:
        if seen and (looking.matched + 1) * len(blocks) < REST_MAX * seen:
            await looking.look(quoted(project_facet(search.project_id)))
            return looking.best
        await looking.look(any_block(blocks[seen : seen + step]))
        seen += step
        step = looking.next_step(seen)
    if len(blocks) == BLOCKS_MAX and looking.goes_on:
        await looking.look(quoted(project_facet(search.project_id)))
    return looking.best


class Looking:
    """Looks for events with words, place by place, until there are enough of them.

    Args:
        connection: As the room's system role.
        conditions: Of the events that are meant.
        asked: What all must have, as `tsquery`s.
        ranked: What they are ranked by.
        span: Which ids.
        reads_rows: Whether the conditions say more than `asked`.
        reads_places: Whether `ranked` does.
    """

    def __init__(
        self,
        connection: Connection,
        conditions: Conditions,
        *,
        asked: Sequence[str],
        ranked: str,
        span: Span,
        reads_rows: bool,
        reads_places: bool,
    ) -> None:
        self._connection = connection
        self._conditions = conditions
        self._asked = asked
        self._ranked = ranked
        self._span = span
        self._reads_rows = reads_rows
        self._reads_places = reads_places
        self._found: dict[UUID, float] = {}
        self.matched = 0
        """How many events had what is asked for, whatever the conditions say."""

    @property
    def goes_on(self) -> bool:
        """Whether more are wanted."""
        return len(self._found) < CANDIDATES and self.matched < MATCHED_MAX

    @property
    def best(self) -> list[UUID]:
        """The newest ones, the best first and the newest among equals."""
        newest = sorted(self._found, reverse=True)[:CANDIDATES]
        return sorted(newest, key=lambda each: (self._found[each], each), reverse=True)

    async def look(self, place: str) -> None:
        """Looks in one more place, which is a `tsquery`, too."""
        matched, found = await candidates.select_candidates(
            self._connection,
            self._conditions,
            asked=candidates.each_of([*self._asked, place]),
            ranked=self._ranked,
            span=self._span,
            limit=CANDIDATES,
            matched_max=MATCHED_MAX,
            reads_rows=self._reads_rows,
            reads_places=self._reads_places,
        )
        self.matched += matched
        self._found |= found

    def next_step(self, seen: int) -> int:
        """Returns how many blocks are likely to have what is missing, after so many of them."""
        wanted = CANDIDATES - len(self._found)
        if self._found:
            wanted = wanted * self.matched // len(self._found)
        likely = wanted * seen // self.matched + 1 if self.matched else BLOCKS_AT_ONCE
        return min(likely, 4 * seen, BLOCKS_AT_ONCE)


async def _alike(
    connection: Connection, search: Search, conditions: Conditions, question: Embedded
) -> dict[UUID, float]:
    """Returns events of a similar meaning with how alike they are, the most alike first."""
    project_id, model = search.project_id, question.model
    count = await meanings.count_meanings(connection, project_id, model, COMPARED_MAX + 1)
    if not count:
        return {}
    by_index = count > COMPARED_MAX and question.dimension == meanings.DIMENSION_INDEXED
    if by_index:
        await meanings.be_thorough(connection, breadth=MEANINGS, rows_max=ROWS_MAX)

    async def nearest(how: str) -> dict[UUID, float]:
        rows = await meanings.select_nearest(
            connection,
            conditions,
            how,
            model=model,
            vector=question.vectors[0],
            limit=MEANINGS,
            similarity_min=SIMILARITY_MIN,
            meant_limit=MEANT_MAX,
        )
        return {row["event_id"]: row["similarity"] for row in rows}

    found = await nearest(meanings.NEAREST_BY_INDEX if by_index else meanings.NEAREST_OF_ALL)
    is_filtered = search.event_filter.ByteSize() > 0
    if len(found) < search.limit and is_filtered and tells_all(search.event_filter):
        # The filter leaves few of what is nearest: the newest that it means are compared themselves, unless
        # all events would have to be read to find them.
        found |= await nearest(meanings.NEAREST_OF_MEANT)
    order = sorted(found, key=lambda each: (found[each], each), reverse=True)
    return {each: found[each] for each in order}


def _ranks(found: Sequence[UUID]) -> Mapping[UUID, int]:
    return {each: rank for rank, each in enumerate(found, 1)}


def _shown(row: asyncpg.Record) -> list[str]:
    """Returns what an event says in the order in which it is looked at for an excerpt: names tell least."""
    return [text for _, text in sorted(texts_of(row), key=lambda each: each[0])]
