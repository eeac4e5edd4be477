"""The words of the namespaces that are searched, in memory: loaded when asked for, and kept up by changes.

A namespace is loaded in the background of whoever asks first, and the next ones wait for the same. What
changes while it loads is read again at the end, so that nothing falls between the two.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from timeloom_memory.search.postings import Postings, text_of
from timeloom_memory.storage import texts
from timeloom_memory.storage.changes import ChangedMemory
from timeloom_memory.storage.texts import StoredText
from timeloom_platform.database import Connection, Database

LOADS_MAX: Final = 2
"""So many are loaded at a time: more would only wait for each other."""

_Key = tuple[UUID, str]


class LexicalIndex:
    """The postings of namespaces. A follower of changes."""

    def __init__(self, database: Database, *, bytes_max: int) -> None:
        self._database = database
        self._bytes_max = bytes_max
        self._shards: OrderedDict[_Key, Postings] = OrderedDict()
        self._loading: dict[_Key, _Load] = {}
        self._slots = asyncio.Semaphore(LOADS_MAX)

    @property
    def bytes(self) -> int:
        """Roughly how much memory it takes."""
        return sum(shard.bytes for shard in self._shards.values())

    async def open(self, project_id: UUID, namespaces: Sequence[str]) -> list[Postings]:
        """Returns the postings of namespaces that exist, with everything that was applied until now.

        Raises:
            UnavailableError: PostgreSQL cannot be reached.
        """
        held = {name: shard for name in namespaces if (shard := self._shards.get((project_id, name)))}
        missing = [name for name in namespaces if name not in held]
        if missing:
            held |= await self._load(project_id, missing)
        for name in namespaces:
            if (project_id, name) in self._shards:
                self._shards.move_to_end((project_id, name))
        return [held[name] for name in namespaces]

    async def apply(self, connection: Connection, project_id: UUID, changed: Sequence[ChangedMemory]) -> None:
        """Takes changes in, where their namespaces are held."""
        wanted: list[ChangedMemory] = []
        for change in changed:
            key = (project_id, change.namespace)
            if (load := self._loading.get(key)) is not None:
                load.missed[change.memory_id] = change.namespace
            elif (shard := self._shards.get(key)) is not None:
                if change.deleted:
                    shard.remove(change.memory_id)
                elif shard.number(change.memory_id) < change.number:
                    wanted.append(change)
        if wanted:
            found = await texts.select(connection, project_id, [change.memory_id for change in wanted])
            self._put(project_id, {change.memory_id: change.namespace for change in wanted}, found)
            self._evict()

    def drop(self, project_id: UUID, namespace: str | None = None) -> None:
        """Forgets a namespace, or all of a project."""
        for key in [key for key in self._shards if key[0] == project_id and namespace in {None, key[1]}]:
            del self._shards[key]
        for key, load in self._loading.items():
            if key[0] == project_id and namespace in {None, key[1]}:
                load.is_dropped = True

    def _put(self, project_id: UUID, wanted: Mapping[UUID, str], found: Iterable[StoredText]) -> None:
        """Puts texts to their shards; what was not found is deleted by now."""
        there = {text.memory_id: text for text in found}
        for memory_id, namespace in wanted.items():
            shard = self._shards.get((project_id, namespace))
            if shard is None:
                continue
            text = there.get(memory_id)
            if text is None:
                shard.remove(memory_id)
            else:
                shard.put(text_of(memory_id, text.number, text.content, text.context))

    async def _load(self, project_id: UUID, namespaces: Sequence[str]) -> dict[str, Postings]:
        """Loads namespaces, or waits for those that somebody else is loading."""
        mine = [name for name in namespaces if (project_id, name) not in self._loading]
        if mine:
            load = _Load()
            self._loading.update(dict.fromkeys(((project_id, name) for name in mine), load))
            load.task = asyncio.create_task(self._run(project_id, mine, load))
        loads = {name: self._loading[project_id, name] for name in namespaces}
        loaded: dict[str, Postings] = {}
        for name, load in loads.items():
            # A caller who gives up does not end the load for the others.
            loaded[name] = (await asyncio.shield(load.running))[name]
        return loaded

    async def _run(self, project_id: UUID, namespaces: Sequence[str], load: _Load) -> dict[str, Postings]:
        shards = {name: Postings() for name in namespaces}
        try:
            async with self._slots, self._database.transaction(str(project_id)) as connection:
                async for page in texts.pages(connection, project_id, namespaces):
                    await asyncio.to_thread(_add, shards, page)
            while load.missed:
                missed, load.missed = load.missed, {}
                async with self._database.transaction(str(project_id)) as connection:
                    found = await texts.select(connection, project_id, list(missed))
                for memory_id, name in missed.items():
                    shards[name].remove(memory_id)
                _add(shards, found)
            if not load.is_dropped:
                self._shards.update({(project_id, name): shard for name, shard in shards.items()})
                self._evict()
        finally:
            for name in namespaces:
                del self._loading[project_id, name]
        return shards

    def _evict(self) -> None:
        """Lets go of what was not searched for longest; what is being searched stays until that is done."""
        size = self.bytes
        while size > self._bytes_max and len(self._shards) > 1:
            _, shard = self._shards.popitem(last=False)
            size -= shard.bytes


class _Load:
    """Namespaces on their way into memory, and what changed meanwhile.

    Attributes:
        missed: Memories that changed, with their namespaces.
        is_dropped: What is loaded answers those who wait, and is not kept: nobody follows its changes.
    """

    def __init__(self) -> None:
        self.task: asyncio.Task[dict[str, Postings]] | None = None
        self.missed: dict[UUID, str] = {}
        self.is_dropped = False

    @property
    def running(self) -> asyncio.Task[dict[str, Postings]]:
        assert self.task is not None, "it is set before anybody else can see the load"
        return self.task


def _add(shards: Mapping[str, Postings], page: Iterable[StoredText]) -> None:
    for text in page:
        shards[text.namespace].put(text_of(text.memory_id, text.number, text.content, text.context))
