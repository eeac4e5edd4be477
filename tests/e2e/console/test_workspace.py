"""The workspace: tasks on a board, environments, and what met somebody else's change."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.helpers.console import expect_accessible
from timeloom import Timeloom
from timeloom.mutations import MutationQueue, SyncConflictStatus
from timeloom.records import TaskStatus

pytestmark = [pytest.mark.xdist_group("console-too"), pytest.mark.timeout(240)]


def column(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name=name, exact=True)


def test_a_task_is_made_moved_and_put_away(page: Page, client: Timeloom) -> None:
    other = client.tasks.create("Write the release notes", tags=["docs"])
    page.goto("/workspace/tasks")
    expect(column(page, "Pending").get_by_role("button", name=other.title)).to_be_visible()

    page.keyboard.press("c")
    drawer = page.get_by_role("dialog", name="New task")
    drawer.get_by_role("button", name="Create task").click()
    expect(drawer.get_by_text("is required")).to_be_visible()
    drawer.get_by_label("Title").fill("Fix the login")
    drawer.get_by_label("Add a message").fill("It asks twice.")
    expect_accessible(page)
    drawer.get_by_role("button", name="Create task").click()

    card = page.get_by_role("button", name="Fix the login")
    card.focus()
    for key in ("Space", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect(column(page, "In progress").get_by_role("button", name="Fix the login")).to_be_visible()
    expect(page.get_by_text("Fix the login is moved to In progress.")).to_be_attached()
    card.drag_to(page.locator("[data-status=COMPLETED]"))
    expect(column(page, "Completed").get_by_role("button", name="Fix the login")).to_be_visible()
    expect(page.get_by_text("Not sent yet")).to_have_count(0)
    expect_accessible(page)
    (task,) = client.tasks.list(query="login asks")
    assert (task.title, task.status) == ("Fix the login", TaskStatus.COMPLETED)

    page.get_by_role("searchbox", name="Search tasks").fill("docs")
    expect(card).to_have_count(0)
    expect(page.get_by_role("button", name=other.title)).to_be_visible()
    page.get_by_role("searchbox", name="Search tasks").fill("")
    card.click()
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(card).to_have_count(0)
    page.get_by_text("Archived", exact=True).click()
    card.click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete task").click()
    expect(card).to_have_count(0)
    expect(page.get_by_role("button", name="Sync: Everything is sent")).to_be_visible()
    assert [each.title for each in client.tasks.list()] == [other.title]


def test_an_environment_keeps_its_secrets_to_itself(page: Page, client: Timeloom) -> None:
    page.goto("/workspace/environments")
    page.get_by_role("button", name="New environment").click()
    drawer = page.get_by_role("dialog", name="New environment")
    drawer.get_by_role("textbox", name="Name", exact=True).fill("staging")
    drawer.get_by_role("button", name="Add a variable").click()
    drawer.get_by_label("Name of variable 1").fill("PORT")
    drawer.get_by_label("Value of PORT").fill("8080")
    drawer.get_by_role("button", name="Create environment").click()
    page.get_by_role("button", name="staging").click()
    expect(page.get_by_role("button", name="Sync: Everything is sent")).to_be_attached()

    drawer = page.get_by_role("dialog", name="Environment")
    drawer.get_by_label("Name of the secret").fill("GITHUB_TOKEN")
    drawer.get_by_label("Value", exact=True).fill("ghp_not-a-real-one")
    drawer.get_by_role("button", name="Seal").click()
    expect(drawer.get_by_text("GITHUB_TOKEN", exact=True)).to_be_visible()
    expect(drawer.get_by_label("Value", exact=True)).to_have_value("")
    expect_accessible(page)
    (environment,) = client.environments.list()
    assert (environment.variables, environment.secret_names) == ({"PORT": "8080"}, ("GITHUB_TOKEN",))


def test_a_conflict_is_decided_field_by_field(page: Page, client: Timeloom) -> None:
    page.goto("/workspace/conflicts")
    expect(page.get_by_role("heading", name="Nothing to decide")).to_be_visible()
    laptop, phone = MutationQueue("laptop"), MutationQueue("phone")
    kitchen = laptop.insert("environments", {"name": "kitchen"})
    (made,) = client.sync.send(laptop)
    theirs = {"description": "warm", "githubRepository": "app"}
    mine = {"description": "cold", "githubRepository": "shop"}
    laptop.update("environments", kitchen.record_id, theirs, base_clock=made.clock)
    client.sync.send(laptop)
    phone.update("environments", kitchen.record_id, mine, base_clock=made.clock)
    (met,) = client.sync.send(phone)

    card = page.get_by_role("article", name="Conflict of kitchen")
    expect(card.get_by_label("description: mine")).to_be_checked()
    expect_accessible(page)
    card.get_by_label("githubRepository: theirs").check()
    card.get_by_role("button", name="Take what is chosen").click()
    expect(page.get_by_role("heading", name="Nothing to decide")).to_be_visible()
    assert client.sync.conflict(met.conflict_id).status is SyncConflictStatus.RESOLVED
    decided = client.environments.get(kitchen.record_id)
    assert (decided.description, decided.github_repository) == ("cold", "app")


def test_a_rejected_change_is_mended(page: Page, client: Timeloom) -> None:
    laptop = MutationQueue("laptop")
    task = laptop.insert("tasks", {"title": ""})
    client.sync.send(laptop)
    page.goto("/workspace/conflicts?show=rejected")
    card = page.get_by_role("article", name=re.compile("Rejected change"))
    expect(card.get_by_text("title: is required")).to_be_visible()
    editor = card.get_by_role("textbox")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('{"title": "Feed the cat"}')
    expect_accessible(page)
    card.get_by_role("button", name="Apply again").click()
    expect(page.get_by_role("heading", name="Nothing was rejected")).to_be_visible()
    assert client.tasks.get(task.record_id).title == "Feed the cat"
