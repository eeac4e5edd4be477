"""Texts that are written twice are embedded once, and what is kept of them is bounded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from numpy.testing import assert_array_equal

from tests.integration.memory.words import NAME, WordsEmbedder
from timeloom_memory.assembly import ROOM
from timeloom_memory.embedding import kept
from timeloom_memory.embedding.embedders import Embedders, text_hash
from timeloom_memory.embedding.kept import KeptEmbedders
from timeloom_platform.database import Database

PROJECT = uuid4()


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, room=ROOM)
    yield database
    await database.close()


def fresh(database: Database) -> tuple[KeptEmbedders, Embedders]:
    """Returns the models as another process would see them."""
    embedders = Embedders({NAME: WordsEmbedder()}, default_model=NAME)
    return KeptEmbedders(database=database, embedders=embedders), embedders


async def test_what_was_written_before_is_not_computed_again(database: Database) -> None:
    texts = ["one", "two", "one", "", "three"]
    first, _ = fresh(database)
    vectors = await first.embed(NAME, texts, project_id=PROJECT)
    second, used = fresh(database)
    assert_array_equal(
        await second.embed(NAME, [*texts, "four"], project_id=PROJECT),
        [*vectors, *(await Embedders({NAME: WordsEmbedder()}, default_model=NAME).embed(NAME, ["four"]))],
    )
    assert (used.use()[NAME].text_count, used.use()[NAME].cache_hit_count) == (1, 5)


async def test_a_project_meets_its_own_texts_only(database: Database) -> None:
    await fresh(database)[0].embed(NAME, ["secret"], project_id=PROJECT)
    embedders, used = fresh(database)
    await embedders.embed(NAME, ["secret"], project_id=uuid4())
    await embedders.embed(NAME, ["secret"])
    assert (used.use()[NAME].text_count, used.use()[NAME].cache_hit_count) == (2, 0)


async def test_what_is_old_or_too_much_goes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "ROWS_MAX", 2)
    embedders, _ = fresh(database)
    other = uuid4()
    for number in range(4):
        await embedders.embed(NAME, [f"text {number}"], project_id=PROJECT)
    await embedders.embed(NAME, ["old"], project_id=other)
    await embedders.embed(NAME, ["young"], project_id=other)
    async with database.transaction(str(other)) as connection:
        await connection.execute(
            "UPDATE embedding_cache SET create_time = now() - interval '31 days' WHERE text_hash = $1",
            text_hash("old"),
        )
    await embedders.trim()
    async with database.system_transaction() as connection:
        rows = await connection.fetch("SELECT project_id, text_hash FROM embedding_cache")
    assert sorted(row["project_id"] for row in rows) == sorted([PROJECT, PROJECT, other])
    assert text_hash("text 3") in {row["text_hash"] for row in rows}
