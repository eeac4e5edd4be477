"""A BERT sentence encoder written out in numpy, one text at a time: what the graphs are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import erf  # type: ignore[import-untyped]  # it has no stubs

from timeloom_memory.embedding.graph import Shape, Weights


class Bert:
    """The encoder of Devlin et al. (2019), with the mean over tokens and a unit length as its answer."""

    def __init__(self, weights: Weights, shape: Shape) -> None:
        self._weights = {name: value.astype(np.float64) for name, value in weights.items()}
        self._shape = shape

    def embed(self, tokens: Sequence[int]) -> Any:
        """Returns the unit vector of a text."""
        hidden = self._embedded(tokens)
        for layer in range(self._shape.layer_count):
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
        mean = hidden.mean(axis=0)
        return mean / np.linalg.norm(mean)

    @staticmethod
    def gelu(values: Any) -> Any:
        """Gaussian error linear units, exactly."""
        return values * 0.5 * (1 + erf(values / np.sqrt(2)))

    def _embedded(self, tokens: Sequence[int]) -> Any:
        words = self._weights["embeddings.word_embeddings.weight"][list(tokens)]
        positions = self._weights["embeddings.position_embeddings.weight"][: len(tokens)]
        segment = self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._normed(words + positions + segment, "embeddings.LayerNorm")

    def _layer(self, hidden: Any, name: str) -> Any:
        attended = self._dense(
            self._attended(hidden, f"{name}.attention.self"), f"{name}.attention.output.dense"
        )
        middle = self._normed(attended + hidden, f"{name}.attention.output.LayerNorm")
        grown = self.gelu(self._dense(middle, f"{name}.intermediate.dense"))
        return self._normed(self._dense(grown, f"{name}.output.dense") + middle, f"{name}.output.LayerNorm")

    def _attended(self, hidden: Any, name: str) -> Any:
        size = self._shape.hidden_size // self._shape.head_count
        query, key, value = (self._dense(hidden, f"{name}.{part}") for part in ("query", "key", "value"))
        heads = []
        for head in range(self._shape.head_count):
            own = slice(head * size, (head + 1) * size)
            scores = query[:, own] @ key[:, own].T / np.sqrt(size)
            shares = np.exp(scores - scores.max(axis=1, keepdims=True))
            heads.append(shares / shares.sum(axis=1, keepdims=True) @ value[:, own])
        return np.concatenate(heads, axis=1)

    def _dense(self, hidden: Any, name: str) -> Any:
        return hidden @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normed(self, hidden: Any, name: str) -> Any:
        centred = hidden - hidden.mean(axis=1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=1, keepdims=True) + self._shape.layer_norm_epsilon)
        return centred / scale * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def random_weights(shape: Shape, *, word_count: int, position_count: int, seed: int = 5) -> Weights:
    """Makes weights of the right form, the same ones every time."""
    random = np.random.default_rng(seed)
    hidden, inner = shape.hidden_size, 4 * shape.hidden_size
    forms: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (word_count, hidden),
        "embeddings.position_embeddings.weight": (position_count, hidden),
        "embeddings.token_type_embeddings.weight": (2, hidden),
    }
    norms = ["embeddings"]
    for layer in range(shape.layer_count):
        prefix = f"encoder.layer.{layer}"
        dense = {
            **dict.fromkeys(
                ("attention.self.query", "attention.self.key", "attention.self.value"), (hidden, hidden)
            ),
            "attention.output.dense": (hidden, hidden),
            "intermediate.dense": (inner, hidden),
            "output.dense": (hidden, inner),
        }
        for name, form in dense.items():
            forms[f"{prefix}.{name}.weight"] = form
            forms[f"{prefix}.{name}.bias"] = form[:1]
        norms += [f"{prefix}.attention.output", f"{prefix}.output"]
    for name in norms:
        forms[f"{name}.LayerNorm.weight"] = forms[f"{name}.LayerNorm.bias"] = (hidden,)
    return {name: random.normal(0, 0.5, form).astype(np.float32) for name, form in forms.items()}
