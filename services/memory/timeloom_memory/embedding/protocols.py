"""What makes vectors of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
"""One row a text."""

Prepared = TypeVar("Prepared")


class Embedder(Protocol):
    """A model, wherever it runs. Its vectors need not have unit length."""

    @property
    def dimension(self) -> int:
        """How many dimensions its vectors have."""
        ...

    @property
    def is_loaded(self) -> bool:
        """Whether it takes memory here, or answers without being loaded."""
        ...

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Returns a row for each text.

        Raises:
            UnavailableError: The model cannot be reached or loaded.
            OverloadedError: Too many texts wait for it.
        """
        ...

    async def close(self) -> None:
        """Frees what it holds; it is not used again."""
        ...


class LocalModel(Protocol[Prepared]):
    """A model that computes in this process, called by one thread only."""

    @property
    def dimension(self) -> int:
        """How many dimensions its vectors have."""
        ...

    def load(self) -> None:
        """Makes it ready to run.

        Raises:
            ModelFilesError: Something of it is missing.
        """
        ...

    def unload(self) -> None:
        """Gives its memory back."""
        ...

    def prepare(self, text: str) -> Sequence[Prepared]:
        """Returns what the model reads of a text in pieces; its vector is the mean of theirs."""
        ...

    def size(self, prepared: Prepared) -> int:
        """Returns the length of a piece, in tokens or about: batches are made by it."""
        ...

    def run(self, batch: Sequence[Prepared]) -> Vectors:
        """Returns a row of unit length for each piece."""
        ...
