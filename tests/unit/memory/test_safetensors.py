"""Reading weights."""

from __future__ import annotations

import json

import numpy as np
import pytest

from timeloom_memory.embedding.errors import ModelFilesError
from timeloom_memory.embedding.weights import parse_safetensors


def _file(header: object, body: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def test_tensors_are_read_from_their_places() -> None:
    numbers = np.arange(8, dtype="<f4")
    header = {
        "__metadata__": {"format": "pt"},
        "matrix": {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]},
        "pair": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "ids": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]},
    }
    tensors = parse_safetensors(_file(header, numbers.tobytes()))
    assert {name: tensor.tolist() for name, tensor in tensors.items()} == {
        "matrix": [[2, 3, 4], [5, 6, 7]],
        "pair": [0, 1],
    }


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 8, (9).to_bytes(8, "little") + b"{}", _file({})[:-1] + b"x"]
)
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(ModelFilesError, match="no safetensors file"):
        parse_safetensors(content)
