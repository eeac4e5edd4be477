"""The graph of a BERT sentence encoder for onnxruntime, made from its weights.

From token ids to unit vectors: embeddings, the encoder's layers, the mean over the tokens, normalisation
(Devlin et al. 2019; Reimers & Gurevych 2019). It is written in the fused operators that onnxruntime has for
it, instead of leaving it to onnxruntime to find them in an exported graph. Any number of texts of any common
length may go in at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from timeloom_memory.embedding.precision import Precision

OPSET: Final = 17
IR_VERSION: Final = 8
CONTRIB: Final = "com.microsoft"
"""The domain of onnxruntime's own operators."""

INPUT_IDS: Final = "input_ids"
MASK: Final = "attention_mask"
OUTPUT: Final = "sentence_embedding"

NORM_MIN: Final = 1e-12
ROUNDED_MAX: Final = 63
"""The largest rounded weight. Of the eight bits one is left free: processors without VNNI add two products in
sixteen bits, which larger weights would overflow. Measured: the vectors are as good (cosine .993 to fp32's).
"""

SMALL_TENSOR_BYTES: Final = 1024
"""Tensors that are smaller stand in the graph itself."""

Array = npt.NDArray[Any]
Weights = Mapping[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The sizes of an encoder."""

    layer_count: int = 6
    head_count: int = 12
    hidden_size: int = 384
    layer_norm_epsilon: float = 1e-12


def build(weights: Weights, shape: Shape, *, precision: Precision = "fp32") -> onnx.ModelProto:
    """Returns the graph: from `input_ids` and `attention_mask`, both int32, to `sentence_embedding`.

    With int8, the weights of the matrix products are rounded to eight bits, each column by its own scale.
    """
    return _Builder(weights, shape, precision).build()


def save(model: onnx.ModelProto, file: Path, *, numbers: str) -> None:
    """Writes a graph, and its numbers into a file beside it: there they are mapped, not copied."""
    onnx.save_model(  # pyright: ignore[reportUnknownMemberType] - of a path it does not know whose
        model, file, save_as_external_data=True, location=numbers, size_threshold=SMALL_TENSOR_BYTES
    )


class _Builder:
    """Collects nodes and constants; each method returns the name of what it adds."""

    def __init__(self, weights: Weights, shape: Shape, precision: Precision) -> None:
        self._weights = weights
        self._shape = shape
        self._precision = precision
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def build(self) -> onnx.ModelProto:
        hidden = self._embeddings()
        for layer in range(self._shape.layer_count):
            hidden = self._layer(hidden, f"encoder.layer.{layer}.")
        self._pool(hidden)
        ids = [
            helper.make_tensor_value_info(name, TensorProto.INT32, ["texts", "tokens"])
            for name in (INPUT_IDS, MASK)
        ]
        vectors = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["texts", self._shape.hidden_size])
        graph = helper.make_graph(self._nodes, "sentence-encoder", ids, [vectors], self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)

    def _embeddings(self) -> str:
        """Adds words, positions and the first segment, of which all tokens are."""
        weights = self._weights
        positions = weights["embeddings.position_embeddings.weight"]
        self._node(
            "EmbedLayerNormalization",
            [
                INPUT_IDS,
                "",
                self._constant("words", weights["embeddings.word_embeddings.weight"]),
                self._constant(
                    "positions", positions + weights["embeddings.token_type_embeddings.weight"][0]
                ),
                "",
                self._weight("embeddings.LayerNorm.weight"),
                self._weight("embeddings.LayerNorm.bias"),
            ],
            ["embedded", "unused_mask_index"],
            domain=CONTRIB,
            epsilon=self._shape.layer_norm_epsilon,
        )
        return "embedded"

    def _layer(self, hidden: str, prefix: str) -> str:
        attended = self._attention(hidden, prefix)
        projected = self._dense(attended, prefix + "attention.output.dense")
        middle = self._add_and_norm(projected, hidden, prefix + "attention.output")
        grown = self._dense(middle, prefix + "intermediate.dense", activation="BiasGelu")
        shrunk = self._dense(grown, prefix + "output.dense")
        return self._add_and_norm(shrunk, middle, prefix + "output")

    def _attention(self, hidden: str, prefix: str) -> str:
        own = prefix + "attention.self."
        joined = [
            np.concatenate([self._weights[f"{own}{part}.{kind}"] for part in ("query", "key", "value")])
            for kind in ("weight", "bias")
        ]
        product = self._product(hidden, joined[0].T, own + "joined")
        bias = self._constant(own + "joined.bias", joined[1])
        both = self._node("Add", [product, bias], [own + "qkv"])
        parts = [own + part for part in ("query", "key", "value")]
        self._node("Split", [both], parts, axis=2)
        return self._node(
            "MultiHeadAttention",
            [*parts, "", MASK],
            [own + "attended"],
            domain=CONTRIB,
            num_heads=self._shape.head_count,
        )

    def _dense(self, hidden: str, name: str, *, activation: str = "") -> str:
        """Multiplies; the bias is left to what comes next, unless that is the activation."""
        product = self._product(hidden, self._weights[name + ".weight"].T, name)
        if not activation:
            return product
        return self._node(
            activation, [product, self._weight(name + ".bias")], [name + ".activated"], domain=CONTRIB
        )

    def _add_and_norm(self, hidden: str, residual: str, prefix: str) -> str:
        return self._node(
            "SkipLayerNormalization",
            [
                hidden,
                residual,
                self._weight(prefix + ".LayerNorm.weight"),
                self._weight(prefix + ".LayerNorm.bias"),
                self._weight(prefix + ".dense.bias"),
            ],
            [prefix + ".normed"],
            domain=CONTRIB,
            epsilon=self._shape.layer_norm_epsilon,
        )

    def _product(self, hidden: str, weight: Array, name: str) -> str:
        if self._precision == "fp32":
            constant = self._constant(name + ".weight", np.ascontiguousarray(weight))
            return self._node("MatMul", [hidden, constant], [name + ".product"])
        scale: Array = np.abs(weight).max(axis=0) / ROUNDED_MAX
        rounded: Array = np.rint(weight / scale).astype(np.int8)
        return self._node(
            "DynamicQuantizeMatMul",
            [
                hidden,
                self._constant(name + ".weight", rounded),
                self._constant(name + ".scale", scale.astype(np.float32)),
                self._constant(name + ".zero", np.zeros(scale.shape, np.int8)),
            ],
            [name + ".product"],
            domain=CONTRIB,
        )

    def _pool(self, hidden: str) -> None:
        """Takes the mean over the tokens that count, scaled to unit length: so their sum does, too."""
        axis = self._constant("token_axis", np.array([1], np.int64))
        self._node("Cast", [MASK], ["weight"], to=TensorProto.FLOAT)
        self._node("Unsqueeze", ["weight", axis], ["weights"])
        self._node("MatMul", ["weights", hidden], ["sums"])
        self._node("Squeeze", ["sums", axis], ["sum"])
        self._node("ReduceL2", ["sum"], ["length"], axes=[1], keepdims=1)
        self._node("Max", ["length", self._constant("length_min", np.float32(NORM_MIN))], ["divisor"])
        self._node("Div", ["sum", "divisor"], [OUTPUT])

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[name])

    def _constant(self, name: str, value: Array | np.float32) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def _node(
        self, kind: str, inputs: list[str], outputs: list[str], *, domain: str = "", **attributes: Any
    ) -> str:
        self._nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **attributes))
        return outputs[0]
