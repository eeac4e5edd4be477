"""Summaries of memories, extracted or written by a language model, and remembered if that is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol
from uuid import UUID

from msgspec.structs import replace

from timeloom_memory.embedding.embedders import Embedders
from timeloom_memory.model import IMPORTANCE_DEFAULT, Memory, MemoryFilter, MemoryKind
from timeloom_memory.preparing import NewMemory
from timeloom_memory.sharing.access import Access
from timeloom_memory.storage import materials, vectors
from timeloom_memory.storage.materials import Material
from timeloom_memory.upkeep import extraction
from timeloom_memory.upkeep.extraction import Query, Source, Summary
from timeloom_memory.upkeep.plan import main_model
from timeloom_memory.writing import Writer
from timeloom_platform.database import Database
from timeloom_platform.errors import InvalidFieldError

TOKENS_DEFAULT: Final = 300
MEMORIES_DEFAULT: Final = 1000
PROMPT_TOKENS_MAX: Final = 12_000
"""What a language model is given of the memories, newest first; it says which ones it was."""


class SummaryMethod(IntEnum):
    """How a summary is made; the numbers are the contract's."""

    EXTRACTIVE = 1
    GENERATIVE = 2


class Tokenizer(Protocol):
    """What tokens are counted by."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def count(self, text: str) -> int:
        """Returns how many tokens a text has."""
        ...


class LanguageModel(Protocol):
    """What writes summaries."""

    async def summarise(self, memories: str, *, query: str, tokens_max: int) -> str:
        """Returns what the model makes of some memories, one a line."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryWish:
    """What is to be summarised, and how.

    Attributes:
        query: What the summary should be about; everything if empty.
        memory_limit: How many memories are looked at, newest first.
        save: Also remember it.
    """

    namespace: str
    wanted: MemoryFilter
    query: str = ""
    tokens_max: int = TOKENS_DEFAULT
    method: SummaryMethod = SummaryMethod.EXTRACTIVE
    memory_limit: int = MEMORIES_DEFAULT
    save: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Summarised:
    """A summary; `memory` is what was remembered of it, None if nothing was."""

    summary: Summary
    token_count: int
    tokenizer: str
    memory: Memory | None


class Summarizing:
    """Makes summaries."""

    def __init__(
        self,
        *,
        database: Database,
        embedders: Embedders,
        tokenizer: Tokenizer,
        writer: Writer,
        model: LanguageModel | None,
        new_id: Callable[[], UUID],
    ) -> None:
        self._database = database
        self._embedders = embedders
        self._tokenizer = tokenizer
        self._writer = writer
        self._model = model
        self._new_id = new_id

    async def summarise(self, project_id: UUID, wish: SummaryWish, *, as_agent_id: str) -> Summarised:
        """Summarises memories of a namespace and of those below it; what it says is empty if there are none.

        Raises:
            InvalidFieldError: There is no language model to write it.
            PermissionDeniedError: It is to be remembered where the agent may not write.
            UnavailableError: The language model cannot be reached.
            DeadlineExceededError: The language model took too long.
        """
        model = self._model if wish.method is SummaryMethod.GENERATIVE else None
        if wish.method is SummaryMethod.GENERATIVE and model is None:
            raise InvalidFieldError.of(
                "method", "must be EXTRACTIVE: no language model is set up (TIMELOOM_CHAT_MODEL)"
            )
        found = await self._materials(project_id, wish, as_agent_id)
        if model is not None:
            summary = await self._written(model, found, wish)
        else:
            summary = await self._extracted(project_id, found, wish)
        memory = await self._saved(project_id, wish, summary, as_agent_id) if wish.save else None
        return Summarised(
            summary=summary,
            token_count=self._tokenizer.count(summary.text),
            tokenizer=self._tokenizer.name,
            memory=memory,
        )

    async def _materials(self, project_id: UUID, wish: SummaryWish, as_agent_id: str) -> list[Material]:
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            if wish.save:
                scope.require_write(wish.namespace)
            return await materials.select(
                connection,
                project_id,
                without_summaries(wish.wanted),
                namespace=wish.namespace,
                below=True,
                scope=scope,
                limit=wish.memory_limit,
            )

    async def _extracted(self, project_id: UUID, found: Sequence[Material], wish: SummaryWish) -> Summary:
        model = main_model([(each.embedding_model, each.dimension) for each in found if each.vector])
        query = await self._query(project_id, wish.query, model)
        return await asyncio.to_thread(
            extraction.summary_of,
            sources_of(found, model),
            tokens_max=wish.tokens_max,
            count_tokens=self._tokenizer.count,
            query=query,
        )

    async def _query(self, project_id: UUID, text: str, model: tuple[str, int] | None) -> Query | None:
        if not text:
            return None
        if model is None or model[0] not in self._embedders.models:
            return Query(text=text)
        (vector,) = await self._embedders.embed(model[0], [text], project_id=project_id)
        return Query(text=text, vector=vector)

    async def _written(self, model: LanguageModel, found: Sequence[Material], wish: SummaryWish) -> Summary:
        lines: list[tuple[Material, str]] = []
        left = PROMPT_TOKENS_MAX
        for material in found:
            line = f"{material.occur_time:%Y-%m-%d}: {' '.join(material.content.split())}"
            left -= self._tokenizer.count(line)
            if left < 0:
                break
            lines.append((material, line))
        if not lines:
            return Summary(text="")
        lines.reverse()
        text = await model.summarise(
            "\n".join(line for _, line in lines), query=wish.query, tokens_max=wish.tokens_max
        )
        return Summary(text=text, source_ids=tuple(material.id for material, _ in lines))

    async def _saved(
        self, project_id: UUID, wish: SummaryWish, summary: Summary, as_agent_id: str
    ) -> Memory | None:
        if not summary.text:
            return None
        new = summary_memory(
            self._new_id(), wish.namespace, summary.text, summary.source_ids, agent_id=as_agent_id
        )
        (memory,) = await self._writer.create(project_id, [new], as_agent_id=as_agent_id)
        return memory


def summary_memory(
    memory_id: UUID,
    namespace: str,
    text: str,
    source_ids: Sequence[UUID],
    *,
    agent_id: str = "",
    key: str = "",
) -> NewMemory:
    """Returns the memory that a summary becomes."""
    return NewMemory(
        id=memory_id,
        namespace=namespace,
        key=key,
        agent_id=agent_id,
        kind=MemoryKind.CONTEXT_SUMMARY,
        content=text,
        importance=IMPORTANCE_DEFAULT,
        source_ids=list(source_ids),
    )


def without_summaries(wanted: MemoryFilter) -> MemoryFilter:
    """Returns the filter without summaries, unless it asks for kinds."""
    if wanted.kinds:
        return wanted
    kinds = tuple(int(kind) for kind in MemoryKind if kind is not MemoryKind.CONTEXT_SUMMARY)
    return replace(wanted, kinds=kinds)


def sources_of(found: Sequence[Material], model: tuple[str, int] | None) -> list[Source]:
    """Returns memories as sources of a summary, with their vectors if they are of the model."""
    sources: list[Source] = []
    for each in found:
        has_vector = each.vector is not None and (each.embedding_model, each.dimension) == model
        sources.append(
            Source(
                memory_id=each.id,
                content=each.content,
                occur_time=each.occur_time,
                vector=vectors.decoded([each.vector], each.dimension)[0]
                if has_vector and each.vector
                else None,
            )
        )
    return sources
