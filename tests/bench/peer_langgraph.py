"""LangGraph's checkpointer for PostgreSQL, used as its documentation says: our peer."""

from __future__ import annotations

import asyncio
import importlib.metadata
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from tests.bench.workload import State, Step

NAME = f"langgraph-checkpoint-postgres {importlib.metadata.version('langgraph-checkpoint-postgres')}"
POOL_SIZE = 8

_SELECT_BYTES = """
SELECT sum(pg_total_relation_size(oid)) AS bytes
FROM pg_class
WHERE relkind = 'r' AND relname LIKE 'checkpoint%'
"""


class Peer:
    """A saver over a pool of connections, with an agent's channels in place of its one state."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[DictRow]]) -> None:
        self._pool = pool
        self.saver = AsyncPostgresSaver(pool)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Peer]:
        """Makes the tables in a database of the peer's own and lends the saver."""
        settings = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
        async with AsyncConnectionPool[AsyncConnection[DictRow]](
            url, min_size=POOL_SIZE, max_size=POOL_SIZE, kwargs=settings, open=False
        ) as pool:
            peer = cls(pool)
            await peer.saver.setup()
            yield peer

    def thread(self, name: str, *, own_saver: bool = False) -> PeerThread:
        """Begins a thread; with a saver of its own it does not wait for the others' (they share the pool)."""
        return PeerThread(AsyncPostgresSaver(self._pool) if own_saver else self.saver, name)

    async def stored_bytes(self) -> int:
        """What all tables take, with indexes and TOAST, after a VACUUM."""
        async with self._pool.connection() as connection:
            await connection.execute("VACUUM")
            row = await (await connection.execute(_SELECT_BYTES)).fetchone()
            assert row is not None
            return int(row["bytes"])


class PeerThread:
    """One execution, recorded as LangGraph records it: a channel is written when it changed."""

    def __init__(self, saver: AsyncPostgresSaver, name: str) -> None:
        self._saver = saver
        self._config: RunnableConfig = {"configurable": {"thread_id": name, "checkpoint_ns": ""}}
        self._name = name
        self._versions: dict[str, str | int | float] = {}
        self.checkpoint_ids: list[str] = []

    async def put(self, state: State, changed: Sequence[str]) -> None:
        """Records the state after a step that wrote the channels named."""
        step = len(self.checkpoint_ids)
        version: str | int | float = f"{step + 1:032}.{step:016}"
        written = dict.fromkeys(changed or state, version)
        self._versions = {**self._versions, **written}
        checkpoint: Checkpoint = {
            "v": 4,
            "id": str(uuid6(clock_seq=step)),
            "ts": "2026-11-01T12:00:00.000000+00:00",
            "channel_values": state,
            "channel_versions": self._versions,
            "versions_seen": {"agent": self._versions},
            "updated_channels": sorted(written),
        }
        self._config = await self._saver.aput(
            self._config, checkpoint, {"source": "loop", "step": step, "parents": {}}, written
        )
        self.checkpoint_ids.append(checkpoint["id"])

    async def put_all(self, steps: Sequence[Step]) -> float:
        """Records steps one after another and returns how many seconds that took."""
        begin = time.perf_counter()
        for _, state, changed in steps:
            await self.put(state, list(changed) if self.checkpoint_ids else ())
        return time.perf_counter() - begin

    async def load(self, index: int) -> State:
        """Returns the state after the step."""
        found = await self._saver.aget_tuple(self._config_of(self.checkpoint_ids[index]))
        assert found is not None
        return found.checkpoint["channel_values"]

    async def list_all(self) -> int:
        """Lists all checkpoints and returns how many they are."""
        config: RunnableConfig = {"configurable": {"thread_id": self._name, "checkpoint_ns": ""}}
        return sum([1 async for _ in self._saver.alist(config)])

    def _config_of(self, checkpoint_id: str) -> RunnableConfig:
        configurable: dict[str, Any] = {"thread_id": self._name, "checkpoint_ns": ""}
        return {"configurable": configurable | {"checkpoint_id": checkpoint_id}}


async def put_at_once(threads: Sequence[PeerThread], steps: Sequence[Step]) -> float:
    """Records the same steps in all threads at once and returns how many seconds that took."""
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for thread in threads:
            tasks.create_task(thread.put_all(steps))
    return time.perf_counter() - begin
