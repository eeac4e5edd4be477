"""All models that are set up in this installation, by their names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

import numpy as np

from timeloom_memory.embedding import optional
from timeloom_memory.embedding.batching import BatchedEmbedder
from timeloom_memory.embedding.minilm import MiniLm
from timeloom_memory.embedding.names import BUILT_IN, ModelName, parse_models
from timeloom_memory.embedding.protocols import Embedder, Vectors
from timeloom_memory.embedding.settings import EmbeddingSettings
from timeloom_memory.embedding.tokenizer import Tokenizer
from timeloom_memory.embedding.vector_cache import VectorCache
from timeloom_platform.errors import InvalidFieldError, UnavailableError

QUERY_TEXTS_MAX: Final = 8
"""Calls with more texts are imports, unless they say that they are not: they do not push the questions out of
the cache."""

LENGTH_MIN: Final = 1e-12


@dataclass(slots=True, kw_only=True)
class ModelUse:
    """How much a model was used in this process.

    Attributes:
        dimension: How many dimensions its vectors have.
        is_loaded: Whether it is in memory, or is none of ours to load.
        text_count: Texts that it made vectors of.
        cache_hit_count: Texts whose vectors were there already.
    """

    dimension: int
    is_loaded: bool
    text_count: int
    cache_hit_count: int


class Embedders:
    """Makes unit vectors of texts by the model that is named."""

    def __init__(
        self, embedders: Mapping[str, Embedder], *, default_model: str, cache: VectorCache | None = None
    ) -> None:
        self.default_model: Final = default_model
        self._embedders = dict(embedders)
        self._cache = cache or VectorCache()
        self._text_counts = dict.fromkeys(embedders, 0)
        self._hit_counts = dict.fromkeys(embedders, 0)

    @classmethod
    def of(cls, settings: EmbeddingSettings, tokenizer: Tokenizer) -> Self:
        """Sets up the built-in model and those that the settings name; none of them is loaded yet."""
        built_in = MiniLm(
            directory=settings.embedding_cache_dir,
            tokenizer=tokenizer,
            precision=settings.embedding_precision,
            thread_count=settings.embedding_threads,
        )
        embedders: dict[str, Embedder] = {
            BUILT_IN: BatchedEmbedder(built_in, name=BUILT_IN, idle_seconds=settings.embedding_idle_seconds)
        }
        for each in parse_models(settings.embedding_models):
            embedders[each.name] = _embedder(each, settings)
        return cls(embedders, default_model=settings.embedding_model)

    @property
    def models(self) -> Sequence[str]:
        """The names of all models."""
        return tuple(self._embedders)

    def dimension(self, model: str) -> int:
        """Returns how many dimensions a model's vectors have.

        Raises:
            UnavailableError: The model is not set up here.
        """
        return self._get(model).dimension

    def require(self, model: str, *, field: str) -> None:
        """Does nothing if a request may name the model.

        Raises:
            InvalidFieldError: It is not set up here.
        """
        if model not in self._embedders:
            raise InvalidFieldError.of(field, f"must be one of {', '.join(self._embedders)}")

    async def embed(
        self,
        model: str,
        texts: Sequence[str],
        *,
        project_id: UUID | None = None,
        are_questions: bool = False,
    ) -> Vectors:
        """Returns a unit vector for each text, in float32; from memory where a question was asked before.

        Args:
            model: Its name.
            texts: Any; what is longer than the model reads is cut.
            project_id: Whose texts they are: what is kept of them answers nobody else.
            are_questions: They may be asked again, however many they are.

        Raises:
            UnavailableError: The model is not set up here, or cannot be reached or loaded.
            OverloadedError: Too many texts wait for it.
            DeadlineExceededError: It took too long.
        """
        embedder = self._get(model)
        if len(texts) > QUERY_TEXTS_MAX and not are_questions:
            return await self._compute(model, embedder, texts)
        keys = [(project_id, model, text_hash(text)) for text in texts]
        found = [self._cache.get(key) for key in keys]
        missing = [place for place, vector in enumerate(found) if vector is None]
        self._hit_counts[model] += len(texts) - len(missing)
        vectors = np.empty((len(texts), embedder.dimension), np.float32)
        for place, vector in enumerate(found):
            if vector is not None:
                vectors[place] = vector
        if missing:
            vectors[missing] = await self._compute(model, embedder, [texts[place] for place in missing])
            for place in missing:
                self._cache.put(keys[place], vectors[place])
        return vectors

    def count_hits(self, model: str, count: int) -> None:
        """Counts texts whose vectors were found elsewhere."""
        self._hit_counts[model] += count

    def use(self) -> Mapping[str, ModelUse]:
        """Returns how much each model was used in this process."""
        return {
            model: ModelUse(
                dimension=embedder.dimension,
                is_loaded=embedder.is_loaded,
                text_count=self._text_counts[model],
                cache_hit_count=self._hit_counts[model],
            )
            for model, embedder in self._embedders.items()
        }

    async def close(self) -> None:
        """Frees all models."""
        for each in self._embedders.values():
            await each.close()

    async def _compute(self, model: str, embedder: Embedder, texts: Sequence[str]) -> Vectors:
        vectors = await embedder.embed(texts)
        if vectors.shape != (len(texts), embedder.dimension) or not np.isfinite(vectors).all():
            raise UnavailableError(f"The model {model} made vectors that are none.")
        self._text_counts[model] += len(texts)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, LENGTH_MIN), np.float32)

    def _get(self, model: str) -> Embedder:
        embedder = self._embedders.get(model)
        if embedder is None:
            raise UnavailableError(f"The model {model} is not set up in this installation.")
        return embedder


def text_hash(text: str) -> bytes:
    """Returns what names a text in a cache."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _embedder(model: ModelName, settings: EmbeddingSettings) -> Embedder:
    if model.provider == "openai":
        # Imported here: without such a model the service needs no HTTP client.
        from timeloom_memory.embedding.openai import Endpoint, OpenAiEmbedder  # noqa: PLC0415

        endpoint = Endpoint(base_url=settings.openai_base_url, api_key=settings.openai_api_key)
        return OpenAiEmbedder(model=model.model, dimension=model.dimension, endpoint=endpoint)
    make = optional.fastembed if model.provider == "fastembed" else optional.sentence_transformers
    library = make(model.model, dimension=model.dimension, directory=settings.embedding_cache_dir)
    return BatchedEmbedder(library, name=model.name, idle_seconds=settings.embedding_idle_seconds)
