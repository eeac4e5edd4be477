"""Vectors of texts that are written: those that were made lately are not made again.

Whoever writes the same text twice, or imports anew what was interrupted, pays for its vectors once. A project
meets its own texts only.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import numpy as np
import structlog

from timeloom_memory.embedding.embedders import Embedders, text_hash
from timeloom_memory.embedding.protocols import Vectors
from timeloom_memory.storage import embeddings as storage
from timeloom_platform.database import Database

KEPT: Final = timedelta(days=30)
ROWS_MAX: Final = 20_000
"""The texts of a project whose vectors are kept."""

TRIM_SECONDS: Final = 3600.0

_FORM: Final = np.dtype("<f4")

logger = structlog.get_logger(__name__)


class KeptEmbedders:
    """The models, with a memory in the database."""

    def __init__(self, *, database: Database, embedders: Embedders) -> None:
        self._database = database
        self._embedders = embedders

    @property
    def default_model(self) -> str:
        """The model of namespaces that name none."""
        return self._embedders.default_model

    def dimension(self, model: str) -> int:
        """Returns how many dimensions a model's vectors have.

        Raises:
            UnavailableError: The model is not set up here.
        """
        return self._embedders.dimension(model)

    def require(self, model: str, *, field: str) -> None:
        """Does nothing if a request may name the model.

        Raises:
            InvalidFieldError: It is not set up here.
        """
        self._embedders.require(model, field=field)

    async def embed(self, model: str, texts: Sequence[str], *, project_id: UUID | None = None) -> Vectors:
        """Returns a unit vector for each text, in float32; without a project nothing is kept.

        Raises:
            UnavailableError: The model is not set up here, or cannot be reached or loaded.
            OverloadedError: Too many texts wait for it.
            DeadlineExceededError: It took too long.
        """
        if project_id is None or not texts:
            return await self._embedders.embed(model, texts)
        hashes = [text_hash(text) for text in texts]
        async with self._database.transaction(str(project_id)) as connection:
            kept = await storage.select(connection, project_id, model, list(set(hashes)))
        size = self._embedders.dimension(model) * _FORM.itemsize
        kept = {each: vector for each, vector in kept.items() if len(vector) == size}
        missing = {each: text for each, text in zip(hashes, texts, strict=True) if each not in kept}
        self._embedders.count_hits(model, len(texts) - len(missing))
        if missing:
            made = await self._embedders.embed(model, list(missing.values()), project_id=project_id)
            new = {each: row.tobytes() for each, row in zip(missing, made.astype(_FORM), strict=True)}
            async with self._database.transaction(str(project_id)) as connection:
                await storage.insert(connection, project_id, model, new)
            kept |= new
        rows = np.frombuffer(b"".join(kept[each] for each in hashes), _FORM)
        return rows.reshape(len(texts), -1).astype(np.float32)

    async def run(self) -> None:
        """Lets go of what is old, and of what is too much, once an hour until it is cancelled."""
        while True:
            await asyncio.sleep(TRIM_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311 - no secret
            try:
                await self.trim()
            except Exception as error:
                logger.warning("kept vectors not trimmed", exc_info=error)

    async def trim(self) -> None:
        """Lets go of what is old, and of what is too much, in all projects."""
        async with self._database.system_transaction() as connection:
            await storage.trim(connection, age=KEPT, rows_max=ROWS_MAX)
