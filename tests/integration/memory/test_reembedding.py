"""Giving a namespace another model, while it is read and written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import numpy as np
import pytest_asyncio
from numpy.testing import assert_allclose

from tests.integration.memory.service import MemoryClient, refused, running_service
from tests.integration.memory.words import NAME, WordsEmbedder
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_service_pb2 as memory_messages
from timeloom.memory.v1 import memory_upkeep_service_pb2 as messages
from timeloom_memory.embedding.embedders import Embedders
from timeloom_memory.embedding.protocols import Vectors
from timeloom_memory.jobs.reembedding import BATCH_MEMORIES
from timeloom_memory.storage import vectors as vector_storage
from timeloom_platform.errors import UnavailableError
from timeloom_platform.testing.conditions import eventually

OTHER = "letters"
DIMENSION = 26


class LettersEmbedder:
    """Counts letters, and can be stopped before a text."""

    dimension = DIMENSION
    is_loaded = True

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_broken = False
        self.texts_max: int | None = None

    async def embed(self, texts: Sequence[str]) -> Vectors:
        if self.texts_max is not None and len(self.texts) >= self.texts_max:
            self.gate.clear()
        await self.gate.wait()
        if self.is_broken:
            raise UnavailableError("The model is away.")
        self.texts.extend(texts)
        return counted(texts)

    async def close(self) -> None:
        """There is nothing to close."""


def counted(texts: Sequence[str]) -> Vectors:
    rows = [[1e-3 + text.count(chr(97 + place)) for place in range(DIMENSION)] for text in texts]
    return np.array(rows, np.float32)


def unit(text: str) -> Any:
    row = counted([text])[0]
    return row / np.linalg.norm(row)


@pytest_asyncio.fixture
async def letters() -> LettersEmbedder:
    return LettersEmbedder()


@pytest_asyncio.fixture
async def client(database_url: str, letters: LettersEmbedder) -> AsyncIterator[MemoryClient]:
    embedders = Embedders({NAME: WordsEmbedder(), OTHER: letters}, default_model=NAME)
    async with running_service(database_url, embedders=embedders) as running:
        yield running


async def reembed(client: MemoryClient, namespace: str = "project", model: str = OTHER) -> memory_pb2.Job:
    request = messages.ReembedNamespaceRequest(namespace=namespace, embedding_model=model)
    return (await client.upkeep.ReembedNamespace(request, metadata=client.metadata)).job


async def job_of(client: MemoryClient, job_id: str) -> memory_pb2.Job:
    request = messages.GetJobRequest(job_id=job_id)
    return (await client.upkeep.GetJob(request, metadata=client.metadata)).job


async def ended(client: MemoryClient, job: memory_pb2.Job) -> memory_pb2.Job:
    async def look() -> memory_pb2.Job | None:
        found = await job_of(client, job.id)
        return found if found.HasField("end_time") else None

    found = await eventually(look)
    assert found is not None
    return found


async def fill(client: MemoryClient, count: int, **fields: Any) -> list[memory_pb2.Memory]:
    new = [memory_messages.NewMemory(content=f"memory number {number}", **fields) for number in range(count)]
    return list((await client.batch(new)).memories)


async def stored(client: MemoryClient, model: str) -> dict[tuple[str, int, int], Any]:
    """Returns all vectors of a model, by memory, content version and part."""
    async with client.rows() as connection:
        rows = await connection.fetch("SELECT * FROM memory_vectors WHERE model = $1", model)
    dimension = DIMENSION if model == OTHER else WordsEmbedder.dimension
    return {
        (str(row["memory_id"]), row["content_version"], row["part"]): vector_storage.decoded(
            [row["vector"]], dimension
        )[0]
        for row in rows
    }


async def test_all_memories_of_the_namespace_change_their_model_at_once(client: MemoryClient) -> None:
    created = await fill(client, 150, namespace="agent/anna", session_id="talk")
    elsewhere = await client.create("untouched", namespace="agent/anna/notes")
    before = await client.get(created[3].id)
    job = await ended(client, await reembed(client, "agent/anna"))
    assert (job.state, job.done_count, job.total_count) == (memory_pb2.JOB_STATE_SUCCEEDED, 150, 150)
    assert job.report == b'{"embeddingModel":"letters","embeddedCount":150}'
    vectors = await stored(client, OTHER)
    assert len(vectors) == 150 + 149
    for number, memory in enumerate(created):
        assert_allclose(vectors[memory.id, 1, 0], unit(f"memory number {number}"), atol=1e-6)
    assert_allclose(vectors[created[9].id, 1, 1], unit("memory number 8\nmemory number 9"), atol=1e-6)
    after = await client.get(created[3].id)
    assert (after.embedding_model, after.dimension, after.version) == (OTHER, DIMENSION, before.version + 1)
    assert {(await client.get(each.id)).sequence for each in created[::50]} == {after.sequence}
    assert after.sequence > before.sequence
    assert (await client.get(elsewhere.id)).embedding_model == NAME
    versions = (await client.versions(created[3].id)).versions
    assert [each.change for each in versions] == [
        memory_pb2.MEMORY_CHANGE_EMBEDDED,
        memory_pb2.MEMORY_CHANGE_CREATED,
    ]
    assert versions[1].memory.embedding_model == NAME
    assert len(await stored(client, NAME)) == 150 + 149 + 1, "earlier versions keep theirs"
    (told,) = [
        event.memories_changed
        for event in await client.events()
        if event.memories_changed.change == memory_pb2.MEMORY_CHANGE_EMBEDDED
    ]
    assert (told.namespace, told.sequence) == ("agent/anna", after.sequence)
    new = await client.create("later", namespace="agent/anna")
    assert new.embedding_model == OTHER


async def test_what_is_written_meanwhile_has_both_models(
    client: MemoryClient, letters: LettersEmbedder
) -> None:
    created = await fill(client, 100)
    letters.gate.clear()
    job = await reembed(client)
    later = await client.create("written meanwhile")
    changed = await client.update(created[0].id, content="changed meanwhile")
    await client.delete(created[1].id)
    assert {later.embedding_model, changed.embedding_model} == {NAME}
    letters.gate.set()
    assert (await ended(client, job)).state == memory_pb2.JOB_STATE_SUCCEEDED
    vectors = await stored(client, OTHER)
    assert_allclose(vectors[later.id, 1, 0], unit("written meanwhile"), atol=1e-6)
    assert_allclose(vectors[changed.id, 2, 0], unit("changed meanwhile"), atol=1e-6)
    restored = await client.restore(created[1].id)
    assert restored.embedding_model == OTHER
    assert (restored.id, 1, 0) in vectors
    assert {key[0] for key in await stored(client, NAME)} >= {later.id, changed.id}


async def test_no_write_slips_through_the_change(client: MemoryClient) -> None:
    """Writers go on all the while: in the end every memory has the vector of its text by the new model."""
    created = await fill(client, 200)
    is_over = asyncio.Event()
    contents: dict[str, str] = {}

    async def write(writer: int) -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            text = f"writer {writer} text {number}"
            contents[(await client.create(text)).id] = text
            memory_id = created[writer * 40 + number % 40].id
            contents[memory_id] = (await client.update(memory_id, content=f"changed {text}")).content

    async with asyncio.TaskGroup() as tasks:
        for writer in range(3):
            tasks.create_task(write(writer))
        job = await ended(client, await reembed(client))
        is_over.set()
    assert job.state == memory_pb2.JOB_STATE_SUCCEEDED
    vectors = await stored(client, OTHER)
    async with client.rows() as connection:
        rows = await connection.fetch("SELECT id, content, content_version, embedding_model FROM memories")
    assert len(rows) > 200
    assert {row["embedding_model"] for row in rows} == {OTHER}
    for row in rows:
        vector = vectors[str(row["id"]), row["content_version"], 0]
        assert_allclose(vector, unit(contents.get(str(row["id"]), row["content"])), atol=1e-6)


async def test_a_cancelled_job_leaves_nothing_and_changes_nothing(
    client: MemoryClient, letters: LettersEmbedder
) -> None:
    await fill(client, 100)
    given = memory_messages.NewMemory(content="own", vector=[1.0] * DIMENSION, vector_model=OTHER)
    (own,) = (await client.batch([given])).memories
    letters.texts_max = BATCH_MEMORIES
    job = await reembed(client)

    async def has_begun() -> bool:
        return (await job_of(client, job.id)).done_count == BATCH_MEMORIES

    await eventually(has_begun)
    assert len(await stored(client, OTHER)) == BATCH_MEMORIES + 1
    await client.upkeep.CancelJob(messages.CancelJobRequest(job_id=job.id), metadata=client.metadata)
    assert (await ended(client, job)).state == memory_pb2.JOB_STATE_CANCELLED
    assert list(await stored(client, OTHER)) == [(own.id, 1, 0)]
    assert (await client.create("later")).embedding_model == NAME


async def test_a_job_whose_model_breaks_down_goes_on_when_it_is_back(
    client: MemoryClient, letters: LettersEmbedder
) -> None:
    await fill(client, 100)
    letters.is_broken = True
    job = await reembed(client)

    async def is_put_off() -> bool:
        async with client.rows() as connection:
            return bool(await connection.fetchval("SELECT attempts = 1 AND lease_id IS NULL FROM jobs"))

    await eventually(is_put_off)
    letters.is_broken = False
    async with client.rows() as connection:
        await connection.execute("UPDATE jobs SET due_time = now()")
    client.assembly.job_hints.has_work.set()
    done = await ended(client, job)
    assert (done.state, done.error, done.done_count) == (memory_pb2.JOB_STATE_SUCCEEDED, "", 100)
    assert {each.embedding_model for each in (await client.page(page_size=1000)).memories} == {OTHER}


async def test_vectors_that_were_made_before_are_used_again(
    client: MemoryClient, letters: LettersEmbedder
) -> None:
    await fill(client, 70)
    for model in (OTHER, NAME):
        assert (await ended(client, await reembed(client, model=model))).state == (
            memory_pb2.JOB_STATE_SUCCEEDED
        )
    letters.texts.clear()
    job = await ended(client, await reembed(client, model=OTHER))
    assert (job.state, letters.texts) == (memory_pb2.JOB_STATE_SUCCEEDED, [])
    assert (await client.page(page_size=1)).memories[0].embedding_model == OTHER


async def test_vectors_of_their_writers_stay(client: MemoryClient) -> None:
    own = memory_messages.NewMemory(content="own", vector=[1.0, 2.0], vector_model="mine")
    (memory,) = (await client.batch([own])).memories
    text = await client.create("text")
    await ended(client, await reembed(client))
    models = [(await client.get(each.id)).embedding_model for each in (memory, text)]
    assert models == ["mine", OTHER]


async def test_what_makes_no_sense_is_refused(client: MemoryClient, letters: LettersEmbedder) -> None:
    own = memory_messages.NewMemory(content="own", namespace="odd", vector=[1.0, 2.0], vector_model=OTHER)
    await client.batch([own])
    await client.create("text")
    refusals = [
        (
            await refused(reembed(client, "project", "unknown")),
            "embeddingModel must be one of words, letters",
        ),
        (await refused(reembed(client, "project", NAME)), "is the model of the namespace already"),
        (await refused(reembed(client, "odd")), "has 26 dimensions, but the namespace has vectors"),
    ]
    for told, words in refusals:
        assert told.status == grpc.StatusCode.INVALID_ARGUMENT
        assert words in told.message
    assert (await refused(reembed(client, "nowhere"))).status == grpc.StatusCode.NOT_FOUND
    letters.gate.clear()
    job = await reembed(client)
    told = await refused(reembed(client))
    assert (told.status, told.metadata) == (grpc.StatusCode.ALREADY_EXISTS, {"jobId": job.id})
    letters.gate.set()
    await ended(client, job)
    request = messages.ReembedNamespaceRequest(
        namespace="agent/anna", embedding_model=OTHER, as_agent_id="bert"
    )
    told = await refused(client.upkeep.ReembedNamespace(request, metadata=client.metadata))
    assert told.status == grpc.StatusCode.PERMISSION_DENIED
