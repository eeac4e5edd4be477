"""What is around every screen: the way in and out, the navigation, the palette, the shortcuts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.console.conftest import OpenContext, listen_for_complaints
from tests.e2e.running_stack import RunningStack
from tests.helpers.console import expect_accessible

pytestmark = pytest.mark.xdist_group("console")


def test_a_key_signs_in_and_a_wrong_one_does_not(open_context: OpenContext, project: RunningStack) -> None:
    page = open_context().new_page()
    complaints = listen_for_complaints(page)
    page.goto("/executions")
    expect(page.get_by_role("heading", name="Sign in to Timeloom")).to_be_visible()
    key = page.get_by_label("API key", exact=True)
    key.fill("tl_wrong")
    key.press("Enter")
    expect(page.get_by_text("This is not an API key of Timeloom.")).to_be_visible()
    expect_accessible(page)
    key.fill(project.api_key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1, name="Executions")).to_be_visible()
    kept = page.evaluate("() => JSON.stringify({...localStorage}) + document.cookie")
    assert project.api_key not in kept
    page.get_by_role("button", name="Session").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to Timeloom")).to_be_visible()
    assert complaints == []


def test_the_keyboard_reaches_every_place(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("navigation", name="Places")).to_be_visible()
    for key, path in (("e", "/executions"), ("o", "/observability"), ("m", "/memory"), ("w", "/workflows")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(rf"{path}\b"))
    page.keyboard.press("?")
    help_dialog = page.get_by_role("dialog", name="Shortcuts")
    expect(help_dialog.get_by_text("Search or run a command")).to_be_visible()
    page.keyboard.press("Escape")
    expect(help_dialog).to_be_hidden()
    page.keyboard.press("Control+k")
    page.get_by_role("textbox", name="Search or run a command").fill("settings")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/settings"))


def test_colours_are_chosen_and_kept(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Dark colours").click()
    html = page.locator("html")
    expect(html).to_have_attribute("data-mantine-color-scheme", "dark")
    page.reload()
    expect(html).to_have_attribute("data-mantine-color-scheme", "dark")
    expect(page.get_by_role("button", name="Light colours")).to_be_visible()


def test_what_is_not_there_is_said(page: Page) -> None:
    page.goto("/no/such/place")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    expect_accessible(page)
