"""What is looked up by its id is looked up by itself, whatever PostgreSQL knows of the table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from tests.integration.memory.service import MemoryClient
from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom_memory.model import MemoryFilter
from timeloom_memory.sharing.scope import EVERYTHING
from timeloom_memory.storage import memories, searching, shards, texts, vectors, versions
from timeloom_memory.storage.searching import Asked

MEMORIES = 3_000
WANTED = 500
BATCH = 1_000

# A memory, and perhaps its usage, its vector and its version.
ROWS_PER_ID_MAX = 4

_ROWS_READ = """
SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)
FROM pg_stat_xact_user_tables
WHERE relname IN ('memories', 'memory_usage', 'memory_vectors', 'memory_versions')
"""

Lookup = Callable[[Any, UUID, list[UUID]], Awaitable[object]]


async def _standings(connection: Any, project_id: UUID, ids: list[UUID]) -> object:
    asked = Asked(project_id=project_id, wanted=MemoryFilter(), namespaces=(), scope=EVERYTHING)
    return await searching.standings(connection, asked, ids)


async def _selected(connection: Any, project_id: UUID, ids: list[UUID]) -> object:
    return await memories.select(connection, project_id, ids, scope=EVERYTHING, wanted=MemoryFilter())


@pytest.mark.parametrize(
    "lookup",
    [
        _standings,
        _selected,
        memories.lock,
        vectors.select,
        shards.current,
        texts.select,
        versions.select_first,
    ],
    ids=lambda lookup: f"{lookup.__module__}.{lookup.__name__}",
)
async def test_a_new_table_is_not_read_as_a_whole(memory_service: MemoryClient, lookup: Lookup) -> None:
    ids: list[UUID] = []
    for start in range(0, MEMORIES, BATCH):
        made = await memory_service.batch(
            [
                messages.NewMemory(content=f"number {number}", namespace="notes", vector=[1.0, number])
                for number in range(start, start + BATCH)
            ]
        )
        ids += [UUID(memory.id) for memory in made.memories]
    async with memory_service.rows() as connection:
        before = await connection.fetchval(_ROWS_READ)
        found: Any = await lookup(connection, memory_service.project_id, ids[:WANTED])
        read = await connection.fetchval(_ROWS_READ) - before
    assert len(found) == WANTED
    assert read <= ROWS_PER_ID_MAX * WANTED
