"""Vectors between numpy and PostgreSQL."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from timeloom.memory.v1 import memory_service_pb2
from timeloom_memory.model import Matrix
from timeloom_memory.preparing import unit_rows
from timeloom_memory.requests import vector_of
from timeloom_memory.storage.vectors import decoded, encoded
from timeloom_platform.errors import InvalidFieldError

NUMBERS = st.floats(-(2.0**99), 2.0**99, width=32, allow_subnormal=False)
MATRICES = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=NUMBERS)


@given(MATRICES)
def test_what_is_encoded_comes_back(matrix: Matrix) -> None:
    assert np.array_equal(decoded(encoded(matrix), matrix.shape[1]), matrix)


def test_the_form_is_that_of_pgvector() -> None:
    matrix = np.array([[1.0, -2.5]], dtype=np.float32)
    assert encoded(matrix) == [struct.pack(">hhff", 2, 0, 1.0, -2.5)]


@given(st.lists(NUMBERS, max_size=40))
def test_a_vector_is_read_as_it_was_sent(numbers: list[float]) -> None:
    message = memory_service_pb2.NewMemory(content="x", vector=numbers, vector_model="m")
    vector = vector_of(message.vector)
    assert ([] if vector is None else vector.tolist()) == numbers


@given(st.lists(NUMBERS, min_size=1, max_size=9).filter(lambda each: max(map(abs, each)) > 1e-9))
def test_rows_get_unit_length(numbers: list[float]) -> None:
    (row,) = unit_rows([np.array(numbers, dtype=np.float32)], [""])
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("numbers", "problem"),
    [
        ([0.0, 0.0], "must not be zero"),
        ([float("nan"), 1.0], "must have finite numbers only"),
        ([float("-inf"), 1.0], "must have finite numbers only"),
    ],
)
def test_a_row_that_has_no_direction_is_refused(numbers: list[float], problem: str) -> None:
    rows = [np.array(each, dtype=np.float32) for each in ([1.0, 2.0], numbers)]
    with pytest.raises(InvalidFieldError, match=problem) as refused:
        unit_rows(rows, ["memories[0].", "memories[1]."])
    assert refused.value.violations[0].field == "memories[1].vector"
