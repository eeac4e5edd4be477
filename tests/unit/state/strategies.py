"""JSON values for property tests: plain ones, and pairs that are related as two states of an agent are."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

_characters = st.characters(exclude_categories=["Cs"])
names = st.one_of(
    st.sampled_from(
        ["", "a", "b", "/", "~", "~1", "a/b", "0", "messages", "é", "\U0001f600", "\uffff", "x" * 40]
    ),
    st.text(_characters, max_size=8),
)
texts = st.one_of(
    st.text(_characters, max_size=20),
    st.text('ab\n"\\ é\U0001f600', min_size=60, max_size=200),
)
numbers = st.one_of(
    st.sampled_from(
        [0, 1, -1, 1.0, 0.0, -0.0, 1e22, 1e16, 5e-324, 2**53 + 1, 2**64, -(2**64), 10**40, True, False]
    ),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
)
scalars = st.one_of(st.none(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=8), st.dictionaries(names, inner, max_size=6)),
    max_leaves=40,
)


@st.composite
def related_pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """A value, and the same value after a few edits here and there."""
    old = draw(values)
    new = copy.deepcopy(old)
    for _ in range(draw(st.integers(1, 4))):
        new = _edited(draw, new)
    return old, new


@st.composite
def list_pairs(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    """Two lists that share runs: windows that moved, elements inserted, removed, moved and edited."""
    pool = draw(st.lists(st.one_of(values, st.integers(0, 5)), min_size=1, max_size=30))
    start, length = draw(st.integers(0, len(pool))), draw(st.integers(0, 30))
    shift = draw(st.integers(0, 5))
    old, new = pool[start : start + length], pool[start + shift : start + shift + length]
    for _ in range(draw(st.integers(0, 3))):
        new = _edited(draw, new)
        if not isinstance(new, list):
            new = [new]
    return old, new


def _edited(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        action = draw(st.sampled_from(["change", "remove", "add"]))
        rest = {other: item for other, item in value.items() if other != name}
        if action == "remove":
            return rest
        return (
            {**rest, name: _edited(draw, value[name])}
            if action == "change"
            else {**value, draw(names): draw(values)}
        )
    if isinstance(value, list) and value and draw(st.booleans()):
        index = draw(st.integers(0, len(value) - 1))
        action = draw(st.sampled_from(["change", "remove", "insert", "append", "drop head"]))
        if action == "change":
            return [*value[:index], _edited(draw, value[index]), *value[index + 1 :]]
        if action == "drop head":
            return [*value[index:], draw(values)]
        return {
            "remove": [*value[:index], *value[index + 1 :]],
            "insert": [*value[:index], draw(values), *value[index:]],
            "append": [*value, draw(values)],
        }[action]
    if isinstance(value, str) and draw(st.booleans()):
        place = draw(st.integers(0, len(value)))
        return value[:place] + draw(texts) + value[place:]
    return draw(values)
