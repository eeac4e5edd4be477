"""Signed tokens, beside the library that knows all kinds of them."""

from __future__ import annotations

import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_platform.web_tokens import TOKEN_CHARACTERS_MAX, InvalidTokenError, sign, verified

KEY = b"k" * 64
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
CLAIMS = st.dictionaries(TEXTS, TEXTS | st.integers(-(2**53), 2**53) | st.booleans(), max_size=6)


@given(claims=CLAIMS, key=st.binary(min_size=32, max_size=80))
def test_the_library_reads_what_was_signed(claims: dict[str, object], key: bytes) -> None:
    token = sign(claims, key)

    assert json.loads(jwt.api_jws.decode(token, key, algorithms=["HS256"])) == claims
    assert verified(token, key) == claims


@given(claims=st.dictionaries(st.sampled_from(["sub", "name", "ü"]), TEXTS))
def test_reads_what_the_library_signed(claims: dict[str, str]) -> None:
    assert verified(jwt.encode(claims, KEY, algorithm="HS256"), KEY) == claims


@given(data=st.data(), claims=CLAIMS)
def test_no_character_of_a_token_can_be_another(data: st.DataObject, claims: dict[str, object]) -> None:
    token = sign(claims, KEY)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda character: character != token[place]))

    with pytest.raises(InvalidTokenError):
        verified(token[:place] + other + token[place + 1 :], KEY)


@given(claims=CLAIMS, addition=st.text(min_size=1, max_size=4))
def test_nothing_can_be_added_to_a_token(claims: dict[str, object], addition: str) -> None:
    token = sign(claims, KEY)

    for changed in (token + addition, addition + token):
        with pytest.raises(InvalidTokenError):
            verified(changed, KEY)


@given(text=st.text(max_size=200))
def test_refuses_any_other_text(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        verified(text, KEY)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(jwt.encode({}, "", "none"), id="unsigned"),
        pytest.param(jwt.encode({}, KEY, "HS512"), id="another algorithm"),
        pytest.param(jwt.encode({}, KEY, "HS256", headers={"kid": "1"}), id="another header"),
        pytest.param(sign({}, b"o" * 32), id="another key"),
        pytest.param(jwt.api_jws.encode(b"[]", KEY), id="a list"),
        pytest.param(jwt.api_jws.encode(b"{", KEY), id="no document"),
        pytest.param(sign({"a": "a" * TOKEN_CHARACTERS_MAX}, KEY), id="too long"),
    ],
)
def test_refuses(token: str) -> None:
    with pytest.raises(InvalidTokenError):
        verified(token, KEY)
