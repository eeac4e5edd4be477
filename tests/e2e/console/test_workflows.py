"""Workflows in the console: designed, run, watched, steered, decided, forked; and their versions compared."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.helpers.console import expect_accessible
from timeloom import Timeloom
from timeloom.workflow_resources import WorkflowExecutionFilter

pytestmark = pytest.mark.xdist_group("console")

_REFUND: dict[str, Any] = {
    "description": "Refunds an order. Large amounts are asked for.",
    "input": {
        "type": "object",
        "properties": {"order": {"type": "string"}, "amount": {"type": "number"}},
        "required": ["order", "amount"],
    },
    "triggers": [{"type": "webhook"}],
    "steps": [
        {"id": "fee", "type": "transform", "value": "${ double(input.amount) * 0.02 }"},
        {"id": "may", "type": "human_approval", "question": "Refund ${ input.order }?", "timeout": "2d"},
        {"id": "result", "type": "transform", "value": "${ steps.may.output.approved }"},
    ],
}
_DIVIDE: dict[str, Any] = {
    "steps": [
        {"id": "keep", "type": "transform", "value": {"over": "${ input.over }"}},
        {"id": "quotient", "type": "transform", "value": "${ input.over / input.by }"},
    ]
}


def _applied(client: Timeloom, name: str, definition: dict[str, Any]) -> str:
    workflow_id = f"{name}-{uuid.uuid4().hex[:8]}"
    client.workflows.apply({"id": workflow_id, **definition})
    return workflow_id


def _step(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def test_a_workflow_is_designed_by_hand(page: Page, client: Timeloom) -> None:
    workflow_id = f"by-hand-{uuid.uuid4().hex[:8]}"
    page.goto("/workflows/new")
    begin = page.get_by_label("Beginning of begin")
    page.get_by_role("button", name="Add Transform").drag_to(begin)
    expect(_step(page, "Transform value")).to_be_visible()

    # What is wrong stands at its field and in the list, and is gone when it is undone.
    page.get_by_role("button", name="Add HTTP call").press("Enter")
    expect(_step(page, "HTTP call call")).to_be_visible()
    expect(page.get_by_role("list", name="Problems")).to_contain_text("steps[1].action.url")
    address = page.get_by_role("textbox", name="Url")
    expect(address).to_have_accessible_description(re.compile("must have at least 1 characters"))
    page.get_by_role("button", name="Undo").click()
    expect(_step(page, "HTTP call call")).to_be_hidden()
    page.get_by_role("button", name="Redo").click()
    expect(_step(page, "HTTP call call")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Can be executed")).to_be_visible()

    # The tree does by keys what the graph does by the mouse.
    page.get_by_role("tab", name="Steps").click()
    step = page.get_by_role("treeitem", name="Transform value")
    step.click()
    step.press("Control+d")
    expect(page.get_by_role("treeitem", name="Transform value2")).to_be_visible()
    page.get_by_role("treeitem", name="Transform value2").press("Delete")
    expect(page.get_by_role("treeitem", name="Transform value2")).to_be_hidden()

    # The text and the graph show the same, whichever is changed.
    page.get_by_text("JSON", exact=True).click()
    text = page.get_by_role("textbox", name="Definition")
    expect(text).to_contain_text('"id": "value"')
    written = {"id": workflow_id, "steps": [{"id": "greeting", "type": "transform", "value": "hello"}]}
    text.fill(json.dumps(written))
    page.get_by_text("Graph", exact=True).click()
    _step(page, "Transform greeting").click()
    page.get_by_role("textbox", name="Value").fill("good evening")
    expect_accessible(page)
    page.get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile(rf"/workflows/{workflow_id}/design"))
    kept = client.workflows.get(workflow_id)
    assert kept.definition["steps"][0]["value"] == "good evening"


def test_versions_are_saved_compared_and_not_lost_to_others(page: Page, client: Timeloom) -> None:
    workflow_id = _applied(client, "versions", {"steps": [{"id": "one", "type": "transform", "value": 1}]})
    page.goto(f"/workflows/{workflow_id}/design")
    _step(page, "Transform one").click()
    page.get_by_role("textbox", name="Value").fill("2")
    client.workflows.apply({"id": workflow_id, "steps": [{"id": "one", "type": "transform", "value": 3}]})
    page.get_by_role("button", name=re.compile("Save as version")).click()
    conflict = page.get_by_role("dialog", name="Somebody else has saved meanwhile")
    expect(conflict.get_by_text("/steps/one/value")).to_be_visible()
    conflict.get_by_role("button", name="Save mine over it").click()
    expect(conflict).to_be_hidden()
    expect(page.get_by_text(f"{workflow_id} is saved as version 3.")).to_be_visible()
    page.goto(f"/workflows/{workflow_id}?tab=versions&with=1")
    expect(page.get_by_text("1 changed")).to_be_visible()
    expect(page.get_by_text("/steps/one/value")).to_be_visible()


def test_an_execution_is_run_watched_paused_and_approved(page: Page, client: Timeloom) -> None:
    workflow_id = _applied(client, "refund", _REFUND)
    page.goto(f"/workflows?q={workflow_id}")
    page.get_by_role("button", name=f"Run {workflow_id}").click()
    form = page.get_by_role("dialog", name=f"Run {workflow_id}")
    form.get_by_role("textbox", name="Amount").fill("250")
    form.get_by_role("textbox", name="Order").fill("B8")
    form.get_by_role("button", name="Run", exact=True).click()
    asking = _step(page, "Approval may, waiting")
    expect(asking).to_be_visible()
    expect(_step(page, "Transform fee, succeeded")).to_be_visible()

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect_accessible(page)

    page.get_by_role("link", name="Workflows").click()
    page.get_by_role("link", name="Approvals").click()
    question = page.get_by_role("article", name="Refund B8?")
    question.get_by_label("Decided by").fill("Bob")
    question.get_by_label("Comment").fill("a loyal customer")
    question.get_by_role("button", name="Approve").click()
    expect(question).to_be_hidden()
    (execution,) = client.workflows.executions.list(WorkflowExecutionFilter(workflow_ids=[workflow_id]))
    assert client.workflows.executions.wait(execution.id).output is True

    page.goto(f"/workflows/executions/{execution.id}?step=may")
    expect(_step(page, "Transform result, succeeded")).to_be_visible()
    expect(page.get_by_label("Step may").get_by_text("a loyal customer")).to_be_visible()
    page.get_by_text("Timeline", exact=True).click()
    expect(page.get_by_role("grid", name="Steps along the time")).to_contain_text("result")


def test_a_failed_execution_is_retried_and_forked_from_a_step(page: Page, client: Timeloom) -> None:
    workflow_id = _applied(client, "divide", _DIVIDE)
    failed = client.workflows.execute(workflow_id, {"over": 10, "by": 0}, wait=True)
    page.goto(f"/workflows/executions/{failed.id}")
    _step(page, "Transform quotient, failed").click()
    panel = page.get_by_label("Step quotient", exact=True)
    expect(panel.get_by_text("divide by zero")).to_be_visible()
    panel.get_by_role("button", name="Retry from here").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    expect(page.get_by_text("taken up again 1 times")).to_be_visible()

    _step(page, "Transform keep, succeeded").click()
    page.get_by_role("button", name="Fork from here").click()
    dialog = page.get_by_role("dialog", name="Fork this execution")
    dialog.get_by_role("textbox", name="Input").fill('{"over": 10, "by": 2}')
    dialog.get_by_role("button", name="Fork", exact=True).click()
    expect(page.get_by_text("fork after keep")).to_be_visible()
    expect(_step(page, "Transform quotient, succeeded")).to_be_visible()


def test_executions_are_controlled_together_and_webhooks_show_their_secret(
    page: Page, client: Timeloom
) -> None:
    workflow_id = _applied(client, "many", _REFUND)
    for order in ("A", "B"):
        client.workflows.execute(workflow_id, {"order": order, "amount": 1})
    page.goto(f"/workflows/executions?workflow={workflow_id}")
    expect(page.get_by_role("row", name=re.compile("Running"))).to_have_count(2)
    expect_accessible(page)
    page.get_by_role("button", name="Control all of these").click()
    page.get_by_role("menuitem", name="Cancel").click()
    dialog = page.get_by_role("dialog", name="Cancel all of these executions?")
    expect(dialog.get_by_text("It concerns 2 executions.")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("row", name=re.compile("Cancelled"))).to_have_count(2)

    page.goto(f"/workflows/{workflow_id}?tab=triggers")
    page.get_by_role("button", name=f"Secret of the webhook of {workflow_id}").click()
    page.get_by_role("button", name="Show the secret").click()
    expect(page.get_by_role("button", name="Copy the secret")).to_be_visible()
