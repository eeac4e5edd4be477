"""Secrets get into actions, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_workflows.actions.call import InvalidActionError
from timeloom_workflows.actions.secrets import PREFIX, Secrets, redacted, redacted_document

SECRETS = Secrets({PREFIX + "TOKEN": 'se"cret', PREFIX + "OTHER": "123456", "HOME": "/root"})
TOKEN = '${ secret("TOKEN") }'


def test_a_secret_stands_where_the_definition_names_it() -> None:
    template = {
        "headers": {"authorization": f"Bearer {TOKEN}"},
        "list": ["${ input.x }", "${secret('OTHER')}"],
    }
    rendered = {"headers": {"authorization": f"Bearer {TOKEN}"}, "list": [7, "${secret('OTHER')}"]}
    action, used = SECRETS.filled(rendered, template)
    assert action == {"headers": {"authorization": 'Bearer se"cret'}, "list": [7, "123456"]}
    assert used == {'se"cret', "123456"}


def test_one_that_is_escaped_is_text() -> None:
    assert SECRETS.filled({"body": TOKEN}, {"body": f"${TOKEN}"}) == ({"body": TOKEN}, frozenset())


@given(
    value=st.recursive(
        st.text() | st.just(TOKEN), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_input_brings_along_is_never_one(value: Any) -> None:
    assert SECRETS.filled({"body": value}, {"body": "${ input.text }"}) == ({"body": value}, frozenset())


def test_a_text_with_a_secret_has_no_other_expression() -> None:
    template = {"url": "https://${ input.host }/" + TOKEN}
    with pytest.raises(InvalidActionError, match="no other expressions"):
        SECRETS.filled({"url": "https://evil.example/"}, template)


def test_one_that_is_not_set_is_named() -> None:
    with pytest.raises(InvalidActionError, match="set TIMELOOM_WORKFLOWS_SECRET_NONE"):
        SECRETS.value("NONE")
    with pytest.raises(InvalidActionError):
        SECRETS.value("HOME")


def test_one_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\n", encoding="utf-8")
    secrets = Secrets({PREFIX + "A_FILE": str(tmp_path / "token"), PREFIX + "B_FILE": str(tmp_path / "none")})
    assert secrets.value("A") == "from a file"
    with pytest.raises(InvalidActionError, match="cannot be read"):
        secrets.value("B")


def test_an_echo_of_one_is_taken_out() -> None:
    assert redacted('401: se"cret is wrong', frozenset({'se"cret'})) == "401: *** is wrong"
    document = msgspec.json.encode({"body": 'you said se"cret'})
    assert msgspec.json.decode(redacted_document(document, frozenset({'se"cret'}))) == {
        "body": "you said ***"
    }
