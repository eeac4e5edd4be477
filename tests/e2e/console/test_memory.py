"""What agents remember, in the browser: found, changed, mapped, shared, put into contexts, looked after."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from timeloom import Timeloom
from timeloom.memories import Memory, MemoryFilter, NewMemory

pytestmark = [pytest.mark.xdist_group("console"), pytest.mark.timeout(180)]


@pytest.fixture
def service_workers() -> Literal["allow", "block"]:
    """One of these pages is opened without a network."""
    return "allow"


_DIARY = (
    "Ann drinks green tea in the morning.",
    "Ann drinks black tea in the afternoon.",
    "Bob wants his coffee without milk.",
    "The kettle of the kitchen was repaired.",
    "The nightly backup of the database failed.",
    "The database was restored from a backup.",
    "A backup takes four hours since the database grew.",
    "The index of the database was built anew.",
)


@pytest.fixture(scope="module", autouse=True)
def diary(client: Timeloom) -> None:
    """Memories with vectors, about two different things."""
    new = [NewMemory(content=content, session_id="diary") for content in _DIARY]
    assert client.memory.add_many(new, namespace="project/diary") == len(_DIARY)


def _row(page: Page, content: str) -> Locator:
    return page.get_by_role("row").filter(has_text=content)


def _detail(page: Page) -> Locator:
    return page.get_by_role("region", name="Memory", exact=True)


def _only(client: Timeloom, namespace: str, *, filter: MemoryFilter | None = None) -> Memory:  # noqa: A002
    (memory,) = client.memory.list(namespaces=[namespace], filter=filter)
    return memory


def test_a_memory_is_made_changed_and_its_history_tells_of_it(page: Page, client: Timeloom) -> None:
    page.goto("/memory?namespace=project%2Fcafe")
    page.get_by_role("button", name="New memory").first.click()
    form = page.get_by_role("dialog", name="New memory")
    form.get_by_role("button", name="Remember").click()
    expect(form.get_by_text("A memory needs a content.")).to_be_visible()
    form.get_by_label("Content").fill("Lunch is at noon.")
    form.get_by_label("Key").fill("lunch")
    form.get_by_role("button", name="Remember").click()
    detail = _detail(page)
    expect(detail.get_by_text("Lunch is at noon.")).to_be_visible()
    expect(_row(page, "Lunch is at noon.")).to_be_visible()
    page.keyboard.press("e")
    form = page.get_by_role("dialog", name="Edit the memory")
    form.get_by_label("Content").fill("Lunch is at one.")
    form.get_by_label("Reason").fill("it moved")
    form.get_by_role("button", name="Save").click()
    detail.get_by_role("tab", name="History").click()
    versions = detail.get_by_role("list", name="Versions").get_by_role("listitem")
    expect(versions).to_have_count(2)
    expect(versions.first).to_contain_text("Reason: it moved")
    expect(versions.first.locator("del")).to_have_text("noon")
    expect(versions.first.locator("ins")).to_have_text("one")
    detail.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(detail.get_by_text("Deleted", exact=True).first).to_be_visible()
    detail.get_by_role("button", name="Restore").click()
    expect(detail.get_by_role("button", name="Edit")).to_be_visible()
    assert _only(client, "project/cafe").content == "Lunch is at one."


def test_a_search_says_what_its_scores_are_made_of(page: Page) -> None:
    page.goto("/memory?namespace=project%2Fdiary")
    expect(_row(page, "Ann drinks green tea")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("who drinks green tea?")
    found = page.get_by_role("grid", name="Found memories")
    best = found.get_by_role("row").nth(1)
    expect(best).to_contain_text("Ann drinks green tea")
    expect(best.get_by_role("img")).to_have_accessible_name(
        re.compile(r"^Score 0\.\d+: meaning 0\.\d+ \+ words")
    )
    best.click()
    score = page.get_by_role("table", name="How the score came to be")
    expect(score.get_by_role("row", name=re.compile("^Meaning how close"))).to_be_visible()
    expect(score.get_by_role("row", name=re.compile("^Importance"))).to_contain_text(
        "\N{MULTIPLICATION SIGN}"
    )
    expect(page).to_have_url(re.compile("memory=.+"))


def test_the_map_is_laid_out_and_a_lasso_chooses_from_it(page: Page, client: Timeloom) -> None:
    page.goto("/memory/map?namespace=project%2Fdiary")
    canvas = page.get_by_role("img", name=re.compile("^Map of 8 memories"))
    box = canvas.bounding_box()
    assert box is not None
    corners = [(0.6, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.01)]
    for step, (across, down) in enumerate(corners):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        if step == 0:
            page.mouse.down()
    page.mouse.up()
    chosen = page.get_by_role("region", name="Chosen memories")
    expect(chosen.get_by_role("link")).to_have_count(len(_DIARY))
    page.get_by_role("button", name="Add tags").click()
    page.get_by_role("dialog").get_by_role("combobox").fill("diary")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Add tags").click()
    expect(page.get_by_text("8 memories have the tags.")).to_be_visible()
    tagged = client.memory.list(namespaces=["project/diary"], filter=MemoryFilter(tags=["diary"]))
    assert len(list(tagged)) == len(_DIARY)
    page.get_by_role("button", name="Show as a table").click()
    expect(_row(page, "Bob wants his coffee")).to_be_visible()


def test_a_namespace_is_shared_and_the_grant_revoked(page: Page, client: Timeloom) -> None:
    page.goto("/memory/sharing")
    form = page.get_by_role("form", name="Share a namespace")
    form.get_by_label("Namespace").fill("agent/researcher")
    form.get_by_label("With").fill("nobody")
    form.get_by_role("button", name="Share").click()
    expect(form.get_by_label("With")).to_have_attribute("aria-invalid", "true")
    form.get_by_label("With").fill("agent/writer")
    form.get_by_role("button", name="Share").click()
    grants = page.get_by_role("table", name="Grants")
    expect(grants.get_by_role("row").filter(has_text="agent/writer")).to_contain_text("agent/researcher")
    assert [grant.principal for grant in client.memory.grants()] == ["agent/writer"]
    grants.get_by_role("button", name="Revoke agent/researcher from agent/writer").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("heading", name="Nothing is shared")).to_be_visible()
    assert list(client.memory.grants()) == []


def test_a_context_keeps_its_budget_and_says_what_it_leaves_out(page: Page) -> None:
    page.goto("/memory/context?namespace=project%2Fdiary&tokens=50")
    page.get_by_role("searchbox", name="Query").fill("what happened to the backup of the database?")
    text = page.get_by_role("region", name="Context", exact=True)
    expect(text).to_contain_text("backup")
    used = re.match(r"\d+", text.get_by_role("status").inner_text())
    assert used is not None
    assert 0 < int(used.group()) <= 50
    left_out = page.get_by_role("region", name=re.compile("^Left out"))
    expect(left_out).to_contain_text("Left out: ")
    budget = page.get_by_role("slider", name="Token budget")
    budget.press("End")
    expect(page).to_have_url(re.compile("tokens=8000"))
    expect(text.get_by_role("status")).to_contain_text("of 8000 tokens")


def test_what_is_archived_can_be_taken_out_again(page: Page, client: Timeloom) -> None:
    client.memory.add("The old printer needs toner.", namespace="project/attic", tags=["old"])
    page.goto("/memory/upkeep?namespace=project%2Fattic&tab=archive")
    tags = page.get_by_role("combobox", name="All of these tags")
    tags.fill("old")
    tags.press("Enter")
    page.get_by_role("button", name="Show what that is").click()
    expect(page.get_by_role("region", name="What would be archived")).to_contain_text("The old printer")
    page.get_by_role("button", name="Archive them").click()
    page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    archive = page.get_by_role("region", name="Archive", exact=True)
    archive.get_by_role("checkbox", name="Choose The old printer needs toner.").check()
    assert list(client.memory.list(namespaces=["project/attic"])) == []
    archive.get_by_role("button", name="Take out of the archive").click()
    expect(page.get_by_text("Nothing of project/attic is archived.")).to_be_visible()
    assert not _only(client, "project/attic").archived


def test_an_optimisation_is_planned_run_and_its_merge_undone(page: Page, client: Timeloom) -> None:
    twice = [NewMemory(content="Tea is at four."), NewMemory(content="Tea is at four.")]
    client.memory.add_many(twice, namespace="project/times")
    page.goto("/memory/upkeep?namespace=project%2Ftimes")
    for task in ("Archive", "Clusters", "Summaries"):
        page.get_by_role("checkbox", name=re.compile(f"^{task}")).uncheck()
    page.get_by_role("button", name="Show the plan").click()
    plan = page.get_by_role("region", name="Plan")
    expect(plan).to_contain_text("which would be proposed to be merged")
    expect(plan.get_by_role("link", name="Tea is at four.")).to_have_count(2)
    assert list(client.memory.proposals("project/times")) == []
    plan.get_by_role("button", name="Run this plan").click()
    page.get_by_role("dialog").get_by_role("button", name="Run").click()
    expect(page.get_by_role("region", name="What was done")).to_be_visible()
    page.get_by_text("Proposals", exact=True).click()
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.get_by_role("heading", name="Nothing to decide")).to_be_visible()
    assert _only(client, "project/times").source_ids
    page.get_by_text("Merged", exact=True).click()
    page.get_by_role("button", name="Undo the merge").click()
    expect(page.get_by_role("heading", name="None", exact=True)).to_be_visible()
    assert len(list(client.memory.list(namespaces=["project/times"]))) == 2


def test_without_a_network_memories_are_listed_opened_searched_and_compared(
    page: Page,
) -> None:
    page.goto("/memory?namespace=project%2Fdiary")
    expect(_row(page, "Ann drinks green tea")).to_be_visible()
    expect(page.get_by_text(f"The newest {len(_DIARY)} of these can be read")).to_be_visible()
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_text("Timeloom cannot be reached.")).to_be_visible()
    expect(page.get_by_role("grid", name="Memories").get_by_role("row")).to_have_count(1 + len(_DIARY))
    page.get_by_role("searchbox", name="Search memories").fill("kettle")
    expect(page.get_by_role("grid", name="Memories").get_by_role("row")).to_have_count(2)
    _row(page, "The kettle of the kitchen").click()
    detail = _detail(page)
    expect(detail.get_by_text("The kettle of the kitchen was repaired.")).to_be_visible()
    detail.get_by_role("tab", name="Similar").click()
    expect(detail.get_by_text("Among the memories that this browser keeps")).to_be_visible()
    expect(detail.get_by_role("button", name=re.compile(r"^0\.\d\d "))).to_have_count(len(_DIARY) - 1)
