"""Etags of workflows: they change with every version, and when one is switched on or off."""

from __future__ import annotations

from timeloom_platform.errors import EtagMismatchError
from timeloom_workflows.model import Workflow


def etag_of(workflow: Workflow) -> str:
    """Returns the etag. The version tells a workflow from one that had its id before."""
    return f"{workflow.version}-{workflow.revision}"


def check_etag(workflow: Workflow | None, workflow_id: str, expected: str) -> None:
    """Does nothing if the workflow has the etag, or none is expected.

    Raises:
        EtagMismatchError: It has another, or does not exist.
    """
    if not expected:
        return
    if workflow is None:
        raise EtagMismatchError(f"There is no workflow {workflow_id} any more.")
    found = etag_of(workflow)
    if expected != found:
        raise EtagMismatchError(
            f"Workflow {workflow_id} has changed: its etag is {found} now.", metadata={"etag": found}
        )
