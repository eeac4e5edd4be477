"""Travel through an execution in the browser: step, play, stop, compare, fork, roll back, export, follow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.helpers.console import expect_accessible
from timeloom import Timeloom
from timeloom.replay import effect
from timeloom.resources import EffectKind, SnapshotKind

pytestmark = pytest.mark.xdist_group("console")

_PARTS = 6
_FAILED_STEP = _PARTS + 3
_LAST_STEP = _PARTS + 4


@effect(kind=EffectKind.LLM, name="oracle")
def _ask(prompt: str) -> dict[str, Any]:
    return {"content": f"By the river: {prompt}", "usage": {"input_tokens": 812, "output_tokens": 240}}


@effect(kind=EffectKind.TOOL, name="book_hotel")
def _book(part: int) -> str:
    return f"booked {part}"


@pytest.fixture(scope="module")
def trip(client: Timeloom) -> str:
    """A recorded agent: begin, plan, six bookings, a step that fails, a repair."""
    with client.record(agent_id="planner", name="Weekend in Lisbon", tags=["demo"]) as execution:
        state: dict[str, Any] = {"city": "Lisbon", "budget": {"total": 700, "spent": 0}, "notes": []}
        execution.step("begin", state)
        state["plan"] = _ask("Lisbon")["content"]
        execution.step("plan", state)
        for part in range(_PARTS):
            state["notes"].append(_book(part))
            state["budget"]["spent"] += 100
            execution.step("book", state)
        execution.step("check", {**state, "warning": "over budget"}, kind=SnapshotKind.ERROR_STATE)
        execution.step("repair", state)
    return execution.id


def _open(page: Page, execution_id: str, search: str = "") -> None:
    page.goto(f"/executions/{execution_id}{search}")
    expect(page.get_by_role("slider", name="Step")).to_be_visible()


def _stands_on(page: Page, sequence: int) -> None:
    """Waits until the slider and the state are there."""
    expect(page.get_by_role("slider", name="Step")).to_have_attribute("aria-valuenow", str(sequence))
    expect(page.get_by_role("tree", name=f"State after step {sequence}", exact=True)).to_be_visible()


def _row(page: Page, name: str) -> Locator:
    return page.get_by_role("treeitem", name=re.compile(rf"\b{name}:"))


def test_steps_and_plays_by_keyboard(page: Page, trip: str) -> None:
    _open(page, trip, "?at=2")
    _stands_on(page, 2)
    page.keyboard.press("ArrowRight")
    _stands_on(page, 3)
    expect(_row(page, "spent")).to_contain_text("100")
    expect(_row(page, "spent")).to_have_attribute("data-mark", "CHANGED")
    page.keyboard.press("]")
    _stands_on(page, _FAILED_STEP)
    expect(_row(page, "warning")).to_have_attribute("data-mark", "ADDED")
    page.keyboard.press("Home")
    _stands_on(page, 1)
    page.keyboard.press("Space")
    _stands_on(page, _LAST_STEP)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.get_by_role("button", name="Step back").click()
    _stands_on(page, _FAILED_STEP)
    # The address leads others to the same place.
    expect(page).to_have_url(re.compile(rf"at={_FAILED_STEP}\b"))
    page.reload()
    _stands_on(page, _FAILED_STEP)
    page.get_by_role("listbox", name="Steps").press("ArrowUp")
    _stands_on(page, _FAILED_STEP - 1)


def test_a_playback_stops_at_breakpoints(page: Page, trip: str) -> None:
    _open(page, trip, "?at=1")
    _stands_on(page, 1)
    page.keyboard.press("b")
    page.get_by_role("combobox", name="Kind of breakpoint").click()
    page.get_by_role("option", name="CEL expression").click()
    condition = page.get_by_role("textbox", name="What to stop at")
    condition.fill("state.budget.spent >")
    condition.press("Enter")
    wrong = page.get_by_role("button", name="Remove CEL expression: state.budget.spent >", exact=True)
    refused = page.get_by_role("checkbox", name="state.budget.spent >")
    expect(refused).to_have_accessible_description(re.compile("does not compile"))
    wrong.click()
    condition.fill("state.budget.spent == 200")
    condition.press("Enter")
    expect(page.get_by_text("1 step", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_text("Stopped at a breakpoint")).to_be_visible()
    _stands_on(page, 4)


def test_shows_what_differs(page: Page, trip: str) -> None:
    _open(page, trip, f"?at={_LAST_STEP}&view=diff")
    region = page.get_by_role(
        "region", name=f"What differs between step {_LAST_STEP - 1} and step {_LAST_STEP}"
    )
    expect(region.get_by_role("button", name="/warning")).to_be_visible()
    page.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name="Step", exact=True).click()
    other = page.get_by_role("textbox", name="Step to compare with")
    other.fill("2")
    region = page.get_by_role("region", name=f"What differs between step 2 and step {_LAST_STEP}")
    expect(region.get_by_role("button", name="/budget/spent")).to_be_visible()
    expect(page).to_have_url(re.compile(r"from=2\b"))
    expect_accessible(page)


def test_tells_how_a_value_came_to_be(page: Page, trip: str) -> None:
    _open(page, trip)
    _stands_on(page, _LAST_STEP)
    _row(page, "spent").click()
    page.get_by_role("button", name="History of this value").click()
    changes = page.get_by_role("list", name="Changes of the value")
    expect(changes.get_by_role("button")).to_have_count(_PARTS + 1)
    expect(page.get_by_role("img", name="/budget/spent: 7 values from 0 to 600")).to_be_visible()
    changes.get_by_role("button", name="300").click()
    _stands_on(page, 5)
    page.get_by_role("tab", name="Effects").click()
    expect(page.get_by_role("region", name="Effects of step 5")).to_contain_text("book_hotel")


def test_forks_with_another_value_and_rolls_back(page: Page, client: Timeloom, trip: str) -> None:
    _open(page, trip, f"?at=5&path={quote('/budget/total')}")
    _stands_on(page, 5)
    page.get_by_role("button", name="Fork with another value").click()
    dialog = page.get_by_role("dialog", name="Fork at step 5")
    dialog.get_by_label("Name").fill("Cheaper hotel")
    value = dialog.get_by_label("Value, as JSON")
    value.fill("{")
    dialog.get_by_role("button", name="Fork", exact=True).click()
    expect(dialog.get_by_text("No JSON")).to_be_visible()
    value.fill("400")
    dialog.get_by_role("button", name="Fork", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Cheaper hotel")).to_be_visible()
    expect(_row(page, "total")).to_contain_text("400")
    page.get_by_role("option", name=re.compile("plan")).click()
    page.get_by_role("button", name="Roll back here").click()
    confirm = page.get_by_role("dialog", name="Roll back to step 2?")
    expect(confirm.get_by_text("3 effects are not undone")).to_be_visible()
    confirm.get_by_label("Reason").fill("too dear")
    confirm.get_by_role("button", name="Roll back", exact=True).click()
    expect(page.get_by_text("The head is step 2. 3 effects are not undone.")).to_be_visible()
    expect(page.get_by_role("option", name=re.compile("left behind by a rollback"))).to_have_count(4)
    fork_id = page.url.split("/executions/")[1].split("?")[0]
    assert client.executions.get(fork_id).head_sequence == 2
    assert client.executions.get(trip).head_sequence == _LAST_STEP


def test_tags_exports_and_deletes(page: Page, client: Timeloom, tmp_path: Path) -> None:
    with client.record(agent_id="clerk", name="Short") as execution:
        execution.step("only", {"done": True})
    _open(page, execution.id)
    page.get_by_role("button", name="Add a tag").click()
    tag = page.get_by_role("textbox", name="New tag")
    tag.fill("kept")
    tag.press("Enter")
    expect(page.get_by_role("group", name="Tags")).to_contain_text("kept")
    page.get_by_role("button", name="More", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Export").click()
    file = tmp_path / "exported"
    download.value.save_as(file)
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Delete").click()
    confirm = page.get_by_role("dialog", name="Delete this execution?")
    confirm.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Executions")).to_be_visible()
    assert client.executions.import_(file).name == "Short"


def test_follows_a_running_execution(page: Page, client: Timeloom) -> None:
    with client.record(agent_id="runner", name="Still running") as execution:
        execution.step("one", {"count": 1})
        _open(page, execution.id)
        _stands_on(page, 1)
        execution.step("two", {"count": 2})
        _stands_on(page, 2)
        expect(_row(page, "count")).to_contain_text("2")
        page.get_by_role("button", name="Live", exact=True).click()
        execution.step("three", {"count": 3})
        expect(page.get_by_role("option", name=re.compile("three"))).to_be_visible()
        _stands_on(page, 2)
        page.get_by_role("button", name="Paused", exact=True).click()
        _stands_on(page, 3)
    expect(page.get_by_text("Succeeded")).to_be_visible()
    expect(page.get_by_role("button", name="Live", exact=True)).to_have_count(0)


def test_says_why_an_execution_failed(page: Page, client: Timeloom) -> None:
    def fail() -> None:
        with client.record(agent_id="clerk", name="Failed") as execution:
            failed.append(execution.id)
            execution.step("begin", {"tries": 1})
            raise ValueError("The gate is closed")

    failed: list[str] = []
    with pytest.raises(ValueError, match="gate"):
        fail()
    _open(page, failed[0])
    why = page.get_by_role("region", name="ValueError")
    expect(why).to_contain_text("The gate is closed")
    why.get_by_role("button", name="Show the stack").click()
    expect(why).to_contain_text("test_execution.py")
    page.goto("/executions/00000000-0000-7000-8000-000000000000")
    expect(page.get_by_role("alert")).to_contain_text("This is not there")
