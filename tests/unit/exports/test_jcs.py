"""Canonical JSON by RFC 8785, with the vectors that the export script is tested by, too."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom.exports import jcs

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "jcs.json").read_text(encoding="utf-8"))

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@pytest.mark.parametrize("vector", VECTORS["values"], ids=lambda vector: vector["name"])
def test_a_value_has_the_form_that_the_standard_gives_it(vector: dict[str, str]) -> None:
    assert jcs.encode(json.loads(vector["json"])) == vector["canonical"].encode()


@pytest.mark.parametrize(("digits", "written"), VECTORS["numbers"])
def test_numbers_are_written_as_ecmascript_writes_them(digits: str, written: str) -> None:
    assert jcs.number(json.loads(digits)) == written


@given(JSON)
def test_the_form_says_the_same_value_and_is_its_own_form(value: object) -> None:
    encoded = jcs.encode(value)

    # As a browser reads it, where every number is a 64-bit float.
    assert json.loads(encoded, parse_int=float) == value
    assert jcs.encode(json.loads(encoded)) == encoded


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_to_the_same_bits(value: float) -> None:
    assert float(jcs.number(value)) == value


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (math.nan, "not finite"),
        (math.inf, "not finite"),
        (2**53 + 1, "none that a 64-bit float can hold"),
        (10**23 + 1, "none that a 64-bit float can hold"),
        (10**400, "larger than a 64-bit float"),
        ("\ud800", "lone surrogate"),
        ({1: 2}, "name of a member is a int"),
        ({"a": {1, 2}}, "type set"),
    ],
)
def test_what_has_no_form_is_refused(value: object, problem: str) -> None:
    with pytest.raises(jcs.UnrepresentableError, match=problem):
        jcs.encode(value)


def test_depth_is_bounded() -> None:
    value: object = 0
    for _ in range(jcs.MAX_DEPTH):
        value = [value]

    assert jcs.encode(value).startswith(b"[[")
    with pytest.raises(jcs.UnrepresentableError, match="deeper than"):
        jcs.encode([value])
