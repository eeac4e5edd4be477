"""Names of namespaces: which are allowed, and whose they are."""

from __future__ import annotations

import pytest

from timeloom_memory import limits, names
from timeloom_memory.names import OwnerKind, Principal
from timeloom_memory.sharing.access import scope_of
from timeloom_memory.sharing.confidence import posterior
from timeloom_memory.storage.access import Opening
from timeloom_platform.errors import InvalidFieldError

AGENT, TEAM, PROJECT = OwnerKind.AGENT, OwnerKind.TEAM, OwnerKind.PROJECT


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("agent/ada", Principal(kind=AGENT, id="ada")),
        ("agent/ada/notes/old", Principal(kind=AGENT, id="ada")),
        ("team/red/plans", Principal(kind=TEAM, id="red")),
        ("project", Principal(kind=PROJECT)),
        ("agentada", Principal(kind=PROJECT)),
        ("wissen/café ☕", Principal(kind=PROJECT)),
    ],
)
def test_a_name_says_whose_a_namespace_is(name: str, owner: Principal) -> None:
    assert names.owner_of(names.checked(name, "namespace")) == owner


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "a/",
        "/a",
        "a//b",
        "a/./b",
        "../a",
        "agent",
        "team",
        "agents/ada",
        "jobs",
        "a\nb",
        "a/ b",
        "a\u200bb",
        "x" * (limits.NAMESPACE_BYTES_MAX + 1),
        "é" * (limits.NAMESPACE_BYTES_MAX // 2 + 1),
        "/".join("a" * (limits.NAMESPACE_DEPTH_MAX + 1)),
    ],
)
def test_what_is_no_name_is_refused_by_its_field(name: str) -> None:
    with pytest.raises(InvalidFieldError) as raised:
        names.checked(name, "filter.namespace")
    assert [each.field for each in raised.value.violations] == ["filter.namespace"]


@pytest.mark.parametrize("text", ["agent/ada", "team/red", "project"])
def test_a_principal_is_written_as_it_is_read(text: str) -> None:
    assert str(Principal.parse(text, field="principal")) == text


@pytest.mark.parametrize("text", ["", "ada", "agent", "agent/", "agent/a/b", "user/ada", "team/.."])
def test_what_is_no_principal_is_refused(text: str) -> None:
    with pytest.raises(InvalidFieldError):
        Principal.parse(text, field="principal")


def test_of_several_grants_the_widest_counts() -> None:
    openings = [Opening(None, "agent/b", None, 2), Opening(None, "agent/b", None, 1)]
    for order in (openings, openings[::-1]):
        assert scope_of("a", order).may_write("agent/b/notes")


@pytest.mark.parametrize(
    ("prior", "confirming", "contradicting", "confidence"),
    [
        (0.5, 0, 0, 0.5),
        (0.5, 1, 0, 2 / 3),
        (0.5, 0, 1, 1 / 3),
        (0.5, 3, 3, 0.5),
        (1.0, 0, 2, 0.5),
        (0.0, 0, 9, 0.0),
    ],
)
def test_confidence_is_the_mean_of_what_was_said(
    prior: float, confirming: int, contradicting: int, confidence: float
) -> None:
    found = posterior(prior, confirming=confirming, contradicting=contradicting)
    assert found == pytest.approx(confidence)
