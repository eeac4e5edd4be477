"""Models of libraries that an operator may install beside the service; imported when a first text comes."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from timeloom_memory.embedding.errors import ModelFilesError
from timeloom_memory.embedding.protocols import Vectors

CHARACTERS_PER_TOKEN: Final = 4
"""About; it only decides which texts share a batch."""

TEXT_CHARACTERS_MAX: Final = 24_000


class LibraryModel:
    """A model of another library: one that makes an object, and calls it."""

    def __init__(
        self,
        *,
        library: str,
        dimension: int,
        make: Callable[[Any], Any],
        call: Callable[[Any, list[str]], Any],
    ) -> None:
        self.dimension: Final = dimension
        self._library = library
        self._make = make
        self._call = call
        self._model: Any = None

    def load(self) -> None:
        """Imports the library and makes the model, which the library may download."""
        try:
            module = importlib.import_module(self._library)
        except ImportError as error:
            raise ModelFilesError(
                f"the package {self._library.replace('_', '-')} is not installed"
            ) from error
        self._model = self._make(module)

    def unload(self) -> None:
        """Forgets the model."""
        self._model = None

    def prepare(self, text: str) -> Sequence[str]:
        """Returns the text as one piece, cut if it is longer than any of these models reads."""
        return [text[:TEXT_CHARACTERS_MAX]]

    def size(self, prepared: str) -> int:
        """Returns about how many tokens the text has."""
        return 1 + len(prepared) // CHARACTERS_PER_TOKEN

    def run(self, batch: Sequence[str]) -> Vectors:
        """Returns a row for each text."""
        vectors = np.asarray(self._call(self._model, list(batch)), np.float32)
        if vectors.shape != (len(batch), self.dimension):
            raise ModelFilesError(
                f"it makes vectors of {vectors.shape[-1]} dimensions; {self.dimension} are set in "
                "TIMELOOM_EMBEDDING_MODELS"
            )
        return vectors


def fastembed(model: str, *, dimension: int, directory: Path) -> LibraryModel:
    """A model of fastembed, on onnxruntime, with its files under our folder."""
    return LibraryModel(
        library="fastembed",
        dimension=dimension,
        make=lambda module: module.TextEmbedding(model_name=model, cache_dir=str(directory / "fastembed")),
        call=lambda made, texts: list(made.embed(texts)),
    )


def sentence_transformers(model: str, *, dimension: int, directory: Path) -> LibraryModel:
    """A model of sentence-transformers, on torch, with its files under our folder."""
    folder = str(directory / "sentence-transformers")
    return LibraryModel(
        library="sentence_transformers",
        dimension=dimension,
        make=lambda module: module.SentenceTransformer(model, cache_folder=folder),
        call=lambda made, texts: made.encode(texts, convert_to_numpy=True, show_progress_bar=False),
    )
