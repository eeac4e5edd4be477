"""Places of an execution's state, and copies that differ there."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom._workflow_edits import Place, edited, place_of
from timeloom.state import pointer

STEPS = ("fetch", "pages[3].summarise", "a", "a.output.b")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("input", Place(None, [])),
        ("input.language", Place(None, ["language"])),
        ("input[0].name", Place(None, ["0", "name"])),
        ("/input/a~1b/0", Place(None, ["a/b", "0"])),
        ("steps.fetch.output", Place("fetch", [])),
        ("steps.fetch.output.x[2]", Place("fetch", ["x", "2"])),
        ("steps.pages[3].summarise.output.title", Place("pages[3].summarise", ["title"])),
        ("/steps/pages[3].summarise/output/title", Place("pages[3].summarise", ["title"])),
        ("steps.a.output.b", Place("a", ["b"])),
        ("steps.a.output.b.output.c", Place("a.output.b", ["c"])),
    ],
)
def test_a_place_is_named_by_names_or_by_a_pointer(text: str, place: Place) -> None:
    found = place_of(text, STEPS)
    assert (found.step_id, list(found.path)) == (place.step_id, list(place.path))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "status",
        "inputs.x",
        "input..x",
        "steps.fetch",
        "steps.other.output",
        "steps.fetch.error",
        "/steps/a",
    ],
)
def test_other_places_cannot_be_changed(text: str) -> None:
    with pytest.raises(ValueError, match="is no place that can be changed"):
        place_of(text, STEPS)


@pytest.mark.parametrize(
    ("document", "path", "expected"),
    [
        ({"a": 1}, [], "new"),
        (None, ["a", "b"], {"a": {"b": "new"}}),
        ({"a": 1, "b": 2}, ["b"], {"a": 1, "b": "new"}),
        ({"a": [1, {"x": 1}]}, ["a", "1", "x"], {"a": [1, {"x": "new"}]}),
        ([1], ["-"], [1, "new"]),
        ([1], ["1"], [1, "new"]),
    ],
)
def test_a_copy_differs_at_the_place_alone(document: Any, path: list[str], expected: Any) -> None:
    before = copy.deepcopy(document)
    assert edited(document, path, "new") == expected
    assert document == before


@pytest.mark.parametrize(("document", "path"), [(5, ["a"]), ([1], ["2"]), ([1], ["x"]), ("text", ["0"])])
def test_a_place_that_is_none_is_refused(document: Any, path: list[str]) -> None:
    with pytest.raises(ValueError, match=r"is sought in|is no index"):
        edited(document, path, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(
    st.dictionaries(st.text(), JSON, min_size=1).flatmap(
        lambda members: st.tuples(st.just(members), st.sampled_from(sorted(members)), JSON)
    )
)
def test_what_is_set_is_found_there(case: tuple[dict[str, Any], str, Any]) -> None:
    members, name, value = case
    place = place_of(pointer.format_path(["input", name]), ())
    result = edited(members, place.path, value)
    assert result == {**members, name: value}
