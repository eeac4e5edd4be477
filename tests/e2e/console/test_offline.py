"""The console without a network: what was loaded is there, and what is changed is sent once, in order."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from tests.e2e.console.test_workspace import column
from timeloom import Timeloom
from timeloom.records import TaskStatus

pytestmark = [pytest.mark.xdist_group("console-too"), pytest.mark.timeout(240)]

_CONTROLLED = """() => new Promise((resolve) => {
  const workers = navigator.serviceWorker;
  if (workers.controller) resolve();
  else workers.addEventListener("controllerchange", () => resolve(), { once: true });
})"""


@pytest.fixture
def service_workers() -> Literal["allow", "block"]:
    """These pages are opened without a network."""
    return "allow"


def titles_of(sent: list[dict[str, Any]]) -> list[str]:
    return [each["value"].get("title") or each["value"]["status"] for each in sent]


def add_task(page: Page, title: str) -> None:
    page.get_by_role("button", name="New task").click()
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Create task").click()
    expect(page.get_by_role("button", name=title)).to_be_visible()


def record(context: BrowserContext) -> list[dict[str, Any]]:
    """The mutations that pages send from now on, in their order."""
    sent: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.url.endswith("/api/sync/mutations"):
            sent.extend(json.loads(request.post_data or "{}")["mutations"])

    context.on("request", note)
    return sent


def test_tasks_are_changed_without_a_network_and_sent_once(page: Page, client: Timeloom) -> None:
    context = page.context
    page.goto("/workspace/tasks")
    expect(page.get_by_role("heading", name="No tasks yet")).to_be_visible()
    page.evaluate(_CONTROLLED)

    context.set_offline(True)
    for title in ("first", "second"):
        add_task(page, title)
    page.reload()
    expect(page.get_by_role("button", name="Sync: Offline, 2 changes wait")).to_be_visible()
    other = context.new_page()
    other.goto("/workspace/tasks")
    other.get_by_role("button", name="first").focus()
    for key in ("Space", "ArrowRight", "Space"):
        other.keyboard.press(key)
    expect(column(page, "In progress").get_by_role("button", name="first")).to_be_visible()
    add_task(page, "third")
    expect(other.get_by_role("button", name="third")).to_be_visible()
    assert list(client.tasks.list()) == []

    sent = record(context)
    context.set_offline(False)
    for each in (page, other):
        expect(each.get_by_role("button", name="Sync: Everything is sent")).to_be_visible()
        expect(each.get_by_text("Not sent yet")).to_have_count(0)
    assert titles_of(sent) == ["first", "second", "IN_PROGRESS", "third"]
    assert sorted(each["clock"] for each in sent) == [each["clock"] for each in sent]
    tasks = {task.title: task.status for task in client.tasks.list()}
    assert tasks == {
        "first": TaskStatus.IN_PROGRESS,
        "second": TaskStatus.PENDING,
        "third": TaskStatus.PENDING,
    }
    other.close()


def test_an_answer_that_is_lost_changes_nothing(page: Page, client: Timeloom) -> None:
    page.goto("/workspace/tasks")
    sent = record(page.context)
    page.context.route("**/api/sync/mutations", lose_first(), times=2)
    expect(page.get_by_role("button", name="New task")).to_be_enabled()
    add_task(page, "only once")
    expect(page.get_by_role("button", name="Sync: Everything is sent")).to_be_visible()
    assert [each["id"] for each in sent] == [sent[0]["id"]] * 2
    assert [task.title for task in client.tasks.list(query="only once")] == ["only once"]


def lose_first() -> Callable[[Route], None]:
    """The server gets the first request, and its answer never arrives."""
    is_lost = False

    def handle(route: Route) -> None:
        nonlocal is_lost
        if is_lost:
            route.continue_()
            return
        is_lost = True
        route.fetch()
        route.abort()

    return handle


def wait_until_kept(page: Page) -> None:
    page.get_by_role("button", name="Sync:").click()
    expect(page.get_by_role("dialog", name="Sync").get_by_text("All that was loaded")).to_be_visible()
    page.keyboard.press("Escape")


def test_executions_that_were_loaded_are_there_without_a_network(page: Page, client: Timeloom) -> None:
    with client.record(agent_id="planner", name="Plan a trip") as execution:
        execution.step("plan", {"city": "Lisbon"})
        execution.step("book", {"city": "Lisbon", "hotel": "Mar"})
    path = f"/executions/{execution.id}"
    page.goto("/executions")
    expect(page.get_by_text("Plan a trip").first).to_be_visible()
    wait_until_kept(page)
    page.goto(path)
    expect(page.get_by_text("Lisbon").first).to_be_visible()
    page.evaluate(_CONTROLLED)
    wait_until_kept(page)

    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("button", name="Sync: Offline")).to_be_visible()
    expect(page.get_by_text("Lisbon").first).to_be_visible()
    page.goto("/executions")
    expect(page.get_by_text("Plan a trip").first).to_be_visible()
    page.context.set_offline(False)
    page.get_by_role("button", name="Session").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to Timeloom")).to_be_visible()
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_text("Timeloom cannot be reached.")).to_be_visible()
    expect(page.get_by_text("Plan a trip")).to_have_count(0)
