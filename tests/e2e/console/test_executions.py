"""The list of executions: found, narrowed, followed while they run, chosen, tagged, deleted, brought in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.running_stack import RunningStack
from timeloom import Timeloom
from timeloom.resources import ExecutionFailure, ExecutionStatus

pytestmark = pytest.mark.xdist_group("console")

LONGEST = "Plan a long journey"
SHORT = tuple(f"Look up fare {number}" for number in range(8))
FAILED = "Write an essay"


@pytest.fixture(scope="module", autouse=True)
def recorded(client: Timeloom) -> None:
    """Executions of three agents. The longest lasts while eight come and go, bins above the shortest."""
    longest = client.executions.create(agent_id="planner", name=LONGEST, tags=["journey"])
    for name in SHORT:
        short = client.executions.create(agent_id="clerk", name=name, tags=["fare"])
        client.executions.complete(short.id)
    failed = client.executions.create(agent_id="writer", name=FAILED)
    error = ExecutionFailure(type="TimeoutError", message="the model did not answer")
    client.executions.complete(failed.id, status=ExecutionStatus.FAILED, error=error)
    client.executions.complete(longest.id)


def _row(page: Page, name: str) -> Locator:
    return page.get_by_role("grid", name="Executions").get_by_role("row").filter(has_text=name)


def _add(client: Timeloom, name: str, agent_id: str = "visitor") -> str:
    execution = client.executions.create(agent_id=agent_id, name=name)
    client.snapshots.record(execution.id, state={"city": "Lisbon"}, step_name="plan")
    client.executions.complete(execution.id)
    return execution.id


def test_facets_and_the_search_narrow_the_list(page: Page) -> None:
    page.goto("/executions")
    agents = page.get_by_role("group", name="Agent")
    expect(agents.locator("label").filter(has_text="clerk")).to_contain_text("8")
    agents.get_by_role("checkbox", name="clerk").check()
    expect(_row(page, "Look up fare")).to_have_count(8)
    expect(_row(page, LONGEST)).to_have_count(0)
    expect(agents.locator("label").filter(has_text="planner")).to_contain_text("1")
    agents.get_by_role("checkbox", name="planner").check()
    expect(_row(page, LONGEST)).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search by name")).to_be_focused()
    page.keyboard.type("fare 3")
    expect(_row(page, SHORT[3])).to_be_visible()
    expect(_row(page, LONGEST)).to_have_count(0)
    page.reload()
    expect(_row(page, SHORT[3])).to_be_visible()
    expect(_row(page, LONGEST)).to_have_count(0)
    page.get_by_role("button", name="Take all filters away").click()
    page.get_by_role("checkbox", name="Failed").check()
    expect(_row(page, FAILED)).to_contain_text("TimeoutError: the model did not answer")
    expect(_row(page, LONGEST)).to_have_count(0)


def test_a_brush_over_the_durations_narrows_the_list(page: Page, project: RunningStack) -> None:
    page.goto("/executions?agent=clerk&agent=planner")
    histogram = page.get_by_role("group", name="Duration")
    low, high = (histogram.get_by_role("slider", name=f"Duration: {end}") for end in ("from", "to"))
    expect(_row(page, LONGEST)).to_be_visible()
    box = low.locator("..").bounding_box()
    assert box is not None
    bins = int(low.get_attribute("aria-valuemax") or 0) + 1
    assert bins >= 4, "the longest took at least eight times as long as the shortest"
    middle = box["y"] + box["height"] / 2
    # All but the last bin, which the longest is in.
    page.mouse.move(box["x"] + box["width"] / bins * 0.5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / bins * (bins - 1.5), middle, steps=4)
    page.mouse.up()
    expect(_row(page, LONGEST)).to_have_count(0)
    expect(high).to_have_attribute("aria-valuenow", str(bins - 1))
    longest_from = float(page.evaluate("() => new URLSearchParams(location.search).get('max')"))
    with project.client() as rest:
        wanted = f"agentIds=clerk&agentIds=planner&durationMsMax={longest_from}"
        count = rest.get(f"/api/agent-executions:count?{wanted}").json()["count"]
    expect(_row(page, "Look up fare")).to_have_count(count)
    # By keyboard: the lower end to the last bin, which only the upper end still keeps away.
    high.press("End")
    expect(_row(page, LONGEST)).to_be_visible()
    low.press("End")
    expect(_row(page, SHORT[0])).to_have_count(0)
    expect(_row(page, LONGEST)).to_be_visible()
    histogram.get_by_role("button", name="Any").click()
    expect(_row(page, SHORT[0])).to_be_visible()


def test_rows_appear_and_change_while_agents_run(page: Page, client: Timeloom) -> None:
    page.goto("/executions")
    expect(_row(page, LONGEST)).to_be_visible()
    with client.record(agent_id="runner", name="A run in the making") as execution:
        row = _row(page, "A run in the making")
        expect(row).to_contain_text("Running")
        for number in range(3):
            execution.step("count", {"number": number})
            execution.flush()
            expect(row.get_by_role("gridcell").nth(5)).to_have_text(str(number + 1))
    expect(row).to_contain_text("Succeeded")
    # Nothing moves under the pointer: what is new waits.
    row.hover()
    _add(client, "A run that has to wait")
    new = page.get_by_role("button", name="1 new")
    expect(new).to_be_visible()
    expect(_row(page, "A run that has to wait")).to_have_count(0)
    new.click()
    expect(_row(page, "A run that has to wait")).to_be_visible()
    expect(new).to_be_hidden()


def test_the_keyboard_walks_chooses_compares_and_opens(page: Page, client: Timeloom) -> None:
    older, newer = _add(client, "Walk one", "walker"), _add(client, "Walk two", "walker")
    page.goto("/executions?agent=walker")
    expect(_row(page, "Walk one")).to_be_visible()
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.get_by_role("toolbar", name="Chosen executions")).to_contain_text("2 chosen")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile(rf"/compare\?left={newer}&right={older}"))
    page.go_back()
    expect(_row(page, "Walk one")).to_be_visible()
    grid = page.get_by_role("grid", name="Executions")
    grid.focus()
    grid.press("End")
    grid.press("Enter")
    expect(page).to_have_url(re.compile(rf"/executions/{older}"))


def test_chosen_executions_are_tagged_and_deleted(page: Page, client: Timeloom) -> None:
    ids = [_add(client, f"Chore {number}", "chores") for number in range(3)]
    page.goto("/executions?agent=chores")
    for number in (0, 1):
        _row(page, f"Chore {number}").get_by_role("checkbox").check()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_role("combobox", name="Add").fill("reviewed")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Change the tags").click()
    expect(_row(page, "Chore 0")).to_contain_text("reviewed")
    expect(_row(page, "Chore 1")).to_contain_text("reviewed")
    expect(_row(page, "Chore 2")).not_to_contain_text("reviewed")
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete 2 executions?")
    expect(dialog).to_contain_text("cannot be undone")
    dialog.get_by_role("button", name="Delete").click()
    expect(_row(page, "Chore")).to_have_count(1)
    assert [each.id for each in client.executions.list(agent_id="chores")] == ids[2:]


def test_an_exported_file_is_brought_in(page: Page, client: Timeloom, tmp_path: Path) -> None:
    execution_id = _add(client, "Gone and back")
    file = tmp_path / "gone.timeloom"
    client.executions.export(execution_id, file)
    client.executions.delete(execution_id)
    page.goto("/executions")
    damaged = tmp_path / "damaged.timeloom"
    damaged.write_bytes(file.read_bytes()[:-20])
    chooser = page.get_by_label("File of an execution")
    chooser.set_input_files(damaged)
    expect(page.get_by_text("damaged.timeloom was not imported")).to_be_visible()
    chooser.set_input_files(file)
    expect(page).to_have_url(re.compile(rf"/executions/{execution_id}"))
    assert client.executions.get(execution_id).name == "Gone and back"


def test_where_nothing_fits_it_is_said(page: Page) -> None:
    page.goto("/executions?q=no+such+name")
    expect(page.get_by_role("heading", name="Nothing fits")).to_be_visible()
