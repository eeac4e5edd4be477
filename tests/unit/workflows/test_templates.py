"""The templates run to their end with their own example inputs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.workflows.dag.runs import Run
from timeloom_workflows import templates
from timeloom_workflows.dag.plan import Work
from timeloom_workflows.definitions.parsing import parse_definition
from timeloom_workflows.definitions.validation import problems_of
from timeloom_workflows.model import Failure, Status, WaitReason, WorkflowKind
from timeloom_workflows.starting.inputs import InputSchema
from timeloom_workflows.templates import Template

MEMORY = {"id": "m", "key": "k", "content": "What was remembered."}
OUTPUTS: dict[str, Any] = {
    "search": {"results": [{"memory": MEMORY, "score": 0.5}]},
    "context": {"text": "What is known."},
    "optimize": {"state": "JOB_STATE_SUCCEEDED", "report": {}},
    "stats": {"memoryCount": 1},
}


def answer(work: Work) -> Any:
    """Memories are there, no language model is, and people agree."""
    if work.step.waiting_for == WaitReason.APPROVAL:
        return {"approved": True}
    assert work.action is not None, work.step
    if work.action.type == "llm":
        return Failure(type="InvalidActionError", is_final=True)
    assert work.action.type == "memory"
    document = msgspec.json.decode(work.step.input or b"")
    return OUTPUTS.get(document["operation"], MEMORY)


@pytest.mark.parametrize("template", templates.packaged(), ids=lambda template: template.id)
def test_it_is_right_and_runs_to_its_end(template: Template) -> None:
    definition, example = bytes(template.definition), msgspec.json.decode(template.example_input)
    assert problems_of(definition, kind=WorkflowKind.DAG) == []
    InputSchema(msgspec.json.decode(definition)["input"]).check(example, "input")
    run = Run(parse_definition(definition), given=example)
    ended = run.complete(answer)
    assert ended.status == Status.SUCCEEDED, ended.failure
    assert run.output()


def test_there_are_eight() -> None:
    assert len(templates.packaged()) == 8
    assert all(msgspec.json.decode(each.definition)["id"] == each.id for each in templates.packaged())
