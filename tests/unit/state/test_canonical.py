"""Canonical JSON: one form for one value, and plain words for what has none."""

from __future__ import annotations

import enum
import json
from typing import Any

import pytest
from hypothesis import given

from tests.unit.state.strategies import values
from timeloom.state import canonical


@given(values)
def test_a_value_survives_encoding(value: Any) -> None:
    encoded = canonical.encode(value)
    assert repr(_sorted(canonical.decode(encoded))) == repr(_sorted(value))
    assert canonical.encode(canonical.decode(encoded)) == encoded


@given(values)
def test_white_space_order_and_escapes_do_not_matter(value: Any) -> None:
    loose = json.dumps(_reversed(value), indent=2, ensure_ascii=True).encode()
    assert canonical.encode(canonical.decode(loose)) == canonical.encode(value)


@pytest.mark.parametrize(
    ("document", "form"),
    [
        (b"-0", b"0"),
        (b"-0.0", b"-0.0"),
        (b"1.0", b"1.0"),
        (b"1e0", b"1.0"),
        (b"1e5", b"100000.0"),
        (b"1E22", b"1e22"),
        (b"1e-7", b"1e-7"),
        (b"9007199254740993", b"9007199254740993"),
        (b"9007199254740993.0", b"9007199254740992.0"),
        (b"123456789012345678901234567890", b"123456789012345678901234567890"),
        (b'"\\u00e9\\ud83d\\ude00\\/\\u0001"', '"é\U0001f600/\\u0001"'.encode()),
        (
            '{"\U0001f600":1,"\uffff":2,"b":3,"a":4}'.encode(),
            '{"a":4,"b":3,"\uffff":2,"\U0001f600":1}'.encode(),
        ),
        (b' [ 1 , {"b" : null , "a" : true } ] ', b'[1,{"a":true,"b":null}]'),
    ],
)
def test_the_form(document: bytes, form: bytes) -> None:
    assert canonical.encode(canonical.decode(document)) == form


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"nul",
        b"NaN",
        b"Infinity",
        b"1e400",
        b"[1,]",
        b"01",
        b"1 2",
        b'"\\ud800"',
        b'"\\udc00 alone"',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"c":[],"b":2}}',
        b'{"\\u003a":1,"\\u003A":2}',
        b'[{"\\u003a":1},{"a":1,"\\u0061":1}]',
        b"1" * 5000,
        b"[" * 257 + b"]" * 257,
        b"[" * 100_000,
        b'{"a":' * 300 + b"1" + b"}" * 300,
    ],
)
def test_what_has_no_canonical_form_is_refused(document: bytes) -> None:
    with pytest.raises(canonical.CanonicalError):
        canonical.decode(document)


@pytest.mark.parametrize(
    "document",
    [b'{"\\u003a":1,"b":":"}', b'{"a":"\\\\u003a"}', b'[":::",{"a:":1}]', b"[" * 256 + b"]" * 256],
)
def test_colons_in_strings_and_deep_documents_are_fine(document: bytes) -> None:
    assert canonical.decode(document) == json.loads(document)


class _Color(enum.Enum):
    RED = "red"


class _Text(str):
    __slots__ = ()


def test_normalize_copies_and_knows_the_relatives_of_json_types() -> None:
    inner = [2]
    original = {"list": (1, inner), "enum": _Color.RED, _Text("name"): _Text("é"), "bool": True}
    copied = canonical.normalize(original)
    assert copied == {"list": [1, [2]], "enum": "red", "name": "é", "bool": True}
    assert [type(name) for name in copied] == [str] * 4
    inner.append(3)
    assert copied["list"] == [1, [2]]


def test_normalize_asks_for_a_default() -> None:
    assert canonical.normalize([{1, 2}], default=sorted) == [[1, 2]]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": [0, float("nan")]}, "/a/1"),
        ([float("-inf")], "/0"),
        ({"a/b": {"~": b"bytes"}}, "/a~1b/~0"),
        ({"a": {1: 2}}, "/a/1"),
        (["\ud800"], "/0"),
        ({"a": {"\udfff": 1}}, "/a/\udfff"),
        ({"n": 10**4400}, "/n"),
        ([object()], "/0"),
        ([[1j]], "/0/0"),
    ],
)
def test_what_cannot_be_encoded_is_named_by_its_place(value: Any, place: str) -> None:
    with pytest.raises(canonical.CanonicalError) as caught:
        canonical.encode(value)
    assert str(caught.value).endswith(f"(at {place})")


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(canonical.CanonicalError, match="deeper than 256"):
        canonical.encode(value)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in sorted(value, reverse=True)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value
