"""From definitions and what can be said of them to the messages of the contract."""

from __future__ import annotations

from timeloom.workflows.v1 import workflows_pb2
from timeloom_platform.times import timestamp
from timeloom_workflows.definitions.document import Problem
from timeloom_workflows.etags import etag_of
from timeloom_workflows.model import Workflow
from timeloom_workflows.templates import Template


def workflow_message(workflow: Workflow) -> workflows_pb2.Workflow:
    """Returns a workflow, with its definition if it was read."""
    return workflows_pb2.Workflow(
        id=workflow.id,
        version=workflow.version,
        kind=workflows_pb2.WorkflowKind.ValueType(workflow.kind),
        description=workflow.description,
        definition=workflow.definition or b"",
        enabled=workflow.enabled,
        tags=workflow.tags,
        create_time=timestamp(workflow.create_time),
        update_time=timestamp(workflow.update_time),
        etag=etag_of(workflow),
    )


def problem_message(problem: Problem) -> workflows_pb2.DefinitionProblem:
    """Returns what is wrong at a place of a definition."""
    return workflows_pb2.DefinitionProblem(
        place=problem.place, step_id=problem.step_id, code=problem.code, message=problem.message
    )


def template_message(template: Template, *, with_documents: bool = True) -> workflows_pb2.WorkflowTemplate:
    """Returns a template, without its definition and input if that is asked for."""
    return workflows_pb2.WorkflowTemplate(
        id=template.id,
        title=template.title,
        description=template.description,
        tags=template.tags,
        definition=bytes(template.definition) if with_documents else b"",
        example_input=bytes(template.example_input) if with_documents else b"",
    )
