"""Giving shards the form that suits their size, while they are being searched: one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog

from timeloom_memory.index.holdings import Held, Holdings
from timeloom_memory.index.loading import Loader
from timeloom_memory.index.shard import Renewal
from timeloom_memory.index.workers import Workers

MERGED_PER_STEP: Final = 32
"""A search waits for one step at most, which is a few milliseconds."""

RENEWED_PER_STEP: Final = 256

SAVED_SHARE_MIN: Final = 0.1
"""A graph is saved when so much of it is new."""

logger = structlog.get_logger(__name__)


class Maintenance:
    """Moves vectors into graphs, renews graphs, and saves them."""

    def __init__(
        self, *, holdings: Holdings, loader: Loader, workers: Workers, sequence: Callable[[UUID], int]
    ) -> None:
        self._holdings = holdings
        self._loader = loader
        self._workers = workers
        self._sequence = sequence
        self._waiting: dict[int, Held] = {}
        self._is_wanted = asyncio.Event()
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    def notice(self, held: Held) -> None:
        """Looks after a shard soon, if it needs it."""
        if held.shard.wants_merge or held.shard.wants_renewal:
            self._waiting[id(held)] = held
            self._is_idle.clear()
            self._is_wanted.set()

    async def settled(self) -> None:
        """Returns when there is nothing to do; for those who measure."""
        await self._is_idle.wait()

    async def run(self) -> None:
        """Looks after shards until cancelled."""
        while True:
            if not self._waiting:
                self._is_idle.set()
                self._is_wanted.clear()
                await self._is_wanted.wait()
            key, held = next(iter(self._waiting.items()))
            try:
                await self._look_after(held)
            except Exception:
                # The shard answers as it is; it is looked after again when it changes.
                logger.exception("shard not looked after")
            self._waiting.pop(key, None)

    async def _look_after(self, held: Held) -> None:
        if held.shard.wants_renewal:
            await self._renew(held)
        if held.shard.wants_merge:
            await self._merge(held)
        self._holdings.weigh(held)
        graph = held.shard.graph
        if graph is not None and graph.count - held.saved_rows > SAVED_SHARE_MIN * graph.count:
            # Only this task ever adds to the graph, so that it may be read here.
            await self._loader.save(held.key, graph, self._sequence(held.key.project_id))
            held.saved_rows = graph.count

    async def _merge(self, held: Held) -> None:
        """Empties the matrix into the graph; new vectors may come meanwhile."""
        while held.shard.flat.count and self._is_held(held):
            async with held.gate.writing():
                await self._workers.run(held.shard.merge, MERGED_PER_STEP)

    async def _renew(self, held: Held) -> None:
        graph = held.shard.graph
        assert graph is not None, "there is one that wants renewal"
        renewal = Renewal(graph)
        while not renewal.is_done:
            if not self._is_held(held):
                return
            await self._workers.run(renewal.step, RENEWED_PER_STEP)
        async with held.gate.writing():
            await self._workers.run(held.shard.replace_graph, renewal)
        held.saved_rows = 0

    def _is_held(self, held: Held) -> bool:
        return self._holdings.peek(held.key) is held
