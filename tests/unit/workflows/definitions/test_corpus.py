"""Definitions that are wrong, a fault each: every one is refused with its place, its step and its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from timeloom_workflows.definitions.document import Problem
from timeloom_workflows.definitions.parsing import parse_definition
from timeloom_workflows.definitions.validation import checked, problems_of
from timeloom_workflows.errors import InvalidDefinitionError
from timeloom_workflows.model import WorkflowKind

CORPUS = Path(__file__).parent / "corpus"
INVALID = sorted((CORPUS / "invalid").glob("*.json"))
VALID = sorted((CORPUS / "valid").glob("*.json"))


def problems(definition: Any) -> list[Problem]:
    return problems_of(msgspec.json.encode(definition), kind=WorkflowKind.DAG)


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len(INVALID) >= 40


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_what_is_wrong_is_named(path: Path) -> None:
    case = msgspec.json.decode(path.read_bytes())
    found = problems(case["definition"])
    told = [{"place": each.place, "stepId": each.step_id, "code": each.code} for each in found]
    assert told == case["expected"]
    assert all(each.message for each in found)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_it_is_refused_with_the_same_places(path: Path) -> None:
    case = msgspec.json.decode(path.read_bytes())
    with pytest.raises(InvalidDefinitionError) as raised:
        checked(msgspec.json.encode(case["definition"]), kind=WorkflowKind.DAG)
    assert [each.field for each in raised.value.violations] == [each["place"] for each in case["expected"]]


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_what_is_right_is_taken(path: Path) -> None:
    text = path.read_bytes()
    assert problems_of(text, kind=WorkflowKind.DAG) == []
    assert parse_definition(text).id == checked(text, kind=WorkflowKind.DAG).id == "tested"
