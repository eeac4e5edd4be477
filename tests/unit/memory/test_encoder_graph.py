"""The graph computes what a BERT encoder written out in numpy computes, for any weights and any texts."""

from __future__ import annotations

import importlib
from math import erf
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests.helpers.bert import Bert, random_weights
from timeloom_memory.embedding import graph

# It has no types.
onnxruntime: Any = importlib.import_module("onnxruntime")

SHAPE = graph.Shape(layer_count=2, head_count=2, hidden_size=16)
WEIGHTS = random_weights(SHAPE, word_count=50, position_count=12)
TOKENS = st.lists(st.integers(0, 49), min_size=1, max_size=12)


def session_of(model: onnx.ModelProto) -> Any:
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


FP32 = session_of(graph.build(WEIGHTS, SHAPE))


def vectors_of(session: Any, texts: list[list[int]]) -> Any:
    longest = max(map(len, texts))
    ids = np.array([text + [7] * (longest - len(text)) for text in texts], np.int32)
    mask = np.array([[1] * len(text) + [0] * (longest - len(text)) for text in texts], np.int32)
    return session.run(None, {"input_ids": ids, "attention_mask": mask})[0]


@given(st.lists(TOKENS, min_size=1, max_size=5))
def test_it_is_the_encoder_of_the_reference(texts: list[list[int]]) -> None:
    bert = Bert(WEIGHTS, SHAPE)
    assert_allclose(vectors_of(FP32, texts), np.array([bert.embed(text) for text in texts]), atol=2e-5)


@given(st.lists(TOKENS, min_size=1, max_size=5))
def test_a_text_has_the_same_vector_in_any_company(texts: list[list[int]]) -> None:
    together = vectors_of(FP32, texts)
    assert_allclose(together, np.concatenate([vectors_of(FP32, [text]) for text in texts]), atol=2e-6)


def test_rounded_to_eight_bits_it_is_nearly_the_same() -> None:
    int8 = session_of(graph.build(WEIGHTS, SHAPE, precision="int8"))
    texts = [[1, 2, 3, 4, 5], [9], list(range(12))]
    cosines = np.einsum("ij,ij->i", vectors_of(int8, texts), vectors_of(FP32, texts))
    assert cosines.min() > 0.99
    assert abs(cosines - 1).max() > 1e-7, "nothing was rounded"


def test_the_reference_knows_its_activation() -> None:
    """The exact form of GELU, not its approximation by tanh: they differ by up to 5e-4."""
    assert Bert.gelu(np.array([1.0]))[0] == pytest.approx(0.5 * (1 + erf(1 / 2**0.5)))
