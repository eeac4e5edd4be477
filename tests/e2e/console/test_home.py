"""Home and settings: what is seen first, and the keys by which programs come in."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running_stack import RunningStack
from tests.helpers.console import expect_accessible
from timeloom import Timeloom
from timeloom.resources import ExecutionFailure, ExecutionStatus

pytestmark = pytest.mark.xdist_group("console-too")


def test_the_first_lines_have_a_key_that_works(page: Page, project: RunningStack) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Record your first agent")).to_be_visible()
    page.get_by_role("button", name="Create a key for them").click()
    expect(page.get_by_text("It is shown only now")).to_be_visible()
    expect_accessible(page)
    page.get_by_role("tab", name="curl").click()
    lines = page.get_by_label("Lines for curl", exact=True).inner_text()
    key = lines.split("Bearer ")[1].split('"')[0]
    answer = httpx.post(
        f"{project.http_url}/api/agent-executions",
        headers={"Authorization": f"Bearer {key}"},
        json={"agentId": "researcher", "name": "first try"},
        trust_env=False,
    )
    assert answer.is_success, answer.text
    expect(page.get_by_role("region", name="Running").get_by_role("link", name="first try")).to_be_visible()


def test_home_shows_what_fails(page: Page, client: Timeloom) -> None:
    page.goto("/")
    failed = client.executions.create(agent_id="clumsy", name="fell over")
    failure = ExecutionFailure(type="StumbleError", message="A shoelace was loose.")
    client.executions.complete(failed.id, status=ExecutionStatus.FAILED, error=failure)
    shown = page.get_by_role("region", name="Failed lately")
    expect(shown.get_by_text("StumbleError: A shoelace was loose.")).to_be_visible()
    shown.get_by_role("link", name="fell over").click()
    expect(page).to_have_url(f"/executions/{failed.id}")


def test_a_key_is_created_rotated_and_revoked(page: Page) -> None:
    page.goto("/settings")
    page.get_by_role("button", name="Create a key").click()
    page.get_by_label("Name").fill("laptop of Ada")
    page.get_by_role("button", name="Create it").click()
    secret = page.get_by_label("Secret of the key")
    expect(secret).to_contain_text("tl_")
    first = secret.inner_text()
    page.get_by_role("button", name="I have kept it").click()
    page.get_by_role("button", name="Actions for laptop of Ada").click()
    page.get_by_role("menuitem", name="Rotate").click()
    page.get_by_role("button", name="Rotate it").click()
    expect(secret).to_contain_text("tl_")
    assert secret.inner_text() != first
    page.get_by_role("button", name="I have kept it").click()
    page.get_by_role("button", name="Actions for laptop of Ada").click()
    page.get_by_role("menuitem", name="Revoke").click()
    page.get_by_role("button", name="Revoke it").click()
    expect(page.get_by_role("row", name="laptop of Ada").get_by_text("Revoked").first).to_be_visible()
    expect_accessible(page)


def test_settings_are_told_and_changed(page: Page) -> None:
    page.goto("/settings?tab=retention")
    page.get_by_label("Keep events for").fill("36000")
    page.get_by_role("region", name="Telemetry").get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("tab", name="Prices").click()
    page.get_by_role("textbox", name="Model", exact=False).first.fill("house-model")
    page.get_by_label("Input").fill("2")
    page.get_by_label("Output").fill("4")
    page.get_by_role("button", name="Add the price").click()
    expect(page.get_by_role("row", name="house-model")).to_contain_text("$2.00")
    page.get_by_role("tab", name="Health").click()
    expect(page.get_by_text("All of them answer")).to_be_visible()
    page.get_by_role("tab", name="This browser").click()
    expect(page.get_by_role("region", name="WebAssembly").get_by_text("ready in").first).to_be_visible()
    expect_accessible(page)
