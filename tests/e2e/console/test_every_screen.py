"""Every screen, with a week of a team's work on it: it has a title, nobody is shut out, nothing overflows."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from showcase.filling import fill
from tests.e2e.running_stack import RunningStack
from tests.helpers.console import expect_accessible
from tests.helpers.screens import SCREENS, Screen, places_of
from timeloom import Timeloom, configuration

pytestmark = [pytest.mark.xdist_group("console-too"), pytest.mark.timeout(240)]

_SEED = 7
_NARROW: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def places(client: Timeloom, project: RunningStack) -> Mapping[str, str]:
    """What the addresses name, in a project that has something of everything."""
    found = configuration.resolve(
        api_key=project.api_key, environ={"TIMELOOM_DATA_DIR": str(project.data_dir)}
    )
    fill(client, otlp_endpoint=found.otlp_endpoint, api_key=project.api_key, random=Random(_SEED))
    return places_of(client)


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_everybody_can_work_with(screen: Screen, page: Page, places: Mapping[str, str]) -> None:
    page.goto(screen.path.format(**places))
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("main").get_by_role("status", name="Loading")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect_accessible(page)
    page.set_viewport_size(_NARROW)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    # A long line would make the whole page scroll sideways.
    expect(page.locator("html")).to_have_js_property("scrollWidth", _NARROW["width"])
