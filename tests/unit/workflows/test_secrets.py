"""Secrets get into actions, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_workflows.actions.call import InvalidActionError
from timeloom_workflows.actions.secrets import PREFIX, SecretName, Secrets, redacted, redacted_document
from timeloom_workflows.definitions.templates import has_secret

PROJECT = UUID(int=1)
ENVIRON = {PREFIX + "TOKEN": 'se"cret', PREFIX + "OTHER": "123456", "HOME": "/root"}
TOKEN = '${ secret("TOKEN") }'
SEALED = "${ secret('a place', \"TOKEN\") }"


class Places:
    """Every environment has every secret, and says whose it is."""

    async def opened(self, project_id: UUID, names: Sequence[SecretName]) -> Sequence[str]:
        return [f"{each.name} of {each.environment} of {project_id.int}" for each in names]


SECRETS = Secrets(ENVIRON, environments=Places())


def filled(rendered: Any, template: Any, secrets: Secrets = SECRETS) -> tuple[Any, frozenset[str]]:
    return asyncio.run(secrets.filled(rendered, template, project_id=PROJECT))


def test_a_secret_stands_where_the_definition_names_it() -> None:
    template = {
        "headers": {"authorization": f"Bearer {TOKEN}"},
        "list": ["${ input.x }", "${secret('OTHER')}"],
    }
    rendered = {"headers": {"authorization": f"Bearer {TOKEN}"}, "list": [7, "${secret('OTHER')}"]}
    action, used = filled(rendered, template)
    assert action == {"headers": {"authorization": 'Bearer se"cret'}, "list": [7, "123456"]}
    assert used == {'se"cret', "123456"}


def test_one_of_an_environment_is_that_of_the_executions_project() -> None:
    template = {"headers": {"authorization": f"Bearer {SEALED}", "x-other": TOKEN}}
    assert has_secret(template["headers"]["authorization"])
    action, used = filled(template, template)
    assert action == {"headers": {"authorization": "Bearer TOKEN of a place of 1", "x-other": 'se"cret'}}
    assert used == {"TOKEN of a place of 1", 'se"cret'}


def test_without_the_workspace_service_one_of_an_environment_is_named_and_refused() -> None:
    with pytest.raises(InvalidActionError, match="The secret TOKEN of the environment a place"):
        filled({"url": SEALED}, {"url": SEALED}, Secrets(ENVIRON))


def test_one_that_is_escaped_is_text() -> None:
    assert filled({"body": TOKEN}, {"body": f"${TOKEN}"}) == ({"body": TOKEN}, frozenset())


@given(
    value=st.recursive(
        st.text() | st.sampled_from([TOKEN, SEALED]),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_input_brings_along_is_never_one(value: Any) -> None:
    assert filled({"body": value}, {"body": "${ input.text }"}) == ({"body": value}, frozenset())


def test_a_text_with_a_secret_has_no_other_expression() -> None:
    template = {"url": "https://${ input.host }/" + TOKEN}
    with pytest.raises(InvalidActionError, match="no other expressions"):
        filled({"url": "https://evil.example/"}, template)


def test_one_that_is_not_set_is_named() -> None:
    with pytest.raises(InvalidActionError, match="set TIMELOOM_WORKFLOWS_SECRET_NONE"):
        SECRETS.setting("NONE")
    with pytest.raises(InvalidActionError):
        SECRETS.setting("HOME")


def test_one_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\n", encoding="utf-8")
    secrets = Secrets({PREFIX + "A_FILE": str(tmp_path / "token"), PREFIX + "B_FILE": str(tmp_path / "none")})
    assert secrets.setting("A") == "from a file"
    with pytest.raises(InvalidActionError, match="cannot be read"):
        secrets.setting("B")


def test_an_echo_of_one_is_taken_out() -> None:
    assert redacted('401: se"cret is wrong', frozenset({'se"cret'})) == "401: *** is wrong"
    document = msgspec.json.encode({"body": 'you said se"cret'})
    assert msgspec.json.decode(redacted_document(document, frozenset({'se"cret'}))) == {
        "body": "you said ***"
    }


@given(kept=st.integers(min_value=0, max_value=40))
def test_one_that_the_end_of_a_text_cuts_off_is_taken_out(kept: int) -> None:
    secret = "ghp_0123456789abcdef"
    text = f"401: {secret} and {secret}"[:kept]
    hidden = redacted(text, frozenset({secret}))
    assert secret[:6] not in hidden
    assert text.startswith(hidden.partition("***")[0])
