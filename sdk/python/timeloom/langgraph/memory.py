"""LangGraph's long-term memory in Timeloom: `builder.compile(store=TimeloomStore(client))`.

An item is a memory of the same namespace, label by label, and the same key. The memory's content is the text
that is searched, and its metadata hold the value. So what an agent stores is found, shared, summarised and
followed like every other memory, and its history is kept.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from urllib.parse import quote, unquote

from langchain_core.embeddings import Embeddings
from langgraph.store.base import (
    BaseStore,
    GetOp,
    IndexConfig,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
    ensure_embeddings,
    get_text_at_path,
)

from timeloom.aio.memory import AsyncMemories
from timeloom.client import Timeloom
from timeloom.errors import AlreadyExistsError, ConflictError, NotFoundError
from timeloom.langgraph.filters import agrees, equal_strings
from timeloom.memories import Memory, MemoryFilter

MEMBER: Final = "langgraph"
"""The member of a memory's metadata that makes it an item."""

SEARCH_LIMIT_MAX: Final = 1000
"""How many memories one search looks through, if a filter has to be applied here."""

ATTEMPTS_MAX: Final = 8
"""How often an item is put again because somebody else put or deleted it at the same time."""

_MODEL: Final = "langgraph"
_WHOLE: Final = "$"


class TimeloomStore(BaseStore):
    """Keeps what LangGraph agents remember across threads.

    Without an `index` the installation's own model makes the vectors, of all text in a value; with one, its
    embeddings and fields are used as in LangGraph's own stores. Items may expire (`ttl`, in minutes).
    """

    supports_ttl = True

    def __init__(
        self,
        client: Timeloom | None = None,
        *,
        agent_id: str = "",
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
    ) -> None:
        """Prepare a store.

        Args:
            client: The client; one with the settings of the environment if None.
            agent_id: Act as this agent, who sees only what it may; for the whole project if empty.
            index: Whose embeddings to use, and for which fields.
            ttl: When items expire, and whether reading them puts that off.
        """
        super().__init__()
        self.client = Timeloom() if client is None else client
        self.ttl_config = ttl
        memories = self.client.twin.memory
        self._memories: AsyncMemories = memories.as_agent(agent_id) if agent_id else memories
        self._fields: Sequence[str] = (index or {}).get("fields") or [_WHOLE]
        self._embeddings: Embeddings | None = ensure_embeddings(index.get("embed")) if index else None

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do several things at once: what is read is read before anything is written."""
        return self.client.portal.run(self._batch(list(ops)))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Do several things at once, like `batch`."""
        return await self.client.portal.run_from_async(self._batch(list(ops)))

    async def _batch(self, ops: Sequence[Op]) -> list[Result]:
        found = await asyncio.gather(*(self._read(op) for op in ops if not isinstance(op, PutOp)))
        # The last one counts if an item is put more than once.
        puts = {(op.namespace, op.key): op for op in ops if isinstance(op, PutOp)}
        await asyncio.gather(*map(self._put, puts.values()))
        read = iter(found)
        return [None if isinstance(op, PutOp) else next(read) for op in ops]

    async def _read(self, op: Op) -> Result:
        match op:
            case GetOp():
                return await self._get(op)
            case SearchOp():
                return await self._search(op)
            case ListNamespacesOp():
                return await self._list_namespaces(op)
            case _:
                raise ValueError(f"no operation of LangGraph's stores is called {type(op).__name__}")

    # -- Items ------------------------------------------------------------------------

    async def _get(self, op: GetOp) -> Item | None:
        memory = await self._memory(op.namespace, op.key)
        if memory is None:
            return None
        if op.refresh_ttl:
            await self._refresh([memory])
        return _item(memory)

    async def _memory(self, namespace: tuple[str, ...], key: str) -> Memory | None:
        name = _name(namespace)
        try:
            async for memory in self._memories.list(namespaces=[name], key=key, filter=_items()):
                if memory.namespace == name:  # what is below it has keys of its own
                    return memory
        except NotFoundError:  # nothing was ever put there
            pass
        return None

    async def _put(self, op: PutOp) -> None:
        for _ in range(ATTEMPTS_MAX):
            memory = await self._memory(op.namespace, op.key)
            try:
                if op.value is None:
                    if memory is not None:
                        await self._memories.delete(memory.id)
                elif memory is None:
                    await self._memories.add(
                        namespace=_name(op.namespace), key=op.key, **await self._fields_of(op)
                    )
                else:
                    await self._change(memory, op)
            except (AlreadyExistsError, NotFoundError):
                continue  # somebody else put or deleted it meanwhile
            return
        raise ConflictError(f"Others put {op.key!r} in {op.namespace!r} again and again")

    async def _change(self, memory: Memory, op: PutOp) -> None:
        fields = await self._fields_of(op)
        if fields["expire_time"] is None and memory.expire_time is not None:
            fields["clear"] = ["expireTime"]
        await self._memories.update(memory.id, **fields)

    async def _fields_of(self, op: PutOp) -> dict[str, Any]:
        assert op.value is not None, "a value of None is a deletion"
        indexed = op.index is not False
        paths = self._fields if op.index is None or op.index is False else op.index
        text = "\n".join(each for path in paths for each in _texts(op.value, path)) if indexed else ""
        vector: Sequence[float] = ()
        if text and self._embeddings is not None:
            (vector,) = await self._embeddings.aembed_documents([text])
        return {
            "content": text or op.key,
            # In a list, which a merge patch replaces as a whole.
            "metadata": {MEMBER: {"value": [op.value], "indexed": bool(text)}},
            "expire_time": _moment(op.ttl),
            "vector": vector,
            "vector_model": _MODEL if vector else "",
        }

    async def _refresh(self, memories: Sequence[Memory]) -> None:
        """Put off when items expire, by what their time to live is."""
        minutes = (self.ttl_config or {}).get("default_ttl")
        if minutes is not None:
            expiring = [memory for memory in memories if memory.expire_time is not None]
            moment = _moment(minutes)
            await asyncio.gather(*(self._memories.update(each.id, expire_time=moment) for each in expiring))

    # -- Finding ----------------------------------------------------------------------

    async def _search(self, op: SearchOp) -> list[SearchItem]:
        wanted = op.offset + op.limit
        found: list[tuple[Memory, float | None]] = []
        seen: set[str] = set()
        if op.query:
            async for memory, score in self._matching(op):
                found.append((memory, score))
                seen.add(memory.id)
        if len(found) < wanted:
            # What no query can find comes last, and all comes in the order of its change without one.
            async for memory in self._listed(op):
                if len(found) >= wanted:
                    break
                if memory.id not in seen:
                    found.append((memory, None))
        page = found[op.offset : wanted]
        if op.refresh_ttl:
            await self._refresh([memory for memory, _ in page])
        return [_search_item(memory, score) for memory, score in page]

    async def _matching(self, op: SearchOp) -> AsyncGenerator[tuple[Memory, float]]:
        """Yield what a query finds, best first."""
        names = [_name(op.namespace_prefix)] if op.namespace_prefix else []
        vector: Sequence[float] = ()
        if self._embeddings is not None:
            vector = await self._embeddings.aembed_query(op.query or "")
        exact = len(equal_strings(op.filter)) == len(op.filter or {})
        try:
            results = await self._memories.search(
                "" if vector else op.query or "",
                vector=vector,
                vector_model=_MODEL if vector else "",
                namespaces=names,
                filter=_items(op.filter, indexed=True),
                limit=min(op.offset + op.limit, SEARCH_LIMIT_MAX) if exact else SEARCH_LIMIT_MAX,
            )
        except NotFoundError:
            return
        for result in results:
            if agrees(_value(result.memory), op.filter):
                yield result.memory, result.score

    async def _listed(self, op: SearchOp) -> AsyncGenerator[Memory]:
        names = [_name(op.namespace_prefix)] if op.namespace_prefix else []
        listed = self._memories.list(namespaces=names, filter=_items(op.filter), order_by="update_time desc")
        try:
            async for memory in listed:
                if agrees(_value(memory), op.filter):
                    yield memory
        except NotFoundError:
            return

    async def _list_namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        found: set[tuple[str, ...]] = set()
        async for namespace in self._memories.namespaces():
            labels = _labels(namespace.name)
            if namespace.memory_count and all(_matches(each, labels) for each in op.match_conditions or ()):
                found.add(labels[: op.max_depth])
        return sorted(found)[op.offset : op.offset + op.limit]


