"""Two executions side by side, and the search for the first bad step of one."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.helpers.console import expect_accessible
from timeloom import Timeloom

pytestmark = pytest.mark.xdist_group("console")

STEPS = 12
DEAR_FROM = 7


@pytest.fixture(scope="module")
def pair(client: Timeloom) -> tuple[str, str]:
    """A journey within its budget, and one whose hotel is too dear."""
    return _journey(client, "Modest journey", hotel="Ibis"), _journey(client, "Dear journey", hotel="Ritz")


def _journey(client: Timeloom, name: str, *, hotel: str) -> str:
    budget = 1000
    with client.record(agent_id="planner", name=name) as execution:
        for number in range(1, STEPS + 1):
            is_dear = hotel == "Ritz" and number >= DEAR_FROM
            budget -= 300 if is_dear else 10
            state = {"budget": budget, "hotel": hotel if number >= DEAR_FROM else None}
            execution.step(f"day {number}", state)
            if is_dear and number == DEAR_FROM:
                execution.step("upgrade", {**state, "suite": True})
    return execution.id


def _choose(page: Page, label: str, words: str) -> None:
    field = page.get_by_role("combobox", name=label)
    field.fill(words)
    page.get_by_role("option").filter(has_text=words).click()


def _active(page: Page) -> Locator:
    return page.get_by_role("grid", name="Aligned steps").locator("[data-active]")


def test_two_executions_are_chosen_aligned_and_followed_to_where_they_part(
    page: Page, pair: tuple[str, str]
) -> None:
    page.goto("/compare")
    expect(page.get_by_role("heading", name="Choose two executions")).to_be_visible()
    _choose(page, "Left execution", "Modest")
    _choose(page, "Right execution", "Dear")
    expect(page).to_have_url(re.compile(rf"left={pair[0]}&right={pair[1]}"))
    expect(page.get_by_text("6 same · 6 differ · 0 only left · 1 only right")).to_be_visible()
    expect(_active(page)).to_contain_text(f"day {DEAR_FROM}")
    states = page.get_by_role("region", name="States", exact=True)
    expect(states).to_contain_text("/hotel")
    expect(states).to_contain_text("Ritz")
    expect_accessible(page)
    page.get_by_role("grid", name="Aligned steps").focus()
    page.keyboard.press("n")
    expect(_active(page)).to_contain_text("upgrade")
    expect(states).to_contain_text("Only right has")
    expect(states).to_contain_text("/suite")
    page.get_by_role("button", name="Next difference").click()
    expect(_active(page)).to_contain_text(f"day {DEAR_FROM + 1}")
    page.reload()
    expect(_active(page)).to_contain_text(f"day {DEAR_FROM + 1}")
    page.keyboard.press("f")
    expect(_active(page)).to_contain_text(f"day {DEAR_FROM}")
    page.get_by_text("Differences", exact=True).click()
    expect(page.get_by_role("grid", name="Aligned steps").get_by_role("row")).to_have_count(8)
    page.get_by_text("All steps", exact=True).click()
    page.keyboard.press("k")
    expect(states).to_contain_text("The states are the same")


def test_what_is_compared_with_itself_is_the_same(page: Page, pair: tuple[str, str]) -> None:
    page.goto(f"/compare?left={pair[0]}&right={pair[0]}")
    expect(page.get_by_text(f"All {STEPS} steps are the same")).to_be_visible()


def test_the_first_bad_step_is_found_by_a_value(page: Page, pair: tuple[str, str]) -> None:
    page.goto("/compare/bisect")
    ask = page.get_by_role("button", name="Find the first bad step")
    ask.click()
    form = page.get_by_role("form", name="Bisection")
    expect(form.get_by_text("is required")).to_have_count(2)
    _choose(page, "Execution", "Dear journey")
    page.get_by_label("Value at path").fill("/budget")
    page.get_by_role("combobox", name="Condition").click()
    page.get_by_role("option", name="is less than").click()
    page.get_by_role("textbox", name="Value", exact=True).fill("300")
    ask.click()
    # 940 after six days, then 300 less with each; the upgrade is a step of its own.
    expect(page.get_by_role("heading", name="First bad step: 10 · day 9")).to_be_visible()
    asked = page.get_by_role("grid", name="States asked")
    expect(asked.get_by_role("row").filter(has_text="day 12")).to_contain_text("Bad")
    expect(asked.get_by_role("row").filter(has_text="day 8")).to_contain_text("Good")
    expect(page.get_by_role("region", name="What the first bad step changed")).to_contain_text("/budget")
    expect_accessible(page)
    page.get_by_role("link", name="Open step 10").click()
    expect(page).to_have_url(re.compile(rf"/executions/{pair[1]}\?at=10"))


def test_what_is_wrong_with_an_expression_is_said_at_its_field(page: Page, pair: tuple[str, str]) -> None:
    page.goto(f"/compare/bisect?execution={pair[1]}&expression=state.(")
    expression = page.get_by_role("textbox", name="CEL expression")
    expect(expression).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("does not compile: line 1, column 7")).to_be_visible()
    expression.fill("state.budget < -5000")
    expression.press("Tab")
    page.get_by_role("button", name="Find the first bad step").click()
    expect(page.get_by_role("heading", name="The last state is not bad")).to_be_visible()


def test_the_first_bad_step_is_found_beside_a_good_execution(page: Page, pair: tuple[str, str]) -> None:
    page.goto(f"/compare?left={pair[0]}&right={pair[1]}")
    page.get_by_role("button", name="Bisect").click()
    page.get_by_role("button", name="Find the first bad step").click()
    expect(page.get_by_role("heading", name=f"First bad step: {DEAR_FROM} · day {DEAR_FROM}")).to_be_visible()
