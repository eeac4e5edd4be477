"""JSON pointers lead where RFC 6901 says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.state.strategies import names
from timeloom.state import pointer

_EXAMPLE = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
    "0": [[9]],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", _EXAMPLE),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
        ("/0/0/0", 9),
    ],
)
def test_the_examples_of_the_rfc(text: str, value: Any) -> None:
    assert pointer.resolve(_EXAMPLE, text) == value


@pytest.mark.parametrize(
    "text", ["foo", "/~", "/~2", "/a~", "/nothing", "/foo/2", "/foo/-", "/foo/00", "/foo/\u0660", "//x"]
)
def test_what_leads_nowhere_is_told(text: str) -> None:
    with pytest.raises(pointer.PointerError):
        pointer.resolve(_EXAMPLE, text)


@given(st.lists(names))
def test_formatting_and_parsing_are_inverse(path: list[str]) -> None:
    assert pointer.parse(pointer.format_path(path)) == tuple(path)
