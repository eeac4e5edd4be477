"""Gives texts their vectors, by the model of the memory service and no faster than the machine can bear.

The newest texts of each project go first, because what just happened is looked for most. What there is no
time for waits until less comes in.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import grpc
import grpc.aio
import structlog

from timeloom.memory.v1 import embedding_service_pb2 as messages
from timeloom.memory.v1 import embedding_service_pb2_grpc as services
from timeloom_observability.search.storage import meanings as storage
from timeloom_platform import bell
from timeloom_platform.auth import Identity, Scope, acting_as
from timeloom_platform.database import Database
from timeloom_platform.errors import UnavailableError

TEXTS_AT_ONCE: Final = 16
"""Texts of one call: a question of somebody's waits for few of them."""

SHARE: Final = 0.25
"""Of the time at most so much goes into making vectors."""

QUESTION_SECONDS: Final = 2.0
"""A question's vector comes within this time, or the search goes by words alone."""

TEXTS_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 5.0
"""What others left without a vector is looked for so often."""

RETRY_SECONDS: Final = 10.0

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Vectors of a model, in PostgreSQL's form."""

    model: str
    dimension: int
    vectors: list[bytes]


class Embedder:
    """The model of the memory service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Take a channel that makes the current identity known."""
        self._stub = services.EmbeddingServiceStub(channel)
        self.model = ""
        """The installation's, as it was when it answered last; empty before that."""

    async def question(self, project_id: UUID, text: str) -> Embedded:
        """Returns the vector of what is asked.

        Raises:
            UnavailableError: The model cannot be reached, or takes too long.
        """
        return await self._embed(
            project_id, [text], purpose=messages.TEXT_PURPOSE_QUERY, seconds=QUESTION_SECONDS
        )

    async def texts(self, project_id: UUID, texts: list[str]) -> Embedded:
        """Returns the vectors of what is to be found.

        Raises:
            UnavailableError: The model cannot be reached, or takes too long.
        """
        return await self._embed(
            project_id, texts, purpose=messages.TEXT_PURPOSE_UNSPECIFIED, seconds=TEXTS_SECONDS
        )

    async def _embed(
        self, project_id: UUID, texts: list[str], *, purpose: messages.TextPurpose.ValueType, seconds: float
    ) -> Embedded:
        request = messages.EmbedTextsRequest(texts=texts, purpose=purpose)
        try:
            with acting_as(Identity(project_id=str(project_id), scope=Scope.INTERNAL)):
                answer = await self._stub.EmbedTexts(request, timeout=seconds)
        except grpc.aio.AioRpcError as error:
            raise UnavailableError(f"The model cannot be used: {error.code().name}.") from error
        self.model = answer.model
        return Embedded(
            model=answer.model,
            dimension=answer.dimension,
            vectors=storage.halves(answer.vectors, answer.dimension),
        )


class Embedding:
    """Makes the vectors of what events say.

    Args:
        database: The room's, prepared by `storage.indexing.prepare`.
        embedder: Who makes them.
        said: Is set when there are texts that may want one.
    """

    def __init__(self, *, database: Database, embedder: Embedder, said: asyncio.Event) -> None:
        self._database = database
        self._embedder = embedder
        self._said = said

    async def run(self) -> None:
        """Makes vectors until it is cancelled."""
        now = asyncio.get_running_loop().time
        while True:
            start = now()
            try:
                count = await self.embed()
            except UnavailableError as error:
                logger.info("no vectors made for events", reason=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:
                # A database that is away, or whatever else: what has no vector waits.
                logger.warning("no vectors made for events", exc_info=error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                if count:
                    await asyncio.sleep((now() - start) * (1 / SHARE - 1))
                else:
                    await bell.wait(self._said, LOOK_SECONDS)

    async def embed(self) -> int:
        """Gives the newest texts of each project that have none their vectors, and returns how many it gave.

        If there are none, texts whose vectors are of a former model of the installation are next.
        """
        for old in await self._due():
            async with self._database.system_transaction() as connection:
                projects = await storage.select_projects(connection, old)
            if projects:
                return sum([await self._embed(project_id, old) for project_id in projects])
        return 0

    async def _due(self) -> list[str]:
        if not self._embedder.model:
            return [""]
        async with self._database.system_transaction() as connection:
            return ["", *await storage.select_other_models(connection, self._embedder.model)]

    async def _embed(self, project_id: UUID, old: str) -> int:
        # Other replicas leave these alone as long as the transaction lasts: it waits for less than it may.
        async with self._database.system_transaction() as connection:
            taken = await storage.take_meanings(connection, project_id, old, TEXTS_AT_ONCE)
            if not taken:
                return 0
            made = await self._embedder.texts(project_id, [text for _, text in taken])
            vectors = {meaning: vector for (meaning, _), vector in zip(taken, made.vectors, strict=True)}
            await storage.update_vectors(connection, project_id, made.model, vectors)
        return len(taken)
