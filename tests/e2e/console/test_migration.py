"""The migration screens: an export is proven, planned, decided, written, verified, taken back in the page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.helpers.console import expect_accessible
from timeloom import Timeloom
from timeloom.exports import Export, ExportSource

pytestmark = [pytest.mark.xdist_group("console-too"), pytest.mark.timeout(240)]

_TASK_ID = "5f3c7a52-0000-4000-8000-000000000001"


@pytest.fixture
def export_file(tmp_path: Path) -> Path:
    """What an app kept: two tasks, an environment with a token in clear, and something that nobody knows."""
    tasks = [
        {"id": _TASK_ID, "title": "Fix the login", "status": "IN_PROGRESS", "messages": []},
        {"id": "local-2", "title": "Water the plants", "status": "DONE", "messages": []},
    ]
    environment = {"id": "env-1", "name": "kitchen", "githubToken": "ghp_" + "x" * 36}
    kept: dict[str, Any] = {
        "task-store": {"state": {"tasks": tasks}, "version": 2},
        "environments": [environment],
        "mystery": {"of": "the house"},
    }
    file = tmp_path / "export.json"
    source = ExportSource(origin="https://desk.example", app="desk", user_id="ann")
    records = [("localStorage", key, json.dumps(value)) for key, value in kept.items()]
    file.write_bytes(Export.of(records, source=source).dumps())
    return file


def test_an_export_is_brought_over_and_taken_back(page: Page, client: Timeloom, export_file: Path) -> None:
    client.tasks.create("Fix the log-in page", task_id=_TASK_ID, user_id="ann")
    page.goto("/migrations")
    page.get_by_role("link", name="New migration").first.click()
    page.locator("input[type=file]").set_input_files(export_file)
    expect(page.get_by_role("heading", name="3 records")).to_be_visible()
    expect(page.get_by_text("Every record has the hash")).to_be_visible()
    page.get_by_role("combobox", name="What is there already").click()
    page.get_by_role("option", name="Ask me for each").click()
    expect_accessible(page)
    page.get_by_role("button", name="Upload and plan").click()

    expect(page.get_by_text("Nothing has been changed yet.")).to_be_visible()
    page.get_by_role("tab", name="Plan").click()
    expect(page.get_by_text("mystery").first).to_be_visible()
    assert "ghp_" not in page.content()
    expect_accessible(page)
    page.get_by_role("button", name="Start").click()

    conflict = page.get_by_role("region", name=re.compile("Fix|Tasks"))
    page.get_by_role("tab", name="Conflicts").click()
    expect(conflict.get_by_text("Fix the log-in page")).to_be_visible()
    expect_accessible(page)
    conflict.get_by_role("button", name="Take the migrated one").click()
    verify = page.get_by_role("button", name="Verify")
    expect(verify).to_be_visible()
    assert client.tasks.get(_TASK_ID).title == "Fix the login"
    titles = sorted(task.title for task in client.tasks.list(user_id="ann"))
    assert titles == ["Fix the login", "Water the plants"]

    verify.click()
    expect(page.get_by_text("Everything is as it was meant")).to_be_visible()
    page.get_by_role("button", name="Roll back").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("What was there before the migration is there again.")).to_be_visible()
    assert [task.title for task in client.tasks.list(user_id="ann")] == ["Fix the log-in page"]


def test_a_damaged_export_is_refused_with_the_place(page: Page, export_file: Path) -> None:
    document = json.loads(export_file.read_text(encoding="utf-8"))
    document["records"][1]["value"] = "[]"
    export_file.write_text(json.dumps(document), encoding="utf-8")
    page.goto("/migrations/new")
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(export_file)
    damage = page.get_by_role("alert").filter(has_text="This export is damaged")
    expect(damage.get_by_text("was changed after it was exported")).to_be_visible()
    expect(page.get_by_role("button", name="Upload and plan")).to_be_hidden()
    page.get_by_role("button", name="Choose another").click()
    export_file.write_text("no json", encoding="utf-8")
    chooser.set_input_files(export_file)
    expect(page.get_by_role("alert").get_by_text("This is no JSON")).to_be_visible()


def test_what_this_browser_keeps_is_found(page: Page) -> None:
    page.goto("/migrations/new")
    page.evaluate("() => localStorage.setItem('task-store', JSON.stringify({state: {tasks: []}}))")
    page.get_by_text("This browser", exact=True).click()
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_role("heading", name="1 record,")).to_be_visible()
    expect(page.get_by_role("cell", name="task-store")).to_be_visible()
    expect(page.get_by_text("timeloom-session")).to_have_count(0)
