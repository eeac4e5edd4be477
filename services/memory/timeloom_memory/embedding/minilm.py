"""all-MiniLM-L6-v2 on onnxruntime: 384 dimensions, no download, no other service."""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from timeloom_memory.embedding.errors import ModelFilesError
from timeloom_memory.embedding.model_files import ready_graph
from timeloom_memory.embedding.precision import Precision
from timeloom_memory.embedding.protocols import Vectors
from timeloom_memory.embedding.tokenizer import Tokenizer

DIMENSION: Final = 384

TOKENS_MAX: Final = 256
"""What the model reads at once: it was trained on no longer texts."""

PIECES_MAX: Final = 16
"""The pieces of a longer text that it reads; the text's vector is their mean.

Measured on a dialogue in parts of 800 tokens: the part with the answer is among the first five for 58 % of
the questions, and for 42 % where only its beginning is read.
"""

_INPUTS: Final = ("input_ids", "attention_mask")
_LOG_ERRORS_ONLY: Final = 3


class MiniLm:
    """The built-in model."""

    def __init__(
        self, *, directory: Path, tokenizer: Tokenizer, precision: Precision = "int8", thread_count: int = 1
    ) -> None:
        self.dimension: Final = DIMENSION
        self._directory = directory
        self._tokenizer = tokenizer
        self._precision: Precision = precision
        self._thread_count = thread_count
        self._session: Any = None

    def load(self) -> None:
        """Makes it ready to run; takes a third of a second, or one and a half at the very first time."""
        graph = ready_graph(self._directory, self._precision)
        # Imported here: it takes memory that a service without texts does not need. It has no types.
        onnxruntime: Any = importlib.import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._thread_count
        options.inter_op_num_threads = 1
        options.log_severity_level = _LOG_ERRORS_ONLY
        # An arena never shrinks.
        options.enable_cpu_mem_arena = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(graph), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            # Its exceptions have no base of their own.
            raise ModelFilesError(f"onnxruntime does not load the model: {type(error).__name__}") from error

    def unload(self) -> None:
        """Gives its memory back, to the system too."""
        self._session = None
        _trim_heap()

    def prepare(self, text: str) -> Sequence[list[int]]:
        """Returns the tokens of a text in pieces; those behind the sixteenth piece are left out."""
        return self._tokenizer.pieces(text, tokens_max=TOKENS_MAX, pieces_max=PIECES_MAX)

    def size(self, prepared: list[int]) -> int:
        """Returns how many tokens there are."""
        return len(prepared)

    def run(self, batch: Sequence[list[int]]) -> Vectors:
        """Returns a vector of unit length for each list of tokens."""
        shape = (len(batch), max(map(len, batch)))
        ids, mask = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        (vectors,) = self._session.run(None, dict(zip(_INPUTS, (ids, mask), strict=True)))
        return np.asarray(vectors, np.float32)


def _trim_heap() -> None:
    """Asks glibc to return what was freed; other C libraries do so by themselves or never."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
