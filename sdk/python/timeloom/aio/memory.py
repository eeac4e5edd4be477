"""What agents remember: written verbatim, found by meaning, words and time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, Self

from timeloom import _convert as convert
from timeloom._ids import uuid7
from timeloom._messages import assign, read, write
from timeloom._pages import AsyncPager
from timeloom.aio.memory_sharing import AsyncMemorySharing
from timeloom.aio.memory_upkeep import AsyncMemoryUpkeep
from timeloom.memories import (
    Memory,
    MemoryContext,
    MemoryFilter,
    MemoryKind,
    MemorySearch,
    MemoryVersion,
    NewMemory,
    Ranking,
    SearchResult,
    SearchResults,
    TimeRange,
    Vector,
)
from timeloom.memory.v1 import memory_pb2 as nouns
from timeloom.memory.v1 import memory_service_pb2 as pb

BATCH_SIZE: Final = 200
"""How many memories travel together: enough for the model that makes their vectors, and soon answered."""

SEARCHES_MAX: Final = 100
"""How many searches travel together at most."""

BATCH_TIMEOUT_SECONDS: Final = 120.0


class AsyncMemories(AsyncMemorySharing, AsyncMemoryUpkeep):
    """The memories of a project, or what one of its agents may see of them."""

    def as_agent(self, agent_id: str) -> Self:
        """Return the same memories as an agent sees them: it writes to its own, and reads what it may."""
        return type(self)(self._connection, agent_id)

    # -- Writing ----------------------------------------------------------------------

    async def add(
        self,
        content: str,
        *,
        namespace: str = "",
        key: str = "",
        kind: MemoryKind | None = None,
        session_id: str = "",
        context: str = "",
        metadata: Any = None,
        tags: Iterable[str] = (),
        importance: float = 0.0,
        occur_time: datetime | None = None,
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
        expire_time: datetime | None = None,
        vector: Vector = (),
        vector_model: str = "",
        agent_id: str = "",
        memory_id: str = "",
    ) -> Memory:
        """Remember something, and return it once it is committed.

        Args:
            content: The text. It is kept as it is.
            namespace: Where; the agent's own if empty, or `project` if no agent acts.
            key: Your own identifier, unique in the namespace.
            kind: What it is about; KNOWLEDGE if None.
            session_id: The conversation or task that it comes from.
            context: What came before; by default the session's previous memory.
            metadata: Any JSON value to keep with it.
            tags: Any number of words to find it by.
            importance: From 1 to 10; 5 if zero.
            occur_time: When it happened; now if None.
            valid_from: From when on it holds.
            valid_to: Until when it held.
            expire_time: When it is not found any more.
            vector: One of your own, instead of one by the namespace's model.
            vector_model: Where that comes from; `custom` if empty.
            agent_id: Who wrote it, if nobody acts.
            memory_id: A UUID; made here if empty, so that a repeated call does not remember twice.

        Raises:
            InvalidFieldError: A value is not allowed; the violations name it.
            AlreadyExistsError: The key is taken.
            PermissionDeniedError: The agent may not write there.
        """
        new = NewMemory(
            content=content,
            namespace=namespace,
            memory_id=memory_id or uuid7(),
            key=key,
            agent_id=agent_id,
            session_id=session_id,
            kind=kind,
            context=context,
            metadata=metadata,
            tags=tuple(tags),
            importance=importance,
            occur_time=occur_time,
            valid_from=valid_from,
            valid_to=valid_to,
            expire_time=expire_time,
            vector=vector,
            vector_model=vector_model,
        )
        request = write(new, pb.CreateMemoryRequest, as_agent_id=self._agent_id)
        response = await self._connection.unary(self._connection.memory.CreateMemory, request)
        return read(Memory, response.memory)

    async def add_many(
        self,
        memories: Iterable[NewMemory | str],
        *,
        namespace: str = "",
        batch_size: int = BATCH_SIZE,
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """Remember many things, some in each call, and return how many.

        Each call remembers all of its memories or none. Those before it stay.

        Args:
            memories: What to remember; a text stands for a memory that has nothing else.
            namespace: Where those go that name no namespace.
            batch_size: How many travel together, up to 1,000.
            progress: Is told how many are remembered so far.
        """
        source, count = iter(memories), 0
        while batch := [_message(each, namespace) for each in islice(source, batch_size)]:
            request = pb.BatchCreateMemoriesRequest(memories=batch, as_agent_id=self._agent_id)
            await self._connection.unary(
                self._connection.memory.BatchCreateMemories, request, timeout_seconds=BATCH_TIMEOUT_SECONDS
            )
            count += len(batch)
            if progress is not None:
                progress(count)
        return count

    async def update(
        self,
        memory_id: str,
        *,
        content: str | None = None,
        context: str | None = None,
        key: str | None = None,
        kind: MemoryKind | None = None,
        metadata: Any = None,
        tags: Iterable[str] | None = None,
        importance: float | None = None,
        occur_time: datetime | None = None,
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
        expire_time: datetime | None = None,
        vector: Vector = (),
        vector_model: str = "",
        clear: Iterable[str] = (),
        reason: str = "",
        etag: str = "",
    ) -> Memory:
        """Change a memory; what is None stays as it is. The version before stays in its history.

        Args:
            memory_id: The memory.
            content: The new text.
            context: What came before it.
            key: Your own identifier.
            kind: What it is about.
            metadata: A JSON merge patch: a member that is null is removed.
            tags: All its tags from now on.
            importance: From 1 to 10.
            occur_time: When it happened.
            valid_from: From when on it holds.
            valid_to: Until when it held.
            expire_time: When it is not found any more.
            vector: A new one of your own.
            vector_model: Where that comes from.
            clear: The times to take away: `occurTime`, `validTo`, `expireTime`.
            reason: Why, for its history.
            etag: That of the memory as you know it: if it has changed since, nothing happens.

        Raises:
            EtagMismatchError: It has changed.
        """
        request = pb.UpdateMemoryRequest(
            memory_id=memory_id,
            content=content,
            context=context,
            key=key,
            importance=importance,
            tags=None if tags is None else pb.TagList(values=tags),
            vector=vector,
            vector_model=vector_model,
            clear=clear,
            reason=reason,
            etag=etag,
            as_agent_id=self._agent_id,
        )
        for name, value in (
            ("kind", kind),
            ("metadata", metadata),
            ("occur_time", occur_time),
            ("valid_from", valid_from),
            ("valid_to", valid_to),
            ("expire_time", expire_time),
        ):
            assign(request, name, value)
        response = await self._connection.unary(self._connection.memory.UpdateMemory, request)
        return read(Memory, response.memory)

    async def supersede(
        self,
        memory_id: str,
        replacement: NewMemory | str,
        *,
        valid_from: datetime | None = None,
        reason: str = "",
        etag: str = "",
    ) -> Memory:
        """Replace a fact that no longer holds, and return what holds now. Both stay.

        Args:
            memory_id: What held before.
            replacement: What holds now; what it leaves out is taken over.
            valid_from: From when on; now if None.
            reason: Why, for the history.
            etag: That of the memory as you know it.
        """
        message = _message(replacement, "")
        request = pb.SupersedeMemoryRequest(
            memory_id=memory_id,
            replacement=message,
            valid_from=convert.timestamp(valid_from),
            reason=reason,
            etag=etag,
            as_agent_id=self._agent_id,
        )
        response = await self._connection.unary(self._connection.memory.SupersedeMemory, request)
        return read(Memory, response.memory)

    async def delete(
        self, memory_id: str, *, purge: bool = False, reason: str = "", etag: str = ""
    ) -> Memory:
        """Delete a memory; `restore` takes that back until it is purged.

        Args:
            memory_id: The memory.
            purge: Remove it with all its versions, for good.
            reason: Why, for its history.
            etag: That of the memory as you know it.
        """
        request = pb.DeleteMemoryRequest(
            memory_id=memory_id, reason=reason, etag=etag, purge=purge, as_agent_id=self._agent_id
        )
        response = await self._connection.unary(self._connection.memory.DeleteMemory, request)
        return read(Memory, response.memory)

    async def restore(self, memory_id: str) -> Memory:
        """Take a deletion back."""
        request = pb.RestoreMemoryRequest(memory_id=memory_id, as_agent_id=self._agent_id)
        response = await self._connection.unary(self._connection.memory.RestoreMemory, request)
        return read(Memory, response.memory)

    # -- Reading ----------------------------------------------------------------------

    async def get(self, memory_id: str, *, version: int = 0, include_vector: bool = False) -> Memory:
        """Return a memory, as it is or as it was in an earlier version.

        Raises:
            NotFoundError: There is none, or the agent may not see it.
        """
        request = pb.GetMemoryRequest(
            memory_id=memory_id,
            version=version,
            include_vector=include_vector,
            as_agent_id=self._agent_id,
        )
        response = await self._connection.unary(self._connection.memory.GetMemory, request)
        return read(Memory, response.memory)

    def list(
        self,
        *,
        namespaces: Iterable[str] = (),
        filter: MemoryFilter | None = None,  # noqa: A002 - the word that the API uses
        key: str = "",
        order_by: str = "",
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[Memory]:
        """List memories, newest first unless ordered otherwise.

        Args:
            namespaces: Only in these and what is below them; all that may be read if empty.
            filter: Only those that it lets through.
            key: Only the one with this key.
            order_by: `create_time`, `update_time`, `occur_time` or `importance`, with ` desc` or without.
            limit: Stop after this many; None for all.
            page_size: How many a call fetches.
        """
        request = pb.ListMemoriesRequest(
            namespaces=namespaces,
            filter=_filter(filter),
            key=key,
            order_by=order_by,
            as_agent_id=self._agent_id,
        )

        async def fetch(size: int, token: str) -> tuple[Sequence[Memory], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.memory.ListMemories, request)
            return [read(Memory, each) for each in response.memories], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    def history(
        self, memory_id: str, *, limit: int | None = None, page_size: int = 200
    ) -> AsyncPager[MemoryVersion]:
        """List the versions of a memory, newest first."""
        request = pb.ListMemoryVersionsRequest(memory_id=memory_id, as_agent_id=self._agent_id)

        async def fetch(size: int, token: str) -> tuple[Sequence[MemoryVersion], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.memory.ListMemoryVersions, request)
            return [read(MemoryVersion, each) for each in response.versions], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    # -- Finding ----------------------------------------------------------------------

    async def search(
        self,
        query: str = "",
        *,
        namespaces: Iterable[str] = (),
        filter: MemoryFilter | None = None,  # noqa: A002 - the word that the API uses
        limit: int = 10,
        vector: Vector = (),
        vector_model: str = "",
        min_sequence: int = 0,
        explain: bool = False,
        collapse_duplicates: bool = False,
        ranking: Ranking | None = None,
        similarity_min: float = 0.0,
        score_min: float | None = None,
        silent: bool = False,
        reference_time: datetime | None = None,
    ) -> SearchResults:
        """Find memories by meaning, words and time, best first.

        Args:
            query: What to look for.
            namespaces: Where: in these and what is below them; in all that may be read if empty.
            filter: Only what it lets through.
            limit: At most this many.
            vector: Look for this one, instead of the query's or besides it.
            vector_model: Where it comes from; `custom` if empty.
            min_sequence: The `sequence` of a write that the search must see.
            explain: With what each signal contributed.
            collapse_duplicates: Of near-duplicates only the best.
            ranking: How signals become a score.
            similarity_min: Only what is at least this alike, as a cosine.
            score_min: Only what scores at least this; `SCORE_MIN` leaves out what has little to do with it.
            silent: Do not count it as a use of what is found.
            reference_time: What "today" means in the query; now if None.
        """
        request = self._search_request(
            query,
            namespaces=namespaces,
            filter=filter,
            limit=limit,
            vector=vector,
            vector_model=vector_model,
            min_sequence=min_sequence,
            explain=explain,
            collapse_duplicates=collapse_duplicates,
            ranking=ranking,
            similarity_min=similarity_min,
            score_min=score_min,
            silent=silent,
            reference_time=reference_time,
        )
        return _results(await self._connection.unary(self._connection.memory.SearchMemories, request))

    async def search_many(
        self, searches: Iterable[MemorySearch | str], *, batch_size: int = SEARCHES_MAX
    ) -> Sequence[SearchResults]:
        """Do several searches, some in each call, and return what each of them found, in their order.

        Each finds what it would find alone. Together they take far less time than one after the other.

        Args:
            searches: What to look for; a text stands for a search by nothing else.
            batch_size: How many travel together, up to 100.
        """
        source, found = iter(searches), list[SearchResults]()
        while some := list(islice(source, batch_size)):
            request = pb.BatchSearchMemoriesRequest(searches=map(self._search_message, some))
            response = await self._connection.unary(self._connection.memory.BatchSearchMemories, request)
            found += map(_results, response.answers)
        return found

    async def context(
        self,
        query: str,
        *,
        max_tokens: int = 1000,
        diversity: float | None = None,
        group_by: str = "",
        namespaces: Iterable[str] = (),
        filter: MemoryFilter | None = None,  # noqa: A002 - the word that the API uses
        limit: int = 50,
        min_sequence: int = 0,
        score_min: float | None = None,
        reference_time: datetime | None = None,
    ) -> MemoryContext:
        """Put the best memories for a query together, as a text to paste into a prompt.

        Args:
            query: What it is for.
            max_tokens: The longest that the text may be.
            diversity: How much variety counts against fitness, from 0 to 1.
            group_by: Under which headings: `date`, `namespace`, `kind`, `session` or `none`.
            namespaces: Where to look.
            filter: Only what it lets through.
            limit: Of how many memories it is made at most.
            min_sequence: The `sequence` of a write that it must see.
            score_min: Only what scores at least this; `SCORE_MIN` if None, whatever there is if 0.
            reference_time: What "today" means in the query.
        """
        search = self._search_request(
            query,
            namespaces=namespaces,
            filter=filter,
            limit=limit,
            min_sequence=min_sequence,
            score_min=score_min,
            reference_time=reference_time,
        )
        request = pb.BuildContextRequest(
            search=search, max_tokens=max_tokens, diversity=diversity, group_by=group_by
        )
        response = await self._connection.unary(self._connection.memory.BuildContext, request)
        return read(MemoryContext, response)

    def _search_message(self, search: MemorySearch | str) -> pb.SearchMemoriesRequest:
        search = MemorySearch(query=search) if isinstance(search, str) else search
        return write(search, pb.SearchMemoriesRequest, as_agent_id=self._agent_id)

    def _search_request(self, query: str, **fields: Any) -> pb.SearchMemoriesRequest:
        request = pb.SearchMemoriesRequest(
            query=query, filter=_filter(fields.pop("filter")), as_agent_id=self._agent_id
        )
        for name, value in fields.items():
            assign(request, name, value)
        return request


def _message(new: NewMemory | str, namespace: str) -> pb.NewMemory:
    message = write(NewMemory(content=new) if isinstance(new, str) else new, pb.NewMemory)
    message.memory_id = message.memory_id or uuid7()
    message.namespace = message.namespace or namespace
    return message


def _results(response: pb.SearchMemoriesResponse) -> SearchResults:
    named = response.HasField("time_range")
    return SearchResults(
        results=tuple(read(SearchResult, each) for each in response.results),
        sequence=response.sequence,
        time_range=read(TimeRange, response.time_range) if named else None,
    )


def _filter(wanted: MemoryFilter | None) -> nouns.MemoryFilter | None:
    return None if wanted is None else write(wanted, nouns.MemoryFilter)