def _items(filter: dict[str, Any] | None = None, *, indexed: bool = False) -> MemoryFilter:  # noqa: A002
    """Return what lets through items only, and of a filter what the server can apply."""
    wanted: dict[str, Any] = {"value": [equal_strings(filter)]}
    return MemoryFilter(metadata={MEMBER: {**wanted, "indexed": True} if indexed else wanted})


def _value(memory: Memory) -> dict[str, Any]:
    return cast("dict[str, Any]", memory.metadata[MEMBER]["value"][0])


def _item(memory: Memory) -> Item:
    return Item(**_described(memory))


def _search_item(memory: Memory, score: float | None) -> SearchItem:
    return SearchItem(**_described(memory), score=score)


def _described(memory: Memory) -> dict[str, Any]:
    return {
        "namespace": _labels(memory.namespace),
        "key": memory.key,
        "value": _value(memory),
        "created_at": memory.create_time,
        "updated_at": memory.update_time,
    }


def _texts(value: Mapping[str, Any], path: str) -> list[str]:
    if path == _WHOLE:
        return [json.dumps(value, ensure_ascii=False, sort_keys=True)]
    return get_text_at_path(value, path)


def _moment(minutes: float | None) -> datetime | None:
    return None if minutes is None else datetime.now(UTC) + timedelta(minutes=minutes)


def _name(labels: Iterable[str]) -> str:
    return "/".join(quote(label, safe=" !$&'()*+,:;=@") for label in labels)


def _labels(name: str) -> tuple[str, ...]:
    return tuple(unquote(segment) for segment in name.split("/"))


def _matches(condition: MatchCondition, labels: tuple[str, ...]) -> bool:
    path = condition.path
    if len(labels) < len(path):
        return False
    part = labels[: len(path)] if condition.match_type == "prefix" else labels[len(labels) - len(path) :]
    return all(wanted in ("*", label) for wanted, label in zip(path, part, strict=True))
