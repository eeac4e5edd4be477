"""Tokens of call backs, and signatures of webhooks."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from timeloom_platform.outgoing.signing import signature
from timeloom_workflows.actions.webhooks import CallbackTarget, CallbackTokens

TOKENS = CallbackTokens("the secret of this installation")
targets = st.builds(
    CallbackTarget, project_id=st.uuids(), execution_id=st.uuids(), step_id=st.text(min_size=1)
)


@given(target=targets)
def test_a_token_names_its_step(target: CallbackTarget) -> None:
    assert TOKENS.target(TOKENS.token(target)) == target


@given(target=targets, place=st.integers(0, 200), other=st.sampled_from("ABCdef019-_"))
def test_a_token_that_was_changed_names_none(target: CallbackTarget, place: int, other: str) -> None:
    token = TOKENS.token(target)
    place %= len(token) - 1  # of the last character not all bits count
    changed = token[:place] + other + token[place + 1 :]
    assert changed == token or TOKENS.target(changed) is None


@given(text=st.text())
def test_anything_else_names_none(text: str) -> None:
    assert TOKENS.target(text) is None


def test_another_installation_makes_other_tokens() -> None:
    target = CallbackTarget(project_id=UUID(int=1), execution_id=UUID(int=2), step_id="paid")
    assert CallbackTokens("another secret").target(TOKENS.token(target)) is None


def test_a_signature_is_the_one_that_is_documented() -> None:
    assert signature("whsec", b'{"a":1}', at=1_700_000_000) == (
        "t=1700000000,v1=8ad37ba156048ae0e0a5533c75cdf26fee88b07f93cb57ee4c80adb053012032"
    )
