"""Finding the memories whose vectors are nearest to a given one: in memory, or in PostgreSQL itself."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final, cast
from uuid import UUID

import numpy as np
import structlog

from timeloom_memory.index.flat import Matrix
from timeloom_memory.index.following import Following
from timeloom_memory.index.holdings import Held, Holdings, belongs
from timeloom_memory.index.labels import Numbers
from timeloom_memory.index.loading import Loader, TooLargeError
from timeloom_memory.index.maintenance import Maintenance
from timeloom_memory.index.shard import Shard, joined
from timeloom_memory.index.workers import Workers
from timeloom_memory.model import Part
from timeloom_memory.storage import shards, vectors
from timeloom_memory.storage.changes import ChangedMemory
from timeloom_memory.storage.ids import ids_of
from timeloom_memory.storage.shards import CurrentVector, ShardKey
from timeloom_platform.calls import remaining_seconds
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import TimeloomError

LOAD_WAIT_SECONDS: Final = 2.0
"""Whoever searches in a shard that is not in memory waits so long for it; then PostgreSQL answers."""

LOADS_AT_ONCE: Final = 2
LOADS_MAX: Final = 64
"""So many shards wait for being loaded; what is searched besides, PostgreSQL answers."""

TOO_LARGE_SECONDS: Final = 60.0
"""A shard that was found to be too large is not tried again for so long."""

TOO_LARGE_MAX: Final = 10_000

FLOATS_INLINE_MAX: Final = 4_000_000
"""A search that looks at so many numbers at most is done before a thread would have begun it."""

SPARE_MIN: Final = 16
"""Where numbers are rounded, so many more are looked for, of which the nearest are taken by exact numbers."""

QUERIES_AT_ONCE: Final = 8
"""So many vectors of a search with several are looked for by one thread in one go."""

Nearest = list[tuple[UUID, float]]

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Load:
    """A shard on its way into memory, and the changes that it may miss meanwhile."""

    task: asyncio.Task[None] | None = None
    changed: list[ChangedMemory] = field(default_factory=list[ChangedMemory])


class VectorIndex:
    """The vectors of all projects, as far as they are in use: a follower of PostgreSQL's changes."""

    def __init__(
        self, *, database: Database, following: Following, workers: Workers, loader: Loader, limit_bytes: int
    ) -> None:
        self.holdings = Holdings(limit_bytes)
        self.maintenance = Maintenance(
            holdings=self.holdings, loader=loader, workers=workers, sequence=following.sequence
        )
        self._database = database
        self._following = following
        self._workers = workers
        self._loader = loader
        self._loads: dict[ShardKey, _Load] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loading = asyncio.Semaphore(LOADS_AT_ONCE)
        self._too_large: dict[ShardKey, float] = {}
        following.register(self)

    def sequence(self, project_id: UUID) -> int:
        """Returns up to which change of a project a search sees everything; 0 if it is not followed yet."""
        return self._following.sequence(project_id)

    async def search(
        self,
        project_id: UUID,
        namespaces: Sequence[str],
        model: str,
        queries: Matrix,
        *,
        limit: int,
        part: Part = Part.CONTENT,
        min_sequence: int = 0,
        among: Collection[int] | Numbers | None = None,
    ) -> list[Nearest]:
        """Returns the memories that are most alike with their cosines, best first, for each of some vectors.

        Args:
            project_id: The project.
            namespaces: In these, which may be large in number.
            model: The embedding model; only its vectors of the same dimension are compared.
            queries: Vectors of unit length, in rows.
            limit: At most so many for each of them.
            part: What the vectors were made of.
            min_sequence: Everything up to this change is seen.
            among: Only memories with these numbers; they are found however few they are.

        Raises:
            InvalidFieldError: There is no change `min_sequence`.
            UnavailableError: PostgreSQL cannot be reached.
        """
        await self._following.reach(project_id, min_sequence)
        numbers = _sorted(among)
        if not namespaces or (numbers is not None and len(numbers) == 0):
            return [[] for _ in queries]
        dimension = queries.shape[1]
        keys = [
            ShardKey(project_id=project_id, namespace=name, model=model, dimension=dimension, part=part)
            for name in dict.fromkeys(namespaces)
        ]
        held, missing = await self._hold(keys)
        if any(each.shard.is_rounded for each in held):
            spare = max(SPARE_MIN, limit // 2)
            rounded = await self._search_held(held, queries, limit + spare, numbers)
            nearest = await self._measured_exactly([each.key for each in held], queries, rounded, limit)
        else:
            nearest = await self._search_held(held, queries, limit, numbers)
        if missing:
            elsewhere = await self._search_in_postgresql(missing, queries, limit, numbers)
            nearest = [
                sorted([*mine, *others], key=lambda each: -each[1])[:limit]
                for mine, others in zip(nearest, elsewhere, strict=True)
            ]
        return nearest

    async def apply(self, connection: Connection, project_id: UUID, changed: Sequence[ChangedMemory]) -> None:
        """Brings the shards in memory in line with changes, and sees to it that those to come will be."""
        by_namespace: defaultdict[str, list[ChangedMemory]] = defaultdict(list)
        for change in changed:
            by_namespace[change.namespace].append(change)
        for key, load in self._loads.items():
            if key.project_id == project_id:
                load.changed += by_namespace.get(key.namespace, ())
        for namespace, changes_here in by_namespace.items():
            if held := self.holdings.of(project_id, namespace):
                await self._bring_in_line(connection, held, changes_here)

    def drop(self, project_id: UUID, namespace: str | None = None) -> None:
        """Forgets a namespace, or all of a project."""
        self.holdings.drop(project_id, namespace)
        for key in [key for key in self._loads if belongs(key, project_id, namespace)]:
            task = self._loads.pop(key).task
            if task is not None:
                task.cancel()

    async def close(self) -> None:
        """Ends what is being loaded."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hold(self, keys: Sequence[ShardKey]) -> tuple[list[Held], list[ShardKey]]:
        """Returns the shards that are in memory, or come there in time, and the keys of the others."""
        held = {key: shard for key in keys if (shard := self.holdings.get(key)) is not None}
        if len(held) < len(keys):
            absent = [key for key in keys if key not in held]
            loads = [task for key in absent if (task := self._load(key)) is not None]
            if loads:
                await asyncio.wait(loads, timeout=_wait_seconds())
            held |= {key: shard for key in absent if (shard := self.holdings.get(key)) is not None}
        return list(held.values()), [key for key in keys if key not in held]

    def _load(self, key: ShardKey) -> asyncio.Task[None] | None:
        """Begins to load a shard, unless somebody does; None if it will not be loaded."""
        load = self._loads.get(key)
        if load is not None:
            return load.task
        now = asyncio.get_running_loop().time()
        if len(self._loads) >= LOADS_MAX or self._too_large.get(key, 0.0) > now:
            return None
        load = self._loads[key] = _Load()
        task = load.task = asyncio.get_running_loop().create_task(self._bring(key, load))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _bring(self, key: ShardKey, load: _Load) -> None:
        try:
            async with self._loading:
                held = Held(key=key, shard=await self._loader.load(key))
                if held.shard.graph is not None:
                    held.saved_rows = held.shard.graph.count
                await self._catch_up(held, load)
        except TooLargeError:
            logger.info("shard left to PostgreSQL", namespace=key.namespace, dimension=key.dimension)
            self._remember_too_large(key)
        except TimeloomError as error:
            logger.debug("shard not loaded", error=error)
        except Exception:
            # Whoever waits for it asks PostgreSQL, and hears of what goes wrong there.
            logger.exception("shard not loaded")
        finally:
            if self._loads.get(key) is load:
                del self._loads[key]

    async def _catch_up(self, held: Held, load: _Load) -> None:
        """Applies what changed while a shard was being loaded, and holds it as soon as it lacks nothing."""
        while load.changed:
            changed, load.changed = load.changed, []
            async with self._database.transaction(str(held.key.project_id)) as connection:
                await self._bring_in_line(connection, [held], changed)
        # Unless it was dropped meanwhile.
        if self._loads.get(held.key) is load:
            self.holdings.add(held)
            self.maintenance.notice(held)

    async def _bring_in_line(
        self, connection: Connection, held: Sequence[Held], changed: Sequence[ChangedMemory]
    ) -> None:
        wanted = {
            change.memory_id
            for shard in held
            for change in changed
            if not _is_gone(change, shard.key)
            and shard.shard.number_of(change.memory_id.bytes) != change.number
        }
        current: defaultdict[tuple[str, int, int], list[CurrentVector]] = defaultdict(list)
        if wanted:
            for row in await shards.current(connection, held[0].key.project_id, list(wanted)):
                current[row.model, row.dimension, row.part].append(row)
        for shard in held:
            key = shard.key
            fresh = current[key.model, key.dimension, int(key.part)]
            async with shard.gate.writing():
                _change(shard.shard, key, changed, fresh, wanted)
            self.holdings.weigh(shard)
            self.maintenance.notice(shard)

    async def _search_held(
        self, held: Sequence[Held], queries: Matrix, limit: int, among: Numbers | None
    ) -> list[Nearest]:
        if not held:
            return [[] for _ in queries]
        in_memory = [each.shard for each in held]
        if all(each.gate.is_open and each.shard.graph is None for each in held) and (
            len(queries) * sum(shard.scanned_floats for shard in in_memory) <= FLOATS_INLINE_MAX
        ):
            return _searched(in_memory, queries, limit, among)
        async with AsyncExitStack() as gates:
            for each in held:
                await gates.enter_async_context(each.gate.reading())
            if len(queries) <= QUERIES_AT_ONCE:
                return await self._workers.run(_searched, in_memory, queries, limit, among)
            parts = np.array_split(queries, -(-len(queries) // QUERIES_AT_ONCE))
            async with asyncio.TaskGroup() as tasks:
                searches = [
                    tasks.create_task(self._workers.run(_searched, in_memory, part, limit, among))
                    for part in parts
                ]
            return [nearest for search in searches for nearest in search.result()]

    async def _measured_exactly(
        self, keys: Sequence[ShardKey], queries: Matrix, rounded: Sequence[Nearest], limit: int
    ) -> list[Nearest]:
        """Orders memories by the vectors that PostgreSQL has of them: in memory, numbers were rounded."""
        ids = {memory_id: None for nearest in rounded for memory_id, _ in nearest}
        async with self._database.reading(str(keys[0].project_id)) as connection:
            exact = await shards.exact(connection, keys[0], [key.namespace for key in keys], list(ids))
        measured: list[Nearest] = []
        for query, nearest in zip(queries, rounded, strict=True):
            there = [memory_id for memory_id, _ in nearest if memory_id in exact]
            matrix = np.array([exact[memory_id] for memory_id in there]).reshape(-1, len(query))
            cosines = (matrix @ query).tolist()
            measured.append(sorted(zip(there, cosines, strict=True), key=lambda each: -each[1])[:limit])
        return measured

    async def _search_in_postgresql(
        self, keys: Sequence[ShardKey], queries: Matrix, limit: int, among: Numbers | None
    ) -> list[Nearest]:
        names = [key.namespace for key in keys]
        numbers = None if among is None else among.tolist()
        async with self._database.transaction(str(keys[0].project_id)) as connection:
            return [
                await shards.nearest(
                    connection, keys[0], names, query.reshape(1, -1), limit=limit, among=numbers
                )
                for query in queries
            ]

    def _remember_too_large(self, key: ShardKey) -> None:
        if len(self._too_large) >= TOO_LARGE_MAX:
            self._too_large.clear()
        self._too_large[key] = asyncio.get_running_loop().time() + TOO_LARGE_SECONDS


def _is_gone(change: ChangedMemory, key: ShardKey) -> bool:
    """Whether a memory is not in a shard any more after a change."""
    return change.deleted or change.model != key.model or change.dimension != key.dimension


def _change(
    shard: Shard,
    key: ShardKey,
    changed: Sequence[ChangedMemory],
    fresh: Sequence[CurrentVector],
    wanted: Collection[UUID],
) -> None:
    """Removes what is gone, and puts what is new as it is now: a newer change of it will find it done."""
    found = {row.memory_id for row in fresh}
    for change in changed:
        is_missing = change.memory_id in wanted and change.memory_id not in found
        if is_missing or _is_gone(change, key):
            shard.remove(change.memory_id.bytes)
    if fresh:
        shard.put(
            np.array([row.number for row in fresh], dtype=np.int64),
            [row.memory_id.bytes for row in fresh],
            vectors.decoded([row.vector for row in fresh], key.dimension),
        )


def _searched(
    in_memory: Sequence[Shard], queries: Matrix, limit: int, among: Numbers | None
) -> list[Nearest]:
    """Searches in shards and puts together what they found, for each vector."""
    found = [shard.search(queries, limit, among) for shard in in_memory]
    return [
        list(zip(ids_of(hits.ids.tobytes()), hits.scores.tolist(), strict=True))
        for each in zip(*found, strict=True)
        for hits in [each[0] if len(each) == 1 else joined(each, limit)]
    ]


def _sorted(among: Collection[int] | Numbers | None) -> Numbers | None:
    if among is None:
        return None
    if isinstance(among, np.ndarray):
        return np.unique(cast("Numbers", among))
    return np.unique(np.fromiter(among, dtype=np.int64, count=len(among)))


def _wait_seconds() -> float:
    """How long a search may wait for a shard, so that PostgreSQL can still answer in time."""
    remaining = remaining_seconds()
    return LOAD_WAIT_SECONDS if remaining is None else min(LOAD_WAIT_SECONDS, remaining / 2)
