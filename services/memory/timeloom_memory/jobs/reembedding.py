"""Gives a namespace another model, while it is read and written.

Vectors by the new model are made beside those in use, batch by batch; searches go on with the old ones. What
is written meanwhile is caught up with, round by round, until so little is missing that it is made while
writers wait for a moment; then the namespace and all its memories change in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from timeloom_memory import events
from timeloom_memory.embedding.embedders import Embedders
from timeloom_memory.embedding.protocols import Vectors
from timeloom_memory.jobs.jobs import Jobs
from timeloom_memory.jobs.model import Job, JobFailedError, JobKind, Work
from timeloom_memory.model import Change, Part
from timeloom_memory.preparing import in_context
from timeloom_memory.sharing.access import Access
from timeloom_memory.storage import namespaces, vectors
from timeloom_memory.storage import reembedding as storage
from timeloom_memory.storage.reembedding import Models, Text
from timeloom_memory.storage.vectors import VectorRows
from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import InvalidFieldError, NotFoundError

BATCH_MEMORIES: Final = 64
LAST_MEMORIES_MAX: Final = 16
"""So many may be made while writers wait: a fraction of a second."""

CLEAN_UP_ROWS: Final = 1000

_BEGINNING: Final = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


class Parameters(Struct, frozen=True):
    """What such a job is asked to do."""

    model: str


class Checkpoint(Struct, frozen=True, kw_only=True):
    """From where such a job goes on: the last memory of this round, and what was made in all rounds."""

    create_time: datetime
    memory_id: UUID
    embedded: int


class Report(Struct, frozen=True, kw_only=True, rename="camel"):
    """What such a job did."""

    embedding_model: str
    embedded_count: int


class Reembedding:
    """Begins such jobs and does them."""

    def __init__(self, *, database: Database, embedders: Embedders, jobs: Jobs) -> None:
        self._database = database
        self._embedders = embedders
        self._jobs = jobs

    async def start(self, project_id: UUID, namespace: str, model: str, *, as_agent_id: str) -> Job:
        """Begins to give a namespace another model.

        Raises:
            AlreadyExistsError: That is being done already.
            InvalidFieldError: The model is not set up here, the namespace has it already, or holds vectors of
                that name with other dimensions.
            NotFoundError: There is no such namespace.
            PermissionDeniedError: The agent may not write there.
        """
        self._embedders.require(model, field="embeddingModel")
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            scope.require_write(namespace)
            home = (await namespaces.select_homes(connection, project_id, [namespace])).get(namespace)
        if home is None:
            raise NotFoundError(f"There is no namespace {namespace}.")
        if home.embedding_model == model:
            raise InvalidFieldError.of("embeddingModel", "is the model of the namespace already")
        dimension = self._embedders.dimension(model)
        if home.dimensions.get(model, dimension) != dimension:
            raise InvalidFieldError.of(
                "embeddingModel",
                f"has {dimension} dimensions, but the namespace has vectors of that name with "
                f"{home.dimensions[model]}",
            )
        parameters = msgspec.json.encode(Parameters(model)).decode()
        return await self._jobs.start(
            project_id, JobKind.REEMBED, namespace, parameters=parameters, as_agent_id=as_agent_id
        )

    async def run(self, work: Work) -> str:
        """Makes what is missing, changes the model, and reports."""
        while True:
            models = await self._models(work)
            if models.old == models.new:
                # It was cut off after the change.
                return _report(work, models)
            await self._embed_round(work, models)
            if await self._try_to_switch(work, models):
                return _report(work, models)

    async def clean_up(self, work: Work) -> None:
        """Takes the vectors away that nothing uses."""
        job = work.job
        model = msgspec.json.decode(job.parameters, type=Parameters).model
        deleted = CLEAN_UP_ROWS
        while deleted:
            async with self._database.transaction(str(job.project_id)) as connection:
                deleted = await storage.delete_unused(
                    connection, job.project_id, namespace=job.namespace, model=model, limit=CLEAN_UP_ROWS
                )

    async def _models(self, work: Work) -> Models:
        job = work.job
        new = msgspec.json.decode(job.parameters, type=Parameters).model
        async with self._database.transaction(str(job.project_id)) as connection:
            homes = await namespaces.select_homes(connection, job.project_id, [job.namespace])
        if job.namespace not in homes:
            raise _gone(job)
        return Models(namespace=job.namespace, old=homes[job.namespace].embedding_model, new=new)

    async def _embed_round(self, work: Work, models: Models) -> None:
        """Makes the vectors that are missing, from the first memory to the last."""
        job = work.job
        async with self._database.transaction(str(job.project_id)) as connection:
            total = await storage.count(connection, job.project_id, models)
        while True:
            checkpoint = _checkpoint(work)
            after = (checkpoint.create_time, checkpoint.memory_id)
            async with self._database.transaction(str(job.project_id)) as connection:
                texts = await storage.select_missing(
                    connection, job.project_id, models, after=after, limit=BATCH_MEMORIES
                )
            if not texts:
                return
            made = await self._made(job, models.new, texts)
            reached = Checkpoint(
                create_time=texts[-1].create_time,
                memory_id=texts[-1].memory_id,
                embedded=checkpoint.embedded + len(texts),
            )
            async with self._database.transaction(str(job.project_id)) as connection:
                await self._keep(connection, job, models.new, texts, made)
                await _advance(work, connection, reached, total=max(total, reached.embedded))

    async def _try_to_switch(self, work: Work, models: Models) -> bool:
        """Changes the model, unless too much is missing yet: then the next round begins anew."""
        job = work.job
        async with self._database.transaction(str(job.project_id)) as connection:
            found = await storage.lock_namespace(connection, job.project_id, models.namespace)
            if found is None:
                raise _gone(job)
            missing = await storage.select_missing(
                connection, job.project_id, models, after=_BEGINNING, limit=LAST_MEMORIES_MAX + 1
            )
            embedded = _checkpoint(work).embedded
            if found != models.old or len(missing) > LAST_MEMORIES_MAX:
                await _advance(work, connection, _from_beginning(embedded), total=embedded + len(missing))
                return False
            if missing:
                made = await self._made(job, models.new, missing)
                await self._keep(connection, job, models.new, missing, made)
            embedded += len(missing)
            await _advance(work, connection, _from_beginning(embedded), total=embedded)
            await self._switch(connection, job, models)
        return True

    async def _switch(self, connection: Connection, job: Job, models: Models) -> None:
        dimension = self._embedders.dimension(models.new)
        await namespaces.insert_models(connection, job.project_id, [(job.namespace, models.new, dimension)])
        switched = await storage.switch(
            connection, job.project_id, models, dimension=dimension, agent_id=job.agent_id
        )
        event = events.namespace_changed(
            job.namespace, sequence=switched.sequence, memory_ids=[], change=Change.EMBEDDED
        )
        await outbox.enqueue(connection, str(job.project_id), [event])

    async def _made(self, job: Job, model: str, texts: Sequence[Text]) -> dict[Part, Vectors]:
        """Returns the vectors of the contents, and those of the contexts of memories that have one."""
        contents = [each.content for each in texts]
        contexts = [in_context(each.context, each.content) for each in texts if each.context]
        made = await self._embedders.embed(model, [*contents, *contexts], project_id=job.project_id)
        return {Part.CONTENT: made[: len(contents)], Part.CONTEXT: made[len(contents) :]}

    async def _keep(
        self,
        connection: Connection,
        job: Job,
        model: str,
        texts: Sequence[Text],
        made: dict[Part, Vectors],
    ) -> None:
        """Writes vectors of those memories that were not purged meanwhile."""
        there = await storage.keep(connection, job.project_id, [each.memory_id for each in texts])
        of_part = {Part.CONTENT: texts, Part.CONTEXT: [each for each in texts if each.context]}
        for part, some in of_part.items():
            places = [place for place, each in enumerate(some) if each.memory_id in there]
            if places:
                rows = VectorRows(
                    memory_ids=[some[place].memory_id for place in places],
                    content_versions=[some[place].content_version for place in places],
                    model=model,
                    part=part,
                    matrix=made[part][places],
                )
                await vectors.insert(connection, job.project_id, rows)


def _checkpoint(work: Work) -> Checkpoint:
    if work.job.checkpoint is None:
        return _from_beginning(0)
    return msgspec.json.decode(work.job.checkpoint, type=Checkpoint)


def _from_beginning(embedded: int) -> Checkpoint:
    create_time, memory_id = _BEGINNING
    return Checkpoint(create_time=create_time, memory_id=memory_id, embedded=embedded)


async def _advance(work: Work, connection: Connection, reached: Checkpoint, *, total: int) -> None:
    await work.advance(
        phase="embedding",
        done=reached.embedded,
        total=total,
        checkpoint=msgspec.json.encode(reached).decode(),
        connection=connection,
    )


def _report(work: Work, models: Models) -> str:
    report = Report(embedding_model=models.new, embedded_count=_checkpoint(work).embedded)
    return msgspec.json.encode(report).decode()


def _gone(job: Job) -> JobFailedError:
    return JobFailedError(f"The namespace {job.namespace} was deleted.")
